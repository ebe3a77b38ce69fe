import { BODY_BOUNDS, type BodyBounds, type BodyReading, NOTHING_READ } from './reading.ts'
import { utf16ToUtf8 } from './utf8.ts'
import { decodeReferences } from './xml-entities.ts'

/**
 * The texts and attribute values of an XML document (XML 1.0, non-validating). `text` has each run of text without the
 * blanks around it, as anchored rules want it, and after them all text of the document in one piece, as XPath's string value
 * of `/*` and thus ModSecurity's `XML:/*` is; with a single run that is the same. Comments and processing instructions are
 * skipped, CDATA is text, the predefined and numeric references are undone.
 *
 * Entities are never expanded or fetched: a document type that declares any, refers to another document, or a reference to
 * an unknown entity sets the error, and the declarations are text so that rules see them. Where the document is damaged,
 * what is left is text as well.
 */
export function readXml(body: string, bounds: BodyBounds = BODY_BOUNDS): BodyReading {
  const scan = new XmlScan(asUtf8(body), bounds)
  scan.run()
  const text = scan.pieces.length > 1 ? [...scan.runs, scan.pieces.join('')] : scan.runs
  const xml = { text: [...text, ...scan.raw], attributes: scan.attributes }
  return { ...NOTHING_READ, xml, error: scan.error, truncated: scan.truncated }
}

/** UTF-16 is seen by its mark or by a first `<` of two bytes (XML 1.0 appendix F). */
function asUtf8(body: string): string {
  if (body.startsWith('\xef\xbb\xbf')) return body.slice(3)
  if (body.startsWith('\xff\xfe')) return utf16ToUtf8(body.slice(2), true)
  if (body.startsWith('\xfe\xff')) return utf16ToUtf8(body.slice(2), false)
  if (body.startsWith('<\0')) return utf16ToUtf8(body, true)
  return body.startsWith('\0<') ? utf16ToUtf8(body, false) : body
}

