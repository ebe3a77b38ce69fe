// The small judges: passwords, cookies, return paths.
import assert from 'node:assert/strict'
import test from 'node:test'

import { readCookie } from '../core/cookies.ts'
import { authenticationSchema, safeReturnPath, sessionCookie, validatePassword } from './index.ts'

const policy = authenticationSchema.parse({}).password
const ANN = { email: 'annabel@shop.test', name: 'Ann Example' }

for (const { password, want } of [
  { password: 'Correct-horse-7', want: [] },
  { password: 'Ünïcode-Straße-7', want: [] },
  {
    password: 'short',
    want: [
      'Password must be at least 12 characters',
      'Password must contain uppercase letter',
      'Password must contain digit',
      'Password must contain special character',
    ],
  },
  { password: 'ALLUPPERCASE-7', want: ['Password must contain lowercase letter'] },
  { password: 'Without-a-digit', want: ['Password must contain digit'] },
  { password: 'WithoutSpecial77', want: ['Password must contain special character'] },
  { password: 'My-annabel-is-7-Years', want: ['Password must not contain your name or e-mail address'] },
  { password: 'An-Example-of-7', want: ['Password must not contain your name or e-mail address'] },
  { password: `Aa7-${'x'.repeat(1100)}`, want: ['Password must be at most 1024 characters'] },
]) {
  test(`password \`${password.slice(0, 24)}\`: ${want.join('; ') || 'is taken'}`, () => {
    assert.deepEqual(validatePassword(password, policy, ANN), want)
  })
}

test('the cookie is bound to host and scheme, and each realm has its own', () => {
  assert.equal(
    sessionCookie('site', true, 'strict').set('t'),
    '__Host-ringwall=t; Path=/; HttpOnly; SameSite=Strict; Secure',
  )
  assert.equal(sessionCookie('site', false, 'lax').set('t'), 'ringwall=t; Path=/; HttpOnly; SameSite=Lax')
  assert.equal(sessionCookie('operator', true, 'strict').name, '__Host-ringwall-operator')
  assert.match(sessionCookie('site', true, 'strict').clear(), /^__Host-ringwall=; Max-Age=0; Path=\//)
})

for (const { headers, want } of [
  { headers: ['a=1; ringwall=t; b=2'], want: 't' },
  { headers: ['a=1', 'ringwall=t'], want: 't' },
  { headers: ['ringwall=t; ringwall=t'], want: 't' },
  { headers: ['ringwall=t; ringwall=u'], want: undefined },
  { headers: ['xringwall=t'], want: undefined },
  { headers: ['ringwall'], want: undefined },
  { headers: [], want: undefined },
]) {
  test(`cookie: ${JSON.stringify(headers)} gives ${want ?? 'none'}`, () =>
    assert.equal(readCookie(headers, 'ringwall'), want))
}

for (const path of ['/', '/orders/7', '/orders?x=1&y=/z', '/a%20b', '/a:b', '/.well-known/x']) {
  test(`return path \`${path}\` is taken`, () => assert.equal(safeReturnPath(path), path))
}

for (const path of [
  '//evil.test',
  '///evil.test',
  '/\\evil.test',
  '\\\\evil.test',
  '/\\/evil.test',
  'https://evil.test',
  'http:evil.test',
  'evil.test',
  'javascript:alert(1)',
  ' /x',
  '/\tx',
  '/\n/evil.test',
  '/x\r\nSet-Cookie: a=b',
  '',
  'x',
  '.',
  '..',
  '/%0d%0a\u0000',
  '/\u00e9',
  '/x y',
  '?x',
  '#x',
  '/\u2028',
  'data:text/html,x',
  '//',
  '/\\',
  '\t//evil.test',
  '//evil.test/%2f..',
  '////evil.test',
  '/.//evil.test',
  '/a/..//evil.test',
  '/%2e//evil.test/x',
  `/${'a'.repeat(3000)}`,
]) {
  test(`return path \`${JSON.stringify(path).slice(0, 40)}\` leads home`, () =>
    assert.equal(safeReturnPath(path), '/'))
}

test('no return path leads home', () => {
  assert.equal(safeReturnPath(null), '/')
  assert.equal(safeReturnPath(undefined), '/')
})
