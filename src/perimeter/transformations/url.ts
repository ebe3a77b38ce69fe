import { hexByteAt, hexWordAt } from './hex.ts'
import { scratchFor, textOf } from './scratch.ts'
import { byteOfCode } from './wide-codes.ts'

const PERCENT = 37
const PLUS = 43

/** Undoes percent-encoding and `+`, once. What is damaged stays as it is. */
export function urlDecode(value: string): string {
  return decode(value, false)
}

/** As `urlDecode`, and `%uHHHH` as IIS reads it. */
export function urlDecodeUni(value: string): string {
  return decode(value, true)
}

function decode(value: string, isWide: boolean): string {
  const hasPlus = value.includes('+')
  if (!hasPlus && !value.includes('%')) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let i = 0
  while (i < length) {
    const code = value.charCodeAt(i)
    if (code === PLUS) {
      out[n++] = 32
      i++
    } else if (code !== PERCENT) {
      out[n++] = code
      i++
    } else if (isWide && (value.charCodeAt(i + 1) | 0x20) === 117) {
      const word = hexWordAt(value, i + 2)
      if (word >= 0) {
        out[n++] = byteOfCode(word)
        i += 6
      } else {
        out[n++] = PERCENT
        i++
      }
    } else {
      const byte = hexByteAt(value, i + 1)
      out[n++] = byte < 0 ? PERCENT : byte
      i += byte < 0 ? 1 : 3
    }
  }
  return n === length && !hasPlus ? value : textOf(out, n)
}

const LOWER_DIGITS = '0123456789abcdef'

/** Every byte but letters, digits and `*` as `%hh`; a blank as `+`. */
export function urlEncode(value: string): string {
  let i = 0
  const { length } = value
  while (i < length && isKept(value.charCodeAt(i))) i++
  if (i === length) return value
  const out = scratchFor(3 * length)
  let n = 0
  for (i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (isKept(code)) out[n++] = code
    else if (code === 32) out[n++] = PLUS
    else {
      out[n++] = PERCENT
      out[n++] = LOWER_DIGITS.charCodeAt((code >> 4) & 15)
      out[n++] = LOWER_DIGITS.charCodeAt(code & 15)
    }
  }
  return textOf(out, n)
}

function isKept(code: number): boolean {
  const letter = code | 0x20
  return (letter >= 97 && letter <= 122 && code < 128) || (code >= 48 && code <= 57) || code === 42
}
