import assert from 'node:assert/strict'
import test from 'node:test'

import { HeaderList } from '../core/headers.ts'
import { z } from '../core/schema.ts'
import { bindRoute } from './binding.ts'
import { accessRouteKeys } from './config.ts'
import { PolicySet } from './policy-set.ts'
import { decodedValue, pathValue } from './request-value.ts'

const SCHEMA = `
entity Role;
entity User in [Role] { email: String };
entity Order { email: String };
action read appliesTo { principal: User, resource: Order };
action list appliesTo { principal: User, resource: Order };
action pay appliesTo { principal: User, resource: Order, context: { amount: Long } };
action robot appliesTo { principal: Role, resource: Order };
`
const set = PolicySet.load({
  schema: { file: 's', text: SCHEMA },
  policies: [
    {
      file: 'p',
      text: `
@id("own") permit (principal, action == Action::"read", resource) when { resource.email == principal.email };
@id("list") permit (principal, action == Action::"list", resource == Order::"all");
@id("pay") permit (principal, action == Action::"pay", resource) when { context.amount < 10 };`,
    },
  ],
})
const access = z.object(accessRouteKeys)

for (const { name, path = '/orders/{id}', asks, says } of [
  {
    name: 'an action that is not there',
    asks: { action: 'raed', resource: { type: 'Order' } },
    says: /route `r`: the schema has no action `raed`; did you mean `read`\?/,
  },
  {
    name: 'a type that the action is not for',
    asks: { action: 'read', resource: { type: 'Role' } },
    says: /`read` does not apply to `Role`; it applies to Order/,
  },
  {
    name: 'an action that is not for people',
    asks: { action: 'robot', resource: { type: 'Order' } },
    says: /`robot` is not for `User`; it is for Role/,
  },
  {
    name: 'no id, and nothing in the path that could be one',
    path: '/orders',
    asks: { action: 'list', resource: { type: 'Order' } },
    says: /say which one: `access.resource.id`/,
  },
  {
    name: 'a name that the path does not have',
    asks: { action: 'list', resource: { type: 'Order', id: '{number}' } },
    says: /has \{number\}, and the path has \{id\}/,
  },
  {
    name: 'a value of a kind that there is not',
    asks: { action: 'list', resource: { type: 'Order', id: '{body.id}' } },
    says: /a value is \{name\}, \{query.name\} or \{cookie.name\}/,
  },
  {
    name: 'an attribute that the schema does not have',
    asks: {
      action: 'read',
      resource: { type: 'Order' },
      facts: { path: '/api/{id}', attributes: { mail: 'email' } },
    },
    says: /has `mail`; the schema gives a Order email/,
  },
  {
    name: 'a policy that looks at the resource, and nobody says where it is',
    asks: { action: 'read', resource: { type: 'Order' } },
    says: /the policy `own` looks at the Order itself; say where the gateway learns of it/,
  },
  {
    name: 'context that the gateway does not know',
    asks: { action: 'pay', resource: { type: 'Order' } },
    says: /`pay` wants `context.amount`, which the gateway does not know; it knows ip \(ipaddr\)/,
  },
]) {
  test(`a binding that cannot be: ${name}`, () => {
    const config = access.parse({ access: asks }).access
    assert.ok(config !== undefined && config !== 'off')
    assert.throws(() => bindRoute(set, 'User', { name: 'r', path }, config), says)
  })
}

test('a policy that asks only for the name of the resource needs no facts', () => {
  const config = access.parse({ access: { action: 'list', resource: { type: 'Order', id: 'all' } } }).access
  assert.ok(config !== undefined && config !== 'off')
  assert.equal(bindRoute(set, 'User', { name: 'r', path: '/orders' }, config).facts, undefined)
})

for (const { name, files, says } of [
  { name: 'syntax', files: ['permit (principal, action, resource)'], says: /p0:1:37|p0:1:3\d/ },
  {
    name: 'a name that the schema does not have',
    files: ['permit (principal, action == Action::"reed", resource);'],
    says: /p0:1:\d+: .*reed/,
  },
  {
    name: 'two policies of one name',
    files: [
      '@id("a") permit (principal, action, resource);',
      '@id("a") forbid (principal, action, resource);',
    ],
    says: /two policies are called `a`/,
  },
]) {
  test(`a policy that is wrong names its place: ${name}`, () => {
    const load = (): unknown =>
      PolicySet.load({
        schema: { file: 's', text: SCHEMA },
        policies: files.map((text, i) => ({ file: `p${i}`, text })),
      })
    assert.throws(load, (error: Error & { line: string }) => says.test(error.line))
  })
}

const valued = (rawQuery: string, cookie: string[], id = 'a%20b') => ({
  headers: new HeaderList(cookie.flatMap((one) => ['Cookie', one])),
  route: { params: { id } },
  target: { ok: true as const, rawQuery },
})

interface ValueCase {
  readonly name: string
  readonly request: ReturnType<typeof valued>
  readonly value: readonly ['path' | 'query' | 'cookie', string]
  readonly decoded?: string
  readonly segment?: string
}

const VALUES: readonly ValueCase[] = [
  { name: 'of the path', request: valued('', []), value: ['path', 'id'], decoded: 'a b', segment: 'a%20b' },
  { name: 'of the path, not UTF-8', request: valued('', [], '%ff'), value: ['path', 'id'] },
  {
    name: 'of the query',
    request: valued('?f=a/b', []),
    value: ['query', 'f'],
    decoded: 'a/b',
    segment: 'a%2Fb',
  },
  { name: 'of the query, twice', request: valued('?f=1&f=2', []), value: ['query', 'f'] },
  { name: 'of the query, absent', request: valued('?g=1', []), value: ['query', 'f'] },
  { name: 'dots', request: valued('?f=..', []), value: ['query', 'f'], decoded: '..' },
  { name: 'a cookie', request: valued('', ['a=1; f=2']), value: ['cookie', 'f'], decoded: '2', segment: '2' },
  { name: 'a cookie in two fields', request: valued('', ['f=1', 'f=2']), value: ['cookie', 'f'] },
  { name: 'a cookie of another name', request: valued('', ['xf=1']), value: ['cookie', 'f'] },
]

for (const { name, request, value, decoded, segment } of VALUES) {
  test(`a value of a request is read in one way or not at all: ${name}`, () => {
    const [from, key] = value
    assert.equal(decodedValue(request, { from, name: key }), decoded)
    if (from !== 'path') assert.equal(pathValue(request, { from, name: key }), segment)
  })
}
