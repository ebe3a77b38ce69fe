import assert from 'node:assert/strict'
import test from 'node:test'

import { RingwallError } from '../core/errors.ts'
import { openapiRoutes } from './openapi.ts'

const document = (paths: string): string =>
  `openapi: 3.1.1\ninfo: { title: t, version: '1' }\npaths:\n${paths}`

test('an operation with x-ringwall is a route', () => {
  const routes = openapiRoutes(
    document(`  /orders:
    get: { x-ringwall: { sign_in: required } }
    post: { summary: not mentioned }
  /orders/{id}:
    get:
      x-ringwall: { access: { action: order:read, resource: { type: Order } }, max_body: 1KB }
    delete:
      x-ringwall: { access: off }
`),
    'api.yaml',
  )
  assert.deepEqual(
    routes.map(({ name, path, methods, access }) => [name, path, methods, typeof access]),
    [
      ['GET /orders', '/orders', ['GET'], 'undefined'],
      ['GET /orders/{id}', '/orders/{id}', ['GET'], 'object'],
      ['DELETE /orders/{id}', '/orders/{id}', ['DELETE'], 'string'],
    ],
  )
  assert.equal(routes[1]?.max_body, 1024)
})

for (const { name, text, says } of [
  { name: 'no YAML', text: 'openapi: [', says: /^api.yaml:1:\d+: / },
  { name: 'no paths', text: 'openapi: 3.1.1', says: /has no `paths`/ },
  {
    name: 'an identifier, and nobody says whose',
    text: document('  /orders/{id}:\n    get: { summary: one }\n'),
    says: /^api.yaml:5: GET \/orders\/\{id\} has an identifier in its path, and nothing says who may use which/,
  },
  {
    name: 'an extension without access there',
    text: document('  /orders/{id}:\n    get: { x-ringwall: { sign_in: required } }\n'),
    says: /^api.yaml:5: GET \/orders\/\{id\}: `x-ringwall` has no `access`/,
  },
  {
    name: 'a key that there is not',
    text: document('  /orders:\n    get: { x-ringwall: { acces: off } }\n'),
    says: /GET \/orders: x-ringwall\.: Unrecognized key: "acces"/,
  },
  {
    name: 'an extension that is no section',
    text: document('  /orders:\n    get: { x-ringwall: 3 }\n'),
    says: /must be a section/,
  },
]) {
  test(`a document that is wrong names the place: ${name}`, () => {
    assert.throws(
      () => openapiRoutes(text, 'api.yaml'),
      (error: unknown) => error instanceof RingwallError && says.test(error.line),
    )
  })
}
