import { isAscii } from './ascii.ts'
import { scratchFor, textOf } from './scratch.ts'

const LOWER_DIGITS = '0123456789abcdef'

/**
 * Each UTF-8 sequence of two to four bytes as `%uhhhh`, with more digits beyond U+FFFF. As in ModSecurity a first byte
 * whose followers are missing goes, stray followers stay, and of an overlong sequence and of a surrogate the first byte
 * comes after the code. A NUL stays, as in Coraza.
 */
export function utf8toUnicode(value: string): string {
  const { length } = value
  if (isAscii(value)) return value
  const out = scratchFor(4 * length)
  let n = 0
  let isChanged = false
  let i = 0
  while (i < length) {
    const first = value.charCodeAt(i)
    const size = sequenceSize(first)
    if (size === 1) {
      out[n++] = first
      i++
      continue
    }
    isChanged = true
    if (first >= 0xf5) out[n++] = first
    const code = codeAt(value, i, size)
    if (code < 0) {
      i++
      continue
    }
    out[n++] = 37
    out[n++] = 117
    for (let shift = code > 0xfffff ? 20 : code > 0xffff ? 16 : 12; shift >= 0; shift -= 4) {
      out[n++] = LOWER_DIGITS.charCodeAt((code >> shift) & 15)
    }
    if (isOverlong(code, size) || (code >= 0xd800 && code <= 0xdfff)) out[n++] = first
    i += size
  }
  return isChanged ? textOf(out, n) : value
}

/** How many bytes a sequence with this first byte has; 1 also for what cannot be a first byte. */
function sequenceSize(first: number): number {
  if (first < 0xc0 || first > 0xf7) return 1
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

function codeAt(value: string, at: number, size: number): number {
  let code = value.charCodeAt(at) & (0xff >> (size + 1))
  for (let i = at + 1; i < at + size; i++) {
    const follower = value.charCodeAt(i)
    if ((follower & 0xc0) !== 0x80) return -1
    code = (code << 6) | (follower & 0x3f)
  }
  return code
}

function isOverlong(code: number, size: number): boolean {
  return code < (size === 2 ? 0x80 : size === 3 ? 0x800 : 0x10000)
}
