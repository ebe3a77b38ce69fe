import { parseIp } from '../../core/ip.ts'
import {
  ALNUM,
  classAt,
  DIGIT,
  DOT,
  HEX,
  HYPHEN,
  isDigitCode,
  isWordAt,
  runEnd,
  UNDERSCORE,
} from './characters.ts'

/** RFC 5321 4.5.3.1. */
const MAX_LOCAL = 64
const MAX_DOMAIN = 255
const LOCAL_MARKS = "!#$%&'*+/=?^_`{|}~.-"
/** Of RFC 5322 atext, what addresses in use have: the rest is more often a delimiter. */
const USED_MARKS = new Set("%'+_.-".split('').map((mark) => mark.charCodeAt(0)))

/** A span of text. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The e-mail address around the `@` at `at`, not before `from`. */
export function emailAround(text: string, at: number, from: number): Span | undefined {
  let start = at
  const first = Math.max(from, at - MAX_LOCAL)
  while (start > first && isLocalPart(text, start - 1)) start--
  // The letter of an escape is none of the name: in `\\nann@example.com` it is `ann`.
  if (start > first && text.charCodeAt(start - 1) === 92) start += text.charCodeAt(start) === 117 ? 5 : 1
  while (start < at && LOCAL_MARKS.includes(text.charAt(start))) start++
  let end = runEnd(text, at + 1, ALNUM | DOT | HYPHEN, MAX_DOMAIN)
  while (end > at + 1 && (classAt(text, end - 1) & ALNUM) === 0) end--
  if (start >= at) return undefined
  const dot = at + 1 + text.slice(at + 1, end).lastIndexOf('.')
  if (dot <= at + 1 || (classAt(text, dot + 1) & DIGIT) !== 0) return undefined
  return { from: start, to: end }
}

/** Beyond ASCII is allowed as well (RFC 6531), but no control, space or general punctuation. */
function isLocalPart(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code >= 0xc0) return code < 0x2000 || code > 0x206f
  return (classAt(text, at) & ALNUM) !== 0 || USED_MARKS.has(code)
}

const MAX_IPV6 = 45

/** The IPv6 address around the colon at `at`, in the only way it can be read: the whole run of its characters. */
export function ipv6Around(text: string, at: number, from: number): Span | undefined {
  let start = at
  const first = Math.max(from, at - MAX_IPV6)
  while (start > first && (classAt(text, start - 1) & HEX) !== 0) start--
  // The first colon of the run tells for all of them.
  if (isWordAt(text, start - 1) || text.charCodeAt(start - 1) === 58) return undefined
  let end = at
  let colons = 0
  let isShort = false
  const stop = start + MAX_IPV6 + 1
  for (; end < stop; end++) {
    const code = text.charCodeAt(end)
    if (code === 58) {
      colons++
      if (text.charCodeAt(end + 1) === 58) isShort = true
    } else if (code !== 46 && (classAt(text, end) & HEX) === 0) break
  }
  if (isWordAt(text, end)) return undefined
  while (end > at && text.charCodeAt(end - 1) === 46) end--
  if (colons < 2 || (!isShort && colons < 6)) return undefined
  // In `fe80::1: ok` the last colon is of the sentence.
  if (text.charCodeAt(end - 1) === 58 && text.charCodeAt(end - 2) !== 58) end--
  return parseIp(text.slice(start, end)) === undefined ? undefined : { from: start, to: end }
}

/** Six pairs of hexadecimal digits with one mark between, `:` or `-`, from `start`. */
export function macEnd(text: string, start: number): number {
  const mark = text.charCodeAt(start + 2)
  if (mark !== 58 && mark !== 45) return -1
  for (let i = 0; i < 17; i++) {
    if (i % 3 === 2 ? text.charCodeAt(start + i) !== mark : (classAt(text, start + i) & HEX) === 0) return -1
  }
  const end = start + 17
  return isWordAt(text, end) || text.charCodeAt(end) === mark ? -1 : end
}

const MAX_URL = 2048
const COMMON_TOP_LEVEL = new Set(
  'com org net edu gov mil int info biz io dev app co uk de fr nl eu us ca au jp cn in br ru it es pl se no dk fi ch at be il za nz kr mx'.split(
    ' ',
  ),
)

/** The end of the URL whose scheme ends with the colon at `colon`: a host with a dot, and what follows. */
export function urlEnd(text: string, colon: number): number {
  const host = colon + 3
  const hostEnd = runEnd(text, host, ALNUM | DOT | HYPHEN | UNDERSCORE, MAX_DOMAIN)
  if (!text.slice(host, hostEnd).includes('.')) return -1
  let end = hostEnd
  const stop = Math.min(text.length, colon + MAX_URL)
  while (end < stop && !isUrlStop(text.charCodeAt(end))) end++
  while (end > hostEnd && '.,;:!?)'.includes(text.charAt(end - 1))) end--
  return end
}

function isUrlStop(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 60 || code === 62 || code === 96 || code === 125
}

/** The end of a host name without scheme that begins at `start`, if it ends as common ones do. */
export function domainEnd(text: string, start: number): number {
  let end = runEnd(text, start, ALNUM | DOT | HYPHEN, MAX_DOMAIN)
  while (end > start && !isLetterOrDigit(text, end - 1)) end--
  const name = text.slice(start, end)
  const dot = name.lastIndexOf('.')
  return dot > 0 && !name.includes('..') && COMMON_TOP_LEVEL.has(name.slice(dot + 1).toLowerCase()) ? end : -1
}

function isLetterOrDigit(text: string, at: number): boolean {
  return (classAt(text, at) & ALNUM) !== 0
}

const MAX_PHONE_DIGITS = 15

/** The end of an international number (E.164) whose `+` is at `at`, with spaces, dots, hyphens and brackets within. */
export function plusPhoneEnd(text: string, at: number): number {
  let digits = 0
  let end = -1
  const lead = text.charCodeAt(at + 1)
  if (lead < 49 || lead > 57) return -1
  const most = lead === 49 ? 11 : MAX_PHONE_DIGITS
  let marks = 0
  for (let i = at + 1; digits < most && marks <= 2; i++) {
    const code = text.charCodeAt(i)
    if (isDigitCode(code)) {
      digits++
      marks = 0
      end = i + 1
    } else if (code === 32 || code === 45 || code === 46 || code === 40 || code === 41) marks++
    else break
  }
  return digits < 8 || isWordAt(text, end) ? -1 : end
}

/** `(415) 555-0132`: the end of a number whose area is in brackets at `at`. */
export function areaPhoneEnd(text: string, at: number): number {
  const close = runEnd(text, at + 1, DIGIT, 6)
  if (close - at < 3 || close - at > 6 || text.charCodeAt(close) !== 41) return -1
  let from = close + 1
  if (text.charCodeAt(from) === 32) from++
  const middle = runEnd(text, from, DIGIT, 9)
  const mark = text.charCodeAt(middle)
  if (middle - from < 3 || (mark !== 45 && mark !== 32 && mark !== 46)) return -1
  const end = runEnd(text, middle + 1, DIGIT, 6)
  return end - middle - 1 < 3 || isWordAt(text, end) ? -1 : end
}
