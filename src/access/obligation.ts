import { createHash, createPrivateKey, createPublicKey, sign, verify, type webcrypto } from 'node:crypto'

import { readJson } from './cedar/json-reader.ts'

/** A key as RFC 7517 writes it. */
export type JsonWebKey = webcrypto.JsonWebKey

/** What an application must still decide, since the gateway could not: made by the gateway, for one request. */
export interface Obligation {
  /** The exchange that it belongs to. */
  readonly id: string
  /** The policy by which it was made. */
  readonly policyVersion: string
  /** The application that it is for: the name of an upstream. */
  readonly audience: string
  readonly principal: { readonly type: string; readonly id: string }
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string }
  readonly context: Readonly<Record<string, string | boolean>>
}

/** Why an obligation counts for nothing. */
export type ObligationFault = 'malformed' | 'unknown-key' | 'forged' | 'expired' | 'other-audience'

const TYPE = 'ringwall-obligation+jwt'
/** How long an application may take until it decides; the same as an assertion lives. */
export const OBLIGATION_TTL_SECONDS = 60
/** Clocks of two machines may differ by this much. */
const SKEW_SECONDS = 5
const MAX_BYTES = 8192

/** Signs an obligation as a JWT (RFC 7519) with ES256. `key` is a private JWK on P-256. */
export function signObligation(obligation: Obligation, key: JsonWebKey, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1000)
  const header = { alg: 'ES256', typ: TYPE, kid: thumbprint(key) }
  const { id, audience, policyVersion, ...question } = obligation
  const claims = {
    iss: 'ringwall',
    aud: audience,
    jti: id,
    iat: issuedAt,
    exp: issuedAt + OBLIGATION_TTL_SECONDS,
    policy: policyVersion,
    ...question,
  }
  const signed = `${encode(JSON.stringify(header))}.${encode(JSON.stringify(claims))}`
  const privateKey = createPrivateKey({ key, format: 'jwk' })
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** Reads and verifies an obligation. `keys` are the gateway's public keys (`/.well-known/ringwall/jwks.json`). */
export function readObligation(
  token: string,
  keys: readonly JsonWebKey[],
  audience: string,
  nowMs: number,
): Obligation | ObligationFault {
  const parts = token.split('.')
  if (token.length > MAX_BYTES || parts.length !== 3) return 'malformed'
  const [rawHeader, rawClaims, rawSignature] = parts as [string, string, string]
  const header = decode(rawHeader)
  if (header?.['alg'] !== 'ES256' || header['typ'] !== TYPE) return 'malformed'
  const key = keys.find((one) => thumbprint(one) === header['kid'])
  if (!key) return 'unknown-key'
  const isGenuine = verify(
    'sha256',
    Buffer.from(`${rawHeader}.${rawClaims}`),
    { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(rawSignature, 'base64url'),
  )
  if (!isGenuine) return 'forged'
  const claims = decode(rawClaims)
  if (!claims || claims['iss'] !== 'ringwall') return 'malformed'
  const { aud, exp, iat } = claims
  if (aud !== audience) return 'other-audience'
  const nowSeconds = nowMs / 1000
  if (typeof exp !== 'number' || typeof iat !== 'number') return 'malformed'
  if (nowSeconds >= exp + SKEW_SECONDS || nowSeconds < iat - SKEW_SECONDS) return 'expired'
  return obligationOf(claims) ?? 'malformed'
}

type Claims = Readonly<Record<string, unknown>>

function obligationOf(claims: Claims): Obligation | undefined {
  const { jti, policy, aud, action } = claims
  const principal = nameOf(claims['principal'])
  const resource = nameOf(claims['resource'])
  const context = claims['context']
  if (![jti, policy, aud, action].every((text) => typeof text === 'string')) return undefined
  if (!principal || !resource || !isRecord(context)) return undefined
  if (!Object.values(context).every((value) => typeof value === 'string' || typeof value === 'boolean'))
    return undefined
  return {
    id: jti as string,
    policyVersion: policy as string,
    audience: aud as string,
    action: action as string,
    principal,
    resource,
    context: context as Obligation['context'],
  }
}

function nameOf(value: unknown): { readonly type: string; readonly id: string } | undefined {
  if (!isRecord(value)) return undefined
  const { type, id } = value
  return typeof type === 'string' && typeof id === 'string' ? { type, id } : undefined
}

function isRecord(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decode(part: string): Claims | undefined {
  const read = readJson(Buffer.from(part, 'base64url').toString())
  return read.ok && isRecord(read.value) ? read.value : undefined
}

/** RFC 7638. */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}
