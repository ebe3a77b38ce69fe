// OpenAPI documents against requests: what fits, what does not, and that nothing of what was sent is told.
import assert from 'node:assert/strict'
import test from 'node:test'

import { OpenApiDocument } from './document.ts'
import { STRING_FORMATS } from './formats.ts'
import type { JsonValue } from './json-value.ts'
import { checkBody, checkParameters, mediaFor, responseMedia } from './schema-check.ts'

const ORDER = {
  type: 'object',
  required: ['item', 'quantity'],
  properties: {
    id: { type: 'integer', readOnly: true },
    item: { type: 'string', minLength: 1, maxLength: 20, pattern: '^[a-z -]+$' },
    quantity: { type: 'integer', minimum: 1, maximum: 99 },
    address: { $ref: '#/components/schemas/Address' },
    tags: { type: 'array', uniqueItems: true, items: { type: 'string' } },
    note: { type: 'string', nullable: true },
    extra: { type: 'object' },
  },
}

const DOCUMENT = {
  openapi: '3.1.0',
  servers: [{ url: 'https://api.shop.test/v1/' }],
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } }],
      get: {
        parameters: [
          {
            name: 'fields',
            in: 'query',
            explode: false,
            schema: { type: 'array', items: { enum: ['a', 'b'] } },
          },
          { name: 'page', in: 'query', schema: { type: 'integer', maximum: 50 } },
          { name: 'deep', in: 'query', style: 'deepObject', schema: { $ref: '#/components/schemas/Filter' } },
          { name: 'ids', in: 'query', schema: { type: 'array', maxItems: 3, items: { type: 'integer' } } },
          { name: 'strict', in: 'query', schema: { type: 'boolean' } },
          { name: 'X-Trace', in: 'header', required: true, schema: { type: 'string', format: 'uuid' } },
          { name: 'theme', in: 'cookie', schema: { enum: ['light', 'dark'] } },
        ],
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } } },
          '4XX': { content: { 'application/problem+json': {} } },
        },
      },
    },
    '/orders': {
      post: {
        requestBody: { $ref: '#/components/requestBodies/Order' },
        responses: { default: {} },
      },
    },
    '/big': {
      put: { requestBody: { content: { '*/*': { schema: { $ref: 'more.yaml#/Big' } } } } },
    },
  },
  components: {
    requestBodies: {
      Order: {
        required: true,
        content: {
          'application/json': { schema: { $ref: '#/components/schemas/Order' } },
          'application/x-www-form-urlencoded': { schema: { $ref: '#/components/schemas/Order' } },
          'image/*': {},
        },
      },
    },
    schemas: {
      Order: ORDER,
      Filter: { type: 'object', properties: { min: { type: 'number' }, max: { type: 'number' } } },
      Address: {
        allOf: [
          { type: 'object', properties: { street: { type: 'string' } }, required: ['street'] },
          { $ref: '#/components/schemas/Place' },
        ],
      },
      Place: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
}
const MORE = {
  Big: { type: 'array', items: { $ref: '#/Item' } },
  Item: { type: 'object', properties: { a: { type: 'integer' } } },
}

function read(refuseUnknown = true): OpenApiDocument {
  const files: Record<string, JsonValue> = { 'api.yaml': DOCUMENT, 'more.yaml': MORE }
  return new OpenApiDocument('api.yaml', (path) => files[path] ?? null, { refuseUnknown })
}
const document = read()

function operationOf(method: string, path: string, from = document) {
  const found = from.find(path, method)
  assert.ok(found.kind === 'found', `${method} ${path}: ${found.kind}`)
  return found
}

const readJson = (bytes: Uint8Array) => ({ value: JSON.parse(Buffer.from(bytes).toString()) as unknown })

test('operations are found below the path of the first server', () => {
  assert.equal(operationOf('GET', '/v1/orders/7').operation.name, 'GET /orders/{id}')
  assert.equal(document.find('/orders/7', 'GET').kind, 'no-route')
  assert.deepEqual(document.find('/v1/orders', 'GET'), { kind: 'method-not-allowed', allow: ['POST'] })
})

const TRACE = 'b7f0a6f2-9f0e-4f3e-8a52-0d6a3a3b6c11'
for (const [query, id, want, more = {}] of [
  ['', '7', undefined],
  ['?page=50&strict=true&fields=a,b&ids=1&ids=2&deep[min]=1.5&deep[max]=2', '7', undefined],
  ['', '0', 'path id: minimum 1'],
  ['', 'seven', 'path id: type integer'],
  ['', '0x10', 'path id: type integer'],
  ['', '1e0', undefined],
  ['?page=51', '7', 'query page: maximum 50'],
  ['?page=1&page=2', '7', 'query page: given more than once'],
  ['?page=', '7', 'query page: type integer'],
  ['?page=%31', '7', undefined],
  ['?strict=TRUE', '7', 'query strict: type boolean'],
  ['?fields=a,c', '7', 'query fields/1: enum'],
  ['?ids=1&ids=2&ids=3&ids=4', '7', 'query ids: maxItems 3'],
  ['?ids=1&ids=x', '7', 'query ids/1: type integer'],
  ['?deep[min]=x', '7', 'query deep/min: type number'],
  ['?deep[other]=1', '7', 'query deep/other: unknown field'],
  ['?deep[min]=1&deep[min]=2', '7', 'query deep: given more than once'],
  ['?admin=1', '7', 'query admin: unknown parameter'],
  ['?page=%ff', '7', 'query : escapes that are no UTF-8'],
  ['', '7', 'header X-Trace: required', { 'X-Trace': [] }],
  ['', '7', 'header X-Trace: format uuid', { 'X-Trace': ['7'] }],
  ['', '7', 'header X-Trace: given more than once', { 'X-Trace': [TRACE, TRACE] }],
  ['', '7', 'cookie theme: enum', { cookie: ['a=1; theme=blue'] }],
  ['', '7', undefined, { cookie: ['theme=dark'] }],
] as const) {
  test(`GET /orders/${id}${query} ${JSON.stringify(more)} ${want ?? 'fits'}`, () => {
    const { operation, params } = operationOf('GET', `/v1/orders/${id}`)
    const headers: Readonly<Record<string, readonly string[]>> = { 'X-Trace': [TRACE], ...more }
    const header = (name: string): readonly string[] => headers[name] ?? []
    const said = checkParameters(operation, { rawQuery: query, params, header }, true)
    assert.equal(said && `${said.in} ${said.field}: ${said.rule}`, want)
  })
}

const good = { item: 'a cup', quantity: 2 }
for (const [body, want] of [
  [good, undefined],
  [{ ...good, note: null, tags: ['a', 'b'], extra: { anything: [1] } }, undefined],
  [{ ...good, address: { street: 'High St', city: 'Ulm' } }, undefined],
  [{ ...good, address: { street: 'High St', isAdmin: true } }, '/address/isAdmin: unknown field'],
  [{ ...good, address: { city: 'Ulm' } }, '/address/street: required'],
  [{ ...good, isAdmin: true }, '/isAdmin: unknown field'],
  [{ ...good, id: 7 }, '/id: unknown field'],
  [{ item: 'a cup' }, '/quantity: required'],
  [{ ...good, quantity: '2' }, '/quantity: type integer'],
  [{ ...good, quantity: 100 }, '/quantity: maximum 99'],
  [{ ...good, item: '' }, '/item: minLength 1'],
  [{ ...good, item: 'A cup' }, '/item: pattern'],
  [{ ...good, tags: ['a', 'a'] }, '/tags: uniqueItems'],
  [[good], ': type object'],
] as const) {
  test(`an order ${JSON.stringify(body)} ${want ?? 'fits'}`, () => {
    const { operation } = operationOf('POST', '/v1/orders')
    const media = mediaFor(operation.body?.media ?? [], 'application/json; charset=utf-8')
    assert.ok(media)
    const said = checkBody(media, 'application/json', Buffer.from(JSON.stringify(body)), readJson)
    assert.equal(said.kind === 'mismatch' ? `${said.mismatch.field}: ${said.mismatch.rule}` : undefined, want)
  })
}

for (const [form, want] of [
  ['item=a+cup&quantity=2&tags=a&tags=b', undefined],
  ['item=a+cup&quantity=two', '/quantity: type integer'],
  ['item=a+cup&quantity=2&quantity=3', ': given more than once'],
  ['item=a+cup&quantity=2&isAdmin=1', '/isAdmin: unknown field'],
  ['item=%zz&quantity=2', ': escapes that are no UTF-8'],
] as const) {
  test(`a form ${form} ${want ?? 'fits'}`, () => {
    const type = 'application/x-www-form-urlencoded'
    const media = mediaFor(operationOf('POST', '/v1/orders').operation.body?.media ?? [], type)
    assert.ok(media)
    const said = checkBody(media, type, Buffer.from(form), readJson)
    assert.equal(said.kind === 'mismatch' ? `${said.mismatch.field}: ${said.mismatch.rule}` : undefined, want)
  })
}

test('unknown fields pass where they may, and read-only ones with them', () => {
  const { operation } = operationOf('POST', '/v1/orders', read(false))
  const media = mediaFor(operation.body?.media ?? [], 'application/json')
  assert.ok(media)
  const body = Buffer.from(JSON.stringify({ ...good, id: 7, isAdmin: true }))
  assert.deepEqual(checkBody(media, 'application/json', body, readJson), { kind: 'fits' })
})

test('another file is read, and its references are its own', () => {
  const { operation } = operationOf('PUT', '/v1/big')
  const media = mediaFor(operation.body?.media ?? [], 'application/json')
  assert.ok(media)
  const said = (value: unknown) =>
    checkBody(media, 'application/json', Buffer.from(JSON.stringify(value)), readJson)
  assert.equal(said([{ a: 1 }]).kind, 'fits')
  assert.deepEqual(said([{ a: 1 }, { b: 1 }]), {
    kind: 'mismatch',
    mismatch: { in: 'body', field: '/1/b', rule: 'unknown field' },
  })
})

test('media types: the exact one, its family, any', () => {
  const media = operationOf('POST', '/v1/orders').operation.body?.media ?? []
  assert.equal(mediaFor(media, 'Application/JSON')?.range, 'application/json')
  assert.equal(mediaFor(media, 'image/png')?.range, 'image/*')
  assert.equal(mediaFor(media, 'text/plain'), undefined)
  assert.equal(mediaFor(media, undefined), undefined)
})

test('answers by status, by family of status, by default', () => {
  const get = operationOf('GET', '/v1/orders/7').operation
  assert.equal(responseMedia(get, 200)?.length, 1)
  assert.equal(responseMedia(get, 404)?.[0]?.range, 'application/problem+json')
  assert.equal(responseMedia(get, 500), undefined)
  assert.equal(responseMedia(operationOf('POST', '/v1/orders').operation, 500)?.length, 0)
  const media = responseMedia(get, 200)?.[0]
  assert.ok(media)
  const answer = Buffer.from(JSON.stringify({ ...good, id: 7, other: 1 }))
  assert.equal(checkBody(media, 'application/json', answer, readJson).kind, 'fits', 'answers may have more')
})

for (const [change, says] of [
  [{ openapi: '2.0' }, /must be 3\.1 or 3\.0/],
  [{ openapi: undefined }, /`openapi` is missing/],
  [
    { paths: { '/a': { get: { parameters: [{ $ref: '#/components/parameters/None' }] } } } },
    /`#\/components\/parameters\/None` leads nowhere/,
  ],
  [
    {
      paths: {
        '/a': { get: { parameters: [{ name: 'a', in: 'query', schema: { pattern: '(?=a)b' } }] } },
      },
    },
    /cannot be matched in linear time/,
  ],
  [{ paths: { '/a': { $ref: 'https://evil.test/a.yaml' } } }, /only files beside it are read/],
] as const) {
  test(`a document that cannot be: ${says.source}`, () => {
    const one = { ...DOCUMENT, ...change } as JsonValue
    assert.throws(
      () =>
        new OpenApiDocument('api.yaml', (path) => (path === 'api.yaml' ? one : MORE), {
          refuseUnknown: true,
        }),
      says,
    )
  })
}

for (const [format, yes, no] of [
  ['date', ['2026-02-28', '2024-02-29'], ['2026-02-29', '2026-13-01', '2026-1-1']],
  [
    'date-time',
    ['2026-11-24T09:00:00Z', '2026-11-24t09:00:00.123+01:00'],
    ['2026-11-24', '2026-11-24T24:00:00Z'],
  ],
  [
    'email',
    ["o'brien+x@mail.example.com"],
    ['a@b@', '@example.com', 'a..b@example.com', `${'a'.repeat(65)}@b.test`],
  ],
  ['uuid', [TRACE], ['b7f0a6f2']],
  ['ipv4', ['192.0.2.7'], ['192.0.2', '::1', '192.0.2.256']],
  ['ipv6', ['2001:db8::1'], ['192.0.2.7', ':::']],
  ['uri', ['https://a.test/x?y=%20'], ['/x', 'https://a.test/%2', 'https://a b']],
  ['hostname', ['a-b.example'], ['-a.example', 'a_b.example', 'a..b']],
  ['duration', ['P1DT2H', 'PT0S'], ['P', 'PT', '1D']],
  ['byte', ['aGk='], ['aGk', 'a*==']],
] as const) {
  test(`format ${format}`, () => {
    for (const text of yes) assert.equal(STRING_FORMATS[format]?.(text), true, text)
    for (const text of no) assert.equal(STRING_FORMATS[format]?.(text), false, text)
  })
}

test('hostile sizes: a pattern, a list of distinct objects and a long form are judged in linear time', () => {
  const hostile = {
    ...DOCUMENT,
    paths: {
      '/a': {
        post: {
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  type: 'array',
                  uniqueItems: true,
                  items: { type: ['object', 'string'], pattern: '^(a+)+$' },
                },
              },
            },
          },
        },
      },
    },
  } as JsonValue
  const { operation } = operationOf(
    'POST',
    '/v1/a',
    new OpenApiDocument('api.yaml', () => hostile, { refuseUnknown: true }),
  )
  const media = mediaFor(operation.body?.media ?? [], 'application/json')
  assert.ok(media)
  const spent = (value: unknown): number => {
    const bytes = Buffer.from(JSON.stringify(value))
    const before = process.cpuUsage().user
    checkBody(media, 'application/json', bytes, readJson)
    return (process.cpuUsage().user - before) / 1000
  }
  const bodies = [[`${'a'.repeat(100_000)}!`], Array.from({ length: 50_000 }, (_, a) => ({ a }))]
  for (const body of bodies) assert.ok(spent(body) < 5000, 'quadratic would take minutes')
})
