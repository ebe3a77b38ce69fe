import assert from 'node:assert/strict'
import test from 'node:test'

import { HeaderList } from '../core/headers.ts'
import { matchesHost } from '../core/host-pattern.ts'
import { IpList } from '../core/ip.ts'
import {
  clientOf,
  compileCookieFlags,
  compileSecurityHeaders,
  doubtInMessage,
  edgeSchema,
  forwardingFields,
  headersSchema,
  readHost,
  readTarget,
} from './index.ts'

for (const [raw, path, query = ''] of [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a//b///c', '/a/b/c'],
  ['//evil.example/x', '/evil.example/x'],
  ['/%61%2D%7e', '/a-~'],
  ['/a%20b', '/a%20b'],
  ['/a%c3%a9', '/a%C3%A9'],
  ['/a;v=1/b', '/a;v=1/b'],
  ['/a[1]|^', '/a[1]|^'],
  ['/.well-known/x', '/.well-known/x'],
  ['/a..b/...', '/a..b/...'],
  ['/?', '/', '?'],
  ['/x?q=../..&r=%2f', '/x', '?q=../..&r=%2f'],
  ['/x?a=<script>"', '/x', '?a=<script>"'],
  ['/x??', '/x', '??'],
  ['http://a.test/x?y', '/x', '?y'],
  ['HTTP://A.test', '/'],
] as const) {
  test(`target: \`${raw}\` is read as \`${path}${query}\``, () => {
    const target = readTarget(raw, 'a.test')
    assert.ok(target.ok, target.ok ? '' : target.reason)
    assert.equal(target.path + target.rawQuery, path + query)
  })
}

for (const raw of [
  '',
  '*',
  'a/b',
  'http://other.test/x',
  'ftp://a.test/x',
  '/a/../b',
  '/a/..',
  '/./a',
  '/a/.',
  '/a/%2e%2e/b',
  '/a/.%2e/b',
  '/a/..;/b',
  '/a/%2e%2e;x/b',
  '/a%2fb',
  '/a%2Fb',
  '/a%5cb',
  '/a\\b',
  '/a%00b',
  '/a%0d%0ab',
  '/a%7f',
  '/a%252fb',
  '/a%252e%252e/b',
  '/a%25%32%66',
  '/%c0%ae%c0%ae/',
  '/%c0%af',
  '/%ff',
  '/%e0%80%af',
  '/%ef%bc%8f',
  '/%ef%bc%8e%ef%bc%8e/',
  '/a%',
  '/a%2',
  '/a%zz',
  '/a b',
  '/a#b',
  '/a?b#c',
  '/a?b c',
  '/a"b',
  '/<script>',
  '/a\u00e9',
  '/a?\u00e9',
  `/${'a'.repeat(17_000)}`,
]) {
  test(`target: \`${raw.slice(0, 30)}\` has two readings and is refused`, () => {
    assert.equal(readTarget(raw, 'a.test').ok, false)
  })
}

for (const [raw, name, port] of [
  ['A.Test', 'a.test'],
  ['a.test:8080', 'a.test', 8080],
  ['a.test.', 'a.test'],
  ['a_b.test', 'a_b.test'],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]:8443', '[::1]', 8443],
  ['[2001:DB8::0:1]', '[2001:db8::1]'],
] as const) {
  test(`host: \`${raw}\` is \`${name}\``, () => assert.deepEqual(readHost([raw]), { ok: true, name, port }))
}

for (const raw of [
  '',
  ' ',
  'a@b',
  'a b',
  'a/b',
  'a:0',
  'a:99999',
  'a:x',
  ':80',
  '[::1',
  '[x]',
  '::1',
  'a..b',
  '-a',
  'a%00',
  'a,b',
  'a'.repeat(300),
]) {
  test(`host: \`${raw.slice(0, 20)}\` is refused`, () => assert.equal(readHost([raw]).ok, false))
}

test('host: none and two are refused', () => {
  assert.equal(readHost([]).ok, false)
  assert.equal(readHost(['a.test', 'a.test']).ok, false)
})

test('a host list knows names and wildcards of one or more labels', () => {
  for (const [name, want] of [
    ['a.test', true],
    ['x.b.test', true],
    ['x.y.b.test', true],
    ['b.test', false],
    ['xb.test', false],
    ['evil.test', false],
  ] as const) {
    assert.equal(
      ['a.test', '*.b.test'].some((pattern) => matchesHost(name, pattern)),
      want,
      name,
    )
  }
})

