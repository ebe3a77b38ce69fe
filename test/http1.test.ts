// The whole table of HTTP/1.1 conversations, with clients and with applications, over raw sockets.
import assert from 'node:assert/strict'
import test from 'node:test'

import { run } from '../conformance/http1.ts'

test('every conversation of the HTTP/1.1 table goes as it must', async () => {
  const { failed, total, passed } = await run()
  assert.deepEqual(failed, [])
  assert.ok(total >= 400 && passed >= total - 1, `${passed} of ${total}`)
})
