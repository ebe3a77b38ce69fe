import assert from 'node:assert/strict'
import test from 'node:test'

import { Secret } from '../core/secret.ts'
import { derivePasswordKey, type PasswordKeyAlgorithm, readPasswordKey } from './password-key.ts'
import { seededBytes } from './testing.ts'

const password = new Secret('correct horse battery staple')

for (const { algorithm, want } of [
  { algorithm: 'pbkdf2-sha256', want: /^\$pbkdf2-sha256\$i=480000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{22}$/ },
  {
    algorithm: 'argon2id',
    want: /^\$argon2id\$v=19\$m=65536,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{22}$/,
  },
] as const satisfies readonly { algorithm: PasswordKeyAlgorithm; want: RegExp }[]) {
  test(`${algorithm}: parameters and salt are in the stored text, and give the same key again`, async () => {
    const { key, stored } = await derivePasswordKey(password, { algorithm, random: seededBytes(1) })
    assert.match(stored, want)
    assert.equal(key.length, 32)
    const again = await readPasswordKey(password, stored)
    assert.ok(again.ok)
    assert.deepEqual(Buffer.from(again.key), Buffer.from(key))
    assert.deepEqual(await readPasswordKey(new Secret('wrong'), stored), {
      ok: false,
      reason: 'wrong-password',
    })
  })
}

const SALT = 'AAAAAAAAAAAAAAAAAAAAAA'
for (const { name, stored, reason } of [
  {
    name: 'ten million and one iterations',
    stored: `$pbkdf2-sha256$i=10000001$${SALT}$${SALT}`,
    reason: 'out-of-bounds',
  },
  { name: 'one iteration', stored: `$pbkdf2-sha256$i=1$${SALT}$${SALT}`, reason: 'out-of-bounds' },
  { name: '90 GiB', stored: `$argon2id$v=19$m=99999999,t=1,p=1$${SALT}$${SALT}`, reason: 'out-of-bounds' },
  { name: 'no pass', stored: `$argon2id$v=19$m=65536,t=0,p=1$${SALT}$${SALT}`, reason: 'out-of-bounds' },
  { name: '999 lanes', stored: `$argon2id$v=19$m=65536,t=1,p=999$${SALT}$${SALT}`, reason: 'out-of-bounds' },
  { name: 'another algorithm', stored: `$argon2i$v=19$m=65536,t=1,p=1$${SALT}$${SALT}`, reason: 'malformed' },
  { name: 'nothing', stored: '', reason: 'malformed' },
  { name: 'something behind it', stored: `$pbkdf2-sha256$i=480000$${SALT}$${SALT}x`, reason: 'malformed' },
]) {
  test(`a stored text with ${name} is refused: ${reason}`, async () =>
    assert.deepEqual(await readPasswordKey(password, stored), { ok: false, reason }))
}
