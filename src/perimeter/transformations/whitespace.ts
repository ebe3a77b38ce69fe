import { scratchFor, textOf } from './scratch.ts'

/** White space of C's `isspace`: blank, tab, line feed, vertical tab, form feed, carriage return. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/** Each run of white space becomes one blank. */
export function compressWhitespace(value: string): string {
  const { length } = value
  let isAfterSpace = false
  let i = 0
  for (; i < length; i++) {
    const code = value.charCodeAt(i)
    if (!isSpace(code)) isAfterSpace = false
    else if (isAfterSpace || code !== 32) break
    else isAfterSpace = true
  }
  if (i === length) return value
  const out = scratchFor(length)
  let n = 0
  isAfterSpace = false
  for (i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (!isSpace(code)) out[n++] = code
    else if (!isAfterSpace) out[n++] = 32
    isAfterSpace = isSpace(code)
  }
  return textOf(out, n)
}

/** White space goes, and so do the bytes A0 and C2 that a no-break space is made of, in Latin-1 and in UTF-8. */
export function removeWhitespace(value: string): string {
  const { length } = value
  let i = 0
  while (i < length && !isAnySpace(value.charCodeAt(i))) i++
  if (i === length) return value
  const out = scratchFor(length)
  let n = 0
  for (i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (!isAnySpace(code)) out[n++] = code
  }
  return textOf(out, n)
}

function isAnySpace(code: number): boolean {
  return isSpace(code) || code === 0xa0 || code === 0xc2
}

/** White space at both ends goes. */
export function trim(value: string): string {
  return trimLeft(trimRight(value))
}

/** White space at the beginning goes. */
export function trimLeft(value: string): string {
  let start = 0
  while (start < value.length && isSpace(value.charCodeAt(start))) start++
  return start === 0 ? value : value.slice(start)
}

/** White space at the end goes. */
export function trimRight(value: string): string {
  let end = value.length
  while (end > 0 && isSpace(value.charCodeAt(end - 1))) end--
  return end === value.length ? value : value.slice(0, end)
}
