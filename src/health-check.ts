import { request } from 'undici'

import { describeError } from './core/errors.ts'

/** How a server is asked whether it is well. */
export interface HealthCheckOptions {
  /** Path that answers 200 to 399 when the server is well. */
  readonly path: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Good answers in a row until it is in service again. */
  readonly healthy: number
  /** Bad ones until it is out of service. */
  readonly unhealthy: number
}

/** Asks a server again and again whether it is well. In service until it says otherwise, so that a start waits for nothing. */
export class HealthCheck {
  readonly #url: string
  readonly #options: HealthCheckOptions
  readonly #onChange: (isUp: boolean, why: string) => void
  readonly #closing = new AbortController()
  #isUp = true
  #inARow = 0
  #timer: NodeJS.Timeout | undefined

  constructor(origin: string, options: HealthCheckOptions, onChange: (isUp: boolean, why: string) => void) {
    this.#url = origin + options.path
    this.#options = options
    this.#onChange = onChange
    this.#schedule(0)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  close(): void {
    this.#closing.abort()
    clearTimeout(this.#timer)
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      void this.#ask().then((why) => {
        if (this.#closing.signal.aborted) return
        this.#note(why)
        this.#schedule(this.#options.intervalMs)
      })
    }, afterMs).unref()
  }

  /** Why the server is not well; undefined where it is. */
  async #ask(): Promise<string | undefined> {
    const { timeoutMs } = this.#options
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)])
      // A connection of its own each time: a server that takes no new ones is not well.
      const headers = { 'user-agent': 'ringwall-health-check' }
      const { statusCode, body } = await request(this.#url, { signal, headers, reset: true })
      await body.dump({ limit: 64 * 1024, signal })
      return statusCode >= 200 && statusCode < 400 ? undefined : `it answers ${statusCode}`
    } catch (thrown) {
      return describeError(thrown)
    }
  }

  #note(why: string | undefined): void {
    const isGood = why === undefined
    if (isGood === this.#isUp) {
      this.#inARow = 0
      return
    }
    this.#inARow++
    if (this.#inARow < (isGood ? this.#options.healthy : this.#options.unhealthy)) return
    this.#inARow = 0
    this.#isUp = isGood
    this.#onChange(isGood, why ?? '')
  }
}
