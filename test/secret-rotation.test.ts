// The short form of `npm run conformance -- rotation`: passwords are rotated while requests use them, and none fails.
import assert from 'node:assert/strict'
import test from 'node:test'

import { SCENES } from '../conformance/rotation/scenes.ts'
import { notHere } from '../src/store/testing.ts'

for (const { name, needs, isControl, play } of SCENES) {
  test(`rotated under load: ${name}`, async (context) => {
    const figures = await play({ perSecond: 50, rotations: 1, pauseMs: 300 })
    if (!figures) return notHere(context, name, `apt-get install ${needs}`)
    const { sent, failed, errors } = figures
    context.diagnostic(`${sent} requests, ${failed} failed`)
    assert.ok(sent > 20, `${sent} requests`)
    if (isControl === true)
      assert.ok(failed > 0, 'who does not follow is refused, else the others prove nothing')
    else assert.deepEqual(errors, [])
  })
}
