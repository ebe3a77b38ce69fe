import type { Clock, RandomBytes } from '../core/clock.ts'
import type { Subject } from '../core/exchange.ts'
import { accountHoldings, type HoldingsOf, rolesOf } from '../core/holding.ts'
import type { Keys } from '../core/keys.ts'
import type { Counters, Database, SessionRow, SessionStore } from '../store/index.ts'
import { type Account, Accounts, type PasswordChange } from './accounts.ts'
import { Assertions } from './assertion.ts'
import type { AuthenticationConfig } from './config.ts'
import type { Origin } from './origin.ts'
import { Lockout } from './lockout.ts'
import { PasswordHasher } from './password-hasher.ts'
import { hashToken, Sessions } from './sessions.ts'

/** A sign-in whose password was right, and that waits for a second factor. */
export interface PendingSignIn {
  /** Opens the page of the second factor, for a few minutes, and nothing else. */
  readonly token: string
  /** Where that page is. */
  readonly path: string
}

/** How a sign-in ended. All but `busy` and `needs-factor` look the same to the client. */
export type SignIn =
  | {
      readonly ok: true
      readonly token: string
      readonly account: Account
      readonly mustChangePassword: boolean
    }
  | {
      readonly ok: false
      readonly reason: 'unknown' | 'wrong' | 'locked' | 'disabled' | 'expired' | 'busy'
      readonly account?: Account
    }
  | {
      readonly ok: false
      readonly reason: 'needs-factor'
      readonly account: Account
      readonly pending: PendingSignIn
    }

/** Whom a token stands for, or why nobody. */
export type SubjectCheck =
  | { readonly ok: true; readonly subject: Subject; readonly session: SessionRow }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' | 'revoked' }

/** What identity is opened with. */
export interface IdentityOptions {
  readonly realm: 'site' | 'operator'
  readonly config: AuthenticationConfig
  readonly database: Database
  readonly sessions: SessionStore
  readonly counters: Counters
  readonly keys: Keys
  /** Shared by all realms: there is one thread for hashing. */
  readonly hasher: PasswordHasher
  readonly clock: Clock
  readonly random: RandomBytes
  /** Asked after a right password: what the account still has to show, or undefined for nothing. */
  readonly secondStep?: (account: Account, from: Origin) => Promise<PendingSignIn | undefined>
  /** What a subject was given beside the roles of the account; nothing where it is not told. */
  readonly holdingsOf?: HoldingsOf
}

/** Who people are, in one realm: accounts, sign-in, sessions, and the assertion to the application. */
export class Identity {
  readonly realm: 'site' | 'operator'
  readonly config: AuthenticationConfig
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly assertions: Assertions
  readonly #hasher: PasswordHasher
  readonly #lockout: Lockout
  readonly #clock: Clock
  readonly #holdingsOf: HoldingsOf
  readonly #secondStep: NonNullable<IdentityOptions['secondStep']>

  constructor(options: IdentityOptions) {
    const { realm, config, database, sessions, counters, keys, hasher, clock, random } = options
    this.realm = realm
    this.config = config
    this.accounts = new Accounts({
      realm,
      database,
      sessions,
      hasher,
      policy: config.password,
      clock,
      random,
    })
    this.sessions = new Sessions(sessions, config.session, clock, random)
    this.assertions = new Assertions(keys, clock)
    this.#hasher = hasher
    this.#lockout = new Lockout(config.lockout, counters, clock)
    this.#clock = clock
    this.#holdingsOf = options.holdingsOf ?? (async () => [])
    this.#secondStep = options.secondStep ?? (async () => undefined)
  }

