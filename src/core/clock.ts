/** One source of time. Rooms take it as a parameter, so that tests can set it. */
export interface Clock {
  /** Milliseconds since 1970, the server's own. */
  now(): number
  /** Monotonic milliseconds with fractions, for durations only. */
  elapsed(): number
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
}

/** A clock that moves only when told, for tests and for `explain`. */
export class ManualClock implements Clock {
  #nowMs: number

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  elapsed(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    this.#nowMs += ms
  }
}

/** Fills bytes with randomness fit for secrets. A parameter, like the clock. */
export type RandomBytes = (length: number) => Uint8Array

/** The platform's cryptographic randomness. */
export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))
