// Project Wycheproof against the primitives that the field cipher, the streams, Fernet and the key derivations stand on, each through the
// function that they call; @noble/ciphers and @noble/hashes must give the same answer to every case.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { gcm } from '@noble/ciphers/aes.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { pbkdf2 } from '@noble/hashes/pbkdf2.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'

import { expandOneBlock, expandSecondBlock, openGcm, sealGcm } from '../src/data/committed-aead.ts'
import { pbkdf2Sha256 } from '../src/data/password-key.ts'
import { DataAbsent, type Deviation, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out C2SP/wycheproof at dac1dd4729fd and pass the directory that holds it as `wycheproof` with --data'

/** Cases of the five files that are about what we use. AES-SIV, AES-GCM-SIV, ChaCha20-Poly1305, SHA-1 and HKDF-SHA-256 we do not use. */
export const cases = 807

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly [field: string]: string | number | readonly string[]
}
interface File {
  readonly testGroups: readonly { readonly tagSize?: number; readonly tests: readonly Vector[] }[]
}

/** What a case came to: undefined is as it should be. */
type Verdict = { readonly failed: string } | { readonly known: string } | undefined
type Judge = (vector: Vector, tagBytes: number) => Verdict | Promise<Verdict>

const JUDGES: Readonly<Record<string, Judge>> = {
  'aes_gcm_test.json': judgeGcm,
  'hkdf_sha512_test.json': judgeHkdf,
  'hmac_sha256_test.json': (vector, tagBytes) => judgeHmac(vector, tagBytes, 'sha256'),
  'hmac_sha512_test.json': (vector, tagBytes) => judgeHmac(vector, tagBytes, 'sha512'),
  'pbkdf2_hmacsha256_test.json': judgePbkdf2,
}

export async function run(dataDir: string): Promise<SuiteResult> {
  const root = statSync(join(dataDir, 'wycheproof'), { throwIfNoEntry: false })
    ? join(dataDir, 'wycheproof')
    : dataDir
  const failed: string[] = []
  const known: Deviation[] = []
  let total = 0
  for (const [name, judge] of Object.entries(JUDGES)) {
    const path = join(root, 'testvectors_v1', name)
    if (!statSync(path, { throwIfNoEntry: false })) throw new DataAbsent(`\`${path}\` is missing`)
    const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as File
    for (const { tagSize = 128, tests } of testGroups) {
      for (const vector of tests) {
        total++
        const id = `${name} ${vector.tcId} (${vector.comment})`
        const verdict = await judge(vector, tagSize / 8)
        if (verdict && 'failed' in verdict) failed.push(`${id}: ${verdict.failed}`)
        if (verdict && 'known' in verdict) known.push({ id, why: verdict.known })
      }
    }
    console.error(`${name}: ${total} cases so far, ${failed.length} failed, ${known.length} known deviations`)
  }
  return { total, passed: total - failed.length - known.length, failed, notRun: [], known }
}

const MAX_OPENSSL_IV_BYTES = 128

function judgeGcm(vector: Vector, tagBytes: number): Verdict {
  const [key, iv, aad, msg, ct, tag] = ['key', 'iv', 'aad', 'msg', 'ct', 'tag'].map((field) =>
    bytesOf(vector, field),
  ) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer]
  const isValid = vector.result === 'valid'
  const ours = attempt(() => (tagBytes === 16 ? openGcm(key, iv, aad, ct, tag) : undefined))
  if (isValid && iv.length > MAX_OPENSSL_IV_BYTES && ours === undefined) {
    const why = `NIST SP 800-38D 5.2.1.1 allows IVs of up to 2^64 - 1 bits, OpenSSL of up to ${MAX_OPENSSL_IV_BYTES} bytes; ours always have 12`
    return { known: why }
  }
  if (isValid !== (ours?.equals(msg) ?? false)) return { failed: isValid ? 'does not open' : 'opens' }
  if (isValid) {
    const [sealed, ownTag] = sealGcm(key, iv, aad, msg)
    if (!sealed.equals(ct) || !ownTag.equals(tag)) return { failed: 'is sealed otherwise' }
  }
  // The oracle takes IVs of eight bytes and more; shorter ones are the platform's alone.
  const theirs = iv.length < 8 ? ours : attempt(() => gcm(key, iv, aad).decrypt(Buffer.concat([ct, tag])))
  return isValid === (theirs !== undefined) ? undefined : { failed: 'the second implementation disagrees' }
}

/** Extract with the platform's HMAC (RFC 5869 2.2), then our own expansion: one or two blocks are all that we ever use. */
function judgeHkdf(vector: Vector): Verdict {
  const [ikm, salt, info, okm] = ['ikm', 'salt', 'info', 'okm'].map((field) => bytesOf(vector, field)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const size = Number(vector['size'])
  const theirs = attempt(() => hkdf(sha512, ikm, salt, info, size))
  if (size > 255 * 64)
    return vector.result === 'invalid' && theirs === undefined ? undefined : { failed: 'too long' }
  const prk = createHmac('sha512', salt.length === 0 ? Buffer.alloc(64) : salt)
    .update(ikm)
    .digest()
  const ours = expand(prk, info, size)
  if (!ours.equals(okm)) return { failed: `gives ${ours.toString('hex')}` }
  return theirs && ours.equals(theirs) ? undefined : { failed: 'the second implementation disagrees' }
}

function expand(prk: Buffer, info: Buffer, size: number): Buffer {
  const first = expandOneBlock(prk, info)
  const blocks = [first, expandSecondBlock(prk, first, info)]
  // What is longer than ours ever are is continued here, so that the first two blocks are held against these cases too.
  for (let n = 3; blocks.length * 64 < size; n++)
    blocks.push(
      createHmac('sha512', prk)
        .update(blocks.at(-1) as Buffer)
        .update(info)
        .update(Uint8Array.of(n))
        .digest(),
    )
  return Buffer.concat(blocks).subarray(0, size)
}

function judgeHmac(vector: Vector, tagBytes: number, hash: 'sha256' | 'sha512'): Verdict {
  const [key, msg, tag] = ['key', 'msg', 'tag'].map((field) => bytesOf(vector, field)) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  const ours = createHmac(hash, key).update(msg).digest().subarray(0, tagBytes)
  const isEqual = ours.length === tag.length && timingSafeEqual(ours, tag)
  if (isEqual !== (vector.result === 'valid'))
    return { failed: isEqual ? 'is taken' : `gives ${ours.toString('hex')}` }
  const theirs = hmac(hash === 'sha256' ? sha256 : sha512, key, msg).subarray(0, tagBytes)
  return ours.equals(theirs) ? undefined : { failed: 'the second implementation disagrees' }
}

async function judgePbkdf2(vector: Vector): Promise<Verdict> {
  const [password, salt, dk] = ['password', 'salt', 'dk'].map((field) => bytesOf(vector, field)) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  const iterations = Number(vector['iterationCount'])
  const length = Number(vector['dkLen'])
  const ours = Buffer.from(await pbkdf2Sha256(password, salt, iterations, length))
  if (ours.equals(dk) !== (vector.result === 'valid')) return { failed: `gives ${ours.toString('hex')}` }
  const theirs = pbkdf2(sha256, password, salt, { c: iterations, dkLen: length })
  return ours.equals(theirs) ? undefined : { failed: 'the second implementation disagrees' }
}

function bytesOf(vector: Vector, field: string): Buffer {
  return Buffer.from(String(vector[field]), 'hex')
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
