import type { Clock, RandomBytes } from '../core/clock.ts'
import type { Subject } from '../core/exchange.ts'
import { accountHoldings, type HoldingsOf, rolesOf } from '../core/holding.ts'
import { clientNetwork } from '../core/ip.ts'
import type { Keys } from '../core/keys.ts'
import type { Counters, Database, SessionNews, SessionRow, SessionStore } from '../store/index.ts'
import { type Account, Accounts, type PasswordChange } from './accounts.ts'
import { Assertions } from './assertion.ts'
import { type Proof, proofOf } from './assurance.ts'
import type { AuthenticationConfig } from './config.ts'
import { Devices } from './devices.ts'
import { Factors } from './factors/factors.ts'
import { admit, type Admitted } from './gate.ts'
import { PAGES } from './html.ts'
import { Impersonation } from './impersonation.ts'
import { Links } from './links.ts'
import { type Attempt, Lockout } from './lockout.ts'
import { MailQueue } from './mail/queue.ts'
import { OwnAccount } from './own-account.ts'
import type { Origin } from './origin.ts'
import type { HashTurn, PasswordHasher } from './password-hasher.ts'
import { PasswordTries } from './password-tries.ts'
import { Recovery } from './recovery.ts'
import { type FlowParts, Registration } from './registration.ts'
import { SecondStep } from './second-step.ts'
import { SessionRenewal } from './session-renewal.ts'
import { hashToken, Sessions } from './sessions.ts'
import type { SignIn, SignInEnd, SubjectCheck } from './sign-in.ts'
import { SignedTokens } from './signed-tokens.ts'
import { readUserAgent } from './user-agent.ts'
import type { Language } from './words.ts'

export type { PendingSignIn, SignIn, SignInEnd, SubjectCheck } from './sign-in.ts'

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
  /** Told when sessions of an account end, here or on another gateway. */
  readonly news?: Pick<SessionNews, 'listen'>
  /** Where an address is, in a few words; nothing where no database is configured. */
  readonly placeOf?: (ip: string) => string | undefined
  /** Waits; by default by the clock on the wall. */
  readonly pause?: (ms: number) => Promise<void>
}

/** Who people are, in one realm: accounts, sign-in, sessions, and the assertion to the application. */
export class Identity {
  readonly realm: 'site' | 'operator'
  readonly config: AuthenticationConfig
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly devices: Devices
  readonly links: Links
  readonly mail: MailQueue
  readonly registration: Registration
  readonly recovery: Recovery
  readonly own: OwnAccount
  readonly impersonation: Impersonation
  readonly assertions: Assertions
  readonly factors: Factors
  readonly secondStep: SecondStep
  readonly renewal: SessionRenewal
  readonly random: RandomBytes
  readonly #hasher: PasswordHasher
  readonly #lockout: Lockout
  readonly #clock: Clock
  readonly #holdingsOf: HoldingsOf
  readonly #onNotice: (line: string) => void
  readonly #placeOf: (ip: string) => string | undefined
  readonly #tries: PasswordTries
  readonly #news: IdentityOptions['news']

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
    this.devices = new Devices(realm, database, clock, random)
    this.links = new Links(realm, database, clock, random)
    this.mail = new MailQueue(database, clock, random)
    this.assertions = new Assertions(keys, clock)
    this.#hasher = hasher
    this.#lockout = new Lockout(config.lockout, counters, database, clock)
    const { accounts, links, mail } = this
    const parts: FlowParts = { realm, config, accounts, links, mail, counters, hasher, clock }
    this.registration = new Registration(parts)
    this.recovery = new Recovery(parts, this.devices, this.#lockout)
    this.own = new OwnAccount(parts)
    this.impersonation = new Impersonation(accounts, links, this.sessions, clock)
    const tokens = new SignedTokens(database, keys, clock, random)
    const hash = hasher.derive.bind(hasher)
    this.factors = new Factors({ config, database, counters, keys, tokens, hash, clock, random })
    const { sessions: live, factors } = this
    this.secondStep = new SecondStep({ realm, accounts, factors, tokens, clock })
    this.renewal = new SessionRenewal({
      realm,
      accounts,
      sessions: live,
      factors,
      secondStep: this.secondStep,
      confirmPassword: this.confirmPassword.bind(this),
      clock,
    })
    this.random = random
    this.#clock = clock
    this.#holdingsOf = options.holdingsOf ?? (async () => [])
    this.#onNotice = options.onNotice ?? (() => undefined)
    this.#news = options.news
    this.#placeOf = options.placeOf ?? (() => undefined)
    this.#tries = new PasswordTries(this.#lockout, hasher, options.pause)
  }

