import { randomBytes } from 'node:crypto'

import type { Redis } from 'ioredis'

import {
  type CounterResult,
  type CounterRule,
  type Counters,
  gcra,
  type Place,
  Places,
  requireSense,
} from './counters.ts'
import { allowed, type LeaseEntry, looked, newEntry, refused, type Waiting } from './lease-entry.ts'
import { type LeaseAnswer, leaseScript, type LeaseQuestion } from './lease-script.ts'

/** How often leases are looked after. One call carries all keys that need it. */
const TICK_MS = 100
/** A lease counts so long on the server; here it is used for less, so that both never disagree. */
const LEASE_MS = 5000
const USABLE_MS = 4000
/** What was used is reported at the latest after so long. */
const REPORT_MS = 1000
/** A key without a request for so long gives its lease back. */
const IDLE_MS = 3000
/** After a refusal nobody asks again before; what trickles in meanwhile is then given at once. */
const MIN_REFUSED_MS = 50
/** ... and somebody asks after so long at the latest, so that a reset by hand counts. */
const MAX_REFUSED_MS = 1000
/** Tokens a second below which a lease is not worth it. */
const MIN_RATE = 0.25
const PROBE_MS = 1000
const MAX_KEYS = 200_000
const MAX_BATCH = 200

/** How much the counters had to ask, for tests and benchmarks. */
export interface SharedFigures {
  readonly takes: number
  /** Takes that waited for Redis. */
  readonly waited: number
  /** Calls to Redis, those in the background included. */
  readonly calls: number
}

/**
 * Counters that several gateways share. Each holds small leases of tokens, so that most requests are counted without asking;
 * all reports and renewals go in one call of one script every 100 ms. A limit is never exceeded (see `lease-script.ts`).
 * While Redis is away each gateway counts for itself from what it knew, or as the rule says; nobody gets an error, and it
 * comes back by itself.
 */
export class SharedCounters implements Counters {
  readonly #ask: ReturnType<typeof leaseScript>
  readonly #redis: Redis
  readonly #prefix: string
  readonly #gateway = randomBytes(6).toString('hex')
  readonly #onState: (state: 'shared' | 'local') => void
  readonly #entries = new Map<string, LeaseEntry>()
  readonly #places = new Places()
  /** Keys with something to report, to renew or to give back. */
  readonly #cared = new Set<LeaseEntry>()
  #asking = new Set<LeaseEntry>()
  #isScheduled = false
  #state: 'shared' | 'local' = 'shared'
  #epoch = 0
  #probeAt = 0
  #isProbing = false
  #figures = { takes: 0, waited: 0, calls: 0 }
  readonly #timer: NodeJS.Timeout

