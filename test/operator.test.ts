// The operator's own door: its own accounts and cookie, a first password that must be changed, and the watch as pages.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { loadConfig, openKept, ringwall } from '../src/index.ts'
import { ask, cookieOf, enrolFactor } from './operator-door.ts'

test('the first operator changes the password and sees the watch; nobody else does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-operator-'))
  const config = loadConfig(
    `listen: { http: "127.0.0.1:0", https: off, operator: "127.0.0.1:0" }\nstore: { directory: ${directory} }`,
  )
  const kept = await openKept(config)
  const gate = await ringwall(config)
  try {
    const { http: site = '', operator = '' } = await gate.listen()
    const first = gate.firstOperator
    assert.ok(first)

    assert.equal((await ask(operator, '/')).status, 401)
    assert.equal(
      (await ask(operator, '/', { html: true })).headers.location,
      '/.well-known/ringwall/sign-in?to=%2F',
    )
    assert.equal(
      (await ask(operator, '/', { host: 'rebound.evil.test' })).status,
      421,
      'no page of the web reaches it by a name of its own',
    )
    const credentials = { email: first.email, password: first.oneTimePassword }
    assert.equal(
      (await ask(site, '/.well-known/ringwall/sign-in', { json: credentials })).status,
      401,
      'operators are strangers at the site',
    )

    const oneTime = cookieOf(await ask(operator, '/.well-known/ringwall/sign-in', { json: credentials }))
    assert.match(oneTime, /^ringwall-operator=/)
    assert.equal(
      (await ask(operator, '/', { cookie: oneTime })).status,
      401,
      'the password must be changed first',
    )
    const change = { current: first.oneTimePassword, next: 'Harbour-wall-77' }
    const changed = cookieOf(
      await ask(operator, '/.well-known/ringwall/password', { cookie: oneTime, json: change }),
    )
    const early = await ask(operator, '/', { cookie: changed })
    assert.equal(early.status, 403, 'a second factor must be set up first')
    assert.match(early.body, /identity\.factor-required/)
    const { cookie, backupCodes } = await enrolFactor(operator, changed)
    assert.equal(backupCodes.length, 10)
    assert.equal((await ask(operator, '/', { cookie: changed })).status, 401, 'what stood on less is over')
    assert.equal(
      (await ask(operator, '/', { cookie: oneTime })).status,
      401,
      'the session of the one-time password is over',
    )

    const refused = await ask(site, '/search?q=%27%20OR%201=1--')
    const id = String(refused.headers['ringwall-id'])
    const watch = await ask(operator, '/?verdict=refuse', { cookie, html: true })
    assert.equal(watch.status, 200)
    assert.ok(watch.body.includes(id) && watch.body.includes('perimeter.sql-injection'))
    const walk = await ask(operator, `/exchanges/${id}`, { cookie, html: true })
    assert.match(walk.body, /sql\.tautology in ARGS:q/)
    assert.ok(!walk.body.includes("' OR"), 'what an attacker wrote is escaped')
    assert.equal((await ask(operator, '/exchanges/nothing', { cookie })).status, 404)
    assert.equal((await ask(operator, '/nothing', { cookie })).status, 404)

    const account = await kept.accounts('site').create('ann@shop.test', '', ['admin'])
    assert.deepEqual(await kept.accounts('site').setPassword(account, 'Correct-horse-7'), { ok: true })
    const ann = await ask(operator, '/.well-known/ringwall/sign-in', {
      json: { email: 'ann@shop.test', password: 'Correct-horse-7' },
    })
    assert.equal(ann.status, 401, "the site's admins are strangers at the operator's door")
  } finally {
    await gate.close()
    await kept.close()
    rmSync(directory, { recursive: true, force: true })
  }
  const again = await ringwall(
    loadConfig(
      `listen: { http: off, https: off, operator: "127.0.0.1:0" }\nstore: { directory: ":memory:" }`,
    ),
  )
  assert.ok(again.firstOperator, 'a new store has a new first operator')
  await again.close()
})
