import { createHash } from 'node:crypto'

import { ContentModels } from './html-content.ts'
import { postsToOwnOrigin } from './html-form.ts'
import type { HtmlTag } from './html-tag.ts'
import { type ContentModel, HtmlTokenizer, type TagSink } from './html-tokenizer.ts'

/** What a page may run or be styled by, as the learned policy names it. */
export interface ScriptSource {
  readonly kind: 'script' | 'style'
  /** The address without fragment, or `sha256-` and the hash of what stands in the element. */
  readonly source: string
}

/** What is put into a page. Each part is left out where it is not wanted. */
export interface Injection {
  /** The address of the page, by which relative addresses in it are read. */
  readonly pageUrl: string
  readonly nonce?: {
    readonly value: string
    /** Asked of every script with an address or a text and of every style element: only what is known gets the nonce. */
    readonly knows: (source: ScriptSource) => boolean
  }
  readonly token?: { readonly field: string; readonly value: string }
}

/** How much of a page waits for a decision: a longer script gets no nonce. */
const MAX_HELD_BYTES = 256 * 1024

const NAMES = [...ContentModels.names, 'base', 'form']
const encoder = new TextEncoder()

interface Inline {
  readonly kind: ScriptSource['kind']
  readonly tag: HtmlTag
}

/**
 * Puts nonces and form tokens into a page as it streams through. All that is not put in goes out byte for byte as it came in, and no
 * byte waits but those of a tag that has begun and of a script or style whose text must be hashed.
 */
export class HtmlInjector implements TagSink {
  readonly #injection: Injection
  readonly #models = new ContentModels()
  readonly #tokenizer: HtmlTokenizer
  /** What was not let go, and the offset of its first byte. */
  #held: Uint8Array[] = []
  #heldFrom = 0
  #read = 0
  #insertions: { readonly at: number; readonly bytes: Uint8Array }[] = []
  #inline: Inline | undefined
  readonly #nonce: Uint8Array | undefined
  readonly #field: Uint8Array | undefined
  #baseUrl: string
  #hasBase = false
  /** What was put in, for the trace. */
  readonly counts = { nonces: 0, tokens: 0, unknown: 0 }

  constructor(injection: Injection) {
    this.#injection = injection
    this.#baseUrl = injection.pageUrl
    const { nonce, token } = injection
    // Values and the field are of our own alphabet, so there is nothing here to escape.
    this.#nonce = nonce && encoder.encode(` nonce="${nonce.value}"`)
    this.#field =
      token && encoder.encode(`<input type="hidden" name="${token.field}" value="${token.value}">`)
    this.#tokenizer = new HtmlTokenizer(this, NAMES)
  }

  get isForeign(): boolean {
    return this.#models.isForeign
  }

  get readsAll(): boolean {
    return this.#models.isInside
  }

