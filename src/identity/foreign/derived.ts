import { argon2Sync, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'

import {
  type ForeignFormat,
  fromBase64,
  fromHex,
  MAX_MEMORY_BYTES,
  MAX_ROUNDS,
  type Verify,
} from './format.ts'

type Read = ReturnType<ForeignFormat['read']>

/** PBKDF2 (RFC 8018 5.2) with bounded rounds. */
export function pbkdf2(
  digest: string,
  rounds: number,
  salt: Buffer | undefined,
  hash: Buffer | undefined,
): Read {
  if (!salt || !hash || hash.length < 12 || rounds < 1 || rounds > MAX_ROUNDS) return 'out-of-bounds'
  return (password) => timingSafeEqual(pbkdf2Sync(password, salt, rounds, hash.length, digest), hash)
}

/** scrypt (RFC 7914) with bounded memory and work. */
export function scrypt(
  cost: { readonly N: number; readonly r: number; readonly p: number },
  salt: Buffer | undefined,
  hash: Buffer | undefined,
): Read {
  if (!salt || !hash || hash.length < 16 || !isScryptCost(cost)) return 'out-of-bounds'
  return (password) => timingSafeEqual(deriveScrypt(password, salt, cost, hash.length), hash)
}

/** Whether one check may have these costs. */
export function isScryptCost({
  N,
  r,
  p,
}: {
  readonly N: number
  readonly r: number
  readonly p: number
}): boolean {
  const isPower = Number.isInteger(Math.log2(N)) && N >= 2
  return (
    isPower &&
    r >= 1 &&
    r <= 32 &&
    p >= 1 &&
    p <= 16 &&
    128 * N * r <= MAX_MEMORY_BYTES &&
    N * r * p <= 2 ** 22
  )
}

/** The derived key. */
export function deriveScrypt(
  password: Buffer,
  salt: Buffer,
  { N, r, p }: { readonly N: number; readonly r: number; readonly p: number },
  length: number,
): Buffer {
  return scryptSync(password, salt, length, { N, r, p, maxmem: 2 * MAX_MEMORY_BYTES })
}

/** argon2 in the PHC form (RFC 9106, version 1.3), all three types, with bounded memory and passes. */
export function readArgon2(stored: string): Read {
  const match =
    /^\$(argon2(?:id|i|d))\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,128})\$([A-Za-z0-9+/]{16,128})$/.exec(
      stored,
    )
  if (!match) return stored.startsWith('$argon2') ? 'out-of-bounds' : undefined
  const [memory, passes, parallelism] = match.slice(2, 5).map(Number) as [number, number, number]
  const salt = fromBase64(match[5] as string)
  const hash = fromBase64(match[6] as string)
  const isBounded =
    memory >= 8 * parallelism &&
    memory * 1024 <= MAX_MEMORY_BYTES &&
    passes >= 1 &&
    parallelism >= 1 &&
    parallelism <= 16 &&
    memory * passes <= 2 ** 21
  if (!salt || !hash || !isBounded) return 'out-of-bounds'
  const algorithm = match[1] as 'argon2id' | 'argon2i' | 'argon2d'
  return (password) =>
    timingSafeEqual(
      argon2Sync(algorithm, {
        message: password,
        nonce: salt,
        memory,
        passes,
        parallelism,
        tagLength: hash.length,
      }),
      hash,
    )
}

/** `$pbkdf2-sha256$29000$salt$hash` of passlib, also with `i=...,l=...` as Ory writes it; `$pbkdf2$` is SHA-1. */
function readPbkdf2(stored: string): Read {
  const match =
    /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,8})(?:,l=\d{1,3})?\$([^$]{0,344})\$([^$]{1,344})$/.exec(
      stored,
    )
  if (!match) return undefined
  const [, digest = 'sha1', rounds, salt = '', hash = ''] = match
  return pbkdf2(digest, Number(rounds), fromBase64(salt), fromBase64(hash))
}

/** `pbkdf2_sha256$260000$salt$hash` of Django: the salt is text. */
function readDjangoPbkdf2(stored: string): Read {
  const match = /^pbkdf2_(sha1|sha256)\$(\d{1,8})\$([^$]{1,128})\$([^$]{1,128})$/.exec(stored)
  if (!match) return undefined
  const [, digest = '', rounds, salt = '', hash = ''] = match
  return pbkdf2(digest, Number(rounds), Buffer.from(salt), fromBase64(hash))
}

