import assert from 'node:assert/strict'
import test from 'node:test'

import { safeRedirect } from './index.ts'

const allowed = { origins: ['https://accounts.example.com', 'http://localhost:3000'] }

for (const { target, location } of [
  { target: '/', location: '/' },
  { target: '/orders/7?tab=1#top', location: '/orders/7?tab=1#top' },
  { target: '/a/../b', location: '/b' },
  { target: '/search?q=http://evil.test//x', location: '/search?q=http://evil.test//x' },
  { target: '/caf%C3%A9', location: '/caf%C3%A9' },
  { target: '/a%2Fb', location: '/a%2Fb' },
  { target: '/@evil.test', location: '/@evil.test' },
  { target: 'https://accounts.example.com/x', location: 'https://accounts.example.com/x' },
  { target: 'https://ACCOUNTS.example.com:443/x', location: 'https://accounts.example.com/x' },
  { target: 'http://localhost:3000/', location: 'http://localhost:3000/' },
]) {
  test(`redirect: ${target} is taken`, () => {
    assert.deepEqual(safeRedirect(target, allowed), { ok: true, location })
  })
}

for (const target of [
  '',
  'orders',
  '?a',
  '#a',
  '//evil.test',
  '///evil.test',
  '////evil.test',
  '/\\evil.test',
  '\\/evil.test',
  '\\\\evil.test',
  '/a\\b',
  '/\t/evil.test',
  '/\n/evil.test',
  '/ /evil.test',
  ' //evil.test',
  '\u0000//evil.test',
  '/.//evil.test',
  '/a/..//evil.test',
  '/./\\evil.test',
  '/%2f/evil.test',
  '/%2F%2Fevil.test',
  '/%5cevil.test',
  '/%09/evil.test',
  '/\u2215evil.test',
  '\uff0f\uff0fevil.test',
  'http:evil.test',
  'http:/evil.test',
  'https:///evil.test',
  'http://evil.test',
  'https://accounts.example.com.evil.test/',
  'https://accounts.example.com@evil.test/',
  'https://accounts.example.com:8443/',
  'http://accounts.example.com/',
  'https://x.accounts.example.com/',
  'https://user@accounts.example.com/',
  'https://@accounts.example.com/',
  'https://evil.test/https://accounts.example.com',
  'https://evil.test#accounts.example.com',
  'https://accounts.example.com\\@evil.test/',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'ftp://accounts.example.com/',
  'blob:https://accounts.example.com/x',
  'https:accounts.example.com',
  '/a\r\nSet-Cookie: a=b',
  '/a%0d%0aSet-Cookie:%20a=b'.replace('/a', '/'),
  `/${'a'.repeat(3000)}`,
]) {
  test(`redirect: ${JSON.stringify(target.slice(0, 50))} is refused`, () => {
    assert.equal(safeRedirect(target, allowed).ok, false)
  })
}

test('redirect: whatever is taken stays on our origin in the reader of URLs', () => {
  const pieces = [
    '/',
    '\\',
    '.',
    '..',
    'evil.test',
    '%2f',
    '%5c',
    '@',
    ':',
    '\t',
    '#',
    '?',
    'a',
    'http:',
    '//',
  ]
  let seed = 3
  const next = (n: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % n
  let taken = 0
  for (let i = 0; i < 20_000; i++) {
    const target = Array.from({ length: 1 + next(6) }, () => pieces[next(pieces.length)]).join('')
    const judged = safeRedirect(target)
    if (!judged.ok) continue
    taken++
    for (const text of [target, judged.location, decodeURIComponent(judged.location)])
      assert.equal(
        URL.parse(text.replace(/[\t\n\r]/g, ''), 'https://shop.test/x/y')?.origin,
        'https://shop.test',
        target,
      )
  }
  assert.ok(taken > 200, `${taken}`)
})
