import { type Disposition, parseDisposition } from './content-disposition.ts'
import { type Boundary, multipartBoundary } from './multipart-boundary.ts'
import { BODY_BOUNDS, type BodyBounds, type BodyReading, type FilePart } from './reading.ts'

/**
 * The fields and files of a multipart body (RFC 2046 5.1, RFC 7578) with ModSecurity's flags for everything that readers
 * could take differently. What is wrong sets the error and is read on as a lenient application would: text before the first
 * and after the last delimiter, and what stands behind a delimiter on its line, are arguments without a name.
 *
 * MULTIPART_UNMATCHED_BOUNDARY is 1 when something like a delimiter was seen and no delimiter after it, 2 when one followed.
 * In ModSecurity 3 it is 2 in every body of more than one delimiter, which makes `!@eq 0` useless; `@eq 1` means the same.
 */
export function readMultipart(
  body: string,
  contentType: string,
  bounds: BodyBounds = BODY_BOUNDS,
): BodyReading {
  const boundary = multipartBoundary(contentType)
  const scan = new MultipartScan(body, boundary, bounds)
  scan.run()
  return {
    args: scan.args,
    files: scan.files,
    partHeaders: scan.partHeaders,
    xml: undefined,
    flags: scan.flags,
    error: scan.error,
    truncated: scan.truncated,
  }
}

const STRICT = [
  'MULTIPART_BOUNDARY_QUOTED',
  'MULTIPART_BOUNDARY_WHITESPACE',
  'MULTIPART_DATA_BEFORE',
  'MULTIPART_DATA_AFTER',
  'MULTIPART_HEADER_FOLDING',
  'MULTIPART_LF_LINE',
  'MULTIPART_MISSING_SEMICOLON',
  'MULTIPART_INVALID_QUOTING',
  'MULTIPART_INVALID_PART',
  'MULTIPART_INVALID_HEADER_FOLDING',
  'MULTIPART_FILE_LIMIT_EXCEEDED',
]

interface HeaderLine {
  readonly name: string
  line: string
}

type Place = 'before' | 'headers' | 'content' | 'after'

// A class for the position in the body. Each line is visited once.
class MultipartScan {
  readonly args: [string, string][] = []
  readonly files: FilePart[] = []
  readonly partHeaders: [string, string][] = []
  readonly flags = new Map<string, number>()
  error: string | undefined
  truncated: string | undefined
  readonly #body: string
  readonly #boundary: Boundary
  readonly #bounds: BodyBounds
  #place: Place = 'before'
  #parts = 0
  #headers: HeaderLine[] = []
  #headerNames = new Set<string>()
  #headerBytes = 0
  #contentStart = 0
  #hasCrlf = false

  constructor(body: string, boundary: Boundary, bounds: BodyBounds) {
    this.#body = body
    this.#boundary = boundary
    this.#bounds = bounds
    this.error = boundary.error
    for (const flag of boundary.flags) this.#raise(flag)
  }

