import assert from 'node:assert/strict'
import test from 'node:test'

import { parseList } from 'structured-headers'

import {
  addLimitFields,
  compileLimits,
  concurrencyFields,
  costOf,
  fingerprint,
  type GatewayRouteConfig,
  gatewayRouteKeys,
  rateLimitFields,
  type RateLimitingConfig,
  rateLimitingSchema,
} from './index.ts'

const guide = rateLimitingSchema.parse({})

/** The limits of all moments, in the order of the walk. */
function limitsOf(config: RateLimitingConfig, route: GatewayRouteConfig, path: string, method: string) {
  const moments = ['head', 'key', 'subject', 'body'] as const
  return moments.flatMap((moment) => compileLimits(config, route, moment)?.(path, method) ?? [])
}
const routeOf = (rate_limit?: unknown) => ({
  name: 'r',
  ...(rate_limit !== undefined && { rate_limit: gatewayRouteKeys.rate_limit.parse(rate_limit) }),
})

for (const { path, method = 'POST', limit, want } of [
  { path: '/login', want: ['login'] },
  { path: '/login', method: 'GET', want: [] },
  { path: '/api/login', want: ['login'] },
  { path: '/.well-known/ringwall/sign-in', want: ['login'] },
  { path: '/api/products', method: 'GET', want: ['api'] },
  { path: '/api', method: 'GET', want: ['api'] },
  { path: '/password-reset', want: ['password_reset'] },
  { path: '/', method: 'GET', want: [] },
  { path: '/x', limit: 'api', want: ['api'] },
  { path: '/x', limit: ['api', 'login'], want: ['api', 'login'] },
  { path: '/api/x', limit: 'off', want: [] },
  { path: '/x', limit: { requests: 2, period: 'second' }, want: ['route r'] },
]) {
  test(`limit: ${method} ${path} ${JSON.stringify(limit) ?? ''} is counted by ${want.join(', ') || 'nothing'}`, () => {
    const found = limitsOf(guide, routeOf(limit), path, method)
    assert.deepEqual(
      found.map(({ name }) => name),
      want,
    )
  })
}

test("the guide's values are the default", () => {
  const limitOf = (path: string) => limitsOf(guide, routeOf(), path, 'POST')[0]?.rule
  assert.deepEqual(limitOf('/login'), { limit: 5, periodMs: 60_000 })
  assert.deepEqual(limitOf('/api/x'), { limit: 100, periodMs: 60_000 })
  assert.deepEqual(limitOf('/password-reset'), { limit: 3, periodMs: 3_600_000 })
})

test('limits that count by different things hold together, of those by the same the most specific', () => {
  const config = rateLimitingSchema.parse({
    account: { requests: 9, period: 'hour', match: ['POST /login'], by: 'body:email' },
    people: { requests: 50, period: 'minute', match: ['/api/**'], by: 'subject' },
    slow: { requests: 1, period: 'minute', match: ['/api/slow'] },
    few: { concurrent: 2, match: ['/api/**'] },
  })
  const names = (path: string) => limitsOf(config, routeOf(), path, 'POST').map(({ name }) => name)
  assert.deepEqual(names('/login'), ['login', 'account'])
  assert.deepEqual(names('/api/x'), ['api', 'few', 'people'])
  assert.deepEqual(names('/api/slow'), ['slow', 'few', 'people'])
})

for (const { by, want } of [
  { by: 'address', want: 'head' },
  { by: ['route', 'header:X-Tenant'], want: 'head' },
  { by: ['address', 'api_key'], want: 'key' },
  { by: ['address', 'subject'], want: 'subject' },
  { by: ['subject', 'body:user.email'], want: 'body' },
]) {
  test(`a limit by ${JSON.stringify(by)} is judged at the moment ${want}`, () => {
    const limit = routeOf({ requests: 1, period: 'minute', by })
    assert.equal(limitsOf(guide, limit, '/', 'GET')[0]?.moment, want)
  })
}

test('a cost is said by the limit, else by the route, else it is 1', () => {
  const config = rateLimitingSchema.parse({
    heavy: { requests: 10, period: 'minute', match: ['/**'], cost: { 'POST /export': 5, '/free/**': 0 } },
  })
  const route = { name: 'r', cost: 3 }
  const [limit] = limitsOf(config, route, '/', 'GET')
  assert.ok(limit)
  assert.equal(costOf(limit, route, '/export', 'POST'), 5)
  assert.equal(costOf(limit, route, '/free/a', 'GET'), 0)
  assert.equal(costOf(limit, route, '/export', 'GET'), 3)
  assert.equal(costOf(limit, { name: 'r' }, '/other', 'GET'), 1)
})

test('mistakes are told at the start', () => {
  assert.throws(
    () => limitsOf(guide, routeOf('apis'), '/', 'GET'),
    /no limit `apis`; there is login, api, password_reset/,
  )
  const dear = rateLimitingSchema.parse({
    heavy: { requests: 4, period: 'minute', match: ['/**'], cost: { '/export': 5 } },
  })
  assert.throws(() => limitsOf(dear, routeOf(), '/', 'GET'), /costs 5 of 4, so it would never pass/)
  assert.equal(rateLimitingSchema.safeParse({ x: { requests: 4, match: ['/'] } }).success, false)
  assert.equal(rateLimitingSchema.safeParse({ x: { match: ['/'] } }).success, false)
  assert.equal(rateLimitingSchema.safeParse({ login: { by: 'cookie' } }).success, false)
})

test('the client is told in structured fields', () => {
  const limit = { name: 'api', rule: { limit: 100, periodMs: 60_000 } }
  const headers = ['Vary', 'Accept']
  addLimitFields(
    headers,
    rateLimitFields(limit, { allowed: true, remaining: 99, retryAfterMs: 0, resetMs: 600 }),
  )
  addLimitFields(headers, concurrencyFields('a "b"', 4, 3))
  assert.deepEqual(headers, [
    'Vary',
    'Accept',
    'RateLimit-Policy',
    '"api";q=100;w=60, "a _b_ at once";q=4;qu="concurrent-requests"',
    'RateLimit',
    '"api";r=99;t=1, "a _b_ at once";r=3',
  ])
})

test('another reader of structured fields (RFC 9651) reads what names of all kinds become', () => {
  for (const name of ['api', 'route GET /a"b\\c', 'r\u00e9sum\u00e9', '', 'a;b,c=1']) {
    const rule = { limit: 7, periodMs: 500 }
    const result = { allowed: false, remaining: 0, retryAfterMs: 1500, resetMs: 9000 }
    const { policy, state } = rateLimitFields({ name, rule }, result)
    const [[, told] = [], ...more] = parseList(`${policy}, ${concurrencyFields(name, 3, 0).policy}`)
    assert.equal(more.length, 1)
    assert.deepEqual(
      [...(told as Map<string, unknown>)],
      [
        ['q', 7],
        ['w', 1],
      ],
    )
    const [[, left] = []] = parseList(state)
    assert.deepEqual(
      [...(left as Map<string, unknown>)],
      [
        ['r', 0],
        ['t', 2],
      ],
    )
  }
})

test('a fingerprint says nothing of the value and is the same for the same', () => {
  assert.equal(fingerprint('a'), fingerprint('a'))
  assert.notEqual(fingerprint('a'), fingerprint('b'))
  assert.match(fingerprint('ann@shop.test'), /^#[0-9a-f]{20}$/)
})
