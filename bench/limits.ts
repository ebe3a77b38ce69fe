// What does one question to a limit cost, in memory and over Redis, against rate-limiter-flexible in the same run?
import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'

import { MemoryCounters, openRedis, requireRedis, SharedCounters } from '../src/store/index.ts'
import { startRedis } from '../src/store/testing.ts'
import { median } from './measured-process.ts'
import type { BenchResult } from './run.ts'

const KEYS = 200
const RULE = { limit: 1_000_000, periodMs: 60_000 }

type Ask = (key: string) => unknown

/** CPU microseconds of this process for one question; questions come in bunches, as requests do on a busy gateway. */
async function cost(ask: Ask, times: number, bunch: number): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < times; i += bunch) {
    const asked: Promise<unknown>[] = []
    for (let j = 0; j < bunch; j++) {
      const said = ask(`key${(i + j) % KEYS}`)
      if (said instanceof Promise) asked.push(said)
    }
    if (asked.length > 0) await Promise.all(asked)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

/** All of them in turn, round after round, so that a noisy neighbour disturbs all alike. */
async function compare(asks: Readonly<Record<string, Ask>>, times: number, bunch: number, rounds: number) {
  const costs = new Map(Object.keys(asks).map((name) => [name, [] as number[]]))
  for (let round = -1; round < rounds; round++) {
    for (const [name, ask] of Object.entries(asks)) {
      const micros = await cost(ask, times, bunch)
      if (round >= 0) costs.get(name)?.push(micros)
    }
  }
  return (name: string): number => Math.round(median(costs.get(name) ?? []) * 1000) / 1000
}

export async function run(options: { readonly quick: boolean }): Promise<BenchResult> {
  const rounds = options.quick ? 3 : 7
  const memory = new MemoryCounters()
  const flexible = new RateLimiterMemory({ points: RULE.limit, duration: 60 })
  const inMemory = await compare(
    { ours: (key) => memory.take(key, 1, RULE, Date.now()), theirs: (key) => flexible.consume(key) },
    options.quick ? 50_000 : 200_000,
    100,
    rounds,
  )
  const figures: Record<string, number> = { memory_us: inMemory('ours') }
  const peers: Record<string, number | string> = { 'memory.rate_limiter_flexible': inMemory('theirs') }
  const ratio: Record<string, number> = {
    'memory.rate_limiter_flexible': round2(inMemory('ours') / inMemory('theirs')),
  }
  const server = await startRedis()
  if (!server) {
    peers['redis.rate_limiter_flexible'] = 'absent: redis-server is not installed'
    return { bench: 'limits', figures, peers, ratio }
  }
  const ours = openRedis(server.url)
  await requireRedis(ours)
  const theirs = new Redis(server.url.reveal())
  const shared = new SharedCounters(ours, 'bench:')
  const overRedis = new RateLimiterRedis({ storeClient: theirs, points: RULE.limit, duration: 60 })
  const times = options.quick ? 10_000 : 40_000
  const atRedis = await compare(
    { ours: (key) => shared.take(key, 1, RULE), theirs: (key) => overRedis.consume(key) },
    times,
    50,
    rounds,
  )
  const { takes, waited, calls } = shared.figures
  figures['redis_us'] = atRedis('ours')
  figures['redis_waited_percent'] = round2((waited / takes) * 100)
  figures['redis_calls_percent'] = round2((calls / takes) * 100)
  peers['redis.rate_limiter_flexible'] = atRedis('theirs')
  ratio['redis.rate_limiter_flexible'] = round2(atRedis('ours') / atRedis('theirs'))
  await shared.close()
  ours.disconnect()
  theirs.disconnect()
  await server.release()
  return { bench: 'limits', figures, peers, ratio }
}

function round2(value: number): number {
  return Math.round(value * 1000) / 1000
}
