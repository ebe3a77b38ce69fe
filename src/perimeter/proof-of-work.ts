import { createHmac, hash, timingSafeEqual } from 'node:crypto'

import type { RandomBytes } from '../core/clock.ts'
import { clientNetwork } from '../core/ip.ts'

/** How hard, and for how long. */
export interface ChallengeRules {
  /** Leading zero bits of the hash; each one more doubles the work. 2^bits hashes are the average. */
  readonly bits: number
  /** How long a challenge may be answered. */
  readonly challengeMs: number
  /** How long somebody waits who does not compute. */
  readonly delayMs: number
  /** How long a pass is good that was computed for. */
  readonly passMs: number
  /** How long a pass is good that was waited for. */
  readonly delayedPassMs: number
}

/** 2^19 hashes are about a quarter of a second in a browser on a laptop. */
export const CHALLENGE_RULES: ChallengeRules = {
  bits: 19,
  challengeMs: 5 * 60_000,
  delayMs: 8000,
  passMs: 4 * 3_600_000,
  delayedPassMs: 10 * 60_000,
}

/** More bits would leave a fair chance that none of the nonces is a solution. */
export const MAX_BITS = 22

/** Who issues and verifies: the key is 32 bytes or more, and of this use alone. */
export interface ChallengeDesk {
  readonly key: Uint8Array
  readonly rules: ChallengeRules
}

/** What is asked of one client. */
export interface Challenge {
  /** Goes to the client and comes back. Its last part is the seed of the sum. */
  readonly token: string
  readonly seed: string
  readonly bits: number
}

/** Why an answer or a pass does not count. `not-ours` is also what another network's is. */
export type ChallengeFault = 'malformed' | 'not-ours' | 'expired' | 'wrong' | 'too-early'

/** What became of an answer. */
export type AnswerVerdict =
  | { readonly ok: true; readonly seed: string; readonly expiresMs: number }
  | { readonly ok: false; readonly fault: ChallengeFault; readonly waitMs?: number }

/** How a pass was earned. */
export type PassKind = 'computed' | 'waited'

/** What a pass says. */
export type PassVerdict =
  | { readonly ok: true; readonly kind: PassKind; readonly expiresMs: number }
  | { readonly ok: false; readonly fault: ChallengeFault }

const MAX_TOKEN_CHARS = 128
const NONCE_CHARS = 8
const MAC_CHARS = 43
const SALT_BYTES = 16
/** Clocks of two processes differ a little. */
const SKEW_MS = 5000

/**
 * Sets a client a sum: find eight digits so that SHA-256 of seed and digits begins with so many zero bits. Nothing is
 * kept: the token carries time, difficulty and salt, signed for this client network (the idea: Back, Hashcash, 2002). It
 * costs a browser a moment and a flood from one machine its speed; it is no proof of a person.
 */
export function issueChallenge(
  desk: ChallengeDesk,
  ip: string,
  nowMs: number,
  random: RandomBytes,
): Challenge {
  const { bits } = desk.rules
  if (!Number.isInteger(bits) || bits < 1 || bits > MAX_BITS)
    throw new TypeError(`the difficulty of a challenge is 1 to ${MAX_BITS} bits`)
  const salt = Buffer.from(random(SALT_BYTES)).toString('base64url')
  const token = sign(desk, 'challenge', ip, ['c1', nowMs.toString(36), bits.toString(36), salt])
  return { token, seed: seedOf(token), bits }
}

/** Verifies a computed answer. It may come again from the same network until the challenge expires. */
export function verifySolution(
  desk: ChallengeDesk,
  ip: string,
  answer: { readonly token: string; readonly nonce: string },
  nowMs: number,
): AnswerVerdict {
  const issued = readChallenge(desk, ip, answer.token, nowMs)
  if (!issued.ok) return issued
  if (!isDigits(answer.nonce, NONCE_CHARS)) return fault('malformed')
  const digest = hash('sha256', issued.seed + answer.nonce, 'buffer')
  if (leadingZeroBits(digest) < issued.bits) return fault('wrong')
  return { ok: true, seed: issued.seed, expiresMs: issued.expiresMs }
}

/** Verifies that somebody waited. That a token serves only once is for `DelayedGate` to see. */
export function verifyDelayed(desk: ChallengeDesk, ip: string, token: string, nowMs: number): AnswerVerdict {
  const issued = readChallenge(desk, ip, token, nowMs)
  if (!issued.ok) return issued
  const waitMs = issued.issuedMs + desk.rules.delayMs - nowMs
  if (waitMs > 0) return { ok: false, fault: 'too-early', waitMs }
  return { ok: true, seed: issued.seed, expiresMs: issued.expiresMs }
}

/** What the client shows from then on, in a cookie: good for its network, until it expires. */
export function issuePass(desk: ChallengeDesk, ip: string, kind: PassKind, nowMs: number): string {
  const expiresMs = nowMs + (kind === 'computed' ? desk.rules.passMs : desk.rules.delayedPassMs)
  return sign(desk, 'pass', ip, ['p1', kind === 'computed' ? 'c' : 'w', expiresMs.toString(36)])
}

