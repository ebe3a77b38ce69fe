import type { Clock, RandomBytes } from '../core/clock.ts'
import type { AccountLinkRow, Database } from '../store/index.ts'
import type { Account } from './accounts.ts'
import { hashToken } from './sessions.ts'

const HOUR_MS = 3_600_000

/** What a link is good for, and for how long. */
export const LINK_TTL_MS = {
  register: 24 * HOUR_MS,
  invite: 7 * 24 * HOUR_MS,
  reset: HOUR_MS,
  email: 24 * HOUR_MS,
  'not-me': 7 * 24 * HOUR_MS,
  impersonate: HOUR_MS / 12,
} as const

/** A key of `LINK_TTL_MS`. */
export type LinkPurpose = keyof typeof LINK_TTL_MS

/** What a link carries. */
export interface Link {
  readonly purpose: LinkPurpose
  readonly accountId: string | null
  readonly email: string
  readonly data: Readonly<Record<string, unknown>>
  readonly expiresMs: number
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/
/** Of one account and purpose; an older one goes for a newer one. */
const MAX_OPEN = 3

/** Links of mails and invitations: 256 random bits, stored as a hash, good once and not for long, for one purpose. */
export class Links {
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

  /** Makes a link; its token is given out here and never again. */
  async issue(
    purpose: LinkPurpose,
    whom: { readonly accountId: string | null; readonly email: string },
    data: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const token = Buffer.from(this.#random(32)).toString('base64url')
    const nowMs = this.#clock.now()
    const { kysely } = this.#database
    await kysely
      .insertInto('account_links')
      .values({
        token_hash: hashToken(token),
        purpose,
        realm: this.#realm,
        account_id: whom.accountId,
        email: whom.email,
        data: JSON.stringify(data),
        created_at: nowMs,
        expires_at: nowMs + LINK_TTL_MS[purpose],
        used_at: null,
      })
      .execute()
    const open = await kysely
      .selectFrom('account_links')
      .select('token_hash')
      .where('realm', '=', this.#realm)
      .where('purpose', '=', purpose)
      .where('email', '=', whom.email)
      .orderBy('created_at', 'desc')
      .offset(MAX_OPEN)
      .limit(100)
      .execute()
    const old = open.map((row) => row.token_hash)
    if (old.length > 0) await kysely.deleteFrom('account_links').where('token_hash', 'in', old).execute()
    return token
  }

  /** What a token opens, without using it: a page may be looked at, by mail scanners too. */
  async look(purposes: readonly LinkPurpose[], rawToken: string): Promise<Link | undefined> {
    if (!TOKEN.test(rawToken)) return undefined
    const row = await this.#database.kysely
      .selectFrom('account_links')
      .selectAll()
      .where('token_hash', '=', hashToken(rawToken))
      .where('realm', '=', this.#realm)
      .where('purpose', 'in', purposes)
      .where('used_at', 'is', null)
      .where('expires_at', '>', this.#clock.now())
      .executeTakeFirst()
    return row && linkOf(row)
  }

  /** Uses a token up: true for one caller only, however many ask at once. */
  async use(purposes: readonly LinkPurpose[], rawToken: string): Promise<boolean> {
    if (!TOKEN.test(rawToken)) return false
    const nowMs = this.#clock.now()
    const done = await this.#database.kysely
      .updateTable('account_links')
      .set({ used_at: nowMs })
      .where('token_hash', '=', hashToken(rawToken))
      .where('realm', '=', this.#realm)
      .where('purpose', 'in', purposes)
      .where('used_at', 'is', null)
      .where('expires_at', '>', nowMs)
      .executeTakeFirst()
    return Number(done.numUpdatedRows) === 1
  }

  /** Ends links of an account that are still open. */
  async revoke(accountId: string, purposes: readonly LinkPurpose[]): Promise<void> {
    await this.#database.kysely
      .deleteFrom('account_links')
      .where('account_id', '=', accountId)
      .where('purpose', 'in', purposes)
      .execute()
  }

  async sweep(): Promise<void> {
    await this.#database.kysely
      .deleteFrom('account_links')
      .where('expires_at', '<=', this.#clock.now())
      .execute()
  }
}

function linkOf(row: AccountLinkRow): Link {
  return {
    purpose: row.purpose as LinkPurpose,
    accountId: row.account_id,
    email: row.email,
    data: JSON.parse(row.data) as Record<string, unknown>,
    expiresMs: row.expires_at,
  }
}
