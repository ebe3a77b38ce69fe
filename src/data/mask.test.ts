import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { ALL_KINDS } from './mask-kinds.ts'
import { createTextMask, maskCreditCard, maskDict, maskEmail, maskPhone, maskSsn, maskText } from './mask.ts'
import { createMasker } from './masker.ts'

for (const { mask, value, want } of [
  { mask: maskEmail, value: 'john.doe@example.com', want: 'j******e@example.com' },
  { mask: maskEmail, value: 'ab@example.com', want: '**@example.com' },
  { mask: maskEmail, value: 'abc@example.com', want: 'a*c@example.com' },
  { mask: maskEmail, value: 'nobody', want: '***' },
  { mask: maskEmail, value: '', want: '***' },
  { mask: maskPhone, value: '555-123-4567', want: '******4567' },
  { mask: maskPhone, value: '123', want: '***' },
  { mask: maskCreditCard, value: '4111 1111 1111 1111', want: '************1111' },
  { mask: maskSsn, value: '123-45-6789', want: '***-**-6789' },
  { mask: maskSsn, value: '12-3', want: '***-**-****' },
]) {
  test(`the guide's ${mask.name} turns \`${value}\` into \`${want}\``, () => assert.equal(mask(value), want))
}

test("the guide's usage example, with nested objects", () => {
  const fields = new Set(['email', 'phone', 'ssn', 'credit_card', 'password'])
  const user = {
    name: 'John Doe',
    email: 'john.doe@example.com',
    ssn: '123-45-6789',
    more: { password: 'x', age: 7 },
  }
  assert.deepEqual(maskDict(user, fields), {
    name: 'John Doe',
    email: 'j******e@example.com',
    ssn: '***-**-6789',
    more: { password: '***', age: 7 },
  })
})

for (const { text, want } of [
  { text: 'mail john.doe@example.com now', want: 'mail j******e@example.com now' },
  { text: '<a@b.co>,cc@d.org', want: '<*@b.co>,**@d.org' },
  { text: 'card 4111 1111 1111 1111.', want: 'card ************1111.' },
  { text: 'card=4111111111111111&x=1', want: 'card=************1111&x=1' },
  { text: 'not a card 4111 1111 1111 1112', want: 'not a card 4111 1111 1111 1112' },
  { text: 'ssn 123-45-6789', want: 'ssn ***-**-6789' },
  { text: 'no ssn 000-45-6789 or 666-45-6789', want: 'no ssn 000-45-6789 or 666-45-6789' },
  { text: 'call +49 30 123456 or (555) 123-4567', want: 'call ******3456 or ******4567' },
  { text: 'call 555-123-4567', want: 'call ******4567' },
  {
    text: 'order 1234567890, id 01jx2a3b4c, 2026-11-24 09:00',
    want: 'order 1234567890, id 01jx2a3b4c, 2026-11-24 09:00',
  },
  { text: 'user@host and @handle and a@b', want: 'user@host and @handle and a@b' },
  { text: 'nothing here', want: 'nothing here' },
]) {
  test(`free text: \`${text}\``, () => assert.equal(maskText(text), want))
}

test('every loaded secret is masked, wherever it stands', () => {
  const mask = createTextMask([new Secret('hunter2-hunter2'), new Secret('abc')])
  assert.equal(mask('url=postgres://u:hunter2-hunter2@h/x abc'), 'url=postgres://u:[secret]@h/x abc')
})

test('hostile text costs linear time, in each scanner and in all', () => {
  const everything = createMasker({
    kinds: ALL_KINDS,
    weak: 'always',
    secrets: [new Secret('hunter2-hunter2')],
  })
  for (const fragment of [
    '@',
    'a@',
    '1',
    '1-',
    '+1 ',
    'a.a@a.',
    '(',
    '4111 ',
    ':',
    'a:',
    'eyJ',
    'eyJ-',
    'eyJhbGciOi.',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----"',
    'password=',
    'password="',
    'password=\\"',
    'Cookie:',
    '<token>',
    'http://a:',
    'a.b.',
    'DE89 3704 ',
    'bc1',
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb ',
    'sk-',
    'sk-ant-',
    'Basic AAAAAAAAAAAA/',
    'glpat-',
    '{"a":1234567,',
    'hunter2-',
    '--token ',
    '%3D',
    '\\',
  ]) {
    const short = fragment.repeat(2 ** 10)
    const long = fragment.repeat(2 ** 14)
    const took = (text: string): number => {
      // The processor's time: neighbours on the machine are not our cost.
      const before = process.cpuUsage().user
      everything.text(text)
      return (process.cpuUsage().user - before) / 1000
    }
    const best = (text: string): number => Math.min(took(text), took(text), took(text))
    const [a, b] = [Math.max(0.3, best(short)), best(long)]
    // Sixteen times the text; quadratic would be 256 times.
    assert.ok(b < a * 100, `\`${fragment}\`: ${a.toFixed(1)} ms, then ${b.toFixed(1)} ms`)
  }
})

test('the pages say how many kinds there are', () => {
  const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  assert.match(page, new RegExp(`^- ${ALL_KINDS.length} kinds of personal data`, 'm'))
})
