import { scratchFor, textOf } from './scratch.ts'

const HASH = 35
const STAR = 42
const DASH = 45
const SLASH = 47
const LESS = 60
const GREATER = 62

/** Each comment of C becomes one blank, also one that does not end. */
export function replaceComments(value: string): string {
  let open = value.indexOf('/*')
  if (open < 0) return value
  const pieces: string[] = []
  let from = 0
  while (open >= 0) {
    pieces.push(value.slice(from, open), ' ')
    const close = value.indexOf('*/', open + 2)
    from = close < 0 ? value.length : close + 2
    open = value.indexOf('/*', from)
  }
  pieces.push(value.slice(from))
  return pieces.join('')
}

/**
 * Comments of C and HTML go, and everything from `--` or `#` on. As in ModSecurity and Coraza the byte after a comment is
 * not looked at (a NUL stands for the end), either end closes either beginning, and one that does not end leaves a blank.
 */
export function removeComments(value: string): string {
  if (firstSign(value) < 0) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let i = 0
  let isInside = false
  while (i < length) {
    if (isInside) {
      const closing = closingLength(value, i)
      i += closing === 0 ? 1 : closing
      if (closing === 0) continue
      isInside = false
      out[n++] = i < length ? value.charCodeAt(i) : 0
      i++
      continue
    }
    const opening = openingLength(value, i)
    if (opening > 0) {
      isInside = true
      i += opening
    } else if (startsRest(value, i)) break
    else out[n++] = value.charCodeAt(i++)
  }
  if (isInside) out[n++] = 32
  return n === length ? value : textOf(out, n)
}

/** The signs that comments are made of go: both ends of C's and of HTML's, `--`, `#`. */
export function removeCommentsChar(value: string): string {
  if (firstSign(value) < 0) return value
  const { length } = value
  const out = scratchFor(length)
  let n = 0
  let i = 0
  while (i < length) {
    const sign = signLength(value, i)
    if (sign === 0) out[n++] = value.charCodeAt(i++)
    else i += sign
  }
  return textOf(out, n)
}

function firstSign(value: string): number {
  for (let i = 0; i < value.length; i++) if (signLength(value, i) > 0) return i
  return -1
}

function signLength(value: string, at: number): number {
  const code = value.charCodeAt(at)
  if (code > LESS || code < HASH) return 0
  return (
    openingLength(value, at) ||
    closingLength(value, at) ||
    (startsRest(value, at) ? (code === HASH ? 1 : 2) : 0)
  )
}

function openingLength(value: string, at: number): number {
  const code = value.charCodeAt(at)
  if (code === SLASH) return value.charCodeAt(at + 1) === STAR ? 2 : 0
  return code === LESS && value.startsWith('!--', at + 1) ? 4 : 0
}

function closingLength(value: string, at: number): number {
  const code = value.charCodeAt(at)
  if (code === STAR) return value.charCodeAt(at + 1) === SLASH ? 2 : 0
  return code === DASH && value.charCodeAt(at + 1) === DASH && value.charCodeAt(at + 2) === GREATER ? 3 : 0
}

function startsRest(value: string, at: number): boolean {
  const code = value.charCodeAt(at)
  return code === HASH || (code === DASH && value.charCodeAt(at + 1) === DASH)
}
