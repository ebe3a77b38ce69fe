// What is granted beside a running gateway counts from the next request on, and so does its end.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { decodeJwt } from 'jose'

import { ElevatedPermissions, type GrantDraft, Rbac } from '../src/access/index.ts'
import { queryAudit } from '../src/audit/index.ts'
import { ManualClock } from '../src/core/clock.ts'
import { loadConfig, openKept, ringwall } from '../src/index.ts'

const MINUTE = 60_000

/** A gateway with Ann, a customer, signed in; and the same store beside it. */
async function openHouse(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-grants-'))
  const config = loadConfig(`
listen: { http: off, https: off, operator: off }
store: { directory: ${directory} }
routes:
  - { path: /orders, permission: order:delete }
  - { path: /users, permission: user:delete }
  - { path: "/**" }
`)
  const clock = new ManualClock()
  const kept = await openKept(config, { clock })
  const gate = await ringwall(config, { clock })
  let closed: Promise<void> | undefined
  const closeGate = (): Promise<void> => (closed ??= gate.close())
  t.after(async () => {
    await closeGate()
    await kept.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const account = await kept.accounts('site').create('ann@shop.test', 'Ann', ['customer'])
  assert.deepEqual(await kept.accounts('site').setPassword(account, 'Correct-horse-7'), { ok: true })
  const seen = { roles: '', assertion: '' }
  const app = (request: Request): Response => {
    seen.roles = request.headers.get('ringwall-roles') ?? ''
    seen.assertion = request.headers.get('ringwall-assertion') ?? ''
    return new Response('from the application')
  }
  const how = { app, peer: '192.0.2.7' }
  const signIn = await gate.fetch(
    new Request('https://shop.test/.well-known/ringwall/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: 'https://shop.test' },
      body: JSON.stringify({ email: 'ann@shop.test', password: 'Correct-horse-7' }),
    }),
    how,
  )
  assert.equal(signIn.status, 200, await signIn.text())
  const cookie = (signIn.headers.getSetCookie()[0] as string).split(';')[0] as string
  const ask = (path: string): Promise<Response> =>
    gate.fetch(new Request(`https://shop.test${path}`, { headers: { cookie } }), how)
  const status = async (path: string): Promise<number> => (await ask(path)).status
  const grant = (more: Partial<GrantDraft>) =>
    kept.grants.add({
      kind: 'role',
      name: 'manager',
      subject: account.id,
      reason: 'test',
      by: 'max',
      ...more,
    })
  return { kept, closeGate, clock, account, seen, ask, status, grant, config }
}

test('a role that is assigned counts from the next request on, until it is revoked', async (t) => {
  const { status, grant, kept, seen } = await openHouse(t)
  assert.equal(await status('/orders'), 403)
  const { id } = await grant({})
  assert.equal(await status('/orders'), 200)
  assert.equal(seen.roles, 'customer,manager')
  assert.equal(await kept.grants.revoke(id, 'max'), true)
  assert.equal(await status('/orders'), 403)
})

test('a permission that is granted counts without any role', async (t) => {
  const { status, grant, seen } = await openHouse(t)
  await grant({ kind: 'permission', name: 'user:delete' })
  assert.equal(await status('/users'), 200)
  assert.equal(await status('/orders'), 403)
  assert.equal(seen.roles, 'customer')
})

test('an elevation opens the door for a quarter of an hour and not a millisecond longer', async (t) => {
  const { status, kept, clock, account, seen, config } = await openHouse(t)
  const { roles, permissions } = config.security.authorization
  const elevated = new ElevatedPermissions(kept.grants, new Rbac(roles, permissions), clock)
  await elevated.elevate({ subject: account.id, roles: ['manager'], reason: 'incident 7', by: 'max' })
  assert.equal(await status('/orders'), 200)
  clock.advance(15 * MINUTE - 1)
  assert.equal(await status('/orders'), 200)
  const { exp, iat, roles: told } = decodeJwt(seen.assertion)
  assert.deepEqual(told, ['customer', 'manager'])
  assert.ok((exp ?? 0) - (iat ?? 0) <= 1, 'the application is not told for longer than it lasts')
  clock.advance(1)
  assert.equal(await status('/orders'), 403)
  assert.equal(await status('/'), 200)
  assert.equal(seen.roles, 'customer')
  assert.equal((decodeJwt(seen.assertion).exp ?? 0) - (decodeJwt(seen.assertion).iat ?? 0), 60)
})

test('what is granted for one resource opens no route to all', async (t) => {
  const { status, grant } = await openHouse(t)
  await grant({ kind: 'permission', name: 'user:delete', resourceType: 'User', resourceId: '7' })
  await grant({ resourceType: 'Order' })
  assert.equal(await status('/users'), 403)
  assert.equal(await status('/orders'), 403)
})

test('what is granted for later does not count before', async (t) => {
  const { status, grant, clock } = await openHouse(t)
  await grant({ notBeforeMs: clock.now() + MINUTE })
  assert.equal(await status('/orders'), 403)
  clock.advance(MINUTE)
  assert.equal(await status('/orders'), 200)
})

test('the log has each decision with what it rested on, and the grant when it was last used', async (t) => {
  const { ask, grant, kept, clock, closeGate } = await openHouse(t)
  const { id } = await grant({})
  clock.advance(5)
  const answer = await ask('/orders')
  const refused = await ask('/users')
  await closeGate()
  assert.equal((await kept.grants.find(id))?.lastUsedMs, clock.now())
  const decisions = async (response: Response) => {
    const [event] = await queryAudit(kept.store.database, { id: response.headers.get('ringwall-id') ?? '' })
    return event?.trace?.flatMap((step) => step.decisions ?? [])
  }
  const held = ['account:customer', id]
  assert.deepEqual(await decisions(answer), [{ permission: 'order:delete', allowed: true, held }])
  assert.deepEqual(await decisions(refused), [{ permission: 'user:delete', allowed: false, held }])
})
