import type { Clock, RandomBytes } from '../../core/clock.ts'
import type { Database, RememberedDeviceRow } from '../../store/index.ts'
import { hashToken } from '../sessions.ts'

/** How long a device is remembered. */
export const REMEMBER_MS = 30 * 86_400_000
const MAX_DEVICES = 20
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/**
 * Devices where the second factor was shown and need not be for 30 days. Bound to account and version: whatever raises
 * the version (a password change, a removed factor, a lock) forgets them all.
 */
export class RememberedDevices {
  readonly #database: Database
  readonly #clock: Clock
  readonly #random: RandomBytes

  constructor(database: Database, clock: Clock, random: RandomBytes) {
    this.#database = database
    this.#clock = clock
    this.#random = random
  }

  /** Remembers a device; the token is given out here and never again. */
  async remember(
    account: { readonly id: string; readonly sessionVersion: number },
    userAgent: string,
  ): Promise<string> {
    const { kysely } = this.#database
    const nowMs = this.#clock.now()
    await kysely
      .deleteFrom('remembered_devices')
      .where('account_id', '=', account.id)
      .where((where) =>
        where.or([where('expires_at', '<=', nowMs), where('session_version', '!=', account.sessionVersion)]),
      )
      .execute()
    const devices = await this.list(account.id)
    for (const { token_hash: hash } of devices.slice(MAX_DEVICES - 1)) await this.forget(account.id, hash)
    const token = Buffer.from(this.#random(32)).toString('base64url')
    await kysely
      .insertInto('remembered_devices')
      .values({
        token_hash: hashToken(token),
        account_id: account.id,
        session_version: account.sessionVersion,
        user_agent: userAgent.slice(0, 256),
        created_at: nowMs,
        last_used_at: nowMs,
        expires_at: nowMs + REMEMBER_MS,
      })
      .execute()
    return token
  }

  /** Whether a token stands for a remembered device of this account. Notes the use. */
  async isRemembered(
    account: { readonly id: string; readonly sessionVersion: number },
    rawToken: string | undefined,
  ): Promise<boolean> {
    if (rawToken === undefined || !TOKEN.test(rawToken)) return false
    const nowMs = this.#clock.now()
    const done = await this.#database.kysely
      .updateTable('remembered_devices')
      .set({ last_used_at: nowMs })
      .where('token_hash', '=', hashToken(rawToken))
      .where('account_id', '=', account.id)
      .where('session_version', '=', account.sessionVersion)
      .where('expires_at', '>', nowMs)
      .executeTakeFirst()
    return done.numUpdatedRows === 1n
  }

  /** The devices of an account, the last used first. */
  list(accountId: string): Promise<readonly RememberedDeviceRow[]> {
    return this.#database.kysely
      .selectFrom('remembered_devices')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('expires_at', '>', this.#clock.now())
      .orderBy('last_used_at', 'desc')
      .limit(100)
      .execute()
  }

  async forget(accountId: string, tokenHash: string): Promise<boolean> {
    const done = await this.#database.kysely
      .deleteFrom('remembered_devices')
      .where('account_id', '=', accountId)
      .where('token_hash', '=', tokenHash)
      .executeTakeFirst()
    return done.numDeletedRows > 0n
  }

  async forgetAll(accountId: string): Promise<void> {
    await this.#database.kysely.deleteFrom('remembered_devices').where('account_id', '=', accountId).execute()
  }
}
