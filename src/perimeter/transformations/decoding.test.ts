// What each decoder makes of whole, damaged and hostile input. Values are byte strings: `\xc3\xa9` is an e with acute in UTF-8.
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

const PERCENT: readonly Case[] = [
  ['', ''],
  ['plain', 'plain'],
  ['a+b', 'a b'],
  ['%41%42', 'AB'],
  ['%3c%3C', '<<'],
  ['%00', '\0'],
  ['%ff', '\xff'],
  ['%2541', '%41'],
  ['%', '%'],
  ['%4', '%4'],
  ['%4g', '%4g'],
  ['%%41', '%A'],
  ['100%', '100%'],
  ['%2b+', '+ '],
  ['caf\xc3\xa9%20x', 'caf\xc3\xa9 x'],
]

test('urlDecodeUni undoes percent-encoding, %uHHHH and plus once, and leaves what is damaged', () => {
  check('urldecodeuni', [
    ...PERCENT,
    ['%u0041', 'A'],
    ['%U0041', 'A'],
    ['%u1234', '4'],
    ['%u2019', '\x19'],
    ['%uff01%uFF5e', '!~'],
    ['%uff1cscript%uff1e', '<script>'],
    ['%uff00', '\0'],
    ['%uff5f', '_'],
    ['%ufe1c', '\x1c'],
    ['%u004', '%u004'],
    ['%u', '%u'],
    ['%u+041', '%u 041'],
    ['%u00g1', '%u00g1'],
    ['%u%41', '%uA'],
    ['%u003c%u', '<%u'],
  ])
})

test('urlDecode leaves %uHHHH as it is', () => {
  check('urldecode', [...PERCENT, ['%u0041', '%u0041'], ['%uff1c', '%uff1c']])
})

test('htmlEntityDecode reads numbers and five names, with and without the semicolon', () => {
  check('htmlentitydecode', [
    ['&lt;&gt;', '<>'],
    ['&LT;&Gt', '<>'],
    ['&quot;&amp;&nbsp;', '"&\xa0'],
    ['&amp;lt;', '&lt;'],
    ['&#60;', '<'],
    ['&#60', '<'],
    ['&#0000060x', '<x'],
    ['&#x3c;', '<'],
    ['&#X3Cx', '<x'],
    ['&#x3cb', '\xcb'],
    ['&#x;', '&#x;'],
    ['&#xg', '&#xg'],
    ['&#;', '&#;'],
    ['&#', '&#'],
    ['&#x', '&#x'],
    ['&', '&'],
    ['& &;', '& &;'],
    ['&ltx;', '&ltx;'],
    ['&lt1', '&lt1'],
    ['&quote;', '&quote;'],
    ['&colon;', '&colon;'],
    ['&&lt;', '&<'],
    ['&#&lt;', '&#<'],
    ['&foo&lt;', '&foo<'],
    ['&#256;&#x1003c;', '\0<'],
    ['&#0;', '\0'],
    ['&#9223372036854775807;', '\xff'],
    ['&#9223372036854775604;', '4'],
    ['&#9223372036854775860;', '\xff'],
    ['&#99999999999999999999', '\xff'],
    ['&#x7000000000000041', 'A'],
    ['&#x8000000000000041', '\xff'],
    ['&#x00000000000000000041', 'A'],
  ])
})

test('jsDecode reads the escapes of JavaScript strings and drops other backslashes', () => {
  check('jsdecode', [
    ['\\u0041', 'A'],
    ['\\u1241', 'A'],
    ['\\uff1c\\uFF1E', '<>'],
    ['\\uff00\\uff5f', '\0_'],
    ['\\u004', 'u004'],
    ['\\U0041', 'U0041'],
    ['\\u{41}', 'u{41}'],
    ['\\x41', 'A'],
    ['\\X41', 'X41'],
    ['\\x4', 'x4'],
    ['\\xg1', 'xg1'],
    ['\\a\\b\\f\\n\\r\\t\\v', '\x07\b\f\n\r\t\v'],
    ['\\0', '\0'],
    ['\\101', 'A'],
    ['\\1018', 'A8'],
    ['\\377', '\xff'],
    ['\\400', ' 0'],
    ['\\777', '?7'],
    ['\\8', '8'],
    ['\\18', '\x018'],
    ['\\\\x41', '\\x41'],
    ['\\\'\\"\\/\\q', '\'"/q'],
    ['a\\', 'a\\'],
    ['\\', '\\'],
    ['\\\\', '\\'],
  ])
})

test('escapeSeqDecode reads the escapes of ANSI C and drops other backslashes', () => {
  check('escapeseqdecode', [
    ['\\a\\b\\f\\n\\r\\t\\v', '\x07\b\f\n\r\t\v'],
    ['\\\\\\?\\\'\\"', '\\?\'"'],
    ['\\x41\\X42', 'AB'],
    ['\\x4', 'x4'],
    ['\\xzz', 'xzz'],
    ['\\0', '\0'],
    ['\\7', '\x07'],
    ['\\101', 'A'],
    ['\\1011', 'A1'],
    ['\\377', '\xff'],
    ['\\400', '\0'],
    ['\\777', '\xff'],
    ['\\8', '8'],
    ['\\u0041', 'u0041'],
    ['\\c\\a\\t', 'c\x07\t'],
    ['/e\\tc', '/e\tc'],
    ['a\\', 'a\\'],
    ['\\', '\\'],
  ])
})

