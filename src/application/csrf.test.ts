import assert from 'node:assert/strict'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { systemRandom } from '../core/clock.ts'
import {
  checkCsrfToken,
  checkCustomHeader,
  checkFormToken,
  formCookie,
  mintFormToken,
  newCsrfToken,
  nonceCsp,
  readCspReports,
} from './index.ts'

const key = new Secret('k'.repeat(32))
const cookie = newCsrfToken(systemRandom)
const binding = { key, sessionRef: 'ann', cookie }
const token = mintFormToken(binding, systemRandom)
const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`

for (const { name, got, want } of [
  { name: 'the token of the session', got: checkCsrfToken(cookie, cookie), want: 'ok' },
  { name: 'another token', got: checkCsrfToken(newCsrfToken(systemRandom), cookie), want: 'mismatch' },
  { name: 'no token against no session', got: checkCsrfToken('', ''), want: 'missing' },
  { name: 'something that is no token', got: checkCsrfToken('a', cookie), want: 'malformed' },
  { name: 'a form token', got: checkFormToken(token, binding), want: 'ok' },
  { name: 'a form token with a changed sign', got: checkFormToken(forged, binding), want: 'mismatch' },
  {
    name: 'a form token of another session',
    got: checkFormToken(token, { ...binding, sessionRef: '' }),
    want: 'mismatch',
  },
  {
    name: 'a form token of another visitor',
    got: checkFormToken(token, { ...binding, cookie: newCsrfToken(systemRandom) }),
    want: 'mismatch',
  },
  {
    name: 'a form token of another key',
    got: checkFormToken(token, { ...binding, key: new Secret('x') }),
    want: 'mismatch',
  },
  {
    name: 'a form token without a cookie',
    got: checkFormToken(token, { ...binding, cookie: undefined }),
    want: 'missing',
  },
  { name: 'a form without a token', got: checkFormToken(undefined, binding), want: 'missing' },
  { name: 'the cookie as token', got: checkFormToken(`${cookie}.${cookie}`, binding), want: 'mismatch' },
  { name: 'a GET of an API', got: checkCustomHeader('GET', undefined), want: 'ok' },
  {
    name: 'a DELETE of an API without the field',
    got: checkCustomHeader('DELETE', undefined),
    want: 'missing',
  },
  { name: 'a POST of an API with the field', got: checkCustomHeader('POST', 'XMLHttpRequest'), want: 'ok' },
  {
    name: 'a PATCH of an API with another field',
    got: checkCustomHeader('PATCH', 'fetch'),
    want: 'mismatch',
  },
]) {
  test(`csrf: ${name} is ${want}`, () => assert.equal(got.ok ? 'ok' : got.reason, want))
}

test('csrf: the cookie is bound to its host over HTTPS, and read only whole', () => {
  const cookies = formCookie(true)
  assert.match(cookies.set(cookie), /^__Host-ringwall-form=.{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  assert.equal(cookies.read([`a=b; __Host-ringwall-form=${cookie}`]), cookie)
  assert.equal(cookies.read([`ringwall-form=${cookie}`, '__Host-ringwall-form=short']), undefined)
})

test('csp: a policy has its nonce, runs nothing else and tells where to report', () => {
  const policy = nonceCsp({ nonce: 'N', reportTo: '/r' })
  assert.match(policy, /script-src 'nonce-N' 'report-sample';/)
  assert.match(policy, /report-uri \/r; report-to ringwall$/)
  assert.doesNotMatch(policy, /unsafe/)
})

test('csp: sources are added to their directive, and to none that runs scripts', () => {
  const policy = nonceCsp({
    nonce: 'N',
    sources: { 'connect-src': ['https://api.test'], 'frame-ancestors': ['https://b.test'] },
  })
  assert.match(policy, /; connect-src 'self' https:\/\/api\.test$/)
  assert.match(policy, /frame-ancestors https:\/\/b\.test;/)
  assert.match(policy, /script-src 'nonce-N' 'report-sample';/)
})

const old = {
  'csp-report': {
    'document-uri': 'https://a.test/',
    'blocked-uri': 'inline',
    'violated-directive': "script-src-elem 'self'",
  },
}
const body = {
  documentURL: 'https://a.test/',
  blockedURL: 'https://b.test/x.js',
  effectiveDirective: 'script-src-elem',
  disposition: 'report',
}

for (const { name, type, text, want } of [
  {
    name: 'report-uri',
    type: 'application/csp-report',
    text: JSON.stringify(old),
    want: 'script-src-elem inline',
  },
  {
    name: 'report-to',
    type: 'application/reports+json; charset=utf-8',
    text: JSON.stringify([{ type: 'deprecation' }, { type: 'csp-violation', body }]),
    want: 'script-src-elem https://b.test/x.js',
  },
  { name: 'another type', type: 'application/json', text: JSON.stringify(old), want: 'content-type' },
  { name: 'no JSON', type: 'application/csp-report', text: '{', want: 'malformed' },
  { name: 'another JSON', type: 'application/reports+json', text: '{}', want: 'malformed' },
  {
    name: 'a directive that is none',
    type: 'application/csp-report',
    text: JSON.stringify({ 'csp-report': { ...old['csp-report'], 'violated-directive': '<b>' } }),
    want: 'malformed',
  },
  {
    name: 'too many',
    type: 'application/reports+json',
    text: JSON.stringify(Array.from({ length: 51 }, () => ({ type: 'csp-violation', body }))),
    want: 'malformed',
  },
  { name: 'too much', type: 'application/csp-report', text: ' '.repeat(70_000), want: 'too-large' },
]) {
  test(`csp report: ${name} is read as \`${want}\``, () => {
    const read = readCspReports(type, new TextEncoder().encode(text))
    assert.equal(
      read.ok ? read.reports.map((one) => `${one.directive} ${one.rawBlocked}`).join() : read.reason,
      want,
    )
  })
}
