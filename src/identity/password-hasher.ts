import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'

import type { RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Keys } from '../core/keys.ts'
import { FOREIGN_FORMATS, readForeignHash } from './foreign/hashes.ts'
import type { HashAnswer, HashRequest, StrengthRequest } from './hash-worker.ts'

/** RFC 9106 4 in the form that OWASP recommends: 19 MiB, two passes. */
const PARAMETERS = { memoryKib: 19_456, passes: 2, parallelism: 1, length: 32 } as const
/** Waiting for the thread, for each turn. */
const MAX_QUEUED = 64
const OWN = '$argon2id$v=19$'

/** What checking a password gave. `busy` says nothing about the password. */
export type PasswordCheck = 'right' | 'wrong' | 'busy'

/** Whose turn it is. Devices that are known do not wait behind a flood of those that are not. */
export type HashTurn = 'ordinary' | 'first'

type Ask = Omit<HashRequest, 'id'> | Omit<StrengthRequest, 'id'>
interface Waiting {
  readonly ask: Ask
  readonly resolve: (answer: HashAnswer) => void
  readonly reject: (error: Error) => void
}

/**
 * Hashes passwords with argon2id in a thread of its own, with a bounded queue that sheds load. The stored text is the
 * hash (PHC format, or that of another system until the next sign-in) encrypted with the pepper key, with that key's id before
 * it, so that a stolen table is useless without the keyring and the pepper can be rotated without anybody's password.
 */
export class PasswordHasher {
  readonly #keys: Keys
  readonly #random: RandomBytes
  readonly #waiting: Readonly<Record<HashTurn, Waiting[]>> = { first: [], ordinary: [] }
  readonly #atWork = new Map<number, Waiting>()
  #worker: Worker | undefined
  #nextId = 1
  #dummy: Promise<string | undefined> | undefined

  constructor(keys: Keys, random: RandomBytes) {
    this.#keys = keys
    this.#random = random
  }

  /** The text to store, or undefined when the queue is full. */
  async hash(password: string, turn: HashTurn = 'ordinary'): Promise<string | undefined> {
    const salt = Buffer.from(this.#random(16))
    const answer = await this.#ask({ password, salt, ...PARAMETERS }, turn)
    if (!answer) return undefined
    const { memoryKib, passes, parallelism } = PARAMETERS
    return this.#wrap(
      `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(answer.hash)}`,
    )
  }

  async verify(password: string, stored: string, turn: HashTurn = 'ordinary'): Promise<PasswordCheck> {
    const text = this.#unwrap(stored)
    if (!text.startsWith(OWN)) {
      const salt = Buffer.from(this.#random(16))
      const answer = await this.#ask({ password, salt, ...PARAMETERS, foreign: text }, turn)
      if (!answer) return 'busy'
      return answer.isRight === true ? 'right' : 'wrong'
    }
    const phc = parsePhc(text)
    const answer = await this.#ask(
      { password, ...phc.parameters, salt: phc.salt, length: phc.hash.length },
      turn,
    )
    if (!answer) return 'busy'
    return timingSafeEqual(answer.hash, phc.hash) ? 'right' : 'wrong'
  }

  /** Takes as long as a wrong password does, for an account that does not exist. */
  async verifyNothing(password: string, turn: HashTurn = 'ordinary'): Promise<PasswordCheck> {
    this.#dummy ??= this.hash('no account has this password')
    const stored = await this.#dummy
    if (stored === undefined) {
      this.#dummy = undefined
      return 'busy'
    }
    return (await this.verify(password, stored, turn)) === 'busy' ? 'busy' : 'wrong'
  }

  /** The strength of a password, 0 to 4, or undefined when the queue is full. In the same thread, since it takes as long. */
  async strength(password: string, words: readonly string[]): Promise<number | undefined> {
    return (await this.#ask({ password, words }, 'ordinary'))?.score
  }

  /** Whether a stored text is of today's algorithm, costs and pepper key; if not, it is made anew at the next sign-in. */
  isCurrent(stored: string): boolean {
    const { memoryKib, passes, parallelism } = PARAMETERS
    return (
      stored.startsWith(`$ringwall$v=1$k=${this.#keys.current('pepper').id}$`) &&
      this.#unwrap(stored).startsWith(`${OWN}m=${memoryKib},t=${passes},p=${parallelism}$`)
    )
  }

  /** The text to store for a hash that another system made. */
  wrapForeign(rawStored: string): string {
    const hash = readForeignHash(rawStored)
    if (hash.kind === 'known') return this.#wrap(rawStored)
    throw new RingwallError(
      'identity.hash-foreign',
      hash.kind === 'unknown'
        ? `a password hash is in no known format; there is ${FOREIGN_FORMATS.join(', ')}`
        : `a password hash (${hash.format}) is damaged or asks for more than one check may cost`,
    )
  }

  /** The stored text under the newest pepper key, or undefined where it is. Needs nobody's password. */
  rewrap(stored: string): string | undefined {
    if (stored.startsWith(`$ringwall$v=1$k=${this.#keys.current('pepper').id}$`)) return undefined
    return this.#wrap(this.#unwrap(stored))
  }

  /** The bare hash of a secret with a salt, for what is looked up by it; undefined when the queue is full. */
  async derive(secret: string, salt: Uint8Array): Promise<Uint8Array | undefined> {
    // Whoever gets here has shown a password, and goes before those who have not.
    return (await this.#ask({ password: secret, salt, ...PARAMETERS }, 'first'))?.hash
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #ask(ask: Ask, turn: HashTurn): Promise<HashAnswer | undefined> {
    const waiting = this.#waiting[turn]
    if (waiting.length + (turn === 'ordinary' ? this.#atWork.size : 0) >= MAX_QUEUED)
      return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      waiting.push({ ask, resolve, reject })
      this.#next()
    })
  }

  /** Two are with the thread, so that it never waits for us; the order of the others is ours. */
  #next(): void {
    while (this.#atWork.size < 2) {
      const waiting = this.#waiting.first.shift() ?? this.#waiting.ordinary.shift()
      if (!waiting) return
      const worker = (this.#worker ??= this.#startWorker())
      const id = this.#nextId++
      worker.ref()
      this.#atWork.set(id, waiting)
      worker.postMessage({ ...waiting.ask, id } satisfies HashRequest | StrengthRequest)
    }
  }

  #startWorker(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./hash-worker.${extension}`, import.meta.url))
    worker.on('message', (answer: HashAnswer) => {
      const waiting = this.#atWork.get(answer.id)
      this.#atWork.delete(answer.id)
      this.#next()
      if (this.#atWork.size === 0) worker.unref()
      waiting?.resolve(answer)
    })
    worker.on('error', (error) => {
      const all = [...this.#atWork.values(), ...this.#waiting.first, ...this.#waiting.ordinary]
      this.#atWork.clear()
      for (const queue of Object.values(this.#waiting)) queue.length = 0
      this.#worker = undefined
      for (const waiting of all) waiting.reject(error as Error)
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
