import assert from 'node:assert/strict'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { SecretRegistry } from './mask-secrets.ts'
import { createMasker } from './masker.ts'

const VALUE = 'pa"ss/w\u00f6rd+&<1>\n2'
const registry = new SecretRegistry([new Secret(VALUE)])
const masker = createMasker({ secrets: registry, kinds: [] })

for (const [form, text] of Object.entries({
  plain: VALUE,
  'JSON-escaped': JSON.stringify({ a: VALUE }),
  'JSON in JSON': JSON.stringify({ a: JSON.stringify({ b: VALUE }) }),
  'percent-encoded': `?x=${encodeURIComponent(VALUE)}&y`,
  'percent-encoded in small letters': encodeURIComponent(VALUE).replaceAll(/%../g, (escape) =>
    escape.toLowerCase(),
  ),
  'form-encoded': new URLSearchParams({ x: VALUE }).toString(),
  base64: Buffer.from(VALUE).toString('base64'),
  'base64 after one byte': Buffer.from(`u${VALUE}`).toString('base64'),
  'base64 of Basic credentials': Buffer.from(`user:${VALUE}`).toString('base64'),
  'base64 within more': Buffer.from(`ab${VALUE} and more`).toString('base64'),
  base64url: Buffer.from(VALUE).toString('base64url'),
  hexadecimal: Buffer.from(VALUE).toString('hex'),
  'hexadecimal in capitals': Buffer.from(VALUE).toString('hex').toUpperCase(),
  'HTML-escaped': VALUE.replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;'),
})) {
  test(`a loaded secret is found ${form}`, () => {
    const masked = masker.text(`<<${text}>>`)
    assert.match(masked, /\[secret\]/)
    // Of base64 at most the edges stay, which hold bits of what stands beside it.
    assert.ok(masked.length < text.length, masked)
    for (let at = 0; at + 8 <= text.length; at++) {
      const piece = text.slice(at, at + 8)
      if (VALUE.includes(piece)) assert.ok(!masked.includes(piece), piece)
    }
  })
}

test('a registry grows, and its masker with it', () => {
  const growing = new SecretRegistry()
  const { text } = createMasker({ secrets: growing, kinds: [] })
  assert.equal(text('hunter2-hunter2'), 'hunter2-hunter2')
  growing.add(new Secret('hunter2-hunter2'))
  assert.equal(text('hunter2-hunter2'), '[secret]')
  growing.add(new Secret('abc'))
  assert.equal(text('abc'), 'abc')
})

test('a thousand secrets with one beginning are told apart', () => {
  const values = Array.from({ length: 1000 }, (_, i) => `sk_live_common_${i * 7919}_end`)
  const many = createMasker({ secrets: values.map((value) => new Secret(value)), kinds: [] })
  for (const value of values) assert.equal(many.text(`a ${value} b`), 'a [secret] b')
})

test('where a secret and a finding overlap nothing of either is seen', () => {
  const both = createMasker({ secrets: [new Secret('hunter2-hunter2')] })
  assert.equal(both.text('password=x-hunter2-hunter2'), 'password=***')
  assert.equal(both.text('password=hunter2-hunter2'), 'password=[secret]')
  assert.equal(both.text('mail hunter2-hunter2@example.com'), 'mail [secret]')
})

test('the password of an address is found on its own', () => {
  const registry = new SecretRegistry([new Secret('postgres://app:s3cret%2Fpass@db.test/shop')])
  for (const text of [
    'failed for s3cret/pass',
    'postgres://app:s3cret%2Fpass@db.test/shop',
    'x s3cret%2Fpass',
  ])
    assert.equal(registry.find(text).length, 1, text)
  assert.equal(registry.find('db.test app shop').length, 0)
  assert.equal(new SecretRegistry([new Secret('redis://host.test/0')]).find('host.test').length, 0)
})
