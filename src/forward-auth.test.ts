import assert from 'node:assert/strict'
import test from 'node:test'

import { StreamedBody } from './body.ts'
import { HeaderList } from './core/headers.ts'
import { readQuestion } from './forward-auth.ts'
import type { Arrival } from './receive.ts'

/** A question as a proxy sends it. */
function question(fields: Readonly<Record<string, string>>, method = 'GET', target = '/'): Arrival {
  return {
    connection: { peer: '127.0.0.1', peerPort: 1, localPort: 8091 },
    raw: { method, target, httpVersion: '1.1', headers: Object.entries(fields).flat() },
    body: new StreamedBody(0, () => (async function* (): AsyncGenerator<Uint8Array> {})()),
    signal: new AbortController().signal,
  }
}

const forwarded = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https' }

// As each proxy documents it: nginx ngx_http_auth_request_module with the fields of our guide; Traefik's ForwardAuth table; Caddy's
// forward_auth expansion; Envoy's ext_authz HTTP service, which repeats method, path and Host.
const QUESTIONS = {
  nginx: question({
    ...forwarded,
    Host: 'shop.test',
    'X-Original-Method': 'DELETE',
    'X-Original-URI': '/orders/7?x=1',
    Cookie: 'a=b',
    Connection: 'close',
  }),
  traefik: question({
    ...forwarded,
    Host: '127.0.0.1:8091',
    'X-Forwarded-Method': 'DELETE',
    'X-Forwarded-Host': 'shop.test',
    'X-Forwarded-Uri': '/orders/7?x=1',
    'X-Forwarded-Server': 'traefik',
    Cookie: 'a=b',
  }),
  caddy: question({
    ...forwarded,
    Host: '127.0.0.1:8091',
    'X-Forwarded-Method': 'DELETE',
    'X-Forwarded-Host': 'shop.test',
    'X-Forwarded-Uri': '/orders/7?x=1',
    Cookie: 'a=b',
  }),
  envoy: question(
    { ...forwarded, Host: 'shop.test', Cookie: 'a=b', 'Content-Length': '0' },
    'DELETE',
    '/orders/7?x=1',
  ),
}

for (const [proxy, asked] of Object.entries(QUESTIONS)) {
  test(`${proxy}: the question is read as the request that it is about`, () => {
    const read = readQuestion(asked, proxy as 'nginx')
    assert.ok(typeof read !== 'string')
    const { connection, raw, body } = read.arrival
    assert.deepEqual([raw.method, raw.target, read.host], ['DELETE', '/orders/7?x=1', 'shop.test'])
    assert.deepEqual(raw.headers, ['Host', 'shop.test', 'Cookie', 'a=b'])
    assert.deepEqual(
      [connection.peer, connection.tls !== undefined, body.declaredBytes],
      ['192.0.2.7', true, 0],
    )
  })

  test(`${proxy}: nothing is guessed where a field is absent, twice or in another form`, () => {
    const { raw } = asked
    for (let i = 0; i < raw.headers.length; i += 2) {
      const name = raw.headers[i] as string
      const shape = proxy === 'nginx' || proxy === 'envoy' ? /^(Host|X-)/ : /^X-/
      if (!shape.test(name) || name === 'X-Forwarded-Server') continue
      const without = raw.headers.toSpliced(i, 2)
      assert.equal(
        typeof readQuestion({ ...asked, raw: { ...raw, headers: without } }, proxy as 'nginx'),
        'string',
        name,
      )
      if (name === 'X-Forwarded-For') continue
      const twice = [...raw.headers, name, raw.headers[i + 1] as string]
      assert.equal(
        typeof readQuestion({ ...asked, raw: { ...raw, headers: twice } }, proxy as 'nginx'),
        'string',
        name,
      )
    }
  })
}

for (const [name, change] of Object.entries({
  'a full URL': { 'X-Original-URI': 'http://evil.test/' },
  'a space': { 'X-Original-URI': '/a b' },
  'a lower-case method': { 'X-Original-Method': 'get' },
  'an odd scheme': { 'X-Forwarded-Proto': 'https, http' },
  'an address that is none': { 'X-Forwarded-For': '192.0.2.7, unknown' },
})) {
  test(`${name} is not taken`, () => {
    const { raw } = QUESTIONS.nginx
    const headers = new HeaderList(raw.headers)
    for (const [field, value] of Object.entries(change)) headers.set(field, value)
    assert.equal(
      typeof readQuestion({ ...QUESTIONS.nginx, raw: { ...raw, headers: headers.flat() } }, 'nginx'),
      'string',
    )
  })
}

test("a client's own identity, forwarding and question fields do not get in; the last hop is the client", () => {
  const { raw } = QUESTIONS.nginx
  const headers = new HeaderList(raw.headers)
  headers.set('X-Forwarded-For', '203.0.113.1, 192.0.2.7')
  for (const name of ['Ringwall-Subject', 'X-Real-IP', 'X-Forwarded-Host', 'X-Forwarded-Uri', 'Upgrade'])
    headers.append(name, 'spoofed')
  const read = readQuestion({ ...QUESTIONS.nginx, raw: { ...raw, headers: headers.flat() } }, 'nginx')
  assert.ok(typeof read !== 'string')
  assert.equal(read.arrival.connection.peer, '192.0.2.7')
  assert.deepEqual(read.arrival.raw.headers, [
    'Host',
    'shop.test',
    'X-Forwarded-For',
    '203.0.113.1',
    'Cookie',
    'a=b',
  ])
})
