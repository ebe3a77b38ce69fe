// What an answer says of whether an account exists: nothing. The time of answers is measured by the conformance suite `timing`.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { shapeOf, welch } from '../conformance/timing/statistics.ts'
import { loadConfig, openKept, ringwall } from '../src/index.ts'

const COST = { memoryKib: 64, passes: 1 }

test('status, fields and length are the same for every address, on a page and for a program', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-enumeration-'))
  const config = loadConfig(`store: { directory: ${directory} }
listen: { operator: off }
security:
  rate_limiting: { login: { requests: 1000000 }, password_reset: { requests: 1000000 } }
  authentication: { registration: { mode: open }, lockout: { delay: false } }`)
  const kept = await openKept(config, { hashCost: COST })
  const { accounts } = kept.identity('site')
  const passwordHash = (await kept.hasher.hash('Correct-horse-7')) ?? ''
  await accounts.create('taken@shop.test', '', [], { passwordHash })
  await accounts.create('never@shop.test', '', [])
  await accounts.create('locks@shop.test', '', [], { passwordHash, disabled: true })
  await kept.close()
  const gate = await ringwall(config, { dangerousHashCost: COST })
  try {
    for (const path of ['sign-in', 'register', 'forgot']) {
      for (const accept of ['application/json', 'text/html']) {
        const shapes = new Map<string, string>()
        for (const [index, email] of ['taken', 'never', 'locks', 'nobod'].entries()) {
          const request = new Request(`https://shop.test/.well-known/ringwall/${path}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', Accept: accept },
            body: JSON.stringify({ email: `${email}@shop.test`, password: 'Wrong-password-1' }),
          })
          const answer = await gate.fetch(request, { peer: `192.0.2.${index}` })
          assert.equal(answer.status, path === 'sign-in' ? 401 : 200)
          shapes.set(shapeOf(answer.status, answer.headers, await answer.text()), email)
        }
        assert.equal(shapes.size, 1, `${path} as ${accept}: ${[...shapes.keys()].join('\n---\n')}`)
      }
    }
  } finally {
    await gate.close()
    rmSync(directory, { recursive: true, force: true })
  }
})

test('the statistic sees a difference of a fifth of the spread, and none where there is none', () => {
  let state = 7
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const sample = (shift: number): number[] =>
    Array.from({ length: 5000 }, () => shift + random() + random() + random() + (random() > 0.99 ? 50 : 0))
  const same = welch(sample(0), sample(0))
  assert.ok(Math.abs(same.t) < 4.5 && Math.abs(same.cropped) < 4.5)
  const other = welch(sample(0), sample(0.1))
  assert.ok(
    Math.abs(other.cropped) > 4.5,
    `only ${other.cropped}, though pauses hide it from the plain one: ${other.t}`,
  )
})
