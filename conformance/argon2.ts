// RFC 9106 section 5 against the platform's argon2, which the password hasher calls, and the hasher itself against @noble/hashes.
import { argon2Sync, createHash } from 'node:crypto'

import { argon2d, argon2i, argon2id } from '@noble/hashes/argon2.js'

import { systemRandom } from '../src/core/clock.ts'
import { PasswordHasher } from '../src/identity/index.ts'
import { TestKeys } from '../src/identity/testing.ts'
import type { SuiteResult } from './suite.ts'

const RFC_9106 = {
  argon2d: '512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb',
  argon2i: 'c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8',
  argon2id: '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
} as const
const THEIRS = { argon2d, argon2i, argon2id } as const

/** Passwords of the kinds that go wrong: empty, long, in other scripts, composed and decomposed. */
const PASSWORDS = [
  '',
  'a',
  'Correct-horse-7',
  'x'.repeat(1024),
  'caf\u00e9',
  'cafe\u0301',
  '\u5bc6\u7801\ud83d\udd11',
]

export async function run(): Promise<SuiteResult> {
  const failed: string[] = []
  let total = 0
  const expect = (id: string, got: Uint8Array | undefined, want: Uint8Array | string): void => {
    total++
    const hex = got && Buffer.from(got).toString('hex')
    if (hex !== (typeof want === 'string' ? want : Buffer.from(want).toString('hex')))
      failed.push(`${id}: gives ${hex}`)
  }
  for (const name of ['argon2d', 'argon2i', 'argon2id'] as const) {
    const [message, nonce, secret, associatedData] = [32, 16, 8, 12].map((size, at) =>
      Buffer.alloc(size, at + 1),
    ) as [Buffer, Buffer, Buffer, Buffer]
    const ours = argon2Sync(name, {
      message,
      nonce,
      secret,
      associatedData,
      memory: 32,
      passes: 3,
      parallelism: 4,
      tagLength: 32,
    })
    expect(`RFC 9106 5, ${name}`, ours, RFC_9106[name])
    const theirs = THEIRS[name](message, nonce, {
      m: 32,
      t: 3,
      p: 4,
      key: secret,
      personalization: associatedData,
    })
    expect(`RFC 9106 5, ${name}, second implementation`, theirs, RFC_9106[name])
  }
  const hasher = new PasswordHasher(new TestKeys(), systemRandom)
  try {
    for (const [at, password] of PASSWORDS.entries()) {
      const salt = createHash('sha256').update(String(at)).digest().subarray(0, 16)
      const theirs = argon2id(password.normalize('NFC'), salt, { m: 19_456, t: 2, p: 1, dkLen: 32 })
      expect(`the hasher, password ${at}`, await hasher.derive(password, salt), theirs)
      const stored = (await hasher.hash(password)) as string
      expect(
        `the hasher verifies its own, password ${at}`,
        Buffer.from(await hasher.verify(password, stored)),
        Buffer.from('right'),
      )
    }
  } finally {
    await hasher.close()
  }
  return { total, passed: total - failed.length, failed, notRun: [], known: [] }
}
