import assert from 'node:assert/strict'
import test from 'node:test'

import { type CounterRule, openRedis, requireRedis, SharedCounters } from './index.ts'
import { notHere, startRedis } from './testing.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A private Redis with so many gateways on it. */
async function gateways(context: test.TestContext, count: number) {
  const server = await startRedis()
  if (!server) {
    notHere(context, 'redis-server', 'apt-get install redis-server')
    return undefined
  }
  const states: string[] = []
  const connections = Array.from({ length: count }, () => openRedis(server.url))
  for (const redis of connections) await requireRedis(redis)
  const all = connections.map((redis) => new SharedCounters(redis, 'test:', (state) => states.push(state)))
  const close = async (): Promise<void> => {
    for (const counters of all) await counters.close()
    for (const redis of connections) redis.disconnect()
    await server.release()
  }
  context.after(close)
  return { server, states, all, connections }
}

async function passed(counters: SharedCounters, times: number, rule: CounterRule, key = 'k', cost = 1) {
  let count = 0
  for (let i = 0; i < times; i++) if ((await counters.take(key, cost, rule)).allowed) count++
  return count
}

test('small limits are exact over several gateways, one request after another', async (context) => {
  const rig = await gateways(context, 3)
  if (!rig) return
  const rule = { limit: 8, periodMs: 3_600_000 }
  let count = 0
  for (let i = 0; i < 30; i++) count += await passed(rig.all[i % 3] as SharedCounters, 1, rule)
  assert.equal(count, 8)
  const peek = await rig.all[1]?.take('k', 0, rule)
  assert.equal(peek?.remaining, 0)
  await rig.all[2]?.reset('k')
  await pause(1100)
  assert.equal(await passed(rig.all[0] as SharedCounters, 9, rule), 8, 'after a reset by another gateway')
})

test('a burst at all gateways at once passes the limit and not one more; few requests wait', async (context) => {
  const rig = await gateways(context, 4)
  if (!rig) return
  const rule = { limit: 2000, periodMs: 86_400_000 }
  const bursts = rig.all.map(async (counters) => {
    let count = 0
    for (let i = 0; i < 40; i++) {
      const results = Array.from({ length: 50 }, async () => counters.take('burst', 1, rule))
      for (const result of await Promise.all(results)) if (result.allowed) count++
      if (i % 4 === 0) await pause(5)
    }
    return count
  })
  const counts = await Promise.all(bursts)
  const sum = counts.reduce((a, b) => a + b, 0)
  assert.ok(sum <= 2000, `${sum} of 2000`)
  // What one holds and did not use is not lost, but given back when it is idle.
  const rest = await passed(rig.all[0] as SharedCounters, 2000, rule, 'burst')
  await pause(3500)
  const last = await passed(rig.all[1] as SharedCounters, 2000, rule, 'burst')
  assert.ok(sum + rest + last <= 2001 && sum + rest + last >= 1990, `${sum} + ${rest} + ${last}`)
})

test('whatever the pattern, no window sees more than GCRA allows', async (context) => {
  const rig = await gateways(context, 3)
  if (!rig) return
  const rule = { limit: 100, periodMs: 2000 }
  const times: number[] = []
  const startedAt = performance.now()
  let seed = 7
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
  while (performance.now() - startedAt < 5000) {
    const counters = rig.all[random(3)] as SharedCounters
    const results = Array.from({ length: random(12) }, async () => counters.take('w', 1 + random(3), rule))
    const before = performance.now()
    for (const result of await Promise.all(results)) if (result.allowed) times.push(before)
    if (random(4) === 0) await pause(random(60))
  }
  // Costs are 1 to 3, so requests are fewer than tokens; the bound for tokens holds for them all the more.
  for (const windowMs of [50, 200, 1000, 3000]) {
    const bound = rule.limit + (windowMs / rule.periodMs) * rule.limit
    for (let from = 0, to = 0; to < times.length; to++) {
      while ((times[to] as number) - (times[from] as number) > windowMs) from++
      assert.ok(to - from + 1 <= bound * 1.01, `${to - from + 1} in ${windowMs} ms, ${bound} are allowed`)
    }
  }
  assert.ok(times.length > 100, String(times.length))
})

test('a lease of a gateway that died counts as used, and the others go on', async (context) => {
  const rig = await gateways(context, 2)
  if (!rig) return
  const [first, second] = rig.all as [SharedCounters, SharedCounters]
  const rule = { limit: 1000, periodMs: 3_600_000 }
  const before = await passed(first, 200, rule)
  await pause(150)
  await passed(first, 1, rule)
  // Never closed, never heard of again: its lease ends by the server's clock.
  rig.connections[0]?.disconnect()
  await pause(5200)
  const after = await passed(second, 2000, rule)
  assert.ok(before + 1 + after <= 1002, `${before} and ${after}; one more each 3.6 s`)
  assert.ok(before + 1 + after >= 900, `${before} and ${after}`)
})

test('costs take several; a cost beyond what is left is refused, a smaller one passes', async (context) => {
  const rig = await gateways(context, 1)
  if (!rig) return
  const counters = rig.all[0] as SharedCounters
  const rule = { limit: 10, periodMs: 3_600_000 }
  assert.equal(await passed(counters, 3, rule, 'c', 4), 2)
  assert.equal(await passed(counters, 3, rule, 'c', 1), 2)
  assert.throws(() => counters.take('c', -1, rule), TypeError)
  assert.throws(() => counters.take('c', 1, { ...rule, limit: 0 }), TypeError)
  const together = await Promise.all([3, 4, 5].map(async (cost) => counters.take('d', cost, rule)))
  assert.deepEqual(
    together.map((result) => result.allowed),
    [true, true, false],
  )
  await pause(1100)
  assert.equal((await counters.take('d', 3, rule)).allowed, true, 'what was given for the third went back')
})

test('while Redis is away each rule does as it says, from what was known, and comes back by itself', async (context) => {
  const rig = await gateways(context, 1)
  if (!rig) return
  const counters = rig.all[0] as SharedCounters
  const rule = { limit: 5, periodMs: 3_600_000 }
  assert.equal(await passed(counters, 3, rule), 3)
  await rig.server.stop()
  assert.equal(await passed(counters, 9, rule), 2, 'local: the rest of what was known')
  assert.equal(await passed(counters, 9, rule, 'new'), 5)
  assert.equal(await passed(counters, 9, { ...rule, onFailure: 'closed' }, 'c'), 0)
  assert.equal(await passed(counters, 9, { ...rule, onFailure: 'open' }, 'o'), 9)
  assert.deepEqual(rig.states, ['local'])
  const second = await startRedis(rig.server.port)
  assert.ok(second)
  const end = Date.now() + 20_000
  while (rig.states.at(-1) !== 'shared') {
    assert.ok(Date.now() < end, 'not shared again within 20 s')
    await pause(50)
  }
  await pause(300)
  assert.equal(await passed(counters, 9, rule), 0, 'the new server was told what the old one knew')
  assert.equal(await passed(counters, 9, rule, 'new'), 0)
  context.after(() => second.release())
})

test('a Redis that hangs costs one wait, then nobody waits for it', async (context) => {
  const rig = await gateways(context, 1)
  if (!rig) return
  const counters = rig.all[0] as SharedCounters
  const rule = { limit: 1000, periodMs: 60_000 }
  await counters.take('k', 1, rule)
  rig.server.pause()
  await counters.take('k2', 1, rule)
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) await counters.take(`k${i}`, 1, rule)
  for (let i = 0; i < 5; i++) await counters.reset('k')
  assert.ok(performance.now() - startedAt < 200, 'the next hundred did not wait')
})
