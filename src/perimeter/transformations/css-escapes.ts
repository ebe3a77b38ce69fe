import { hexDigitAt } from './hex.ts'
import { scratchFor, textOf } from './scratch.ts'
import { isSpace } from './whitespace.ts'
import { byteOfCode } from './wide-codes.ts'

const BACKSLASH = 92
const MAX_DIGITS = 6

/**
 * The escapes of CSS 2.1 4.1.3: a backslash and one to six digits with one white space after them, of whose code the low
 * byte counts; a backslash and a line feed are nothing; before any other character, and at the end, the backslash goes.
 */
export function cssDecode(value: string): string {
  if (!value.includes('\\')) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let i = 0
  while (i < length) {
    const code = value.charCodeAt(i++)
    if (code !== BACKSLASH) {
      out[n++] = code
      continue
    }
    if (i === length) break
    const start = i
    let number = 0
    for (
      let digit = hexDigitAt(value, i);
      digit >= 0 && i - start < MAX_DIGITS;
      digit = hexDigitAt(value, i)
    ) {
      number = number * 16 + digit
      i++
    }
    if (i > start) {
      out[n++] = byteOfCode(number)
      if (isSpace(value.charCodeAt(i))) i++
    } else {
      const next = value.charCodeAt(i++)
      if (next !== 10) out[n++] = next
    }
  }
  return textOf(out, n)
}
