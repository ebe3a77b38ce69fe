import assert from 'node:assert/strict'
import test from 'node:test'

import { HeaderList } from '../../core/headers.ts'
import { Secret } from '../../core/secret.ts'
import { type BindingParts, bindHttps, type HttpsBinding } from './https-binding.ts'
import { pointOf } from './testing.ts'

const PEP = 'pep-0123456789abcdefghijklmnopqrstuvwxyz'
const SEARCHER = 'searcher-0123456789abcdefghijklmnopqrstuvwxyz'

function bind(change: Partial<BindingParts> = {}): HttpsBinding {
  return bindHttps({
    point: pointOf(),
    url: 'https://pdp.test',
    callers: [
      { name: 'pep', token: new Secret(PEP), maySearch: false },
      { name: 'searcher', token: new Secret(SEARCHER), maySearch: true },
    ],
    maxBytes: 4096,
    ...change,
  })
}

const EVALUATION = '/access/v1/evaluation'
const QUESTION =
  '{"subject":{"type":"user","id":"ann"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}}'
const SEARCH = '{"subject":{"type":"user"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}}'

interface Asked {
  readonly name: string
  readonly method?: string
  readonly path?: string
  /** In place of the usual ones. */
  readonly headers?: readonly string[]
  /** Beside the usual ones. */
  readonly more?: readonly string[]
  readonly body?: string | Uint8Array
  readonly status: number
  /** The body, as JSON. */
  readonly want?: unknown
  readonly reason?: RegExp
  readonly fields?: Readonly<Record<string, string | undefined>>
}

const json = ['Content-Type', 'application/json']
const as = (token: string, ...more: readonly string[]): readonly string[] => [
  ...json,
  'Authorization',
  `Bearer ${token}`,
  ...more,
]

