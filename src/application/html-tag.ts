import { DOUBLE_QUOTE, EQUALS, GREATER, isSpace, SINGLE_QUOTE, SLASH } from './html-bytes.ts'
import { decodeReferences } from './html-references.ts'
import { type NameTable, TextStore } from './html-text-store.ts'

/** A start or end tag with its place in the stream. */
export interface HtmlTag {
  readonly isEnd: boolean
  /** Lower case. */
  readonly name: string
  /** Lower-case names; of repeated ones the first, as browsers take it. References are decoded. */
  readonly attributes: ReadonlyMap<string, string>
  readonly isSelfClosing: boolean
  /** Offset of `<`. */
  readonly start: number
  /** Offset after the name. */
  readonly nameEnd: number
  /** Offset after `>`. */
  readonly end: number
  /** Whether it was longer than what is kept: attributes may be missing. */
  readonly isCut: boolean
}

const NAME = 0
const BEFORE_ATTRIBUTE = 1
const ATTRIBUTE_NAME = 2
const AFTER_ATTRIBUTE_NAME = 3
const BEFORE_VALUE = 4
const DOUBLE_QUOTED = 5
const SINGLE_QUOTED = 6
const UNQUOTED = 7
const AFTER_QUOTED = 8
const SELF_CLOSING = 9

const MAX_TEXT_BYTES = 64 * 1024
const MAX_ATTRIBUTES = 256

/**
 * Reads one tag from after its `<` or `</` to its `>`, over any borders of chunks (HTML 13.2.5.8, 13.2.5.32 to 13.2.5.40).
 * Attributes are kept only of tags whose name is looked out for.
 */
export class TagReader {
  readonly #table: NameTable
  readonly #text = new TextStore(MAX_TEXT_BYTES)
  /** Four offsets an attribute: name from and to, value from and to. */
  #spans: number[] = []
  #state = NAME
  #isEnd = false
  #isSelfClosing = false
  #start = 0
  #nameEnd = 0
  #name: string | undefined
  #keeps = false
  /** Set to see every name: inside of SVG and MathML any tag may lead out again. */
  readsAll = false
  /** Set when `read` came to the end of the tag. */
  isDone = false

  constructor(table: NameTable) {
    this.#table = table
  }

  /** Begins at the first letter of the name. */
  begin(isEnd: boolean, start: number): void {
    this.#text.clear()
    this.#spans = this.#spans.length === 0 ? this.#spans : []
    this.#state = NAME
    this.#isEnd = isEnd
    this.#isSelfClosing = false
    this.#start = start
    this.#name = undefined
    this.#keeps = false
    this.isDone = false
  }

  /** Begins after the name of an end tag that a raw text was searched for. */
  beginAfterName(name: string, start: number, nameEnd: number): void {
    this.begin(true, start)
    this.#name = name
    this.#nameEnd = nameEnd
    this.#state = BEFORE_ATTRIBUTE
  }

  /** The offset of the `<` of the tag that is being read. */
  get start(): number {
    return this.#start
  }

  /** Whether anybody is interested in the tag, as far as its name is known. */
  get isWanted(): boolean {
    return this.#state === NAME || this.#name !== undefined
  }

