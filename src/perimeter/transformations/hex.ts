import { scratchFor, textOf } from './scratch.ts'

const DIGITS = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

/** The value of the hexadecimal digit at `at`, -1 for what is none and beyond the end. */
export function hexDigitAt(text: string, at: number): number {
  return at < text.length ? (DIGITS[text.charCodeAt(at) & 0xff] as number) : -1
}

/** The byte that the two hexadecimal digits at `at` stand for, -1 when there are not two. */
export function hexByteAt(text: string, at: number): number {
  const high = hexDigitAt(text, at)
  if (high < 0) return -1
  const low = hexDigitAt(text, at + 1)
  return low < 0 ? -1 : (high << 4) | low
}

/** The code that the four hexadecimal digits at `at` stand for, -1 when there are not four. */
export function hexWordAt(text: string, at: number): number {
  const high = hexByteAt(text, at)
  if (high < 0) return -1
  const low = hexByteAt(text, at + 2)
  return low < 0 ? -1 : (high << 8) | low
}

/** Every byte as two lower-case digits. */
export function hexEncode(value: string): string {
  return value === '' ? value : Buffer.from(value, 'latin1').toString('hex')
}

/**
 * Every two characters as one byte, a last odd one dropped. Characters that are no digits count by the same arithmetic as
 * in ModSecurity, which does not look whether they are.
 */
export function hexDecode(value: string): string {
  if (value === '') return value
  const pairs = value.length >> 1
  const out = scratchFor(pairs)
  for (let i = 0; i < pairs; i++) {
    out[i] = looseDigit(value.charCodeAt(2 * i)) * 16 + looseDigit(value.charCodeAt(2 * i + 1))
  }
  return textOf(out, pairs)
}

function looseDigit(code: number): number {
  return code >= 65 ? (code & 0xdf) - 55 : code - 48
}

/** `0x414243`, as SQL writes a string in digits, becomes `ABC`. A last odd digit stays. */
export function sqlHexDecode(value: string): string {
  if (firstSqlHex(value) < 0) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let i = 0
  while (i < length) {
    let byte = startsSqlHex(value, i) ? hexByteAt(value, i + 2) : -1
    if (byte < 0) {
      out[n++] = value.charCodeAt(i++)
      continue
    }
    for (i += 2; byte >= 0; byte = hexByteAt(value, i)) {
      out[n++] = byte
      i += 2
    }
  }
  return textOf(out, n)
}

function firstSqlHex(value: string): number {
  let at = value.indexOf('0')
  while (at >= 0 && !(startsSqlHex(value, at) && hexByteAt(value, at + 2) >= 0))
    at = value.indexOf('0', at + 1)
  return at
}

function startsSqlHex(value: string, at: number): boolean {
  return value.charCodeAt(at) === 48 && (value.charCodeAt(at + 1) | 0x20) === 120
}
