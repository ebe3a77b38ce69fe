import { BCRYPT, DJANGO_BCRYPT, WORDPRESS } from './bcrypt.ts'
import { MD5_CRYPT, PHPASS, SHA_CRYPT } from './crypt.ts'
import { DERIVED } from './derived.ts'
import { DJANGO_DIGEST, LDAP_DIGEST } from './digest.ts'
import { FIREBASE } from './firebase.ts'
import type { ForeignFormat, Verify } from './format.ts'

const FORMATS: readonly ForeignFormat[] = [
  ...DERIVED,
  BCRYPT,
  DJANGO_BCRYPT,
  WORDPRESS,
  FIREBASE,
  MD5_CRYPT,
  SHA_CRYPT,
  PHPASS,
  LDAP_DIGEST,
  DJANGO_DIGEST,
]

const MAX_STORED = 700

/** What a text of another system's password table is. */
export type ForeignHash =
  | { readonly kind: 'known'; readonly format: string; readonly verify: Verify }
  | { readonly kind: 'out-of-bounds'; readonly format: string }
  | { readonly kind: 'unknown' }

/** Recognises a stored password of another system, and bounds what checking it may cost, before it costs anything. */
export function readForeignHash(rawStored: string): ForeignHash {
  const stored = rawStored.startsWith('{CRYPT}') ? rawStored.slice(7) : rawStored
  if (stored.length > MAX_STORED) return { kind: 'unknown' }
  for (const { name, read } of FORMATS) {
    const verify = read(stored)
    if (verify === 'out-of-bounds') return { kind: 'out-of-bounds', format: name }
    if (verify) return { kind: 'known', format: name, verify }
  }
  return { kind: 'unknown' }
}

/** The names of all formats. */
export const FOREIGN_FORMATS: readonly string[] = FORMATS.map(({ name }) => name)

/** Checks a password as it was typed, and in one form of Unicode where that is another text. Blocks; for the hashing thread. */
export function verifyForeign(stored: string, password: string): boolean {
  const hash = readForeignHash(stored)
  if (hash.kind !== 'known') return false
  const forms = new Set([password, password.normalize('NFC')])
  return [...forms].some((form) => hash.verify(Buffer.from(form, 'utf8')))
}
