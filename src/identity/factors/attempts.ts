import type { Clock } from '../../core/clock.ts'
import type { Counters, Database } from '../../store/index.ts'

/** Codes that may be tried for one account in a quarter of an hour, from wherever. */
const BURST = { limit: 10, periodMs: 15 * 60_000 } as const
/** Wrong codes in a row after which codes are not taken any more (SP 800-63B-4 3.2.2). */
const CEILING = 100

/**
 * Bounds the guessing of codes for each account over all networks. It is counted before a code is looked at, so
 * that a thousand guesses at once are no way around it. Passkeys cannot be guessed and are not counted.
 */
export class FactorAttempts {
  readonly #database: Database
  readonly #counters: Counters
  readonly #clock: Clock

  constructor(database: Database, counters: Counters, clock: Clock) {
    this.#database = database
    this.#counters = counters
    this.#clock = clock
  }

  /** Counts an attempt; false when there were too many. */
  async begin(accountId: string): Promise<boolean> {
    const burst = await this.#counters.take(`factor:${accountId}`, 1, BURST, this.#clock.now())
    if (!burst.allowed) return false
    const row = await this.#database.kysely
      .insertInto('factor_failures')
      .values({ account_id: accountId, failures: 1 })
      .onConflict((conflict) =>
        conflict
          .column('account_id')
          .doUpdateSet((set) => ({ failures: set('factor_failures.failures', '+', 1) })),
      )
      .returning('failures')
      .executeTakeFirst()
    return (row?.failures ?? 0) <= CEILING
  }

  /** A right code, or another proof, forgets the wrong ones. */
  async clear(accountId: string): Promise<void> {
    await this.#counters.reset(`factor:${accountId}`)
    await this.#database.kysely.deleteFrom('factor_failures').where('account_id', '=', accountId).execute()
  }
}
