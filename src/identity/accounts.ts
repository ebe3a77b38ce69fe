import type { Clock, RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { AccountRow, Database, SessionStore } from '../store/index.ts'
import type { AuthenticationConfig } from './config.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { contextWords, passwordViolations, type Violation } from './password-policy.ts'

/** Somebody who can sign in. */
export interface Account {
  readonly id: string
  readonly realm: 'site' | 'operator'
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
  readonly passwordHash: string | null
  readonly passwordSetMs: number
  readonly mustChangePassword: boolean
  readonly passwordExpiresMs: number | null
  readonly sessionVersion: number
  readonly disabled: boolean
  readonly createdMs: number
  readonly lastSignInMs: number | null
  readonly tenant: string | null
  readonly isTenantSuspended: boolean
  /** Since when it is sealed for emergencies, 0 once the seal was broken; null for an ordinary account. */
  readonly breakGlassSealedMs: number | null
  /** When its owner proved to read mail at the address; null where nobody asked. */
  readonly emailVerifiedMs: number | null
  /** Not null: from this moment on it is deleted. */
  readonly deleteAfterMs: number | null
  /** Of mails to the owner. */
  readonly language: string | null
}

/** How setting a password ended. */
export type PasswordChange =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'unacceptable'; readonly violations: readonly Violation[] }
  | { readonly ok: false; readonly reason: 'busy' }

