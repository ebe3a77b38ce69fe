// The first of the ambiguous messages, through Ringwall to a strict and to a careless server; the whole set is a suite of its own.
import assert from 'node:assert/strict'
import test from 'node:test'

import { run } from '../conformance/desync.ts'

test('no message is counted differently by the gateway and by the server behind it', async () => {
  const { failed, notRun, passed } = await run('', 300, ['node', 'node-insecure-parser'])
  assert.deepEqual({ failed, notRun, passed }, { failed: [], notRun: [], passed: 601 })
})
