// The acceptance vectors of fernet/spec: one token to write, one to read, eight to refuse.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { Secret } from '../src/core/secret.ts'
import { readFernet, writeFernet } from '../src/data/index.ts'
import { DataAbsent, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out fernet/spec at 20dead475f53 and pass the directory that holds it as `fernet` with --data'

/** One of generate.json, one of verify.json, eight of invalid.json. */
export const cases = 10

interface Vector {
  readonly desc?: string
  readonly token: string
  readonly now: string
  readonly secret: string
  readonly src?: string
  readonly iv?: readonly number[]
  readonly ttl_sec?: number
}

export async function run(dataDir: string): Promise<SuiteResult> {
  const root = statSync(join(dataDir, 'fernet'), { throwIfNoEntry: false })
    ? join(dataDir, 'fernet')
    : dataDir
  const read = (file: string): readonly Vector[] => {
    if (!statSync(join(root, file), { throwIfNoEntry: false }))
      throw new DataAbsent(`\`${join(root, file)}\` is missing`)
    return JSON.parse(readFileSync(join(root, file), 'utf8')) as readonly Vector[]
  }
  const verdicts = [
    ...read('generate.json').map((vector, i) => ({ id: `generate ${i}`, ok: generates(vector) })),
    ...read('verify.json').map((vector, i) => ({ id: `verify ${i}`, ok: reads(vector) === vector.src })),
    ...read('invalid.json').map((vector) => ({
      id: `invalid: ${vector.desc}`,
      ok: reads(vector) === undefined,
    })),
  ]
  const failed = verdicts.filter(({ ok }) => !ok).map(({ id }) => id)
  return { total: verdicts.length, passed: verdicts.length - failed.length, failed, notRun: [], known: [] }
}

function generates({ secret, src = '', now, iv = [], token }: Vector): boolean {
  const random = (): Uint8Array => Uint8Array.from(iv)
  return writeFernet(new Secret(secret), Buffer.from(src), { nowMs: Date.parse(now), random }) === token
}

function reads({ secret, token, now, ttl_sec: ttlSeconds }: Vector): string | undefined {
  const read = readFernet([new Secret(secret)], token, {
    nowMs: Date.parse(now),
    ...(ttlSeconds !== undefined && { ttlSeconds }),
  })
  return read.ok ? read.plain.toString() : undefined
}
