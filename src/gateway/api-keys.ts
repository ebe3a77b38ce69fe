import { type Clock, type RandomBytes, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { createIdSource } from '../core/id.ts'
import { parseNetwork } from '../core/ip.ts'
import { Secret } from '../core/secret.ts'
import type { ApiKeyRow, CounterRule, Database } from '../store/index.ts'
import { hashApiKey, isApiKey, newApiKey } from './api-key.ts'
import { ApiKeyUses } from './api-key-uses.ts'

type Realm = ApiKeyRow['realm']

/** A key as it is kept, without the key itself. */
export interface ApiKey {
  readonly id: string
  /** The machine: the same through all rotations. */
  readonly client: string
  readonly realm: Realm
  readonly name: string
  readonly owner: string
  readonly hint: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  /** Names of routes; empty for all. */
  readonly routes: readonly string[]
  /** Addresses and networks; empty for all. */
  readonly networks: readonly string[]
  readonly rate: CounterRule | undefined
  readonly createdMs: number
  readonly createdBy: string
  readonly expiresMs: number | null
  readonly replacedBy: string | null
  readonly revokedMs: number | null
  readonly revokedBy: string | null
  readonly lastUsedMs: number | null
  readonly lastUsedIp: string | null
  readonly uses: number
}

/** A key that is yet to be made. */
export interface ApiKeyDraft {
  readonly realm: Realm
  readonly name: string
  readonly owner: string
  readonly by: string
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly routes?: readonly string[]
  readonly networks?: readonly string[]
  readonly rate?: CounterRule
  readonly expiresMs?: number
}

/** Whose key it is, or why it counts for nobody. */
export type ApiKeyCheck =
  | { readonly ok: true; readonly key: ApiKey }
  | {
      readonly ok: false
      readonly reason: 'damaged' | 'unknown' | 'expired' | 'revoked'
      readonly key?: ApiKey
    }

/** A key with its text, which is given out once and kept nowhere. */
export interface MadeApiKey {
  readonly key: ApiKey
  readonly text: Secret
}

const NAME = /^[A-Za-z0-9][\w.@:-]{0,127}$/
const MAX_LISTED = 10_000

/** Keys of machines. Asked for each request, never cached: a revocation counts from the next request on, on every gateway. */
export class ApiKeys {
  readonly #database: Database
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #nextId: () => string
  readonly #uses: ApiKeyUses

  constructor(options: {
    readonly database: Database
    readonly clock: Clock
    readonly random?: RandomBytes
    /** How long a use may wait before it is written. */
    readonly flushMs?: number
    readonly onNotice?: (line: string) => void
  }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#random = options.random ?? systemRandom
    this.#nextId = createIdSource(options.clock, this.#random)
    this.#uses = new ApiKeyUses(options.database, options.flushMs ?? 30_000, options.onNotice)
  }

  /** Makes a key for a new machine. */
  async create(draft: ApiKeyDraft): Promise<MadeApiKey> {
    this.#check(draft)
    if ((await this.#living(draft.realm, draft.name)).length > 0)
      throw wrong(`there is a key \`${draft.name}\` already; rotate it, or choose another name`)
    return this.#insert(draft, this.#nextId())
  }

  /**
   * Makes another key for the same machine with the same rights. The ones before it end after the overlap, so that both count
   * while the machine is changed over; `list` shows who still uses the old one.
   */
  async rotate(
    realm: Realm,
    name: string,
    {
      overlapMs,
      by,
      expiresMs,
    }: { readonly overlapMs: number; readonly by: string; readonly expiresMs?: number },
  ): Promise<MadeApiKey & { readonly before: readonly ApiKey[] }> {
    const before = await this.#living(realm, name)
    const newest = before.at(-1)
    if (!newest) throw wrong(`there is no key \`${name}\` that counts; see ringwall api-key list --all`)
    const { owner, roles, scopes, routes, networks, rate } = newest
    const draft = { realm, name, owner, roles, scopes, routes, networks, by }
    const made = await this.#insert(
      { ...draft, ...(rate && { rate }), ...(expiresMs !== undefined && { expiresMs }) },
      newest.client,
    )
    const endMs = this.#clock.now() + overlapMs
    for (const { id, expiresMs: end } of before) {
      await this.#database.kysely
        .updateTable('api_keys')
        .set({ expires_at: end === null ? endMs : Math.min(end, endMs), replaced_by: made.key.id })
        .where('id', '=', id)
        .execute()
    }
    return { ...made, before }
  }

  /** Takes keys back from the next request on: one by its id, or all of a name. What was taken back. */
  async revoke(realm: Realm, idOrName: string, by: string): Promise<readonly ApiKey[]> {
    const all = await this.list(realm)
    const meant = all.filter(
      (key) => key.revokedMs === null && (key.id === idOrName || key.name === idOrName),
    )
    for (const { id } of meant) {
      await this.#database.kysely
        .updateTable('api_keys')
        .set({ revoked_at: this.#clock.now(), revoked_by: by })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .execute()
    }
    return meant
  }

  /** Keys in the order in which they were made. */
  async list(realm: Realm, name?: string): Promise<readonly ApiKey[]> {
    let query = this.#database.kysely.selectFrom('api_keys').selectAll().where('realm', '=', realm)
    if (name !== undefined) query = query.where('name', '=', name)
    return (await query.orderBy('created_at').orderBy('id').limit(MAX_LISTED).execute()).map(keyOf)
  }

  /** Whose key a text is now. */
  async check(rawKey: string, realm: Realm): Promise<ApiKeyCheck> {
    if (!isApiKey(rawKey)) return { ok: false, reason: 'damaged' }
    const row = await this.#database.kysely
      .selectFrom('api_keys')
      .selectAll()
      .where('key_hash', '=', hashApiKey(rawKey))
      .where('realm', '=', realm)
      .executeTakeFirst()
    if (!row) return { ok: false, reason: 'unknown' }
    const key = keyOf(row)
    if (key.revokedMs !== null) return { ok: false, reason: 'revoked', key }
    if (key.expiresMs !== null && this.#clock.now() >= key.expiresMs)
      return { ok: false, reason: 'expired', key }
    return { ok: true, key }
  }

  /** Notes that a key was used; written later, in a batch. */
  noteUse(id: string, ip: string): void {
    this.#uses.note(id, ip, this.#clock.now())
  }

  /** Writes the uses that were noted. */
  flush(): Promise<void> {
    return this.#uses.flush()
  }

  /** Writes what is left to write; the database stays open. */
  close(): Promise<void> {
    return this.#uses.flush()
  }

  async #living(realm: Realm, name: string): Promise<readonly ApiKey[]> {
    const nowMs = this.#clock.now()
    return (await this.list(realm, name)).filter((key) => counts(key, nowMs))
  }

  async #insert(draft: ApiKeyDraft, client: string): Promise<MadeApiKey> {
    const text = newApiKey(this.#random)
    const row: ApiKeyRow = {
      id: this.#nextId(),
      client,
      realm: draft.realm,
      name: draft.name,
      owner: draft.owner,
      hint: text.slice(0, 8),
      key_hash: hashApiKey(text),
      roles: JSON.stringify(draft.roles ?? []),
      scopes: JSON.stringify(draft.scopes ?? []),
      routes: JSON.stringify(draft.routes ?? []),
      networks: JSON.stringify(draft.networks ?? []),
      rate_requests: draft.rate?.limit ?? null,
      rate_period_ms: draft.rate?.periodMs ?? null,
      created_at: this.#clock.now(),
      created_by: draft.by,
      expires_at: draft.expiresMs ?? null,
      replaced_by: null,
      revoked_at: null,
      revoked_by: null,
      last_used_at: null,
      last_used_ip: null,
      uses: 0,
    }
    await this.#database.kysely.insertInto('api_keys').values(row).execute()
    return { key: keyOf(row), text: new Secret(text) }
  }

  #check({ name, owner, by, networks = [], expiresMs, rate }: ApiKeyDraft): void {
    if (!NAME.test(name)) throw wrong('a name is letters, digits and . _ @ : -, 128 characters at most')
    if (owner.trim() === '' || by.trim() === '') throw wrong('it needs an owner and a giver')
    const bad = networks.find((text) => parseNetwork(text) === undefined)
    if (bad !== undefined) throw wrong(`\`${bad}\` is no address or network such as 10.0.0.0/8`)
    if (expiresMs !== undefined && expiresMs <= this.#clock.now()) throw wrong('it would be expired already')
    if (rate && !(rate.limit >= 1 && rate.periodMs >= 1)) throw wrong('a limit is at least 1 in some time')
  }
}

/** Whether a key counts at a moment. */
export function counts({ revokedMs, expiresMs }: ApiKey, nowMs: number): boolean {
  return revokedMs === null && (expiresMs === null || nowMs < expiresMs)
}

function keyOf(row: ApiKeyRow): ApiKey {
  const texts = (json: string): readonly string[] => JSON.parse(json) as string[]
  return {
    id: row.id,
    client: row.client,
    realm: row.realm,
    name: row.name,
    owner: row.owner,
    hint: row.hint,
    roles: texts(row.roles),
    scopes: texts(row.scopes),
    routes: texts(row.routes),
    networks: texts(row.networks),
    rate:
      row.rate_requests === null || row.rate_period_ms === null
        ? undefined
        : { limit: row.rate_requests, periodMs: row.rate_period_ms },
    createdMs: row.created_at,
    createdBy: row.created_by,
    expiresMs: row.expires_at,
    replacedBy: row.replaced_by,
    revokedMs: row.revoked_at,
    revokedBy: row.revoked_by,
    lastUsedMs: row.last_used_at,
    lastUsedIp: row.last_used_ip,
    uses: row.uses,
  }
}

function wrong(message: string): RingwallError {
  return new RingwallError('gateway.api-key', message)
}
