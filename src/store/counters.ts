/** So many in so much time. GCRA spreads them evenly and lets a burst of `limit` through at once. */
export interface CounterRule {
  readonly limit: number
  readonly periodMs: number
  /** While the shared counters are away: each process counts for itself (the default), nothing passes, everything passes. */
  readonly onFailure?: 'local' | 'closed' | 'open' | undefined
}

/** A place among those that may be taken at once. */
export interface Place {
  /** How many are left. */
  readonly left: number
  /** Gives it back; more than once does nothing. */
  leave(): void
}

/** What a counter said. */
export interface CounterResult {
  readonly allowed: boolean
  /** How many more would be allowed now. */
  readonly remaining: number
  /** When not allowed: how long to wait. 0 when allowed. */
  readonly retryAfterMs: number
  /** When the counter will be as if never used. */
  readonly resetMs: number
}

/** Counters that forget by themselves. Synchronous in memory, asynchronous elsewhere. */
export interface Counters {
  take(key: string, cost: number, rule: CounterRule, nowMs: number): CounterResult | Promise<CounterResult>
  /** Takes one of `most` places, or says that there is none. Counted by each process for itself, so that a crash frees them. */
  enter(key: string, most: number): Place | undefined | Promise<Place | undefined>
  /** Forgets what was counted; places stay with those who have them. */
  reset(key: string): void | Promise<void>
  close(): Promise<void>
}

/** A cost or a rule without sense is a programmer's mistake, whatever counts. */
export function requireSense(cost: number, rule: CounterRule): void {
  if (cost >= 0 && rule.limit > 0 && rule.periodMs > 0) return
  throw new TypeError('a counter needs a cost of 0 or more and a rule with a limit and a period above 0')
}

/**
 * The generic cell rate algorithm (ATM Forum TM 4.0, 4.4.2): one number per key, the theoretical arrival time. Unlike
 * a fixed window it has no edge at which twice the limit gets through, and nothing to expire that could be lost.
 */
export function gcra(
  arrivalMs: number | undefined,
  cost: number,
  rule: CounterRule,
  nowMs: number,
): { readonly result: CounterResult; readonly arrivalMs: number } {
  requireSense(cost, rule)
  const interval = rule.periodMs / rule.limit
  const before = Math.max(arrivalMs ?? nowMs, nowMs)
  const after = before + interval * cost
  const overMs = after - nowMs - rule.periodMs
  // Fractions of an interval add up to rounding errors far below a microsecond.
  if (overMs > 1e-6) {
    const remaining = Math.max(0, Math.floor((nowMs + rule.periodMs - before) / interval + 1e-9))
    return {
      arrivalMs: before,
      result: {
        allowed: false,
        remaining,
        retryAfterMs: Math.ceil(overMs),
        resetMs: Math.ceil(before - nowMs),
      },
    }
  }
  const remaining = Math.max(0, Math.floor((nowMs + rule.periodMs - after) / interval + 1e-9))
  return {
    arrivalMs: after,
    result: { allowed: true, remaining, retryAfterMs: 0, resetMs: Math.ceil(after - nowMs) },
  }
}

/** Places of this process. A key is held only while somebody has a place. */
export class Places {
  readonly #taken = new Map<string, number>()

  /** Keys with somebody in. */
  get size(): number {
    return this.#taken.size
  }

  enter(key: string, most: number): Place | undefined {
    const taken = this.#taken.get(key) ?? 0
    if (taken >= most) return undefined
    this.#taken.set(key, taken + 1)
    let isIn = true
    return {
      left: most - taken - 1,
      leave: () => {
        if (!isIn) return
        isIn = false
        const now = (this.#taken.get(key) ?? 1) - 1
        if (now > 0) this.#taken.set(key, now)
        else this.#taken.delete(key)
      },
    }
  }
}

/** Counters of this process, bounded in number. */
export class MemoryCounters implements Counters {
  readonly #arrivals = new Map<string, number>()
  readonly #places = new Places()
  readonly #maxKeys: number

  constructor(maxKeys = 200_000) {
    this.#maxKeys = maxKeys
  }

  get size(): number {
    return this.#arrivals.size
  }

  take(key: string, cost: number, rule: CounterRule, nowMs: number): CounterResult {
    const { result, arrivalMs } = gcra(this.#arrivals.get(key), cost, rule, nowMs)
    // INVARIANT: at most maxKeys. The key that was used longest ago goes first; re-inserting keeps the order, also for a key
    // that is refused, so that nobody can push his own count out.
    this.#arrivals.delete(key)
    if (this.#arrivals.size >= this.#maxKeys)
      this.#arrivals.delete(this.#arrivals.keys().next().value as string)
    this.#arrivals.set(key, arrivalMs)
    return result
  }

  enter(key: string, most: number): Place | undefined {
    return this.#places.enter(key, most)
  }

  reset(key: string): void {
    this.#arrivals.delete(key)
  }

  async close(): Promise<void> {
    this.#arrivals.clear()
  }
}
