import { describeError } from './core/errors.ts'
import { openWire, type Wire } from './wire/index.ts'

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
  readonly #origin: string
  readonly #options: HealthCheckOptions
  readonly #onChange: (isUp: boolean, why: string) => void
  #isClosed = false
  #isUp = true
  #inARow = 0
  #timer: NodeJS.Timeout | undefined

  constructor(origin: string, options: HealthCheckOptions, onChange: (isUp: boolean, why: string) => void) {
    this.#origin = origin
    this.#options = options
    this.#onChange = onChange
    this.#schedule(0)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      void this.#ask().then((why) => {
        if (this.#isClosed) return
        this.#note(why)
        this.#schedule(this.#options.intervalMs)
      })
    }, afterMs).unref()
  }

  /** Why the server is not well; undefined where it is. A connection of its own each time: who takes no new ones is not well. */
  async #ask(): Promise<string | undefined> {
    const { path, timeoutMs } = this.#options
    const wire = openWire({
      origin: this.#origin,
      connectTimeoutMs: timeoutMs,
      headTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
      maxConnections: 1,
    })
    try {
      const status = await statusOf(wire, new URL(this.#origin).host, path)
      return status >= 200 && status < 400 ? undefined : `it answers ${status}`
    } catch (thrown) {
      return describeError(thrown)
    } finally {
      await wire.close()
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

/** The status of an answer; what follows its head is of no concern. */
function statusOf(wire: Wire, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const nothing = (): void => undefined
    wire.send(
      {
        method: 'GET',
        target: path,
        fields: ['Host', host, 'User-Agent', 'ringwall-health-check'],
        body: null,
        bodyBytes: undefined,
        upgrade: false,
      },
      { information: nothing, head: resolve, data: nothing, end: nothing, switched: nothing, fail: reject },
    )
  })
}
