import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

import type { RandomBytes } from '../core/clock.ts'

/** What every key begins with, so that scanners of secrets and people know it: `rwk_`, 38 random characters, 6 of checksum. */
export const API_KEY_PREFIX = 'rwk_'

const RANDOM_CHARS = 38
const CHECK_CHARS = 6
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const FORM = /^rwk_[0-9A-Za-z]{44}$/
const ANYWHERE = /rwk_[0-9A-Za-z]{44}/

/** A new key of 226 random bits. */
export function newApiKey(random: RandomBytes): string {
  let text = ''
  while (text.length < RANDOM_CHARS) {
    for (const byte of random(64)) {
      // 248 is the largest multiple of 62 in a byte; what is above would make some characters likelier.
      if (byte < 248 && text.length < RANDOM_CHARS) text += ALPHABET[byte % 62]
    }
  }
  return `${API_KEY_PREFIX}${text}${checksum(text)}`
}

/** Whether a text has the form of a key and its checksum is right. Says so without asking anybody, for scanners and for us. */
export function isApiKey(text: string): boolean {
  if (!FORM.test(text)) return false
  const random = text.slice(API_KEY_PREFIX.length, -CHECK_CHARS)
  return checksum(random) === text.slice(-CHECK_CHARS)
}

/** The first key in a longer text, such as a query. */
export function findApiKey(text: string): string | undefined {
  const found = ANYWHERE.exec(text)?.[0]
  return found !== undefined && isApiKey(found) ? found : undefined
}

/** What is stored of a key. It is too random to be guessed, so a fast hash is enough (SP 800-63B 5.1.2.2). */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** CRC-32 (ISO 3309) in base 62, as GitHub's tokens have it. */
function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < CHECK_CHARS; i++) {
    digits = `${ALPHABET[rest % 62]}${digits}`
    rest = Math.floor(rest / 62)
  }
  return digits
}
