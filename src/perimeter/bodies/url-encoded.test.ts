import assert from 'node:assert/strict'
import test from 'node:test'

import { BODY_BOUNDS } from './reading.ts'
import { parseQuery, readUrlEncoded } from './url-encoded.ts'

for (const { name, raw, pairs } of [
  { name: 'nothing', raw: '', pairs: [] },
  {
    name: 'names and values in their order',
    raw: 'b=1&a=2&b=3',
    pairs: [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ],
  },
  { name: 'a name alone', raw: 'a', pairs: [['a', '']] },
  { name: 'a value alone', raw: '=v', pairs: [['', 'v']] },
  { name: 'more than one equals sign', raw: 'a=b=c', pairs: [['a', 'b=c']] },
  { name: 'empty pieces', raw: '&&a=1&&', pairs: [['a', '1']] },
  { name: 'semicolons do not separate', raw: 'a=1;b=2', pairs: [['a', '1;b=2']] },
  { name: 'plus signs and escapes in both', raw: 'a+%62=%3Cx%3e+y', pairs: [['a b', '<x> y']] },
  { name: 'an escaped plus sign', raw: 'a=%2B', pairs: [['a', '+']] },
  { name: 'escaped separators', raw: 'a%3Db=c%26d', pairs: [['a=b', 'c&d']] },
  { name: 'an escape is undone once', raw: 'a=%2541', pairs: [['a', '%41']] },
  { name: 'bytes, not characters', raw: 'a=%C3%A9%00%ff', pairs: [['a', '\xc3\xa9\0\xff']] },
  {
    name: 'escapes that are none',
    raw: 'a=%&b=%4&c=%zz%u0041&d=%%41',
    pairs: [
      ['a', '%'],
      ['b', '%4'],
      ['c', '%zz%u0041'],
      ['d', '%A'],
    ],
  },
]) {
  test(`a query: ${name}`, () => {
    assert.deepEqual(parseQuery(raw), pairs)
    assert.deepEqual(readUrlEncoded(raw).args, pairs)
    assert.equal(readUrlEncoded(raw).truncated, undefined)
  })
}

test('a form: the bound on arguments stops the reading and says so', () => {
  const bounds = { ...BODY_BOUNDS, maxArguments: 2 }
  assert.deepEqual(readUrlEncoded('a=1&b=2', bounds).truncated, undefined)
  const found = readUrlEncoded('a=1&b=2&c=3', bounds)
  assert.deepEqual(found.args, [
    ['a', '1'],
    ['b', '2'],
  ])
  assert.equal(found.truncated, 'more than 2 arguments')
})

test('a query: single escapes decode as decodeURIComponent does', () => {
  for (let code = 0; code < 0x80; code++) {
    const raw = `%${code.toString(16).padStart(2, '0')}`
    assert.deepEqual(parseQuery(`a=${raw}`), [['a', decodeURIComponent(raw)]])
  }
})
