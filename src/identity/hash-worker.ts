// The one thread that hashes passwords. On the pool of four that Node shares with files, twelve hashes would keep a file
// read waiting for seconds.
import { argon2Sync } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

/** One hash to compute. */
export interface HashRequest {
  readonly id: number
  readonly password: string
  readonly salt: Uint8Array
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly length: number
}

const port = parentPort
if (port) {
  port.on('message', (request: HashRequest) => {
    const hash = argon2Sync('argon2id', {
      message: Buffer.from(request.password.normalize('NFC'), 'utf8'),
      nonce: request.salt,
      memory: request.memoryKib,
      passes: request.passes,
      parallelism: request.parallelism,
      tagLength: request.length,
    })
    port.postMessage({ id: request.id, hash })
  })
}
