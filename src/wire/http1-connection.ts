import type { Duplex } from 'node:stream'

import { type Call, type Caller, WireFault, type WireOptions, type WireRequest } from './call.ts'
import { isFieldName, isFieldValue } from './fields.ts'
import { ReplyReader, type ReplySink } from './reply-reader.ts'

/** What a connection tells the pool that it is from. */
export interface Keeper {
  /** It has answered, and can carry the next request. */
  onFree(connection: Http1Connection): void
  onGone(connection: Http1Connection): void
}

const NEVER = Number.POSITIVE_INFINITY

/**
 * One connection to an application. It carries one request at a time, and only a connection whose last answer ended exactly
 * where its framing said carries another.
 */
export class Http1Connection {
  readonly socket: Duplex
  /** Milliseconds of `performance.now()` after which the pool ends it. */
  deadlineMs: number
  /** Until when it may be used again while it is idle. */
  idleUntilMs = 0
  readonly #options: WireOptions
  readonly #keeper: Keeper
  readonly #reader = new ReplyReader()
  readonly #sink: ReplySink
  #caller: Caller | undefined
  #answered = 0
  #heard = false
  #hasSent = false
  #hasAnswer = false
  #isHeadOut = false
  #isOver = false
  #isConnected = false
  #isPaused = false
  #error: Error | undefined

