import { createFieldNames, secretNameEndings } from '../mask-fields.ts'
import { classAt, DIGIT, DOT, HYPHEN, isWordAt, runEnd, WORD } from './characters.ts'
import type { Finding } from './finding.ts'

const MAX_NAME = 64
/** The longest value that is masked in one piece. */
export const MAX_VALUE = 16_384
const NAMES = createFieldNames()
const ENDINGS: Uint8Array = buildEndings()

function buildEndings(): Uint8Array {
  const table = new Uint8Array(128 * 128)
  for (const ending of secretNameEndings()) table[ending.charCodeAt(0) * 128 + ending.charCodeAt(1)] = 1
  return table
}

/** A name in text, and how far its value goes. */
interface Name {
  readonly from: number
  readonly isLine: boolean
}

/** Whether the two characters before `end` may end the name of a secret. One look-up; nearly everything stops here. */
export function mayEndName(text: string, end: number): boolean {
  const first = text.charCodeAt(end - 2) | 32
  const second = text.charCodeAt(end - 1) | 32
  return first < 128 && second < 128 && ENDINGS[first * 128 + second] === 1
}

/** The name of a secret that ends at `end`, not before `first`. */
function nameBefore(text: string, end: number, first: number): Name | undefined {
  if (!mayEndName(text, end)) return undefined
  let from = end
  const stop = Math.max(first, end - MAX_NAME)
  while (from > stop && (classAt(text, from - 1) & (WORD | HYPHEN | DOT)) !== 0) from--
  const mask = NAMES.maskOf(text.slice(from, end))
  return mask === 'secret' || mask === 'line' ? { from, isLine: mask === 'line' } : undefined
}

/**
 * The value of a secret's name whose sign of assignment is from `at` to `after`: `password=x`, `"apiKey": "x"`, `\"token\":\"x\"`,
 * `secret => 'x'`, `Cookie: a=b; c=d`, `user[password]=x`, `password%3Dx`. Nothing before `first` is looked at.
 */
export function assignedValue(text: string, at: number, after: number, first: number): Finding | undefined {
  let end = at
  while (end > first && at - end < 3 && isBlank(text.charCodeAt(end - 1))) end--
  const spaced = end
  while (end > first && isQuoteOrSlash(text.charCodeAt(end - 1)) && spaced - end < 5) end--
  const name = nameBefore(text, end, first)
  if (!name) return undefined
  let from = after
  const arrow = text.charCodeAt(from)
  if (arrow === 61 || arrow === 62) from++
  while (isBlank(text.charCodeAt(from)) && from - after < 8) from++
  // `{"label":"Password:","n":1}`: the quote ends the string that the name is in.
  const isEnd =
    text.charCodeAt(spaced - 1) !== 34 && text.charCodeAt(from) === 34 && isStructure(text, from + 1)
  if (isEnd) return undefined
  const opener = text.charAt(name.from - 1)
  return found(text, from, name.isLine ? lineEnd(text, from, isQuote(opener) ? opener : '') : -1)
}

/** Whether JSON goes on here behind a string. */
function isStructure(text: string, at: number): boolean {
  const code = text.charCodeAt(isBlank(text.charCodeAt(at)) ? at + 1 : at)
  return code === 44 || code === 58 || code === 93 || code === 125
}

/** `--password x` from its first hyphen. */
export function flagValue(text: string, at: number): Finding | undefined {
  const end = runEnd(text, at + 2, WORD | HYPHEN, MAX_NAME)
  if (text.charCodeAt(end) !== 32 || !nameBefore(text, end, at + 2)) return undefined
  // The next flag is no value.
  return text.charCodeAt(end + 1) === 45 ? undefined : found(text, end + 1, -1)
}

/** `<password>x</password>` from its first `>`. */
export function elementValue(text: string, at: number, first: number): Finding | undefined {
  const name = nameBefore(text, at, first)
  if (!name) return undefined
  const before = text.charAt(name.from - 1)
  if (before !== '<' && before !== ':') return undefined
  const to = elementEnd(text, at + 1)
  return to > at + 1 ? { kind: 'credential', from: at + 1, to } : undefined
}

/** The closing tag; where there is none, the next tag, the line's end, or the end of the string that the element is in. */
function elementEnd(text: string, from: number): number {
  const stop = Math.min(text.length, from + MAX_VALUE)
  let quote = -1
  for (let i = from; i < stop; i++) {
    const code = text.charCodeAt(i)
    if (code === 60 && text.charCodeAt(i + 1) === 47) return i
    if (code === 60 || code === 10) return quote < 0 ? i : quote
    if (code === 92) i++
    else if (code === 34 && quote < 0) quote = i
  }
  return quote < 0 ? stop : quote
}

