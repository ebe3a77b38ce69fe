import { isExactNumber } from './exact-number.ts'

/** How much a document may ask for. */
export interface JsonBounds {
  /** Default: 1 MB. */
  readonly maxBytes?: number
  /** Objects and arrays within each other. Default: 32. */
  readonly maxDepth?: number
  /** Values of all kinds in the whole document. Default: 100,000. */
  readonly maxValues?: number
  /** Characters of one string or name. Default: 100,000. */
  readonly maxString?: number
  /** `exact` (default) refuses a number that changes when it is read; `double` only what is beyond the range of doubles. */
  readonly numbers?: 'exact' | 'double'
}

/** A JSON value of objects without a surprise in their names. */
export type StrictJson =
  | null
  | boolean
  | number
  | string
  | readonly StrictJson[]
  | { readonly [name: string]: StrictJson }

/** Why a document is refused. */
export type JsonFault =
  | 'too-large'
  | 'too-deep'
  | 'too-many-values'
  | 'string-too-long'
  | 'not-utf8'
  | 'byte-order-mark'
  | 'syntax'
  | 'duplicate-name'
  | 'forbidden-name'
  | 'lone-surrogate'
  | 'number-range'
  | 'number-imprecise'

/** What a strict reader answers. The message says where and why, never what stood there. */
export type ReadJson =
  | { readonly ok: true; readonly value: StrictJson }
  | {
      readonly ok: false
      readonly fault: JsonFault
      readonly message: string
      /** From 1; columns in UTF-16 units. 0 where the document was not read at all. */
      readonly line: number
      readonly column: number
    }

/** Names that reach the prototype of an object in code that copies it name by name. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const MAX_DEPTH = 500

/**
 * Reads JSON of somebody whom we do not trust (RFC 8259, and I-JSON, RFC 7493, where two readers would differ): a name twice, a
 * lone surrogate, bytes that are not UTF-8, a number that a double cannot hold. One pass, linear in the length of the text.
 */
export function readStrictJson(bytes: Uint8Array | string, bounds: JsonBounds = {}): ReadJson {
  const maxBytes = bounds.maxBytes ?? 1024 ** 2
  const isTooLarge =
    typeof bytes === 'string' ? Buffer.byteLength(bytes) > maxBytes : bytes.byteLength > maxBytes
  if (isTooLarge) return refused('too-large', `the document is larger than ${maxBytes} bytes`, 0, 0)
  const text = typeof bytes === 'string' ? bytes : decodeUtf8(bytes)
  if (typeof text !== 'string') return text
  try {
    return { ok: true, value: new Reader(text, bounds).readAll() }
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown
    const before = text.slice(0, thrown.at).split('\n')
    return refused(thrown.fault, thrown.message, before.length, (before.at(-1) as string).length + 1)
  }
}

function refused(
  fault: JsonFault,
  what: string,
  line: number,
  column: number,
): Extract<ReadJson, { ok: false }> {
  const where = line === 0 ? '' : ` at line ${line}, column ${column}`
  return { ok: false, fault, message: `${what}${where}`, line, column }
}

/** The text, or the place of the first byte that is not UTF-8. */
function decodeUtf8(bytes: Uint8Array): string | Extract<ReadJson, { ok: false }> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // U+FFFD stands for the first fault, or for itself: compare what it came from.
    const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    let at = 0
    let offset = 0
    for (; at < decoded.length; at++) {
      const isMark = decoded.charCodeAt(at) === 0xfffd
      if (isMark && !(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd))
        break
      offset += bytesOf(decoded.charCodeAt(at))
    }
    const before = decoded.slice(0, at).split('\n')
    return refused(
      'not-utf8',
      'the document is not UTF-8',
      before.length,
      (before.at(-1) as string).length + 1,
    )
  }
}

/** UTF-8 bytes of a UTF-16 unit; each half of a pair counts half of its four. */
function bytesOf(unit: number): number {
  if (unit < 0x80) return 1
  return unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3
}

class Unreadable extends Error {
  readonly fault: JsonFault
  readonly at: number

