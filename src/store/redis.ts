import { Redis } from 'ioredis'

import { RingwallError } from '../core/errors.ts'
import { constantSecret, type LiveSecret } from '../core/live-secret.ts'
import { Secret } from '../core/secret.ts'
import {
  type CounterResult,
  type CounterRule,
  type Counters,
  MemoryCounters,
  type Place,
  requireSense,
} from './counters.ts'

/** Redis or Valkey 7 and newer. No command waits for a dead server: there is no offline queue, and each has a deadline. */
export function openRedis(url: Secret | LiveSecret): Redis {
  const source = url instanceof Secret ? constantSecret(url) : url
  let latest = source.current()
  const redis = new Redis(latest.reveal(), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
  })
  // Every failed command rejects by itself; this event would end the process if nobody listened.
  redis.on('error', (error) => {
    // The next attempt to connect is made with what a fresh read gives.
    if (/^(?:WRONGPASS|NOAUTH)/.test(error.message)) source.refresh(latest).then(use, () => undefined)
  })
  const use = (secret: Secret): void => {
    latest = secret
    const next = URL.parse(secret.reveal())
    if (!next) return
    redis.options.username = decodeURIComponent(next.username)
    redis.options.password = decodeURIComponent(next.password)
  }
  // Connections that stand stay: Redis asks for the password once.
  redis.once('end', source.onChange(use))
  return redis
}

/** Waits until a connection stands, for the start, where a wrong URL must be told. */
export async function requireRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new RingwallError('store.unreachable', 'cannot reach Redis within 3 seconds; check `store.redis`'),
      )
    }, 3000)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

// KEYS[1] the counter; ARGV: cost, limit, period in ms. The server's clock, and the expiry in the same step.
const GCRA_SCRIPT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local cost, limit, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local interval = period / limit
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local after = before + interval * cost
local over = after - now - period
if over > 0.000001 then
  return {0, math.max(0, math.floor((now + period - before) / interval + 0.000000001)), math.ceil(over), math.ceil(before - now)}
end
redis.call('SET', KEYS[1], string.format('%.4f', after), 'PX', math.ceil(after - now) + 1000)
return {1, math.max(0, math.floor((now + period - after) / interval + 0.000000001)), 0, math.ceil(after - now)}
`

const PROBE_MS = 1000

type Take = (
  key: string,
  cost: number,
  limit: number,
  periodMs: number,
) => Promise<[number, number, number, number]>

/**
 * Counters that several gateways share. While Redis is away each gateway counts for itself: nobody gets a 500, and the
 * limits still hold per process. It comes back by itself.
 */
export class RedisCounters implements Counters {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #local = new MemoryCounters()
  readonly #onState: (state: 'shared' | 'local') => void
  #state: 'shared' | 'local' = 'shared'
  /** After a failure nobody waits for Redis until then; one request tries it again. */
  #closedUntil = 0

  constructor(
    redis: Redis,
    prefix = 'ringwall:',
    onState: (state: 'shared' | 'local') => void = () => undefined,
  ) {
    this.#redis = redis
    this.#prefix = prefix
    this.#onState = onState
    redis.defineCommand('ringwallTake', { numberOfKeys: 1, lua: GCRA_SCRIPT })
  }

  async take(key: string, cost: number, rule: CounterRule, nowMs: number): Promise<CounterResult> {
    requireSense(cost, rule)
    const elapsed = performance.now()
    if (elapsed < this.#closedUntil) return this.#local.take(key, cost, rule, nowMs)
    if (this.#state === 'local') this.#closedUntil = elapsed + PROBE_MS
    try {
      const redis = this.#redis as Redis & { ringwallTake: Take }
      const said = await redis.ringwallTake(`${this.#prefix}count:${key}`, cost, rule.limit, rule.periodMs)
      this.#closedUntil = 0
      this.#become('shared')
      return { allowed: said[0] === 1, remaining: said[1], retryAfterMs: said[2], resetMs: said[3] }
    } catch {
      this.#closedUntil = performance.now() + PROBE_MS
      this.#become('local')
      return this.#local.take(key, cost, rule, nowMs)
    }
  }

  enter(key: string, most: number): Place | undefined {
    return this.#local.enter(key, most)
  }

  async reset(key: string): Promise<void> {
    this.#local.reset(key)
    if (performance.now() < this.#closedUntil) return
    try {
      await this.#redis.del(`${this.#prefix}count:${key}`)
    } catch {
      this.#closedUntil = performance.now() + PROBE_MS
      this.#become('local')
    }
  }

  async close(): Promise<void> {
    await this.#local.close()
  }

  #become(state: 'shared' | 'local'): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState(state)
  }
}