/** An address as people write them; anything odd is refused, since mails to it would open an account. */
const EMAIL = /^[^\s@"<>()[\]\\,;:]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i
const ONE_TIME_TTL_MS = 24 * 3_600_000
/** In place of the time of sealing, once the account was used. */
export const SEAL_BROKEN = 0
const READABLE = 'ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz23456789'

/** The accounts of one realm. Every change that takes rights away also ends the sessions that had them. */
export class Accounts {
  readonly #realm: 'site' | 'operator'
  readonly #database: Database
  readonly #sessions: SessionStore
  readonly #hasher: PasswordHasher
  readonly #policy: AuthenticationConfig['password']
  readonly #clock: Clock
  readonly #random: RandomBytes

  constructor(options: {
    readonly realm: 'site' | 'operator'
    readonly database: Database
    readonly sessions: SessionStore
    readonly hasher: PasswordHasher
    readonly policy: AuthenticationConfig['password']
    readonly clock: Clock
    readonly random: RandomBytes
  }) {
    this.#realm = options.realm
    this.#database = options.database
    this.#sessions = options.sessions
    this.#hasher = options.hasher
    this.#policy = options.policy
    this.#clock = options.clock
    this.#random = options.random
  }

  /** Makes an account, by default without a password. The address must be new in this realm. */
  async create(
    rawEmail: string,
    name: string,
    roles: readonly string[],
    more: {
      readonly passwordHash?: string
      readonly emailVerifiedMs?: number
      readonly language?: string
      readonly createdMs?: number
      readonly disabled?: boolean
    } = {},
  ): Promise<Account> {
    const email = rawEmail.trim()
    if (!isEmail(email))
      throw new RingwallError('identity.email-invalid', `\`${rawEmail}\` is not an e-mail address`)
    if (await this.findByEmail(email))
      throw new RingwallError('identity.account-exists', `there is an account for \`${email}\``)
    const id = Buffer.from(this.#random(12)).toString('base64url')
    const nowMs = this.#clock.now()
    await this.#database.kysely
      .insertInto('accounts')
      .values({
        id,
        realm: this.#realm,
        email,
        email_key: email.toLowerCase(),
        name,
        roles: JSON.stringify(roles),
        password_hash: more.passwordHash ?? null,
        password_set_at: nowMs,
        password_must_change: 0,
        password_expires_at: null,
        session_version: 1,
        disabled: more.disabled === true ? 1 : 0,
        created_at: more.createdMs ?? nowMs,
        last_sign_in_at: null,
        email_verified_at: more.emailVerifiedMs ?? null,
        delete_after: null,
        language: more.language ?? null,
      })
      .execute()
    return this.#require(id)
  }

  async find(id: string): Promise<Account | undefined> {
    const row = await this.#rows().where('id', '=', id).executeTakeFirst()
    return row && accountOf(row)
  }

  async findByEmail(rawEmail: string): Promise<Account | undefined> {
    const row = await this.#rows().where('email_key', '=', rawEmail.trim().toLowerCase()).executeTakeFirst()
    return row && accountOf(row)
  }

  async list(limit = 1000): Promise<readonly Account[]> {
    return (await this.#rows().orderBy('created_at').limit(limit).execute()).map(accountOf)
  }

  /** Sets a password that meets the policy and none of the former ones, and ends all sessions but one. */
  async setPassword(account: Account, rawPassword: string, exceptIdHash?: string): Promise<PasswordChange> {
    const violations = await this.judgePassword(account, rawPassword)
    if (violations === 'busy') return { ok: false, reason: 'busy' }
    if (violations.length > 0) return { ok: false, reason: 'unacceptable', violations }
    const reused = await this.#isReused(account, rawPassword)
    if (reused === 'busy') return { ok: false, reason: 'busy' }
    if (reused === 'reused') {
      const violation: Violation = { rule: 'history', limit: this.#policy.history }
      return { ok: false, reason: 'unacceptable', violations: [violation] }
    }
    const hash = await this.#hasher.hash(rawPassword)
    if (hash === undefined) return { ok: false, reason: 'busy' }
    await this.#storePassword(account, hash, { mustChange: false, expiresMs: null }, exceptIdHash)
    return { ok: true }
  }

  /** What a password misses of the policy, for somebody with this address and name. */
  async judgePassword(
    owner: Pick<Account, 'email' | 'name'>,
    rawPassword: string,
  ): Promise<readonly Violation[] | 'busy'> {
    const violations = passwordViolations(rawPassword, this.#policy, owner)
    if (violations.length > 0 || this.#policy.min_strength === 0) return violations
    const strength = await this.#hasher.strength(rawPassword, contextWords(this.#policy, owner))
    if (strength === undefined) return 'busy'
    return strength < this.#policy.min_strength
      ? [{ rule: 'weak', limit: this.#policy.min_strength }]
      : violations
  }

  /** Takes the password away until its owner sets another one by a link; ends all sessions. */
  async blockPassword(account: Account): Promise<void> {
    await this.#storePassword(account, null, { mustChange: false, expiresMs: null })
  }

  /** Stores a password's hash in today's form. Nothing else changes, and nothing at all where it was changed meanwhile. */
  async refreshHash(account: Account, rawPassword: string): Promise<void> {
    const hash = await this.#hasher.hash(rawPassword)
    if (hash === undefined || account.passwordHash === null) return
    await this.#database.kysely
      .updateTable('accounts')
      .set({ password_hash: hash })
      .where('id', '=', account.id)
      .where('password_hash', '=', account.passwordHash)
      .execute()
  }

  /** Sets a password that is good for 24 hours and for nothing but choosing another; returned here and nowhere else. */
  async setOneTimePassword(account: Account): Promise<string> {
    // 20 characters of 54 are 115 bits. A byte above the largest multiple of 54 would favour some characters, so it is skipped.
    let password = ''
    while (password.length < 20) {
      const [byte = 255] = this.#random(1)
      if (byte < 216) password += READABLE[byte % READABLE.length]
    }
    password = (password.match(/.{5}/g) ?? []).join('-')
    const hash = await this.#hasher.hash(password)
    if (hash === undefined) throw new RingwallError('identity.busy', 'the password hasher is busy; try again')
    const expiresMs = this.#clock.now() + ONE_TIME_TTL_MS
    await this.#storePassword(account, hash, { mustChange: true, expiresMs })
    return password
  }

  async setRoles(account: Account, roles: readonly string[]): Promise<void> {
    await this.#change(account, { roles: JSON.stringify(roles) })
  }

  async setDisabled(account: Account, disabled: boolean): Promise<void> {
    await this.#change(account, { disabled: disabled ? 1 : 0 })
  }

  /** Ends every session of the account: one write, and the next request on any node is refused. */
  async endSessions(account: Account): Promise<void> {
    await this.#change(account, {})
  }

  /** Puts an account into a tenant, or takes it out; ends all sessions. */
  async setTenant(account: Account, tenant: string | null): Promise<void> {
    await this.#change(account, { tenant })
  }

  /** Seals an account for emergencies, or opens it again; ends all sessions. */
  async setBreakGlass(account: Account, sealedMs: number | null): Promise<void> {
    await this.#change(account, { break_glass_sealed_at: sealedMs })
  }

  /** Breaks the seal of an account for emergencies: true for the one sign-in that it is good for. */
  async breakSeal({ id }: Account): Promise<boolean> {
    const done = await this.#database.kysely
      .updateTable('accounts')
      .set({ break_glass_sealed_at: SEAL_BROKEN })
      .where('id', '=', id)
      .where('break_glass_sealed_at', '>', SEAL_BROKEN)
      .executeTakeFirst()
    return done.numUpdatedRows === 1n
  }

  async delete(account: Account): Promise<void> {
    await this.#database.kysely.deleteFrom('accounts').where('id', '=', account.id).execute()
    await this.#sessions.endAll(account.id)
  }

  async noteSignIn(account: Account): Promise<void> {
    await this.#database.kysely
      .updateTable('accounts')
      .set({ last_sign_in_at: this.#clock.now() })
      .where('id', '=', account.id)
      .execute()
  }

  /** Whether the password is older than the policy allows, or was given by somebody else. */
  mustChangePassword(account: Account): boolean {
    // What is in an envelope for years is not changed by its age, and an emergency is no time for it.
    if (account.breakGlassSealedMs !== null) return false
    const maxAgeMs = this.#policy.max_age_days * 86_400_000
    return (
      account.mustChangePassword || (maxAgeMs > 0 && this.#clock.now() - account.passwordSetMs > maxAgeMs)
    )
  }

  #rows() {
    return this.#database.kysely
      .selectFrom('accounts')
      .selectAll('accounts')
      .select((select) =>
        select
          .exists(
            select
              .selectFrom('suspended_tenants')
              .select('suspended_tenants.tenant')
              .whereRef('suspended_tenants.tenant', '=', 'accounts.tenant'),
          )
          .as('tenant_suspended'),
      )
      .where('realm', '=', this.#realm)
  }

  async #require(id: string): Promise<Account> {
    const account = await this.find(id)
    if (!account) throw new RingwallError('identity.account-gone', 'the account is gone')
    return account
  }

  /** Raises the session version with the change, in one statement, and forgets the sessions. */
  async #change(
    account: Account,
    values: Partial<Pick<AccountRow, 'roles' | 'disabled' | 'tenant' | 'break_glass_sealed_at'>>,
  ): Promise<void> {
    await this.#database.kysely
      .updateTable('accounts')
      .set((set) => ({ ...values, session_version: set('session_version', '+', 1) }))
      .where('id', '=', account.id)
      .execute()
    await this.#sessions.endAll(account.id)
  }

  async #storePassword(
    account: Account,
    hash: string | null,
    how: { readonly mustChange: boolean; readonly expiresMs: number | null },
    exceptIdHash?: string,
  ): Promise<void> {
    const nowMs = this.#clock.now()
    await this.#database.kysely.transaction().execute(async (transaction) => {
      if (account.passwordHash !== null) {
        await transaction
          .insertInto('password_history')
          .values({
            account_id: account.id,
            password_hash: account.passwordHash,
            set_at: account.passwordSetMs,
          })
          .execute()
      }
      // INVARIANT: links that were sent for the former password open nothing any more.
      await transaction
        .deleteFrom('account_links')
        .where('account_id', '=', account.id)
        .where('purpose', 'in', ['reset', 'not-me'])
        .execute()
      await transaction
        .updateTable('accounts')
        .set((set) => ({
          password_hash: hash,
          password_set_at: nowMs,
          password_must_change: how.mustChange ? 1 : 0,
          password_expires_at: how.expiresMs,
          session_version: set('session_version', '+', 1),
        }))
        .where('id', '=', account.id)
        .execute()
    })
    await this.#sessions.endAll(account.id, exceptIdHash)
  }

  async #isReused(account: Account, rawPassword: string): Promise<'new' | 'reused' | 'busy'> {
    if (this.#policy.history === 0) return 'new'
    const former = await this.#database.kysely
      .selectFrom('password_history')
      .select('password_hash')
      .where('account_id', '=', account.id)
      .orderBy('set_at', 'desc')
      .limit(Math.max(0, this.#policy.history - 1))
      .execute()
    const hashes = [account.passwordHash, ...former.map((row) => row.password_hash)].filter(
      (hash) => hash !== null,
    )
    for (const hash of hashes) {
      const check = await this.#hasher.verify(rawPassword, hash)
      if (check !== 'wrong') return check === 'right' ? 'reused' : 'busy'
    }
    return 'new'
  }
}

/** Whether a text is an address that an account may have. */
export function isEmail(text: string): boolean {
  return EMAIL.test(text)
}

/** A row as an account. */
export function accountOf(row: AccountRow & { readonly tenant_suspended: unknown }): Account {
  return {
    id: row.id,
    realm: row.realm,
    email: row.email,
    name: row.name,
    roles: JSON.parse(row.roles) as string[],
    passwordHash: row.password_hash,
    passwordSetMs: row.password_set_at,
    mustChangePassword: row.password_must_change === 1,
    passwordExpiresMs: row.password_expires_at,
    sessionVersion: row.session_version,
    disabled: row.disabled === 1,
    createdMs: row.created_at,
    lastSignInMs: row.last_sign_in_at,
    tenant: row.tenant,
    isTenantSuspended: Boolean(row.tenant_suspended),
    breakGlassSealedMs: row.break_glass_sealed_at,
    emailVerifiedMs: row.email_verified_at,
    deleteAfterMs: row.delete_after,
    language: row.language,
  }
}
