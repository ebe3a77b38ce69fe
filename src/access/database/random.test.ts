// A few policy sets of the conformance suite `rls`, which tries many.
import assert from 'node:assert/strict'
import test from 'node:test'

import { tryPolicySets } from '../../../conformance/rls/trial.ts'
import { notHere } from '../../store/testing.ts'

test('random policies as row-level security allow what the engine allows', async (context) => {
  const tally = await tryPolicySets({ seed: 7, policySets: 4, rows: 40, setsPerWorld: 4 }, () => undefined)
  if (tally === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  assert.deepEqual(tally.mismatches, [])
  assert.ok(tally.allowed > 0 && tally.allowed < tally.rowDecisions)
})
