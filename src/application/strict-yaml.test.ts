import assert from 'node:assert/strict'
import test from 'node:test'

import { readStrictYaml, type YamlBounds } from './index.ts'

for (const { name, text, want } of [
  { name: 'an empty document', text: '', want: null },
  {
    name: 'a mapping',
    text: 'a: 1\nb: [x, "y", null, true, 0x1f, 1.5, ~]\n',
    want: { a: 1, b: ['x', 'y', null, true, 31, 1.5, null] },
  },
  { name: 'a text block', text: 'a: |\n  x\n  y\nb: >-\n  x\n  y\n', want: { a: 'x\ny\n', b: 'x y' } },
  {
    name: 'words of YAML 1.1 as texts',
    text: 'a: yes\nb: no\nc: on\nd: 0777\ne: 1:20\nf: 2001-01-01\n',
    want: { a: 'yes', b: 'no', c: 'on', d: 777, e: '1:20', f: '2001-01-01' },
  },
  { name: 'an alias', text: 'a: &x [1, 2]\nb: *x\n', want: { a: [1, 2], b: [1, 2] } },
  { name: 'an anchor that is set again', text: '- &x 1\n- *x\n- &x 2\n- *x\n', want: [1, 1, 2, 2] },
  { name: 'tags of the core schema', text: 'a: !!str 1\nb: !!int "2"\n', want: { a: '1', b: 2 } },
  {
    name: 'keys that are numbers and words',
    text: '1: a\ntrue: b\nnull: c\n',
    want: { 1: 'a', true: 'b', null: 'c' },
  },
  { name: 'a quoted merge key', text: '"<<": 1', want: { '<<': 1 } },
]) {
  test(`strict yaml: ${name} is read`, () => {
    assert.deepEqual(readStrictYaml(text), { ok: true, value: want })
  })
}

const bomb = (levels: number): string =>
  [
    'a0: &a0 [x,x,x,x,x,x,x,x,x]',
    ...Array.from(
      { length: levels },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`,
    ),
  ].join('\n')

for (const { name, text, fault, bounds } of [
  { name: 'a bomb of aliases', text: bomb(8), fault: 'too-many-values' },
  {
    name: 'a bomb whose aliases are allowed',
    text: bomb(9),
    fault: 'too-many-values',
    bounds: { maxAliases: 1e6, maxValues: 1e6 },
  },
  { name: 'many aliases', text: `- &a 1\n${'- *a\n'.repeat(101)}`, fault: 'too-many-aliases' },
  {
    name: 'an alias where none may be',
    text: '- &a 1\n- *a',
    fault: 'too-many-aliases',
    bounds: { maxAliases: 0 },
  },
  { name: 'a circle', text: '&a [*a]', fault: 'alias' },
  { name: 'a circle behind an older anchor', text: '- &a 1\n- &a [*a]', fault: 'alias' },
  { name: 'an unknown alias', text: 'a: *b', fault: 'alias' },
  { name: 'a tag of JavaScript', text: 'a: !!js/function "function(){}"', fault: 'tag' },
  { name: 'a tag of Python', text: 'a: !!python/object/apply:os.system [id]', fault: 'tag' },
  { name: 'a tag of its own', text: '!user {name: x}', fault: 'tag' },
  { name: 'bytes', text: 'a: !!binary aGk=', fault: 'tag' },
  { name: 'a date', text: 'a: !!timestamp 2001-01-01', fault: 'tag' },
  { name: 'a tag of its own directive', text: '%TAG ! tag:x,2000:\n---\n!a b', fault: 'tag' },
  { name: 'a merge', text: 'a: &a {x: 1}\nb:\n  <<: *a\n', fault: 'merge-key' },
  { name: 'a key twice', text: 'a: 1\nb: 2\na: 3', fault: 'duplicate-name' },
  { name: 'a key twice in two spellings', text: 'a: 1\n"\\x61": 3', fault: 'duplicate-name' },
  { name: '__proto__', text: '__proto__: {admin: true}', fault: 'forbidden-name' },
  { name: 'constructor in flow', text: '{a: {constructor: 1}}', fault: 'forbidden-name' },
  { name: 'a key that is a list', text: '? [a]\n: b', fault: 'key-not-text' },
  { name: 'a key that is an alias', text: '- &a x\n- *a : 1', fault: 'key-not-text' },
  { name: 'two documents', text: 'a: 1\n---\nb: 2', fault: 'several-documents' },
  { name: 'infinity', text: 'a: .inf', fault: 'number-range' },
  { name: 'no number', text: 'a: .nan', fault: 'number-range' },
  { name: 'a number beyond 2^53', text: 'a: 9007199254740993', fault: 'number-imprecise' },
  { name: 'a hexadecimal number beyond 2^53', text: 'a: 0x20000000000001', fault: 'number-imprecise' },
  { name: 'too deep in flow', text: '['.repeat(40), fault: 'too-deep' },
  { name: 'too deep by far', text: '['.repeat(100_000), fault: 'too-deep', bounds: { maxDepth: 1e9 } },
  { name: 'too deep in dashes', text: `${'- '.repeat(50_000)}a`, fault: 'too-deep' },
  {
    name: 'too deep by indentation',
    text: Array.from({ length: 60 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    fault: 'too-deep',
  },
  { name: 'too large', text: 'a'.repeat(300_000), fault: 'too-large' },
  { name: 'too many values', text: '- 1\n'.repeat(20_001), fault: 'too-many-values' },
  { name: 'what is no YAML', text: 'a: [1, 2', fault: 'syntax' },
  { name: 'a tab for indentation', text: 'a:\n\tb: 1', fault: 'syntax' },
  { name: 'bytes that are not UTF-8', text: Buffer.from([0x61, 0x3a, 0x20, 0xff]), fault: 'not-utf8' },
] as readonly { name: string; text: string | Uint8Array; fault: string; bounds?: YamlBounds }[]) {
  test(`strict yaml: ${name} is ${fault}`, () => {
    const read = readStrictYaml(text, bounds)
    assert.equal(read.ok ? 'read' : read.fault, fault)
  })
}

test('strict yaml: a message says where, and never what stood there', () => {
  const read = readStrictYaml('a: 1\nhunter2: 1\nhunter2: 2\n')
  assert.ok(!read.ok)
  assert.equal(read.message, 'a key that is there twice at line 3, column 1')
})

test('strict yaml: many keys, anchors and errors take linear time', () => {
  for (const make of [
    (n: number) => Array.from({ length: n }, (_, i) => `k${i}: v`).join('\n'),
    (n: number) => Array.from({ length: n }, (_, i) => `- &a${i} x`).join('\n'),
    (n: number) => `{${'a, '.repeat(n)}}`,
    (n: number) => `a: "${'\n\n x'.repeat(n)}"`,
    (n: number) => '? '.repeat(n),
    (n: number) => '! '.repeat(n),
    (n: number) => `a: |\n${' x\n'.repeat(n)}`,
  ]) {
    const startedAt = performance.now()
    readStrictYaml(make(10_000), { maxBytes: 1e7, maxValues: 1e7 })
    const ms = performance.now() - startedAt
    assert.ok(ms < 3000, `${make.toString()}: ${ms} ms`)
  }
})
