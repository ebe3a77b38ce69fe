import type { Clock, RandomBytes } from './clock.ts'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Makes ids of 128 bits that sort by time: 48 bits of milliseconds, 80 bits of randomness, in 26 characters of
 * Crockford's base 32 (the ULID layout, in lower case). One id per exchange names it in the response header, the
 * trace, the audit event and the log.
 */
export function createIdSource(clock: Clock, random: RandomBytes): () => string {
  let pool = new Uint8Array(0)
  let used = 0
  let stamp = ''
  let stampMs = -1
  return () => {
    const nowMs = clock.now()
    if (nowMs !== stampMs) {
      stamp = encodeTime(nowMs)
      stampMs = nowMs
    }
    if (used + 16 > pool.length) {
      pool = Uint8Array.from(random(2048))
      used = 0
    }
    let text = stamp
    // 16 characters of 5 bits are the 80 random bits; one byte feeds one character, so 3 bits of each go unused.
    for (let i = 0; i < 16; i++) text += ALPHABET[(pool[used++] as number) & 31]
    return text
  }
}

function encodeTime(ms: number): string {
  let text = ''
  for (let rest = ms, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32] + text
  return text
}

const ID = /^[0-9a-hjkmnp-tv-z]{26}$/

/** Whether a text has the form of an exchange id. */
export function isId(text: string): boolean {
  return ID.test(text)
}
