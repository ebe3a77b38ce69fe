// The one thread that hashes passwords. On the pool of four that Node shares with files, twelve hashes would keep a file
// read waiting for seconds.
import { argon2Sync } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

import { verifyForeign } from './foreign/hashes.ts'
import { estimateStrength } from './password-strength.ts'

/** One argon2id hash to compute. */
export interface HashRequest {
  readonly id: number
  readonly password: string
  readonly salt: Uint8Array
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly length: number
  /** A hash of another system to check first; the argon2id hash is computed as well, so that a fast format saves no time. */
  readonly foreign?: string
}

/** A password to estimate. */
export interface StrengthRequest {
  readonly id: number
  readonly password: string
  /** Words that an attacker tries first. */
  readonly words: readonly string[]
}

/** What came out. `isRight` only where a foreign hash was checked. */
export interface HashAnswer {
  readonly id: number
  readonly hash: Uint8Array
  readonly isRight?: boolean
  /** 0 to 4, where strength was asked for. */
  readonly score?: number
}

const port = parentPort
if (port) {
  port.on('message', (request: HashRequest | StrengthRequest) => {
    if ('words' in request) {
      void estimateStrength(request.password, request.words).then((score) =>
        port.postMessage({ id: request.id, hash: new Uint8Array(), score } satisfies HashAnswer),
      )
      return
    }
    const isRight =
      request.foreign === undefined ? undefined : verifyForeign(request.foreign, request.password)
    const hash = argon2Sync('argon2id', {
      message: Buffer.from(request.password.normalize('NFC'), 'utf8'),
      nonce: request.salt,
      memory: request.memoryKib,
      passes: request.passes,
      parallelism: request.parallelism,
      tagLength: request.length,
    })
    port.postMessage({ id: request.id, hash, ...(isRight !== undefined && { isRight }) } satisfies HashAnswer)
  })
}
