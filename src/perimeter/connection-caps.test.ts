import assert from 'node:assert/strict'
import test from 'node:test'

import { clientNetwork } from '../core/ip.ts'
import { MemoryCounters } from '../store/index.ts'
import { ConnectionCaps, ConnectionRate } from './connection-caps.ts'

test('one client is full before the house is, and the house is full for everyone', () => {
  const caps = new ConnectionCaps({ perClient: 2, total: 3 })
  assert.equal(caps.admit('192.0.2.1'), 'admitted')
  assert.equal(caps.admit('192.0.2.1'), 'admitted')
  assert.equal(caps.admit('192.0.2.1'), 'client-full')
  assert.equal(caps.admit('192.0.2.2'), 'admitted')
  assert.equal(caps.admit('192.0.2.3'), 'full')
  assert.equal(caps.admit('192.0.2.1'), 'client-full', 'what is wrong with the client comes first')
  caps.release('192.0.2.1')
  assert.equal(caps.admit('192.0.2.3'), 'admitted')
  assert.equal(caps.total, 3)
})

test('all addresses of an IPv6 /64 are one client', () => {
  const caps = new ConnectionCaps({ perClient: 1, total: 10 })
  assert.equal(caps.admit('2001:db8:0:1::1'), 'admitted')
  assert.equal(caps.admit('2001:db8:0:1:ffff::2'), 'client-full')
  assert.equal(caps.admit('2001:db8:0:2::1'), 'admitted')
  caps.release('2001:db8:0:1:aaaa::3')
  assert.equal(caps.openOf('2001:db8:0:1::1'), 0)
})

test('releasing what was never admitted changes nothing', () => {
  const caps = new ConnectionCaps({ perClient: 1, total: 1 })
  caps.release('192.0.2.1')
  assert.equal(caps.admit('192.0.2.2'), 'admitted')
  caps.release('192.0.2.1')
  assert.equal(caps.admit('192.0.2.3'), 'full')
})

test('a cap of nothing is a mistake of the operator', () => {
  for (const limits of [
    { perClient: 0, total: 1 },
    { perClient: 1, total: 0 },
    { perClient: Number.NaN, total: 1 },
  ])
    assert.throws(() => new ConnectionCaps(limits), TypeError)
})

/** A small generator with a seed, so that a failure can be repeated (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('counts never drift: whatever comes and goes, they are those of the open connections', () => {
  const addresses = [
    ...Array.from({ length: 12 }, (_, i) => `192.0.2.${i}`),
    ...Array.from({ length: 12 }, (_, i) => `2001:db8:0:${i % 4}::${i}`),
  ]
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed)
    const limits = { perClient: 1 + Math.floor(next() * 5), total: 1 + Math.floor(next() * 40) }
    const caps = new ConnectionCaps(limits)
    const open: string[] = []
    const ofNetwork = (ip: string): number =>
      open.filter((other) => clientNetwork(other) === clientNetwork(ip)).length
    for (let step = 0; step < 300; step++) {
      const ip = addresses[Math.floor(next() * addresses.length)] as string
      if (next() < 0.55) {
        const expected =
          ofNetwork(ip) >= limits.perClient
            ? 'client-full'
            : open.length >= limits.total
              ? 'full'
              : 'admitted'
        assert.equal(caps.admit(ip), expected, `seed ${seed}, step ${step}`)
        if (expected === 'admitted') open.push(ip)
      } else if (open.length > 0) {
        const [gone] = open.splice(Math.floor(next() * open.length), 1)
        caps.release(gone as string)
      }
      assert.equal(caps.openOf(ip), ofNetwork(ip), `seed ${seed}, step ${step}`)
      assert.equal(caps.total, open.length)
      assert.equal(caps.networks, new Set(open.map(clientNetwork)).size)
    }
    for (const ip of open) caps.release(ip)
    assert.deepEqual([caps.total, caps.networks], [0, 0], `seed ${seed}: nothing is left behind`)
  }
})

test('a network may open a burst at once and then only as fast as the rule says', () => {
  const rate = new ConnectionRate({ limit: 10, periodMs: 1000 }, new MemoryCounters())
  const burst = Array.from({ length: 12 }, (_, i) => rate.take(`2001:db8::${i}`, 0))
  assert.deepEqual(
    burst,
    burst.map((_, i) => i < 10),
  )
  assert.equal(rate.take('192.0.2.1', 0), true, 'another network')
  assert.equal(rate.take('2001:db8::1', 99), false)
  assert.equal(rate.take('2001:db8::1', 100), true)
})

test('a flood of networks fills a table of fixed size, and does not push out the one that is refused', () => {
  const counters = new MemoryCounters(100)
  const rate = new ConnectionRate({ limit: 1, periodMs: 1_000_000 }, counters)
  assert.equal(rate.take('192.0.2.1', 0), true)
  for (let i = 0; i < 5000; i++) {
    rate.take(`10.0.${i >> 8}.${i & 255}`, 0)
    if (i % 50 === 0) assert.equal(rate.take('192.0.2.1', 0), false)
  }
  assert.equal(counters.size, 100)
})
