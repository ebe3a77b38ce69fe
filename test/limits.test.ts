// Limits through all walls, with a clock that moves when told: exact counts by every kind of key, costs, places and shadow.
import assert from 'node:assert/strict'
import test, { after } from 'node:test'

import { ManualClock } from '../src/core/clock.ts'
import { loadConfig, type Ringwall, ringwall } from '../src/index.ts'

const gates: Ringwall[] = []
after(async () => {
  for (const gate of gates) await gate.close()
})

interface Asked {
  readonly path?: string
  readonly method?: string
  readonly peer?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** A gateway with these limits and a way to ask it. */
async function gateWith(
  yaml: string,
  app: (request: Request) => Response | Promise<Response> = () => new Response('x'),
) {
  const clock = new ManualClock()
  const config = loadConfig(`store: { directory: ":memory:" }\nlisten: { operator: off }\n${yaml}`)
  const gate = await ringwall(config, { clock })
  gates.push(gate)
  const ask = ({ path = '/a', method = 'GET', peer = '192.0.2.1', headers = {}, body }: Asked = {}) =>
    gate.fetch(
      new Request(`https://a.test${path}`, { method, headers, ...(body !== undefined && { body }) }),
      { app, peer },
    )
  const passed = async (times: number, asked: Asked = {}): Promise<number> => {
    let count = 0
    for (let i = 0; i < times; i++) {
      const { status } = await ask(asked)
      assert.ok(status === 200 || status === 429, String(status))
      if (status === 200) count++
    }
    return count
  }
  return { gate, clock, ask, passed }
}

const json = (value: unknown): Asked => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: typeof value === 'string' ? value : JSON.stringify(value),
})

test("the guide's limits are exact: the limit at once, then one for each interval", async () => {
  const { clock, passed } = await gateWith('')
  assert.equal(await passed(20, { path: '/login', method: 'POST', body: 'a=1', headers: form }), 5)
  assert.equal(await passed(120, { path: '/api/a' }), 100)
  for (let i = 0; i < 10; i++) {
    clock.advance(600)
    assert.equal(await passed(3, { path: '/api/a' }), 1, 'one each 600 ms of 100 a minute')
  }
  clock.advance(60_000)
  assert.equal(await passed(120, { path: '/api/a' }), 100)
  clock.advance(11_999)
  assert.equal(await passed(20, { path: '/login', method: 'POST', body: 'a=1', headers: form }), 5)
})

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

test('an IPv6 client is its /64, another network is another client', async () => {
  const { passed } = await gateWith(limit('requests: 3, period: minute'))
  assert.equal(await passed(2, { peer: '2001:db8:1:2::1' }), 2)
  assert.equal(await passed(9, { peer: '2001:db8:1:2:ffff:ffff:ffff:ffff' }), 1)
  assert.equal(await passed(9, { peer: '2001:db8:1:3::1' }), 3)
  assert.equal(await passed(9, { peer: '::ffff:192.0.2.9' }), 3)
  assert.equal(await passed(9, { peer: '192.0.2.9' }), 0, 'the same client in its other spelling')
})

function limit(rule: string, more = ''): string {
  return `security: { rate_limiting: { mine: { ${rule}, match: ["/**"] } } }\n${more}`
}

test('by a header, with the route, and with what is left out', async () => {
  const routes = 'routes: [{ path: /a }, { path: /b }]'
  const { passed } = await gateWith(
    limit('requests: 2, period: minute, by: [route, "header:X-Tenant"]', routes),
  )
  const of = (tenant: string, path = '/a', peer = '192.0.2.1') =>
    passed(5, { path, peer, headers: { 'X-Tenant': tenant } })
  assert.deepEqual([await of('one'), await of('two'), await of('one', '/b')], [2, 2, 2])
  assert.equal(await of('one', '/a', '198.51.100.7'), 0, 'the address does not matter')
  assert.equal(await passed(5), 2, 'without the field each client is counted alone')
  assert.equal(await passed(5, { peer: '198.51.100.7' }), 2)
})

