import { BANG, CLOSE_BRACKET, DASH, GREATER, OPEN_BRACKET } from './html-bytes.ts'

const DECLARATION = 0
const DECLARATION_DASH = 1
const START = 2
const START_DASH = 3
const COMMENT = 4
const END_DASH = 5
const END = 6
const END_BANG = 7
const BOGUS = 8
const SECTION_NAME = 9
const SECTION = 10
const SECTION_BRACKET = 11
const SECTION_END = 12

const SECTION_WORD = 'CDATA['

/**
 * Reads over what begins with `<!`, `<?` or a `</` that is no tag: comments (HTML 13.2.5.42 to 13.2.5.52), document types, which
 * end at the first `>` whatever they hold, and in SVG and MathML CDATA sections.
 */
export class CommentReader {
  #state = DECLARATION
  #takesSections = false
  #matched = 0
  /** Set when `read` came to the end. */
  isDone = false

  /** Begins after `<!`. CDATA sections exist in foreign content only. */
  begin(takesSections: boolean): void {
    this.#state = DECLARATION
    this.#takesSections = takesSections
    this.#matched = 0
    this.isDone = false
  }

  /** Begins in what ends at the first `>`. */
  beginBogus(): void {
    this.#state = BOGUS
    this.isDone = false
  }

  /** Begins in the text of a CDATA section. */
  beginSection(): void {
    this.#state = SECTION
    this.isDone = false
  }

  /** Reads on; gives the index after what was read. */
  read(bytes: Uint8Array, from: number): number {
    let i = from
    while (i < bytes.length) {
      const byte = bytes[i] as number
      if (this.#state === BOGUS) {
        const at = bytes.indexOf(GREATER, i)
        if (at === -1) return bytes.length
        return this.#finish(at + 1)
      }
      if (this.#state === COMMENT) {
        const at = bytes.indexOf(DASH, i)
        if (at === -1) return bytes.length
        i = at + 1
        this.#state = END_DASH
        continue
      }
      if (this.#state === SECTION) {
        const at = bytes.indexOf(CLOSE_BRACKET, i)
        if (at === -1) return bytes.length
        i = at + 1
        this.#state = SECTION_BRACKET
        continue
      }
      if (this.#consumes(byte)) i++
      if (this.isDone) return i
    }
    return i
  }

  /** One step; false when the byte is to be read again in the new state. */
  #consumes(byte: number): boolean {
    switch (this.#state) {
      case DECLARATION:
        if (byte === DASH) return this.#go(DECLARATION_DASH)
        if (byte === OPEN_BRACKET && this.#takesSections) return this.#go(SECTION_NAME)
        return this.#again(BOGUS)
      case DECLARATION_DASH:
        return byte === DASH ? this.#go(START) : this.#again(BOGUS)
      case SECTION_NAME:
        if (byte !== SECTION_WORD.charCodeAt(this.#matched)) return this.#again(BOGUS)
        return ++this.#matched === SECTION_WORD.length ? this.#go(SECTION) : true
      case SECTION_BRACKET:
        return byte === CLOSE_BRACKET ? this.#go(SECTION_END) : this.#again(SECTION)
      case SECTION_END:
        if (byte === GREATER) return this.#end()
        return byte === CLOSE_BRACKET ? true : this.#again(SECTION)
      case START:
        if (byte === GREATER) return this.#end()
        return byte === DASH ? this.#go(START_DASH) : this.#again(COMMENT)
      case START_DASH:
        if (byte === GREATER) return this.#end()
        return byte === DASH ? this.#go(END) : this.#again(COMMENT)
      case END_DASH:
        return byte === DASH ? this.#go(END) : this.#again(COMMENT)
      case END:
        if (byte === GREATER) return this.#end()
        if (byte === BANG) return this.#go(END_BANG)
        return byte === DASH ? true : this.#again(COMMENT)
      default:
        // After `--!`.
        if (byte === GREATER) return this.#end()
        return byte === DASH ? this.#go(END_DASH) : this.#again(COMMENT)
    }
  }

  #go(state: number): true {
    this.#state = state
    return true
  }

  #again(state: number): false {
    this.#state = state
    return false
  }

  #end(): true {
    this.isDone = true
    return true
  }

  #finish(i: number): number {
    this.isDone = true
    return i
  }
}
