import assert from 'node:assert/strict'
import test from 'node:test'

import { headerValue, isHeaderName, logLine, validateUsername } from './index.ts'

for (const { value, want } of [
  { value: 'text/html; charset=utf-8', want: 'text/html; charset=utf-8' },
  { value: '', want: '' },
  { value: ' \ta b\t ', want: 'a b' },
  { value: 'caf\u00e9', want: 'caf\u00e9' },
  { value: 'a\r\nSet-Cookie: x=y', want: 'line-break' },
  { value: 'a\nb', want: 'line-break' },
  { value: 'a\rb', want: 'line-break' },
  { value: 'a\u0000b', want: 'control-character' },
  { value: 'a\u001bb', want: 'control-character' },
  { value: 'a\u007fb', want: 'control-character' },
  { value: 'a\u010ab', want: 'not-latin1' },
  { value: 'a\u560a\u560dSet-Cookie: x', want: 'not-latin1' },
  { value: '\ud83d\ude00', want: 'not-latin1' },
  { value: 'a'.repeat(9000), want: 'too-long' },
]) {
  test(`header value: ${JSON.stringify(value.slice(0, 30))} gives ${JSON.stringify(want)}`, () => {
    const judged = headerValue(value)
    assert.equal(judged.ok ? judged.value : judged.reason, want)
    if (judged.ok) assert.equal(new Headers({ 'x-a': judged.value }).get('x-a'), want)
  })
}

for (const { name, want } of [
  { name: 'Content-Type', want: true },
  { name: "x!#$%&'*+.^_`|~1", want: true },
  { name: '', want: false },
  { name: 'a b', want: false },
  { name: 'a:b', want: false },
  { name: 'a\r\nb', want: false },
  { name: 'caf\u00e9', want: false },
]) {
  test(`header name: ${JSON.stringify(name)} is ${want ? 'one' : 'none'}`, () => {
    assert.equal(isHeaderName(name), want)
  })
}

for (const { text, want } of [
  { text: 'ann signed in', want: 'ann signed in' },
  { text: 'caf\u00e9 \u4f60\u597d \ud83d\ude00', want: 'caf\u00e9 \u4f60\u597d \ud83d\ude00' },
  { text: 'a\r\n2026-01-01 admin signed in', want: 'a\\u{d}\\u{a}2026-01-01 admin signed in' },
  { text: 'a\\nb', want: 'a\\\\nb' },
  { text: '\u001b[31mred\u001b[0m', want: '\\u{1b}[31mred\\u{1b}[0m' },
  { text: '\u009b31m', want: '\\u{9b}31m' },
  { text: 'a\u2028b\u2029c\u0085d', want: 'a\\u{2028}b\\u{2029}c\\u{85}d' },
  { text: 'a\u202egnp.exe', want: 'a\\u{202e}gnp.exe' },
  { text: 'a\u200bb\ufeffc\u00add', want: 'a\\u{200b}b\\u{feff}c\\u{ad}d' },
  { text: '\ud800', want: '\\u{d800}' },
  { text: 'a\u0000b\tc\u007f', want: 'a\\u{0}b\\u{9}c\\u{7f}' },
]) {
  test(`log line: ${JSON.stringify(text)} is written as one line`, () => {
    assert.equal(logLine(text), want)
  })
}

test('log line: it is cut, and never within an escape', () => {
  assert.equal(logLine('\n'.repeat(9), 12), '\\u{a}\\u{a}\u2026')
  assert.equal(logLine('a'.repeat(5000)).length, 4096)
})

for (const { name, want } of [
  { name: 'ann', want: true },
  { name: 'Ann_Smith_1', want: true },
  { name: 'a'.repeat(30), want: true },
  { name: 'ab', want: false },
  { name: 'a'.repeat(31), want: false },
  { name: 'ann\n', want: false },
  { name: "ann' OR '1'='1", want: false },
  { name: 'ann-smith', want: false },
  { name: '\u0430nn', want: false },
  { name: '', want: false },
]) {
  test(`user name: ${JSON.stringify(name)} is ${want ? 'taken' : 'refused'}`, () => {
    assert.equal(validateUsername(name), want)
  })
}
