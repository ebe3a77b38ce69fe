// Who has what, at the operator's door: given and taken back by an operator, it counts at the site from the next request on.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { ask, enrolFactor, openDoor } from './operator-door.ts'

const PASSWORD = 'Correct-horse-7'

const shop = createServer((_req, res) => res.end('fine'))
test.before(() => new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve)))
test.after(() => shop.close())

/** A site whose permissions have nothing in common with those of the operator's door. */
const site = (): string => `
upstreams: { shop: { url: "http://127.0.0.1:${(shop.address() as AddressInfo).port}" } }
security:
  authorization:
    permissions: ["order:read", "order:delete"]
    roles: { clerk: ["order:read"], chief: ["*"] }
routes:
  - { path: /orders, permission: "order:read" }
  - { path: "/orders/{id}", permission: "order:delete", resource: { type: Order } }
  - { path: "/**" }
`

test('a role that is given at the door counts at once, and no longer when it is taken back', async (t) => {
  const { kept, operator, site: url, cookie, signIn } = await openDoor(t, site())
  const accounts = kept.accounts('site')
  const ann = await accounts.create('ann@shop.test', 'Ann', [])
  assert.deepEqual(await accounts.setPassword(ann, PASSWORD), { ok: true })
  const session = await signIn(url, 'ann@shop.test', PASSWORD)
  const orders = async (): Promise<number> => (await ask(url, '/orders', { cookie: session })).status

  assert.equal(await orders(), 403)
  const draft = {
    kind: 'role',
    email: 'ann@shop.test',
    name: 'clerk',
    reason: 'covers for Max',
    expires: '8h',
  }
  const made = await ask(operator, '/access/give', { cookie, json: draft })
  assert.equal(made.status, 201, made.body)
  const [grant] = JSON.parse(made.body) as readonly { id: string; grantedBy: string }[]
  assert.equal(grant?.grantedBy, 'operator@localhost')
  assert.equal(await orders(), 200)

  const held = JSON.parse((await ask(operator, '/access', { cookie })).body) as readonly { name: string }[]
  assert.deepEqual(
    held.map(({ name }) => name),
    ['clerk'],
  )
  const back = await ask(operator, '/access/revoke', {
    cookie,
    json: { id: grant?.id, reason: 'Max is back' },
  })
  assert.equal(back.status, 200)
  assert.equal(await orders(), 403)
})

test('a permission for one resource opens the route of that resource and no other', async (t) => {
  const { kept, operator, site: url, cookie, signIn } = await openDoor(t, site())
  const accounts = kept.accounts('site')
  const ann = await accounts.create('ann@shop.test', 'Ann', ['clerk'])
  assert.deepEqual(await accounts.setPassword(ann, PASSWORD), { ok: true })
  const session = await signIn(url, 'ann@shop.test', PASSWORD)
  const order = async (id: string): Promise<number> =>
    (await ask(url, `/orders/${id}`, { cookie: session })).status

  assert.deepEqual([await order('7'), await order('8')], [403, 403])
  const draft = { kind: 'permission', email: 'ann@shop.test', name: 'order:delete', reason: 'case 12' }
  const made = await ask(operator, '/access/give', { cookie, json: { ...draft, on: 'Order::7' } })
  assert.equal(made.status, 201, made.body)
  assert.deepEqual(
    [await order('7'), await order('%37'), await order('8'), await order('7%2e')],
    [200, 200, 403, 403],
  )
  const ofType = { ...draft, kind: 'elevation', name: 'chief', on: 'Order::*' }
  assert.equal((await ask(operator, '/access/give', { cookie, json: ofType })).status, 201)
  assert.deepEqual([await order('7'), await order('8')], [200, 200])
  const used = async (): Promise<string> => {
    const { lines } = JSON.parse((await ask(operator, '/access/review?since=1d', { cookie })).body) as {
      readonly lines: readonly { readonly holding: { readonly name: string }; readonly uses: number }[]
    }
    return lines
      .map(({ holding, uses }) => `${holding.name} ${uses}`)
      .toSorted()
      .join(', ')
  }
  // What passes is in the log within a second.
  for (let i = 0; i < 50 && (await used()) !== 'chief 2, clerk 0, order:delete 3'; i++)
    await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(await used(), 'chief 2, clerk 0, order:delete 3', 'the log says for which resource each was')
})