  constructor(
    redis: Redis,
    prefix = 'ringwall:',
    onState: (state: 'shared' | 'local') => void = () => undefined,
  ) {
    this.#redis = redis
    this.#prefix = prefix
    this.#onState = onState
    this.#ask = leaseScript(redis, prefix)
    redis.on('close', () => this.#epoch++)
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref()
  }

  get figures(): SharedFigures {
    return { ...this.#figures }
  }

  take(key: string, cost: number, rule: CounterRule): CounterResult | Promise<CounterResult> {
    requireSense(cost, rule)
    const now = performance.now()
    const entry = this.#entryOf(key, rule, now)
    this.#figures.takes++
    entry.lastTaken = now
    if (cost > 0 && entry.lease >= cost && now < entry.leaseEnds && !entry.isAlone) {
      entry.lease -= cost
      this.#use(entry, cost, now)
      return allowed(entry, now)
    }
    if (now < entry.refusedUntil && cost >= entry.refusedCost && !entry.isAlone)
      return refused(entry, cost, now)
    if (this.#state === 'local') return this.#takeAlone(entry, cost, now)
    this.#figures.waited++
    const { promise, resolve } = Promise.withResolvers<CounterResult>()
    entry.waiting.push({ cost, resolve })
    this.#schedule(entry)
    return promise
  }

  enter(key: string, most: number): Place | undefined {
    return this.#places.enter(key, most)
  }

  async reset(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (entry && entry.waiting.length === 0) {
      this.#entries.delete(key)
      this.#cared.delete(entry)
    }
    if (this.#state === 'local') return
    try {
      await this.#redis.del(`${this.#prefix}limit:${key}`)
    } catch {
      this.#fail()
    }
  }

  /** Gives all leases back. The connection is somebody else's. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    const held = [...this.#cared].filter((entry) => !entry.isAsking)
    this.#cared.clear()
    if (this.#state === 'local') return
    for (const entry of held) entry.lease = 0
    for (let i = 0; i < held.length; i += MAX_BATCH)
      await this.#call(held.slice(i, i + MAX_BATCH), performance.now(), true)
  }

  #entryOf(key: string, rule: CounterRule, now: number): LeaseEntry {
    const known = this.#entries.get(key)
    if (known) {
      known.rule = rule
      return known
    }
    // INVARIANT: at most MAX_KEYS. What is forgotten here is asked for again; the server still knows it.
    if (this.#entries.size >= MAX_KEYS) this.#forgetOldest()
    const entry = newEntry(key, rule, now, this.#epoch)
    this.#entries.set(key, entry)
    return entry
  }

  #forgetOldest(): void {
    for (const [key, entry] of this.#entries) {
      if (entry.isAsking || entry.waiting.length > 0) continue
      this.#entries.delete(key)
      this.#cared.delete(entry)
      return
    }
  }

  #use(entry: LeaseEntry, cost: number, now: number): void {
    if (entry.used === 0) entry.usedAt = now
    entry.used += cost
    entry.takenSince += cost
    this.#cared.add(entry)
  }

  /** Asks for everything that waits, in one call at the end of this turn of the event loop. */
  #schedule(entry: LeaseEntry): void {
    if (!entry.isAsking) this.#asking.add(entry)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      const entries = [...this.#asking].filter((entry) => !entry.isAsking)
      this.#asking = new Set()
      this.#send(entries)
    })
  }

  #send(entries: readonly LeaseEntry[]): void {
    for (let i = 0; i < entries.length; i += MAX_BATCH)
      void this.#call(entries.slice(i, i + MAX_BATCH), performance.now(), false)
  }

  /** Never rejects: what cannot be asked is decided alone. */
  async #call(entries: readonly LeaseEntry[], now: number, isLast: boolean): Promise<void> {
    const asked = entries.map((entry) => this.#question(entry, now, isLast))
    this.#figures.calls++
    try {
      const answers = await this.#ask(
        this.#gateway,
        LEASE_MS,
        asked.map(({ question }) => question),
      )
      this.#become('shared')
      for (const [i, answer] of answers.entries())
        this.#learn(entries[i] as LeaseEntry, asked[i] as Asked, answer, now)
    } catch {
      for (const [i, entry] of entries.entries()) {
        const { question } = asked[i] as Asked
        entry.isAsking = false
        // Whether it was counted is unknown; counting it twice is the safe side.
        entry.used += question.used
        if (entry.used !== 0) this.#cared.add(entry)
      }
      this.#fail()
      const later = performance.now()
      for (const [i, entry] of entries.entries())
        for (const { cost, resolve } of (asked[i] as Asked).served)
          resolve(this.#takeAlone(entry, cost, later))
      for (const entry of entries) this.#serveAlone(entry, later)
    }
  }

