import { BODY_BOUNDS, type BodyBounds, type BodyReading, NOTHING_READ } from './reading.ts'
import { hexDigit } from './url-encoded.ts'
import { isUtf8, utf8Bytes } from './utf8.ts'

/**
 * The leaves of a JSON text (RFC 8259) as arguments, named as ModSecurity 2 names them, without the numbers of items:
 * `json.order.items.name`; so one exclusion is enough for a list. Strings are unescaped into UTF-8, numbers stay as written, `true`, `false` and
 * `null` are their names, and an empty container is a leaf with an empty value, so that every key is seen. Where the text
 * stops being JSON, what is left is one more argument, so that no lenient reader sees more than the rules.
 */
export function readJson(body: string, bounds: BodyBounds = BODY_BOUNDS): BodyReading {
  const start = body.startsWith('\xef\xbb\xbf') ? 3 : 0
  const walk = new JsonWalk(body, start, bounds)
  walk.run()
  const error = walk.error ?? (HIGH_BYTE.test(body) && !isUtf8(body) ? 'JSON: not UTF-8' : undefined)
  return { ...NOTHING_READ, args: walk.args, error, truncated: walk.truncated }
}

const HIGH_BYTE = /[\x80-\xff]/
const ROOT = 'json'

interface Container {
  readonly isArray: boolean
  readonly name: string
  count: number
}

// A class for the position in the text: containers wait on a list instead of the call stack, so depth costs no recursion.
class JsonWalk {
  readonly args: [string, string][] = []
  error: string | undefined
  truncated: string | undefined
  readonly #text: string
  readonly #bounds: BodyBounds
  readonly #open: Container[] = []
  #at: number
  #nameBytes = 0

  constructor(text: string, start: number, bounds: BodyBounds) {
    this.#text = text
    this.#at = start
    this.#bounds = bounds
  }