// What is written in another encoding than these would be text that no rule can read.
const DECLARED = /^[ \t\r\n]{0,16}=[ \t\r\n]{0,16}["']([^"'<>]{0,64})["']/
const READABLE = /^(?:utf-?8|utf-?16(?:le|be)?|us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d)$/i
const NOT_A_PLAIN_NAME = /[^A-Za-z0-9:/.\-_#~]/

// A class for the position in the document: open elements wait on a list, so depth costs no recursion.
class XmlScan {
  /** Each run of text, trimmed. */
  readonly runs: string[] = []
  /** All text as it is. */
  readonly pieces: string[] = []
  /** Declarations and what is left after damage. */
  readonly raw: string[] = []
  readonly attributes: string[] = []
  error: string | undefined
  truncated: string | undefined
  readonly #text: string
  readonly #bounds: BodyBounds
  readonly #open: string[] = []
  #run: string[] = []
  #hasRoot = false
  #hasDoctype = false
  #at = 0

  constructor(text: string, bounds: BodyBounds) {
    this.#text = text
    this.#bounds = bounds
  }

  run(): void {
    const text = this.#text
    if (trimBlanks(text) === '') return
    this.#declaration()
    while (this.#at < text.length && this.truncated === undefined) {
      const next = text.indexOf('<', this.#at)
      const end = next < 0 ? text.length : next
      if (end > this.#at) this.#characters(text.slice(this.#at, end))
      this.#at = end
      if (next >= 0 && !this.#markup()) break
    }
    this.#endRun()
    if (this.truncated !== undefined) return
    if (this.#at < text.length) this.raw.push(text.slice(this.#at))
    else if (this.#open.length > 0) this.#note('an element is not closed')
    else if (!this.#hasRoot) this.#note('no element')
  }

  #declaration(): void {
    const start = this.#blanksEnd(0)
    if (!this.#text.startsWith('<?xml', start)) return
    const end = this.#text.indexOf('?>', start)
    const declared = this.#text.slice(start, end < 0 ? this.#text.length : end)
    const at = declared.indexOf('encoding')
    if (at < 0) return
    const encoding = DECLARED.exec(declared.slice(at + 'encoding'.length))?.[1]
    if (encoding === undefined || !READABLE.test(encoding)) this.#note('an encoding that is not read')
  }

  #characters(raw: string): void {
    const text = this.#decode(raw)
    if (this.#open.length > 0) this.#run.push(text)
    else if (trimBlanks(raw) !== '') {
      this.#note('text outside of the element')
      this.#run.push(text)
      this.#endRun()
    }
  }

  /** Reads the markup that begins here. False when the document is damaged; the position stays before the damage. */
  #markup(): boolean {
    const text = this.#text
    const kind = text[this.#at + 1]
    if (kind === '?') return this.#skip('?>')
    if (kind === '/') return this.#endTag()
    if (kind !== '!') return this.#startTag()
    if (text.startsWith('<!--', this.#at)) return this.#skip('-->', 4)
    if (text.startsWith('<![CDATA[', this.#at)) return this.#characterData()
    return text.startsWith('<!DOCTYPE', this.#at) ? this.#doctype() : this.#fail('an unknown declaration')
  }

  #skip(end: string, from = 2): boolean {
    const found = this.#text.indexOf(end, this.#at + from)
    if (found < 0) return this.#fail('markup is not closed')
    this.#at = found + end.length
    return true
  }

  #characterData(): boolean {
    const start = this.#at + '<![CDATA['.length
    if (this.#open.length === 0) return this.#fail('text outside of the element')
    if (!this.#skip(']]>', '<![CDATA['.length)) return false
    this.#run.push(this.#text.slice(start, this.#at - 3))
    return true
  }

  #endTag(): boolean {
    const nameEnd = this.#nameEnd(this.#at + 2)
    const end = this.#blanksEnd(nameEnd)
    if (this.#text[end] !== '>') return this.#fail('an end tag is not closed')
    if (this.#open.at(-1) !== this.#text.slice(this.#at + 2, nameEnd))
      return this.#fail('a tag that was not opened')
    this.#open.pop()
    this.#endRun()
    this.#at = end + 1
    return true
  }

  #startTag(): boolean {
    const text = this.#text
    const start = this.#at + 1
    let at = this.#nameEnd(start)
    const name = text.slice(start, at)
    if (!startsName(name)) return this.#fail('a tag without a name')
    if (this.#open.length === 0 && this.#hasRoot) return this.#fail('a second element')
    if (this.#open.length >= this.#bounds.maxXmlDepth) {
      this.truncated = `deeper than ${this.#bounds.maxXmlDepth} levels`
      return false
    }
    this.#endRun()
    this.#hasRoot = true
    const seen = new Set<string>()
    for (;;) {
      const next = this.#blanksEnd(at)
      const char = text[next]
      if (char === '>') {
        this.#open.push(name)
        this.#at = next + 1
        return true
      }
      if (char === '/' && text[next + 1] === '>') {
        this.#at = next + 2
        return true
      }
      if (next === at) return this.#fail('a tag is not closed')
      at = this.#attribute(next, seen)
      if (at < 0) return false
    }
  }

  /** Reads an attribute; gives its end, or -1 when it is damaged or one too many. */
  #attribute(start: number, seen: Set<string>): number {
    const text = this.#text
    const nameEnd = this.#nameEnd(start)
    const name = text.slice(start, nameEnd)
    const equals = this.#blanksEnd(nameEnd)
    const open = this.#blanksEnd(equals + 1)
    const quote = text[open]
    const end = quote === '"' || quote === "'" ? text.indexOf(quote, open + 1) : -1
    if (!startsName(name) || text[equals] !== '=' || end < 0) {
      this.#fail('an attribute is not one')
      return -1
    }
    const raw = text.slice(open + 1, end)
    if (raw.includes('<')) this.#note('a tag in an attribute')
    if (seen.has(name)) this.#note('an attribute is repeated')
    seen.add(name)
    const value = this.#decode(raw)
    // XPath 1.0 5.3: namespace declarations are no attributes. One that is not a plain name may hide something.
    const isPlainName = (name === 'xmlns' || name.startsWith('xmlns:')) && !NOT_A_PLAIN_NAME.test(value)
    if (isPlainName) return end + 1
    return this.#hasRoom() && this.attributes.push(value) > 0 ? end + 1 : -1
  }

  /** Reads a document type (XML 1.0 2.8) to its end without following anything in it. */
  #doctype(): boolean {
    const text = this.#text
    if (this.#hasDoctype || this.#hasRoot) return this.#fail('a document type out of place')
    const start = this.#at
    let depth = 0
    for (let i = start + 2; i < text.length; i++) {
      const char = text[i] as string
      if (char === '"' || char === "'") {
        i = text.indexOf(char, i + 1)
      } else if (char === '<' && text.startsWith('<!--', i)) {
        i = text.indexOf('-->', i + 4)
      } else if (char === '<' && text.startsWith('<?', i)) {
        i = text.indexOf('?>', i + 2)
      } else if (char === '[') depth++
      else if (char === ']') depth--
      else if (char === '>' && depth <= 0) {
        this.#at = i + 1
        return this.#judgeDoctype(text.slice(start, i + 1))
      }
      if (i < 0) break
    }
    return this.#fail('a document type is not closed')
  }

  #judgeDoctype(raw: string): boolean {
    const subset = raw.indexOf('[')
    const isExternal = /[ \t\r\n](?:SYSTEM|PUBLIC)[ \t\r\n]/.test(subset < 0 ? raw : raw.slice(0, subset))
    if (subset >= 0 || isExternal) this.raw.push(raw)
    if (raw.includes('<!ENTITY') || raw.includes('%')) this.#note('a document type with entities')
    else if (isExternal) this.#note('a document type that refers to another document')
    this.#hasDoctype = true
    return true
  }

  #decode(raw: string): string {
    const { text, unknown } = decodeReferences(raw)
    if (unknown !== undefined) this.#note('an unknown entity')
    return text
  }

  /** A run of text ends where an element begins or ends. */
  #endRun(): void {
    if (this.#run.length === 0) return
    const whole = this.#run.join('')
    const trimmed = trimBlanks(whole)
    this.#run = []
    this.pieces.push(whole)
    if (trimmed !== '' && this.#hasRoom()) this.runs.push(trimmed)
  }

  #hasRoom(): boolean {
    if (this.runs.length + this.attributes.length < this.#bounds.maxXmlValues) return true
    this.truncated = `more than ${this.#bounds.maxXmlValues} values`
    return false
  }

  #nameEnd(start: number): number {
    let i = start
    while (i < this.#text.length && !endsName(this.#text.charCodeAt(i))) i++
    return i
  }

  #blanksEnd(start: number): number {
    let i = start
    while (isBlank(this.#text.charCodeAt(i))) i++
    return i
  }

  #note(what: string): void {
    this.error ??= `XML: ${what} (byte ${this.#at})`
  }

  #fail(what: string): false {
    this.#note(what)
    return false
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** Blanks and what cannot be in a name because it means something else: `"` `'` `/` `<` `=` `>` and controls. */
function endsName(code: number): boolean {
  return code <= 0x20 || code === 0x22 || code === 0x27 || code === 0x2f || (code >= 0x3c && code <= 0x3e)
}

/** XML 1.0 2.3, with all bytes above ASCII as letters. */
function startsName(name: string): boolean {
  const code = name.charCodeAt(0)
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || code === 0x3a || code >= 0x80
}

function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}