  /** Takes the next bytes of the page and gives what may go out. */
  write(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length === 0) return []
    this.#held.push(chunk)
    this.#tokenizer.write(chunk)
    this.#read += chunk.length
    if (!this.#injection.nonce) return this.#release(this.#read)
    const from = Math.min(this.#tokenizer.openFrom, this.#inline?.tag.start ?? this.#read)
    if (this.#read - from <= MAX_HELD_BYTES) return this.#release(from)
    if (this.#inline) this.counts.unknown++
    this.#inline = undefined
    return this.#release(this.#read)
  }

  /** The page has ended: gives the rest. */
  end(): Uint8Array[] {
    return this.#release(this.#read)
  }

  startTag(tag: HtmlTag): ContentModel {
    const wasForeign = this.#models.isForeign
    const model = this.#models.startTag(tag)
    if (tag.name === 'base' && !wasForeign) this.#rebase(tag.attributes.get('href'))
    else if (tag.name === 'form') this.#form(tag)
    else if (tag.name === 'script' || tag.name === 'style') this.#runnable(tag, wasForeign)
    return model
  }

  endTag(tag: HtmlTag): void {
    this.#models.endTag(tag.name)
    const inline = this.#inline
    if (!inline || tag.name !== inline.tag.name) return
    this.#inline = undefined
    this.#decide(inline.kind, `sha256-${hashOf(this.#heldText(inline.tag.end, tag.start))}`, inline.tag)
  }

  /** The first base counts (HTML 4.2.3). One that cannot be read makes every relative address of the page a stranger's. */
  #rebase(rawHref: string | undefined): void {
    if (rawHref === undefined || this.#hasBase) return
    this.#hasBase = true
    this.#baseUrl = URL.parse(rawHref, this.#injection.pageUrl)?.href ?? this.#baseUrl
  }

  #form(tag: HtmlTag): void {
    const { token, pageUrl } = this.#injection
    if (!token || !postsToOwnOrigin(tag, this.#baseUrl, pageUrl)) return
    this.counts.tokens++
    if (this.#field) this.#insert(tag.end, this.#field)
  }

  #runnable(tag: HtmlTag, isForeign: boolean): void {
    if (!this.#injection.nonce) return
    const kind = tag.name === 'script' ? 'script' : 'style'
    const rawSource =
      kind === 'script'
        ? (tag.attributes.get('src') ?? (isForeign ? foreignSource(tag) : undefined))
        : undefined
    // A script of SVG is text with references, which is not what is hashed here.
    if (tag.isCut || (isForeign && rawSource === undefined)) this.counts.unknown++
    else if (rawSource !== undefined) {
      const url = URL.parse(rawSource.trim(), this.#baseUrl)
      if (url) url.hash = ''
      if (url) this.#decide(kind, url.href, tag)
      else this.counts.unknown++
    } else this.#inline = { kind, tag }
  }

  #decide(kind: ScriptSource['kind'], source: string, tag: HtmlTag): void {
    const { nonce } = this.#injection
    if (!nonce?.knows({ kind, source }) || tag.nameEnd < this.#heldFrom) {
      this.counts.unknown++
      return
    }
    this.counts.nonces++
    // Right after the name, since the first of two attributes counts.
    if (this.#nonce) this.#insert(tag.nameEnd, this.#nonce)
  }

  #insert(at: number, bytes: Uint8Array): void {
    this.#insertions.push({ at, bytes })
  }

  /** Lets go of everything before `to`, with what is to be put in there. */
  #release(to: number): Uint8Array[] {
    const out: Uint8Array[] = []
    const due = this.#due(to)
    let next = 0
    let taken = 0
    for (const chunk of this.#held) {
      const from = this.#heldFrom
      const until = Math.min(to - from, chunk.length)
      if (until < 0 || from >= to) break
      let done = 0
      for (; next < due.length && (due[next]?.at ?? 0) - from <= until; next++) {
        const { at, bytes } = due[next] as { at: number; bytes: Uint8Array }
        if (at - from > done) out.push(chunk.subarray(done, at - from))
        out.push(bytes)
        done = at - from
      }
      if (until > done) out.push(chunk.subarray(done, until))
      this.#heldFrom += until
      if (until < chunk.length) {
        this.#held[taken] = chunk.subarray(until)
        break
      }
      taken++
    }
    if (taken > 0) this.#held.splice(0, taken)
    return out
  }

  /** Tags are told in the order of the page and decided one by one, so what is put in is in order too. */
  #due(to: number): readonly { readonly at: number; readonly bytes: Uint8Array }[] {
    let count = 0
    while (count < this.#insertions.length && (this.#insertions[count]?.at ?? 0) <= to) count++
    return count === 0 ? [] : this.#insertions.splice(0, count)
  }

  /** The text of an element between two offsets, as its hash is made of it. */
  #heldText(from: number, to: number): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let at = this.#heldFrom
    for (const chunk of this.#held) {
      const piece = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at))
      if (piece.length > 0) pieces.push(piece)
      at += chunk.length
      if (at >= to) break
    }
    return pieces
  }
}

function foreignSource({ attributes }: HtmlTag): string | undefined {
  return attributes.get('href') ?? attributes.get('xlink:href')
}

/** The hash that CSP compares with (CSP 3, 6.7.3.2): of the text as the parser gives it, with line feeds for line ends. */
function hashOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  let text: Uint8Array = Buffer.concat(pieces)
  if (text.includes(0x0d) || text.includes(0)) {
    const joined = Buffer.from(text).toString('latin1').replaceAll('\r\n', '\n').replaceAll('\r', '\n')
    text = Buffer.from(joined.replaceAll('\0', '\u00ef\u00bf\u00bd'), 'latin1')
  }
  return hash.update(text).digest('base64')
}

/** Sends a body through an injector. */
export async function* injectInto(
  body: AsyncIterable<Uint8Array>,
  injector: HtmlInjector,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield* injector.write(chunk)
  yield* injector.end()
}