  run(): void {
    if (this.#boundary.value === undefined) this.#addHidden(this.#body)
    else if (this.#body !== '') this.#lines(`--${this.#boundary.value}`)
    if (this.#hasCrlf && this.flags.has('MULTIPART_LF_LINE')) this.#raise('MULTIPART_CRLF_LF_LINES')
    if (this.error !== undefined || STRICT.some((flag) => this.flags.has(flag)))
      this.#raise('MULTIPART_STRICT_ERROR')
  }

  #lines(delimiter: string): void {
    const body = this.#body
    let inside = body.indexOf(delimiter)
    let firstDelimiter = -1
    let start = 0
    while (start < body.length && this.#place !== 'after' && this.truncated === undefined) {
      const newline = body.indexOf('\n', start)
      const end = newline < 0 ? body.length : newline + 1
      while (inside >= 0 && inside < start) inside = body.indexOf(delimiter, start)
      if (inside === start) {
        if (firstDelimiter < 0) firstDelimiter = start
        this.#delimiterLine(delimiter, start, end)
      } else {
        if (inside > start && inside < end) this.#raise('MULTIPART_UNMATCHED_BOUNDARY')
        if (end - start > 3 && body.startsWith('--', start)) this.#dashedLine(start, end)
        if (this.#place === 'headers') this.#headerLine(start, end)
      }
      start = end
    }
    if (this.truncated !== undefined) return
    if (this.#place === 'after') {
      if (start < body.length) this.#raise('MULTIPART_DATA_AFTER')
      this.#addHidden(body.slice(start))
    } else {
      this.#fail(firstDelimiter < 0 ? 'No boundaries found in payload' : 'Final boundary missing')
      if (firstDelimiter >= 0) this.#closePart(body.length)
    }
    const before = firstDelimiter < 0 ? body : body.slice(0, firstDelimiter)
    if (before !== '') this.#raise('MULTIPART_DATA_BEFORE')
    this.#addHidden(before)
  }

  #delimiterLine(delimiter: string, start: number, end: number): void {
    if (this.#place !== 'before') this.#closePart(start)
    if (this.truncated !== undefined) return
    if (this.flags.has('MULTIPART_UNMATCHED_BOUNDARY')) this.flags.set('MULTIPART_UNMATCHED_BOUNDARY', 2)
    let rest = this.#body.slice(start + delimiter.length, end)
    const isFinal = rest.startsWith('--')
    if (isFinal) rest = rest.slice(2)
    if (rest.endsWith('\n')) this.#noteLineEnd(end)
    rest = withoutLineEnd(rest)
    if (rest !== '') {
      this.#fail('Invalid boundary (data after it)')
      this.#addHidden(rest)
    }
    if (isFinal) this.#place = 'after'
    else this.#openPart()
  }

  /** A line that looks like a delimiter and is none. */
  #dashedLine(start: number, end: number): void {
    this.#raise('MULTIPART_UNMATCHED_BOUNDARY')
    const value = this.#boundary.value as string
    let at = start + 2
    while (at < end && isBlank(this.#body.charCodeAt(at))) at++
    if (at > start + 2 && this.#body.startsWith(value, at)) this.#fail('Invalid boundary (whitespace)')
    if (this.#body.startsWith(`"${value}`, start + 2)) this.#fail('Invalid boundary (quotes)')
  }

  #openPart(): void {
    if (++this.#parts > this.#bounds.maxParts) this.truncated = `more than ${this.#bounds.maxParts} parts`
    this.#place = 'headers'
    this.#headers = []
    this.#headerNames = new Set()
    this.#headerBytes = 0
  }

  #headerLine(start: number, end: number): void {
    const line = withoutLineEnd(this.#body.slice(start, end))
    if (this.#body.charCodeAt(end - 1) === NEWLINE) this.#noteLineEnd(end)
    if (line === '') {
      this.#place = 'content'
      this.#contentStart = end
      return
    }
    this.#headerBytes += end - start
    if (this.#headerBytes > this.#bounds.maxPartHeaderBytes) {
      this.#fail('Part header too long')
      this.truncated = `part headers of more than ${this.#bounds.maxPartHeaderBytes} bytes`
      return
    }
    if (hasControl(line)) this.#fail('Invalid part header (contains invalid character)')
    if (isBlank(line.charCodeAt(0))) this.#foldedLine(line)
    else this.#newHeader(line)
  }

  #foldedLine(line: string): void {
    this.#raise('MULTIPART_HEADER_FOLDING')
    let at = 0
    for (; isBlank(line.charCodeAt(at)); at++) {
      const code = line.charCodeAt(at)
      if (code !== 0x20 && code !== 0x09) this.#raise('MULTIPART_INVALID_HEADER_FOLDING')
    }
    const last = this.#headers.at(-1)
    if (last === undefined) {
      this.#fail('Invalid part header (folding error)')
      this.#newHeader(line.slice(at))
    } else last.line += ` ${line.slice(at)}`
  }

  #newHeader(line: string): void {
    const colon = line.indexOf(':')
    if (colon < 0) this.#fail('Invalid part header (colon missing)')
    else if (colon === 0) this.#fail('Invalid part header (header name missing)')
    else if (!isHeaderName(line, colon)) this.#fail('Invalid part header (contains invalid character)')
    const name = trimBlanks(line.slice(0, Math.max(colon, 0))).toLowerCase()
    if (this.#headerNames.has(name)) this.#fail('Duplicate part header')
    this.#headerNames.add(name)
    this.#headers.push({ name, line })
  }

  #closePart(lineStart: number): void {
    let content = ''
    if (this.#place === 'content') content = withoutLineEnd(this.#body.slice(this.#contentStart, lineStart))
    else this.#raise('MULTIPART_INVALID_PART')
    const dispositions = this.#dispositions()
    const names = dispositions.flatMap((one) => one.names)
    const fileNames = dispositions.flatMap((one) => one.fileNames).filter((name) => name !== '')
    const name = names[0] ?? ''
    if (name === '' && this.#boundary.isFormData) {
      this.#raise('MULTIPART_INVALID_PART')
      this.#fail('Content-Disposition header missing name field')
    }
    for (const { line } of this.#headers)
      if (!this.#hasRoom(this.partHeaders)) return
      else this.partHeaders.push([name, line])
    // The content is listed once; the names that contradict the first one are there to be seen.
    if (fileNames.length === 0) this.#addArgument(name, content)
    fileNames.forEach((fileName, i) => this.#addFile(name, fileName, i === 0 ? content : ''))
    for (const other of names.slice(1)) this.#addArgument(other, '')
  }

  #dispositions(): readonly Disposition[] {
    const found = this.#headers
      .filter(({ name }) => name === 'content-disposition')
      .map(({ line }) => parseDisposition(trimBlanks(line.slice(line.indexOf(':') + 1))))
    if (found.length === 0 && this.#boundary.isFormData) this.#fail('Part missing Content-Disposition header')
    for (const { error, hasInvalidQuoting, type } of found) {
      if (hasInvalidQuoting) this.#raise('MULTIPART_INVALID_QUOTING')
      if (error !== undefined) this.#fail(`Invalid Content-Disposition header (${error})`)
      else if (type !== 'form-data' && this.#boundary.isFormData)
        this.#fail('Invalid Content-Disposition header (type)')
    }
    return found
  }

  #addFile(field: string, name: string, content: string): void {
    if (!this.#hasRoom(this.files)) return
    this.files.push({ field, name, bytes: content.length, content })
    if (this.files.length > this.#bounds.maxFiles) this.#raise('MULTIPART_FILE_LIMIT_EXCEEDED')
  }

  /** Text that only an odd reader would take for content. */
  #addHidden(text: string): void {
    if (trimBlanks(text) !== '') this.#addArgument('', text)
  }

  #addArgument(name: string, value: string): void {
    if (this.#hasRoom(this.args)) this.args.push([name, value])
  }

  #hasRoom(list: readonly unknown[]): boolean {
    if (list.length < this.#bounds.maxArguments) return true
    this.truncated ??= `more than ${this.#bounds.maxArguments} arguments`
    return false
  }

  #noteLineEnd(end: number): void {
    if (this.#body.charCodeAt(end - 2) === RETURN) this.#hasCrlf = true
    else this.#raise('MULTIPART_LF_LINE')
  }

  #raise(flag: string): void {
    this.flags.set(flag, 1)
  }

  #fail(what: string): void {
    this.error ??= `Multipart: ${what}.`
  }
}

const NEWLINE = 0x0a
const RETURN = 0x0d

function withoutLineEnd(text: string): string {
  if (!text.endsWith('\n')) return text
  return text.slice(0, text.charCodeAt(text.length - 2) === RETURN ? -2 : -1)
}

/** C's isspace, which is what decides about folding. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return text.slice(start, end)
}

function hasControl(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

/** RFC 822 3.1.2: printable characters but space. */
function isHeaderName(line: string, end: number): boolean {
  for (let i = 0; i < end; i++) if (line.charCodeAt(i) <= 0x20 || line.charCodeAt(i) >= 0x7f) return false
  return true
}
