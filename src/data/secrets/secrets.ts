import type { Clock } from '../../core/clock.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { LiveSecret } from '../../core/live-secret.ts'
import { Secret } from '../../core/secret.ts'
import { SecretRegistry } from '../mask-secrets.ts'
import { parseFields, registerSecrets } from './fields.ts'
import { fault, type SecretFault, type SecretProvider, type SecretRead } from './provider.ts'
import { parseReference, REFERENCE_FORMS, type SecretReference } from './reference.ts'

/** What a store of secrets is made of, and how long a value may serve. */
export interface SecretsOptions {
  readonly providers: readonly SecretProvider[]
  readonly clock: Clock
  /** After this a value is read anew; it serves on while the provider is out of reach. */
  readonly ttlMs?: number
  /** A value serves for this long at most after the provider last confirmed it; then it is refused. */
  readonly maxStaleMs?: number
  /** A failure is remembered for this long, so that a dead provider is not hammered. */
  readonly negativeMs?: number
  readonly timeoutMs?: number
  /** Every loaded value is added, so that no log prints it. */
  readonly registry?: SecretRegistry
  /** Lines for the operator. */
  readonly onNotice?: (line: string) => void
}

/** One secret that could not be had. */
export interface MissingSecret extends SecretFault {
  readonly reference: string
}

interface Entry {
  readonly reference: SecretReference
  secret: Secret | undefined
  version: string | undefined
  changedMs: number | undefined
  /** When the provider last said that this is the value. */
  confirmedMs: number
  /** When the provider last could not say it. */
  fault: { readonly fault: SecretFault; readonly atMs: number } | undefined
  lookedMs: number
  forcedMs: number
  reading: Promise<void> | undefined
  isAlarmed: boolean
  readonly listeners: Set<(secret: Secret) => void>
}

/** More references than any installation has. */
const MAX_ENTRIES = 2000
/** Between two looks at a file, and between two forced reads of one secret. */
const LOOK_MS = 1000
const TICK_MS = 1000

/**
 * Secrets by reference, from all providers, kept in memory for a time. Many who ask at once cause one read. While a provider is out of reach
 * its values serve on, but not for ever, and with an alarm; what a provider denies or no longer has is refused at once.
 */
