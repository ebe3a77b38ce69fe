// Limits over three gateway processes and a real Redis that is killed and started again in the middle. What is counted is what
// clients saw; what Redis was asked is what Redis itself says (INFO commandstats).
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { Redis } from 'ioredis'
import { Pool } from 'undici'

import { startRedis } from '../src/store/testing.ts'
import type { SuiteResult } from './suite.ts'

const GATEWAYS = 3
/** Above the limit, over all gateways. */
const MAX_OVERSHOOT = 0.01
/** Calls to Redis for each request, those in the background included. */
const MAX_TOUCH = 0.02
/** So many clients that none is at its limit when Redis dies. */
const OUTAGE_KEYS = 60

interface Rig {
  readonly pools: readonly Pool[]
  readonly counts: Map<number, number>
}

/** The checks, by id: true where it holds. Short: a few seconds in all. */
export async function measureLimits(isShort: boolean): Promise<ReadonlyMap<string, boolean> | undefined> {
  const server = await startRedis()
  if (!server) return undefined
  const application = http.createServer((_req, res) => res.end('x')).listen(0, '127.0.0.1')
  await once(application, 'listening')
  const origin = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  const children: ChildProcess[] = []
  let second: Awaited<ReturnType<typeof startRedis>>
  const checks = new Map<string, boolean>()
  const pools: Pool[] = []
  try {
    for (let i = 0; i < GATEWAYS; i++) {
      const child = fork(join(import.meta.dirname, 'limits', 'gateway.ts'), [server.url.reveal(), origin])
      children.push(child)
      const [url] = (await once(child, 'message')) as [string]
      pools.push(new Pool(url, { connections: 24 }))
    }
    const rig: Rig = { pools, counts: new Map() }
    const seconds = isShort ? 2 : 8

    const small = await inTurn(rig, '/small', 45)
    checks.set('small limit exact over three gateways', small === 10)

    const hotSeconds = isShort ? 3 : 10
    const hot = await flood(rig, '/hot', ['one'], hotSeconds)
    const most = 3000 + hot.seconds * 50
    say(
      `one hot key: ${hot.passed} passed of ${hot.sent}, ${most.toFixed(0)} are allowed, overshoot ${percent(hot.passed / most - 1)}`,
    )
    checks.set('hot key: at most 1 % over the limit', hot.passed <= most * (1 + MAX_OVERSHOOT))
    checks.set('hot key: at least 90 % of what is allowed', hot.passed >= Math.min(most, hot.sent) * 0.9)

    const keys = Array.from({ length: 60 }, (_, i) => `tenant ${i}`)
    await flood(rig, '/many', keys, 1)
    const redis = new Redis(server.url.reveal())
    await redis.config('RESETSTAT')
    const many = await flood(rig, '/many', keys, seconds)
    const calls = await scriptCalls(redis)
    redis.disconnect()
    say(`60 keys: ${many.sent} requests, ${calls} calls to Redis, ${percent(calls / many.sent)} of requests`)
    checks.set('many keys: at most 2 % of requests touch Redis', calls <= many.sent * MAX_TOUCH)
    checks.set('many keys: none is refused below its limit', many.passed === many.sent)

    const tenants = Array.from({ length: OUTAGE_KEYS }, (_, i) => `tenant ${i}`)
    const allowed = 500 * OUTAGE_KEYS
    const outage = flood(rig, '/outage', tenants, isShort ? 6 : 12)
    await pause(700)
    await server.stop()
    await pause(1500)
    second = await startRedis(server.port)
    const { passed, sent } = await outage
    say(
      `Redis killed and started again: ${passed} passed of ${sent}; ${allowed} are allowed, ${allowed * GATEWAYS} where each counts alone`,
    )
    checks.set('outage: bounded by the limit of each gateway', passed <= allowed * GATEWAYS)
    checks.set('outage: nobody is refused below his limit', passed >= Math.min(allowed, sent) * 0.95)
    await pause(1500)
    const after = await inTurn(rig, '/small', 45, 'after')
    say(`after it is back: ${after} of 10 passed over three gateways`)
    checks.set('outage: exact again afterwards', after === 10)

    const others = [...rig.counts].filter(([status]) => status !== 200 && status !== 429)
    say(`answers: ${[...rig.counts].map(([status, count]) => `${count} of ${status}`).join(', ')}`)
    checks.set('never anything but 200 and 429', others.length === 0)
    return checks
  } finally {
    for (const pool of pools) await pool.destroy()
    for (const child of children) {
      const ended = once(child, 'exit')
      child.disconnect()
      await Promise.race([ended, pause(5000).then(() => child.kill('SIGKILL'))])
    }
    application.closeAllConnections()
    application.close()
    await second?.release()
    await server.release()
  }
}

export async function run(): Promise<SuiteResult> {
  const checks = await measureLimits(false)
  if (!checks) {
    const why = 'redis-server is not here; `apt-get install redis-server` installs it'
    return { total: 1, passed: 0, failed: [], notRun: [{ id: 'limits', why }], known: [] }
  }
  const failed = [...checks].filter(([, holds]) => !holds).map(([id]) => id)
  return { total: checks.size, passed: checks.size - failed.length, failed, notRun: [], known: [] }
}

/** One request after another, each to the next gateway; how many passed. */
async function inTurn(rig: Rig, path: string, times: number, key = 'small'): Promise<number> {
  let passed = 0
  for (let i = 0; i < times; i++)
    if ((await ask(rig, rig.pools[i % GATEWAYS] as Pool, path, key)) === 200) passed++
  return passed
}

/** All gateways at once, each with many requests under way. */
async function flood(rig: Rig, path: string, keys: readonly string[], seconds: number) {
  const startedAt = performance.now()
  let sent = 0
  let passed = 0
  const lanes = rig.pools.flatMap((pool) =>
    Array.from({ length: 12 }, async () => {
      while (performance.now() - startedAt < seconds * 1000) {
        const status = await ask(rig, pool, path, keys[sent++ % keys.length] as string)
        if (status === 200) passed++
      }
    }),
  )
  await Promise.all(lanes)
  return { sent, passed, seconds: (performance.now() - startedAt) / 1000 }
}

async function ask({ counts }: Rig, pool: Pool, path: string, key: string): Promise<number> {
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers: { 'X-Key': key } })
  await body.dump()
  counts.set(statusCode, (counts.get(statusCode) ?? 0) + 1)
  return statusCode
}

async function scriptCalls(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)]
  return calls.reduce((sum, match) => sum + Number(match[1]), 0)
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function say(line: string): void {
  console.error(line)
}
