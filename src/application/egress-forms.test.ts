// A sample of `npm run conformance -- ssrf`: generated URLs against our guards, with an unguarded fetch as the control.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'

import type { Behaviour } from '../../conformance/ssrf/experiment.ts'
import { makeForms } from '../../conformance/ssrf/forms.ts'

const EVERY = 60

test('egress: there are 10,000 hostile forms, all different', () => {
  const forms = makeForms({ canaryPort: 8080, redirector: 'redirector.evil.test:8081', tag: 't' })
  const hostile = forms.filter(({ is }) => is === 'hostile')
  assert.ok(hostile.length >= 10_000, `${hostile.length}`)
  assert.equal(new Set(forms.map(({ url }) => url)).size, forms.length)
})

test('egress: no form leads inside past our guards, public look-alikes pass, and without a guard most lead inside', async () => {
  const program = join(import.meta.dirname, '../../conformance/ssrf/sample.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, String(EVERY)], {
    timeout: 60_000,
  })
  const behaviours = JSON.parse(stdout) as readonly Behaviour[]
  assert.equal(behaviours.length, 6)
  for (const { client, isOurs, hostile, reached, lookAlikes, withheld } of behaviours) {
    assert.ok(hostile >= 150, `${client}: ${hostile} forms`)
    assert.ok(lookAlikes >= 4, `${client}: ${lookAlikes} look-alikes`)
    if (isOurs) assert.deepEqual({ reached, withheld }, { reached: [], withheld: [] }, client)
    else
      assert.ok(
        reached.length > hostile * 0.7,
        `the control was led inside by ${reached.length} of ${hostile}`,
      )
  }
})