const ASKED: readonly Asked[] = [
  {
    name: 'a question is answered',
    status: 200,
    want: { decision: true },
    fields: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-request-id': undefined },
  },
  {
    name: 'a batch is answered',
    path: '/access/v1/evaluations',
    body: `{"evaluations":[${QUESTION},{}]}`,
    status: 200,
  },
  {
    name: 'a search of who may search',
    path: '/access/v1/search/subject',
    headers: as(SEARCHER),
    body: SEARCH,
    status: 200,
    want: {
      results: [
        { type: 'user', id: 'ann' },
        { type: 'user', id: 'ben' },
      ],
    },
  },
  {
    name: 'a search of who may not',
    path: '/access/v1/search/subject',
    body: SEARCH,
    status: 403,
    reason: /may not search/,
  },
  {
    name: 'no token',
    headers: json,
    status: 401,
    fields: { 'www-authenticate': 'Bearer realm="https://pdp.test"' },
  },
  { name: 'an unknown token', headers: as(`${PEP}x`), status: 401 },
  { name: 'a token cut short', headers: as(PEP.slice(0, -1)), status: 401 },
  { name: 'an empty token', headers: [...json, 'Authorization', 'Bearer '], status: 401 },
  { name: 'another scheme', headers: [...json, 'Authorization', `Basic ${PEP}`], status: 401 },
  { name: 'a scheme in lower case', headers: [...json, 'Authorization', `bearer ${PEP}`], status: 200 },
  { name: 'two tokens', more: ['Authorization', `Bearer ${PEP}`], status: 401 },
  { name: 'a token of a megabyte', headers: as('x'.repeat(1 << 20)), status: 401 },
  { name: 'a token before anything of the body is judged', headers: json, body: '{', status: 401 },
  { name: 'an unknown path', path: '/access/v1/other', status: 404 },
  { name: 'a path with a slash at the end', path: `${EVALUATION}/`, status: 404 },
  { name: 'a path of the prototype', path: '__proto__', status: 404 },
  { name: 'another method', method: 'GET', status: 405, fields: { allow: 'POST' } },
  {
    name: 'the request id comes back',
    more: ['X-Request-ID', 'a b;c'],
    status: 200,
    fields: { 'x-request-id': 'a b;c' },
  },
  {
    name: 'the request id comes back with a refusal',
    headers: [...json, 'x-request-id', '7'],
    status: 401,
    fields: { 'x-request-id': '7' },
  },
  {
    name: 'the request id comes back with a mistake',
    more: ['X-Request-ID', '7'],
    body: '{}',
    status: 400,
    fields: { 'x-request-id': '7' },
  },
  {
    name: 'two request ids',
    more: ['X-Request-ID', '7', 'X-Request-ID', '8'],
    status: 400,
    reason: /two X-Request-ID/,
  },
  {
    name: 'a request id that breaks the line',
    more: ['X-Request-ID', '7\r\nSet-Cookie: a=b'],
    status: 400,
    fields: { 'x-request-id': undefined },
  },
  {
    name: 'a request id that breaks the line, nowhere',
    path: '/x',
    more: ['X-Request-ID', '7\n'],
    status: 400,
    fields: { 'x-request-id': undefined },
  },
  {
    name: 'a request id too long',
    more: ['X-Request-ID', '7'.repeat(1025)],
    status: 400,
    fields: { 'x-request-id': undefined },
  },
  {
    name: 'no content type',
    headers: ['Authorization', `Bearer ${PEP}`],
    status: 400,
    reason: /Content-Type/,
  },
  {
    name: 'another content type',
    headers: ['Content-Type', 'text/plain', 'Authorization', `Bearer ${PEP}`],
    status: 400,
    reason: /Content-Type/,
  },
  {
    name: 'a content type with parameters',
    headers: ['Content-Type', 'Application/JSON; charset=utf-8', 'Authorization', `Bearer ${PEP}`],
    status: 200,
  },
  { name: 'two content types', more: json, status: 400, reason: /Content-Type/ },
  { name: 'a coded body', more: ['Content-Encoding', 'gzip'], status: 400, reason: /Content-Encoding/ },
  { name: 'an empty body', body: '', status: 400, reason: /no JSON/ },
  { name: 'a body that ends early', body: '{"subject": {', status: 400, reason: /no JSON/ },
  { name: 'two bodies', body: `${QUESTION}${QUESTION}`, status: 400, reason: /no JSON/ },
  { name: 'a body that is a list', body: '[]', status: 400, reason: /expected an object/ },
  { name: 'a byte order mark', body: `\u{feff}${QUESTION}`, status: 400, reason: /no JSON/ },
  { name: 'bytes that are no UTF-8', body: Uint8Array.of(0x22, 0xff, 0x22), status: 400, reason: /no UTF-8/ },
  {
    name: 'a name twice',
    body: QUESTION.replace('"action"', '"subject":{"type":"user","id":"cy"},"action"'),
    status: 400,
    reason: /"subject\\" is there twice/,
  },
  {
    name: 'a name twice, once escaped',
    body: QUESTION.replace('"action"', '"\\u0073ubject":{},"action"'),
    status: 400,
    reason: /is there twice/,
  },
  {
    name: 'a long name twice',
    body: `{"${'a'.repeat(1500)}":1,"${'a'.repeat(1500)}":2}`,
    status: 400,
    reason: /^.{1,300}$/,
  },
  {
    name: 'a prototype among the properties',
    body: QUESTION.replace(
      '"id":"1"',
      '"id":"1","properties":{"__proto__":{"locked":false},"constructor":1}',
    ),
    status: 200,
    want: { decision: true },
  },
  {
    name: 'a prototype as the body',
    body: `{"__proto__":${QUESTION}}`,
    status: 400,
    reason: /subject: expected an object/,
  },
  { name: 'nesting without end', body: '['.repeat(4000), status: 400, reason: /nests deeper/ },
  {
    name: 'nesting within the body',
    body: `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
    status: 400,
    reason: /more than 32 levels/,
  },
  {
    name: 'a body too large',
    body: `${QUESTION}${' '.repeat(4096)}`,
    status: 413,
    reason: /larger than 4096 bytes/,
  },
  {
    name: 'an unknown member',
    body: QUESTION.replace('{', '{"future":{"a":[1]},'),
    status: 200,
    want: { decision: true },
  },
]

for (const {
  name,
  method = 'POST',
  path = EVALUATION,
  headers = as(PEP),
  more = [],
  body = QUESTION,
  status,
  want,
  reason,
  fields = {},
} of ASKED) {
  test(`binding: ${name} gives ${status}`, async () => {
    const head = { method, path, headers: new HeaderList([...headers, ...more]) }
    const binding = bind()
    const answer = await binding.answer(head, typeof body === 'string' ? Buffer.from(body) : body)
    assert.equal(answer.status, status, answer.body)
    if (want !== undefined) assert.deepEqual(JSON.parse(answer.body), want)
    if (status !== 200) assert.equal(typeof JSON.parse(answer.body), 'string')
    if (reason !== undefined) assert.match(answer.body, reason)
    const got = new HeaderList(answer.headers)
    for (const [field, value] of Object.entries(fields)) assert.equal(got.get(field), value, field)
    const early = binding.admit(head)
    if (early !== undefined) assert.deepEqual(early, answer, 'what is refused early is refused the same')
    else assert.ok([200, 400, 413].includes(status))
  })
}

for (const { url, identifier, path, prefix } of [
  { url: 'https://pdp.test', identifier: 'https://pdp.test', path: '', prefix: '' },
  { url: 'https://pdp.test/', identifier: 'https://pdp.test', path: '', prefix: '' },
  {
    url: 'https://pdp.test:8443/t/one/',
    identifier: 'https://pdp.test:8443/t/one',
    path: '/t/one',
    prefix: '/t/one',
  },
]) {
  test(`the metadata of ${url} stands between host and path, for everybody, and names all endpoints`, async () => {
    const binding = bind({ url })
    const head = {
      method: 'GET',
      path: `/.well-known/authzen-configuration${path}`,
      headers: new HeaderList(),
    }
    const answer = binding.admit(head)
    assert.equal(answer?.status, 200)
    assert.equal(new HeaderList(answer?.headers).get('content-type'), 'application/json')
    assert.deepEqual(JSON.parse(answer?.body ?? ''), {
      policy_decision_point: identifier,
      access_evaluation_endpoint: `${identifier}/access/v1/evaluation`,
      access_evaluations_endpoint: `${identifier}/access/v1/evaluations`,
      search_subject_endpoint: `${identifier}/access/v1/search/subject`,
      search_resource_endpoint: `${identifier}/access/v1/search/resource`,
      search_action_endpoint: `${identifier}/access/v1/search/action`,
    })
    const asked = { method: 'POST', path: prefix + EVALUATION, headers: new HeaderList(as(PEP)) }
    assert.equal((await binding.answer(asked, Buffer.from(QUESTION))).status, 200)
    assert.ok(binding.routes.some((route) => route.path === prefix + EVALUATION))
    assert.equal(binding.admit({ ...head, method: 'POST' })?.status, 405)
  })
}

for (const { name, change, message } of [
  { name: 'a URL without TLS', change: { url: 'http://pdp.test' }, message: /public base URL/ },
  { name: 'a URL with a query', change: { url: 'https://pdp.test/?a' }, message: /public base URL/ },
  { name: 'a URL with a fragment', change: { url: 'https://pdp.test/#' }, message: /public base URL/ },
  { name: 'a URL with a password', change: { url: 'https://a:b@pdp.test/' }, message: /public base URL/ },
  { name: 'a URL that is a pattern', change: { url: 'https://pdp.test/**' }, message: /public base URL/ },
  { name: 'no URL', change: { url: '' }, message: /public base URL/ },
  { name: 'no caller', change: { callers: [] }, message: /no caller/ },
  {
    name: 'a short token',
    change: { callers: [{ name: 'a', token: new Secret('short'), maySearch: true }] },
    message: /`a`: its token must be 32/,
  },
  {
    name: 'a token that no field can carry',
    change: { callers: [{ name: 'a', token: new Secret('a '.repeat(32)), maySearch: true }] },
    message: /its token must be/,
  },
  {
    name: 'one token for two callers',
    change: { callers: ['a', 'b'].map((name) => ({ name, token: new Secret(PEP), maySearch: true })) },
    message: /the same token/,
  },
] satisfies readonly { name: string; change: Partial<BindingParts>; message: RegExp }[]) {
  test(`binding: ${name} stops the start, and no token is told`, () => {
    assert.throws(
      () => bind(change),
      (thrown: Error) => message.test(thrown.message) && !thrown.message.includes(PEP),
    )
  })
}
