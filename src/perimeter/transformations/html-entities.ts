import { hexDigitAt } from './hex.ts'
import { scratchFor, textOf } from './scratch.ts'

const AMPERSAND = 38
const SEMICOLON = 59

const NAMED: ReadonlyMap<string, number> = new Map([
  ['quot', 34],
  ['amp', 38],
  ['lt', 60],
  ['gt', 62],
  ['nbsp', 0xa0],
])
const MAX_NAME = 4

/**
 * `&#60;`, `&#x3c;` and the names quot, amp, lt, gt and nbsp in any case, each with or without its semicolon. Of a number
 * the low byte counts; one beyond 63 bits is 255, as C's strtol has it.
 */
export function htmlEntityDecode(value: string): string {
  if (!value.includes('&')) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let i = 0
  while (i < length) {
    const code = value.charCodeAt(i)
    if (code !== AMPERSAND) {
      out[n++] = code
      i++
      continue
    }
    const end = endOfReference(value, i)
    const byte = byteOfReference(value, i, end)
    if (byte < 0) {
      out[n++] = AMPERSAND
      i++
    } else {
      out[n++] = byte
      i = value.charCodeAt(end) === SEMICOLON ? end + 1 : end
    }
  }
  return n === length ? value : textOf(out, n)
}

/** Where the digits or the name after the ampersand at `at` end. A name is read to one past the longest known one. */
function endOfReference(value: string, at: number): number {
  let end = startOfContent(value, at)
  if (end === at + 3) while (hexDigitAt(value, end) >= 0) end++
  else if (end === at + 2) while (isDigit(value.charCodeAt(end))) end++
  else while (end - at <= MAX_NAME + 1 && isAlphanumeric(value.charCodeAt(end))) end++
  return end
}

/** What the reference from `at` to `end` stands for, -1 when it is none. */
function byteOfReference(value: string, at: number, end: number): number {
  const start = startOfContent(value, at)
  if (start === end) return -1
  if (start === at + 3) return hexNumber(value, start, end)
  if (start === at + 2) return decimalNumber(value, start, end)
  return NAMED.get(value.slice(start, end).toLowerCase()) ?? -1
}

/** The place after `&#x`, `&#` or `&`. */
function startOfContent(value: string, at: number): number {
  if (value.charCodeAt(at + 1) !== 35) return at + 1
  return (value.charCodeAt(at + 2) | 0x20) === 120 ? at + 3 : at + 2
}

function hexNumber(value: string, start: number, end: number): number {
  const first = afterZeros(value, start, end)
  const digits = end - first
  if (digits > 16 || (digits === 16 && hexDigitAt(value, first) > 7)) return 255
  let byte = 0
  for (let i = first; i < end; i++) byte = ((byte << 4) | hexDigitAt(value, i)) & 0xff
  return byte
}

const MAX_LONG = '9223372036854775807'

function decimalNumber(value: string, start: number, end: number): number {
  const first = afterZeros(value, start, end)
  const digits = end - first
  if (digits > MAX_LONG.length || (digits === MAX_LONG.length && value.slice(first, end) > MAX_LONG))
    return 255
  let byte = 0
  for (let i = first; i < end; i++) byte = (byte * 10 + value.charCodeAt(i) - 48) & 0xff
  return byte
}

function afterZeros(value: string, start: number, end: number): number {
  let first = start
  while (first < end && value.charCodeAt(first) === 48) first++
  return first
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isAlphanumeric(code: number): boolean {
  const letter = code | 0x20
  return isDigit(code) || (letter >= 97 && letter <= 122 && code < 128)
}