const raw = (more: { method?: string; httpVersion?: string; headers?: readonly string[] }) => ({
  method: 'POST',
  target: '/',
  httpVersion: '1.1',
  headers: [],
  ...more,
})

for (const { name, message, refused } of [
  { name: 'an ordinary POST', message: raw({ headers: ['Content-Length', '5'] }), refused: false },
  { name: 'a chunked POST', message: raw({ headers: ['Transfer-Encoding', 'chunked'] }), refused: false },
  {
    name: 'a coding list with an empty element',
    message: raw({ headers: ['Transfer-Encoding', ',chunked'] }),
    refused: true,
  },
  {
    name: 'a coding in capitals',
    message: raw({ headers: ['Transfer-Encoding', 'Chunked'] }),
    refused: true,
  },
  { name: 'two codings', message: raw({ headers: ['Transfer-Encoding', 'gzip, chunked'] }), refused: true },
  {
    name: 'two coding fields',
    message: raw({ headers: ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'] }),
    refused: true,
  },
  {
    name: 'chunked in HTTP/1.0',
    message: raw({ httpVersion: '1.0', headers: ['Transfer-Encoding', 'chunked'] }),
    refused: true,
  },
  {
    name: 'coding and length',
    message: raw({ headers: ['Transfer-Encoding', 'chunked', 'Content-Length', '5'] }),
    refused: true,
  },
  {
    name: 'two lengths',
    message: raw({ headers: ['Content-Length', '5', 'Content-Length', '5'] }),
    refused: true,
  },
  { name: 'a list of lengths', message: raw({ headers: ['Content-Length', '5, 5'] }), refused: true },
  { name: 'a length with a plus', message: raw({ headers: ['Content-Length', '+5'] }), refused: true },
  {
    name: 'a length with leading zeros',
    message: raw({ headers: ['Content-Length', '005'] }),
    refused: true,
  },
  { name: 'a length in hex', message: raw({ headers: ['Content-Length', '0x5'] }), refused: true },
  { name: 'an underscore in a name', message: raw({ headers: ['Content_Length', '5'] }), refused: true },
  { name: 'another expectation', message: raw({ headers: ['Expect', 'y 100-continue'] }), refused: true },
  { name: 'the known expectation', message: raw({ headers: ['Expect', '100-Continue'] }), refused: false },
  { name: 'TRACE', message: raw({ method: 'TRACE' }), refused: true },
  { name: 'CONNECT', message: raw({ method: 'CONNECT' }), refused: true },
  { name: 'a lower-case method', message: raw({ method: 'get' }), refused: true },
  { name: 'HTTP/0.9', message: raw({ httpVersion: '0.9' }), refused: true },
  {
    name: 'GET with a body',
    message: raw({ method: 'GET', headers: ['Content-Length', '5'] }),
    refused: true,
  },
  {
    name: 'GET with length 0',
    message: raw({ method: 'GET', headers: ['Content-Length', '0'] }),
    refused: false,
  },
  {
    name: 'HEAD with a body',
    message: raw({ method: 'HEAD', headers: ['Transfer-Encoding', 'chunked'] }),
    refused: true,
  },
  { name: 'a control byte', message: raw({ headers: ['X', 'a\u0001b'] }), refused: true },
  { name: 'UTF-8 bytes in a value', message: raw({ headers: ['X', '\u00c3\u00a9'] }), refused: false },
  {
    name: 'a WebSocket handshake',
    message: raw({ method: 'GET', headers: ['Upgrade', 'websocket'] }),
    refused: false,
  },
  {
    name: 'a WebSocket handshake by POST',
    message: raw({ headers: ['Upgrade', 'WebSocket'] }),
    refused: true,
  },
  {
    name: 'another Upgrade by POST',
    message: raw({ headers: ['Upgrade', 'h2c', 'Content-Length', '5'] }),
    refused: false,
  },
  { name: '101 fields', message: raw({ headers: Array.from({ length: 202 }, () => 'x') }), refused: true },
]) {
  test(`message: ${name} is ${refused ? 'refused' : 'taken'}`, () => {
    assert.equal(doubtInMessage(message) !== undefined, refused)
  })
}

const proxies = new IpList(['10.0.0.0/8', '192.0.2.1'])
for (const { name, peer, headers, ip, scheme = 'http' } of [
  {
    name: 'an untrusted peer is itself, whatever it says',
    peer: '198.51.100.7',
    headers: ['X-Forwarded-For', '1.1.1.1', 'Forwarded', 'for=1.1.1.1'],
    ip: '198.51.100.7',
  },
  {
    name: 'a trusted peer speaks for its client',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '198.51.100.7'],
    ip: '198.51.100.7',
  },
  {
    name: 'the rightmost untrusted address counts, not what the client wrote',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '1.1.1.1, 198.51.100.7, 10.0.0.2'],
    ip: '198.51.100.7',
  },
  {
    name: 'two fields are one list',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '1.1.1.1', 'X-Forwarded-For', '198.51.100.7'],
    ip: '198.51.100.7',
  },
  {
    name: 'Forwarded with IPv6, port and quotes',
    peer: '192.0.2.1',
    headers: ['Forwarded', 'for="[2001:db8::7]:4711";proto=https'],
    ip: '2001:db8::7',
    scheme: 'https',
  },
  {
    name: 'Forwarded wins over the older field',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '1.1.1.1', 'Forwarded', 'for=198.51.100.7'],
    ip: '198.51.100.7',
  },
  {
    name: 'an address that cannot be read ends the chain at the last that can',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '1.1.1.1, nonsense, 10.0.0.3'],
    ip: '10.0.0.3',
  },
  {
    name: 'IPv4 in IPv6 is IPv4',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '::ffff:198.51.100.7'],
    ip: '198.51.100.7',
  },
  {
    name: 'the scheme of a trusted peer',
    peer: '10.0.0.1',
    headers: ['X-Forwarded-For', '198.51.100.7', 'X-Forwarded-Proto', 'https'],
    ip: '198.51.100.7',
    scheme: 'https',
  },
  { name: 'no field: the proxy itself', peer: '10.0.0.1', headers: [], ip: '10.0.0.1' },
]) {
  test(`client: ${name}`, () => {
    const client = clientOf({ peer, peerPort: 1, localPort: 80 }, new HeaderList(headers), proxies)
    assert.deepEqual(client, { ip, scheme })
  })
}

