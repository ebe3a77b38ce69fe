import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose'

import type { Clock } from '../core/clock.ts'
import type { Subject } from '../core/exchange.ts'
import { isForEverything } from '../core/holding.ts'
import type { Keys } from '../core/keys.ts'
import { acrOf } from './assurance.ts'

const TTL_SECONDS = 60
const MAX_CACHED = 10_000

/**
 * Tells the application who is signed in, in a form that nobody else can make: a JWT (RFC 7519) signed with ES256, valid
 * for 60 seconds, for one audience. A signature costs more than all walls, so one is used for half of its life for the same
 * session, roles and version; whether the session lives is decided before, for each request. A role that ends sooner
 * ends the token with it, to the second.
 */
export class Assertions {
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #cache = new Map<string, { readonly token: Promise<string>; readonly freshUntilMs: number }>()

  constructor(keys: Keys, clock: Clock) {
    this.#keys = keys
    this.#clock = clock
  }

  sign(subject: Subject, audience: string): Promise<string> {
    const key = [subject.sessionRef, subject.sessionVersion, subject.roles.join(' '), audience].join('|')
    const nowMs = this.#clock.now()
    const cached = this.#cache.get(key)
    if (cached && nowMs < cached.freshUntilMs) return cached.token
    const endMs = Math.min(nowMs + TTL_SECONDS * 1000, ...roleEnds(subject))
    const token = this.#sign(subject, audience, nowMs, endMs)
    // INVARIANT: at most MAX_CACHED entries; the oldest go first.
    this.#cache.delete(key)
    if (this.#cache.size >= MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value as string)
    this.#cache.set(key, { token, freshUntilMs: Math.min(nowMs + (TTL_SECONDS * 1000) / 2, endMs) })
    return token
  }

  /** The private key of the newest assertion key, for other statements of the gateway's that applications verify. */
  signingKey(): JWK {
    return JSON.parse(this.#keys.current('assertion').material.reveal()) as JWK
  }

  /** The public keys (RFC 7517 5), former ones too while they count. */
  async jwks(): Promise<{ readonly keys: readonly JWK[] }> {
    const keys = this.#keys.all('assertion').map(async (key): Promise<JWK> => {
      const { kty, crv, x, y } = JSON.parse(key.material.reveal()) as JWK
      const publicKey = { kty, crv, x, y } as JWK
      return { ...publicKey, kid: await calculateJwkThumbprint(publicKey), alg: 'ES256', use: 'sig' }
    })
    return { keys: await Promise.all(keys) }
  }

  async #sign(subject: Subject, audience: string, nowMs: number, endMs: number): Promise<string> {
    const jwk = this.signingKey()
    const kid = await calculateJwkThumbprint(jwk)
    return new SignJWT({
      email: subject.email,
      name: subject.name,
      roles: subject.roles,
      sv: subject.sessionVersion,
      ...(subject.authentication && {
        acr: acrOf(subject.authentication.level),
        amr: subject.authentication.methods,
        auth_time: Math.floor(subject.authentication.atMs / 1000),
      }),
    })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
      .setIssuer('ringwall')
      .setSubject(subject.id)
      .setAudience(audience)
      .setIssuedAt(Math.floor(nowMs / 1000))
      .setExpirationTime(Math.ceil(endMs / 1000))
      .sign(await importJWK(jwk, 'ES256'))
  }
}

/** When the roles that the token names end, as far as they do. */
function roleEnds({ holdings = [] }: Subject): readonly number[] {
  return holdings.flatMap((holding) =>
    holding.kind === 'role' && isForEverything(holding) && holding.expiresMs !== undefined
      ? [holding.expiresMs]
      : [],
  )
}