  constructor(fault: JsonFault, message: string, at: number) {
    super(message)
    this.fault = fault
    this.at = at
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

class Reader {
  readonly #text: string
  readonly #maxDepth: number
  readonly #maxString: number
  readonly #numbers: 'exact' | 'double'
  #left: number
  #at = 0
  #depth = 0

  constructor(text: string, bounds: JsonBounds) {
    this.#text = text
    // INVARIANT: recursion is bounded, whatever the caller asks for.
    this.#maxDepth = Math.min(bounds.maxDepth ?? 32, MAX_DEPTH)
    this.#maxString = bounds.maxString ?? 100_000
    this.#left = bounds.maxValues ?? 100_000
    this.#numbers = bounds.numbers ?? 'exact'
  }

  readAll(): StrictJson {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#fail('byte-order-mark', 'a byte order mark')
    const value = this.#value()
    this.#skip()
    if (this.#at < this.#text.length) this.#fail('syntax', 'expected the end of the document')
    return value
  }

  #fail(fault: JsonFault, what: string, at: number = this.#at): never {
    throw new Unreadable(fault, what, at)
  }

  #skip(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #accept(character: string): boolean {
    this.#skip()
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at++
    return true
  }

  #value(): StrictJson {
    this.#skip()
    if (this.#left-- <= 0) this.#fail('too-many-values', 'too many values')
    const character = this.#text.charAt(this.#at)
    if (character === '"') return this.#string()
    if (character === '{' || character === '[') {
      if (++this.#depth > this.#maxDepth) this.#fail('too-deep', `nests deeper than ${this.#maxDepth} levels`)
      this.#at++
      const value = character === '{' ? this.#object() : this.#array()
      this.#depth--
      return value
    }
    if (character === '-' || (character >= '0' && character <= '9')) return this.#number()
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    return this.#fail('syntax', 'expected a value')
  }

  #array(): StrictJson {
    const elements: StrictJson[] = []
    if (this.#accept(']')) return elements
    do elements.push(this.#value())
    while (this.#accept(','))
    if (!this.#accept(']')) this.#fail('syntax', 'expected `,` or `]`')
    return elements
  }

  #object(): StrictJson {
    const object: Record<string, StrictJson> = {}
    if (this.#accept('}')) return object
    do {
      this.#skip()
      const start = this.#at
      if (this.#text.charAt(start) !== '"') this.#fail('syntax', 'expected a name in quotes')
      const name = this.#string()
      if (FORBIDDEN_NAMES.has(name)) this.#fail('forbidden-name', 'a name that reaches the prototype', start)
      if (Object.hasOwn(object, name)) this.#fail('duplicate-name', 'a name that is there twice', start)
      if (!this.#accept(':')) this.#fail('syntax', 'expected `:`')
      object[name] = this.#value()
    } while (this.#accept(','))
    if (!this.#accept('}')) this.#fail('syntax', 'expected `,` or `}`')
    return object
  }

  #string(): string {
    const text = this.#text
    const opened = this.#at
    let value = ''
    let start = ++this.#at
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) break
      if (code === 0x5c) {
        value += text.slice(start, this.#at++) + this.#escape()
        start = this.#at
      } else if (code >= 0x20) this.#at++
      else
        this.#fail(
          'syntax',
          Number.isNaN(code) ? 'a string without an end' : 'a control character in a string',
        )
      if (this.#at - opened > this.#maxString * 6) break
    }
    value += text.slice(start, this.#at++)
    if (value.length > this.#maxString)
      this.#fail('string-too-long', `a string of more than ${this.#maxString} characters`, opened)
    if (!value.isWellFormed()) this.#fail('lone-surrogate', 'half of a surrogate pair', opened)
    return value
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at++)
    const simple = ESCAPES[letter]
    if (simple !== undefined) return simple
    const digits = this.#text.slice(this.#at, this.#at + 4)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits))
      this.#fail('syntax', 'an escape that JSON does not have', this.#at - 1)
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #number(): number {
    const start = this.#at
    if (this.#text.charAt(this.#at) === '-') this.#at++
    const first = this.#at
    this.#digits()
    if (this.#text.charAt(first) === '0' && this.#at > first + 1)
      this.#fail('syntax', 'a digit after a leading zero', first)
    if (this.#text.charAt(this.#at) === '.') {
      this.#at++
      this.#digits()
    }
    if (this.#text.charAt(this.#at) === 'e' || this.#text.charAt(this.#at) === 'E') {
      this.#at++
      const sign = this.#text.charAt(this.#at)
      if (sign === '+' || sign === '-') this.#at++
      this.#digits()
    }
    const written = this.#text.slice(start, this.#at)
    const value = Number(written)
    if (!Number.isFinite(value)) this.#fail('number-range', 'a number beyond the range of doubles', start)
    if (this.#numbers === 'exact' && !isExactNumber(written, value))
      this.#fail('number-imprecise', 'a number that a double cannot hold', start)
    return value
  }

  #digits(): void {
    const start = this.#at
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (!(code >= 0x30 && code <= 0x39)) break
      this.#at++
    }
    if (this.#at === start) this.#fail('syntax', 'expected a digit')
  }
}