  /**
   * Checks a password and starts a session. Every way to fail costs one hash, so that neither answer nor time tells whether
   * an account exists, is locked or disabled.
   */
  async signIn(rawEmail: string, rawPassword: string, from: Origin): Promise<SignIn> {
    const emailKey = rawEmail.trim().toLowerCase()
    const locked = await this.#lockout.isLocked(this.realm, emailKey, from.ip)
    const account = await this.accounts.findByEmail(rawEmail)
    const check =
      account?.passwordHash == null
        ? await this.#hasher.verifyNothing(rawPassword)
        : await this.#hasher.verify(rawPassword, account.passwordHash)
    if (check === 'busy') return { ok: false, reason: 'busy' }
    if (locked) return { ok: false, reason: 'locked', ...(account && { account }) }
    if (!account || check === 'wrong') {
      const locks = await this.#lockout.countFailure(this.realm, emailKey, from.ip)
      return {
        ok: false,
        reason: locks ? 'locked' : account ? 'wrong' : 'unknown',
        ...(account && { account }),
      }
    }
    if (account.disabled) return { ok: false, reason: 'disabled', account }
    if (account.passwordExpiresMs !== null && this.#clock.now() >= account.passwordExpiresMs) {
      return { ok: false, reason: 'expired', account }
    }
    const pending = await this.#secondStep(account, from)
    if (pending) return { ok: false, reason: 'needs-factor', account, pending }
    return this.completeSignIn(account, from)
  }

  /** Starts the session of somebody who has shown everything that is asked of the account. */
  async completeSignIn(account: Account, from: Origin): Promise<Extract<SignIn, { ok: true }>> {
    await this.#lockout.clear(this.realm, account.email.toLowerCase(), from.ip)
    await this.accounts.noteSignIn(account)
    const token = await this.sessions.start(account, from)
    return { ok: true, token, account, mustChangePassword: this.accounts.mustChangePassword(account) }
  }

  /** Whom a token stands for now. Asked for each request: what can be revoked is never cached. */
  async subjectOf(rawToken: string): Promise<SubjectCheck> {
    const check = await this.sessions.check(rawToken)
    if (!check.ok) return check
    const { session } = check
    const account = await this.accounts.find(session.account_id)
    if (
      !account ||
      account.disabled ||
      account.sessionVersion !== session.session_version ||
      session.realm !== this.realm
    ) {
      await this.sessions.end(rawToken)
      return { ok: false, reason: 'revoked' }
    }
    const nowMs = this.#clock.now()
    // The account's own roles and what is stored beside them are one list from here on; nothing further in reads either.
    const holdings = [...accountHoldings(account.roles), ...(await this.#holdingsOf(account.id, nowMs))]
    const subject: Subject = {
      id: account.id,
      email: account.email,
      name: account.name,
      roles: rolesOf(holdings, nowMs),
      holdings,
      realm: account.realm,
      sessionVersion: account.sessionVersion,
      sessionRef: hashToken(session.id_hash).slice(0, 22),
      mustChangePassword: this.accounts.mustChangePassword(account),
    }
    return { ok: true, subject, session }
  }

  /** Changes the password of somebody who knows the old one. All sessions end; a new one begins. */
  async changePassword(
    subject: Subject,
    rawCurrent: string,
    rawNext: string,
    from: Origin,
  ): Promise<
    | { readonly ok: true; readonly token: string }
    | { readonly ok: false; readonly reason: 'wrong' }
    | Exclude<PasswordChange, { ok: true }>
  > {
    const account = await this.accounts.find(subject.id)
    if (account?.passwordHash == null) return { ok: false, reason: 'wrong' }
    if (await this.#lockout.isLocked(this.realm, account.email.toLowerCase(), from.ip))
      return { ok: false, reason: 'wrong' }
    const check = await this.#hasher.verify(rawCurrent, account.passwordHash)
    if (check === 'busy') return { ok: false, reason: 'busy' }
    if (check === 'wrong') {
      await this.#lockout.countFailure(this.realm, account.email.toLowerCase(), from.ip)
      return { ok: false, reason: 'wrong' }
    }
    const change = await this.accounts.setPassword(account, rawNext)
    if (!change.ok) return change
    const changed = await this.accounts.find(account.id)
    if (!changed) return { ok: false, reason: 'wrong' }
    return { ok: true, token: await this.sessions.start(changed, from) }
  }

  /** Makes the first operator when there is none. The one-time password is given out here and never again. */
  async ensureFirstOperator(): Promise<
    { readonly email: string; readonly oneTimePassword: string } | undefined
  > {
    const [existing] = await this.accounts.list(1)
    if (existing) return undefined
    const account = await this.accounts.create('operator@localhost', 'First operator', ['admin'])
    return { email: account.email, oneTimePassword: await this.accounts.setOneTimePassword(account) }
  }
}
