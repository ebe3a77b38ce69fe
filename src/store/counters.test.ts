import assert from 'node:assert/strict'
import test from 'node:test'

import { gcra, MemoryCounters } from './index.ts'

for (const { name, rule, at, want } of [
  {
    name: 'the limit passes at once, the next does not',
    rule: { limit: 3, periodMs: 3000 },
    at: [0, 0, 0, 0],
    want: [1, 1, 1, 0],
  },
  {
    name: 'one interval refills one',
    rule: { limit: 3, periodMs: 3000 },
    at: [0, 0, 0, 999, 1000, 1000],
    want: [1, 1, 1, 0, 1, 0],
  },
  {
    name: 'a refusal costs nothing',
    rule: { limit: 1, periodMs: 1000 },
    at: [0, 1, 500, 999, 1000],
    want: [1, 0, 0, 0, 1],
  },
  {
    name: 'there is no edge of a window',
    rule: { limit: 2, periodMs: 2000 },
    at: [1999, 1999, 2000, 2001],
    want: [1, 1, 0, 0],
  },
  {
    name: 'a long rest does not save up',
    rule: { limit: 2, periodMs: 1000 },
    at: [0, 100_000, 100_000, 100_000],
    want: [1, 1, 1, 0],
  },
  {
    name: 'a clock that goes back gives nothing away',
    rule: { limit: 1, periodMs: 1000 },
    at: [5000, 4000],
    want: [1, 0],
  },
]) {
  test(`gcra: ${name}`, () => {
    let arrivalMs: number | undefined
    const got = at.map((nowMs) => {
      const step = gcra(arrivalMs, 1, rule, nowMs)
      arrivalMs = step.arrivalMs
      return step.result.allowed ? 1 : 0
    })
    assert.deepEqual(got, want)
  })
}

test('gcra: never more than limit + elapsed/interval, whatever the pattern', () => {
  const rule = { limit: 7, periodMs: 1000 }
  let arrivalMs: number | undefined
  let allowed = 0
  let seed = 1
  let now = 0
  for (let i = 0; i < 100_000; i++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    now += seed % 50
    const step = gcra(arrivalMs, 1, rule, now)
    arrivalMs = step.arrivalMs
    if (step.result.allowed) allowed++
  }
  assert.ok(allowed <= rule.limit + (now / rule.periodMs) * rule.limit + 1)
  assert.ok(allowed >= (now / rule.periodMs) * rule.limit * 0.99)
})

test('gcra: remaining and reset count down and a cost takes several', () => {
  const rule = { limit: 10, periodMs: 10_000 }
  assert.deepEqual(gcra(undefined, 3, rule, 0).result, {
    allowed: true,
    remaining: 7,
    retryAfterMs: 0,
    resetMs: 3000,
  })
  assert.deepEqual(gcra(3000, 8, rule, 0).result, {
    allowed: false,
    remaining: 7,
    retryAfterMs: 1000,
    resetMs: 3000,
  })
})

test("a rule or a cost without sense is a programmer's mistake", () => {
  const rule = { limit: 1, periodMs: 1000 }
  for (const [cost, bad] of [
    [Number.NaN, rule],
    [-1, rule],
    [1, { ...rule, limit: 0 }],
    [1, { ...rule, periodMs: 0 }],
  ] as const) {
    assert.throws(() => gcra(undefined, cost, bad, 0), TypeError)
  }
})

test('a key that is refused again and again is not forgotten for others', () => {
  const counters = new MemoryCounters(100)
  const rule = { limit: 1, periodMs: 1_000_000 }
  let allowed = 0
  for (let i = 0; i < 1000; i++) {
    if (counters.take('mine', 1, rule, i).allowed) allowed++
    counters.take(`other${i}`, 1, rule, i)
  }
  assert.equal(allowed, 1)
})

test('memory counters hold at most so many keys and forget the longest unused', () => {
  const counters = new MemoryCounters(100)
  const rule = { limit: 1, periodMs: 1_000_000 }
  for (let i = 0; i < 1000; i++) counters.take(`k${i}`, 1, rule, i)
  assert.equal(counters.size, 100)
  assert.equal(counters.take('k999', 1, rule, 1000).allowed, false)
  assert.equal(counters.take('k0', 1, rule, 1000).allowed, true)
})
