// The reference implementation as a second oracle: `npm run conformance -- cedar-random` asks it much more.
import assert from 'node:assert/strict'
import test from 'node:test'

import { type Comparison, compareCase } from '../../../conformance/cedar-random/compare.ts'
import type { AuthorizerOptions } from './authorizer.ts'

const SETS = 40

function compare(sets: number, options: AuthorizerOptions): Comparison {
  const found: Comparison = { requests: 0, allowed: 0, failing: 0, differences: [] }
  for (let seed = 1; seed <= sets; seed++) compareCase(seed, found, options)
  return found
}

test('oracle: random policies are decided as the reference decides them, reasons and errors too', () => {
  const found = compare(SETS, {})
  assert.deepEqual(found.differences, [])
  assert.equal(found.requests, SETS * 6)
  assert.ok(found.allowed > SETS / 2 && found.failing > SETS / 2, JSON.stringify(found))
})

test('oracle: an engine with another rule for one thing is found out', () => {
  assert.notDeepEqual(compare(SETS / 2, { failedForbid: 'deny' }).differences, [])
})
