// The whole table of HTTP/2 frames, over raw TLS sockets.
import assert from 'node:assert/strict'
import test from 'node:test'

import { run } from '../conformance/http2.ts'

test('every frame of the HTTP/2 table is answered as it must be', async () => {
  const { failed, total, passed, known } = await run()
  assert.deepEqual(failed, [])
  assert.ok(total >= 200 && passed + known.length === total && known.length <= 24, `${passed} of ${total}`)
})
