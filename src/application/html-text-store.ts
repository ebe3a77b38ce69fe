import { CR, LF, lowerOf } from './html-bytes.ts'

const START_BYTES = 256
const MAX_NAME_BYTES = 32
const decoder = new TextDecoder()

/** Names and values of one tag, collected over the borders of chunks and bounded: what comes after the bound is not kept. */
export class TextStore {
  readonly #maxBytes: number
  #bytes = new Uint8Array(START_BYTES)
  #length = 0
  #afterReturn = false
  /** Whether something did not fit. */
  isFull = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
    this.#afterReturn = false
    this.isFull = false
  }

  /** Adds a byte of a name: lower case, NUL as U+FFFD. */
  addName(byte: number): void {
    if (byte === 0) this.#addReplacement()
    else this.#add(lowerOf(byte))
  }

  /** Adds a byte of a value: line ends become line feeds (HTML 13.2.3.5), NUL becomes U+FFFD. */
  addValue(byte: number): void {
    const isSecondOfPair = byte === LF && this.#afterReturn
    this.#afterReturn = byte === CR
    if (isSecondOfPair) return
    if (byte === 0) this.#addReplacement()
    else this.#add(byte === CR ? LF : byte)
  }

  /** The text from `start` to `end`, read as UTF-8. */
  text(start: number, end: number): string {
    const bytes = this.#bytes
    let text = ''
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number
      if (byte > 0x7f) return decoder.decode(bytes.subarray(start, end))
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** The name in the table that all of it is, if any. */
  nameIn(table: NameTable): string | undefined {
    return table.find(this.#bytes, this.#length)
  }

  #addReplacement(): void {
    this.#add(0xef)
    this.#add(0xbf)
    this.#add(0xbd)
  }

  #add(byte: number): void {
    if (this.#length === this.#bytes.length) {
      if (this.#length >= this.#maxBytes) {
        this.isFull = true
        return
      }
      const larger = new Uint8Array(Math.min(this.#maxBytes, this.#length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.#length++] = byte
  }
}

/** Names that a reader looks out for, found by their bytes without making a string of every name that passes. */
export class NameTable {
  readonly #byHash = new Map<number, string[]>()
  /** First bytes with lengths that occur: nearly every other name is told apart by them alone. */
  readonly #shapes = new Uint8Array(256 * (MAX_NAME_BYTES + 1))

  constructor(names: Iterable<string>) {
    for (const name of names) {
      this.#shapes[shapeOf(name.charCodeAt(0), name.length)] = 1
      let hash = 0
      for (let i = 0; i < name.length; i++) hash = step(hash, name.charCodeAt(i))
      this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), name])
    }
  }

  /** The name that the first `length` of these lower-case bytes are, if it is in the table. */
  find(bytes: Uint8Array, length: number): string | undefined {
    if (length > MAX_NAME_BYTES || this.#shapes[shapeOf(bytes[0] as number, length)] === 0) return undefined
    let hash = 0
    for (let i = 0; i < length; i++) hash = step(hash, bytes[i] as number)
    const names = this.#byHash.get(hash)
    return names === undefined ? undefined : names.find((name) => isSame(name, bytes, length))
  }
}

function shapeOf(first: number, length: number): number {
  return first * (MAX_NAME_BYTES + 1) + length
}

function step(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0
}

function isSame(name: string, bytes: Uint8Array, length: number): boolean {
  if (name.length !== length) return false
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[i]) return false
  return true
}
