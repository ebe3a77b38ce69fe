import { createHash } from 'node:crypto'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'

import { type Call, type Caller, type Wire, WireFault, type WireOptions, type WireRequest } from './call.ts'
import { dial } from './dial.ts'
import { isFieldName, isFieldValue } from './fields.ts'

interface Session {
  readonly http2: ClientHttp2Session
  streams: number
  /** The application has said what it speaks. */
  isReady: boolean
  /** It takes no further streams. */
  isLeaving: boolean
}

interface Waiting {
  readonly start: (session: Session) => void
  readonly fail: (fault: WireFault) => void
}

/** Fields that HTTP/2 has no place for (RFC 9113 8.2.2), and those that became pseudo-fields. */
const NOT_SENT = new Set([
  'host',
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
])

/**
 * HTTP/2 towards one application (RFC 9113): as many streams at once on a connection as it allows, and another connection when
 * those are used up. The scheme says that the application speaks it: `h2://` in the TLS handshake, `h2c://` from the first byte.
 */
export class Http2Wire implements Wire {
  readonly #options: WireOptions
  readonly #sessions = new Set<Session>()
  #queue: Waiting[] = []
  #isClosed = false

  constructor(options: WireOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#queue.length
  }

  send(request: WireRequest, caller: Caller): Call {
    const call = new Http2Call(request, caller, this.#options)
    const waiting: Waiting = {
      start: (session) => {
        if (call.isOver) return
        session.streams++
        const done = (): void => {
          session.streams--
          this.#next()
        }
        // Whether it takes WebSockets is known from its settings (RFC 8441 3).
        if (!request.upgrade || session.isReady) call.start(session.http2, done)
        else awaitSettings(session.http2, () => call.start(session.http2, done))
      },
      fail: (fault) => call.fail(fault),
    }
    const session = this.#isClosed ? undefined : this.#room()
    if (session) waiting.start(session)
    else if (this.#isClosed) call.fail(new WireFault('unreachable', 'its connections are closed'))
    else this.#queue.push(waiting)
    return call
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const one of this.#queue.splice(0))
      one.fail(new WireFault('unreachable', 'its connections are closed'))
    for (const { http2 } of this.#sessions) http2.destroy()
  }

  #room(): Session | undefined {
    for (const session of this.#sessions) {
      const most = session.http2.remoteSettings?.maxConcurrentStreams ?? 100
      if (!session.isLeaving && session.streams < Math.min(most, 1000)) return session
    }
    return this.#sessions.size < this.#options.maxConnections ? this.#open() : undefined
  }

  #open(): Session {
    const { origin, connectTimeoutMs } = this.#options
    const isTls = origin.startsWith('h2:')
    const authority = origin.replace(/^h2c?:/, isTls ? 'https:' : 'http:')
    const http2 = connect(authority, {
      settings: { enablePush: false, initialWindowSize: 256 * 1024, maxHeaderListSize: 64 * 1024 },
      createConnection: () => dial(authority, ['h2']),
    })
    const session: Session = { http2, streams: 0, isReady: false, isLeaving: false }
    this.#sessions.add(session)
    const leave = (): void => {
      session.isLeaving = true
    }
    const timer = setTimeout(
      () => http2.destroy(new WireFault('timeout', 'no connection within the timeout')),
      connectTimeoutMs,
    )
    http2.once('connect', (_session, socket) => {
      if (isTls && (socket as TLSSocket).alpnProtocol !== 'h2')
        http2.destroy(new WireFault('malformed', 'the application does not speak HTTP/2'))
    })
    // A connection is there when its settings are: before them the application may speak anything.
    http2.once('remoteSettings', () => {
      clearTimeout(timer)
      session.isReady = true
    })
    http2.on('goaway', leave)
    http2.on('error', leave)
    http2.once('close', () => {
      clearTimeout(timer)
      leave()
      this.#sessions.delete(session)
      this.#next()
    })
    return session
  }

  #next(): void {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const session = this.#room()
      if (!session) return
      this.#queue.shift()?.start(session)
    }
  }
}

/** One stream. */
class Http2Call implements Call {
  readonly #request: WireRequest
  readonly #caller: Caller
  readonly #options: WireOptions
  #stream: ClientHttp2Stream | undefined
  #timer: NodeJS.Timeout | undefined
  #hasHead = false
  isOver = false

  constructor(request: WireRequest, caller: Caller, options: WireOptions) {
    this.#request = request
    this.#caller = caller
    this.#options = options
    this.#wait(options.headTimeoutMs)
  }

