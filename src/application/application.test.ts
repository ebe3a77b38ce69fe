import assert from 'node:assert/strict'
import test from 'node:test'

import { doubtInProvenance, type Provenance } from './index.ts'

const own = 'https://shop.test'
const post: Provenance = {
  method: 'POST',
  isUpgrade: false,
  ownOrigin: own,
  rawOrigin: undefined,
  rawFetchSite: undefined,
  rawReferer: undefined,
  hasCookie: true,
}

for (const { name, request, refused } of [
  {
    name: 'a GET from anywhere',
    request: { ...post, method: 'GET', rawOrigin: 'https://evil.test' },
    refused: false,
  },
  { name: 'our own form', request: { ...post, rawOrigin: own, rawFetchSite: 'same-origin' }, refused: false },
  { name: 'another origin', request: { ...post, rawOrigin: 'https://evil.test' }, refused: true },
  {
    name: 'another origin without a cookie (login CSRF)',
    request: { ...post, rawOrigin: 'https://evil.test', hasCookie: false },
    refused: true,
  },
  { name: 'our host over plain HTTP', request: { ...post, rawOrigin: 'http://shop.test' }, refused: true },
  {
    name: 'our host on another port',
    request: { ...post, rawOrigin: 'https://shop.test:8443' },
    refused: true,
  },
  { name: 'a subdomain', request: { ...post, rawOrigin: 'https://x.shop.test' }, refused: true },
  {
    name: 'a name that begins with ours',
    request: { ...post, rawOrigin: 'https://shop.test.evil.test' },
    refused: true,
  },
  { name: 'the null origin of a sandboxed frame', request: { ...post, rawOrigin: 'null' }, refused: true },
  {
    name: 'a lying Sec-Fetch-Site beside a foreign Origin',
    request: { ...post, rawOrigin: 'https://evil.test', rawFetchSite: 'same-origin' },
    refused: true,
  },
  { name: 'cross-site without Origin', request: { ...post, rawFetchSite: 'cross-site' }, refused: true },
  { name: 'same-site without Origin', request: { ...post, rawFetchSite: 'same-site' }, refused: true },
  { name: 'typed by the user', request: { ...post, rawFetchSite: 'none' }, refused: false },
  { name: 'an old browser from our page', request: { ...post, rawReferer: `${own}/form` }, refused: false },
  {
    name: 'an old browser from elsewhere',
    request: { ...post, rawReferer: 'https://evil.test/https://shop.test' },
    refused: true,
  },
  { name: 'a cookie and no word of where from', request: post, refused: true },
  { name: 'a program without a cookie', request: { ...post, hasCookie: false }, refused: false },
  {
    name: 'DELETE from elsewhere',
    request: { ...post, method: 'DELETE', rawOrigin: 'https://evil.test' },
    refused: true,
  },
  { name: 'a partner', request: { ...post, rawOrigin: 'https://partner.test' }, refused: false },
  {
    name: 'a WebSocket from elsewhere',
    request: { ...post, method: 'GET', isUpgrade: true, rawOrigin: 'https://evil.test' },
    refused: true,
  },
  {
    name: 'our own WebSocket',
    request: { ...post, method: 'GET', isUpgrade: true, rawOrigin: own },
    refused: false,
  },
]) {
  test(`cross-site: ${name} is ${refused ? 'refused' : 'taken'}`, () => {
    assert.equal(doubtInProvenance(request, new Set(['https://partner.test'])) !== undefined, refused)
  })
}