  run(): void {
    this.#skipBlanks()
    if (this.#at >= this.#text.length) return
    let name: string | undefined = ROOT
    while (name !== undefined && this.#value(name)) name = this.#nextName()
    if (this.error !== undefined && this.#at < this.#text.length) this.#add(ROOT, this.#text.slice(this.#at))
  }

  /** Reads one value or the opening of a container. False when the reading is over. */
  #value(name: string): boolean {
    const code = this.#text.charCodeAt(this.#at)
    if (code === QUOTE) {
      const value = this.#string()
      return value !== undefined && this.#add(name, value)
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) return this.#enter(name, code === OPEN_BRACKET)
    const end = code === MINUS || isDigit(code) ? numberEnd(this.#text, this.#at) : this.#wordEnd()
    if (end < 0) return this.#fail('a value is expected')
    const value = this.#text.slice(this.#at, end)
    this.#at = end
    return this.#add(name, value)
  }

  #wordEnd(): number {
    for (const word of ['true', 'false', 'null']) {
      if (this.#text.startsWith(word, this.#at)) return this.#at + word.length
    }
    return -1
  }

  #enter(name: string, isArray: boolean): boolean {
    if (this.#open.length >= this.#bounds.maxJsonDepth) {
      this.truncated = `deeper than ${this.#bounds.maxJsonDepth} levels`
      return false
    }
    this.#open.push({ isArray, name, count: 0 })
    this.#at++
    return true
  }

  /** Closes what ends here and moves to the next value; gives its name, or nothing when the text is over or damaged. */
  #nextName(): string | undefined {
    for (;;) {
      this.#skipBlanks()
      const container = this.#open.at(-1)
      if (container === undefined) {
        if (this.#at < this.#text.length) this.#fail('data after the end')
        return undefined
      }
      const code = this.#text.charCodeAt(this.#at)
      if (code !== (container.isArray ? CLOSE_BRACKET : CLOSE_BRACE)) return this.#member(container, code)
      this.#at++
      this.#open.pop()
      if (container.count === 0 && this.#open.length > 0 && !this.#add(container.name, '')) return undefined
    }
  }

  #member(container: Container, code: number): string | undefined {
    if (container.count > 0) {
      if (code !== COMMA) return void this.#fail('a comma or the end is expected')
      this.#at++
      this.#skipBlanks()
    }
    container.count++
    if (container.isArray) return container.name
    if (this.#text.charCodeAt(this.#at) !== QUOTE) return void this.#fail('a key is expected')
    const key = this.#string()
    if (key === undefined) return undefined
    this.#skipBlanks()
    const name = `${container.name}.${key}`
    if (this.#text.charCodeAt(this.#at) !== COLON) {
      this.#add(name, '')
      return void this.#fail('a colon is expected')
    }
    this.#at++
    this.#skipBlanks()
    return name
  }

  /** Reads the string that begins here. On damage the position stays before its quote. */
  #string(): string | undefined {
    const text = this.#text
    const start = this.#at + 1
    for (let i = start; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === QUOTE) {
        this.#at = i + 1
        return text.slice(start, i)
      }
      if (code === BACKSLASH) return this.#escapedString(start, i)
      if (code < 0x20) break
    }
    this.#fail('a string is not closed')
    return undefined
  }

  #escapedString(start: number, firstEscape: number): string | undefined {
    const text = this.#text
    let value = ''
    let kept = start
    for (let i = firstEscape; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code === QUOTE) {
        this.#at = i + 1
        return value + text.slice(kept, i)
      }
      if (code < 0x20) break
      if (code !== BACKSLASH) continue
      value += text.slice(kept, i)
      const short = SHORT_ESCAPES.get(text.charCodeAt(++i))
      if (short !== undefined) value += short
      else {
        const unit = unicodeEscape(text, i)
        if (unit < 0) {
          this.#fail('an escape is not one')
          return undefined
        }
        i += 4
        const low =
          isHighSurrogate(unit) && text.charCodeAt(i + 1) === BACKSLASH ? unicodeEscape(text, i + 2) : -1
        if (isLowSurrogate(low)) i += 6
        value += utf8Bytes(isLowSurrogate(low) ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : unit)
      }
      kept = i + 1
    }
    this.#fail('a string is not closed')
    return undefined
  }

  #add(name: string, value: string): boolean {
    this.#nameBytes += name.length
    if (this.args.length >= this.#bounds.maxArguments) {
      this.truncated = `more than ${this.#bounds.maxArguments} arguments`
    } else if (this.#nameBytes > this.#bounds.maxNameBytes) {
      this.truncated = `names of more than ${this.#bounds.maxNameBytes} bytes`
    } else {
      this.args.push([name, value])
      return true
    }
    return false
  }

  #fail(what: string): false {
    this.error = `JSON: ${what} (byte ${this.#at})`
    return false
  }

  #skipBlanks(): void {
    let code = this.#text.charCodeAt(this.#at)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09)
      code = this.#text.charCodeAt(++this.#at)
  }
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, value]) => [letter.charCodeAt(0), value],
  ),
)

/** The UTF-16 unit of `uXXXX` at this place, or -1. */
function unicodeEscape(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x75) return -1
  let unit = 0
  for (let i = at + 1; i <= at + 4; i++) {
    const digit = hexDigit(text.charCodeAt(i))
    if (digit < 0) return -1
    unit = unit * 16 + digit
  }
  return unit
}

/** Where the number that begins here ends (RFC 8259 6), or -1. */
function numberEnd(text: string, start: number): number {
  let i = text.charCodeAt(start) === MINUS ? start + 1 : start
  const wholeEnd = digitsEnd(text, i)
  if (wholeEnd === i || (text.charCodeAt(i) === 0x30 && wholeEnd > i + 1)) return -1
  i = wholeEnd
  if (text.charCodeAt(i) === 0x2e) {
    const end = digitsEnd(text, i + 1)
    if (end === i + 1) return -1
    i = end
  }
  if ((text.charCodeAt(i) | 0x20) === 0x65) {
    const sign = text.charCodeAt(i + 1)
    const digits = sign === 0x2b || sign === MINUS ? i + 2 : i + 1
    const end = digitsEnd(text, digits)
    if (end === digits) return -1
    i = end
  }
  return i
}

function digitsEnd(text: string, start: number): number {
  let i = start
  while (isDigit(text.charCodeAt(i))) i++
  return i
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
