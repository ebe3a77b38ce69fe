import type { Clock } from '../core/clock.ts'
import type { Subject } from '../core/exchange.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Proof } from './assurance.ts'
import type { Factors } from './factors/factors.ts'
import { admit } from './gate.ts'
import type { Origin } from './origin.ts'
import type { FactorShown, SecondStep, Shown } from './second-step.ts'
import type { Sessions } from './sessions.ts'

/** Asks for the password of somebody who is signed in; wrong ones are counted. */
type ConfirmPassword = (
  subject: Subject,
  rawPassword: string,
  from: Origin,
) => Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: 'wrong' | 'busy' }>

/** New sessions for those who have one: with a newer or stronger proof, or after a change that ended all others. */
export class SessionRenewal {
  readonly #realm: Account['realm']
  readonly #accounts: Accounts
  readonly #sessions: Sessions
  readonly #factors: Factors
  readonly #secondStep: SecondStep
  readonly #confirmPassword: ConfirmPassword
  readonly #clock: Clock

  constructor(options: {
    readonly realm: Account['realm']
    readonly accounts: Accounts
    readonly sessions: Sessions
    readonly factors: Factors
    readonly secondStep: SecondStep
    readonly confirmPassword: ConfirmPassword
    readonly clock: Clock
  }) {
    this.#realm = options.realm
    this.#accounts = options.accounts
    this.#sessions = options.sessions
    this.#factors = options.factors
    this.#secondStep = options.secondStep
    this.#confirmPassword = options.confirmPassword
    this.#clock = options.clock
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
        ? await this.#byPassword(subject, shown.password, from)
        : await this.#secondStep.stepUp(subject, shown, subject.authentication?.methods ?? ['pwd'])
    if (!step.ok) return step
    await this.#sessions.end(rawToken)
    return { ok: true, token: await this.#sessions.start(step.admitted, from, step.proof) }
  }

  /** Ends all sessions after a change of factors and begins a new one, which stands on `proof`, for who made it. */
  async restart(
    subject: Subject,
    from: Origin,
    proof: Pick<Proof, 'assurance' | 'methods'>,
  ): Promise<string | undefined> {
    const account = await this.#accounts.find(subject.id)
    const claim = { way: 'session', realm: this.#realm, sessionVersion: subject.sessionVersion } as const
    if (!account || !admit(account, claim, this.#clock.now()).ok) return undefined
    await this.#accounts.endSessions(account)
    return this.startAfresh(account, from, { ...proof, atMs: this.#clock.now() }, 'step-up')
  }

  /** A session for who has just changed what all others stood on: exactly one change, the own one, since `account` was read. */
  async startAfresh(
    { id, sessionVersion }: Account,
    from: Origin,
    proof: Proof,
    way: 'step-up' | 'password-change',
  ): Promise<string | undefined> {
    const claim = { way, realm: this.#realm, sessionVersion: sessionVersion + 1 } as const
    const admission = admit(await this.#accounts.find(id), claim, this.#clock.now())
    return admission.ok ? this.#sessions.start(admission.admitted, from, proof) : undefined
  }

  async #byPassword(subject: Subject, rawPassword: string, from: Origin): Promise<FactorShown> {
    // Who has a factor shows it: a password that was watched must not be enough for what asks for more.
    if (await this.#factors.hasAny(subject.id)) return { ok: false, reason: 'wrong' }
    const confirmed = await this.#confirmPassword(subject, rawPassword, from)
    if (!confirmed.ok) return confirmed
    const nowMs = this.#clock.now()
    const claim = { way: 'step-up', realm: this.#realm, sessionVersion: subject.sessionVersion } as const
    const admission = admit(await this.#accounts.find(subject.id), claim, nowMs)
    if (!admission.ok) return { ok: false, reason: admission.reason }
    return { ok: true, admitted: admission.admitted, proof: { assurance: 1, methods: ['pwd'], atMs: nowMs } }
  }
}
