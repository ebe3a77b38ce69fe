import { sql } from 'kysely'

import type { Clock } from '../core/clock.ts'
import { clientNetwork } from '../core/ip.ts'
import type { Counters, Database } from '../store/index.ts'
import type { AuthenticationConfig } from './config.ts'
import { hashToken } from './sessions.ts'

/** One try to sign in. */
export interface Attempt {
  readonly realm: 'site' | 'operator'
  readonly emailKey: string
  readonly ip: string
  /** Of a device that the account knows; undefined for a stranger. */
  readonly deviceHash?: string | undefined
}

/** What a try may do. A locked one costs a hash all the same, and is answered like a wrong password. */
export type Admittance =
  | { readonly kind: 'go'; readonly isLast: boolean; readonly delayMs: number }
  | { readonly kind: 'locked' }

const DAY_MS = 86_400_000
const MAX_DELAY_MS = 2000
/** Failures in a row after which a known device is known no more. */
const MAX_OF_DEVICE = 20
/** A count that nobody added to for so long is forgotten. */
const QUIET_MS = 30 * DAY_MS

/**
 * The guide's lockout, counted for each account and client network: whoever guesses locks himself out. A device that the
 * account knows has a count of its own, which no stranger reaches, so the owner gets in while an attacker is locked. All
 * strangers together have a bound too, kept in the database: a hundred in a row, whatever addresses they come from. Tries are
 * counted before the password is looked at, so that a thousand at once are not more than a thousand in turn. Unknown accounts
 * are counted alike.
 */
export class Lockout {
  readonly #config: AuthenticationConfig['lockout']
  readonly #counters: Counters
  readonly #database: Database
  readonly #clock: Clock

  constructor(config: AuthenticationConfig['lockout'], counters: Counters, database: Database, clock: Clock) {
    this.#config = config
    this.#counters = counters
    this.#database = database
    this.#clock = clock
  }

  /** Takes a place for a try, before the password is looked at. */
  async admit(attempt: Attempt): Promise<Admittance> {
    const nowMs = this.#clock.now()
    // A cost of nothing only looks.
    const lock = await this.#counters.take(
      key('locked', attempt),
      0,
      { limit: 1, periodMs: this.#baseMs },
      nowMs,
    )
    if (lock.remaining === 0) return { kind: 'locked' }
    const rule = { limit: this.#config.max_attempts, periodMs: this.#baseMs }
    const { allowed, remaining } = await this.#counters.take(key('failed', attempt), 1, rule, nowMs)
    if (!allowed) return { kind: 'locked' }
    const bound = attempt.deviceHash === undefined ? this.#config.max_attempts_anywhere : MAX_OF_DEVICE
    if ((await this.#count(attempt, nowMs)) > bound) return { kind: 'locked' }
    const earlier = this.#config.max_attempts - remaining - 1
    const delayMs = this.#config.delay && earlier >= 2 ? Math.min(MAX_DELAY_MS, 125 * 2 ** (earlier - 1)) : 0
    return { kind: 'go', isLast: remaining === 0, delayMs }
  }

  /** The password was wrong. True when that locks. */
  async fail(attempt: Attempt, admittance: Extract<Admittance, { kind: 'go' }>): Promise<boolean> {
    if (!admittance.isLast) return false
    const nowMs = this.#clock.now()
    const { remaining } = await this.#counters.take(
      key('locks', attempt),
      1,
      { limit: 8, periodMs: DAY_MS },
      nowMs,
    )
    const periodMs = Math.min(DAY_MS, this.#baseMs * 2 ** (7 - remaining))
    await this.#counters.take(key('locked', attempt), 1, { limit: 1, periodMs }, nowMs)
    await this.#counters.reset(key('failed', attempt))
    return true
  }

  /** The right password, or a link that was mailed to the owner, forgets the wrong ones. */
  async clear(attempt: Attempt): Promise<void> {
    for (const kind of ['failed', 'locks'] as const) await this.#counters.reset(key(kind, attempt))
    const all = [whose(attempt), whose({ ...attempt, deviceHash: undefined })]
    await this.#database.kysely.deleteFrom('sign_in_failures').where('whose', 'in', all).execute()
  }

  /** Wrong passwords in a row from strangers. */
  async failuresAnywhere(realm: Attempt['realm'], emailKey: string): Promise<number> {
    const row = await this.#database.kysely
      .selectFrom('sign_in_failures')
      .select('failures')
      .where('whose', '=', whose({ realm, emailKey, ip: '' }))
      .executeTakeFirst()
    return row?.failures ?? 0
  }

  /** Whether a known device has failed so often that its cookie must be in other hands. */
  async isDeviceSpent(attempt: Attempt): Promise<boolean> {
    if (attempt.deviceHash === undefined) return false
    const row = await this.#database.kysely
      .selectFrom('sign_in_failures')
      .select('failures')
      .where('whose', '=', whose(attempt))
      .executeTakeFirst()
    return (row?.failures ?? 0) >= MAX_OF_DEVICE
  }

  async sweep(): Promise<void> {
    const oldest = this.#clock.now() - QUIET_MS
    await this.#database.kysely.deleteFrom('sign_in_failures').where('last_failed_at', '<', oldest).execute()
  }

  /** One more; gives how many in a row. */
  async #count(attempt: Attempt, nowMs: number): Promise<number> {
    const row = await this.#database.kysely
      .insertInto('sign_in_failures')
      .values({ whose: whose(attempt), failures: 1, last_failed_at: nowMs })
      .onConflict((conflict) =>
        conflict.column('whose').doUpdateSet({
          failures: sql<number>`CASE WHEN sign_in_failures.last_failed_at < ${nowMs - QUIET_MS} THEN 1 ELSE sign_in_failures.failures + 1 END`,
          last_failed_at: nowMs,
        }),
      )
      .returning('failures')
      .executeTakeFirstOrThrow()
    return row.failures
  }

  get #baseMs(): number {
    return this.#config.lockout_duration_minutes * 60_000
  }
}

function key(kind: 'failed' | 'locked' | 'locks', { realm, emailKey, ip, deviceHash }: Attempt): string {
  const from = deviceHash === undefined ? clientNetwork(ip) : `device ${deviceHash}`
  return `${kind}:${realm}:${from}:${emailKey.slice(0, 320)}`
}

/** A hash, so that an address of any length costs the same, and the table is no list of addresses. */
function whose({ realm, emailKey, deviceHash = '' }: Attempt): string {
  return hashToken(`${realm}\n${deviceHash}\n${emailKey}`)
}