/** `pbkdf2:sha256:260000$salt$hex` and `scrypt:32768:8:1$salt$hex` of Werkzeug: the salt is text. */
function readWerkzeug(stored: string): Read {
  const match = /^(pbkdf2|scrypt):([\w:]{1,40})\$([^$]{1,128})\$([0-9a-f]{1,256})$/.exec(stored)
  if (!match) return undefined
  const [, kind, parameters = '', salt = '', hash = ''] = match
  const [first = '', ...rest] = parameters.split(':')
  if (kind === 'pbkdf2') {
    if (!['sha1', 'sha256', 'sha512'].includes(first)) return 'out-of-bounds'
    return pbkdf2(first, Number(rest[0] ?? '150000'), Buffer.from(salt), fromHex(hash))
  }
  const [N, r, p] = [first, ...rest].map(Number)
  return scrypt({ N: N ?? 0, r: r ?? 0, p: p ?? 0 }, Buffer.from(salt), fromHex(hash))
}

/** `$scrypt$ln=14,r=8,p=1$salt$hash` (PHC, passlib). Ory writes N itself where `ln` should stand. */
function readScrypt(stored: string): Read {
  const match = /^\$scrypt\$ln=(\d{1,7}),r=(\d{1,3}),p=(\d{1,3})\$([^$]{1,344})\$([^$]{1,344})$/.exec(stored)
  if (!match) return stored.startsWith('$scrypt$') ? 'out-of-bounds' : undefined
  const [ln = 0, r = 0, p = 0] = match.slice(1, 4).map(Number)
  return scrypt(
    { N: ln <= 30 ? 2 ** ln : ln, r, p },
    fromBase64(match[4] as string),
    fromBase64(match[5] as string),
  )
}

/** `scrypt$salt$16384$8$1$hash` of Django: the salt is text. */
function readDjangoScrypt(stored: string): Read {
  const match = /^scrypt\$([^$]{1,128})\$(\d{1,7})\$(\d{1,3})\$(\d{1,3})\$([^$]{1,344})$/.exec(stored)
  if (!match) return undefined
  const [N = 0, r = 0, p = 0] = match.slice(2, 5).map(Number)
  return scrypt({ N, r, p }, Buffer.from(match[1] as string), fromBase64(match[5] as string))
}

/** `salt:key` in hexadecimal, scrypt with N 16384, r 16, p 1: better-auth and Lucia. The salt is the text of its digits. */
function readBetterAuth(stored: string): Read {
  const match = /^([0-9a-f]{32}):([0-9a-f]{128})$/.exec(stored)
  if (!match) return undefined
  return scrypt({ N: 16_384, r: 16, p: 1 }, Buffer.from(match[1] as string), fromHex(match[2] as string))
}

/** `{PKCS5S2}` of Atlassian: PBKDF2 with SHA-1, 10,000 rounds, 16 bytes of salt before the hash. */
function readAtlassian(stored: string): Read {
  if (!stored.startsWith('{PKCS5S2}')) return undefined
  const bytes = fromBase64(stored.slice(9))
  return pbkdf2('sha1', 10_000, bytes?.subarray(0, 16), bytes?.subarray(16))
}

/** `{PBKDF2-SHA256}29000$salt$hash` of OpenLDAP; without a name it is SHA-1. */
function readLdapPbkdf2(stored: string): Read {
  const match = /^\{PBKDF2(?:-(SHA1|SHA256|SHA512))?\}(\d{1,8})\$([^$]{0,344})\$([^$]{1,344})$/.exec(stored)
  if (!match) return undefined
  const [, digest = 'sha1', rounds, salt = '', hash = ''] = match
  return pbkdf2(digest.toLowerCase(), Number(rounds), fromBase64(salt), fromBase64(hash))
}

/** `argon2$argon2id$...` of Django: the PHC form behind a word. */
function readDjangoArgon2(stored: string): Verify | 'out-of-bounds' | undefined {
  return stored.startsWith('argon2$') ? readArgon2(stored.slice(6)) : undefined
}

/** Formats that derive a key. */
export const DERIVED: readonly ForeignFormat[] = [
  { name: 'argon2', read: readArgon2 },
  { name: 'Django argon2', read: readDjangoArgon2 },
  { name: 'PBKDF2', read: readPbkdf2 },
  { name: 'Django PBKDF2', read: readDjangoPbkdf2 },
  { name: 'Werkzeug', read: readWerkzeug },
  { name: 'scrypt', read: readScrypt },
  { name: 'Django scrypt', read: readDjangoScrypt },
  { name: 'better-auth scrypt', read: readBetterAuth },
  { name: 'Atlassian PBKDF2', read: readAtlassian },
  { name: 'LDAP PBKDF2', read: readLdapPbkdf2 },
]