  constructor(socket: Duplex, options: WireOptions, keeper: Keeper, nowMs: number) {
    this.socket = socket
    this.#options = options
    this.#keeper = keeper
    this.deadlineMs = nowMs + options.connectTimeoutMs
    this.#sink = this.#makeSink()
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** Its time is up: for connecting, or for an answer. */
  expire(): void {
    if (this.#isConnected) this.#fail(new WireFault('timeout', 'no answer within the timeout'))
    else {
      const cause = Object.assign(new Error('no connection within the timeout'), { code: 'ETIMEDOUT' })
      this.#fail(new WireFault('unreachable', cause.message, { cause }))
    }
  }

  /** Whether a request is on it. */
  get isBusy(): boolean {
    return this.#caller !== undefined
  }

  /** The connection is there; until then the time for connecting counts. */
  connected(nowMs: number): void {
    this.deadlineMs = this.#hasSent ? nowMs + this.#options.headTimeoutMs : NEVER
    this.#isConnected = true
  }

  /** Puts a request on the wire. What is given back is about this request alone, whatever the connection carries later. */
  send(request: WireRequest, caller: Caller): Call {
    this.#caller = caller
    this.#put(request)
    return {
      pause: () => this.#caller === caller && this.#pause(),
      resume: () => this.#caller === caller && this.#resume(),
      abort: () => this.#caller === caller && this.abandon(),
    }
  }

  #put(request: WireRequest): void {
    this.#heard = false
    this.#hasSent = false
    this.#hasAnswer = false
    this.#isHeadOut = false
    let head: string
    try {
      head = headOf(request)
    } catch (thrown) {
      this.#fail(new WireFault('unreachable', 'a field that cannot be sent', { cause: thrown }))
      return
    }
    this.#reader.begin(request.method, request.upgrade, this.#sink)
    const { body } = request
    if (body === null) {
      this.socket.write(head, 'latin1')
      this.#sent()
    } else if (body instanceof Uint8Array) {
      this.socket.cork()
      this.socket.write(head, 'latin1')
      this.socket.write(body)
      this.socket.uncork()
      this.#sent()
    } else {
      this.socket.write(head, 'latin1')
      if (this.#isConnected) this.deadlineMs = NEVER
      this.#stream(body, request.bodyBytes).catch((thrown: unknown) => {
        this.#fail(
          thrown instanceof WireFault
            ? thrown
            : new WireFault('unreachable', 'the request broke off', { cause: thrown }),
        )
      })
    }
  }

  /** Ends it with what is on it. */
  fail(fault: WireFault): void {
    this.#fail(fault)
  }

  /** Ends it; the caller hears no more. */
  abandon(): void {
    this.#caller = undefined
    this.#destroy()
  }

  #sent(): void {
    this.#hasSent = true
    if (this.#isConnected && !this.#isHeadOut)
      this.deadlineMs = performance.now() + this.#options.headTimeoutMs
    if (this.#hasAnswer) this.#settle()
  }

  async #stream(body: AsyncIterable<Uint8Array>, bodyBytes: number | undefined): Promise<void> {
    const { socket } = this
    let written = 0
    for await (const chunk of body) {
      if (this.#isOver) return
      if (chunk.length === 0) continue
      written += chunk.length
      if (bodyBytes !== undefined && written > bodyBytes) throw new Error('a body longer than its length')
      socket.cork()
      if (bodyBytes === undefined) socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      let goOn = socket.write(chunk)
      if (bodyBytes === undefined) goOn = socket.write('\r\n', 'latin1')
      socket.uncork()
      if (goOn) continue
      if (!this.#isHeadOut) this.deadlineMs = performance.now() + (this.#options.bodyTimeoutMs || NEVER)
      await drained(socket)
      if (!this.#isHeadOut) this.deadlineMs = NEVER
      if (this.#isOver) return
    }
    if (bodyBytes === undefined) socket.write('0\r\n\r\n', 'latin1')
    else if (written < bodyBytes) throw new Error('a body shorter than its length')
    this.#sent()
  }

  #makeSink(): ReplySink {
    return {
      information: (status, fields) => this.#caller?.information(status, fields),
      head: (status, fields, whole) => {
        this.#isHeadOut = true
        this.deadlineMs = NEVER
        this.#caller?.head(status, fields, whole)
      },
      data: (chunk) => this.#caller?.data(chunk),
      end: (trailers) => {
        this.#hasAnswer = true
        this.deadlineMs = NEVER
        this.#caller?.end(trailers)
      },
      switched: (fields, rest) => {
        const { socket } = this
        const caller = this.#caller
        this.#caller = undefined
        this.#isOver = true
        socket.pause()
        socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
        this.#keeper.onGone(this)
        if (rest.length > 0) socket.unshift(rest)
        if (caller) caller.switched(fields, socket)
        else socket.destroy()
      },
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#heard = true
    const fault = this.#reader.read(chunk)
    if (fault !== undefined) {
      // Bytes behind an answer that is whole do not touch it; but the connection is not trusted with another.
      if (this.#hasAnswer) this.#finishAndClose()
      else this.#fail(new WireFault('malformed', fault))
      return
    }
    // INVARIANT: only after the whole chunk was read. What follows an answer must not be taken for the next one.
    if (this.#hasAnswer) this.#settle()
    else if (this.#isHeadOut && this.#options.bodyTimeoutMs > 0 && !this.#isPaused)
      this.deadlineMs = performance.now() + this.#options.bodyTimeoutMs
  }

  /** The client does not keep up: the application waits, and is not blamed for it. */
  #pause(): void {
    this.#isPaused = true
    this.deadlineMs = NEVER
    this.socket.pause()
  }

  #resume(): void {
    this.#isPaused = false
    if (this.#isHeadOut && !this.#hasAnswer && this.#options.bodyTimeoutMs > 0)
      this.deadlineMs = performance.now() + this.#options.bodyTimeoutMs
    this.socket.resume()
  }

  readonly #onEnd = (): void => {
    const fault = this.#reader.finish()
    if (fault === undefined) this.#finishAndClose()
    else if (!this.#heard && this.#answered > 0) this.#fail(this.#closedUnused())
    else this.#fail(new WireFault(this.#heard ? 'malformed' : 'unreachable', fault))
  }

  readonly #onError = (error: Error): void => {
    this.#error = error
  }

  readonly #onClose = (): void => {
    const unused = !this.#heard && this.#answered > 0
    this.#fail(
      unused
        ? this.#closedUnused()
        : new WireFault('unreachable', 'no connection, or it broke', { cause: this.#error }),
    )
  }

  #closedUnused(): WireFault {
    return new WireFault('closed-unused', 'the kept connection was closed', { cause: this.#error })
  }

  /** The answer is whole. Free again, if the request is out too and both sides keep the connection. */
  #settle(): void {
    if (!this.#hasSent || !this.#reader.isPersistent) {
      this.#finishAndClose()
      return
    }
    if (this.#isPaused) this.#resume()
    this.#answered++
    this.#hasAnswer = false
    this.#caller = undefined
    this.deadlineMs = NEVER
    const hint = this.#reader.keepAliveMs
    // One second before the application would close it, or a request could meet the close.
    this.idleUntilMs = performance.now() + Math.min(30_000, hint === undefined ? 30_000 : hint - 1000)
    this.#keeper.onFree(this)
  }

  #finishAndClose(): void {
    this.#caller = undefined
    this.#destroy()
  }

  #fail(fault: WireFault): void {
    const caller = this.#caller
    this.#caller = undefined
    this.#destroy()
    caller?.fail(fault)
  }

  #destroy(): void {
    this.socket.destroy()
    if (this.#isOver) return
    this.#isOver = true
    this.#keeper.onGone(this)
  }
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}

/** The head as bytes (latin1): we frame the body, whatever the client's framing was (RFC 9112 6). */
function headOf(request: WireRequest): string {
  let head = `${request.method} ${request.target} HTTP/1.1\r\n`
  const { fields, body } = request
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`the field \`${name}\``)
    head += `${name}: ${value}\r\n`
  }
  if (request.upgrade) return `${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  if (body instanceof Uint8Array) return `${head}Content-Length: ${body.length}\r\n\r\n`
  if (body !== null)
    return request.bodyBytes === undefined
      ? `${head}Transfer-Encoding: chunked\r\n\r\n`
      : `${head}Content-Length: ${request.bodyBytes}\r\n\r\n`
  const saysNone = request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH'
  return saysNone ? `${head}Content-Length: 0\r\n\r\n` : `${head}\r\n`
}
