import assert from 'node:assert/strict'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { fernetKeyOf, generateFernetKey, readFernet, writeFernet } from './fernet.ts'
import { derivePasswordKey, pbkdf2Sha256 } from './password-key.ts'

const key = generateFernetKey()
const nowMs = 1_700_000_000_500

test('a token comes back, with the second in which it was made', () => {
  for (const length of [0, 1, 15, 16, 17, 1000]) {
    const plain = Buffer.alloc(length, 'x')
    const read = readFernet([key], writeFernet(key, plain, { nowMs }), { nowMs })
    assert.ok(read.ok)
    assert.deepEqual(read.plain, plain)
    assert.equal(read.madeSeconds, 1_700_000_000)
  }
})

test('older keys still read: first the new one, then those before it', () => {
  const old = generateFernetKey()
  const token = writeFernet(old, Buffer.from('x'), { nowMs })
  assert.ok(readFernet([key, old], token, { nowMs }).ok)
  assert.deepEqual(readFernet([key], token, { nowMs }), { ok: false, reason: 'wrong-key-or-altered' })
})

const token = writeFernet(key, Buffer.from('hello'), { nowMs })
for (const { name, raw, options, reason } of [
  {
    name: 'older than its time to live',
    raw: token,
    options: { nowMs: nowMs + 61_000, ttlSeconds: 60 },
    reason: 'expired',
  },
  {
    name: 'of the future',
    raw: token,
    options: { nowMs: nowMs - 61_000, ttlSeconds: 60 },
    reason: 'not-yet',
  },
  { name: 'without its padding', raw: token.replaceAll('=', ''), options: {}, reason: 'malformed' },
  { name: 'of another alphabet', raw: token.replace(/^g/, '+'), options: {}, reason: 'malformed' },
  { name: 'with a line end', raw: `${token}\n`, options: {}, reason: 'malformed' },
  { name: 'that is empty', raw: '', options: {}, reason: 'malformed' },
  { name: 'longer than allowed', raw: token, options: { maxLength: 10 }, reason: 'malformed' },
]) {
  test(`a token ${name} is refused: ${reason}`, () =>
    assert.deepEqual(readFernet([key], raw, { nowMs, ...options }), { ok: false, reason }))
}

test('every flipped bit is refused', () => {
  const bytes = Buffer.from(token, 'base64url')
  for (let i = 0; i < bytes.length * 8; i++) {
    const altered = Buffer.from(bytes)
    altered[i >> 3] = (altered[i >> 3] as number) ^ (1 << (i & 7))
    const text = altered.toString('base64url')
    assert.ok(!readFernet([key], text.padEnd(Math.ceil(text.length / 4) * 4, '='), { nowMs }).ok, `bit ${i}`)
  }
})

test('a key of another form is told', () => {
  for (const text of ['', 'x', key.reveal().replace(/=$/, ''), `${key.reveal()}=`])
    assert.throws(() => writeFernet(new Secret(text), Buffer.from('x'), { nowMs }), {
      code: 'data.fernet-key',
    })
})

// Made with Python's cryptography 48.0.0, as the guide's DataEncryption does it.
test('what the guide wrote with a password and a salt is read', async () => {
  const derived = await pbkdf2Sha256(
    Buffer.from('correct horse'),
    Buffer.from('0123456789abcdef'),
    480_000,
    32,
  )
  const guideKey = fernetKeyOf(derived)
  assert.equal(guideKey.reveal(), 'aJPi1cQQnfmzeNN13xJu_Zdr3m0IoeBiDfledP-7VZ4=')
  const read = readFernet(
    [guideKey],
    'gAAAAABrBbf11K72yeGgh7VsUZh11arxAicTilhSgqQsu5YnmOR-7q_V_Lv8lDElSeOmjQvJ07w32hzbWzDmjMNL-qc1UYDcqg==',
    { nowMs },
  )
  assert.ok(read.ok)
  assert.equal(read.plain.toString(), '123-45-6789')
})

test('a key of a password is a Fernet key', async () => {
  const { key: bytes } = await derivePasswordKey(new Secret('pass'), { algorithm: 'pbkdf2-sha256' })
  const own = fernetKeyOf(bytes)
  assert.ok(readFernet([own], writeFernet(own, Buffer.from('x'), { nowMs }), { nowMs }).ok)
})
