import type { Clock, RandomBytes } from '../core/clock.ts'
import type { Subject } from '../core/exchange.ts'
import { accountHoldings, type HoldingsOf, rolesOf } from '../core/holding.ts'
import type { Keys } from '../core/keys.ts'
import type { Counters, Database, SessionRow, SessionStore } from '../store/index.ts'
import { type Account, Accounts, type PasswordChange } from './accounts.ts'
import { Assertions } from './assertion.ts'
import { type Proof, proofOf } from './assurance.ts'
import type { AuthenticationConfig } from './config.ts'
import { Factors } from './factors/factors.ts'
import { admit, type Admitted, type GateRefusal } from './gate.ts'
import { PAGES } from './html.ts'
import type { Origin } from './origin.ts'
import { Lockout } from './lockout.ts'
import { PasswordHasher } from './password-hasher.ts'
import { type FactorShown, SecondStep, type Shown } from './second-step.ts'
import { hashToken, Sessions } from './sessions.ts'
import { SignedTokens } from './signed-tokens.ts'

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
      readonly reason: 'unknown' | 'wrong' | 'locked' | 'expired' | 'busy' | GateRefusal
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
  /** Told of what somebody must look at now, such as the use of a sealed account. */
  readonly onNotice?: (line: string) => void
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
  readonly factors: Factors
  readonly secondStep: SecondStep
  readonly tokens: SignedTokens
  readonly random: RandomBytes
  readonly #hasher: PasswordHasher
  readonly #lockout: Lockout
  readonly #clock: Clock
  readonly #holdingsOf: HoldingsOf
  readonly #onNotice: (line: string) => void

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
    this.random = random
    this.#hasher = hasher
    this.#lockout = new Lockout(config.lockout, counters, clock)
    this.#clock = clock
    this.#holdingsOf = options.holdingsOf ?? (async () => [])
    this.#onNotice = options.onNotice ?? (() => undefined)
    this.tokens = new SignedTokens(database, keys, clock, random)
    const { tokens, accounts } = this
    const hash = hasher.derive.bind(hasher)
    this.factors = new Factors({ config, database, counters, keys, tokens, hash, clock, random })
    this.secondStep = new SecondStep({ realm, accounts, factors: this.factors, tokens, clock })
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
    const nowMs = this.#clock.now()
    const claim = { way: 'password', realm: this.realm, sessionVersion: undefined } as const
    const admission = admit(account, claim, nowMs)
    if (!admission.ok) {
      const reason = admission.reason === 'password-expired' ? 'expired' : admission.reason
      return { ok: false, reason, account }
    }
    const token = await this.secondStep.begin(account, from.rawRemembered)
    if (token !== undefined)
      return { ok: false, reason: 'needs-factor', account, pending: { token, path: PAGES.secondFactor } }
    return this.completeSignIn(admission.admitted, from, { assurance: 1, methods: ['pwd'], atMs: nowMs })
  }

  /** Starts the session of somebody who has shown everything that is asked of the account. */
  async completeSignIn(
    admitted: Admitted,
    from: Origin,
    proof: Proof,
  ): Promise<
    | Extract<SignIn, { ok: true }>
    | { readonly ok: false; readonly reason: 'seal-broken'; readonly account: Account }
  > {
    const { account } = admitted
    if (account.breakGlassSealedMs !== null) {
      // INVARIANT: a seal is broken once, by one of two who try at the same time.
      if (!(await this.accounts.breakSeal(account))) return { ok: false, reason: 'seal-broken', account }
      this.#onNotice(`ALARM: the sealed ${this.realm} account ${account.email} was opened from ${from.ip}`)
    }
    await this.#lockout.clear(this.realm, account.email.toLowerCase(), from.ip)
    await this.accounts.noteSignIn(account)
    const token = await this.sessions.start(admitted, from, proof)
    return { ok: true, token, account, mustChangePassword: this.accounts.mustChangePassword(account) }
  }

  /** Whether the owner of a machine's key may act now. What is no e-mail address is a team, whom nobody can lock. */
  async mayOwnerAct(owner: string): Promise<boolean> {
    if (!owner.includes('@')) return true
    const account = await this.accounts.findByEmail(owner)
    const claim = { way: 'api-key', realm: this.realm, sessionVersion: undefined } as const
    return admit(account, claim, this.#clock.now()).ok
  }

  /** Whom a token stands for now. Asked for each request: what can be revoked is never cached. */
  async subjectOf(rawToken: string): Promise<SubjectCheck> {
    const check = await this.sessions.check(rawToken)
    if (!check.ok) return check
    const { session } = check
    const account = await this.accounts.find(session.account_id)
    const nowMs = this.#clock.now()
    const claim = { way: 'session', realm: this.realm, sessionVersion: session.session_version } as const
    const admission = admit(account, claim, nowMs)
    if (!admission.ok || session.realm !== this.realm) {
      await this.sessions.end(rawToken)
      return { ok: false, reason: 'revoked' }
    }
    return { ok: true, subject: await this.#subjectOf(admission.admitted, session, nowMs), session }
  }

  async #subjectOf({ account }: Admitted, session: SessionRow, nowMs: number): Promise<Subject> {
    const sessionRef = hashToken(session.id_hash).slice(0, 22)
    const binding = { ref: sessionRef, version: account.sessionVersion }
    const proof = proofOf(session)
    // The account's own roles and what is stored beside them are one list from here on; nothing further in reads either.
    const stored = await this.#holdingsOf(account.id, nowMs, binding)
    const holdings = [...accountHoldings(account.roles), ...stored]
    const roles = rolesOf(holdings, nowMs)
    // Who has shown two factors has them; of others it is asked only where the policy wants two.
    const mustEnrolFactor =
      proof.assurance === 1 &&
      this.factors.isRequired({ ...account, roles }) &&
      !(await this.factors.hasAny(account.id))
    return {
      id: account.id,
      email: account.email,
      name: account.name,
      roles,
      holdings,
      realm: account.realm,
      sessionVersion: account.sessionVersion,
      sessionRef,
      mustChangePassword: this.accounts.mustChangePassword(account),
      mustEnrolFactor,
      authentication: { level: proof.assurance, methods: proof.methods, atMs: proof.atMs },
    }
  }

  /**
   * Ends all sessions after a change of factors and begins a new one for who made it. `proof` is what that session stands
   * on from now on.
   */
  async restartSessions(
    subject: Subject,
    from: Origin,
    proof: Pick<Proof, 'assurance' | 'methods'>,
  ): Promise<string | undefined> {
    const account = await this.accounts.find(subject.id)
    const claim = { way: 'session', realm: this.realm, sessionVersion: subject.sessionVersion } as const
    if (!account || !admit(account, claim, this.#clock.now()).ok) return undefined
    await this.accounts.endSessions(account)
    return this.#startAfresh(account, from, { ...proof, atMs: this.#clock.now() }, 'step-up')
  }

  /** A session for who has just changed what all others stood on. */
  async #startAfresh(
    { id, sessionVersion }: Account,
    from: Origin,
    proof: Proof,
    way: 'step-up' | 'password-change',
  ): Promise<string | undefined> {
    const claim = { way, realm: this.realm, sessionVersion: sessionVersion + 1 } as const
    const admission = admit(await this.accounts.find(id), claim, this.#clock.now())
    return admission.ok ? this.sessions.start(admission.admitted, from, proof) : undefined
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
    const check = await this.#checkPassword(account, rawCurrent, from)
    if (check !== 'right' || !account) return { ok: false, reason: check === 'busy' ? 'busy' : 'wrong' }
    const claim = { way: 'session', realm: this.realm, sessionVersion: subject.sessionVersion } as const
    if (!admit(account, claim, this.#clock.now()).ok) return { ok: false, reason: 'wrong' }
    const change = await this.accounts.setPassword(account, rawNext)
    if (!change.ok) return change
    const { level = 1, methods = ['pwd'] } = subject.authentication ?? {}
    const proof = { assurance: level, methods: methods as Proof['methods'], atMs: this.#clock.now() }
    const token = await this.#startAfresh(account, from, proof, 'password-change')
    return token === undefined ? { ok: false, reason: 'wrong' } : { ok: true, token }
  }

  /**
   * Takes a newer proof of who is signed in, and gives a new session for the old one: a factor, or, where the account has
   * none, the password.
   */
  async stepUp(
    subject: Subject,
    rawToken: string,
    shown: Shown | { readonly password: string },
    from: Origin,
  ): Promise<{ readonly ok: true; readonly token: string } | Extract<FactorShown, { ok: false }>> {
    const step =
      'password' in shown
        ? await this.#stepUpByPassword(subject, shown.password, from)
        : await this.secondStep.stepUp(subject, shown, subject.authentication?.methods ?? ['pwd'])
    if (!step.ok) return step
    await this.sessions.end(rawToken)
    return { ok: true, token: await this.sessions.start(step.admitted, from, step.proof) }
  }

  async #stepUpByPassword(subject: Subject, rawPassword: string, from: Origin): Promise<FactorShown> {
    const account = await this.accounts.find(subject.id)
    // Who has a factor shows it: a password that was watched must not be enough for what asks for more.
    if (!account || (await this.factors.hasAny(account.id))) return { ok: false, reason: 'wrong' }
    const check = await this.#checkPassword(account, rawPassword, from)
    if (check !== 'right') return { ok: false, reason: check, account }
    const nowMs = this.#clock.now()
    const claim = { way: 'step-up', realm: this.realm, sessionVersion: subject.sessionVersion } as const
    const admission = admit(await this.accounts.find(account.id), claim, nowMs)
    if (!admission.ok) return { ok: false, reason: admission.reason, account }
    return { ok: true, admitted: admission.admitted, proof: { assurance: 1, methods: ['pwd'], atMs: nowMs } }
  }

  /** The password of somebody who is signed in; wrong ones count as those of a sign-in do. */
  async #checkPassword(
    account: Account | undefined,
    rawPassword: string,
    from: Origin,
  ): Promise<'right' | 'wrong' | 'busy'> {
    if (account?.passwordHash == null) return 'wrong'
    const emailKey = account.email.toLowerCase()
    if (await this.#lockout.isLocked(this.realm, emailKey, from.ip)) return 'wrong'
    const check = await this.#hasher.verify(rawPassword, account.passwordHash)
    if (check === 'wrong') await this.#lockout.countFailure(this.realm, emailKey, from.ip)
    return check
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