test('cssDecode reads up to six digits with one white space after them, and drops other backslashes', () => {
  check('cssdecode', [
    ['\\6a', 'j'],
    ['\\6a avascript', 'javascript'],
    ['\\6a  x', 'j x'],
    ['\\00006avascript', 'jvascript'],
    ['\\00006Aa', 'ja'],
    ['\\6a\nx\\6a\tx\\6a\rx', 'jxjxjx'],
    ['\\a', '\n'],
    ['\\41\\42', 'AB'],
    ['\\141', 'A'],
    ['\\1041', 'A'],
    ['\\ff1c\\FF1E', '<>'],
    ['\\0ff1c', '<'],
    ['\\00ff1c', '<'],
    ['\\1ff1c', '\x1c'],
    ['\\10ff1c', '\x1c'],
    ['\\ff00\\ff5f', '\0_'],
    ['\\0', '\0'],
    ['ex\\pre\\ssion', 'expression'],
    ['a\\\nb', 'ab'],
    ['a\\\rb', 'a\rb'],
    ['\\\\6a', '\\6a'],
    ['a\\', 'a'],
    ['\\', ''],
  ])
})

test('utf8toUnicode writes each sequence as %uhhhh', () => {
  check('utf8tounicode', [
    ['caf\xc3\xa9', 'caf%u00e9'],
    ['\xc2\x80', '%u0080'],
    ['\xdf\xbf', '%u07ff'],
    ['\xe0\xa0\x80', '%u0800'],
    ['\xe2\x82\xac', '%u20ac'],
    ['\xef\xbc\x9cscript\xef\xbc\x9e', '%uff1cscript%uff1e'],
    ['\xf0\x9f\x98\x80', '%u1f600'],
    ['\xf4\x8f\xbf\xbf', '%u10ffff'],
    ['\xc0\xaf', '%u002f\xc0'],
    ['\xe0\x80\xaf', '%u002f\xe0'],
    ['\xf0\x80\x80\xaf', '%u002f\xf0'],
    ['\xed\xa0\x80', '%ud800\xed'],
    ['\xc3', ''],
    ['\xc3x', 'x'],
    ['\xe2\x82', '\x82'],
    ['\xe2\x82x', '\x82x'],
    ['\x80\xbf', '\x80\xbf'],
    ['\xf8\xff', '\xf8\xff'],
    ['\xf5\x80\x80\x80', '\xf5%u140000'],
    ['\xf5', '\xf5'],
    ['a\0\xc3\xa9', 'a\0%u00e9'],
  ])
})

test('base64Decode stops at the first byte that is none of it', () => {
  check('base64decode', [
    ['', ''],
    ['QQ==', 'A'],
    ['QUI=', 'AB'],
    ['QUJD', 'ABC'],
    ['QQ', 'A'],
    ['QUI', 'AB'],
    ['Q', ''],
    ['QUJDR', 'ABC'],
    ['QUJD\r\nREVG', 'ABCDEF'],
    ['QUJD REVG', 'ABC'],
    ['QUJD.REVG', 'ABC'],
    ['QUI=QUI=', 'AB'],
    ['QUJD-_', 'ABC'],
    ['////', '\xff\xff\xff'],
    ['++++', '\xfb\xef\xbe'],
    ['=QUJD', ''],
    ['QUJD\xc3REVG', 'ABC'],
    ['PHNjcmlwdD4', '<script>'],
  ])
})

test('base64DecodeExt passes over bytes that are none of it and knows base64url', () => {
  check('base64decodeext', [
    ['', ''],
    ['QUJD', 'ABC'],
    ['Q.U J\tD', 'ABC'],
    ['P.HNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==', '<script>alert(1)</script>'],
    ['QUI=QUI=', 'AB\x10P'],
    ['\0Q\xc3Q!', 'A'],
    ['-_-_', '\xfb\xff\xbf'],
    ['...', ''],
  ])
})

test('base64Encode is undone by base64Decode', () => {
  check('base64encode', [
    ['A', 'QQ=='],
    ['AB', 'QUI='],
    ['\xff\xff\xff', '////'],
    ['\0', 'AA=='],
  ])
  const encode = TRANSFORMATIONS.get('base64encode')
  const decode = TRANSFORMATIONS.get('base64decode')
  assert.ok(encode && decode)
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
  for (let size = 0; size < 256; size++) assert.equal(decode(encode(all.slice(size))), all.slice(size))
})

test('hexEncode and hexDecode: two digits a byte, a last odd one dropped', () => {
  check('hexencode', [
    ['', ''],
    ['A\xff\0', '41ff00'],
  ])
  check('hexdecode', [
    ['414243', 'ABC'],
    ['fFFf', '\xff\xff'],
    ['41424', 'AB'],
    ['4', ''],
    ['zz', 'S'],
    ['4-', '='],
  ])
})

test('sqlHexDecode reads strings that SQL writes in digits', () => {
  check('sqlhexdecode', [
    ['0x414243', 'ABC'],
    ['0X4142', 'AB'],
    ['0x41424', 'AB4'],
    ['select 0x61646d696e, 0x41', 'select admin, A'],
    ['00x41', '0A'],
    ['0x', '0x'],
    ['0x4', '0x4'],
    ['0xg1', '0xg1'],
    ['0x410x42', 'AB'],
    ['a0', 'a0'],
    ['0x00', '\0'],
  ])
})
