import assert from 'node:assert/strict'
import test from 'node:test'

import { RouteTable } from './index.ts'

const table = new RouteTable([
  { name: 'rest', path: '/**' },
  { name: 'orders', path: '/orders' },
  { name: 'order', path: '/orders/{id}', methods: ['GET', 'DELETE'] },
  { name: 'new-order', path: '/orders/new' },
  { name: 'order-items', path: '/orders/{id}/items/**' },
  { name: 'files', path: '/files/*', methods: ['GET'] },
  { name: 'admin', path: '/**', hosts: ['admin.test'] },
  { name: 'tenant', path: '/', hosts: ['*.tenant.test'] },
])

for (const { host = 'a.test', path, method = 'GET', want, params = {} } of [
  { path: '/', want: 'rest' },
  { path: '/orders', want: 'orders' },
  { path: '/orders/', want: 'rest' },
  { path: '/orders/7', want: 'order', params: { id: '7' } },
  { path: '/orders/7', method: 'HEAD', want: 'order', params: { id: '7' } },
  { path: '/orders/7', method: 'POST', want: 'rest' },
  { path: '/orders/new', method: 'POST', want: 'new-order' },
  { path: '/orders/7/items', want: 'order-items', params: { id: '7' } },
  { path: '/orders/7/items/1/2', want: 'order-items', params: { id: '7' } },
  { path: '/files/a', want: 'files' },
  { path: '/files/a/b', want: 'rest' },
  { host: 'admin.test', path: '/orders/7', want: 'admin' },
  { host: 'x.tenant.test', path: '/', want: 'tenant' },
  { host: 'tenant.test', path: '/', want: 'rest' },
]) {
  test(`route: ${method} ${host}${path} is ${want}`, () => {
    const { match } = table.match(host, path, method)
    assert.equal(match.name, want)
    assert.deepEqual(match.params, params)
  })
}

test('a path that exists, but not with this method, lists those it takes', () => {
  const only = new RouteTable([
    { name: 'a', path: '/a', methods: ['GET'] },
    { name: 'b', path: '/{x}', methods: ['POST', 'PUT'] },
  ])
  assert.deepEqual(only.match(undefined, '/a', 'DELETE').match, {
    name: '-',
    kind: 'method-not-allowed',
    params: {},
    allow: ['GET', 'HEAD', 'POST', 'PUT'],
  })
  assert.equal(only.match(undefined, '/a/b', 'GET').match.kind, 'no-route')
})

for (const { name, rows, want } of [
  {
    name: 'two rows for the same',
    rows: [
      { name: 'a', path: '/x/{id}' },
      { name: 'b', path: '/x/*' },
    ],
    want: /`a` and `b` match the same/,
  },
  { name: 'no slash', rows: [{ name: 'a', path: 'x' }], want: /must begin with a slash/ },
  { name: 'rest in the middle', rows: [{ name: 'a', path: '/**/x' }], want: /at its end only/ },
  { name: 'half a wildcard', rows: [{ name: 'a', path: '/x*' }], want: /a segment is a literal/ },
  { name: 'an empty segment', rows: [{ name: 'a', path: '/x//y' }], want: /empty segment/ },
]) {
  test(`routes with ${name} are refused at the start`, () => assert.throws(() => new RouteTable(rows), want))
}

test('a hostile path costs linear time', () => {
  const many = new RouteTable(
    Array.from({ length: 200 }, (_, i) => ({ name: `r${i}`, path: `/a/{b}/c${i}/{d}/**` })),
  )
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) many.match('a', '/a'.repeat(8000), 'GET')
  assert.ok(performance.now() - startedAt < 5000)
})
