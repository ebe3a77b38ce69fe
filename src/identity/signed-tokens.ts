import { createHmac, timingSafeEqual } from 'node:crypto'

import type { Clock, RandomBytes } from '../core/clock.ts'
import type { Key, Keys } from '../core/keys.ts'
import type { Database } from '../store/index.ts'

/** A token that was signed here, for this holder and purpose, and has not expired. It may have been used before. */
export interface SignedToken {
  readonly id: string
  readonly facts: string
  readonly expiresMs: number
}

const HEAD_BYTES = 24
const MAC_BYTES = 32
const MAX_FACTS_BYTES = 512

/**
 * Tokens for the steps of a sign-in: challenges of passkeys, and the time between two factors. They are signed and not
 * stored, so that nobody fills a table by asking for them; each names what it is for and is bound to its holder (a
 * cookie, or the session). Only one that was used is stored, until it expires, and so it has one use on every node.
 */
export class SignedTokens {
  readonly #database: Database
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #random: RandomBytes

  constructor(database: Database, keys: Keys, clock: Clock, random: RandomBytes) {
    this.#database = database
    this.#keys = keys
    this.#clock = clock
    this.#random = random
  }

  /** A token: expiry, 128 random bits, facts, and an HMAC over them, the purpose and the holder. */
  issue(purpose: string, holder: string, ttlMs: number, facts = ''): string {
    const text = Buffer.from(facts)
    if (text.length > MAX_FACTS_BYTES) throw new RangeError('too many facts for a token')
    const head = Buffer.alloc(8)
    head.writeBigUInt64BE(BigInt(this.#clock.now() + ttlMs))
    const signed = Buffer.concat([head, this.#random(16), text])
    const mac = macOf(this.#keys.current('cookie'), purpose, holder, signed)
    return Buffer.concat([signed, mac]).toString('base64url')
  }

  /** What a token says, if it is one of ours for this purpose and holder and still good. */
  check(purpose: string, holder: string, rawToken: string): SignedToken | undefined {
    if (rawToken.length > 1024 || !/^[\w-]+$/.test(rawToken)) return undefined
    const bytes = Buffer.from(rawToken, 'base64url')
    // INVARIANT: one token has one spelling; another could be spent as if it were another token.
    if (bytes.length < HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== rawToken) return undefined
    const signed = bytes.subarray(0, -MAC_BYTES)
    const mac = bytes.subarray(-MAC_BYTES)
    const isOurs = this.#keys
      .all('cookie')
      .some((key) => timingSafeEqual(mac, macOf(key, purpose, holder, signed)))
    const expiresMs = Number(signed.readBigUInt64BE(0))
    if (!isOurs || this.#clock.now() >= expiresMs) return undefined
    return {
      id: signed.subarray(8, HEAD_BYTES).toString('base64url'),
      facts: signed.subarray(HEAD_BYTES).toString(),
      expiresMs,
    }
  }

  /** Uses a token up. False: it was used before. */
  async spend({ id, expiresMs }: SignedToken): Promise<boolean> {
    const { kysely } = this.#database
    await kysely.deleteFrom('spent_tokens').where('expires_at', '<=', this.#clock.now()).execute()
    const { numInsertedOrUpdatedRows } = await kysely
      .insertInto('spent_tokens')
      .values({ id, expires_at: expiresMs })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n
  }
}

function macOf({ material }: Key, purpose: string, holder: string, signed: Uint8Array): Buffer {
  const hmac = createHmac('sha256', Buffer.from(material.reveal(), 'base64url'))
  for (const part of ['ringwall sign-in step', purpose, holder]) {
    const bytes = Buffer.from(part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.update(signed).digest()
}
