import assert from 'node:assert/strict'
import test from 'node:test'

import { readJson } from './json.ts'
import { BODY_BOUNDS } from './reading.ts'

type Pairs = readonly (readonly [string, string])[]

for (const { name, body, args } of [
  { name: 'nothing', body: '', args: [] },
  { name: 'blanks only', body: ' \r\n\t', args: [] },
  { name: 'an object', body: '{"a":"b"}', args: [['json.a', 'b']] },
  { name: 'a mark before it', body: '\xef\xbb\xbf{"a":1}', args: [['json.a', '1']] },
  {
    name: 'objects in arrays in objects',
    body: '{"order": {"items": [{"n": 1}, {"n": 2}], "to": "x"}}',
    args: [
      ['json.order.items.n', '1'],
      ['json.order.items.n', '2'],
      ['json.order.to', 'x'],
    ],
  },
  {
    name: 'arrays in arrays at the top',
    body: '[1,[2,3],4]',
    args: [
      ['json', '1'],
      ['json', '2'],
      ['json', '3'],
      ['json', '4'],
    ],
  },
  { name: 'a text at the top', body: '"x"', args: [['json', 'x']] },
  {
    name: 'words',
    body: '[true,false,null]',
    args: [
      ['json', 'true'],
      ['json', 'false'],
      ['json', 'null'],
    ],
  },
  {
    name: 'numbers as they are written',
    body: '[-0, 1.50, 1E+05, 12345678901234567890]',
    args: [
      ['json', '-0'],
      ['json', '1.50'],
      ['json', '1E+05'],
      ['json', '12345678901234567890'],
    ],
  },
  {
    name: 'a repeated key twice',
    body: '{"a":"<script>","a":"ok"}',
    args: [
      ['json.a', '<script>'],
      ['json.a', 'ok'],
    ],
  },
  {
    name: 'the key of an empty container',
    body: '{"<script>":{},"b":[]}',
    args: [
      ['json.<script>', ''],
      ['json.b', ''],
    ],
  },
  { name: 'nothing in an empty object', body: '{}', args: [] },
  { name: 'an empty key', body: '{"":1}', args: [['json.', '1']] },
  { name: 'a key with escapes', body: '{"\\u003ca\\n>":1}', args: [['json.<a\n>', '1']] },
  { name: 'every short escape', body: '"\\"\\\\\\/\\b\\f\\n\\r\\t"', args: [['json', '"\\/\b\f\n\r\t']] },
  { name: 'an escaped byte', body: '"\\u0041\\u00e9"', args: [['json', 'A\xc3\xa9']] },
  { name: 'an escaped NUL', body: '"a\\u0000b"', args: [['json', 'a\0b']] },
  { name: 'an escaped character of three bytes', body: '"\\u20AC"', args: [['json', '\xe2\x82\xac']] },
  { name: 'a surrogate pair', body: '"\\ud83d\\uDE00"', args: [['json', '\xf0\x9f\x98\x80']] },
  { name: 'a lone high surrogate', body: '"\\ud83dx"', args: [['json', '\xef\xbf\xbdx']] },
  { name: 'a lone low surrogate', body: '"\\ude00"', args: [['json', '\xef\xbf\xbd']] },
  {
    name: 'a high surrogate before another escape',
    body: '"\\ud83d\\u0041\\ud83d\\n"',
    args: [['json', '\xef\xbf\xbdA\xef\xbf\xbd\n']],
  },
  {
    name: 'UTF-8 as its bytes',
    body: '"\xc3\xa9\xf0\x9f\x98\x80"',
    args: [['json', '\xc3\xa9\xf0\x9f\x98\x80']],
  },
] as readonly { name: string; body: string; args: Pairs }[]) {
  test(`JSON: ${name}`, () => {
    const found = readJson(body)
    assert.deepEqual(found.args, args)
    assert.equal(found.error, undefined)
    assert.equal(found.truncated, undefined)
  })
}

