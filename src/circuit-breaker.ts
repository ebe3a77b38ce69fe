import type { Clock } from './core/clock.ts'

/**
 * Keeps requests from a server that fails: after so many failures in a row it is left alone for a while, then asked with one
 * request at a time until one succeeds. Each time that the trial fails, it is left alone for twice as long, up to `MAX_OPEN_MS`.
 */
export class CircuitBreaker {
  readonly #failures: number
  readonly #openMs: number
  readonly #clock: Clock
  #inARow = 0
  #opened = 0
  #openUntilMs = 0
  #isTrying = false

  constructor(options: { readonly failures: number; readonly openMs: number }, clock: Clock) {
    this.#failures = options.failures
    this.#openMs = options.openMs
    this.#clock = clock
  }

  /** Whether a request may be sent now. */
  get allows(): boolean {
    if (this.#opened === 0) return true
    return !this.#isTrying && this.#clock.now() >= this.#openUntilMs
  }

  /** When the next request may be sent at the earliest; 0 for at once. */
  get openUntilMs(): number {
    return this.#opened === 0 ? 0 : this.#openUntilMs
  }

  /** A request is sent. */
  start(): void {
    if (this.#opened > 0) this.#isTrying = true
  }

  /** A request succeeded; true where the server is asked again from now on. */
  succeed(): boolean {
    const wasOpen = this.#opened > 0
    this.#inARow = 0
    this.#opened = 0
    this.#isTrying = false
    return wasOpen
  }

  /** A request failed; true where the server is left alone from now on. */
  fail(): boolean {
    this.#inARow++
    const wasTrying = this.#isTrying
    this.#isTrying = false
    if (this.#opened > 0 ? !wasTrying : this.#inARow < this.#failures) return false
    const openMs = Math.min(this.#openMs * 2 ** this.#opened, MAX_OPEN_MS)
    this.#opened++
    this.#openUntilMs = this.#clock.now() + openMs
    return this.#opened === 1
  }

  /** A request ended in a way that says nothing about the server: the client went away. */
  forget(): void {
    this.#isTrying = false
  }
}

const MAX_OPEN_MS = 300_000