export class Secrets {
  readonly registry: SecretRegistry
  readonly #providers: ReadonlyMap<string, SecretProvider>
  readonly #options: Required<
    Pick<SecretsOptions, 'clock' | 'ttlMs' | 'maxStaleMs' | 'negativeMs' | 'timeoutMs' | 'onNotice'>
  >
  readonly #entries = new Map<string, Entry>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: SecretsOptions) {
    this.registry = options.registry ?? new SecretRegistry()
    this.#providers = new Map(options.providers.map((provider) => [provider.scheme, provider]))
    this.#options = {
      clock: options.clock,
      ttlMs: options.ttlMs ?? 300_000,
      maxStaleMs: options.maxStaleMs ?? 3_600_000,
      negativeMs: options.negativeMs ?? 5000,
      timeoutMs: options.timeoutMs ?? 10_000,
      onNotice: options.onNotice ?? (() => undefined),
    }
  }

  /** The value, from memory where it is fresh. Throws a RingwallError that says why it cannot be had. */
  async get(reference: string): Promise<Secret> {
    const entry = this.#entry(reference)
    if (!this.#isFresh(entry)) await this.#read(entry)
    return this.#valueOf(entry)
  }

  /** The fields of a secret that is a JSON object, such as a database credential. */
  async getFields(reference: string): Promise<Readonly<Record<string, Secret>>> {
    const secret = await this.get(reference)
    const fields = parseFields(secret.reveal())
    if (!fields)
      throw new RingwallError('secret.fields', `\`${reference}\` is not a JSON object; leave its fields out`)
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        new Secret(typeof value === 'string' ? value : JSON.stringify(value)),
      ]),
    )
  }

  /** Reads all of these at once and gives every one that cannot be had: what a start has to list. */
  async require(references: readonly string[]): Promise<readonly MissingSecret[]> {
    const found = await Promise.all(
      [...new Set(references)].map(async (text): Promise<MissingSecret | undefined> => {
        try {
          const entry = this.#entry(text)
          if (!this.#isFresh(entry)) await this.#read(entry)
          const wrong = this.#faultOf(entry)
          return wrong && { ...wrong, reference: text }
        } catch (thrown) {
          const detail = thrown instanceof RingwallError ? thrown.message : describeError(thrown)
          return { ...fault('absent', detail), reference: text }
        }
      }),
    )
    return found.filter((one) => one !== undefined)
  }

  /** The other side refused this value: reads it anew, once a second at most. Gives the same value where there is no newer one. */
  async refresh(reference: string, rejected: Secret): Promise<Secret> {
    const entry = this.#entry(reference)
    const nowMs = this.#options.clock.now()
    const isNewer = entry.secret && entry.secret.reveal() !== rejected.reveal()
    if (!isNewer && (entry.reading !== undefined || nowMs - entry.forcedMs >= LOOK_MS / 10)) {
      if (entry.reading === undefined) entry.forcedMs = nowMs
      await this.#read(entry, true)
    }
    return this.#valueOf(entry)
  }

  /** A secret that follows its rotation. It has to have been read once; a timer keeps it current, so that no request waits for a provider. */
  live(reference: string): LiveSecret {
    const entry = this.#entry(reference)
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref()
    return {
      current: () => this.#valueOf(entry),
      refresh: (rejected) => this.refresh(reference, rejected),
      onChange: (listener) => {
        entry.listeners.add(listener)
        return () => void entry.listeners.delete(listener)
      },
    }
  }

  /** When the value was last changed, where the provider knows. */
  changedMs(reference: string): number | undefined {
    return this.#entries.get(reference)?.changedMs
  }

  /** The provider of a reference. */
  providerOf(reference: string): { readonly provider: SecretProvider; readonly reference: SecretReference } {
    const parsed = parseReference(reference)
    if (!parsed)
      throw new RingwallError('secret.reference', `\`${reference}\` is not a reference; ${REFERENCE_FORMS}`)
    const provider = this.#providers.get(parsed.scheme)
    if (provider) return { provider, reference: parsed }
    throw new RingwallError(
      'secret.provider',
      `nothing says where \`${parsed.scheme}:\` secrets are; set \`security.data.secrets.${parsed.scheme}\``,
    )
  }

  /** Ends the timer. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #entry(text: string): Entry {
    const known = this.#entries.get(text)
    if (known) return known
    const { reference } = this.providerOf(text)
    if (this.#entries.size >= MAX_ENTRIES) this.#forgetOldest()
    const entry: Entry = {
      reference,
      secret: undefined,
      version: undefined,
      changedMs: undefined,
      confirmedMs: -Infinity,
      fault: undefined,
      lookedMs: -Infinity,
      forcedMs: -Infinity,
      reading: undefined,
      isAlarmed: false,
      listeners: new Set(),
    }
    this.#entries.set(text, entry)
    return entry
  }

  #forgetOldest(): void {
    for (const [text, { listeners, reading }] of this.#entries) {
      if (listeners.size > 0 || reading) continue
      this.#entries.delete(text)
      return
    }
  }

  /** Whether nothing has to be asked: a value within its time, or a failure that is remembered. */
  #isFresh(entry: Entry): boolean {
    const nowMs = this.#options.clock.now()
    if (entry.fault && nowMs - entry.fault.atMs < this.#options.negativeMs) return true
    if (!entry.secret || nowMs - entry.confirmedMs >= this.#options.ttlMs) return false
    if (nowMs - entry.lookedMs < LOOK_MS) return true
    entry.lookedMs = nowMs
    const { provider } = this.providerOf(entry.reference.text)
    return entry.version === undefined || (provider.isCurrent?.(entry.reference, entry.version) ?? true)
  }

  /** Single flight: who comes while a read is under way waits for that one. */
  async #read(entry: Entry, isForced = false): Promise<void> {
    if (isForced) entry.fault = undefined
    entry.reading ??= this.#readNow(entry).finally(() => (entry.reading = undefined))
    await entry.reading
  }

  async #readNow(entry: Entry): Promise<void> {
    const { clock, timeoutMs } = this.#options
    const { provider } = this.providerOf(entry.reference.text)
    const timedOut = Promise.withResolvers<SecretRead>()
    const timer = setTimeout(
      () => timedOut.resolve(fault('unreachable', `no answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    let read: SecretRead
    try {
      read = await Promise.race([provider.read(entry.reference), timedOut.promise])
    } catch (thrown) {
      read = fault('unreachable', describeError(thrown))
    } finally {
      clearTimeout(timer)
    }
    const nowMs = clock.now()
    if (!read.ok) {
      entry.fault = { fault: read, atMs: nowMs }
      // Only who cannot be asked is believed to think the same still.
      if (read.reason !== 'unreachable') entry.secret = undefined
      this.#alarm(entry, read)
      return
    }
    if (entry.isAlarmed) this.#options.onNotice(`the secret ${entry.reference.text} is read again`)
    const isChanged = entry.secret !== undefined && entry.secret.reveal() !== read.secret.reveal()
    const isNew = entry.secret === undefined || isChanged
    entry.fault = undefined
    entry.isAlarmed = false
    entry.confirmedMs = nowMs
    entry.lookedMs = nowMs
    entry.version = read.version
    entry.changedMs = read.changedMs
    if (!isNew) return
    // The object stays while the value does, so that who holds it can tell.
    entry.secret = read.secret
    registerSecrets(this.registry, [read.secret])
    if (isChanged) this.#options.onNotice(`the secret ${entry.reference.text} has a new value`)
    for (const listener of entry.listeners) listener(read.secret)
  }

  #alarm(entry: Entry, { reason, detail }: SecretFault): void {
    if (entry.isAlarmed || entry.confirmedMs === -Infinity) return
    entry.isAlarmed = true
    const what =
      reason === 'unreachable' ? 'cannot be read; its last value serves on for a time' : 'is refused'
    this.#options.onNotice(`ALARM: the secret ${entry.reference.text} ${what}: ${detail}`)
  }

  #faultOf(entry: Entry): SecretFault | undefined {
    const { clock, maxStaleMs } = this.#options
    if (!entry.secret) return entry.fault?.fault ?? fault('absent', 'it was not read yet')
    const ageMs = clock.now() - entry.confirmedMs
    if (ageMs <= maxStaleMs) return undefined
    return fault(
      'unreachable',
      `its last value is ${Math.round(ageMs / 1000)} s old, and ${Math.round(maxStaleMs / 1000)} s is the most; ${entry.fault?.fault.detail ?? 'it was not read since'}`,
    )
  }

  #valueOf(entry: Entry): Secret {
    const wrong = this.#faultOf(entry)
    if (!wrong && entry.secret) return entry.secret
    throw new RingwallError(
      `secret.${wrong?.reason ?? 'absent'}`,
      `the secret ${entry.reference.text} cannot be had: ${wrong?.detail ?? ''}`,
    )
  }

  /** Keeps what is in use current: a file when it changes, the rest within its time. */
  #tick(): void {
    for (const entry of this.#entries.values()) {
      if (entry.confirmedMs === -Infinity || entry.reading || this.#isFresh(entry)) continue
      // Its failures are in the entry; there is nobody to throw to.
      this.#read(entry).catch(() => undefined)
    }
  }
}
