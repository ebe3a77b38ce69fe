import { createHash } from 'node:crypto'

import type { Clock, RandomBytes } from '../core/clock.ts'
import type { SessionRow, SessionStore } from '../store/index.ts'
import type { Proof } from './assurance.ts'
import type { AuthenticationConfig } from './config.ts'
import type { Admitted } from './gate.ts'
import type { Origin } from './origin.ts'

/** Why a token does not open a session. */
export type SessionCheck =
  | { readonly ok: true; readonly session: SessionRow }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' | 'expired' }

/** A session of an account for emergencies lasts so long at most. */
const BREAK_GLASS_MS = 3_600_000
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/**
 * Sessions with opaque tokens of 256 bits. Only the SHA-256 of a token is stored, so a stolen table opens nothing. An idle
 * and an absolute end; the idle end moves at most once in `refresh_threshold` seconds.
 */
export class Sessions {
  readonly #store: SessionStore
  readonly #config: AuthenticationConfig['session']
  readonly #clock: Clock
  readonly #random: RandomBytes

  constructor(
    store: SessionStore,
    config: AuthenticationConfig['session'],
    clock: Clock,
    random: RandomBytes,
  ) {
    this.#store = store
    this.#config = config
    this.#clock = clock
    this.#random = random
  }

  /** Starts a session; the token is given out here and never again. */
  async start({ account }: Admitted, from: Origin, proof: Proof): Promise<string> {
    const token = Buffer.from(this.#random(32)).toString('base64url')
    const nowMs = this.#clock.now()
    const longestMs = account.breakGlassSealedMs === null ? Infinity : BREAK_GLASS_MS
    await this.#store.create({
      id_hash: hashToken(token),
      account_id: account.id,
      realm: account.realm,
      session_version: account.sessionVersion,
      created_at: nowMs,
      last_used_at: nowMs,
      idle_expires_at: nowMs + this.#config.ttl_seconds * 1000,
      absolute_expires_at: nowMs + Math.min(this.#config.absolute_ttl_seconds * 1000, longestMs),
      ip: from.ip,
      user_agent: from.userAgent.slice(0, 256),
      assurance: proof.assurance,
      methods: proof.methods.join(' '),
      authenticated_at: proof.atMs,
      device_hash: from.deviceToken === undefined ? null : hashToken(from.deviceToken),
      impersonator: from.impersonator?.id ?? null,
      impersonation_reason: from.impersonator?.reason ?? null,
    })
    return token
  }

  async check(rawToken: string): Promise<SessionCheck> {
    if (!TOKEN.test(rawToken)) return { ok: false, reason: 'malformed' }
    const idHash = hashToken(rawToken)
    const session = await this.#store.find(idHash)
    if (!session) return { ok: false, reason: 'unknown' }
    const nowMs = this.#clock.now()
    if (nowMs >= session.idle_expires_at || nowMs >= session.absolute_expires_at) {
      await this.#store.end(idHash)
      return { ok: false, reason: 'expired' }
    }
    if (nowMs - session.last_used_at >= this.#config.refresh_threshold * 1000) {
      await this.#store.touch(idHash, nowMs, nowMs + this.#config.ttl_seconds * 1000)
    }
    return { ok: true, session }
  }

  async end(rawToken: string): Promise<void> {
    await this.#store.end(hashToken(rawToken))
  }

  list(accountId: string): Promise<readonly SessionRow[]> {
    return this.#store.list(accountId)
  }

  sweep(): Promise<number> {
    return this.#store.sweep(this.#clock.now())
  }
}

/** What is stored in place of a token. A fast hash is enough: the token is random. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
