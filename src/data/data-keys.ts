import type { KeyObject } from 'node:crypto'

import { type Clock, type RandomBytes, systemClock, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { secretKeyOf } from './committed-aead.ts'
import type { DataKeyStore, StoredDataKey } from './data-key-store.ts'
import { KEY_ID_BYTES } from './envelope.ts'
import { DATA_KEY_BYTES, type KeyWrapper } from './key-wrapper.ts'

/** One data key, unwrapped. The key object prints nothing. */
export interface DataKey {
  readonly id: string
  readonly scope: string
  readonly createdMs: number
  readonly key: KeyObject
}

/** Data keys at hand: what ciphers and indexes read from, without waiting. */
export interface LoadedKeys {
  /** The newest key of a scope. Throws where the scope is not loaded, or destroyed. */
  current(scope: string): DataKey
  /** Every key of a scope that still reads, newest first. */
  all(scope: string): readonly DataKey[]
  find(id: string): DataKey | 'unknown-key' | 'key-destroyed'
}

/** Scope of the keys of encrypted columns that name none. */
export const FIELDS_SCOPE = 'fields'
/** Scope of the keys that search tokens are made with. */
export const SEARCH_SCOPE = 'search'

/** How data keys are opened. */
export interface DataKeysOptions {
  readonly store: DataKeyStore
  /** The first one wraps what is new; all of them unwrap. */
  readonly wrappers: readonly [KeyWrapper, ...KeyWrapper[]]
  readonly clock?: Clock
  readonly random?: RandomBytes
  /** Unwrapped keys of other scopes that are held at most; the least recently used go first. */
  readonly maxLoaded?: number
}

/** Opens the data keys, unwraps those of fields and search, and makes the first of each where there is none. */
export async function openDataKeys(options: DataKeysOptions): Promise<DataKeys> {
  const keys = new DataKeys(options)
  await keys.load([FIELDS_SCOPE, SEARCH_SCOPE])
  return keys
}

/** Data keys of an application: wrapped in a store, unwrapped here for as long as they are used. */
export class DataKeys implements LoadedKeys {
  readonly #store: DataKeyStore
  readonly #wrappers: readonly [KeyWrapper, ...KeyWrapper[]]
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #maxLoaded: number
  /** By scope, newest first; the order of the map is that of use. */
  readonly #scopes = new Map<string, readonly DataKey[]>()
  readonly #byId = new Map<string, DataKey>()
  readonly #destroyed = new Set<string>()
  #refreshing: Promise<void> | undefined

  constructor(options: DataKeysOptions) {
    this.#store = options.store
    this.#wrappers = options.wrappers
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
    this.#maxLoaded = options.maxLoaded ?? 10_000
  }

  current(scope: string): DataKey {
    const [newest] = this.all(scope)
    if (newest) return newest
    throw new RingwallError(
      'data.key-not-loaded',
      `there is no key of scope \`${scope}\` at hand; await keys.load([scope]) first, or it was destroyed`,
    )
  }

  all(scope: string): readonly DataKey[] {
    return this.#scopes.get(scope) ?? []
  }

  find(id: string): DataKey | 'unknown-key' | 'key-destroyed' {
    return this.#byId.get(id) ?? (this.#destroyed.has(id) ? 'key-destroyed' : 'unknown-key')
  }

  /** Unwraps the keys of these scopes and makes one where there was never any. A destroyed scope stays destroyed. */
  async load(scopes: readonly string[]): Promise<void> {
    const missing = [...new Set(scopes)].filter((scope) => !this.#touch(scope))
    if (missing.length === 0) return
    const stored = Map.groupBy(await this.#store.ofScopes(missing), (key) => key.scope)
    for (const scope of missing) {
      const found = stored.get(scope) ?? []
      if (found.length === 0) await this.add(scope)
      else await this.#keep(scope, found)
    }
  }

  /** Unwraps the keys with these ids, to read what they encrypted. */
  async loadIds(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => this.find(id) === 'unknown-key')
    if (missing.length === 0) return
    const scopes = new Set((await this.#store.find(missing)).map((key) => key.scope))
    if (scopes.size === 0) return
    for (const [scope, found] of Map.groupBy(await this.#store.ofScopes([...scopes]), (key) => key.scope))
      await this.#keep(scope, found)
  }

  /** Reads again what is stored of every loaded scope: another process may have made or destroyed keys. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#readAgain().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** Makes a key, which is the current one of its scope from now on. The older ones still read. */
  async add(scope: string): Promise<DataKey> {
    if ((await this.#store.ofScopes([scope])).some((key) => key.destroyedMs !== undefined))
      throw new RingwallError(
        'data.scope-destroyed',
        `the keys of \`${scope}\` were destroyed; nothing is encrypted for it again`,
      )
    const id = Buffer.from(this.#random(KEY_ID_BYTES)).toString('base64url')
    const bytes = this.#random(DATA_KEY_BYTES)
    const [wrapper] = this.#wrappers
    const wrapped = await wrapper.wrap(bytes, { id, scope })
    // INVARIANT: newer means later. Two keys of one millisecond would have no order.
    const newestMs = Math.max(-1, ...this.all(scope).map((key) => key.createdMs))
    const createdMs = Math.max(this.#clock.now(), newestMs + 1)
    await this.#store.add({ id, scope, createdMs, wrappedBy: wrapper.name, wrapped, destroyedMs: undefined })
    const key: DataKey = { id, scope, createdMs, key: secretKeyOf(bytes) }
    bytes.fill(0)
    // Another process may have been first: what is stored decides which is the newest, and whether the scope still is.
    const stored = await this.#store.ofScopes([scope])
    if (stored.some((other) => other.destroyedMs !== undefined)) await this.#store.forget(id)
    await this.#keep(
      scope,
      stored.filter((other) => other.id !== id || stored.every((one) => one.wrapped !== '')),
      [key],
    )
    return this.current(scope)
  }

  /** Forgets an old key that nothing is encrypted with any more; the newest of a scope cannot be forgotten. */
  async forget(id: string): Promise<void> {
    const key = this.#byId.get(id)
    if (key && this.current(key.scope).id === id)
      throw new RingwallError(
        'data.key-in-use',
        `\`${id}\` is the newest key of \`${key.scope}\`; rotate first`,
      )
    await this.#store.forget(id)
    this.#byId.delete(id)
    if (key)
      this.#scopes.set(
        key.scope,
        this.all(key.scope).filter((other) => other.id !== id),
      )
  }

  /** Destroys every key of a scope, here and in the store. Other processes know at their next refresh. */
  async destroy(scope: string): Promise<readonly StoredDataKey[]> {
    const nowMs = this.#clock.now()
    for (let round = 0; round < 10; round++) {
      const living = (await this.#store.ofScopes([scope])).filter((key) => key.wrapped !== '')
      if (living.length === 0) break
      for (const key of living) await this.#store.replace(key, { ...key, wrapped: '', destroyedMs: nowMs })
    }
    const stored = await this.#store.ofScopes([scope])
    await this.#keep(scope, stored)
    return stored
  }

  /** Wraps every key anew that is not wrapped by the first wrapper's newest key. How many there were. */
  async rewrap(): Promise<number> {
    const [wrapper] = this.#wrappers
    let count = 0
    for (let afterId = ''; ;) {
      const page = await this.#store.page(afterId, 100)
      for (const stored of page) {
        afterId = stored.id
        if (stored.wrapped === '' || (stored.wrappedBy === wrapper.name && wrapper.isNewest(stored.wrapped)))
          continue
        const bytes = await this.#unwrap(stored)
        const wrapped = await wrapper.wrap(bytes, stored)
        bytes.fill(0)
        if (await this.#store.replace(stored, { ...stored, wrapped, wrappedBy: wrapper.name })) count++
      }
      if (page.length === 0) return count
    }
  }

  /** Whether a scope is loaded; moves it to the end of the order of use. */
  #touch(scope: string): boolean {
    const keys = this.#scopes.get(scope)
    if (!keys) return false
    this.#scopes.delete(scope)
    this.#scopes.set(scope, keys)
    return true
  }

  async #readAgain(): Promise<void> {
    // INVARIANT: a copy, since to keep a scope moves it to the end of the map.
    const loaded = [...this.#scopes.keys()]
    const stored = await this.#store.ofScopes(loaded)
    const byScope = Map.groupBy(stored, (key) => key.scope)
    for (const scope of loaded) await this.#keep(scope, byScope.get(scope) ?? [])
  }

  /** Keeps exactly these keys of a scope, unwrapping those that are not at hand. */
  async #keep(
    scope: string,
    stored: readonly StoredDataKey[],
    fresh: readonly DataKey[] = [],
  ): Promise<void> {
    const keys: DataKey[] = []
    for (const key of [...stored].sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1))) {
      if (key.wrapped === '') this.#destroyed.add(key.id)
      else
        keys.push(
          fresh.find(({ id }) => id === key.id) ?? this.#byId.get(key.id) ?? (await this.#loaded(key)),
        )
    }
    for (const old of this.all(scope)) this.#byId.delete(old.id)
    for (const key of keys) this.#byId.set(key.id, key)
    this.#scopes.delete(scope)
    this.#scopes.set(scope, keys)
    this.#drop()
  }

  async #loaded(stored: StoredDataKey): Promise<DataKey> {
    const bytes = await this.#unwrap(stored)
    const key = secretKeyOf(bytes)
    bytes.fill(0)
    return { id: stored.id, scope: stored.scope, createdMs: stored.createdMs, key }
  }

  #unwrap(stored: StoredDataKey): Promise<Uint8Array> {
    const wrapper = this.#wrappers.find(({ name }) => name === stored.wrappedBy)
    if (wrapper) return wrapper.unwrap(stored.wrapped, { id: stored.id, scope: stored.scope })
    throw new RingwallError(
      'data.no-wrapper',
      `data key \`${stored.id}\` was wrapped by \`${stored.wrappedBy}\`, which is not among the wrappers; add it`,
    )
  }

  #drop(): void {
    for (const [scope, keys] of this.#scopes) {
      if (this.#scopes.size <= this.#maxLoaded) return
      if (scope === FIELDS_SCOPE || scope === SEARCH_SCOPE) continue
      for (const key of keys) this.#byId.delete(key.id)
      this.#scopes.delete(scope)
    }
  }
}
