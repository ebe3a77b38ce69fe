import type { Clock, RandomBytes } from '../core/clock.ts'
import type { Database, KnownDeviceRow } from '../store/index.ts'
import type { Account } from './accounts.ts'
import type { Origin } from './origin.ts'
import { hashToken } from './sessions.ts'

const TOKEN = /^[A-Za-z0-9_-]{43}$/
/** The device that was used longest ago is forgotten for another one. */
const MAX_DEVICES = 20
const FORGOTTEN_AFTER_MS = 400 * 86_400_000

/**
 * Devices from which an account was signed in to, by a cookie with a random token that outlives the session. It opens
 * nothing; it only tells its owner from a stranger who guesses, so that the stranger cannot lock the owner out.
 */
export class Devices {
  readonly #realm: Account['realm']
  readonly #database: Database
  readonly #clock: Clock
  readonly #random: RandomBytes

  constructor(realm: Account['realm'], database: Database, clock: Clock, random: RandomBytes) {
    this.#realm = realm
    this.#database = database
    this.#clock = clock
    this.#random = random
  }

  /** The hash of a device's token, where the account of this address knows it. One query, whether there is an account or not. */
  async find(emailKey: string, rawToken: string | undefined): Promise<string | undefined> {
    if (rawToken === undefined || !TOKEN.test(rawToken)) return undefined
    const hash = hashToken(rawToken)
    const row = await this.#database.kysely
      .selectFrom('known_devices')
      .innerJoin('accounts', 'accounts.id', 'known_devices.account_id')
      .select('device_hash')
      .where('accounts.realm', '=', this.#realm)
      .where('accounts.email_key', '=', emailKey)
      .where('device_hash', '=', hash)
      .where('last_seen_at', '>', this.#clock.now() - FORGOTTEN_AFTER_MS)
      .executeTakeFirst()
    return row?.device_hash
  }

  /** Remembers where somebody signed in: the token for the cookie, and whether the device was new to an account that had one. */
  async note(account: Account, from: Origin): Promise<{ readonly token: string; readonly isNew: boolean }> {
    const { kysely } = this.#database
    const nowMs = this.#clock.now()
    const shown =
      from.deviceToken !== undefined && TOKEN.test(from.deviceToken) ? from.deviceToken : undefined
    const token = shown ?? Buffer.from(this.#random(32)).toString('base64url')
    const known = await this.list(account)
    const hash = hashToken(token)
    const isKnown = known.some((device) => device.device_hash === hash)
    const seen = { last_seen_at: nowMs, ip: from.ip, user_agent: from.userAgent.slice(0, 256) }
    await kysely
      .insertInto('known_devices')
      .values({ account_id: account.id, device_hash: hash, first_seen_at: nowMs, ...seen })
      .onConflict((conflict) => conflict.columns(['account_id', 'device_hash']).doUpdateSet(seen))
      .execute()
    if (!isKnown) {
      for (const old of known.slice(MAX_DEVICES - 1)) await this.forget(account.id, old.device_hash)
    }
    return { token, isNew: !isKnown && (known.length > 0 || account.lastSignInMs !== null) }
  }

  /** Newest first. */
  list(account: Account): Promise<readonly KnownDeviceRow[]> {
    return this.#database.kysely
      .selectFrom('known_devices')
      .selectAll()
      .where('account_id', '=', account.id)
      .orderBy('last_seen_at', 'desc')
      .execute()
  }

  async forget(accountId: string, deviceHash?: string): Promise<void> {
    const all = this.#database.kysely.deleteFrom('known_devices').where('account_id', '=', accountId)
    await (deviceHash === undefined ? all : all.where('device_hash', '=', deviceHash)).execute()
  }

  /** A device that guesses is not its owner's any more: whoever has the cookie loses what it gave. */
  async forgetByHash(deviceHash: string): Promise<void> {
    await this.#database.kysely.deleteFrom('known_devices').where('device_hash', '=', deviceHash).execute()
  }

  async sweep(): Promise<void> {
    const oldest = this.#clock.now() - FORGOTTEN_AFTER_MS
    await this.#database.kysely.deleteFrom('known_devices').where('last_seen_at', '<', oldest).execute()
  }
}
