import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { type Kept, loadConfig, openKept, type Ringwall, ringwall } from '../../src/index.ts'
import { type Person, probeIdentifiers } from './idor-probe.ts'
import { startShop } from './server.ts'

const MARKS = {
  niall: { email: 'niall@customer.example', shopUser: 2, marks: ['7 Quarry Lane', 'niall@customer.example'] },
  marta: { email: 'marta@customer.example', shopUser: 3, marks: ['Lyktgatan 12', 'marta@customer.example'] },
}
const PASSWORD = 'Seven Bricks & 1 lantern!'

async function signIn(url: string, email: string): Promise<string> {
  const response = await fetch(`${url}/.well-known/ringwall/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: url },
    body: new URLSearchParams({ email, password: PASSWORD }),
  })
  assert.equal(response.status, 200, await response.text())
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

const people = async (cookieOf: (email: string) => Promise<string>): Promise<[Person, Person]> => {
  const made = Object.entries(MARKS).map(async ([name, { email, shopUser, marks }]) => {
    const cookie = [await cookieOf(email), `shop_user=${shopUser}`].filter(Boolean).join('; ')
    return { name, shopUser, marks, cookie }
  })
  const [one, other] = await Promise.all(made)
  assert.ok(one && other)
  return [one, other]
}

test("the shop alone shows each customer what is the other one's; behind the policy it does not", async (context) => {
  const shop = await startShop({ port: 0 })
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-idor-'))
  const file = join(import.meta.dirname, 'policy', 'security_config.yaml')
  const config = loadConfig(
    `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { shop: "${shop.url}" }
${readFileSync(file, 'utf8').replace('security:\n', 'security:\n  rate_limiting: { api: { requests: 100000 } }\n  authentication: { session: { secure_cookie: false } }\n')}`,
    { file },
  )
  let gate: Ringwall | undefined
  const kept: Kept = await openKept(config)
  try {
    for (const { email } of Object.values(MARKS)) {
      const account = await kept.accounts('site').create(email, '', ['customer'])
      assert.deepEqual(await kept.accounts('site').setPassword(account, PASSWORD), { ok: true })
    }
    const alone = await probeIdentifiers(shop.url, await people(async () => ''))
    gate = await ringwall(config)
    const url = (await gate.listen()).http as string
    const behind = await probeIdentifiers(url, await people((email) => signIn(url, email)))
    const count = (rows: typeof alone, verdict: string): number =>
      rows.filter((row) => row.verdict === verdict).length
    const escapes = behind.filter((row) => row.verdict === 'escaped')
    assert.deepEqual(escapes, [])
    const escapedRoutes = new Set(alone.filter((row) => row.verdict === 'escaped').map((row) => row.route))
    assert.ok(escapedRoutes.size >= 9, [...escapedRoutes].join(', '))
    assert.equal(count(behind, 'served'), count(alone, 'served'))
    assert.equal(count(behind, 'lost'), 0)
    context.diagnostic(
      `alone ${count(alone, 'escaped')} of ${alone.length} requests escape on ${escapedRoutes.size} routes; behind Ringwall ${escapes.length} of ${behind.length}`,
    )
  } finally {
    await gate?.close()
    await kept.close()
    await shop.close()
    rmSync(directory, { recursive: true })
  }
})
