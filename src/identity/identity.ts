import type { Clock, RandomBytes } from '../core/clock.ts'
import type { Subject } from '../core/exchange.ts'
import { accountHoldings, type HoldingsOf, rolesOf } from '../core/holding.ts'
import { clientNetwork } from '../core/ip.ts'
import type { Keys } from '../core/keys.ts'
import type { Counters, Database, SessionNews, SessionRow, SessionStore } from '../store/index.ts'
import { type Account, Accounts, type PasswordChange } from './accounts.ts'
import { Assertions } from './assertion.ts'
import type { AuthenticationConfig } from './config.ts'
import { Devices } from './devices.ts'
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
import { hashToken, Sessions } from './sessions.ts'
import { readUserAgent } from './user-agent.ts'
import type { Language } from './words.ts'

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
      /** For the device cookie. */
      readonly deviceToken: string
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
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' | 'revoked' | 'elsewhere' }

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
  readonly #hasher: PasswordHasher
  readonly #lockout: Lockout
  readonly #clock: Clock
  readonly #holdingsOf: HoldingsOf
  readonly #secondStep: NonNullable<IdentityOptions['secondStep']>
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
    this.impersonation = new Impersonation(accounts, links, this.sessions)
    this.#clock = clock
    this.#holdingsOf = options.holdingsOf ?? (async () => [])
    this.#secondStep = options.secondStep ?? (async () => undefined)
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
    if (!mayActNow(account, nowMs)) return { ok: false, reason: 'disabled', account }
    if (account.passwordExpiresMs !== null && nowMs >= account.passwordExpiresMs) {
      return { ok: false, reason: 'expired', account }
    }
    if (account.passwordHash !== null && !this.#hasher.isCurrent(account.passwordHash))
      await this.accounts.refreshHash(account, rawPassword)
    const pending = await this.#secondStep(account, from)
    if (pending) return { ok: false, reason: 'needs-factor', account, pending }
    return this.completeSignIn(account, from)
  }

  /** Starts the session of somebody who has shown everything that is asked of the account. */
  async completeSignIn(account: Account, from: Origin): Promise<Extract<SignIn, { ok: true }>> {
    const emailKey = account.email.toLowerCase()
    const deviceHash = await this.devices.find(emailKey, from.deviceToken)
    await this.#lockout.clear({ realm: this.realm, emailKey, ip: from.ip, deviceHash })
    const { token: deviceToken, isNew } = await this.devices.note(account, from)
    if (isNew) await this.#tellNewDevice(account, from)
    await this.accounts.noteSignIn(account, from.language)
    const token = await this.sessions.start(account, { ...from, deviceToken })
    return {
      ok: true,
      token,
      deviceToken,
      account,
      mustChangePassword: this.accounts.mustChangePassword(account),
    }
  }

  /** Whom a token stands for now. Asked for each request: what can be revoked is never cached. */
  async subjectOf(rawToken: string, from?: Origin): Promise<SubjectCheck> {
    const check = await this.sessions.check(rawToken)
    if (!check.ok) return check
    const { session } = check
    const account = await this.accounts.find(session.account_id)
    const nowMs = this.#clock.now()
    if (
      !account ||
      !mayActNow(account, nowMs) ||
      account.sessionVersion !== session.session_version ||
      session.realm !== this.realm
    ) {
      await this.sessions.end(rawToken)
      return { ok: false, reason: 'revoked' }
    }
    if (from && !this.#isBoundTo(session, from)) {
      await this.sessions.end(rawToken)
      return { ok: false, reason: 'elsewhere' }
    }
    // The account's own roles and what is stored beside them are one list from here on; nothing further in reads either.
    const holdings = [...accountHoldings(account.roles), ...(await this.#holdingsOf(account.id, nowMs))]
    const { impersonator, impersonation_reason: reason } = session
    const subject: Subject = {
      id: account.id,
      email: account.email,
      name: account.name,
      roles: rolesOf(holdings, nowMs),
      holdings,
      realm: account.realm,
      sessionVersion: account.sessionVersion,
      sessionRef: sessionRef(session),
      mustChangePassword: impersonator == null && this.accounts.mustChangePassword(account),
      ...(impersonator != null && { impersonator: { id: impersonator, reason: reason ?? '' } }),
    }
    return { ok: true, subject, session }
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
    const change = await this.accounts.setPassword(account, rawNext)
    if (!change.ok) return change
    const changed = await this.accounts.find(account.id)
    if (!changed) return { ok: false, reason: 'wrong' }
    await this.notePasswordChange(changed, language)
    return { ok: true, token: await this.sessions.start(changed, from) }
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

/** Not switched off, and not past the end of its grace. */
function mayActNow({ disabled, deleteAfterMs }: Account, nowMs: number): boolean {
  return !disabled && (deleteAfterMs === null || nowMs < deleteAfterMs)
}
