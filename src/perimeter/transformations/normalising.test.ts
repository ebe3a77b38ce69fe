// What each normaliser makes of values, and the digests and measures that rules compute.
import assert from 'node:assert/strict'
import test from 'node:test'

import { TRANSFORMATIONS } from './table.ts'

type Case = readonly [value: string, expected: string]

function check(name: string, cases: readonly Case[]): void {
  const transform = TRANSFORMATIONS.get(name)
  assert.ok(transform, name)
  for (const [value, expected] of cases) {
    assert.equal(transform(value), expected, `${name} of ${JSON.stringify(value)}`)
  }
}

test('cmdLine undoes what shells let one write into a command', () => {
  check('cmdline', [
    ['cat /etc/passwd', 'cat/etc/passwd'],
    ['c^a^t', 'cat'],
    ['c"a\'t\\', 'cat'],
    ['C:\\Windows\\cmd.exe', 'c:windowscmd.exe'],
    ['nc  -e', 'nc -e'],
    ['a,b;c', 'a b c'],
    ['a,;, b', 'a b'],
    ['a\t\r\nb', 'a b'],
    ['a\vb\fc', 'a\vb\fc'],
    ['ping (x)', 'ping(x)'],
    ['a ,/b', 'a/b'],
    ['a "/b', 'a/b'],
    ['a " b', 'a b'],
    ['a / b', 'a/ b'],
    ['; /x', '/x'],
    [' ', ' '],
    ['a ', 'a '],
    ['WHOAMI', 'whoami'],
    ['\xc0\xdd', '\xc0\xdd'],
    ['"\'\\^', ''],
  ])
})

const PATHS: readonly Case[] = [
  ['', ''],
  ['/', '/'],
  ['x', 'x'],
  ['.', ''],
  ['./', ''],
  ['..', '..'],
  ['../', '../'],
  ['./..', '..'],
  ['../..', '../..'],
  ['../.', '..'],
  ['/a/./b', '/a/b'],
  ['/a//b', '/a/b'],
  ['//', '/'],
  ['///a', '/a'],
  ['/a/../b', '/b'],
  ['/a/b/..', '/a'],
  ['/a/b/../', '/a/'],
  ['/a/b/.', '/a/b'],
  ['/a/b/./', '/a/b/'],
  ['/../../etc/passwd', '/etc/passwd'],
  ['/a/../../../etc/passwd', '/etc/passwd'],
  ['a/../b', 'b'],
  ['a/../../b', '../b'],
  ['../../etc/./passwd', '../../etc/passwd'],
  ['images/../../../etc', '../../etc'],
  ['/..', '/'],
  ['/a/..', '/'],
  ['/.', '/'],
  ['.a/b.', '.a/b.'],
  ['/.htaccess', '/.htaccess'],
  ['a./b', 'a./b'],
  ['/static../etc', '/etc'],
  ['/a/.../b', '/a/b'],
  ['a/..b/c', 'a/..b/c'],
]

test('normalizePath takes out what does not lead anywhere', () => {
  const slashes: readonly Case[] = [
    ['a\\..\\b', 'a\\..\\b'],
    ['/a\\b', '/a\\b'],
  ]
  check('normalizepath', [...PATHS, ...slashes])
  check('normalisepath', [...PATHS, ...slashes])
})

test('normalizePathWin does so with backslashes read as slashes', () => {
  const backslashes: readonly Case[] = [
    ...PATHS.map(([value, expected]): Case => [value.replaceAll('/', '\\'), expected]),
    ['a\\\\\\b', 'a/b'],
    ['\\..\\/../windows\\win.ini', '/windows/win.ini'],
    ['c:\\a\\..\\b', 'c:/b'],
    ['a\\b', 'a/b'],
  ]
  check('normalizepathwin', [...PATHS, ...backslashes])
  check('normalisepathwin', [...PATHS, ...backslashes])
})

test('replaceComments makes one blank of each comment', () => {
  check('replacecomments', [
    ['a/**/b', 'a b'],
    ['union/*x*/select', 'union select'],
    ['/*a*//*b*/', '  '],
    ['a/*b', 'a '],
    ['/*', ' '],
    ['/*/', ' '],
    ['/*/x', ' '],
    ['/*/*/x', ' x'],
    ['/**/*/', ' */'],
    ['*/a', '*/a'],
    ['a/b*c', 'a/b*c'],
    ['/*a*/*b*/', ' *b*/'],
    ['/*!50000union*/ x', '  x'],
    ['/***/x', ' x'],
    ['a /* b */ c /* d', 'a   c  '],
    ['-- x # y', '-- x # y'],
  ])
})

