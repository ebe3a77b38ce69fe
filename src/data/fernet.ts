import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'

import { type RandomBytes, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'

/** A token that was read, or why it was not. */
export type FernetRead =
  | { readonly ok: true; readonly plain: Buffer; readonly madeSeconds: number }
  | { readonly ok: false; readonly reason: 'malformed' | 'expired' | 'not-yet' | 'wrong-key-or-altered' }

const VERSION = 0x80
const KEY_BYTES = 32
const HEAD_BYTES = 25
const MAC_BYTES = 32
/** How far a token's time may be ahead of ours. */
const MAX_SKEW_SECONDS = 60
const DEFAULT_MAX_TOKEN_LENGTH = 16_777_216

/** A new Fernet key: base64url of 32 random bytes (fernet/spec, Key Format). */
export function generateFernetKey(random: RandomBytes = systemRandom): Secret {
  return fernetKeyOf(random(KEY_BYTES))
}

/** 32 bytes as a Fernet key, such as those of `derivePasswordKey`. */
export function fernetKeyOf(bytes: Uint8Array): Secret {
  return new Secret(encode(Buffer.from(bytes)))
}

/**
 * Writes a Fernet token (github.com/fernet/spec, version 0x80: AES-128-CBC, HMAC-SHA-256). For data that Python's
 * `cryptography` must read or has written; the field cipher is for everything new.
 */
export function writeFernet(
  key: Secret,
  plain: Uint8Array,
  options: { readonly nowMs: number; readonly random?: RandomBytes },
): string {
  const { signing, encryption } = splitKey(key)
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = VERSION
  head.writeBigUInt64BE(BigInt(Math.floor(options.nowMs / 1000)), 1)
  head.set((options.random ?? systemRandom)(16), 9)
  const cipher = createCipheriv('aes-128-cbc', encryption, head.subarray(9))
  const signed = Buffer.concat([head, cipher.update(plain), cipher.final()])
  return encode(Buffer.concat([signed, createHmac('sha256', signing).update(signed).digest()]))
}

/** Reads a Fernet token with whichever of the keys made it, in the order of the specification's steps. */
export function readFernet(
  keys: readonly [Secret, ...Secret[]],
  rawToken: string,
  options: { readonly nowMs: number; readonly ttlSeconds?: number; readonly maxLength?: number },
): FernetRead {
  const { nowMs, ttlSeconds, maxLength = DEFAULT_MAX_TOKEN_LENGTH } = options
  const token = rawToken.length <= maxLength ? decode(rawToken) : undefined
  if (!token || token[0] !== VERSION) return { ok: false, reason: 'malformed' }
  const cipherBytes = token.length - HEAD_BYTES - MAC_BYTES
  if (cipherBytes < 16 || cipherBytes % 16 !== 0) return { ok: false, reason: 'malformed' }
  const made = token.readBigUInt64BE(1)
  const nowSeconds = Math.floor(nowMs / 1000)
  if (made > BigInt(Number.MAX_SAFE_INTEGER)) return { ok: false, reason: 'not-yet' }
  const madeSeconds = Number(made)
  if (ttlSeconds !== undefined) {
    if (madeSeconds + ttlSeconds < nowSeconds) return { ok: false, reason: 'expired' }
    if (madeSeconds > nowSeconds + MAX_SKEW_SECONDS) return { ok: false, reason: 'not-yet' }
  }
  for (const key of keys) {
    const plain = openWith(key, token)
    if (plain) return { ok: true, plain, madeSeconds }
  }
  return { ok: false, reason: 'wrong-key-or-altered' }
}

function openWith(key: Secret, token: Buffer): Buffer | undefined {
  const { signing, encryption } = splitKey(key)
  const signed = token.subarray(0, -MAC_BYTES)
  const mac = createHmac('sha256', signing).update(signed).digest()
  if (!timingSafeEqual(mac, token.subarray(-MAC_BYTES))) return undefined
  const decipher = createDecipheriv('aes-128-cbc', encryption, signed.subarray(9, HEAD_BYTES))
  try {
    return Buffer.concat([decipher.update(signed.subarray(HEAD_BYTES)), decipher.final()])
  } catch {
    // Authentic, and yet its padding is wrong (RFC 5652 6.3): whoever made it did not follow the specification.
    return undefined
  }
}

function splitKey(key: Secret): { readonly signing: Buffer; readonly encryption: Buffer } {
  const bytes = decode(key.reveal())
  if (bytes?.length !== KEY_BYTES)
    throw new RingwallError(
      'data.fernet-key',
      'a Fernet key is 32 bytes in base64url with its padding, 44 characters',
    )
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) }
}

/** RFC 4648 5 with padding, as the specification's vectors have it. */
function encode(bytes: Buffer): string {
  const text = bytes.toString('base64url')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Only what encodes back to the same text: Node's decoder passes over what it does not know. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return encode(bytes) === text ? bytes : undefined
}
