import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'

import type { RandomBytes } from '../core/clock.ts'

/** Bytes that a sealed text is longer than the plain one: salt, nonce, commitment, tag. */
export const SEALED_OVERHEAD = 76

const SALT_BYTES = 16
const NONCE_BYTES = 12
const COMMITMENT_BYTES = 32
const TAG_BYTES = 16
const HEAD_BYTES = SALT_BYTES + NONCE_BYTES + COMMITMENT_BYTES
const LABEL = Buffer.from('ringwall committed-aead@v1+AEAD_AES_256_GCM\0', 'ascii')

/** Why a sealed text does not open: another key or another place, or altered bytes. */
export type Unopened = 'wrong-key-or-place' | 'tampered'

/** 32 bytes as a key object, which no sink prints. */
export function secretKeyOf(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes)
}

/**
 * HKDF-Expand with SHA-512 (RFC 5869 2.3) for one block of 64 bytes: T(1) = HMAC(PRK, info || 0x01). The extract step is left out
 * because every key of ours is uniformly random (RFC 5869 3.3). Our keys have 32 bytes where the RFC's PRK has the length of
 * the hash: C2SP chunked-encryption does the same, and HMAC is as strong as the 256 bits that it is given.
 */
export function expandOneBlock(prk: KeyObject | Uint8Array, ...info: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha512', prk)
  for (const part of info) hmac.update(part)
  return hmac.update(ONE).digest()
}

/** The second block: T(2) = HMAC(PRK, T(1) || info || 0x02). */
export function expandSecondBlock(
  prk: KeyObject | Uint8Array,
  first: Uint8Array,
  ...info: readonly Uint8Array[]
): Buffer {
  const hmac = createHmac('sha512', prk).update(first)
  for (const part of info) hmac.update(part)
  return hmac.update(TWO).digest()
}

const ONE = Uint8Array.of(1)
const TWO = Uint8Array.of(2)

/**
 * AES-256-GCM (NIST SP 800-38D) under a key of its own for each text, with a commitment: salt(16) || nonce(12) ||
 * commitment(32) || ciphertext || tag(16). Key and commitment are HKDF-Expand of the long key over salt, nonce and the
 * associated data. So no long key wears out (a 224-bit coincidence is needed), and a sealed text opens under one key and
 * one associated data only, which GCM alone does not promise (Albertini et al., USENIX Security 2022).
 */
export function seal(key: KeyObject, aad: Uint8Array, plain: Uint8Array, random: RandomBytes): Buffer {
  const out = Buffer.allocUnsafe(plain.length + SEALED_OVERHEAD)
  out.set(random(SALT_BYTES + NONCE_BYTES), 0)
  const unique = out.subarray(0, SALT_BYTES + NONCE_BYTES)
  const derived = expandOneBlock(key, LABEL, unique, aad)
  derived.copy(out, SALT_BYTES + NONCE_BYTES, 32, 64)
  const nonce = out.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES)
  const [sealed, tag] = sealGcm(derived.subarray(0, 32), nonce, aad, plain)
  out.set(sealed, HEAD_BYTES)
  out.set(tag, HEAD_BYTES + plain.length)
  derived.fill(0)
  return out
}

/** Opens what {@link seal} made. The commitment is compared first, in constant time. */
export function open(key: KeyObject, aad: Uint8Array, sealed: Uint8Array): Buffer | Unopened {
  if (sealed.length < SEALED_OVERHEAD) return 'tampered'
  const unique = sealed.subarray(0, SALT_BYTES + NONCE_BYTES)
  const derived = expandOneBlock(key, LABEL, unique, aad)
  if (!timingSafeEqual(derived.subarray(32), sealed.subarray(SALT_BYTES + NONCE_BYTES, HEAD_BYTES)))
    return 'wrong-key-or-place'
  const end = sealed.length - TAG_BYTES
  const plain = openGcm(
    derived.subarray(0, 32),
    unique.subarray(SALT_BYTES),
    aad,
    sealed.subarray(HEAD_BYTES, end),
    sealed.subarray(end),
  )
  derived.fill(0)
  return plain ?? 'tampered'
}

const TAG_LENGTH = { authTagLength: TAG_BYTES }

/** AES-GCM (NIST SP 800-38D) with a tag of 16 bytes; the length of the key says which AES. */
export function sealGcm(
  key: Uint8Array | KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): [Buffer, Buffer] {
  const cipher = createCipheriv(gcmOf(key), key, nonce, TAG_LENGTH)
  if (aad.length > 0) cipher.setAAD(aad)
  const sealed = cipher.update(plain)
  cipher.final()
  return [sealed, cipher.getAuthTag()]
}

/** The plain text, or undefined where key, nonce, associated data, text or tag are not those that belong together. */
export function openGcm(
  key: Uint8Array | KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array,
): Buffer | undefined {
  const decipher = createDecipheriv(gcmOf(key), key, nonce, TAG_LENGTH)
  if (aad.length > 0) decipher.setAAD(aad)
  decipher.setAuthTag(tag)
  const plain = decipher.update(sealed)
  try {
    decipher.final()
  } catch {
    plain.fill(0)
    return undefined
  }
  return plain
}

function gcmOf(key: Uint8Array | KeyObject): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  const bytes = key instanceof Uint8Array ? key.length : key.symmetricKeySize
  return bytes === 16 ? 'aes-128-gcm' : bytes === 24 ? 'aes-192-gcm' : 'aes-256-gcm'
}