for (const { name, body, args } of [
  {
    name: 'data after the end',
    body: '{"a":1} x',
    args: [
      ['json.a', '1'],
      ['json', 'x'],
    ],
  },
  {
    name: 'a second text',
    body: '1 2',
    args: [
      ['json', '1'],
      ['json', '2'],
    ],
  },
  { name: 'a comment', body: '/*x*/{"a":1}', args: [['json', '/*x*/{"a":1}']] },
  {
    name: 'a comma at the end of an array',
    body: '[1,]',
    args: [
      ['json', '1'],
      ['json', ']'],
    ],
  },
  {
    name: 'a comma at the end of an object',
    body: '{"a":1,}',
    args: [
      ['json.a', '1'],
      ['json', '}'],
    ],
  },
  { name: 'a leading comma', body: '[,1]', args: [['json', ',1]']] },
  {
    name: 'a missing comma',
    body: '[1 2]',
    args: [
      ['json', '1'],
      ['json', '2]'],
    ],
  },
  {
    name: 'a missing colon',
    body: '{"a" 1}',
    args: [
      ['json.a', ''],
      ['json', '1}'],
    ],
  },
  { name: 'a missing value', body: '{"a":}', args: [['json', '}']] },
  { name: 'a key without quotes', body: '{a:1}', args: [['json', 'a:1}']] },
  { name: 'single quotes', body: "{'a':1}", args: [['json', "'a':1}"]] },
  {
    name: 'the wrong bracket',
    body: '[1}',
    args: [
      ['json', '1'],
      ['json', '}'],
    ],
  },
  { name: 'an object that is not closed', body: '{"a":1', args: [['json.a', '1']] },
  { name: 'a string that is not closed', body: '{"a":"<script>', args: [['json', '"<script>']] },
  { name: 'a string that ends in a backslash', body: '"a\\', args: [['json', '"a\\']] },
  { name: 'a line end in a string', body: '"a\nb"', args: [['json', '"a\nb"']] },
  { name: 'an unknown escape', body: '"\\x41"', args: [['json', '"\\x41"']] },
  { name: 'a short Unicode escape', body: '"\\u12"', args: [['json', '"\\u12"']] },
  { name: 'a leading zero', body: '[01]', args: [['json', '01]']] },
  { name: 'a plus sign', body: '+1', args: [['json', '+1']] },
  { name: 'a number without a fraction', body: '1.', args: [['json', '1.']] },
  { name: 'a number without digits', body: '-', args: [['json', '-']] },
  { name: 'a number without an exponent', body: '1e+', args: [['json', '1e+']] },
  { name: 'a word in capitals', body: 'True', args: [['json', 'True']] },
  { name: 'NaN', body: '[NaN]', args: [['json', 'NaN]']] },
  { name: 'a blank that is none', body: '\x0b1', args: [['json', '\x0b1']] },
  { name: 'bytes that are not UTF-8', body: '"\xc0\xae"', args: [['json', '\xc0\xae']] },
  { name: 'UTF-16', body: '"\0a\0"\0', args: [['json', '"\0a\0"\0']] },
] as readonly { name: string; body: string; args: Pairs }[]) {
  test(`damaged JSON is an error and all of it is seen: ${name}`, () => {
    const found = readJson(body)
    assert.deepEqual(found.args, args)
    assert.match(found.error ?? '', /^JSON: /)
    assert.equal(found.truncated, undefined)
  })
}

for (const { name, bounds, body, args, truncated } of [
  {
    name: 'depth',
    bounds: { maxJsonDepth: 2 },
    body: '[1,[2,[3]]]',
    args: 2,
    truncated: 'deeper than 2 levels',
  },
  { name: 'depth, which is enough', bounds: { maxJsonDepth: 3 }, body: '[1,[2,[3]]]', args: 3 },
  {
    name: 'arguments',
    bounds: { maxArguments: 2 },
    body: '[1,2,3]',
    args: 2,
    truncated: 'more than 2 arguments',
  },
  { name: 'arguments, which is enough', bounds: { maxArguments: 3 }, body: '[1,2,3]', args: 3 },
  {
    name: 'the bytes of all names',
    bounds: { maxNameBytes: 1000 },
    body: `{"${'k'.repeat(400)}":[1,2,3]}`,
    args: 2,
    truncated: 'names of more than 1000 bytes',
  },
]) {
  test(`JSON: the bound on ${name}`, () => {
    const found = readJson(body, { ...BODY_BOUNDS, ...bounds })
    assert.equal(found.args.length, args)
    assert.equal(found.truncated, truncated)
    assert.equal(found.error, undefined)
  })
}
