import type { CounterResult, CounterRule } from './counters.ts'

/** A request that waits for the server. */
export interface Waiting {
  readonly cost: number
  readonly resolve: (result: CounterResult) => void
}

/** What this gateway knows of one key. */
export interface LeaseEntry {
  readonly key: string
  rule: CounterRule
  /** Tokens in hand, until `leaseEnds` on the monotonic clock. */
  lease: number
  leaseEnds: number
  /** Taken and not reported yet. */
  used: number
  usedAt: number
  /** Tokens a second, smoothed. */
  rate: number
  /** The shared arrival time on our monotonic clock, as it was last told. */
  arrival: number
  /** What others hold, as last told. */
  others: number
  refusedUntil: number
  refusedCost: number
  lastTaken: number
  lastTold: number
  takenSince: number
  isAsking: boolean
  /** Of the connection that told it last; another one may be to a server that has lost its memory. */
  epoch: number
  /** Counting alone, since Redis is away; `aloneArrival` is then its own arrival time. */
  isAlone: boolean
  aloneArrival: number
  waiting: Waiting[]
}

/** A key of which nothing is known yet. */
export function newEntry(key: string, rule: CounterRule, now: number, epoch: number): LeaseEntry {
  return {
    key,
    rule,
    lease: 0,
    leaseEnds: 0,
    used: 0,
    usedAt: 0,
    rate: 0,
    arrival: 0,
    others: 0,
    refusedUntil: 0,
    refusedCost: 0,
    lastTaken: now,
    lastTold: now,
    takenSince: 0,
    isAsking: false,
    epoch,
    isAlone: false,
    aloneArrival: 0,
    waiting: [],
  }
}

/** Tokens that are free for this gateway: what nobody holds, and what it holds itself. */
function freeOf(entry: LeaseEntry, now: number): number {
  const interval = entry.rule.periodMs / entry.rule.limit
  const arrival = Math.max(entry.arrival, now) + entry.used * interval
  return Math.max(0, Math.floor((now + entry.rule.periodMs - arrival) / interval + 1e-9) - entry.others)
}

/** What a cost of nothing is answered: it only looks. */
export function looked(entry: LeaseEntry, now: number): CounterResult {
  return { ...allowed(entry, now), allowed: true }
}

/** The result of a take that passed. */
export function allowed(entry: LeaseEntry, now: number): CounterResult {
  const interval = entry.rule.periodMs / entry.rule.limit
  return {
    allowed: true,
    remaining: freeOf(entry, now),
    retryAfterMs: 0,
    resetMs: Math.ceil(Math.max(0, entry.arrival - now) + (entry.used + entry.others) * interval),
  }
}

/** The result of a take that did not pass. */
export function refused(entry: LeaseEntry, cost: number, now: number): CounterResult {
  const interval = entry.rule.periodMs / entry.rule.limit
  const aheadMs = Math.max(0, entry.arrival - now) + (entry.used + entry.others) * interval
  return {
    allowed: false,
    remaining: freeOf(entry, now),
    retryAfterMs: Math.max(1, Math.ceil(aheadMs + cost * interval - entry.rule.periodMs)),
    resetMs: Math.ceil(aheadMs),
  }
}