test('a role for one resource counts for that resource in the policy too', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-policy-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const write = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  const schema = write(
    'shop.cedarschema',
    'entity Role; entity User in [Role]; entity Order; action "order:read" appliesTo { principal: User, resource: Order };',
  )
  const policies = write(
    'shop.cedar',
    '@id("chiefs") permit (principal in Role::"chief", action == Action::"order:read", resource);',
  )
  const {
    kept,
    operator,
    site: url,
    cookie,
    signIn,
  } = await openDoor(
    t,
    site()
      .replace('authorization:', `authorization:\n    policy: { policies: ${policies}, schema: ${schema} }`)
      .replace(
        'permission: "order:delete", ',
        'access: { action: "order:read", resource: { type: Order } }, ',
      ),
  )
  const accounts = kept.accounts('site')
  const ann = await accounts.create('ann@shop.test', 'Ann', ['clerk'])
  assert.deepEqual(await accounts.setPassword(ann, PASSWORD), { ok: true })
  const session = await signIn(url, 'ann@shop.test', PASSWORD)
  const order = async (id: string): Promise<number> =>
    (await ask(url, `/orders/${id}`, { cookie: session })).status
  assert.deepEqual([await order('7'), await order('8')], [403, 403])
  const draft = { kind: 'role', email: 'ann@shop.test', name: 'chief', reason: 'case 12', on: 'Order::7' }
  assert.equal((await ask(operator, '/access/give', { cookie, json: draft })).status, 201)
  assert.deepEqual([await order('7'), await order('8')], [200, 403])
})

test('what an operator gets wrong is said, and nothing changes', async (t) => {
  const { kept, operator, cookie } = await openDoor(t, site())
  await kept.accounts('site').create('ann@shop.test', 'Ann', ['clerk'])
  const good = { kind: 'role', email: 'ann@shop.test', name: 'chief', reason: 'x' }
  const mistakes: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ ...good, email: 'max@shop.test' }, /no site account `max@shop\.test`/],
    [{ ...good, name: 'boss' }, /no role `boss`; there is clerk, chief/],
    [{ ...good, name: 'clerk' }, /has `clerk` already/],
    [{ ...good, reason: '' }, /needs a reason/],
    [{ ...good, kind: 'permission', name: 'audit:read' }, /no permission `audit:read`/],
    [{ ...good, kind: 'elevation', expires: '30d' }, /within 480 minutes/],
    [{ ...good, kind: 'crown' }, /role, permission or elevation/],
    [{ ...good, on: 'Order' }, /Type::id/],
    [{ ...good, expires: 'yesterday' }, /15m, 8h/],
    [{ ...good, realm: 'operator' }, /no operator account/],
  ]
  for (const [json, want] of mistakes) {
    const answer = await ask(operator, '/access/give', { cookie, json })
    assert.equal(answer.status, 422, answer.body)
    assert.match((JSON.parse(answer.body) as { detail: string }).detail, want)
  }
  for (const [json, want] of [
    [{ id: 'x' }, /no grant `x`/],
    [{ email: 'ann@shop.test', role: 'chief' }, /has no role `chief`/],
    [{}, /say what is taken back/],
  ] as const) {
    const answer = await ask(operator, '/access/revoke', { cookie, json })
    assert.equal(answer.status, 422)
    assert.match(answer.body, want)
  }
  const page = await ask(operator, '/access/give', {
    cookie,
    html: true,
    json: { ...good, name: '<b>boss</b>' },
  })
  assert.equal(page.status, 422)
  assert.match(page.body, /role="alert">no role `&lt;b&gt;boss&lt;\/b&gt;`/)
  assert.match(page.body, /value="ann@shop\.test"/, 'what was written stays in the form')
  assert.equal((JSON.parse((await ask(operator, '/access', { cookie })).body) as unknown[]).length, 1)
})

test('an auditor sees and reviews, and changes nothing; other sites and strangers do neither', async (t) => {
  const { kept, operator, cookie, signIn } = await openDoor(t, site())
  const accounts = kept.accounts('operator')
  const eve = await accounts.create('eve@shop.test', 'Eve', ['auditor'])
  assert.deepEqual(await accounts.setPassword(eve, PASSWORD), { ok: true })
  const { cookie: auditor } = await enrolFactor(operator, await signIn(operator, 'eve@shop.test', PASSWORD))
  for (const path of ['/', '/access', '/access?realm=operator', '/access/review'])
    assert.equal((await ask(operator, path, { cookie: auditor, html: true })).status, 200, path)
  const json = { realm: 'operator', kind: 'role', email: 'eve@shop.test', name: 'admin', reason: 'me' }
  assert.equal((await ask(operator, '/access/give', { cookie: auditor, json })).status, 403)
  assert.equal((await ask(operator, '/access/give', { json })).status, 401)
  const foreign = await ask(operator, '/access/give', { cookie, json, origin: 'https://evil.test' })
  assert.equal(foreign.status, 403)
  assert.equal((await ask(operator, '/access/give', { cookie, json })).status, 201)
  assert.equal((await ask(operator, '/access/give', { cookie: auditor, json })).status, 422, 'now she may')
})
