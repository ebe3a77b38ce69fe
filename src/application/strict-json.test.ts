import assert from 'node:assert/strict'
import test from 'node:test'

import { type JsonBounds, readStrictJson } from './index.ts'

for (const text of [
  'null',
  'true',
  ' [] ',
  '{}',
  '"a\\u0062\\n\\ud83d\\ude00"',
  '[1, -0.5, 1e3, 1.5E-7, 0.1, 123456.789, 9007199254740991, -9007199254740991, 3.141592653589793, 5e-324, 1e-7, 100, 0.30000000000000004]',
  '{"a": {"b": [1, {"c": "d"}]}, "toString": 1, "hasOwnProperty": 2, "": 3, "1": 4}',
  '{"A": 1, "a": 2}',
  '"\\u2028\u2028\u00e9"',
  '1.0',
  '1.50e2',
  '0e10',
]) {
  test(`strict json: ${text.slice(0, 40)} is read as JSON.parse reads it`, () => {
    for (const input of [text, new TextEncoder().encode(text)]) {
      const read = readStrictJson(input)
      assert.ok(read.ok, JSON.stringify(read))
      assert.deepEqual(read.value, JSON.parse(text))
    }
  })
}

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))))

interface Refused {
  readonly name: string
  readonly text: string | Uint8Array
  readonly fault: string
  readonly at?: readonly [line: number, column: number]
  readonly bounds?: JsonBounds
}

const REFUSED: readonly Refused[] = [
  { name: 'a name twice', text: '{"a":1,\n "a":2}', fault: 'duplicate-name', at: [2, 2] },
  { name: 'a name twice in two spellings', text: '{"a":1,"\\u0061":2}', fault: 'duplicate-name', at: [1, 8] },
  { name: 'a name twice deep inside', text: '[{"x":{"b":1,"b":1}}]', fault: 'duplicate-name', at: [1, 14] },
  { name: '__proto__', text: '{"__proto__":{"admin":true}}', fault: 'forbidden-name', at: [1, 2] },
  { name: '__proto__ in escapes', text: '{"\\u005f_proto__":1}', fault: 'forbidden-name' },
  { name: 'constructor', text: '{"a":{"constructor":{"prototype":{}}}}', fault: 'forbidden-name' },
  { name: 'prototype', text: '{"prototype":1}', fault: 'forbidden-name' },
  { name: 'too deep', text: '['.repeat(33), fault: 'too-deep', at: [1, 33] },
  { name: 'too deep by far', text: '{"a":'.repeat(100_000), fault: 'too-deep', bounds: { maxDepth: 1e9 } },
  {
    name: 'too large',
    text: `"${'a'.repeat(100)}"`,
    fault: 'too-large',
    bounds: { maxBytes: 100 },
    at: [0, 0],
  },
  {
    name: 'too large in bytes',
    text: `"${'\u00e9'.repeat(60)}"`,
    fault: 'too-large',
    bounds: { maxBytes: 100 },
  },
  { name: 'too many values', text: '[1,2,3,4]', fault: 'too-many-values', bounds: { maxValues: 4 } },
  {
    name: 'a long string',
    text: '["abcdef"]',
    fault: 'string-too-long',
    bounds: { maxString: 5 },
    at: [1, 2],
  },
  { name: 'a long name', text: '{"abcdef":1}', fault: 'string-too-long', bounds: { maxString: 5 } },
  { name: 'a whole number beyond 2^53', text: '[9007199254740993]', fault: 'number-imprecise', at: [1, 2] },
  { name: '2^53 itself', text: '9007199254740992', fault: 'number-imprecise' },
  { name: 'a large whole number in exponents', text: '1e22', fault: 'number-imprecise' },
  { name: 'more digits than a double has', text: '0.1000000000000000055', fault: 'number-imprecise' },
  { name: 'a number beyond doubles', text: '-1e400', fault: 'number-range' },
  { name: 'a number that becomes zero', text: '1e-400', fault: 'number-imprecise' },
  {
    name: 'beyond doubles, where doubles will do',
    text: '1e400',
    fault: 'number-range',
    bounds: { numbers: 'double' },
  },
  { name: 'bytes that are not UTF-8', text: bytes('["a",\n "', 0xff, '"]'), fault: 'not-utf8', at: [2, 3] },
  { name: 'an overlong slash', text: bytes('"\ufffd\u00e9', 0xc0, 0xaf, '"'), fault: 'not-utf8', at: [1, 4] },
  { name: 'a surrogate in UTF-8', text: bytes('"', 0xed, 0xa0, 0x80, '"'), fault: 'not-utf8', at: [1, 2] },
  { name: 'UTF-16', text: bytes(0xff, 0xfe, '[', 0), fault: 'not-utf8', at: [1, 1] },
  { name: 'a byte order mark', text: bytes(0xef, 0xbb, 0xbf, '1'), fault: 'byte-order-mark', at: [1, 1] },
  { name: 'half of a pair', text: '["\\ud83d"]', fault: 'lone-surrogate', at: [1, 2] },
  { name: 'the other half', text: '"\\ude00\\ud83d"', fault: 'lone-surrogate' },
  { name: 'half of a pair in a name', text: '{"\\udfff":1}', fault: 'lone-surrogate' },
  ...[
    '',
    ' ',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '[1 2]',
    '01',
    '-',
    '1.',
    '.5',
    '+1',
    '1e',
    '0x10',
    'NaN',
    'Infinity',
    'nul',
    'nulll',
    '"a',
    '"\\x41"',
    '"\\u12"',
    '"\\',
    '"a\nb"',
    '"\u0000"',
    '[] []',
    '// a\n1',
    '/* a */ 1',
    '{"a" 1}',
    '[',
    '{',
    ']',
    '\u00a01',
    'undefined',
  ].map((text) => ({ name: JSON.stringify(text), text, fault: 'syntax' })),
]

