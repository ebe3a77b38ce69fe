import { createHash, createHmac } from 'node:crypto'

import type { Clock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { Entity } from '../cedar/entities.ts'
import type { Json } from '../cedar/json.ts'
import { Datetime, Duration } from '../cedar/extensions/datetime.ts'
import { writeJson } from '../cedar/policy-json-writer.ts'
import { CedarRecord, CedarSet, EntityUid, Fault, type Value } from '../cedar/value.ts'

/** The `typ` of the header, so that no other token that the same key may have signed is taken for one (RFC 8725 3.11). */
export const TOKEN_TYPE = 'ringwall+jwt'
/** A shorter key is easier to guess than the MAC (RFC 7518 3.2). */
export const MIN_KEY_BYTES = 32
/** Longer lives are refused by the database too. */
export const MAX_TTL_SECONDS = 3600
/** Longer tokens are refused by the database. */
export const MAX_TOKEN_BYTES = 16_384

const DEFAULT_TTL_SECONDS = 60
const BLOCK_BYTES = 64

/** How a principal is signed. */
export interface SignOptions {
  readonly key: Secret
  readonly clock: Clock
  /** How long a transaction may be begun with it; 60 unless told. */
  readonly ttlSeconds?: number
  /** The database it is for, as its plan names it; `ringwall` unless told. */
  readonly audience?: string
  /** What policies call `context`. */
  readonly context?: CedarRecord
}

/**
 * A token that lets one principal begin transactions: a JWT with HS256 that `ringwall.begin` verifies inside the
 * database. It carries what policies may ask about the principal: its name, its attributes and what it is in.
 */
export function signPrincipal(principal: Entity, options: SignOptions): string {
  const { key, clock, ttlSeconds = DEFAULT_TTL_SECONDS, audience = 'ringwall', context } = options
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
    throw new RingwallError('access.token-life', `a token lives 1 to ${MAX_TTL_SECONDS} seconds`)
  }
  const bytes = keyBytes(key)
  const issuedAt = Math.floor(clock.now() / 1000)
  const claims: Json = {
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + ttlSeconds,
    principal: {
      type: principal.uid.type,
      id: principal.uid.id,
      in: [...principal.ancestors].sort().map(nameOfKey),
      attributes: claimOf(principal.attributes),
    },
    context: context === undefined ? {} : claimOf(context),
  }
  const header = { alg: 'HS256', kid: keyIdOf(key), typ: TOKEN_TYPE }
  const signed = `${base64url(JSON.stringify(header))}.${base64url(writeJson(claims))}`
  const token = `${signed}.${createHmac('sha256', bytes).update(signed).digest('base64url')}`
  if (token.length > MAX_TOKEN_BYTES) {
    throw new RingwallError(
      'access.token-size',
      `the token of ${principal.uid.toString()} has ${token.length} bytes, ${MAX_TOKEN_BYTES} is the most; give the principal fewer attributes and ancestors`,
    )
  }
  return token
}

/** The name of a key: says nothing of it, and both sides find it without agreeing on one. */
export function keyIdOf(key: Secret): string {
  return createHash('sha256').update('ringwall key id\n').update(keyBytes(key)).digest('hex').slice(0, 16)
}

/** A key as HMAC uses it (RFC 2104 2), so that plain SQL needs `sha256` alone. As secret as the key. */
export function padsOf(bytes: Buffer): { readonly inner: Buffer; readonly outer: Buffer } {
  const block = Buffer.alloc(BLOCK_BYTES)
  const short = bytes.length > BLOCK_BYTES ? createHash('sha256').update(bytes).digest() : bytes
  short.copy(block)
  return {
    inner: Buffer.from(block.map((byte) => byte ^ 0x36)),
    outer: Buffer.from(block.map((byte) => byte ^ 0x5c)),
  }
}

/**
 * Makes a key known to the database; another one in use ends an hour later, when no token that it signed lives any
 * more. The values are as secret as the key and stand in no text.
 */
export function keyStatement(key: Secret): { readonly sql: string; readonly values: readonly unknown[] } {
  const { inner, outer } = padsOf(keyBytes(key))
  return {
    sql: `WITH retired AS (
  UPDATE ringwall.key SET not_after = now() + interval '${MAX_TTL_SECONDS} seconds'
  WHERE purpose = 'token' AND id <> $1 AND not_after IS NULL
) INSERT INTO ringwall.key (id, purpose, inner_pad, outer_pad) VALUES ($1, 'token', $2, $3)
ON CONFLICT (id) DO UPDATE SET not_after = NULL`,
    values: [keyIdOf(key), inner, outer],
  }
}

function keyBytes(key: Secret): Buffer {
  const bytes = Buffer.from(key.reveal(), 'utf8')
  if (bytes.length < MIN_KEY_BYTES) {
    throw new RingwallError(
      'access.token-key',
      `the key for principals has ${bytes.length} bytes, ${MIN_KEY_BYTES} is the least; \`openssl rand -base64 48\` makes one`,
    )
  }
  return bytes
}

/** A value as SQL reads it back: entities as type and id, times as milliseconds, addresses and decimals as text. */
function claimOf(value: Value): Json {
  if (typeof value !== 'object') return value
  if (value instanceof EntityUid) return { type: value.type, id: value.id }
  if (value instanceof CedarSet) return value.elements.map(claimOf)
  if (value instanceof CedarRecord) {
    return Object.fromEntries(
      value.names.flatMap((name) => {
        const field = value.get(name)
        return field === undefined || field instanceof Fault ? [] : [[name, claimOf(field)]]
      }),
    )
  }
  return value instanceof Datetime || value instanceof Duration ? value.ms : value.toString()
}

/** The type and id that a key was made of; a type holds no quote. */
function nameOfKey(key: string): Json {
  const at = key.indexOf('::"')
  return { type: key.slice(0, at), id: key.slice(at + 3) }
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url')
}