test('removeComments takes comments out and ends at line comments', () => {
  check('removecomments', [
    ['a/*b*/c', 'ac'],
    ['a<!--b-->c', 'ac'],
    ['a/*b-->c', 'ac'],
    ['a-- b', 'a'],
    ['a#b', 'a'],
    ['a/*b', 'a '],
    ['a/*b*/', 'a\0'],
    ['/*a*/#b', '#b'],
    ['/*a*//*b', '/*b'],
    ['*/a', '*/a'],
    ['a-b', 'a-b'],
  ])
})

test('removeCommentsChar takes the signs of comments out', () => {
  check('removecommentschar', [
    ['a/*b*/c', 'abc'],
    ['<!--a-->', 'a'],
    ['a--b#c', 'abc'],
    ['---', '-'],
    ['--->', '->'],
    ['/**/', ''],
    ['/*/', '/'],
    ['a-b/c*d<!-e', 'a-b/c*d<!-e'],
  ])
})

test('compressWhitespace makes one blank of each run', () => {
  check('compresswhitespace', [
    ['a  b', 'a b'],
    ['a b', 'a b'],
    ['a\tb', 'a b'],
    ['a\nb', 'a b'],
    ['a\vb', 'a b'],
    ['a\fb', 'a b'],
    ['a\rb', 'a b'],
    ['a\r\n\t b', 'a b'],
    ['  a', ' a'],
    ['a  ', 'a '],
    ['\t', ' '],
    ['   ', ' '],
    ['a b  c   d', 'a b c d'],
    ['a\xa0\xa0b', 'a\xa0\xa0b'],
    ['a\0\0b', 'a\0\0b'],
    ['\x08\x0e', '\x08\x0e'],
  ])
})

test('removeWhitespace and the three trims', () => {
  check('removewhitespace', [
    [' a \t\n\v\f\r b ', 'ab'],
    ['a\xa0b', 'ab'],
    ['a\xc2\xa0b', 'ab'],
    ['\xc2\xa3', '\xa3'],
  ])
  check('trim', [
    [' \t\n\v\f\ra b\r\f\v\n\t ', 'a b'],
    ['   ', ''],
    ['\xa0a', '\xa0a'],
  ])
  check('trimleft', [[' \ta ', 'a ']])
  check('trimright', [[' a\t ', ' a']])
})

test('lowercase and uppercase change ASCII letters only', () => {
  check('lowercase', [
    ['AZaz@[`{', 'azaz@[`{'],
    ['\xc0A\xde', '\xc0a\xde'],
    ['\xc0a\xde', '\xc0a\xde'],
  ])
  check('uppercase', [
    ['AZaz@[`{', 'AZAZ@[`{'],
    ['\xe0a\xff\xb5\xdf', '\xe0A\xff\xb5\xdf'],
  ])
})

test('removeNulls and replaceNulls', () => {
  check('removenulls', [['\0a\0\0b\0', 'ab']])
  check('replacenulls', [['\0a\0\0b\0', ' a  b ']])
})

test('the parities set or clear the top bit', () => {
  check('parityeven7bit', [
    ['\x01\x03\x00', '\x81\x03\x00'],
    ['\x81\x83', '\x01\x83'],
  ])
  check('parityodd7bit', [
    ['\x01\x03\x00', '\x01\x83\x80'],
    ['\x83', '\x03'],
  ])
  check('parityzero7bit', [['\xc1\x41', '\x41\x41']])
})

test('urlEncode keeps letters, digits and the asterisk', () => {
  check('urlencode', [
    ['aZ09*', 'aZ09*'],
    ['a b', 'a+b'],
    ['-_.~+%', '%2d%5f%2e%7e%2b%25'],
    ['\xff\0', '%ff%00'],
    ['\xc1\xe1', '%c1%e1'],
  ])
})

test('digests are raw bytes, and length is in decimal', () => {
  const hex = TRANSFORMATIONS.get('hexencode')
  const md5 = TRANSFORMATIONS.get('md5')
  const sha1 = TRANSFORMATIONS.get('sha1')
  assert.ok(hex && md5 && sha1)
  assert.equal(hex(md5('abc')), '900150983cd24fb0d6963f7d28e17f72')
  assert.equal(hex(md5('')), 'd41d8cd98f00b204e9800998ecf8427e')
  assert.equal(hex(sha1('abc')), 'a9993e364706816aba3e25717850c26c9cd0d89d')
  assert.equal(hex(sha1('')), 'da39a3ee5e6b4b0d3255bfef95601890afd80709')
  assert.notEqual(md5('\xe9'), md5('\xc3\xa9'))
  check('length', [
    ['', '0'],
    ['\xc3\xa9', '2'],
    ['a'.repeat(1000), '1000'],
  ])
})