  #question(entry: LeaseEntry, now: number, isLast: boolean): Asked {
    const { rule, used } = entry
    const served = entry.waiting.splice(0)
    const need = served.reduce((sum, { cost }) => sum + cost, 0)
    const isActive = !isLast && now - entry.lastTaken < IDLE_MS
    if (now >= entry.leaseEnds || !isActive) entry.lease = 0
    const hold = entry.lease
    const sinceMs = Math.max(TICK_MS, now - entry.lastTold)
    entry.rate = (entry.rate + (entry.takenSince * 1000) / sinceMs) / 2
    entry.takenSince = 0
    entry.lastTold = now
    // About a second's worth, and never a large part of the limit in one hand; small limits are always asked for.
    const wish = Math.min(Math.ceil(entry.rate * 1.5), Math.floor(rule.limit / 16))
    entry.used = 0
    entry.isAsking = true
    const isNew = entry.epoch !== this.#epoch
    entry.epoch = this.#epoch
    return {
      served,
      question: {
        key: entry.key,
        limit: rule.limit,
        periodMs: rule.periodMs,
        used,
        need,
        hold,
        want: isActive && entry.rate >= MIN_RATE ? Math.max(hold, wish) : hold,
        aheadMs: isNew ? Math.max(0, Math.min(entry.arrival - now, rule.periodMs)) : 0,
      },
    }
  }

  #learn(entry: LeaseEntry, { served }: Asked, answer: LeaseAnswer, sentAt: number): void {
    const now = performance.now()
    entry.isAsking = false
    entry.isAlone = false
    // What was used of the held tokens while the question was under way is in `used`.
    entry.lease = Math.max(0, answer.lease - entry.used)
    entry.leaseEnds = sentAt + USABLE_MS
    entry.arrival = now + answer.aheadMs
    entry.others = answer.others
    let left = answer.given
    entry.refusedUntil = 0
    for (const { cost, resolve } of served) {
      if (cost <= left) {
        left -= cost
        entry.takenSince += cost
        resolve(cost === 0 ? looked(entry, now) : allowed(entry, now))
        continue
      }
      const result = refused(entry, cost, now)
      const waitMs = Math.min(Math.max(result.retryAfterMs, MIN_REFUSED_MS), MAX_REFUSED_MS)
      if (entry.refusedUntil === 0 || cost < entry.refusedCost) entry.refusedCost = cost
      entry.refusedUntil = now + waitMs
      resolve(result)
    }
    // Given for somebody whose cost did not fit: it goes back with the next report.
    entry.used -= left
    if (entry.lease > 0 || entry.used !== 0) this.#cared.add(entry)
    else this.#cared.delete(entry)
    if (entry.waiting.length > 0) this.#schedule(entry)
  }

  #tick(): void {
    const now = performance.now()
    if (this.#state === 'local') {
      if (!this.#isProbing && now >= this.#probeAt) void this.#probe()
      return
    }
    const due = [...this.#cared].filter((entry) => !entry.isAsking && isDue(entry, now))
    if (due.length > 0) this.#send(due)
    if (this.#entries.size > MAX_KEYS / 2) this.#sweep(now)
  }

  #sweep(now: number): void {
    for (const [key, entry] of this.#entries)
      if (now - entry.lastTaken > 10_000 && !this.#cared.has(entry) && entry.waiting.length === 0)
        this.#entries.delete(key)
  }

  async #probe(): Promise<void> {
    this.#isProbing = true
    this.#probeAt = performance.now() + PROBE_MS
    try {
      await this.#redis.ping()
      // What was counted alone is told before anybody asks.
      this.#become('shared')
      this.#send([...this.#cared].filter((entry) => !entry.isAsking))
    } catch {
      // Still away.
    } finally {
      this.#isProbing = false
    }
  }

  #fail(): void {
    this.#epoch++
    this.#probeAt = performance.now() + PROBE_MS
    this.#become('local')
    // Nobody waits for a server that is away.
    const now = performance.now()
    for (const entry of this.#asking) this.#serveAlone(entry, now)
    this.#asking.clear()
  }

  #serveAlone(entry: LeaseEntry, now: number): void {
    for (const { cost, resolve } of entry.waiting.splice(0)) resolve(this.#takeAlone(entry, cost, now))
  }

  #takeAlone(entry: LeaseEntry, cost: number, now: number): CounterResult {
    const { rule } = entry
    if (rule.onFailure === 'closed')
      return { allowed: false, remaining: 0, retryAfterMs: PROBE_MS, resetMs: rule.periodMs }
    if (rule.onFailure === 'open')
      return { allowed: true, remaining: rule.limit, retryAfterMs: 0, resetMs: 0 }
    if (!entry.isAlone) {
      entry.isAlone = true
      entry.lease = 0
      entry.aloneArrival = Math.max(entry.arrival, now) + (entry.used * rule.periodMs) / rule.limit
    }
    const { result, arrivalMs } = gcra(entry.aloneArrival, cost, rule, now)
    entry.aloneArrival = arrivalMs
    if (result.allowed && cost > 0) this.#use(entry, cost, now)
    return result
  }

  #become(state: 'shared' | 'local'): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState(state)
  }
}

interface Asked {
  readonly question: LeaseQuestion
  readonly served: readonly Waiting[]
}

function isDue(entry: LeaseEntry, now: number): boolean {
  if (now - entry.lastTaken >= IDLE_MS || now >= entry.leaseEnds - USABLE_MS / 4) return true
  if (entry.used !== 0 && now - entry.usedAt >= REPORT_MS) return true
  // Renewed before it is empty, so that nobody waits.
  return entry.used > 0 && entry.lease < entry.rate / 2 && entry.refusedUntil < now
}
