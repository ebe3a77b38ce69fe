import assert from 'node:assert/strict'
import test from 'node:test'

import { ManualClock } from './core/clock.ts'
import { CircuitBreaker } from './circuit-breaker.ts'

function breakerAt() {
  const clock = new ManualClock()
  const breaker = new CircuitBreaker({ failures: 3, openMs: 1000 }, clock)
  const fail = (): boolean => {
    breaker.start()
    return breaker.fail()
  }
  return { clock, breaker, fail }
}

test('it opens at so many failures in a row, and a success in between starts the count again', () => {
  const { breaker, fail } = breakerAt()
  assert.deepEqual([fail(), fail()], [false, false])
  assert.equal(breaker.succeed(), false)
  assert.deepEqual([fail(), fail(), fail()], [false, false, true])
  assert.equal(breaker.allows, false)
})

test('after its time one request tries, and nobody else until that one has ended', () => {
  const { clock, breaker, fail } = breakerAt()
  for (let i = 0; i < 3; i++) fail()
  clock.advance(999)
  assert.equal(breaker.allows, false)
  clock.advance(1)
  assert.equal(breaker.allows, true)
  breaker.start()
  assert.equal(breaker.allows, false)
  assert.equal(breaker.succeed(), true)
  assert.equal(breaker.allows, true)
})

test('each trial that fails doubles the time, up to five minutes', () => {
  const { clock, breaker, fail } = breakerAt()
  for (let i = 0; i < 3; i++) fail()
  const waits: number[] = []
  for (let i = 0; i < 12; i++) {
    clock.advance(breaker.openUntilMs - clock.now())
    assert.equal(fail(), false, 'that it is open is said once')
    waits.push(breaker.openUntilMs - clock.now())
  }
  assert.deepEqual(waits.slice(0, 3), [2000, 4000, 8000])
  assert.equal(waits.at(-1), 300_000)
})

test('requests that were under way when it opened change nothing', () => {
  const { breaker, fail } = breakerAt()
  for (let i = 0; i < 3; i++) fail()
  const { openUntilMs } = breaker
  assert.equal(breaker.fail(), false)
  assert.equal(breaker.openUntilMs, openUntilMs)
})

test('a trial whose client went away lets another try', () => {
  const { clock, breaker, fail } = breakerAt()
  for (let i = 0; i < 3; i++) fail()
  clock.advance(1000)
  breaker.start()
  breaker.forget()
  assert.equal(breaker.allows, true)
})