test('by a field of a JSON body or a form, in one spelling, and never around it', async () => {
  const { passed } = await gateWith(
    limit('requests: 2, period: minute, by: "body:user.email"', 'routes: [{ path: "/**", inspect: off }]'),
  )
  const mail = (email: string, peer: string) => passed(3, { ...json({ user: { email } }), peer })
  assert.equal(await mail('ann@shop.test', '192.0.2.1'), 2)
  assert.equal(
    await mail(' Ann@Shop.test', '192.0.2.2'),
    0,
    'another address and spelling are the same account',
  )
  assert.equal(await mail('bob@shop.test', '192.0.2.1'), 2)
  const escaped = '{"us\\u0065r":{"email":"ann@shop.test"}}'
  assert.equal(await passed(3, { ...json(escaped), peer: '192.0.2.3' }), 0)
  const fieldOfForm = { method: 'POST', headers: form, body: 'user.email=ann%40shop.test' }
  assert.equal(await passed(3, { ...fieldOfForm, peer: '192.0.2.3' }), 0, 'a form is counted with JSON')
  const twice = '{"user":{"email":"x1@a.test","email":"ann@shop.test"}}'
  assert.equal(await passed(3, { ...json(twice), peer: '192.0.2.4' }), 2, 'two readings: by the client')
  assert.equal(await passed(3, { ...json('{"user"'), peer: '192.0.2.4' }), 0)
  assert.equal(await passed(3, { ...json({ user: { email: ['x'] } }), peer: '192.0.2.4' }), 0)
  const large = json({ pad: 'x'.repeat(70_000), user: { email: 'y@a.test' } })
  assert.equal(await passed(3, { ...large, peer: '192.0.2.4' }), 0, 'beyond what is read: by the client')
})

test('a cost takes several, and one that is nothing takes none', async () => {
  const { passed } = await gateWith(
    limit(
      'requests: 10, period: minute, cost: { "POST /x": 4, "/free": 0 }',
      'routes: [{ path: "/**" }, { path: /dear, cost: 3 }]',
    ),
  )
  assert.equal(await passed(5, { path: '/x', method: 'POST', headers: form, body: 'a=1' }), 2)
  assert.equal(await passed(50, { path: '/free' }), 50)
  assert.equal(await passed(5, { path: '/dear', peer: '192.0.2.7' }), 3)
  assert.equal(await passed(5, { peer: '192.0.2.7' }), 1, '9 of 10 points were taken')
})

test('shadow counts, says what it would refuse, and tells the client nothing', async () => {
  const { gate, ask } = await gateWith(limit('requests: 1, period: minute, mode: shadow'))
  assert.equal((await ask()).status, 200)
  const answer = await ask()
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('ratelimit'), null)
  const { trace } = await gate.explain({ method: 'GET', target: '/a' })
  assert.match(JSON.stringify(trace), /limit mine \(shadow\), 0 left/)
})

test('places are given back on every end: an answer, an error, a client that leaves', async () => {
  const waiting: PromiseWithResolvers<Response>[] = []
  const { ask } = await gateWith(
    'security: { rate_limiting: { few: { concurrent: 2, match: ["/**"] } } }',
    (request) => {
      const answer = Promise.withResolvers<Response>()
      waiting.push(answer)
      request.signal.addEventListener('abort', () => answer.reject(new Error('aborted')))
      return answer.promise
    },
  )
  const reach = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const first = ask()
  const second = ask()
  await reach(2)
  const third = await ask()
  assert.equal(third.status, 429)
  assert.equal(third.headers.get('retry-after'), '1')
  assert.equal(third.headers.get('ratelimit-policy'), '"few at once";q=2;qu="concurrent-requests"')
  assert.equal(third.headers.get('ratelimit'), '"few at once";r=0')
  assert.equal((await ask({ peer: '192.0.2.1' })).status, 429)
  waiting[0]?.resolve(new Response('done'))
  await (await first).text()
  waiting[1]?.reject(new Error('the application fails'))
  assert.equal((await second).status >= 500, true)
  const [fourth, fifth] = [ask(), ask()]
  await reach(4)
  assert.equal((await ask()).status, 429)
  for (const answer of waiting.slice(2)) answer.resolve(new Response('done'))
  for (const answer of [fourth, fifth]) await (await answer).text()
})

test('by subject, whoever is not signed in is counted by his address', async () => {
  const { passed } = await gateWith(limit('requests: 2, period: minute, by: subject'))
  assert.equal(await passed(4), 2)
  assert.equal(await passed(4, { peer: '192.0.2.2' }), 2)
})
