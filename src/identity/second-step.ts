import type { Clock } from '../core/clock.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Method, Proof } from './assurance.ts'
import type { FactorCheck, Factors } from './factors/factors.ts'
import type { RelyingParty } from './factors/webauthn.ts'
import { admit, type Admitted, type GateRefusal } from './gate.ts'
import type { SignedToken, SignedTokens } from './signed-tokens.ts'

/** What somebody shows beside a password: a code, or what the browser made of a passkey. */
export type Shown =
  | { readonly code: string }
  | { readonly passkey: unknown; readonly party: RelyingParty; readonly holder: string }

/** Who showed what, or why it does not count. */
export type FactorShown =
  | { readonly ok: true; readonly admitted: Admitted; readonly proof: Proof }
  | {
      readonly ok: false
      readonly reason: 'wrong' | 'busy' | 'locked' | 'over' | 'clone' | GateRefusal
      readonly account?: Account
      /** For the log. */
      readonly detail?: string
    }

const PENDING_TTL_MS = 10 * 60_000

/** What comes after a right password, and what comes in place of one. Whoever gets through has passed the gate. */
export class SecondStep {
  readonly #realm: Account['realm']
  readonly #accounts: Accounts
  readonly #factors: Factors
  readonly #tokens: SignedTokens
  readonly #clock: Clock

  constructor(options: {
    readonly realm: Account['realm']
    readonly accounts: Accounts
    readonly factors: Factors
    readonly tokens: SignedTokens
    readonly clock: Clock
  }) {
    this.#realm = options.realm
    this.#accounts = options.accounts
    this.#factors = options.factors
    this.#tokens = options.tokens
    this.#clock = options.clock
  }

  /**
   * A token for the time until the second factor is shown, where the account has one and this device is not remembered. A
   * sealed account is asked on every device, also when it has none: then there is no way in.
   */
  async begin(account: Account, rawRemembered: string | undefined): Promise<string | undefined> {
    const isSealed = account.breakGlassSealedMs !== null
    const { hasTotp, passkeys, backupCodesLeft } = await this.#factors.of(account.id)
    const has = hasTotp || passkeys > 0 || (isSealed && backupCodesLeft > 0)
    if (!has && !isSealed) return undefined
    if (!isSealed && (await this.#factors.devices.isRemembered(account, rawRemembered))) return undefined
    const facts = `${account.id}|${account.sessionVersion}`
    return this.#tokens.issue(`second factor ${this.#realm}`, '', PENDING_TTL_MS, facts)
  }

  /** Whose sign-in waits, while it may go on. */
  async pending(
    rawToken: string | undefined,
  ): Promise<{ readonly admitted: Admitted; readonly token: SignedToken } | undefined> {
    const token = this.#tokens.check(`second factor ${this.#realm}`, '', rawToken ?? '')
    const [accountId = '', version = ''] = token?.facts.split('|') ?? []
    if (!token) return undefined
    const claim = { way: 'second-factor', realm: this.#realm, sessionVersion: Number(version) } as const
    const admission = admit(await this.#accounts.find(accountId), claim, this.#clock.now())
    return admission.ok ? { admitted: admission.admitted, token } : undefined
  }

  /** Takes the second factor of a sign-in that waits. It ends the waiting: one sign-in, one session. */
  async complete(rawToken: string | undefined, shown: Shown): Promise<FactorShown> {
    const waiting = await this.pending(rawToken)
    if (!waiting) return { ok: false, reason: 'over' }
    const { account } = waiting.admitted
    const check = await this.#check(account, 'second-factor', shown)
    if (!check.ok) return { ...check, account }
    if (!(await this.#tokens.spend(waiting.token))) return { ok: false, reason: 'over', account }
    return this.#admitted(account, 'second-factor', account.sessionVersion, ['pwd', ...check.methods])
  }

  /** Takes a passkey in place of a password. Its user was verified, so it is two factors in one. */
  async passkey(shown: Extract<Shown, { passkey: unknown }>): Promise<FactorShown> {
    const check = await this.#factors.passkeys.verify(shown.party, 'sign-in', shown.holder, shown.passkey)
    const account = check.accountId === undefined ? undefined : await this.#accounts.find(check.accountId)
    if (!check.ok || !account) {
      const detail = check.ok ? 'the account is not here' : check.reason
      const reason = 'isClone' in check ? 'clone' : 'wrong'
      return { ok: false, reason, detail, ...(account && { account }) }
    }
    await this.#factors.clearAttempts(account.id)
    return this.#admitted(account, 'passkey', undefined, ['pop', 'user'])
  }

  /** Takes a newer proof in a session: a factor, which makes it stronger. */
  async stepUp(
    subject: { readonly id: string; readonly sessionVersion: number },
    shown: Shown,
    before: readonly string[],
  ): Promise<FactorShown> {
    const account = await this.#accounts.find(subject.id)
    if (!account) return { ok: false, reason: 'gone' }
    const check = await this.#check(account, 'step-up', shown)
    if (!check.ok) return { ...check, account }
    const methods = [...new Set([...(before as readonly Method[]), ...check.methods])]
    return this.#admitted(account, 'step-up', subject.sessionVersion, methods)
  }

  async #check(
    account: Account,
    use: 'second-factor' | 'step-up',
    shown: Shown,
  ): Promise<
    | { readonly ok: true; readonly methods: readonly Method[] }
    | { readonly ok: false; readonly reason: 'wrong' | 'busy' | 'locked' | 'clone'; readonly detail?: string }
  > {
    if ('code' in shown) {
      const check: FactorCheck = await this.#factors.checkCode(account.id, shown.code)
      return check.ok ? { ok: true, methods: [check.method] } : check
    }
    const { party, holder, passkey } = shown
    const check = await this.#factors.passkeys.verify(party, use, holder, passkey, account.id)
    if (!check.ok)
      return { ok: false, reason: check.isClone === true ? 'clone' : 'wrong', detail: check.reason }
    await this.#factors.clearAttempts(account.id)
    return { ok: true, methods: check.userVerified ? ['pop', 'user'] : ['pop'] }
  }

  /** The gate once more, with the account as it is after all that took its time. */
  async #admitted(
    { id }: Account,
    way: 'second-factor' | 'passkey' | 'step-up',
    sessionVersion: number | undefined,
    methods: readonly Method[],
  ): Promise<FactorShown> {
    const account = await this.#accounts.find(id)
    const nowMs = this.#clock.now()
    const admission = admit(account, { way, realm: this.#realm, sessionVersion }, nowMs)
    if (!admission.ok) return { ok: false, reason: admission.reason, ...(account && { account }) }
    return { ok: true, admitted: admission.admitted, proof: { assurance: 2, methods, atMs: nowMs } }
  }
}