  /** The tag that was read, if anybody looks out for it. */
  tag(end: number): HtmlTag | undefined {
    if (this.#name === undefined) return undefined
    return {
      isEnd: this.#isEnd,
      name: this.#name,
      attributes: this.#attributes(),
      isSelfClosing: this.#isSelfClosing,
      start: this.#start,
      nameEnd: this.#nameEnd,
      end,
      isCut: this.#text.isFull || this.#spans.length >= MAX_ATTRIBUTES * 4,
    }
  }

  /** Reads on; gives the index after what was read. `base` is the offset of the chunk in the stream. */
  read(bytes: Uint8Array, from: number, base: number): number {
    let i = from
    const end = bytes.length
    while (i < end) {
      const byte = bytes[i] as number
      switch (this.#state) {
        case NAME:
          i = this.#readName(bytes, i, base)
          break
        case BEFORE_ATTRIBUTE:
          if (byte === SLASH || byte === GREATER) this.#state = AFTER_ATTRIBUTE_NAME
          else {
            i++
            if (!isSpace(byte)) this.#beginAttribute(byte)
          }
          break
        case ATTRIBUTE_NAME:
          i = this.#readAttributeName(bytes, i)
          break
        case AFTER_ATTRIBUTE_NAME:
          i++
          if (byte === SLASH) this.#state = SELF_CLOSING
          else if (byte === EQUALS) this.#beginValue()
          else if (byte === GREATER) return this.#finish(i)
          else if (!isSpace(byte)) this.#beginAttribute(byte)
          break
        case BEFORE_VALUE:
          i++
          if (byte === DOUBLE_QUOTE) this.#state = DOUBLE_QUOTED
          else if (byte === SINGLE_QUOTE) this.#state = SINGLE_QUOTED
          else if (byte === GREATER) return this.#finish(i)
          else if (!isSpace(byte)) {
            this.#state = UNQUOTED
            i--
          }
          break
        case DOUBLE_QUOTED:
          i = this.#readQuoted(bytes, i, DOUBLE_QUOTE)
          break
        case SINGLE_QUOTED:
          i = this.#readQuoted(bytes, i, SINGLE_QUOTE)
          break
        case UNQUOTED:
          if (byte === GREATER) return this.#finish(i + 1)
          if (isSpace(byte)) this.#state = BEFORE_ATTRIBUTE
          else if (this.#keeps) this.#text.addValue(byte)
          i++
          break
        case AFTER_QUOTED:
          this.#state = BEFORE_ATTRIBUTE
          break
        default:
          // A slash counts only right before the end.
          if (byte === GREATER) {
            this.#isSelfClosing = true
            return this.#finish(i + 1)
          }
          this.#state = BEFORE_ATTRIBUTE
      }
    }
    return i
  }

  #readName(bytes: Uint8Array, from: number, base: number): number {
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (byte === GREATER || byte === SLASH || isSpace(byte)) {
        this.#nameEnd = base + i
        this.#name =
          this.#text.nameIn(this.#table) ??
          (this.readsAll ? this.#text.text(0, this.#text.length) : undefined)
        this.#keeps = this.#name !== undefined && !this.#isEnd
        this.#state = BEFORE_ATTRIBUTE
        return i
      }
      this.#text.addName(byte)
    }
    return bytes.length
  }

  #beginAttribute(byte: number): void {
    this.#state = ATTRIBUTE_NAME
    this.#closeValue()
    if (!this.#keeps) return
    if (this.#spans.length >= MAX_ATTRIBUTES * 4) {
      this.#keeps = false
      return
    }
    this.#spans.push(this.#text.length, -1, -1, -1)
    this.#text.addName(byte)
  }

  #readAttributeName(bytes: Uint8Array, from: number): number {
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (byte === EQUALS) {
        this.#beginValue()
        return i + 1
      }
      if (byte === SLASH || byte === GREATER || isSpace(byte)) {
        this.#state = AFTER_ATTRIBUTE_NAME
        return i
      }
      if (this.#keeps) this.#text.addName(byte)
    }
    return bytes.length
  }

  #beginValue(): void {
    this.#state = BEFORE_VALUE
    if (!this.#keeps) return
    this.#spans[this.#spans.length - 3] = this.#text.length
    this.#spans[this.#spans.length - 2] = this.#text.length
  }

  #readQuoted(bytes: Uint8Array, from: number, quote: number): number {
    let i = from
    if (this.#keeps) {
      for (; i < bytes.length && bytes[i] !== quote; i++) this.#text.addValue(bytes[i] as number)
    } else {
      while (i < bytes.length && bytes[i] !== quote) i++
    }
    if (i === bytes.length) return i
    this.#state = AFTER_QUOTED
    return i + 1
  }

  #closeValue(): void {
    const { length } = this.#spans
    if (length === 0 || this.#spans[length - 1] !== -1) return
    this.#spans[length - 1] = this.#text.length
    if (this.#spans[length - 3] === -1) this.#spans[length - 3] = this.#text.length
  }

  #finish(i: number): number {
    this.#closeValue()
    this.isDone = true
    return i
  }

  #attributes(): ReadonlyMap<string, string> {
    const found = new Map<string, string>()
    for (let at = 0; at + 3 < this.#spans.length; at += 4) {
      const [from, nameEnd, valueFrom, to] = this.#spans.slice(at, at + 4) as [number, number, number, number]
      const name = this.#text.text(from, nameEnd)
      if (found.has(name)) continue
      const value = valueFrom === -1 ? '' : decodeReferences(this.#text.text(valueFrom, to))
      found.set(name, value)
    }
    return found
  }
}
