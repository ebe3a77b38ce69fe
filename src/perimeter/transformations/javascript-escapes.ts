import { escapedByte, octalDigits, octalNumber } from './escape-sequences.ts'
import { hexByteAt, hexWordAt } from './hex.ts'
import { scratchFor, textOf } from './scratch.ts'
import { byteOfCode } from './wide-codes.ts'

const BACKSLASH = 92

/**
 * The escapes of a JavaScript string: `\uHHHH`, `\xHH`, octal up to `\377`, `\n` and its like. Before any other character
 * the backslash goes; a last backslash stays.
 */
export function jsDecode(value: string): string {
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
    const word = next === 117 ? hexWordAt(value, i + 2) : -1
    const byte = next === 120 ? hexByteAt(value, i + 2) : -1
    const octals = octalDigits(value, i + 1)
    if (word >= 0) {
      out[n++] = byteOfCode(word)
      i += 6
    } else if (byte >= 0) {
      out[n++] = byte
      i += 4
    } else if (octals > 0) {
      const count = octals === 3 && next > 51 ? 2 : octals
      out[n++] = octalNumber(value, i + 1, count)
      i += 1 + count
    } else {
      out[n++] = escapedByte(next)
      i += 2
    }
  }
  return textOf(out, n)
}
