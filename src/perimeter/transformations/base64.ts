import { scratchFor, textOf } from './scratch.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The value of each byte in base64 (RFC 4648 4), -1 for what is none. */
const STRICT = new Int8Array(256).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) STRICT[ALPHABET.charCodeAt(i)] = i

/** As `STRICT`, and the two letters of base64url (RFC 4648 5). */
const LENIENT = new Int8Array(STRICT)
LENIENT[45] = 62
LENIENT[95] = 63

/** Base64 (RFC 4648 4) up to the first byte that is none of it; line ends are passed over, padding is not needed. */
export function base64Decode(value: string): string {
  return decode(value, STRICT, false)
}

/** Base64 or base64url as the most lenient readers take it: bytes that are none of it are passed over. */
export function base64DecodeExt(value: string): string {
  return decode(value, LENIENT, true)
}

function decode(value: string, digits: Int8Array, isLenient: boolean): string {
  const { length } = value
  if (length === 0) return value
  const out = scratchFor(length)
  let n = 0
  let bits = 0
  let held = 0
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    const digit = digits[code & 0xff] as number
    if (digit < 0) {
      if (isLenient || code === 13 || code === 10) continue
      break
    }
    bits = ((bits << 6) | digit) & 0xffffff
    held += 6
    if (held >= 8) {
      held -= 8
      out[n++] = bits >> held
    }
  }
  return textOf(out, n)
}

/** Base64 with padding (RFC 4648 4). */
export function base64Encode(value: string): string {
  return value === '' ? value : Buffer.from(value, 'latin1').toString('base64')
}
