import { createHmac, timingSafeEqual } from 'node:crypto'

import type { RandomBytes } from '../core/clock.ts'
import { readCookie } from '../core/cookies.ts'
import type { Secret } from '../core/secret.ts'

/** Whether a request proves that it comes from a page of ours, or why not. */
export type CsrfVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'missing' | 'malformed' | 'mismatch' }

const TOKEN_BYTES = 32
const TOKEN = /^[A-Za-z0-9_-]{43}$/
const FORM_TOKEN = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/
const CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** A new token for the session to keep: 256 random bits (the guide: CSRF Prevention). */
export function newCsrfToken(random: RandomBytes): string {
  return Buffer.from(random(TOKEN_BYTES)).toString('base64url')
}

/** The synchroniser pattern: the token of the request against that of the session, in constant time. */
export function checkCsrfToken(rawToken: string | undefined, sessionToken: string | undefined): CsrfVerdict {
  if (rawToken === undefined || rawToken === '' || sessionToken === undefined || sessionToken === '')
    return { ok: false, reason: 'missing' }
  if (!TOKEN.test(rawToken)) return { ok: false, reason: 'malformed' }
  return isSame(rawToken, sessionToken) ? { ok: true } : { ok: false, reason: 'mismatch' }
}

/** What a form token is bound to. */
export interface FormBinding {
  readonly key: Secret
  /** Of the signed-in session; empty where nobody is. */
  readonly sessionRef: string
  /** The value of the visitor's cookie. */
  readonly cookie: string
}

/**
 * A form token of the signed double submit: a random salt and its HMAC with session and cookie. Each page gets another one, so that
 * compression cannot be made to tell it, and none is of use without the cookie, which another site can neither read nor set.
 */
export function mintFormToken(binding: FormBinding, random: RandomBytes): string {
  const salt = newCsrfToken(random)
  return `${salt}.${sign(binding, salt)}`
}

/** Checks a form token against cookie and session, in constant time. */
export function checkFormToken(
  rawToken: string | undefined,
  binding: Omit<FormBinding, 'cookie'> & { readonly cookie: string | undefined },
): CsrfVerdict {
  const { key, sessionRef, cookie } = binding
  if (rawToken === undefined || cookie === undefined) return { ok: false, reason: 'missing' }
  if (!FORM_TOKEN.test(rawToken) || !TOKEN.test(cookie)) return { ok: false, reason: 'malformed' }
  const at = rawToken.indexOf('.')
  const expected = sign({ key, sessionRef, cookie }, rawToken.slice(0, at))
  return isSame(rawToken.slice(at + 1), expected) ? { ok: true } : { ok: false, reason: 'mismatch' }
}

/** The cookie of the double submit. With HTTPS its name begins with `__Host-`, so that no other host can plant it (RFC 6265bis 4.1.3.2). */
export function formCookie(isHttps: boolean): {
  readonly name: string
  set(value: string): string
  read(fields: readonly string[]): string | undefined
} {
  const name = isHttps ? '__Host-ringwall-form' : 'ringwall-form'
  return {
    name,
    set: (value) => `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`,
    read(fields) {
      const value = readCookie(fields, name)
      return value !== undefined && TOKEN.test(value) ? value : undefined
    },
  }
}

/**
 * The rule for APIs: what changes something carries `X-Requested-With: XMLHttpRequest`, which no form can send and no script of another
 * site without a preflight (the guide: CSRF Prevention; Fetch 4.8).
 */
export function checkCustomHeader(method: string, rawRequestedWith: string | undefined): CsrfVerdict {
  if (!CHANGING.has(method)) return { ok: true }
  if (rawRequestedWith === undefined) return { ok: false, reason: 'missing' }
  return rawRequestedWith === 'XMLHttpRequest' ? { ok: true } : { ok: false, reason: 'mismatch' }
}

function sign({ key, sessionRef, cookie }: FormBinding, salt: string): string {
  // INVARIANT: each part has its length before it, so that no two bindings give the same text.
  const parts = ['ringwall form token', sessionRef, cookie, salt]
  const text = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('')
  return createHmac('sha256', key.reveal()).update(text).digest('base64url')
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