/** `user:password@` of the URL whose scheme ends with the colon at `colon`; without colon all before the `@`. */
export function urlCredentials(text: string, colon: number): Finding | undefined {
  const from = colon + 3
  const stop = Math.min(text.length, from + 512)
  let password = -1
  let at = -1
  for (let i = from; i < stop; i++) {
    const code = text.charCodeAt(i)
    if (code === 64) at = i
    else if (code === 58 && password < 0) password = i + 1
    else if (
      code <= 32 ||
      code === 47 ||
      code === 34 ||
      code === 39 ||
      code === 63 ||
      code === 35 ||
      code === 60
    )
      break
  }
  if (at <= from) return undefined
  const start = password > 0 && password < at ? password : from
  return start < at ? { kind: 'url_credentials', from: start, to: at } : undefined
}

const NOTHING = new Set(['null', 'true', 'false', 'undefined', 'nil', 'none', 'None', 'REDACTED', 'redacted'])

function found(text: string, start: number, lineTo: number): Finding | undefined {
  let from = start
  let slashes = 0
  while (text.charCodeAt(from) === 92 && slashes < 7) {
    from++
    slashes++
  }
  const quote = text.charAt(from)
  const isQuoted = isQuote(quote)
  if (isQuoted) from++
  else from = start
  // What begins an object or a list is not the value; the names in it tell.
  if (!isQuoted && (quote === '{' || quote === '[')) return undefined
  const to = isQuoted ? quotedEnd(text, from, quote, slashes) : lineTo >= 0 ? lineTo : bareEnd(text, from)
  if (to <= from || isMasked(text, from, to)) return undefined
  return { kind: 'credential', from, to }
}

function isMasked(text: string, from: number, to: number): boolean {
  if (to - from > 16) return false
  const value = text.slice(from, to)
  return NOTHING.has(value) || value.startsWith('[secret]') || value === '*'.repeat(value.length)
}

/** The closing quote, which has as many backslashes before it as the opening one. */
function quotedEnd(text: string, from: number, quote: string, slashes: number): number {
  const mark = quote.charCodeAt(0)
  const stop = Math.min(text.length, from + MAX_VALUE)
  let run = 0
  for (let i = from; i < stop; i++) {
    const code = text.charCodeAt(i)
    if (code === 92) run++
    else {
      // Without outer escape an even number of backslashes stands for themselves.
      if (code === mark && (slashes === 0 ? run % 2 === 0 : run === slashes)) return i - slashes
      // The string ends that all of this is in.
      if (code === 34 && (mark === 34 ? run < slashes : run === 0 && isStructure(text, i + 1))) return i - run
      if (code === 10) return i
      run = 0
    }
  }
  return stop
}

function bareEnd(text: string, from: number): number {
  const stop = Math.min(text.length, from + MAX_VALUE)
  let i = from
  for (; i < stop; i++) {
    const code = text.charCodeAt(i)
    if (code <= 32 || code === 38 || code === 59 || code === 60 || code === 62 || code === 92) break
    if (code === 34 || code === 39 || code === 96 || code === 41 || code === 93 || code === 125) break
    if (code === 44 && endsAtComma(text, i)) break
    if (code === 37 && text.startsWith('26', i + 1)) break
  }
  while (i > from && text.charCodeAt(i - 1) === 44) i--
  return i
}

/** A comma ends a value where another pair, a blank or a bracket follows; else it is of the value. */
function endsAtComma(text: string, at: number): boolean {
  if (!isWordAt(text, at + 1)) return true
  if ((classAt(text, at + 1) & DIGIT) !== 0) return false
  const next = text.charCodeAt(runEnd(text, at + 1, WORD | HYPHEN | DOT, 32))
  return next === 61 || next === 58
}

/**
 * The end of a header field's value: the line's, or that of the string it is in - a quote that no backslash is before and that
 * opens no parameter (`Digest username="ann"`).
 */
function lineEnd(text: string, from: number, opener: string): number {
  const stop = Math.min(text.length, from + MAX_VALUE)
  let isParameter = false
  for (let i = from; i < stop; i++) {
    const code = text.charCodeAt(i)
    if (code === 10 || code === 13) return i
    if (code === 92) {
      const next = text.charAt(i + 1)
      if (next === 'n' || next === 'r') return i
      i++
    } else if (code === 34 && (isParameter || opensParameter(text, i))) isParameter = !isParameter
    else if (code === 34 || text.charAt(i) === opener) return i
  }
  return stop
}

/** `="` and something behind it: at the end of base64 the quote is that of the string. */
function opensParameter(text: string, quote: number): boolean {
  return text.charCodeAt(quote - 1) === 61 && text.charCodeAt(quote + 1) > 32 && !isStructure(text, quote + 1)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function isQuote(character: string): boolean {
  return character === '"' || character === "'" || character === '`'
}

function isQuoteOrSlash(code: number): boolean {
  return code === 34 || code === 39 || code === 96 || code === 92 || code === 93
}
