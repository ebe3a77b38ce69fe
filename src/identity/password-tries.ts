import type { Account } from './accounts.ts'
import type { Admittance, Attempt, Lockout } from './lockout.ts'
import type { HashTurn, PasswordHasher } from './password-hasher.ts'

/** Tries that wait for their delay at the same time; more are told to come back. */
const MAX_DELAYED = 1000

const onTheWall = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Looks at passwords, one place in the queue for each, however many come. */
export class PasswordTries {
  readonly #lockout: Lockout
  readonly #hasher: PasswordHasher
  readonly #pause: (ms: number) => Promise<void>
  #delayed = 0

  constructor(lockout: Lockout, hasher: PasswordHasher, pause: (ms: number) => Promise<void> = onTheWall) {
    this.#lockout = lockout
    this.#hasher = hasher
    this.#pause = pause
  }

  /**
   * One look at a password: a place in the queue first, so that who is sent away has cost nothing and did not try; then the count, then the
   * account. While it waits for its delay it holds no place. Undefined: sent away.
   */
  async look(
    attempt: Attempt,
    turn: HashTurn,
    find: () => Promise<Account | undefined>,
    rawPassword: string,
  ): Promise<
    | {
        readonly admittance: Admittance
        readonly account: Account | undefined
        readonly check: 'right' | 'wrong'
      }
    | undefined
  > {
    let release = this.#hasher.reserve(turn)
    if (!release) return undefined
    try {
      const admittance = await this.#lockout.admit(attempt)
      if (admittance.kind === 'go' && admittance.delayMs > 0) {
        release()
        if (!(await this.#delay(admittance))) return undefined
        release = this.#hasher.reserve(turn)
        if (!release) return undefined
      }
      const account = await find()
      const check =
        account?.passwordHash == null
          ? await this.#hasher.verifyNothing(rawPassword, turn, true)
          : await this.#hasher.verify(rawPassword, account.passwordHash, turn, true)
      return check === 'busy' ? undefined : { admittance, account, check }
    } finally {
      release?.()
    }
  }

  /** Waits as long as the count of wrong passwords asks for. False: too many wait already. */
  async #delay(admittance: Admittance): Promise<boolean> {
    if (admittance.kind === 'locked' || admittance.delayMs === 0) return true
    if (this.#delayed >= MAX_DELAYED) return false
    this.#delayed++
    try {
      await this.#pause(admittance.delayMs)
    } finally {
      this.#delayed--
    }
    return true
  }
}
