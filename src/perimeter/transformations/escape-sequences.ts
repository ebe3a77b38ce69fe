import { hexByteAt } from './hex.ts'
import { scratchFor, textOf } from './scratch.ts'

const BACKSLASH = 92

/**
 * The escapes of ANSI C: `\n` and its like, `\xHH`, and up to three octal digits, of whose number the low byte counts.
 * Before any other character the backslash goes; a last backslash stays.
 */
export function escapeSeqDecode(value: string): string {
  const first = value.indexOf('\\')
  if (first < 0 || first === value.length - 1) return value
  const last = value.length - 1
  const out = scratchFor(value.length)
  let n = 0
  let i = 0
  while (i <= last) {
    const code = value.charCodeAt(i)
    if (code !== BACKSLASH || i === last) {
      out[n++] = code
      i++
      continue
    }
    const next = value.charCodeAt(i + 1)
    const octals = octalDigits(value, i + 1)
    const byte = (next | 0x20) === 120 ? hexByteAt(value, i + 2) : -1
    if (octals > 0) {
      out[n++] = octalNumber(value, i + 1, octals)
      i += 1 + octals
    } else if (byte >= 0) {
      out[n++] = byte
      i += 4
    } else {
      out[n++] = escapedByte(next)
      i += 2
    }
  }
  return textOf(out, n)
}

const CONTROLS: ReadonlyMap<number, number> = new Map([
  [97, 7],
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
  [118, 11],
])

/** What a backslash and this character stand for when no digits are meant: a control character or the character itself. */
export function escapedByte(code: number): number {
  return CONTROLS.get(code) ?? code
}

/** How many octal digits, three at most, stand at `at`. */
export function octalDigits(value: string, at: number): number {
  let count = 0
  while (count < 3 && isOctal(value.charCodeAt(at + count))) count++
  return count
}

/** The number that `count` octal digits at `at` stand for. It may be beyond a byte. */
export function octalNumber(value: string, at: number, count: number): number {
  let number = 0
  for (let i = at; i < at + count; i++) number = number * 8 + value.charCodeAt(i) - 48
  return number
}

function isOctal(code: number): boolean {
  return code >= 48 && code <= 55
}
