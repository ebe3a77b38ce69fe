import assert from 'node:assert/strict'
import test from 'node:test'

import { gcm } from '@noble/ciphers/aes.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'

import { open, seal, SEALED_OVERHEAD, secretKeyOf } from './committed-aead.ts'
import { seededBytes } from './testing.ts'

const random = seededBytes(3)
const bytes = random(32)
const key = secretKeyOf(bytes)
const aad = Buffer.from('a place')

/** The construction once more, from another library and from the words of its comment. */
function openElsewhere(keyBytes: Uint8Array, sealed: Uint8Array): Uint8Array {
  const [unique, commitment, rest] = [sealed.subarray(0, 28), sealed.subarray(28, 60), sealed.subarray(60)]
  const info = Buffer.concat([
    Buffer.from('ringwall committed-aead@v1+AEAD_AES_256_GCM\0'),
    unique,
    aad,
    Buffer.from([1]),
  ])
  const derived = hmac(sha512, keyBytes, info)
  assert.deepEqual(Buffer.from(derived.subarray(32)), Buffer.from(commitment))
  return gcm(derived.subarray(0, 32), unique.subarray(16), aad).decrypt(rest)
}

test('another library opens what we sealed', () => {
  for (const length of [0, 1, 31, 32, 1000]) {
    const plain = random(length)
    const sealed = seal(key, aad, plain, random)
    assert.equal(sealed.length, length + SEALED_OVERHEAD)
    assert.deepEqual(Buffer.from(openElsewhere(bytes, sealed)), Buffer.from(plain))
    assert.deepEqual(open(key, aad, sealed), Buffer.from(plain))
  }
})

const sealed = seal(key, aad, Buffer.from('plain'), random)
const flipped = (at: number): Buffer => {
  const altered = Buffer.from(sealed)
  altered[at] = (altered[at] as number) ^ 1
  return altered
}
for (const { name, got, want } of [
  { name: 'an altered salt', got: open(key, aad, flipped(0)), want: 'wrong-key-or-place' },
  { name: 'an altered nonce', got: open(key, aad, flipped(16)), want: 'wrong-key-or-place' },
  { name: 'an altered commitment', got: open(key, aad, flipped(28)), want: 'wrong-key-or-place' },
  { name: 'an altered text', got: open(key, aad, flipped(60)), want: 'tampered' },
  { name: 'an altered tag', got: open(key, aad, flipped(sealed.length - 1)), want: 'tampered' },
  { name: 'another place', got: open(key, Buffer.from('b place'), sealed), want: 'wrong-key-or-place' },
  { name: 'another key', got: open(secretKeyOf(random(32)), aad, sealed), want: 'wrong-key-or-place' },
  { name: 'too few bytes', got: open(key, aad, sealed.subarray(0, SEALED_OVERHEAD - 1)), want: 'tampered' },
]) {
  test(`${name} is refused: ${want}`, () => assert.equal(got, want))
}

test('a text that GCM would open under two keys opens under one: the commitment says which', () => {
  const other = secretKeyOf(random(32))
  const under = seal(other, aad, Buffer.from('theirs'), random)
  // All that an attacker can choose: what a key commits to, in front of what another one sealed.
  const mixed = Buffer.concat([sealed.subarray(0, 60), under.subarray(60)])
  assert.equal(open(key, aad, mixed), 'tampered')
  assert.equal(open(other, aad, mixed), 'wrong-key-or-place')
})
