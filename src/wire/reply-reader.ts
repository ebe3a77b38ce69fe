import { readFieldLines } from './fields.ts'

/** What is told of one answer, in this order: information any number of times, head, data, end. */
export interface ReplySink {
  /** A 1xx answer other than 101. */
  information(status: number, fields: readonly string[]): void
  /** The final answer. `whole` is its body where all of it is there already; undefined: it follows. */
  head(status: number, fields: readonly string[], whole: Uint8Array | undefined): void
  data(chunk: Uint8Array): void
  end(trailers: readonly string[]): void
  /** 101: from here on the connection speaks another protocol; `rest` is its first bytes. */
  switched(fields: readonly string[], rest: Uint8Array): void
}

/** Bounds of an answer's head and trailers, in bytes. */
export const MAX_REPLY_HEAD_BYTES = 64 * 1024
const MAX_CHUNK_LINE = 512
const MAX_INFORMATION = 32

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const CHUNK_LINE = /^([0-9a-fA-F]{1,13})(?:;[\x21-\x7e]*)?$/
const LONE = /\r(?!\n)|(?<!\r)\n/
const NO_FIELDS: readonly string[] = []
const NOTHING = new Uint8Array(0)

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'chunk-line'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'

/**
 * Reads answers off one HTTP/1.1 connection, strictly and in linear time (RFC 9112 4 to 8). It takes only what all readers
 * take in one way: lines end with CRLF, there is one length or the coding `chunked`, chunk sizes are plain hexadecimal
 * numbers. Everything else is a fault, after which the connection is of no use.
 */
export class ReplyReader {
  #state: State = 'idle'
  #sink: ReplySink | undefined
  #method = ''
  #mayUpgrade = false
  #held: Buffer | undefined
  /** Bytes of what is held in which no end of a head was found: they are not searched again. */
  #searched = 0
  #left = 0
  #informed = 0
  #isPersistent = true
  #keepAliveMs: number | undefined

  /** Whether the connection can carry another request after this answer (RFC 9112 9.3). */
  get isPersistent(): boolean {
    return this.#isPersistent
  }

  /** How long the other side says that it keeps an idle connection, in milliseconds. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs
  }

  /** An answer to this request is expected now. */
  begin(method: string, mayUpgrade: boolean, sink: ReplySink): void {
    this.#state = 'head'
    this.#method = method
    this.#mayUpgrade = mayUpgrade
    this.#sink = sink
    this.#informed = 0
  }

