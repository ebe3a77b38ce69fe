import type { Clock, RandomBytes } from '../../core/clock.ts'
import type { Keys } from '../../core/keys.ts'
import type { Database } from '../../store/index.ts'
import { openSecret, sealSecret } from '../keyed-seal.ts'
import { matchingStep } from './totp.ts'

const SECRET_BYTES = 20

/** The authenticator application of an account: one at a time, and it counts once a code of it was shown. */
export class TotpFactors {
  readonly #database: Database
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #window: number

  constructor(options: {
    readonly database: Database
    readonly keys: Keys
    readonly clock: Clock
    readonly random: RandomBytes
    /** Steps of drift to either side. */
    readonly window: number
  }) {
    this.#database = options.database
    this.#keys = options.keys
    this.#clock = options.clock
    this.#random = options.random
    this.#window = options.window
  }

  /** A new secret, which replaces one that was never confirmed. Undefined where a confirmed one is there: remove it first. */
  async begin(accountId: string): Promise<Uint8Array | undefined> {
    const secret = this.#random(SECRET_BYTES)
    const row = {
      secret: sealSecret(this.#keys, this.#random, secret, belongsTo(accountId)),
      last_step: -1,
      created_at: this.#clock.now(),
      confirmed_at: null,
      last_used_at: null,
    }
    const { numInsertedOrUpdatedRows } = await this.#database.kysely
      .insertInto('totp_factors')
      .values({ account_id: accountId, ...row })
      .onConflict((conflict) =>
        conflict.column('account_id').doUpdateSet(row).where('totp_factors.confirmed_at', 'is', null),
      )
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n ? secret : undefined
  }

  /** The secret that waits for its first code, to show it again. */
  async pending(accountId: string): Promise<Uint8Array | undefined> {
    const row = await this.#row(accountId)
    return row?.confirmed_at === null ? openSecret(this.#keys, row.secret, belongsTo(accountId)) : undefined
  }

  /** Takes the first code of a new secret. From then on the factor counts. */
  confirm(accountId: string, rawCode: string): Promise<boolean> {
    return this.#accept(accountId, rawCode, 'pending')
  }

  /** Takes a code of the confirmed secret, once. Of two uses at the same time one gets it. */
  verify(accountId: string, rawCode: string): Promise<boolean> {
    return this.#accept(accountId, rawCode, 'confirmed')
  }

  /** Since when the factor counts; undefined for none. */
  async confirmedSince(accountId: string): Promise<number | undefined> {
    return (await this.#row(accountId))?.confirmed_at ?? undefined
  }

  /** Whether there was one. */
  async remove(accountId: string): Promise<boolean> {
    const done = await this.#database.kysely
      .deleteFrom('totp_factors')
      .where('account_id', '=', accountId)
      .executeTakeFirst()
    return done.numDeletedRows > 0n
  }

  async #accept(accountId: string, rawCode: string, state: 'pending' | 'confirmed'): Promise<boolean> {
    const row = await this.#row(accountId)
    if (!row || (row.confirmed_at === null) !== (state === 'pending')) return false
    const nowMs = this.#clock.now()
    const key = openSecret(this.#keys, row.secret, belongsTo(accountId))
    const code = rawCode.replaceAll(' ', '')
    const step = matchingStep(key, code, { nowMs, window: this.#window, lastStep: row.last_step })
    if (step === undefined) return false
    // INVARIANT: the step is taken in the statement that checks it, so a code has one use on every node.
    const done = await this.#database.kysely
      .updateTable('totp_factors')
      .set({ last_step: step, last_used_at: nowMs, ...(state === 'pending' && { confirmed_at: nowMs }) })
      .where('account_id', '=', accountId)
      .where('secret', '=', row.secret)
      .where('last_step', '<', step)
      .executeTakeFirst()
    return done.numUpdatedRows === 1n
  }

  #row(accountId: string) {
    return this.#database.kysely
      .selectFrom('totp_factors')
      .selectAll()
      .where('account_id', '=', accountId)
      .executeTakeFirst()
  }
}

function belongsTo(accountId: string): string {
  return `totp|${accountId}`
}
