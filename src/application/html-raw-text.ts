import { BANG, DASH, GREATER, isLetter, isSpace, LESS, lowerOf, SLASH } from './html-bytes.ts'

// Where `<` and `-` lead to in the text of a script (HTML 13.2.5.4, 13.2.5.20 to 13.2.5.31). PLAIN is all there is in other raw text.
const PLAIN = 0
const ESCAPE_START = 1
const ESCAPE_START_DASH = 2
const ESCAPED = 3
const ESCAPED_DASH = 4
const ESCAPED_DASH_DASH = 5
const DOUBLE_ESCAPED = 6
const DOUBLE_DASH = 7
const DOUBLE_DASH_DASH = 8
// After a `<`.
const AFTER_LESS = 9
const AFTER_LESS_SLASH = 10
const END_NAME = 11
const DOUBLE_ESCAPE_START = 12
const DOUBLE_LESS = 13
const DOUBLE_ESCAPE_END = 14

const WORD = 'script'

/**
 * Reads text that only its own end tag ends: RCDATA and raw text (HTML 13.2.5.2, 13.2.5.3), and scripts with their escapes, in which
 * `<!-- <script>` hides a `</script>`.
 */
export class RawTextReader {
  #name = ''
  #isScript = false
  #state = PLAIN
  /** Where to go on when a `<` led to nothing. */
  #resume = PLAIN
  #matched = 0
  #isWord = true
  /** Offset of the `<` of the end tag that was found. */
  endStart = 0
  /** Set when `read` stands after the name of the end tag. */
  isDone = false

  /** Begins the text of an element. */
  begin(name: string, isScript: boolean): void {
    this.#name = name
    this.#isScript = isScript
    this.#state = PLAIN
    this.isDone = false
  }

  get name(): string {
    return this.#name
  }

  /** Whether a `<` was read of which it is not yet known whether an end tag begins there. */
  get isInDoubt(): boolean {
    return this.#state === AFTER_LESS || this.#state === AFTER_LESS_SLASH || this.#state === END_NAME
  }

  /** Reads on; gives the index after what was read. `base` is the offset of the chunk in the stream. */
  read(bytes: Uint8Array, from: number, base: number): number {
    let i = from
    while (i < bytes.length) {
      if (this.#state === PLAIN) {
        const at = bytes.indexOf(LESS, i)
        if (at === -1) return bytes.length
        i = at + 1
        this.#less(PLAIN, base + at)
        continue
      }
      if (this.#consumes(bytes[i] as number, base + i)) i++
      if (this.isDone) return i
    }
    return i
  }

  /** One step; false when the byte is to be read again in the new state. */
  #consumes(byte: number, at: number): boolean {
    switch (this.#state) {
      case AFTER_LESS:
        if (byte === SLASH) return this.#go(AFTER_LESS_SLASH)
        if (this.#isScript && this.#resume === PLAIN && byte === BANG) return this.#go(ESCAPE_START)
        if (this.#resume === ESCAPED && isLetter(byte)) return this.#beginWord(DOUBLE_ESCAPE_START)
        return this.#again(this.#resume)
      case AFTER_LESS_SLASH:
        this.#matched = 0
        return this.#again(isLetter(byte) ? END_NAME : this.#resume)
      case END_NAME:
        return this.#endName(byte)
      case ESCAPE_START:
        return byte === DASH ? this.#go(ESCAPE_START_DASH) : this.#again(PLAIN)
      case ESCAPE_START_DASH:
        return byte === DASH ? this.#go(ESCAPED_DASH_DASH) : this.#again(PLAIN)
      case ESCAPED:
      case ESCAPED_DASH:
      case ESCAPED_DASH_DASH:
        return this.#escaped(byte, at)
      case DOUBLE_ESCAPE_START:
        return this.#word(byte, DOUBLE_ESCAPED, ESCAPED, ESCAPED)
      case DOUBLE_LESS:
        return byte === SLASH ? this.#beginWordAfter() : this.#again(DOUBLE_ESCAPED)
      case DOUBLE_ESCAPE_END:
        return this.#word(byte, ESCAPED, DOUBLE_ESCAPED, DOUBLE_ESCAPED)
      default:
        return this.#doubleEscaped(byte)
    }
  }

  #escaped(byte: number, at: number): true {
    if (byte === LESS) return this.#less(ESCAPED, at)
    if (byte === DASH) return this.#go(this.#state === ESCAPED ? ESCAPED_DASH : ESCAPED_DASH_DASH)
    return this.#go(byte === GREATER && this.#state === ESCAPED_DASH_DASH ? PLAIN : ESCAPED)
  }

  #doubleEscaped(byte: number): true {
    if (byte === LESS) return this.#go(DOUBLE_LESS)
    if (byte === DASH) return this.#go(this.#state === DOUBLE_ESCAPED ? DOUBLE_DASH : DOUBLE_DASH_DASH)
    return this.#go(byte === GREATER && this.#state === DOUBLE_DASH_DASH ? PLAIN : DOUBLE_ESCAPED)
  }

  /** Compares with the name of the element; anything but it and a delimiter is text. */
  #endName(byte: number): boolean {
    if (this.#matched === this.#name.length && (isSpace(byte) || byte === SLASH || byte === GREATER)) {
      this.isDone = true
      return false
    }
    if (lowerOf(byte) !== this.#name.charCodeAt(this.#matched)) return this.#again(this.#resume)
    this.#matched++
    return true
  }

  /** Reads a name after `<` or `</` in an escaped script: is it `script`? */
  #word(byte: number, ifWord: number, ifOther: number, ifText: number): boolean {
    if (isSpace(byte) || byte === SLASH || byte === GREATER)
      return this.#go(this.#isWord && this.#matched === WORD.length ? ifWord : ifOther)
    if (!isLetter(byte)) return this.#again(ifText)
    this.#isWord &&= lowerOf(byte) === WORD.charCodeAt(this.#matched)
    this.#matched++
    return true
  }

  #beginWord(state: number): false {
    this.#matched = 0
    this.#isWord = true
    return this.#again(state)
  }

  #beginWordAfter(): true {
    this.#beginWord(DOUBLE_ESCAPE_END)
    return true
  }

  #less(resume: number, at: number): true {
    this.#resume = resume
    this.endStart = at
    return this.#go(AFTER_LESS)
  }

  #go(state: number): true {
    this.#state = state
    return true
  }

  #again(state: number): false {
    this.#state = state
    return false
  }
}
