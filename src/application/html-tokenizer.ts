import { BANG, isLetter, LESS, QUESTION, SLASH } from './html-bytes.ts'
import { CommentReader } from './html-comment.ts'
import { RawTextReader } from './html-raw-text.ts'
import { type HtmlTag, TagReader } from './html-tag.ts'
import { NameTable } from './html-text-store.ts'

/** How the text after a start tag is read. */
export type ContentModel = 'data' | 'raw' | 'script' | 'plaintext' | 'section'

/** What is told of a page as it streams through. */
export interface TagSink {
  /** A start tag that was looked out for. Says how the text after it is read. */
  startTag(tag: HtmlTag): ContentModel
  /** An end tag that was looked out for. */
  endTag(tag: HtmlTag): void
  /** Whether the content is SVG or MathML, where CDATA sections exist. */
  readonly isForeign: boolean
  /** Whether every tag is to be told, not only those looked out for. */
  readonly readsAll: boolean
}

const DATA = 0
const AFTER_LESS = 1
const AFTER_LESS_SLASH = 2
const TAG = 3
const COMMENT = 4
const RAW_TEXT = 5
const PLAINTEXT = 6

/**
 * The tokenizer of HTML 13.2.5 as far as tags, attributes, comments, raw text and script escapes go, over bytes, in one pass:
 * chunks may end anywhere, and nothing is read twice.
 */
export class HtmlTokenizer {
  readonly #sink: TagSink
  readonly #tag: TagReader
  readonly #comment = new CommentReader()
  readonly #raw = new RawTextReader()
  #state = DATA
  #base = 0
  #tagStart = 0

  constructor(sink: TagSink, names: Iterable<string>) {
    this.#sink = sink
    this.#tag = new TagReader(new NameTable(names))
    this.#tag.readsAll = sink.readsAll
  }

  /** Begins elsewhere than in ordinary content: inside of an element of this name. */
  beginIn(model: ContentModel, name: string): void {
    this.#state = DATA
    if (model === 'section') {
      this.#comment.beginSection()
      this.#state = COMMENT
    } else this.#enter(model, name)
  }

  /** The offset from which bytes are still needed to know a tag that was looked out for; where reading is otherwise. */
  get openFrom(): number {
    if (this.#state === TAG && this.#tag.isWanted) return this.#tag.start
    if (this.#state === RAW_TEXT && this.#raw.isInDoubt) return this.#raw.endStart
    return this.#state === AFTER_LESS || this.#state === AFTER_LESS_SLASH ? this.#tagStart : this.#base
  }

  /** Reads the next bytes of the page. */
  write(bytes: Uint8Array): void {
    let i = 0
    while (i < bytes.length) i = this.#step(bytes, i)
    this.#base += bytes.length
  }

  #step(bytes: Uint8Array, i: number): number {
    const byte = bytes[i] as number
    switch (this.#state) {
      case DATA: {
        const at = indexOfLess(bytes, i)
        if (at === -1) return bytes.length
        this.#tagStart = this.#base + at
        this.#state = AFTER_LESS
        return at + 1
      }
      case AFTER_LESS:
        if (isLetter(byte)) return this.#beginTag(false, i)
        if (byte === SLASH) this.#state = AFTER_LESS_SLASH
        else if (byte === BANG) this.#beginComment(false)
        else if (byte === QUESTION) this.#beginComment(true)
        else {
          this.#state = DATA
          return i
        }
        return i + 1
      case AFTER_LESS_SLASH:
        if (isLetter(byte)) return this.#beginTag(true, i)
        // `</>` is nothing at all; anything else up to the next `>` is a comment.
        this.#beginComment(true)
        return i
      case TAG: {
        const next = this.#tag.read(bytes, i, this.#base)
        if (this.#tag.isDone) this.#finishTag(this.#base + next)
        return next
      }
      case COMMENT: {
        const next = this.#comment.read(bytes, i)
        if (this.#comment.isDone) this.#state = DATA
        return next
      }
      case RAW_TEXT: {
        const next = this.#raw.read(bytes, i, this.#base)
        if (this.#raw.isDone) {
          this.#tag.beginAfterName(this.#raw.name, this.#raw.endStart, this.#base + next)
          this.#state = TAG
        }
        return next
      }
      default:
        return bytes.length
    }
  }

  #beginTag(isEnd: boolean, i: number): number {
    this.#tag.begin(isEnd, this.#tagStart)
    this.#state = TAG
    return i
  }

  #beginComment(isBogus: boolean): void {
    if (isBogus) this.#comment.beginBogus()
    else this.#comment.begin(this.#sink.isForeign)
    this.#state = COMMENT
  }

  #finishTag(end: number): void {
    this.#state = DATA
    const tag = this.#tag.tag(end)
    if (!tag) return
    if (tag.isEnd) this.#sink.endTag(tag)
    else this.#enter(this.#sink.startTag(tag), tag.name)
    this.#tag.readsAll = this.#sink.readsAll
  }

  #enter(model: ContentModel, name: string): void {
    if (model === 'plaintext') this.#state = PLAINTEXT
    else if (model === 'raw' || model === 'script') {
      this.#raw.begin(name, model === 'script')
      this.#state = RAW_TEXT
    }
  }
}

/** Most texts are short, and asking the platform costs more than a look at them. */
function indexOfLess(bytes: Uint8Array, from: number): number {
  const near = Math.min(bytes.length, from + 24)
  for (let i = from; i < near; i++) if (bytes[i] === LESS) return i
  return bytes.indexOf(LESS, near)
}
