import type { Clock } from '../core/clock.ts'
import { clientNetwork } from '../core/ip.ts'
import type { Counters } from '../store/index.ts'
import type { AuthenticationConfig } from './config.ts'

/**
 * The guide's lockout, counted for each account and client network: whoever guesses locks himself out, and cannot lock out
 * the owner, who comes from elsewhere. Unknown accounts are counted alike, so that a lock says nothing about one.
 */
export class Lockout {
  readonly #config: AuthenticationConfig['lockout']
  readonly #counters: Counters
  readonly #clock: Clock

  constructor(config: AuthenticationConfig['lockout'], counters: Counters, clock: Clock) {
    this.#config = config
    this.#counters = counters
    this.#clock = clock
  }

  async isLocked(realm: string, emailKey: string, ip: string): Promise<boolean> {
    // A cost of nothing only looks.
    const lock = await this.#counters.take(
      this.#key('locked', realm, emailKey, ip),
      0,
      this.#lock,
      this.#clock.now(),
    )
    return lock.remaining === 0
  }

  /** Counts a wrong password; true when it was the one that locks. */
  async countFailure(realm: string, emailKey: string, ip: string): Promise<boolean> {
    const nowMs = this.#clock.now()
    const rule = { limit: this.#config.max_attempts, periodMs: this.#lock.periodMs }
    const failures = this.#key('failed', realm, emailKey, ip)
    const { remaining } = await this.#counters.take(failures, 1, rule, nowMs)
    if (remaining > 0) return false
    await this.#counters.take(this.#key('locked', realm, emailKey, ip), 1, this.#lock, nowMs)
    await this.#counters.reset(failures)
    return true
  }

  /** The right password forgets the wrong ones. */
  async clear(realm: string, emailKey: string, ip: string): Promise<void> {
    await this.#counters.reset(this.#key('failed', realm, emailKey, ip))
  }

  get #lock(): { readonly limit: 1; readonly periodMs: number } {
    return { limit: 1, periodMs: this.#config.lockout_duration_minutes * 60_000 }
  }

  #key(kind: string, realm: string, emailKey: string, ip: string): string {
    return `${kind}:${realm}:${clientNetwork(ip)}:${emailKey.slice(0, 320)}`
  }
}
