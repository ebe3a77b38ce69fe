import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'

import { decodeValue, encodeValue, type FieldType } from './canonical-value.ts'

const ROUND: readonly { readonly type: FieldType; readonly value: unknown; readonly bytes?: string }[] = [
  { type: 'string', value: '', bytes: '' },
  { type: 'string', value: 'Grüße, 東京 👋\u0000' },
  { type: 'number', value: 0, bytes: '0000000000000000' },
  { type: 'number', value: -0, bytes: '8000000000000000' },
  { type: 'number', value: 1.5, bytes: '3ff8000000000000' },
  { type: 'number', value: Number.NaN, bytes: '7ff8000000000000' },
  { type: 'number', value: Number.NEGATIVE_INFINITY, bytes: 'fff0000000000000' },
  { type: 'bigint', value: 0n, bytes: '00' },
  { type: 'bigint', value: 127n, bytes: '7f' },
  { type: 'bigint', value: 128n, bytes: '0080' },
  { type: 'bigint', value: -1n, bytes: 'ff' },
  { type: 'bigint', value: -128n, bytes: '80' },
  { type: 'bigint', value: -129n, bytes: 'ff7f' },
  { type: 'bigint', value: 2n ** 64n, bytes: '010000000000000000' },
  { type: 'bigint', value: -(2n ** 2000n) },
  { type: 'boolean', value: true, bytes: '01' },
  { type: 'boolean', value: false, bytes: '00' },
  { type: 'date', value: new Date(0), bytes: '0000000000000000' },
  { type: 'date', value: new Date(-1), bytes: 'ffffffffffffffff' },
  { type: 'date', value: new Date(8_640_000_000_000_000) },
  { type: 'json', value: null, bytes: Buffer.from('null').toString('hex') },
  { type: 'json', value: { b: [1, 'x', null, true], a: { é: 1e21 } } },
  { type: 'bytes', value: new Uint8Array([0, 255, 1]), bytes: '00ff01' },
]

for (const { type, value, bytes } of ROUND) {
  test(`a ${type} comes back: ${inspect(value).slice(0, 40)}`, () => {
    const encoded = encodeValue(type, value as never)
    assert.deepEqual(decodeValue(type, encoded), value)
    if (bytes !== undefined) assert.equal(encoded.toString('hex'), bytes)
  })
}

test('equal JSON has equal bytes, whatever the order of its names', () => {
  const a = encodeValue('json', { z: 1, a: [{ y: 1, x: undefined }], '\u20ac': 1, '\r': 2 })
  const b = encodeValue('json', { '\r': 2, '\u20ac': 1, a: [{ y: 1 }], z: 1 })
  assert.equal(a.toString(), '{"\\r":2,"a":[{"y":1}],"z":1,"€":1}')
  assert.ok(a.equals(b))
})

test('a name __proto__ in JSON stays a name', () => {
  const value = decodeValue('json', encodeValue('json', JSON.parse('{"__proto__":{"admin":true}}')))
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.ok(Object.hasOwn(value as object, '__proto__'))
})

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
for (const { name, type, value } of [
  { name: 'a lone surrogate', type: 'string', value: 'a\ud800' },
  { name: 'a number for a string', type: 'string', value: 7 },
  { name: 'a string for a number', type: 'number', value: '7' },
  { name: 'an invalid date', type: 'date', value: new Date(Number.NaN) },
  { name: 'a bigint of 9000 bits', type: 'bigint', value: 2n ** 9000n },
  { name: 'undefined in an array of JSON', type: 'json', value: [undefined] },
  { name: 'NaN in JSON', type: 'json', value: { a: Number.NaN } },
  { name: 'a Date in JSON', type: 'json', value: { at: new Date() } },
  { name: 'a Map in JSON', type: 'json', value: new Map() },
  { name: 'a lone surrogate in a name of JSON', type: 'json', value: { '\udc00': 1 } },
  { name: 'JSON 100 deep', type: 'json', value: nested(100) },
  { name: 'an array for bytes', type: 'bytes', value: [1] },
] as const) {
  test(`not encodable: ${name}`, () =>
    assert.throws(() => encodeValue(type, value as never), { code: 'data.not-encodable' }))
}

for (const { name, type, hex } of [
  { name: 'a bigint with a byte too many', type: 'bigint', hex: '0001' },
  { name: 'a negative bigint with a byte too many', type: 'bigint', hex: 'ffff' },
  { name: 'an empty bigint', type: 'bigint', hex: '' },
  { name: 'a boolean 2', type: 'boolean', hex: '02' },
  { name: 'a boolean of two bytes', type: 'boolean', hex: '0101' },
  { name: 'a number of seven bytes', type: 'number', hex: '00000000000000' },
  { name: 'a date beyond the calendar', type: 'date', hex: '7fffffffffffffff' },
] as const) {
  test(`not decoded: ${name}`, () => assert.equal(decodeValue(type, Buffer.from(hex, 'hex')), undefined))
}