  /**
   * Checks a password and starts a session. Every way to fail costs one hash, so that neither answer nor time tells whether
   * an account exists, is locked or disabled.
   */
  async signIn(rawEmail: string, rawPassword: string, from: Origin): Promise<SignIn> {
    const emailKey = emailKeyOf(rawEmail)
    const deviceHash = await this.devices.find(emailKey, from.deviceToken)
    const turn: HashTurn = deviceHash === undefined ? 'ordinary' : 'first'
    const attempt: Attempt = { realm: this.realm, emailKey, ip: from.ip, deviceHash }
    const tried = await this.#tries.look(
      attempt,
      turn,
      () => this.accounts.findByEmail(rawEmail),
      rawPassword,
    )
    if (!tried) return { ok: false, reason: 'busy' }
    const { admittance, account, check } = tried
    const found = account && { account }
    if (admittance.kind === 'locked') return { ok: false, reason: 'locked', ...found }
    if (!account || check === 'wrong') {
      const locks = await this.#lockout.fail(attempt, admittance)
      // A stolen device cookie is good for a few more guesses, and then for none.
      if (await this.#lockout.isDeviceSpent(attempt)) await this.devices.forgetByHash(deviceHash ?? '')
      return { ok: false, reason: locks ? 'locked' : account ? 'wrong' : 'unknown', ...found }
    }
    const nowMs = this.#clock.now()
    const claim = { way: 'password', realm: this.realm, sessionVersion: undefined } as const
    const admission = admit(account, claim, nowMs)
    if (!admission.ok) {
      const reason = admission.reason === 'password-expired' ? 'expired' : admission.reason
      return { ok: false, reason, account }
    }
    if (account.passwordHash !== null && !this.#hasher.isCurrent(account.passwordHash))
      await this.accounts.refreshHash(account, rawPassword)
    const token = await this.secondStep.begin(account, from.rawRemembered)
    if (token !== undefined)
      return { ok: false, reason: 'needs-factor', account, pending: { token, path: PAGES.secondFactor } }
    return this.completeSignIn(admission.admitted, from, { assurance: 1, methods: ['pwd'], atMs: nowMs })
  }

  /** Starts the session of somebody who has shown everything that is asked of the account. */
  async completeSignIn(admitted: Admitted, from: Origin, proof: Proof): Promise<SignInEnd> {
    const { account } = admitted
    if (account.breakGlassSealedMs !== null) {
      // INVARIANT: a seal is broken once, by one of two who try at the same time.
      if (!(await this.accounts.breakSeal(account))) return { ok: false, reason: 'seal-broken', account }
      this.#onNotice(`ALARM: the sealed ${this.realm} account ${account.email} was opened from ${from.ip}`)
    }
    const emailKey = account.email.toLowerCase()
    const deviceHash = await this.devices.find(emailKey, from.deviceToken)
    await this.#lockout.clear({ realm: this.realm, emailKey, ip: from.ip, deviceHash })
    const { token: deviceToken, isNew } = await this.devices.note(account, from)
    if (isNew) await this.#tellNewDevice(account, from)
    await this.accounts.noteSignIn(account, from.language)
    const token = await this.sessions.start(admitted, { ...from, deviceToken }, proof)
    return {
      ok: true,
      token,
      deviceToken,
      account,
      mustChangePassword: this.accounts.mustChangePassword(account),
    }
  }

  /** Whether the owner of a machine's key may act now. What is no e-mail address is a team, whom nobody can lock. */
  async mayOwnerAct(owner: string): Promise<boolean> {
    if (!owner.includes('@')) return true
    const account = await this.accounts.findByEmail(owner)
    const claim = { way: 'api-key', realm: this.realm, sessionVersion: undefined } as const
    return admit(account, claim, this.#clock.now()).ok
  }

  /** Whom a token stands for now. Asked for each request: what can be revoked is never cached. */
  async subjectOf(rawToken: string, from?: Origin): Promise<SubjectCheck> {
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
    if (from && !this.#isBoundTo(session, from)) {
      await this.sessions.end(rawToken)
      return { ok: false, reason: 'elsewhere' }
    }
    return { ok: true, subject: await this.#subjectOf(admission.admitted, session, nowMs), session }
  }

  async #subjectOf({ account }: Admitted, session: SessionRow, nowMs: number): Promise<Subject> {
    const proof = proofOf(session)
    const binding = { ref: sessionRef(session), version: account.sessionVersion }
    // The account's own roles and what is stored beside them are one list from here on; nothing further in reads either.
    const stored = await this.#holdingsOf(account.id, nowMs, binding)
    const holdings = [...accountHoldings(account.roles), ...stored]
    const roles = rolesOf(holdings, nowMs)
    const { impersonator, impersonation_reason: reason } = session
    // Who has shown two factors has them; of others it is asked only where the policy wants two.
    const mustEnrolFactor =
      impersonator == null &&
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
      sessionRef: binding.ref,
      mustChangePassword: impersonator == null && this.accounts.mustChangePassword(account),
      mustEnrolFactor,
      authentication: { level: proof.assurance, methods: proof.methods, atMs: proof.atMs },
      ...(impersonator != null && { impersonator: { id: impersonator, reason: reason ?? '' } }),
    }
  }

  /** Changes the password of somebody who knows the old one. All sessions end; a new one begins. */
  async changePassword(
    subject: Subject,
    rawCurrent: string,
    rawNext: string,
    from: Origin,
    language: Language = 'en',
  ): Promise<
    | { readonly ok: true; readonly token: string }
    | { readonly ok: false; readonly reason: 'wrong' }
    | Exclude<PasswordChange, { ok: true }>
  > {
    const confirmed = await this.confirmPassword(subject, rawCurrent, from)
    if (!confirmed.ok) return confirmed
    const { account } = confirmed
    const claim = { way: 'session', realm: this.realm, sessionVersion: subject.sessionVersion } as const
    if (!admit(account, claim, this.#clock.now()).ok) return { ok: false, reason: 'wrong' }
    const change = await this.accounts.setPassword(account, rawNext)
    if (!change.ok) return change
    await this.notePasswordChange(account, language)
    const { level = 1, methods = ['pwd'] } = subject.authentication ?? {}
    const proof = { assurance: level, methods: methods as Proof['methods'], atMs: this.#clock.now() }
    const token = await this.renewal.startAfresh(account, from, proof, 'password-change')
    return token === undefined ? { ok: false, reason: 'wrong' } : { ok: true, token }
  }

  /** Asks somebody who is signed in for his password again, before what cannot be undone. Wrong ones are counted. */
  async confirmPassword(
    subject: Subject,
    rawPassword: string,
    from: Origin,
  ): Promise<
    | { readonly ok: true; readonly account: Account }
    | { readonly ok: false; readonly reason: 'wrong' | 'busy' }
  > {
    const account = await this.accounts.find(subject.id)
    if (account?.passwordHash == null) return { ok: false, reason: 'wrong' }
    const emailKey = account.email.toLowerCase()
    const deviceHash = await this.devices.find(emailKey, from.deviceToken)
    const attempt: Attempt = { realm: this.realm, emailKey, ip: from.ip, deviceHash }
    const tried = await this.#tries.look(attempt, 'first', async () => account, rawPassword)
    if (!tried) return { ok: false, reason: 'busy' }
    const { admittance, check } = tried
    if (admittance.kind === 'locked') return { ok: false, reason: 'wrong' }
    if (check === 'wrong') {
      await this.#lockout.fail(attempt, admittance)
      return { ok: false, reason: 'wrong' }
    }
    await this.#lockout.clear(attempt)
    return { ok: true, account }
  }

  /** Tells the owner that the password is another one. */
  async notePasswordChange(account: Account, language: Language): Promise<void> {
    const data = { at: this.#clock.now() }
    await this.mail.add({ kind: 'password-changed', realm: this.realm, email: account.email, language, data })
  }

  /** Forgets wrong passwords of strangers: an operator says that the owner is at it again. */
  forgetFailures(account: Account): Promise<void> {
    return this.#lockout.clear({ realm: this.realm, emailKey: account.email.toLowerCase(), ip: '' })
  }

  /** Calls back when sessions of an account may have ended; gives how to stop. */
  onSessionNews(accountId: string, askAgain: () => void): () => void {
    return (
      this.#news?.listen((ended) => {
        if (ended === accountId) askAgain()
      }) ?? (() => undefined)
    )
  }

  /** Where an address is, in a few words. */
  placeOf(ip: string): string | undefined {
    return this.#placeOf(ip)
  }

  /** Forgets what has expired: links, devices, counts, accounts whose grace is over. Gives the accounts that were deleted. */
  async sweep(): Promise<readonly Account[]> {
    await this.links.sweep()
    await this.devices.sweep()
    await this.#lockout.sweep()
    return this.own.purge()
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

  #isBoundTo(session: SessionRow, from: Origin): boolean {
    const { bind } = this.config.session
    if (bind === 'network') return clientNetwork(session.ip) === clientNetwork(from.ip)
    if (bind === 'none' || session.device_hash === null) return true
    return from.deviceToken !== undefined && hashToken(from.deviceToken) === session.device_hash
  }

  async #tellNewDevice(account: Account, from: Origin): Promise<void> {
    const { browser, system } = readUserAgent(from.userAgent)
    await this.mail.add({
      kind: 'new-device',
      realm: this.realm,
      email: account.email,
      language: languageFrom(account.language ?? from.language),
      data: {
        device: [browser, system].filter((part) => part !== undefined).join(', ') || '-',
        place: [this.#placeOf(from.ip), from.ip].filter((part) => part !== undefined).join(', '),
        at: this.#clock.now(),
      },
    })
  }
}

/** A value that is the same for one session and opens nothing. */
export function sessionRef(session: Pick<SessionRow, 'id_hash'>): string {
  return hashToken(session.id_hash).slice(0, 22)
}

function languageFrom(text: string | undefined | null): Language {
  return text === 'de' || text === 'es' ? text : 'en'
}

function emailKeyOf(rawEmail: string): string {
  return rawEmail.trim().toLowerCase().slice(0, 320)
}
