// What holds for all of them: names, unchanged values, bounds of the output, time.
import assert from 'node:assert/strict'
import test from 'node:test'

import { TRANSFORMATIONS } from './table.ts'

const NAMES =
  'base64Decode base64DecodeExt base64Encode cmdLine compressWhitespace cssDecode escapeSeqDecode hexDecode hexEncode ' +
  'htmlEntityDecode jsDecode length lowercase md5 normalisePath normalisePathWin normalizePath normalizePathWin ' +
  'parityEven7bit parityOdd7bit parityZero7bit removeComments removeCommentsChar removeNulls removeWhitespace ' +
  'replaceComments replaceNulls sha1 sqlHexDecode trim trimLeft trimRight uppercase urlDecode urlDecodeUni urlEncode ' +
  'utf8toUnicode'

test('every name of the reference manual is there, in lower case', () => {
  const expected = NAMES.split(' ').map((name) => name.toLowerCase())
  assert.deepEqual([...TRANSFORMATIONS.keys()].toSorted(), expected.toSorted())
})

/** Of these most outputs are another kind of thing; these values, or none at all, stay as they are. */
const MADE_ANEW: ReadonlyMap<string, readonly string[]> = new Map([
  ['base64decode', ['']],
  ['base64decodeext', ['']],
  ['base64encode', ['']],
  ['hexdecode', ['']],
  ['hexencode', ['']],
  ['length', ['1']],
  ['md5', []],
  ['sha1', []],
  ['urlencode', ['', 'abc', 'A*9']],
  ['removewhitespace', ['', 'abc', 'caf\xc3\xa9']],
  ['uppercase', ['', 'ABC 1', 'CAF\xc3\x89']],
  ['parityeven7bit', ['', 'AAA']],
  ['parityodd7bit', ['', 'CCC']],
])

const QUIET = [
  '',
  'a',
  'john.doe',
  'hello world',
  'user@example.org',
  '/shop/cart/x=1',
  'it is 5 o clock - or 6',
  'x'.repeat(5000),
]

test('a value with nothing to do comes back as it is', () => {
  for (const [name, transform] of TRANSFORMATIONS) {
    for (const value of MADE_ANEW.get(name) ?? QUIET) assert.equal(transform(value), value, name)
  }
  const damaged: readonly [string, string][] = [
    ['urldecodeuni', '100% %u00 %zz'],
    ['htmlentitydecode', 'a & b &unknown; &#; &#x'],
    ['jsdecode', 'a\\'],
    ['escapeseqdecode', 'a\\'],
    ['utf8tounicode', '\x80\xff'],
    ['lowercase', 'caf\xc3\xa9'],
    ['sqlhexdecode', '0x 00 0xg'],
    ['compresswhitespace', ' a b '],
    ['removecomments', 'a */ b'],
  ]
  for (const [name, value] of damaged) assert.equal(TRANSFORMATIONS.get(name)?.(value), value, name)
})

/** The longest output for an input of n bytes; n itself for those that are not named. */
const LONGEST: ReadonlyMap<string, (n: number) => number> = new Map<string, (n: number) => number>([
  ['base64decode', (n) => Math.floor((n * 3) / 4)],
  ['base64decodeext', (n) => Math.floor((n * 3) / 4)],
  ['base64encode', (n) => 4 * Math.ceil(n / 3)],
  ['hexdecode', (n) => Math.floor(n / 2)],
  ['hexencode', (n) => 2 * n],
  ['length', (n) => String(n).length],
  ['md5', () => 16],
  ['sha1', () => 20],
  ['urlencode', (n) => 3 * n],
  ['utf8tounicode', (n) => 3.5 * n],
])

const PIECES =
  '% %u %41 %uff1c + & &# &#x &lt &#60; ; \\ \\x \\u \\0 \\41 x u 0 0x 4 a F z / /* */ * -- - > <!-- # . .. ../ ./ " \' ^ ( ,'.split(
    ' ',
  )
const BYTES = [
  '\0',
  '\t',
  '\n',
  ' ',
  '  ',
  '\x80',
  '\xa0',
  '\xc0',
  '\xc2',
  '\xe2\x82\xac',
  '\xed',
  '\xf0',
  '\xf5',
  '\xff',
]

test('20,000 random strings: none throws, outputs are byte strings within their bounds', () => {
  const random = randomNumbers(20_000)
  const alphabet = [...PIECES, ...BYTES]
  for (let round = 0; round < 20_000; round++) {
    let value = ''
    for (let size = random(24); size > 0; size--) {
      value +=
        random(3) > 0 ? (alphabet[random(alphabet.length)] as string) : String.fromCharCode(random(256))
    }
    for (const [name, transform] of TRANSFORMATIONS) {
      const out = transform(value)
      const longest = (LONGEST.get(name) ?? ((n: number) => n))(value.length)
      assert.ok(out.length <= longest, `${name} made ${out.length} of ${JSON.stringify(value)}`)
      assert.ok(isByteString(out), `${name} of ${JSON.stringify(value)}`)
    }
  }
})

function isByteString(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}

test('values beyond what is kept for outputs are whole', () => {
  const long = `${'ab%3C'.repeat(40_000)}%41`
  assert.equal(TRANSFORMATIONS.get('urldecodeuni')?.(long), `${'ab<'.repeat(40_000)}A`)
  assert.equal(TRANSFORMATIONS.get('urlencode')?.('<'.repeat(65_536)), '%3c'.repeat(65_536))
})

test('the time grows with the length, whatever is repeated', (t) => {
  const small = 32 * 1024
  const units = [
    ...PIECES,
    ...BYTES,
    '/**/',
    '/*/',
    '&#1',
    '0x41',
    '\xc3\xa9',
    'A',
    '\t ',
    'a/../',
    '....//',
    '--#',
  ]
  const lines: string[] = []
  for (const [name, transform] of TRANSFORMATIONS) {
    let worst = { unit: '', short: 0, long: 0 }
    for (const unit of units) {
      const text = unit.repeat(Math.ceil((4 * small) / unit.length))
      const short = fastest(transform, text.slice(0, small))
      let long = fastest(transform, text)
      // Measured again where the machine was busy with something else.
      for (let again = 0; again < 5 && long >= 12 * short + 5; again++) {
        long = Math.min(long, fastest(transform, text))
      }
      assert.ok(
        long < 12 * short + 5,
        `${name} of ${JSON.stringify(unit)}: ${short} ms for 32 KB, ${long} ms for 128 KB`,
      )
      assert.ok(long < 100, `${name} of ${JSON.stringify(unit)} takes ${long} ms for 128 KB`)
      if (long > worst.long) worst = { unit, short, long }
    }
    lines.push(
      `${name.padEnd(20)} ${worst.short.toFixed(2)} ms, ${worst.long.toFixed(2)} ms of ${JSON.stringify(worst.unit)}`,
    )
  }
  t.diagnostic(`the slowest unit of each, 32 KB and 128 KB:\n${lines.join('\n')}`)
})

/** The least of three runs, in milliseconds. */
function fastest(transform: (value: string) => string, value: string): number {
  let least = Infinity
  for (let run = 0; run < 3; run++) {
    const start = performance.now()
    transform(value)
    least = Math.min(least, performance.now() - start)
  }
  return least
}

/** Numbers below a bound from a seed (mulberry32), the same in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
