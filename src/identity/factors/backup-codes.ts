import type { Clock, RandomBytes } from '../../core/clock.ts'
import type { Database } from '../../store/index.ts'
import { encodeBase32 } from './base32.ts'

/** A password hash of a code; undefined when the queue of the hasher is full. */
export type SlowHash = (secret: string, salt: Uint8Array) => Promise<Uint8Array | undefined>

/** How a code was judged. */
export type CodeCheck = 'right' | 'wrong' | 'busy'

const CODE_BYTES = 10

/**
 * Codes of 80 bits for the day when the other factor is lost, each good once. Stored as password hashes with one salt a
 * set, so that an attempt costs one hash and not ten (ASVS 6.5.2 asks for a password hash below 112 bits).
 */
export class BackupCodes {
  readonly #database: Database
  readonly #hash: SlowHash
  readonly #clock: Clock
  readonly #random: RandomBytes
  readonly #count: number

  constructor(options: {
    readonly database: Database
    readonly hash: SlowHash
    readonly clock: Clock
    readonly random: RandomBytes
    readonly count: number
  }) {
    this.#database = options.database
    this.#hash = options.hash
    this.#clock = options.clock
    this.#random = options.random
    this.#count = options.count
  }

  /** A new set in place of the old one; given out here and never again. Undefined when the hasher is busy. */
  async regenerate(accountId: string): Promise<readonly string[] | undefined> {
    const salt = this.#random(16)
    const codes = Array.from({ length: this.#count }, () => encodeBase32(this.#random(CODE_BYTES)))
    const rows: { readonly code_hash: string }[] = []
    for (const code of codes) {
      const hash = await this.#hash(code, salt)
      if (!hash) return undefined
      rows.push({ code_hash: Buffer.from(hash).toString('base64url') })
    }
    const facts = {
      account_id: accountId,
      salt: Buffer.from(salt).toString('base64url'),
      created_at: this.#clock.now(),
      used_at: null,
    }
    await this.#database.kysely.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('backup_codes').where('account_id', '=', accountId).execute()
      await transaction
        .insertInto('backup_codes')
        .values(rows.map((row) => ({ ...row, ...facts })))
        .execute()
    })
    return codes.map((code) => (code.match(/.{4}/g) ?? []).join('-'))
  }

  /** Uses a code up. Case, spaces and hyphens do not matter. Of two uses at the same time one gets it. */
  async redeem(accountId: string, rawCode: string): Promise<CodeCheck> {
    const code = rawCode.toUpperCase().replaceAll(/[\s-]/g, '')
    const first = await this.#database.kysely
      .selectFrom('backup_codes')
      .select('salt')
      .where('account_id', '=', accountId)
      .executeTakeFirst()
    // An account without codes, and what cannot be one, cost the same hash.
    const isCode = first !== undefined && /^[A-Z2-7]{16}$/.test(code)
    const salt = Buffer.from(first?.salt ?? 'AAAAAAAAAAAAAAAAAAAAAA', 'base64url')
    const hash = await this.#hash(isCode ? code : 'no code', salt)
    if (!hash) return 'busy'
    if (!isCode) return 'wrong'
    const done = await this.#database.kysely
      .updateTable('backup_codes')
      .set({ used_at: this.#clock.now() })
      .where('account_id', '=', accountId)
      .where('code_hash', '=', Buffer.from(hash).toString('base64url'))
      .where('used_at', 'is', null)
      .executeTakeFirst()
    return done.numUpdatedRows === 1n ? 'right' : 'wrong'
  }

  /** How many are left. */
  async left(accountId: string): Promise<number> {
    const row = await this.#database.kysely
      .selectFrom('backup_codes')
      .select((select) => select.fn.countAll().as('count'))
      .where('account_id', '=', accountId)
      .where('used_at', 'is', null)
      .executeTakeFirst()
    return Number(row?.count ?? 0)
  }

  async remove(accountId: string): Promise<void> {
    await this.#database.kysely.deleteFrom('backup_codes').where('account_id', '=', accountId).execute()
  }
}
