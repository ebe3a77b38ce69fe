// Elevated rights over real sockets: asked for with two factors, approved by somebody else, bound to one session, ended at once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { loadConfig, openKept, ringwall } from '../src/index.ts'
import { queryAudit } from '../src/audit/index.ts'
import { admit } from '../src/identity/index.ts'

const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers.toReversed()) await close()
})

async function openShop(approval: 'optional' | 'required') {
  const application = http.createServer((_, res) => res.end('done')).listen(0, '127.0.0.1')
  await once(application, 'listening')
  closers.push(() => application.close())
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-elevation-'))
  closers.push(() => rmSync(directory, { recursive: true, force: true }))
  const config = loadConfig(`
listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory} }
upstreams: { shop: "http://127.0.0.1:${(application.address() as AddressInfo).port}" }
routes:
  - { path: /orders, permission: order:delete }
  - { path: "/**" }
security:
  authorization:
    elevation: { approval: ${approval}, requestable: [order:delete, manager], approvers: [support] }
`)
  const gate = await ringwall(config)
  closers.push(() => gate.close())
  const kept = await openKept(config)
  closers.push(() => kept.close())
  const url = (await gate.listen()).http as string
  const identity = kept.identity('site')
  const add = async (email: string, role: string) => {
    const made = await identity.accounts.create(email, '', [role])
    return made.id
  }
  const signIn = async (id: string, assurance: 1 | 2 = 2): Promise<string> => {
    const claim = { way: 'password', realm: 'site', sessionVersion: undefined } as const
    const admission = admit(await identity.accounts.find(id), claim, Date.now())
    assert.ok(admission.ok)
    const from = { ip: '127.0.0.1', userAgent: 'test' }
    return identity.sessions.start(admission.admitted, from, {
      assurance,
      methods: ['pwd'],
      atMs: Date.now(),
    })
  }
  const ask = async (token: string, path: string, fields?: object) => {
    const response = await fetch(`${url}${path}`, {
      method: fields ? 'POST' : 'GET',
      headers: {
        Cookie: `ringwall=${token}`,
        Origin: url,
        ...(fields && { 'Content-Type': 'application/json' }),
      },
      ...(fields && { body: JSON.stringify(fields) }),
    })
    const text = await response.text()
    return { status: response.status, text, json: () => JSON.parse(text) as Record<string, unknown> }
  }
  return { kept, identity, add, signIn, ask }
}

const PAGE = '/.well-known/ringwall/elevation'

test('without approval rights count at once, in this session only, until they are ended', async () => {
  const { kept, identity, add, signIn, ask } = await openShop('optional')
  const ann = await add('ann@shop.test', 'customer')
  const [first, other] = [await signIn(ann), await signIn(ann)]
  assert.equal((await ask(first, '/orders')).status, 403)
  const weak = await ask(await signIn(ann, 1), PAGE)
  assert.equal(weak.status, 401)
  assert.match(weak.text, /identity\.step-up-required/)
  const request = { action: 'ask', names: 'order:delete', reason: 'incident 7' }
  assert.equal((await ask(first, PAGE, { ...request, names: 'admin' })).status, 422, 'not on the list')
  assert.equal((await ask(first, PAGE, { ...request, reason: '' })).status, 422, 'without a reason')
  assert.equal((await ask(first, PAGE, { ...request, minutes: '100000' })).status, 422, 'for too long')
  assert.deepEqual((await ask(first, PAGE, request)).json(), { given: ['order:delete'] })
  assert.equal((await ask(first, '/orders')).status, 200)
  assert.equal((await ask(other, '/orders')).status, 403, 'not in another session of the same account')
  const [grant] = await kept.grants.list({ subject: ann })
  assert.ok(grant?.expiresMs && grant.expiresMs - grant.grantedMs === 15 * 60_000, "the guide's 15 minutes")
  assert.deepEqual((await ask(first, PAGE, { action: 'end' })).json(), { ended: 1 })
  assert.equal((await ask(first, '/orders')).status, 403, 'from the next request on')
  assert.equal((await ask(first, PAGE, request)).status, 200)
  const account = await identity.accounts.find(ann)
  assert.ok(account)
  await identity.accounts.endSessions(account)
  const fresh = await signIn(ann)
  assert.equal((await ask(fresh, '/orders')).status, 403, 'what was bound to an older version is over')
  const events = await queryAudit(kept.store.database, { limit: 200 })
  const kinds = events.filter(({ subject }) => subject === ann).map(({ kind }) => kind)
  assert.equal(kinds.filter((kind) => kind === 'access.elevated').length, 2)
  assert.ok(kinds.includes('access.elevation-ended') && kinds.includes('access.elevation-failed'))
})

test('with approval somebody else decides, once, and only for who may still act', async () => {
  const { identity, add, signIn, ask } = await openShop('required')
  const ann = await signIn(await add('ann@shop.test', 'customer'))
  const bea = await add('bea@shop.test', 'support')
  const [approver, second] = [await signIn(bea), await signIn(await add('cid@shop.test', 'support'))]
  const request = { action: 'ask', names: 'order:delete', reason: 'incident 7' }
  const waiting = async (token = ann): Promise<string> =>
    String((await ask(token, PAGE, request)).json()['waiting'])
  const id = await waiting()
  assert.equal((await ask(ann, '/orders')).status, 403, 'not yet')
  assert.equal((await ask(ann, PAGE, { action: 'approve', id })).status, 403, 'not by herself')
  const own = await waiting(approver)
  assert.equal(
    (await ask(approver, PAGE, { action: 'approve', id: own })).status,
    422,
    'nobody approves his own',
  )
  assert.equal(
    (await ask(approver, PAGE, { action: 'withdraw', id })).status,
    422,
    'nor withdraws that of others',
  )
  assert.equal((await ask(approver, PAGE, { action: 'withdraw', id: own })).status, 200)
  const both = await Promise.all(
    [approver, second].map((token) => ask(token, PAGE, { action: 'approve', id })),
  )
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 422],
    'of two at the same time one decides',
  )
  assert.equal((await ask(ann, '/orders')).status, 200)
  const refused = await waiting()
  assert.equal((await ask(approver, PAGE, { action: 'refuse', id: refused })).status, 200)
  assert.equal((await ask(second, PAGE, { action: 'approve', id: refused })).status, 422)
  const late = await waiting()
  const account = await identity.accounts.findByEmail('ann@shop.test')
  assert.ok(account)
  await identity.accounts.endSessions(account)
  const gone = await ask(approver, PAGE, { action: 'approve', id: late })
  assert.equal(gone.status, 422)
  assert.match(gone.text, /may not act any more/)
})
