import { BODY_BOUNDS, type BodyBounds, type BodyReading, NOTHING_READ } from './reading.ts'

const PERCENT = 0x25
const PLUS = 0x2b

/** The arguments of a form body (WHATWG URL 5.1, without its character decoding). */
export function readUrlEncoded(body: string, bounds: BodyBounds = BODY_BOUNDS): BodyReading {
  const args = parseQuery(body, bounds.maxArguments + 1)
  if (args.length <= bounds.maxArguments) return { ...NOTHING_READ, args }
  args.pop()
  return { ...NOTHING_READ, args, truncated: `more than ${bounds.maxArguments} arguments` }
}

/** Name and value pairs of a query string or form; a name without `=` has an empty value, empty pieces are no pairs. */
export function parseQuery(raw: string, maxPairs = Number.MAX_SAFE_INTEGER): [string, string][] {
  const pairs: [string, string][] = []
  for (let start = 0; start < raw.length && pairs.length < maxPairs;) {
    const found = raw.indexOf('&', start)
    const end = found < 0 ? raw.length : found
    if (end > start) pairs.push(splitPair(raw.slice(start, end)))
    start = end + 1
  }
  return pairs
}

function splitPair(piece: string): [string, string] {
  const equals = piece.indexOf('=')
  if (equals < 0) return [decodeFormText(piece), '']
  return [decodeFormText(piece.slice(0, equals)), decodeFormText(piece.slice(equals + 1))]
}

/** `+` becomes a space and `%HH` its byte; an invalid escape stays as it is written. */
export function decodeFormText(text: string): string {
  return decode(text, true)
}

/** `%HH` becomes its byte; an invalid escape stays as it is written (RFC 3986 2.1). */
export function decodePercentBytes(text: string): string {
  return decode(text, false)
}

function decode(text: string, plusIsSpace: boolean): string {
  if (!text.includes('%')) return plusIsSpace && text.includes('+') ? text.replaceAll('+', ' ') : text
  let decoded = ''
  let kept = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === PLUS && plusIsSpace) {
      decoded += `${text.slice(kept, i)} `
      kept = i + 1
    } else if (code === PERCENT) {
      const high = hexDigit(text.charCodeAt(i + 1))
      const low = hexDigit(text.charCodeAt(i + 2))
      if (high < 0 || low < 0) continue
      decoded += text.slice(kept, i) + String.fromCharCode(high * 16 + low)
      i += 2
      kept = i + 1
    }
  }
  return decoded + text.slice(kept)
}

/** The value of a hexadecimal digit's char code, or -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
