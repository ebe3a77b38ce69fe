import { scratchFor, textOf } from './scratch.ts'

const DOT = 46
const SLASH = 47

/**
 * A path without empty segments, `.` and `..`; what leads out of a relative path stays in front, and a slash at the end
 * stays or is missing as it was. As in ModSecurity a segment that only ends in two dots is taken out too; as in Coraza
 * the slash of the root is never lost.
 */
export function normalizePath(value: string): string {
  return isNormal(value) ? value : normalized(value)
}

/** As `normalizePath`, with every backslash read as a slash. */
export function normalizePathWin(value: string): string {
  return normalizePath(value.includes('\\') ? value.replaceAll('\\', '/') : value)
}

function isNormal(value: string): boolean {
  return value.charCodeAt(value.length - 1) !== DOT && !value.includes('./') && !value.includes('//')
}

function normalized(value: string): string {
  const { length } = value
  const isRelative = value.charCodeAt(0) !== SLASH
  const out = scratchFor(length)
  let n = 0
  /** The way up leads out of a relative path: from here on `..` is kept. */
  let isOutside = false
  let start = 0
  while (start < length) {
    const slash = value.indexOf('/', start)
    const end = slash < 0 ? length : slash
    const size = end - start
    const dots = size > 0 ? finalDots(value, start, end) : 0
    if (size === 1 && dots === 1) n = Math.max(n - 1, 0)
    else if (dots === 2 && !(isRelative && (isOutside || n + size <= 3))) {
      n = startOfLast(out, n, size)
      if (n === 0) isOutside = true
    } else {
      if (dots === 2) isOutside = true
      else if (dots === 0 && n + size > 1) isOutside = false
      for (let i = start; i < end; i++) out[n++] = value.charCodeAt(i)
    }
    start = end
    while (start < length && value.charCodeAt(start) === SLASH) start++
    if (start > end && (n > 0 || !isRelative)) out[n++] = SLASH
  }
  if (n === 0 && !isRelative) out[n++] = SLASH
  return textOf(out, n)
}

/** How many dots, two at most, stand before `end`. */
function finalDots(value: string, start: number, end: number): number {
  if (value.charCodeAt(end - 1) !== DOT) return 0
  return end - start > 1 && value.charCodeAt(end - 2) === DOT ? 2 : 1
}

/** Where the output ends after a segment of this size that ends in two dots: for `..` itself one segment less, else here. */
function startOfLast(out: Buffer, n: number, size: number): number {
  let at = size === 2 ? n - 2 : n - 1
  while (at > 0 && out[at] !== SLASH) at--
  return Math.max(at, 0)
}
