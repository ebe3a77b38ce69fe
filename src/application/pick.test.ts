import assert from 'node:assert/strict'
import test from 'node:test'

import { z } from '../core/schema.ts'
import { type FieldAllowlist, pick } from './index.ts'

const names = ['name', 'email', 'phone', 'tags']
const schema = {
  properties: {
    id: { readOnly: true },
    name: {},
    address: { properties: { city: {}, verified: { readOnly: true } } },
    items: { items: { properties: { sku: {} } } },
    extra: { additionalProperties: true },
  },
}
const zod = z.object({
  name: z.string(),
  address: z.object({ city: z.string() }).optional(),
  items: z.array(z.object({ sku: z.string() })).default([]),
})

for (const { name, allowed, body, value, dropped } of [
  {
    name: 'the guide: a role is not among the fields',
    allowed: names,
    body: { name: 'ann', role: 'admin', email: 'a@b.c' },
    value: { name: 'ann', email: 'a@b.c' },
    dropped: ['role'],
  },
  {
    name: 'an object does not ride along inside a field',
    allowed: names,
    body: { name: { $ne: null }, tags: ['a', { role: 1 }], phone: null },
    value: { phone: null },
    dropped: ['name', 'tags'],
  },
  {
    name: 'a list of plain values is one',
    allowed: names,
    body: { tags: ['a', 1] },
    value: { tags: ['a', 1] },
    dropped: [],
  },
  {
    name: 'prototypes',
    allowed: ['__proto__', 'constructor', 'name'],
    body: JSON.parse('{"__proto__":{"admin":1},"constructor":1,"name":"a"}') as unknown,
    value: { name: 'a' },
    dropped: ['__proto__', 'constructor'],
  },
  {
    name: 'names of Object.prototype',
    allowed: names,
    body: { toString: 1, hasOwnProperty: 2 },
    value: {},
    dropped: ['toString', 'hasOwnProperty'],
  },
  {
    name: 'a JSON Schema, as deep as it goes',
    allowed: schema,
    body: {
      id: 7,
      name: 'a',
      address: { city: 'x', verified: true, admin: 1 },
      items: [{ sku: 's', price: 0 }, { sku: 't' }],
      extra: { any: { thing: 1 } },
    },
    value: {
      name: 'a',
      address: { city: 'x' },
      items: [{ sku: 's' }, { sku: 't' }],
      extra: { any: { thing: 1 } },
    },
    dropped: ['id', 'address.verified', 'address.admin', 'items.price'],
  },
  {
    name: 'a schema of zod, as deep as it goes',
    allowed: zod,
    body: { name: 'a', role: 'x', address: { city: 'x', admin: 1 }, items: [{ sku: 's', price: 0 }] },
    value: { name: 'a', address: { city: 'x' }, items: [{ sku: 's' }] },
    dropped: ['role', 'address.admin', 'items.price'],
  },
  { name: 'a list in place of a body', allowed: names, body: [{ name: 'a' }], value: {}, dropped: [] },
  { name: 'a text in place of a body', allowed: names, body: 'name', value: {}, dropped: [] },
  { name: 'nothing in place of a body', allowed: names, body: null, value: {}, dropped: [] },
  {
    name: 'inherited fields',
    allowed: names,
    body: Object.create({ name: 'a' }) as unknown,
    value: {},
    dropped: [],
  },
  {
    name: 'an object that is not plain',
    allowed: schema,
    body: { extra: new Map([['a', 1]]) },
    value: {},
    dropped: ['extra'],
  },
] as readonly {
  name: string
  allowed: FieldAllowlist
  body: unknown
  value: unknown
  dropped: readonly string[]
}[]) {
  test(`pick: ${name}`, () => {
    assert.deepEqual(pick(allowed, body), { value, dropped })
  })
}

test('pick: the copy shares nothing with Object.prototype, and the list of what was dropped is bounded', () => {
  const body = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x${i}`, i]))
  assert.equal(pick(names, body).dropped.length, 20)
  pick(names, JSON.parse('{"__proto__":{"polluted":1}}'))
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})
