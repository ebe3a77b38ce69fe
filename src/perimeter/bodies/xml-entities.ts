import { hexDigit } from './url-encoded.ts'
import { utf8Bytes } from './utf8.ts'

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

/** Text with its references undone; `unknown` is the first reference that is not predefined or numeric. */
export interface DecodedText {
  readonly text: string
  readonly unknown: string | undefined
}

// Longer names and numbers are not looked for: what is not a reference stays as it is written.
const MAX_REFERENCE = 64

/** Undoes the five predefined entities and numeric references (XML 1.0 4.1, 4.6). Nothing is ever expanded or fetched. */
export function decodeReferences(text: string): DecodedText {
  let at = text.indexOf('&')
  if (at < 0) return { text, unknown: undefined }
  let decoded = ''
  let kept = 0
  let unknown: string | undefined
  while (at >= 0) {
    const end = referenceEnd(text, at + 1)
    const value = end < 0 ? undefined : reference(text.slice(at + 1, end))
    if (value === undefined) unknown ??= text.slice(at, end < 0 ? at + 1 : end + 1)
    else {
      decoded += text.slice(kept, at) + value
      kept = end + 1
    }
    at = text.indexOf('&', at + 1)
  }
  return { text: decoded + text.slice(kept), unknown }
}

/** Where the semicolon of a reference is, or -1. */
function referenceEnd(text: string, start: number): number {
  for (let i = start; i < text.length && i <= start + MAX_REFERENCE; i++) {
    const char = text[i] as string
    if (char === ';') return i === start ? -1 : i
    if (char <= ' ' || char === '&' || char === '<') return -1
  }
  return -1
}

function reference(name: string): string | undefined {
  if (!name.startsWith('#')) return PREDEFINED.get(name)
  const code = name[1] === 'x' ? digits(name, 2, 16) : digits(name, 1, 10)
  return code !== undefined && isXmlCharacter(code) ? utf8Bytes(code) : undefined
}

function digits(text: string, start: number, base: number): number | undefined {
  let value = 0
  for (let i = start; i < text.length; i++) {
    const digit = hexDigit(text.charCodeAt(i))
    if (digit < 0 || digit >= base) return undefined
    value = value * base + digit
    if (value > 0x10ffff) return undefined
  }
  return text.length > start ? value : undefined
}

/** XML 1.0 2.2, and the controls that XML 1.1 2.2 allows as references, but not NUL. */
function isXmlCharacter(code: number): boolean {
  return (code > 0 && code < 0xd800) || (code >= 0xe000 && code !== 0xfffe && code !== 0xffff)
}