  start(session: ClientHttp2Session, done: () => void): void {
    const { body, upgrade } = this.#request
    let headers: Record<string, string | string[]>
    let stream: ClientHttp2Stream
    if (this.isOver) {
      done()
      return
    }
    try {
      headers = headersOf(this.#request, session)
      if (upgrade && session.remoteSettings.enableConnectProtocol !== true)
        throw new Error('the application takes no WebSocket over HTTP/2')
      stream = session.request(headers, { endStream: body === null && !upgrade })
    } catch (thrown) {
      done()
      this.fail(new WireFault('unreachable', 'the request cannot be sent', { cause: thrown }))
      return
    }
    this.#stream = stream
    let trailers: readonly string[] = []
    stream.on('headers', (found: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
      const status = found[':status'] ?? 0
      if (status >= 100 && status < 200 && !this.isOver) this.#caller.information(status, fieldsOf(found))
    })
    stream.on('response', (found: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number) => {
      this.#answered(stream, found, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
    })
    stream.on('trailers', (found: IncomingHttpHeaders) => (trailers = fieldsOf(found)))
    stream.on('end', () => {
      // A stream that was reset ends as one that was finished does.
      if (!this.#hasHead || upgrade || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
      this.#finish(() => this.#caller.end(trailers))
    })
    stream.on('error', (error: Error) => this.#broke(error))
    stream.on('close', () => {
      done()
      this.#broke(undefined)
    })
    if (upgrade) return
    if (body instanceof Uint8Array) stream.end(body)
    else if (body !== null) this.#write(stream, body).catch((thrown: unknown) => this.#broke(thrown))
  }

  pause(): void {
    clearTimeout(this.#timer)
    this.#stream?.pause()
  }

  resume(): void {
    if (this.isOver) return
    this.#wait(this.#options.bodyTimeoutMs)
    this.#stream?.resume()
  }

  abort(): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.#timer)
    this.#stream?.close(constants.NGHTTP2_CANCEL)
  }

  fail(fault: WireFault): void {
    this.#finish(() => this.#caller.fail(fault))
    this.#stream?.close(constants.NGHTTP2_CANCEL)
  }

  #answered(
    stream: ClientHttp2Stream,
    found: IncomingHttpHeaders & IncomingHttpStatusHeader,
    isWhole: boolean,
  ): void {
    if (this.isOver) return
    const status = found[':status'] ?? 0
    const fields = fieldsOf(found)
    if (this.#request.upgrade && status === 200) {
      stream.pause()
      const at = this.#request.fields.findIndex((name, i) => i % 2 === 0 && /^sec-websocket-key$/i.test(name))
      if (at >= 0) fields.push('Sec-WebSocket-Accept', acceptOf(this.#request.fields[at + 1] as string))
      this.#finish(() => this.#caller.switched(fields, stream))
      return
    }
    this.#hasHead = true
    if (isWhole || this.#request.method === 'HEAD') {
      this.#finish(() => {
        this.#caller.head(status, fields, new Uint8Array(0))
        this.#caller.end([])
      })
      stream.resume()
      return
    }
    this.#wait(this.#options.bodyTimeoutMs)
    this.#caller.head(status, fields, undefined)
    stream.on('data', (chunk: Uint8Array) => {
      if (this.isOver) return
      this.#wait(this.#options.bodyTimeoutMs)
      this.#caller.data(chunk)
    })
  }

  async #write(stream: ClientHttp2Stream, body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      if (stream.destroyed) return
      if (stream.write(chunk)) continue
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stream.off('drain', done).off('close', done)
          resolve()
        }
        stream.on('drain', done).on('close', done)
      })
    }
    stream.end()
    if (!this.#hasHead && !this.isOver) this.#wait(this.#options.headTimeoutMs)
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer)
    if (ms > 0 && !this.isOver)
      this.#timer = setTimeout(() => this.fail(new WireFault('timeout', 'no answer within the timeout')), ms)
  }

  #finish(tell: () => void): void {
    if (this.isOver) return
    this.isOver = true
    clearTimeout(this.#timer)
    tell()
  }

  #broke(thrown: unknown): void {
    if (this.isOver) return
    const cause = thrown instanceof WireFault ? thrown : undefined
    const code = this.#stream?.rstCode
    const isTheirs = code === constants.NGHTTP2_PROTOCOL_ERROR || code === constants.NGHTTP2_COMPRESSION_ERROR
    // REFUSED_STREAM says that nothing was done (RFC 9113 8.7).
    const kind =
      code === constants.NGHTTP2_REFUSED_STREAM ? 'closed-unused' : isTheirs ? 'malformed' : 'unreachable'
    this.fail(cause ?? new WireFault(kind, 'the stream broke', { cause: thrown }))
  }
}

function awaitSettings(session: ClientHttp2Session, go: () => void): void {
  const once = (): void => {
    session.off('remoteSettings', once).off('close', once)
    go()
  }
  session.on('remoteSettings', once).on('close', once)
}

/** What answers a key in HTTP/1.1 (RFC 6455 4.2.2); HTTP/2 has neither. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

function headersOf(request: WireRequest, session: ClientHttp2Session): Record<string, string | string[]> {
  const { fields, upgrade, target, body, bodyBytes } = request
  const headers: Record<string, string | string[]> = {
    ':method': upgrade ? 'CONNECT' : request.method,
    ':path': target,
    ':scheme': session.encrypted === true ? 'https' : 'http',
    // We read trailers (RFC 9110 10.1.4), and gRPC asks for this.
    te: 'trailers',
  }
  if (upgrade) headers[':protocol'] = 'websocket'
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase()
    const value = fields[i + 1] as string
    if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`the field \`${name}\``)
    if (name === 'host') headers[':authority'] = value
    if (NOT_SENT.has(name) || (upgrade && name === 'sec-websocket-key')) continue
    const known = headers[name]
    headers[name] = known === undefined ? value : [known, value].flat()
  }
  const length = body instanceof Uint8Array ? body.length : body === null ? undefined : bodyBytes
  if (length !== undefined && !upgrade) headers['content-length'] = String(length)
  return headers
}

/** A flat list of the fields of an answer, without pseudo-fields. */
function fieldsOf(headers: IncomingHttpHeaders): string[] {
  const fields: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of [value].flat()) fields.push(name, one)
  }
  return fields
}
