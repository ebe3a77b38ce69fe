import assert from 'node:assert/strict'
import test from 'node:test'

import { HeaderList } from '../core/headers.ts'
import { prefixRewrite, redirectTarget } from './route-answer.ts'

const found = (params: Record<string, string> = {}) =>
  ({ name: 'r', kind: 'found', params, allow: [] }) as const

for (const { path, rewrite, asked, got } of [
  { path: '/api/**', rewrite: { strip_prefix: '/api' }, asked: '/api/orders/7', got: '/orders/7' },
  { path: '/api/**', rewrite: { strip_prefix: '/api' }, asked: '/api/', got: '/' },
  { path: '/api', rewrite: { strip_prefix: '/api' }, asked: '/api', got: '/' },
  { path: '/api/**', rewrite: { strip_prefix: '/api', add_prefix: '/v2' }, asked: '/api/x', got: '/v2/x' },
  { path: '/**', rewrite: { add_prefix: '/v2' }, asked: '/x', got: '/v2/x' },
  { path: '/**', rewrite: { add_prefix: '/v2' }, asked: '/', got: '/v2/' },
]) {
  test(`${JSON.stringify(rewrite)} sends ${asked} on as ${got}`, () => {
    const target = { ok: true, path: asked, decodedPath: asked, rawQuery: '?a=1' } as const
    const sent = prefixRewrite({ name: 'r', path }, rewrite).target(target, found())
    assert.deepEqual(sent, { ok: true, path: got, decodedPath: got, rawQuery: '?a=1' })
  })
}

const api = prefixRewrite({ name: 'r', path: '/api/**' }, { strip_prefix: '/api', add_prefix: '/v2' })
for (const [name, said, told] of [
  ['location', '/v2/orders/7?a=1#x', '/api/orders/7?a=1#x'],
  ['location', '/v2', '/api'],
  ['location', '/v20/orders', '/v20/orders'],
  ['location', 'https://shop.test:8443/v2/a', 'https://shop.test:8443/api/a'],
  ['location', 'https://other.test/v2/a', 'https://other.test/v2/a'],
  ['location', '//other.test/v2/a', '//other.test/v2/a'],
  ['location', 'orders/7', 'orders/7'],
  ['set-cookie', 'a=1; Path=/v2; Secure', 'a=1; Path=/api; Secure'],
  ['set-cookie', 'a=1; path=/v2/cart', 'a=1; path=/api/cart'],
  ['set-cookie', 'a=1; Path=/', 'a=1; Path=/'],
  ['set-cookie', 'a=1', 'a=1'],
] as const) {
  test(`the answer's ${name} ${said} reaches the client as ${told}`, () => {
    const headers = new HeaderList([name, said])
    api.reply(headers, 'shop.test:8443')
    assert.equal(headers.get(name), told)
  })
}

test('a prefix that the path does not have is a mistake of the configuration', () => {
  assert.throws(
    () => prefixRewrite({ name: 'r', path: '/apis/**' }, { strip_prefix: '/api' }),
    /does not begin/,
  )
})

for (const { path, to, params = {}, asked, leads } of [
  { path: '/old', to: '/new', asked: '/old', leads: '/new' },
  {
    path: '/shop/{id}',
    to: 'https://www.shop.test/item/{id}.html',
    params: { id: '7%2F8' },
    asked: '/shop/7%2F8',
    leads: 'https://www.shop.test/item/7%2F8.html',
  },
  { path: '/a/b/**', to: '/{**}', asked: '/a/b/c/d', leads: '/c/d' },
  { path: '/**', to: 'https://www.shop.test/{**}', asked: '/', leads: 'https://www.shop.test/' },
]) {
  test(`${path} is redirected to ${to}`, () => {
    assert.equal(redirectTarget({ name: 'r', path }, to)(found(params), asked), leads)
  })
}

for (const [path, to, says] of [
  ['/old/{id}', 'new', /must be a path/],
  ['/old/{id}', '//evil.test/', /must be a path/],
  ['/old/{id}', 'https://{id}/', /whole host/],
  ['/old/{id}', 'https://shop.test{id}', /whole host/],
  ['/old/{id}', 'javascript:alert(1)', /must be a path/],
  ['/old/{id}', '/new/{name}', /has `\{name\}`/],
  ['/old/{id}', '/new/{**}', /has `\{\*\*\}`/],
] as const) {
  test(`a redirect that cannot be: ${to}`, () => {
    assert.throws(() => redirectTarget({ name: 'r', path }, to), says)
  })
}
