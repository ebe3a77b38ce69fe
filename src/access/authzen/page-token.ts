import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

import type { Clock, RandomBytes } from '../../core/clock.ts'
import type { Json } from '../cedar/json.ts'

/** Where a search goes on. */
export interface Place {
  /** The last candidate that was looked at; undefined for the beginning. */
  readonly after: string | undefined
  /** The limit that the search began with. */
  readonly limit: number
}

/** What tokens are sealed with. */
export interface PageSeal {
  /** 32 bytes. Gateways that share callers must share it. */
  readonly key: Uint8Array
  readonly ttlSeconds: number
  readonly clock: Clock
  readonly random: RandomBytes
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const MAX_TOKEN_CHARS = 8192
const BASE64URL = /^[A-Za-z0-9_-]+$/

/**
 * Makes a page token. The place of a search is the id of an entity that the caller may not be allowed to know of, so the
 * token is encrypted (AES-256-GCM) and bound to the search and its caller; the gateway keeps nothing.
 */
export function sealPlace(
  { key, ttlSeconds, clock, random }: PageSeal,
  search: string,
  place: Place,
): string {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aadOf(search))
  const untilMs = clock.now() + ttlSeconds * 1000
  const text = JSON.stringify([untilMs, place.limit, place.after ?? null])
  const sealed = [cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat([nonce, ...sealed]).toString('base64url')
}

/** Opens a page token; text says why it cannot be used. */
export function openPlace({ key, clock }: PageSeal, search: string, rawToken: string): Place | string {
  if (rawToken.length > MAX_TOKEN_CHARS || !BASE64URL.test(rawToken)) return NOT_OURS
  const bytes = Buffer.from(rawToken, 'base64url')
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return NOT_OURS
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(aadOf(search)).setAuthTag(bytes.subarray(-TAG_BYTES))
  let text: string
  try {
    text =
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return NOT_OURS
  }
  // INVARIANT: what is opened was sealed here, so it has the form that `sealPlace` gives it.
  const [untilMs, limit, after] = JSON.parse(text) as [number, number, string | null]
  if (clock.now() >= untilMs) return 'page.token: it is too old; begin the search again'
  return { after: after ?? undefined, limit }
}

const NOT_OURS = 'page.token: it was not given for this search'

/** The same text for the same search, whatever the order of the members of its objects. */
export function searchKey(json: Json): string {
  if (Array.isArray(json)) return `[${(json as readonly Json[]).map(searchKey).join(',')}]`
  if (typeof json === 'bigint') return String(json)
  if (typeof json !== 'object' || json === null) return JSON.stringify(json)
  const members = Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${searchKey(value)}`).join(',')}}`
}

function aadOf(search: string): Buffer {
  return createHash('sha256').update('ringwall authzen page\n').update(search, 'utf8').digest()
}