/** Reads a pass. */
export function verifyPass(desk: ChallengeDesk, ip: string, pass: string, nowMs: number): PassVerdict {
  const opened = open(desk, 'pass', ip, pass)
  if (typeof opened === 'string') return { ok: false, fault: opened }
  const [version, kind, expires = ''] = opened
  if (opened.length !== 3 || version !== 'p1' || (kind !== 'c' && kind !== 'w'))
    return { ok: false, fault: 'malformed' }
  const expiresMs = Number.parseInt(expires, 36)
  if (!(nowMs < expiresMs)) return { ok: false, fault: 'expired' }
  return { ok: true, kind: kind === 'c' ? 'computed' : 'waited', expiresMs }
}

/** How often waiting counts. */
export interface DelayedLimits {
  /** Passes for one client network while a challenge lives. */
  readonly perNetwork: number
  /** Tokens that are remembered until they expire. When there are more, nobody gets on by waiting alone. */
  readonly maxTokens: number
}

/**
 * Lets each waited-for token through once, and only so many of one client network: waiting costs a machine nothing. In
 * this process's memory. INVARIANT: at most `maxTokens` tokens are kept, and networks only while one of their tokens is.
 */
export class DelayedGate {
  readonly #limits: DelayedLimits
  /** In the order of use. */
  readonly #used = new Map<string, { readonly network: string; readonly expiresMs: number }>()
  readonly #perNetwork = new Map<string, number>()

  constructor(limits: DelayedLimits = { perNetwork: 20, maxTokens: 20_000 }) {
    this.#limits = limits
  }

  /** How many tokens it remembers. */
  get size(): number {
    return this.#used.size
  }

  /** Uses a token that `verifyDelayed` found good. */
  redeem(
    ip: string,
    good: { readonly seed: string; readonly expiresMs: number },
    nowMs: number,
  ): 'redeemed' | 'used' | 'too-many' {
    this.#forgetExpired(nowMs)
    if (this.#used.has(good.seed)) return 'used'
    const network = clientNetwork(ip)
    const count = this.#perNetwork.get(network) ?? 0
    if (count >= this.#limits.perNetwork || this.#used.size >= this.#limits.maxTokens) return 'too-many'
    this.#used.set(good.seed, { network, expiresMs: good.expiresMs })
    this.#perNetwork.set(network, count + 1)
    return 'redeemed'
  }

  #forgetExpired(nowMs: number): void {
    for (const [seed, { network, expiresMs }] of this.#used) {
      // One behind it may have expired before it; that one goes when this one does, a challenge's life later at most.
      if (expiresMs > nowMs) return
      this.#used.delete(seed)
      const count = this.#perNetwork.get(network) ?? 1
      if (count === 1) this.#perNetwork.delete(network)
      else this.#perNetwork.set(network, count - 1)
    }
  }
}

interface Issued {
  readonly ok: true
  readonly issuedMs: number
  readonly expiresMs: number
  readonly bits: number
  readonly seed: string
}

function readChallenge(
  desk: ChallengeDesk,
  ip: string,
  token: string,
  nowMs: number,
): Issued | { readonly ok: false; readonly fault: ChallengeFault } {
  const opened = open(desk, 'challenge', ip, token)
  if (typeof opened === 'string') return fault(opened)
  const [version, issued = '', bits = ''] = opened
  if (opened.length !== 4 || version !== 'c1') return fault('malformed')
  const issuedMs = Number.parseInt(issued, 36)
  const expiresMs = issuedMs + desk.rules.challengeMs
  if (!(nowMs < expiresMs && issuedMs <= nowMs + SKEW_MS)) return fault('expired')
  return { ok: true, issuedMs, expiresMs, bits: Number.parseInt(bits, 36), seed: seedOf(token) }
}

/** `fields.mac`: what it is and whom it is for are in the MAC only. No field can hold a line feed or a dot. */
function sign(desk: ChallengeDesk, use: 'challenge' | 'pass', ip: string, fields: readonly string[]): string {
  const payload = fields.join('.')
  return `${payload}.${macOf(desk, use, ip, payload)}`
}

function macOf(desk: ChallengeDesk, use: string, ip: string, payload: string): string {
  if (desk.key.length < 32) throw new TypeError('the key of a challenge is 32 bytes or more')
  return createHmac('sha256', desk.key)
    .update(`ringwall ${use}\n${clientNetwork(ip)}\n${payload}`)
    .digest('base64url')
}

/** The fields of a signed text, or why not. The MAC is compared as text, so that it has one spelling only. */
function open(
  desk: ChallengeDesk,
  use: 'challenge' | 'pass',
  ip: string,
  text: string,
): string[] | 'malformed' | 'not-ours' {
  const at = text.length - MAC_CHARS - 1
  if (text.length > MAX_TOKEN_CHARS || at < 1 || text[at] !== '.') return 'malformed'
  const payload = text.slice(0, at)
  const given = Buffer.from(text.slice(at + 1), 'utf8')
  const right = Buffer.from(macOf(desk, use, ip, payload), 'utf8')
  if (given.length !== right.length || !timingSafeEqual(given, right)) return 'not-ours'
  return payload.split('.')
}

function seedOf(token: string): string {
  return token.slice(-MAC_CHARS)
}

function isDigits(text: string, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

function leadingZeroBits(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => byte !== 0)
  return at < 0 ? 8 * bytes.length : 8 * at + Math.clz32(bytes[at] as number) - 24
}

function fault(reason: ChallengeFault): { readonly ok: false; readonly fault: ChallengeFault } {
  return { ok: false, fault: reason }
}
