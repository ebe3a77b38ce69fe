// When one machine is outgrown: two gateways on PostgreSQL and Redis share accounts, sessions, limits and the log.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { queryAudit } from '../src/audit/index.ts'
import { loadConfig, openKept, type Ringwall, ringwall } from '../src/index.ts'
import { leasePostgres, notHere, startRedis } from '../src/store/testing.ts'

const SIGN_IN = '/.well-known/ringwall/sign-in'

test('two gateways on PostgreSQL and Redis are one', async (context) => {
  const postgres = await leasePostgres()
  const redis = await startRedis()
  if (!postgres || !redis)
    return notHere(context, 'PostgreSQL with Redis', 'apt-get install postgresql redis-server')
  const env = { DATABASE: postgres.url.reveal(), REDIS: redis.url.reveal() }
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-outgrown-'))
  const config = loadConfig(
    `store: { directory: ${directory}, postgres: "\${env:DATABASE}", redis: "\${env:REDIS}" }
listen: { http: "127.0.0.1:0", https: off, operator: off }
security: { rate_limiting: { login: { requests: 8 } } }
routes: [{ path: /private, sign_in: required }]`,
    { env },
  )
  const application = (request: Request): Response =>
    new Response(`subject ${request.headers.get('ringwall-subject')}`)
  const gates: Ringwall[] = [await ringwall(config), await ringwall(config)]
  const ask = (i: number, path: string, init: RequestInit = {}): Promise<Response> =>
    (gates[i] as Ringwall).fetch(new Request(`http://a.test${path}`, init), {
      app: application,
      peer: '127.0.0.1',
    })
  const signIn = (i: number, password: string): Promise<Response> =>
    ask(i, SIGN_IN, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'ann@shop.test', password }),
    })
  const kept = await openKept(config)
  try {
    const account = await kept.accounts('site').create('ann@shop.test', '', ['customer'])
    assert.deepEqual(await kept.accounts('site').setPassword(account, 'Correct-horse-7'), { ok: true })

    const answer = await signIn(0, 'Correct-horse-7')
    assert.equal(answer.status, 200)
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const visit = async (i: number): Promise<number> =>
      (await ask(i, '/private', { headers: { cookie } })).status
    assert.equal(await visit(1), 200, 'signed in at one, known at the other')
    await kept.accounts('site').endSessions(account)
    assert.deepEqual(
      [await visit(0), await visit(1)],
      [401, 401],
      'ended at one, refused at both with the next request',
    )

    const statuses: number[] = []
    for (let i = 0; i < 10; i++) statuses.push((await signIn(i % 2, 'wrong')).status)
    assert.equal(
      statuses.filter((status) => status === 429).length,
      3,
      'eight sign-ins a minute over both, one was before',
    )

    const refused = await ask(1, '/private?q=%27%20OR%201=1--')
    const events = await queryAudit(kept.store.database, { id: refused.headers.get('ringwall-id') ?? '' })
    assert.equal(events[0]?.code, 'perimeter.sql-injection', 'one log')
  } finally {
    for (const gate of gates) await gate.close()
    await kept.close()
    await postgres.release()
    await redis.release()
    rmSync(directory, { recursive: true, force: true })
  }
})