  /** Takes the next bytes. Gives the reason if they break HTTP. */
  read(bytes: Buffer): string | undefined {
    let chunk = bytes
    if (this.#held) {
      chunk = Buffer.concat([this.#held, bytes])
      this.#held = undefined
    }
    let at = 0
    while (at < chunk.length) {
      if (this.#state === 'idle') {
        this.#isPersistent = false
        return 'bytes that nobody asked for'
      }
      const step = this.#step(chunk, at)
      if (typeof step === 'string') return step
      if (step < 0) {
        this.#held = chunk.subarray(at)
        return undefined
      }
      at = step
    }
    return undefined
  }

  /** The other side has ended. Gives the reason if that was too early. */
  finish(): string | undefined {
    this.#isPersistent = false
    if (this.#state === 'until-close') {
      this.#end(NO_FIELDS)
      return undefined
    }
    return this.#state === 'idle' ? undefined : 'the answer ended before its end'
  }

  /** Goes on from `at`; gives the place where it stopped, -1 when more bytes are needed, or the fault. */
  #step(chunk: Buffer, at: number): number | string {
    switch (this.#state) {
      case 'head':
        return this.#readHead(chunk, at)
      case 'length':
      case 'chunk-data': {
        const end = Math.min(chunk.length, at + this.#left)
        this.#left -= end - at
        this.#sink?.data(chunk.subarray(at, end))
        if (this.#left === 0) {
          if (this.#state === 'length') this.#end(NO_FIELDS)
          else this.#state = 'chunk-end'
        }
        return end
      }
      case 'until-close':
        this.#sink?.data(chunk.subarray(at))
        return chunk.length
      case 'chunk-line':
        return this.#readChunkLine(chunk, at)
      case 'chunk-end':
        if (chunk.length < at + 2) return chunk[at] === 13 ? -1 : 'chunk data longer than its size'
        if (chunk[at] !== 13 || chunk[at + 1] !== 10) return 'chunk data longer than its size'
        this.#state = 'chunk-line'
        return at + 2
      case 'trailers':
        return this.#readTrailers(chunk, at)
      case 'idle':
        break
    }
    return 'bytes that nobody asked for'
  }

  #readHead(chunk: Buffer, at: number): number | string {
    const from = at + Math.max(0, this.#searched - 4)
    const end = chunk.indexOf('\r\n\r\n', from, 'latin1')
    if (end < 0) {
      const length = chunk.length - at
      if (length > MAX_REPLY_HEAD_BYTES) return `a head larger than ${MAX_REPLY_HEAD_BYTES} bytes`
      this.#searched = length
      // What cannot become an answer any more is said now, not after a timeout.
      if (!'HTTP/1.'.startsWith(chunk.toString('latin1', at, Math.min(chunk.length, at + 7))))
        return 'not an HTTP/1.x status line'
      const line = chunk.toString('latin1', Math.max(at, from - 1), chunk.length - 1)
      return LONE.test(line.replace(/^\n/, '')) ? 'a line that does not end with CRLF' : -1
    }
    this.#searched = 0
    if (end - at > MAX_REPLY_HEAD_BYTES) return `a head larger than ${MAX_REPLY_HEAD_BYTES} bytes`
    const text = chunk.toString('latin1', at, end)
    if (LONE.test(text)) return 'a line that does not end with CRLF'
    const lines = text.split('\r\n')
    const line = STATUS_LINE.exec(lines[0] as string)
    if (!line) return 'not an HTTP/1.x status line'
    const read = readFieldLines(lines, 1)
    if (!read.ok) return read.why
    const status = Number(line[2])
    const next = end + 4
    return status < 200
      ? this.#inform(status, read.fields, chunk, next)
      : this.#frame(status, read.fields, line[1] === '1', chunk, next)
  }

  #inform(status: number, fields: readonly string[], chunk: Buffer, next: number): number | string {
    if (hasFraming(fields)) return `a length in a ${status} answer`
    if (status === 101) {
      if (!this.#mayUpgrade) return 'a switch of protocols that nobody asked for'
      this.#state = 'idle'
      this.#isPersistent = false
      this.#sink?.switched(fields, chunk.subarray(next))
      return chunk.length
    }
    if (++this.#informed > MAX_INFORMATION) return `more than ${MAX_INFORMATION} informational answers`
    this.#sink?.information(status, fields)
    return next
  }

  /** RFC 9112 6.3: how long the body is. */
  #frame(
    status: number,
    fields: readonly string[],
    is11: boolean,
    chunk: Buffer,
    next: number,
  ): number | string {
    const said = framingOf(fields, is11)
    if (typeof said === 'string') return said
    this.#isPersistent = said.isPersistent
    this.#keepAliveMs = said.keepAliveMs
    const { length, isChunked } = said
    if (this.#method === 'HEAD' || status === 204 || status === 304) {
      if (status === 204 && (isChunked || (length ?? 0) > 0)) return 'a body with 204'
      this.#sink?.head(status, fields, NOTHING)
      this.#end(NO_FIELDS)
      return next
    }
    if (isChunked) {
      this.#sink?.head(status, fields, undefined)
      this.#state = 'chunk-line'
      return next
    }
    if (length === undefined) {
      this.#isPersistent = false
      this.#sink?.head(status, fields, undefined)
      this.#state = 'until-close'
      return next
    }
    if (chunk.length - next >= length) {
      this.#sink?.head(status, fields, chunk.subarray(next, next + length))
      this.#end(NO_FIELDS)
      return next + length
    }
    this.#sink?.head(status, fields, undefined)
    this.#left = length
    this.#state = 'length'
    return next
  }

  #readChunkLine(chunk: Buffer, at: number): number | string {
    const end = chunk.indexOf('\r\n', at, 'latin1')
    if (end < 0 || end - at > MAX_CHUNK_LINE)
      return chunk.length - at > MAX_CHUNK_LINE ? 'a chunk size that does not end' : -1
    const line = CHUNK_LINE.exec(chunk.toString('latin1', at, end))
    if (!line) return 'a chunk size that is not a plain hexadecimal number'
    this.#left = Number.parseInt(line[1] as string, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data'
    return end + 2
  }

  #readTrailers(chunk: Buffer, at: number): number | string {
    if (chunk[at] === 13 && chunk[at + 1] === 10) {
      this.#end(NO_FIELDS)
      return at + 2
    }
    const end = chunk.indexOf('\r\n\r\n', at, 'latin1')
    if (end < 0) return chunk.length - at > MAX_REPLY_HEAD_BYTES ? 'trailers that do not end' : -1
    const text = chunk.toString('latin1', at, end)
    if (LONE.test(text)) return 'a trailer that does not end with CRLF'
    const read = readFieldLines(text.split('\r\n'), 0)
    if (!read.ok) return read.why
    if (hasFraming(read.fields)) return 'a length in the trailers'
    this.#end(read.fields)
    return end + 4
  }

  #end(trailers: readonly string[]): void {
    const sink = this.#sink
    this.#state = 'idle'
    this.#sink = undefined
    sink?.end(trailers)
  }
}

interface Framing {
  readonly length: number | undefined
  readonly isChunked: boolean
  readonly isPersistent: boolean
  readonly keepAliveMs: number | undefined
}

function framingOf(fields: readonly string[], is11: boolean): Framing | string {
  let coding: string | undefined
  let length: string | undefined
  let isPersistent = is11
  let keepAliveMs: number | undefined
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1] as string
    switch ((fields[i] as string).toLowerCase()) {
      case 'transfer-encoding':
        if (coding !== undefined) return 'two Transfer-Encoding fields'
        coding = value
        break
      case 'content-length':
        if (length !== undefined) return 'two Content-Length fields'
        length = value
        break
      case 'connection':
        if (/(^|,)\s{0,8}close\s{0,8}(,|$)/i.test(value)) isPersistent = false
        break
      case 'keep-alive': {
        const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:[,\s]|$)/i.exec(value)?.[1]
        if (seconds !== undefined) keepAliveMs = Number(seconds) * 1000
        break
      }
      default:
    }
  }
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked')
      return `Transfer-Encoding ${JSON.stringify(coding)} is not \`chunked\``
    if (length !== undefined) return 'both Transfer-Encoding and Content-Length'
    if (!is11) return 'a Transfer-Encoding in HTTP/1.0'
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    return `Content-Length ${JSON.stringify(length)} is not one number`
  return {
    length: length === undefined ? undefined : Number(length),
    isChunked: coding !== undefined,
    isPersistent,
    keepAliveMs,
  }
}

function hasFraming(fields: readonly string[]): boolean {
  return fields.some((name, i) => i % 2 === 0 && /^(transfer-encoding|content-length)$/i.test(name))
}
