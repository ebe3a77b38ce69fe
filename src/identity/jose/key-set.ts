import type { JWK } from 'jose'

import { isRocaModulus } from './roca.ts'

/** A key that may verify signatures of exactly one algorithm. */
export interface PinnedKey {
  readonly jwk: JWK
  readonly alg: string
  readonly kid: string | undefined
}

/** Keys that can be relied on, or why not. */
export type KeySetReading =
  | { readonly ok: true; readonly keys: readonly PinnedKey[] }
  | { readonly ok: false; readonly reason: string }

const MAX_KEYS = 64
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

/** Algorithms and the one kind of key that each takes (RFC 7518 3.1, RFC 8037 3.1). `bytes`: the least of a secret. */
const ALGORITHMS: Readonly<
  Record<string, { readonly kty: string; readonly crv?: string; readonly bytes?: number }>
> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  HS256: { kty: 'oct', bytes: 32 },
  HS384: { kty: 'oct', bytes: 48 },
  HS512: { kty: 'oct', bytes: 64 },
}

/**
 * Reads a key set strictly, before a token is looked at: every key says its algorithm, is for signatures, is strong
 * enough, and has an id of its own; secrets and public keys do not stand side by side. One bad key spoils the set,
 * since whoever put it there may have meant it for us. `symmetric` only where the secret is ours and the issuer's alone.
 */
export function readKeySet(
  raw: { readonly keys: readonly JWK[] },
  options: { readonly symmetric?: boolean } = {},
): KeySetReading {
  const { keys } = raw
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
    return refused(`a set has 1 to ${MAX_KEYS} keys`)
  const pinned: PinnedKey[] = []
  for (const jwk of keys) {
    const reason = doubtIn(jwk, options.symmetric === true)
    if (reason !== undefined) return refused(reason)
    pinned.push({ jwk, alg: jwk.alg as string, kid: jwk.kid })
  }
  if (pinned.length > 1 && new Set(pinned.map(({ kid }) => kid)).size !== pinned.length)
    return refused('two keys have the same id')
  if (pinned.length > 1 && pinned.some(({ kid }) => kid === undefined)) return refused('a key has no id')
  if (new Set(pinned.map(({ jwk }) => jwk.kty === 'oct')).size > 1)
    return refused('secrets and public keys stand side by side')
  return { ok: true, keys: pinned }
}

function doubtIn(jwk: JWK, symmetric: boolean): string | undefined {
  const { alg, kty, use, key_ops: operations } = jwk
  const wanted = typeof alg === 'string' && Object.hasOwn(ALGORITHMS, alg) ? ALGORITHMS[alg] : undefined
  if (!wanted) return 'a key does not say one algorithm for signatures'
  if (kty !== wanted.kty) return 'a key is not of the kind that its algorithm takes'
  if (use !== undefined && use !== 'sig') return 'a key is not for signatures'
  if (
    operations !== undefined &&
    !operations.includes('verify') &&
    !(kty === 'oct' && operations.includes('sign'))
  )
    return 'a key is not for verification'
  if (wanted.crv !== undefined && jwk.crv !== wanted.crv) return 'a key is on another curve'
  for (const name of ['n', 'e', 'x', 'y', 'k'] as const) {
    const value = jwk[name]
    if (value !== undefined && (typeof value !== 'string' || !isCanonical(value)))
      return 'a key is not in canonical base64url'
  }
  if (kty === 'oct') {
    if (!symmetric) return 'a key is a secret'
    return bytesOf(jwk.k).length < (wanted.bytes ?? 0) ? 'a secret is shorter than its hash' : undefined
  }
  return kty === 'RSA' ? doubtInRsa(jwk) : undefined
}

function doubtInRsa(jwk: JWK): string | undefined {
  const modulus = bytesOf(jwk.n)
  const exponent = bytesOf(jwk.e)
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) return 'an RSA key is too short or too long'
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
  if (
    exponent.length === 0 ||
    exponent.length > 4 ||
    !isOdd ||
    (exponent.length === 1 && (exponent[0] ?? 0) < 3)
  )
    return 'an RSA key has a weak exponent'
  return isRocaModulus(modulus) ? 'an RSA key can be factored (ROCA)' : undefined
}

/** Whether a text is base64url in its one spelling: no padding, no stray bits (RFC 7515 2). */
export function isCanonical(text: string): boolean {
  return /^[\w-]*$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text
}

function bytesOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url')
}

function refused(reason: string): KeySetReading {
  return { ok: false, reason }
}
