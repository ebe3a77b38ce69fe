// One-time codes: the values of RFC 4226 appendix D and RFC 6238 appendix B, and a second implementation on a thousand secrets.
import { createHmac } from 'node:crypto'

import { HOTP, Secret } from 'otpauth'

import { hotp, matchingStep, type OtpHash } from '../src/identity/factors/totp.ts'
import type { SuiteResult } from './suite.ts'

const RFC_4226 = [
  '755224',
  '287082',
  '359152',
  '969429',
  '338314',
  '254676',
  '287922',
  '162583',
  '399871',
  '520489',
]

/** Seconds since 1970, and the codes by SHA-1, SHA-256 and SHA-512. */
const RFC_6238: readonly (readonly [number, string, string, string])[] = [
  [59, '94287082', '46119246', '90693936'],
  [1_111_111_109, '07081804', '68084774', '25091201'],
  [1_111_111_111, '14050471', '67062674', '99943326'],
  [1_234_567_890, '89005924', '91819424', '93441116'],
  [2_000_000_000, '69279037', '90698825', '38618901'],
  [20_000_000_000, '65353130', '77737706', '47863826'],
]
const KEY_BYTES: Readonly<Record<OtpHash, number>> = { sha1: 20, sha256: 32, sha512: 64 }
const RANDOM_CASES = 1000

export async function run(): Promise<SuiteResult> {
  const failed: string[] = []
  let total = 0
  const expect = (id: string, isRight: boolean): void => {
    total++
    if (!isRight) failed.push(id)
  }
  const key = keyOf(20)
  for (const [counter, code] of RFC_4226.entries()) {
    expect(`RFC 4226 D count ${counter}`, hotp(key, counter) === code)
    const nowMs = counter * 30_000
    expect(
      `RFC 4226 D count ${counter}, as a step`,
      matchingStep(key, code, { nowMs, window: 0, lastStep: -1 }) === counter,
    )
  }
  for (const [seconds, ...codes] of RFC_6238) {
    for (const [at, hash] of (['sha1', 'sha256', 'sha512'] as const).entries()) {
      const code = hotp(keyOf(KEY_BYTES[hash]), Math.floor(seconds / 30), 8, hash)
      expect(`RFC 6238 B ${hash} at ${seconds}`, code === codes[at])
    }
  }
  for (let i = 0; i < RANDOM_CASES; i++) {
    const secret = createHmac('sha256', 'one-time codes')
      .update(String(i))
      .digest()
      .subarray(0, 10 + (i % 23))
    const counter = secret.readUInt32BE(0)
    const theirs = new HOTP({ secret: new Secret({ buffer: Uint8Array.from(secret).buffer }) })
    expect(`a second implementation, case ${i}`, theirs.generate({ counter }) === hotp(secret, counter))
  }
  return { total, passed: total - failed.length, failed, notRun: [], known: [] }
}

function keyOf(bytes: number): Buffer {
  return Buffer.from('1234567890'.repeat(7).slice(0, bytes))
}
