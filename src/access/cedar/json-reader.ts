import type { Json } from './json.ts'
import { readLong } from './long.ts'
import { attempt, type Parsed, Unreadable } from './syntax.ts'

/** How deep JSON may nest: policies as JSON nest deeper than the expressions in them. */
const MAX_NESTING = 2000

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

/**
 * Reads JSON (RFC 8259) with exact whole numbers, those beyond 2^53 as bigints, and without a name twice in one
 * object, of which two readers would take different ones. A number with a fraction or an exponent, or beyond
 * 64 bits, is read as NaN: no Cedar value is one.
 */
export function readJson(text: string): Parsed<Json> {
  return attempt(text, () => new Reader(text).readAll())
}

class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  readAll(): Json {
    const value = this.#value()
    this.#skip()
    if (this.#at < this.#text.length) this.#fail('the end of the document')
    return value
  }

  #fail(expected: string): never {
    const found = this.#text.charAt(this.#at)
    const what = found === '' ? 'the end of the text' : JSON.stringify(found)
    throw new Unreadable(`this is no JSON: expected ${expected}, found ${what}`, this.#at)
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

  #value(): Json {
    this.#skip()
    const character = this.#text.charAt(this.#at)
    if (character === '"') return this.#string()
    if (character === '{' || character === '[') {
      if (++this.#depth > MAX_NESTING)
        throw new Unreadable(`this JSON nests deeper than ${MAX_NESTING} levels`, this.#at)
      this.#at++
      const value = character === '{' ? this.#object() : this.#array()
      this.#depth--
      return value
    }
    if (character === '-' || (character >= '0' && character <= '9')) return this.#number()
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    return this.#fail('a value')
  }

  #array(): Json {
    const elements: Json[] = []
    if (this.#accept(']')) return elements
    do elements.push(this.#value())
    while (this.#accept(','))
    if (!this.#accept(']')) this.#fail('`,` or `]`')
    return elements
  }

  #object(): Json {
    const object: Record<string, Json> = {}
    if (this.#accept('}')) return object
    do {
      this.#skip()
      const start = this.#at
      if (this.#text.charAt(start) !== '"') this.#fail('a name in quotes')
      const name = this.#string()
      if (Object.hasOwn(object, name))
        throw new Unreadable(`the name ${JSON.stringify(name)} is there twice`, start)
      if (!this.#accept(':')) this.#fail('`:`')
      const value = this.#value()
      if (name === '__proto__')
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
      else object[name] = value
    } while (this.#accept(','))
    if (!this.#accept('}')) this.#fail('`,` or `}`')
    return object
  }

  #string(): string {
    const text = this.#text
    let value = ''
    let start = ++this.#at
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) return value + text.slice(start, this.#at++)
      if (code === 0x5c) {
        value += text.slice(start, this.#at++) + this.#escape()
        start = this.#at
      } else if (code >= 0x20) this.#at++
      else this.#fail(Number.isNaN(code) ? 'the end of this string' : 'no control character in a string')
    }
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at++)
    const simple = ESCAPES[letter]
    if (simple !== undefined) return simple
    const digits = this.#text.slice(this.#at, this.#at + 4)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) {
      this.#at--
      this.#fail('an escape of JSON')
    }
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  #number(): Json {
    const start = this.#at
    if (this.#text.charAt(this.#at) === '-') this.#at++
    const first = this.#at
    this.#digits()
    if (this.#text.charAt(first) === '0' && this.#at > first + 1) this.#fail('no digit after a leading zero')
    const whole = this.#at
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
    if (this.#at > whole) return Number.NaN
    return readLong(this.#text.slice(start, whole)) ?? Number.NaN
  }

  #digits(): void {
    const start = this.#at
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (!(code >= 0x30 && code <= 0x39)) break
      this.#at++
    }
    if (this.#at === start) this.#fail('a digit')
  }
}