test('the application is told the client in both spellings', () => {
  const fields = forwardingFields(
    { ip: '2001:db8::7', scheme: 'https' },
    { ok: true, name: 'a.test', port: 8443 },
  )
  assert.deepEqual(fields.slice(0, 4), [
    'Forwarded',
    'for="[2001:db8::7]";proto=https;host="a.test:8443"',
    'X-Forwarded-For',
    '2001:db8::7',
  ])
})

test("the guide's headers are set, the telltale ones go, and the application's own policy stays", () => {
  const set = compileSecurityHeaders(headersSchema.parse({}), {})
  const headers = new HeaderList([
    'Server',
    'x',
    'X-Powered-By',
    'y',
    'Content-Security-Policy',
    "default-src 'none'",
  ])
  set(headers, true, false)
  assert.equal(headers.get('x-frame-options'), 'DENY')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('x-xss-protection'), '0')
  assert.equal(headers.get('content-security-policy'), "default-src 'none'")
  assert.equal(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains')
  assert.ok(!headers.has('server') && !headers.has('x-powered-by'))
  const plain = new HeaderList()
  set(plain, false, false)
  assert.ok(!plain.has('strict-transport-security'))
  assert.match(plain.get('content-security-policy') ?? '', /script-src 'self';.*frame-ancestors 'none'/)
})

test('`override` replaces what the application says, and not what a page of our own says', () => {
  const set = compileSecurityHeaders(headersSchema.parse({ override: true }), {})
  for (const { isOwn, want } of [
    { isOwn: false, want: /frame-ancestors/ },
    { isOwn: true, want: /^own$/ },
  ]) {
    const headers = new HeaderList(['Content-Security-Policy', 'own'])
    set(headers, true, isOwn)
    assert.match(headers.get('content-security-policy') ?? '', want)
  }
})

for (const { cookie, https, want } of [
  { cookie: 'a=1', https: true, want: 'a=1; HttpOnly; SameSite=Lax; Secure' },
  { cookie: 'a=1', https: false, want: 'a=1; HttpOnly; SameSite=Lax' },
  {
    cookie: 'a=1; secure; HTTPONLY; samesite=None',
    https: true,
    want: 'a=1; secure; HTTPONLY; samesite=None',
  },
  { cookie: 'csrf=1; Path=/', https: true, want: 'csrf=1; Path=/' },
]) {
  test(`cookie: \`${cookie}\` over ${https ? 'https' : 'http'}`, () => {
    assert.equal(
      compileCookieFlags(edgeSchema.parse({ cookies: { except: ['csrf'] } }).cookies)(cookie, https),
      want,
    )
  })
}
