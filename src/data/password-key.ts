import { argon2, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'

import { type RandomBytes, systemRandom } from '../core/clock.ts'
import type { Secret } from '../core/secret.ts'

/** How a key is derived from a password. */
export type PasswordKeyAlgorithm = 'pbkdf2-sha256' | 'argon2id'

/** The key of a password, and the text to store so that it can be derived again: parameters, salt and a check, no secret. */
export interface PasswordKey {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** `$pbkdf2-sha256$i=480000$salt$check` or `$argon2id$v=19$m=65536,t=3,p=1$salt$check` (PHC string format). */
  readonly stored: string
}

/** A key that was derived again, or why not. */
export type PasswordKeyRead =
  | { readonly ok: true; readonly key: Uint8Array }
  | { readonly ok: false; readonly reason: 'malformed' | 'out-of-bounds' | 'wrong-password' }

interface Parameters {
  readonly algorithm: PasswordKeyAlgorithm
  readonly text: string
  /** Iterations of PBKDF2. */
  readonly iterations: number
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

const KEY_BYTES = 32
const SALT_BYTES = 16
const CHECK_BYTES = 16
/** The guide's number. */
const PBKDF2_ITERATIONS = 480_000
/** RFC 9106 4, the second recommended option: 64 MiB, three passes. */
const ARGON2 = { memoryKib: 65_536, passes: 3, parallelism: 1 }
const STORED =
  /^\$(?:pbkdf2-sha256\$i=(\d{1,8})|argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3}))\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22})$/

/** Derives a new key from a password, with a new salt. */
export async function derivePasswordKey(
  password: Secret,
  options: { readonly algorithm?: PasswordKeyAlgorithm; readonly random?: RandomBytes } = {},
): Promise<PasswordKey> {
  const { algorithm = 'argon2id', random = systemRandom } = options
  const parameters: Parameters =
    algorithm === 'pbkdf2-sha256'
      ? { algorithm, text: `$pbkdf2-sha256$i=${PBKDF2_ITERATIONS}`, iterations: PBKDF2_ITERATIONS, ...ARGON2 }
      : {
          algorithm,
          text: `$argon2id$v=19$m=${ARGON2.memoryKib},t=${ARGON2.passes},p=${ARGON2.parallelism}`,
          iterations: 0,
          ...ARGON2,
        }
  const salt = random(SALT_BYTES)
  const key = await derive(password, parameters, salt)
  return { key, stored: `${parameters.text}$${encode(salt)}$${encode(checkOf(key))}` }
}

/** Derives the key again from the stored text. Its parameters are bounded: a stored text cannot make this run for hours. */
export async function readPasswordKey(password: Secret, rawStored: string): Promise<PasswordKeyRead> {
  const match = STORED.exec(rawStored)
  if (!match) return { ok: false, reason: 'malformed' }
  const [, iterations, memoryKib, passes, parallelism, salt = '', check = ''] = match
  const parameters: Parameters = {
    algorithm: iterations === undefined ? 'argon2id' : 'pbkdf2-sha256',
    text: '',
    iterations: Number(iterations ?? 0),
    memoryKib: Number(memoryKib ?? 0),
    passes: Number(passes ?? 0),
    parallelism: Number(parallelism ?? 0),
  }
  if (!isBounded(parameters)) return { ok: false, reason: 'out-of-bounds' }
  const key = await derive(password, parameters, Buffer.from(salt, 'base64'))
  const expected = Buffer.from(check, 'base64')
  if (!timingSafeEqual(checkOf(key), expected)) return { ok: false, reason: 'wrong-password' }
  return { ok: true, key }
}

function isBounded({ algorithm, iterations, memoryKib, passes, parallelism }: Parameters): boolean {
  if (algorithm === 'pbkdf2-sha256') return iterations >= 1000 && iterations <= 10_000_000
  return (
    parallelism >= 1 &&
    parallelism <= 16 &&
    memoryKib >= 8 * parallelism &&
    memoryKib <= 1_048_576 &&
    passes >= 1 &&
    passes <= 16
  )
}

function derive(password: Secret, parameters: Parameters, salt: Uint8Array): Promise<Uint8Array> {
  const { algorithm, iterations, memoryKib: memory, passes, parallelism } = parameters
  const text = password.reveal()
  if (algorithm === 'pbkdf2-sha256')
    return pbkdf2Sha256(Buffer.from(text, 'utf8'), salt, iterations, KEY_BYTES)
  return new Promise((resolve, reject) => {
    const options = { message: text, nonce: salt, parallelism, tagLength: KEY_BYTES, memory, passes }
    argon2('argon2id', options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/** PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2). */
export function pbkdf2Sha256(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, 'sha256', (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

/** Tells a wrong password apart without deriving anything that the key does not already say. */
function checkOf(key: Uint8Array): Buffer {
  return createHmac('sha256', key).update('ringwall password key check@v1').digest().subarray(0, CHECK_BYTES)
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}
