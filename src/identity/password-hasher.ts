import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'

import type { RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Keys } from '../core/keys.ts'
import type { HashRequest } from './hash-worker.ts'

/** RFC 9106 4 in the form that OWASP recommends: 19 MiB, two passes. */
const PARAMETERS = { memoryKib: 19_456, passes: 2, parallelism: 1, length: 32 } as const
const MAX_QUEUED = 64

/** What checking a password gave. `busy` says nothing about the password. */
export type PasswordCheck = 'right' | 'wrong' | 'busy'

/**
 * Hashes passwords with argon2id in a thread of its own, with a bounded queue that sheds load. The stored text is the
 * hash (PHC format) encrypted with the pepper key, with that key's id before it, so that a stolen table is useless
 * without the keyring and the pepper can be rotated without anybody's password.
 */
export class PasswordHasher {
  readonly #keys: Keys
  readonly #random: RandomBytes
  readonly #open = new Map<number, { resolve: (hash: Buffer) => void; reject: (error: Error) => void }>()
  #worker: Worker | undefined
  #nextId = 1
  #dummy: Promise<string | undefined> | undefined

  constructor(keys: Keys, random: RandomBytes) {
    this.#keys = keys
    this.#random = random
  }

  /** The text to store, or undefined when the queue is full. */
  async hash(password: string): Promise<string | undefined> {
    const salt = Buffer.from(this.#random(16))
    const hash = await this.#argon2({ password, salt, ...PARAMETERS })
    if (!hash) return undefined
    const { memoryKib, passes, parallelism } = PARAMETERS
    return this.#wrap(
      `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`,
    )
  }

  async verify(password: string, stored: string): Promise<PasswordCheck> {
    const phc = parsePhc(this.#unwrap(stored))
    const hash = await this.#argon2({ password, ...phc.parameters, salt: phc.salt, length: phc.hash.length })
    if (!hash) return 'busy'
    return timingSafeEqual(hash, phc.hash) ? 'right' : 'wrong'
  }

  /** Takes as long as a wrong password does, for an account that does not exist. */
  async verifyNothing(password: string): Promise<PasswordCheck> {
    this.#dummy ??= this.hash('no account has this password')
    const stored = await this.#dummy
    if (stored === undefined) {
      this.#dummy = undefined
      return 'busy'
    }
    return (await this.verify(password, stored)) === 'busy' ? 'busy' : 'wrong'
  }

  /** The bare hash of a secret with a salt, for what is looked up by it; undefined when the queue is full. */
  derive(secret: string, salt: Uint8Array): Promise<Buffer | undefined> {
    return this.#argon2({ password: secret, salt, ...PARAMETERS })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #argon2(request: Omit<HashRequest, 'id'>): Promise<Buffer | undefined> {
    if (this.#open.size >= MAX_QUEUED) return Promise.resolve(undefined)
    const worker = (this.#worker ??= this.#startWorker())
    const id = this.#nextId++
    worker.ref()
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      worker.postMessage({ ...request, id } satisfies HashRequest)
    })
  }

  #startWorker(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./hash-worker.${extension}`, import.meta.url))
    worker.on('message', ({ id, hash }: { id: number; hash: Uint8Array }) => {
      this.#open.get(id)?.resolve(Buffer.from(hash))
      this.#open.delete(id)
      if (this.#open.size === 0) worker.unref()
    })
    worker.on('error', (error) => {
      for (const waiting of this.#open.values()) waiting.reject(error as Error)
      this.#open.clear()
      this.#worker = undefined
    })
    return worker
  }

  #wrap(phc: string): string {
    const key = this.#keys.current('pepper')
    const nonce = Buffer.from(this.#random(12))
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material.reveal(), 'base64url'), nonce)
    cipher.setAAD(Buffer.from(key.id))
    const sealed = Buffer.concat([nonce, cipher.update(phc, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `$ringwall$v=1$k=${key.id}$${sealed.toString('base64url')}`
  }

  #unwrap(stored: string): string {
    const match = /^\$ringwall\$v=1\$k=([\w-]{1,64})\$([\w-]{1,1024})$/.exec(stored)
    const key = match && this.#keys.find('pepper', match[1] as string)
    if (!match || !key)
      throw new RingwallError(
        'identity.hash-unreadable',
        'a password hash needs a key that the keyring does not have',
      )
    const sealed = Buffer.from(match[2] as string, 'base64url')
    const decipher = createDecipheriv(
      'aes-256-gcm',
      Buffer.from(key.material.reveal(), 'base64url'),
      sealed.subarray(0, 12),
    )
    decipher.setAAD(Buffer.from(key.id))
    decipher.setAuthTag(sealed.subarray(-16))
    return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

/** Reads a PHC string. Its numbers come from the database, so they are bounded before they cost memory or time. */
function parsePhc(text: string): {
  readonly parameters: { readonly memoryKib: number; readonly passes: number; readonly parallelism: number }
  readonly salt: Buffer
  readonly hash: Buffer
} {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/.exec(
      text,
    )
  const [memoryKib = 0, passes = 0, parallelism = 0] = match?.slice(1, 4).map(Number) ?? []
  if (
    !match ||
    memoryKib < 8 ||
    memoryKib > 262_144 ||
    passes < 1 ||
    passes > 16 ||
    parallelism < 1 ||
    parallelism > 8
  ) {
    throw new RingwallError('identity.hash-unreadable', 'a password hash has parameters out of bounds')
  }
  return {
    parameters: { memoryKib, passes, parallelism },
    salt: Buffer.from(match[4] as string, 'base64'),
    hash: Buffer.from(match[5] as string, 'base64'),
  }
}
