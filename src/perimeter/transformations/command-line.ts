import { scratchFor, textOf } from './scratch.ts'

const PLAIN = 0
const UPPER = 1
const DROPPED = 2
const BLANK = 3
const TIGHT = 4

const KINDS = new Uint8Array(256)
for (let code = 65; code <= 90; code++) KINDS[code] = UPPER
for (const char of '"\'\\^') KINDS[char.charCodeAt(0)] = DROPPED
for (const char of ' ,;\t\r\n') KINDS[char.charCodeAt(0)] = BLANK
for (const char of '/(') KINDS[char.charCodeAt(0)] = TIGHT

/**
 * A command line without what shells let one write into it: quotes, backslashes and carets go, runs of blanks, commas,
 * semicolons and line ends become one blank, none is left before `/` and `(`, letters are lower-case.
 */
export function cmdLine(value: string): string {
  if (isClean(value)) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let isAfterBlank = false
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    const kind = KINDS[code & 0xff] as number
    if (kind === DROPPED) continue
    if (kind === BLANK) {
      if (!isAfterBlank) out[n++] = 32
      isAfterBlank = true
      continue
    }
    if (kind === TIGHT && isAfterBlank) n--
    out[n++] = kind === UPPER ? code + 32 : code
    isAfterBlank = false
  }
  return textOf(out, n)
}

function isClean(value: string): boolean {
  let isAfterBlank = false
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const kind = KINDS[code & 0xff] as number
    if (kind === PLAIN) isAfterBlank = false
    else if (kind === BLANK) {
      if (isAfterBlank || code !== 32) return false
      isAfterBlank = true
    } else if (kind !== TIGHT || isAfterBlank) return false
  }
  return true
}
