import { createHash, timingSafeEqual } from 'node:crypto'

import { type ForeignFormat, MAX_ROUNDS } from './format.ts'

/** The alphabet of crypt(3), least significant six bits first. */
export const CRYPT64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Bytes in the order that a format names, three at a time, in crypt's alphabet. */
function encode(bytes: Buffer, order: readonly number[]): string {
  let text = ''
  for (let at = 0; at < order.length; at += 3) {
    const group = order.slice(at, at + 3)
    let bits = 0
    for (const index of group) bits = (bits << 8) | (bytes[index] as number)
    for (let left = group.length + 1; left > 0; left--, bits >>>= 6) text += CRYPT64[bits & 63]
  }
  return text
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes)
}

function isSame(found: string, stored: string): boolean {
  return found.length === stored.length && timingSafeEqual(Buffer.from(found), Buffer.from(stored))
}

const MD5_ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11]

/** Poul-Henning Kamp's md5crypt, 1,000 rounds; `$apr1$` is Apache's name for it. */
function md5crypt(password: Buffer, magic: string, salt: string): string {
  const md5 = (...parts: (Buffer | string)[]): Buffer => {
    const hash = createHash('md5')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const inner = md5(password, salt, password)
  const parts: (Buffer | string)[] = [password, magic, salt, repeated(inner, password.length)]
  for (let length = password.length; length > 0; length >>= 1)
    parts.push(length & 1 ? Buffer.alloc(1) : password.subarray(0, 1))
  let state = md5(...parts)
  for (let round = 0; round < 1000; round++) {
    state = md5(
      round & 1 ? password : state,
      round % 3 ? salt : '',
      round % 7 ? password : '',
      round & 1 ? state : password,
    )
  }
  // The last group is one byte.
  return encode(state, MD5_ORDER.slice(0, 15)) + encode(state, [11])
}

/** `$1$salt$hash` and `$apr1$salt$hash`. */
export const MD5_CRYPT: ForeignFormat = {
  name: 'md5crypt',
  read(stored) {
    const match = /^(\$1\$|\$apr1\$)([^$:\n]{0,8})\$([./0-9A-Za-z]{22})$/.exec(stored)
    if (!match) return /^\$(1|apr1)\$/.test(stored) ? 'out-of-bounds' : undefined
    const [, magic = '', salt = '', hash = ''] = match
    return (password) => isSame(md5crypt(password, magic, salt), hash)
  },
}

const SHA_ORDERS: Readonly<Record<'sha256' | 'sha512', readonly number[]>> = {
  sha256: shaOrder(30, [0, 10, 20], 1, [31, 30]),
  sha512: shaOrder(63, [0, 21, 42], 2, [63]),
}

/** Drepper's orders: a triple that turns by one place each time, `step` telling which way. */
function shaOrder(
  size: number,
  first: readonly number[],
  step: 1 | 2,
  tail: readonly number[],
): readonly number[] {
  const order: number[] = []
  let triple = [...first]
  for (let at = 0; at < size; at += 3) {
    order.push(...triple)
    triple = triple.map((index) => index + 1)
    for (let turn = 0; turn < (step === 1 ? 2 : 1); turn++) triple.push(triple.shift() as number)
  }
  return [...order, ...tail]
}

/** Ulrich Drepper's SHA-crypt, revision 0.6. */
function shaCrypt(digest: 'sha256' | 'sha512', password: Buffer, salt: Buffer, rounds: number): string {
  const size = digest === 'sha256' ? 32 : 64
  const sha = (...parts: readonly Buffer[]): Buffer => {
    const hash = createHash(digest)
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const inner = sha(password, salt, password)
  const parts = [password, salt, repeated(inner, password.length)]
  for (let length = password.length; length > 0; length >>= 1) parts.push(length & 1 ? inner : password)
  let state = sha(...parts)
  const dp = createHash(digest)
  for (let i = 0; i < password.length; i++) dp.update(password)
  const p = repeated(dp.digest(), password.length)
  const ds = createHash(digest)
  for (let i = 0; i < 16 + (state[0] as number); i++) ds.update(salt)
  const s = repeated(ds.digest(), salt.length)
  const nothing = Buffer.alloc(0)
  for (let round = 0; round < rounds; round++) {
    state = sha(
      round & 1 ? p : state,
      round % 3 ? s : nothing,
      round % 7 ? p : nothing,
      round & 1 ? state : p,
    )
  }
  const order = SHA_ORDERS[digest]
  const whole = Math.floor(size / 3) * 3
  return encode(state, order.slice(0, whole)) + encode(state, order.slice(whole))
}

/** Passwords of more bytes would make one check quadratic. */
const MAX_PASSWORD_BYTES = 1024

/** `$5$` (SHA-256) and `$6$` (SHA-512), with or without `rounds=`. */
export const SHA_CRYPT: ForeignFormat = {
  name: 'sha-crypt',
  read(stored) {
    const match =
      /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$/.exec(stored)
    if (!match) return /^\$[56]\$/.test(stored) ? 'out-of-bounds' : undefined
    const [, kind, rawRounds = '5000', salt = '', hash = ''] = match
    const digest = kind === '5' ? 'sha256' : 'sha512'
    const rounds = Math.max(1000, Number(rawRounds))
    if (rounds > MAX_ROUNDS / 2 || hash.length !== (kind === '5' ? 43 : 86)) return 'out-of-bounds'
    return (password) =>
      password.length <= MAX_PASSWORD_BYTES &&
      isSame(shaCrypt(digest, password, Buffer.from(salt), rounds), hash)
  },
}

/** phpass (`$P$`, `$H$`: MD5) and Drupal 7 (`$S$`: SHA-512, cut off): 2^n rounds, n in the fourth character. */
export const PHPASS: ForeignFormat = {
  name: 'phpass',
  read(stored) {
    const match = /^\$([PHS])\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22}|[./0-9A-Za-z]{43})$/.exec(
      stored,
    )
    if (!match) return /^\$[PHS]\$/.test(stored) ? 'out-of-bounds' : undefined
    const [, kind, cost = '', salt = '', hash = ''] = match
    const log2 = CRYPT64.indexOf(cost)
    const digest = kind === 'S' ? 'sha512' : 'md5'
    if (log2 < 7 || log2 > 18 || hash.length !== (kind === 'S' ? 43 : 22)) return 'out-of-bounds'
    return (password) => {
      let state = createHash(digest).update(salt).update(password).digest()
      for (let round = 2 ** log2; round > 0; round--)
        state = createHash(digest).update(state).update(password).digest()
      return isSame(encodeLittle(state).slice(0, hash.length), hash)
    }
  },
}

/** phpass writes groups of three with the first byte lowest. */
function encodeLittle(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const group = [...bytes.subarray(at, at + 3)]
    let bits = 0
    for (const [place, byte] of group.entries()) bits |= byte << (8 * place)
    for (let left = group.length + 1; left > 0; left--, bits >>>= 6) text += CRYPT64[bits & 63]
  }
  return text
}