for (const { name, text, fault, at, bounds } of REFUSED) {
  test(`strict json: ${name} is ${fault}`, () => {
    const read = readStrictJson(text, bounds)
    assert.equal(read.ok ? 'read' : read.fault, fault)
    if (at && !read.ok) assert.deepEqual([read.line, read.column], at, read.message)
  })
}

test('strict json: a message says where, and never what stood there', () => {
  for (const text of [
    '{"password":"hunter2","password":1}',
    '["hunter2',
    '{"hunter2": x}',
    '{"a":hunter2}',
  ]) {
    const read = readStrictJson(text)
    assert.ok(!read.ok)
    assert.doesNotMatch(read.message, /hunter2|password/)
    assert.match(read.message, / at line 1, column \d+$/)
  }
})

test('strict json: `double` takes what JSON.parse takes of numbers', () => {
  for (const text of ['9007199254740993', '0.1000000000000000055', '1e22'])
    assert.deepEqual(readStrictJson(text, { numbers: 'double' }), { ok: true, value: Number(text) })
})

test('strict json: whatever a small grammar writes is read as JSON.parse reads it', () => {
  let seed = 7
  const next = (n: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % n
  const write = (depth: number): string => {
    const kind = next(depth > 4 ? 5 : 7)
    if (kind === 0) return String(next(1000) / 8)
    if (kind === 1)
      return JSON.stringify(String.fromCodePoint(next(0xd000)) + String.fromCodePoint(0x10000 + next(9999)))
    if (kind < 5) return ['null', 'true', 'false'][kind - 2] as string
    const inner = Array.from({ length: next(4) }, () => write(depth + 1))
    return kind === 5
      ? `[${inner.join(' ,\t')}]`
      : `{${inner.map((one, i) => `"k${i}" :\r\n${one}`).join(',')}}`
  }
  for (let i = 0; i < 500; i++) {
    const text = write(0)
    const read = readStrictJson(text)
    assert.deepEqual(read.ok && read.value, JSON.parse(text), text)
  }
})

test('strict json: hostile documents take linear time', () => {
  const time = (make: (n: number) => string, n: number): number => {
    const text = make(n)
    const startedAt = performance.now()
    readStrictJson(text, { maxBytes: 1e9, maxValues: 1e9, maxString: 1e9 })
    return performance.now() - startedAt
  }
  const shapes: readonly ((n: number) => string)[] = [
    (n) => `{${Array.from({ length: n / 8 }, (_, i) => `"${i}":1`).join(',')}}`,
    (n) => `{${Array.from({ length: n / 8 }, (_, i) => `"${i * 4_294_967}":1`).join(',')}}`,
    (n) => `"${'\\u0061'.repeat(n / 6)}"`,
    (n) => '1'.repeat(n),
    (n) => `0.${'0'.repeat(n)}1`,
    (n) => `1e${'1'.repeat(n)}`,
    (n) => ' '.repeat(n),
    (n) => '\n'.repeat(n),
    (n) => `"${'a'.repeat(n)}`,
  ]
  for (const make of shapes) {
    time(make, 50_000)
    const [small, large] = [time(make, 100_000), time(make, 800_000)]
    assert.ok(large < Math.max(small, 5) * 40, `${make.toString()}: ${small} ms, then ${large} ms`)
  }
})
