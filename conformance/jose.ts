// Project Wycheproof's JSON Web Signature files against the strict verifier of bearer tokens: key sets, keys and tokens.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import type { JWK } from 'jose'

import { readKeySet, verifyJws } from '../src/identity/index.ts'
import { DataAbsent, type Deviation, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out C2SP/wycheproof at dac1dd4729fd and pass the directory that holds it as `wycheproof` with --data'

/** The signatures of three files; the encryption of the third is of no use here: no token is encrypted. */
export const cases = 476

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly result: 'valid' | 'invalid'
  readonly jws?: unknown
}
interface Group {
  readonly public?: JWK | { readonly keys: readonly JWK[] }
  readonly private?: JWK | { readonly keys: readonly JWK[] }
  readonly tests: readonly Vector[]
}

const FILES = ['json_web_signature_test.json', 'json_web_key_test.json', 'json_web_crypto_test.json']

/** Vectors that we judge otherwise on purpose. */
const KNOWN: Readonly<Record<string, string>> = {
  'json_web_signature_test.json 346':
    'RFC 8725 3.1: the key does not say its algorithm, and an algorithm of the token is not believed',
  'json_web_signature_test.json 347':
    'RFC 8725 3.1: the key does not say its algorithm, and an algorithm of the token is not believed',
  'json_web_signature_test.json 350':
    'RFC 8725 3.1: the key does not say its algorithm, and an algorithm of the token is not believed',
  'json_web_signature_test.json 351':
    'RFC 8725 3.1: the key does not say its algorithm, and an algorithm of the token is not believed',
  'json_web_signature_test.json 372':
    'RFC 7515 2: base64url has no other characters; the vector has some and calls it valid',
  'json_web_signature_test.json 373':
    'RFC 7515 2: base64url has no other characters; the vector has some and calls it valid',
}
/** Vectors that are wrong themselves: called invalid, and byte for byte those of 357, which is called valid, under the same key. */
const DEFECTIVE = [367, 370]
const TWIN = 357

export async function run(dataDir: string): Promise<SuiteResult> {
  const root = statSync(join(dataDir, 'wycheproof'), { throwIfNoEntry: false })
    ? join(dataDir, 'wycheproof')
    : dataDir
  const failed: string[] = []
  const known: Deviation[] = []
  let total = 0
  let accepted = 0
  for (const file of FILES) {
    const path = join(root, 'testvectors_v1', file)
    if (!statSync(path, { throwIfNoEntry: false })) throw new DataAbsent(`\`${path}\` is missing`)
    const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as { testGroups: readonly Group[] }
    const all = testGroups.flatMap((group) => group.tests.map((vector) => ({ group, vector })))
    for (const { group, vector } of all) {
      if (vector.jws === undefined) continue
      total++
      const id = `${file} ${vector.tcId}`
      const isTaken = await takes(group, vector)
      if (isTaken === (vector.result === 'valid')) {
        if (isTaken) accepted++
        continue
      }
      const why = isTaken ? defect(file, vector, all) : KNOWN[id]
      if (why === undefined) failed.push(`${id} (${vector.comment}): ${isTaken ? 'is taken' : 'is refused'}`)
      else known.push({ id: `${id} (${vector.comment})`, why })
    }
  }
  console.error(`${accepted} valid tokens are taken`)
  return { total, passed: total - failed.length - known.length, failed, notRun: [], known }
}

async function takes(group: Group, { jws }: Vector): Promise<boolean> {
  const raw = group.public ?? group.private
  if (!raw) return false
  const reading = readKeySet('keys' in raw ? raw : { keys: [raw] }, { symmetric: true })
  // A token that is not text is the JSON serialisation, which nobody takes for a bearer token.
  if (!reading.ok || typeof jws !== 'string') return false
  return (await verifyJws(reading.keys, jws)).ok
}

/** Why a vector that is called invalid is taken, if it is a defect of the vector, which is proven anew each time. */
function defect(
  file: string,
  vector: Vector,
  all: readonly { readonly group: Group; readonly vector: Vector }[],
): string | undefined {
  if (file !== FILES[0] || !DEFECTIVE.includes(vector.tcId)) return undefined
  const twin = all.find((one) => one.vector.tcId === TWIN)
  const own = all.find((one) => one.vector === vector)
  const isSame =
    twin !== undefined &&
    twin.vector.jws === vector.jws &&
    JSON.stringify(twin.group.private) === JSON.stringify(own?.group.private)
  return isSame && twin.vector.result === 'valid'
    ? `the vector is wrong itself: byte for byte the same as ${TWIN}, which is called valid, under the same key (RFC 7515 5.2)`
    : undefined
}
