import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'

import { type Dispatcher, Pool } from 'undici'

import type { Exchange } from './core/exchange.ts'
import { ClientGone, StreamFault } from './core/fault.ts'
import { HeaderList } from './core/headers.ts'
import type { Reply } from './core/reply.ts'
import type { Upstream } from './core/wall.ts'
import { ReplyStream } from './reply-stream.ts'

/** One application behind us. */
export interface UpstreamOptions {
  /** `http://host:port`, without a path. */
  readonly origin: string
  readonly connectTimeoutMs: number
  /** From the end of the request to the response's head. */
  readonly headTimeoutMs: number
  /** Between two pieces of the response's body. 0 for event streams that may be silent for long. */
  readonly bodyTimeoutMs: number
  /** Connections at most; more requests wait. */
  readonly maxConnections: number
  /** Requests that may wait for a connection; more are refused. */
  readonly maxWaiting: number
  /** In place of a socket: how to reach an application in this process. */
  readonly connect?: Pool.Options['connect']
}

/** An upstream with a life: it holds connections. */
export interface UpstreamPool {
  readonly send: Upstream
  close(): Promise<void>
}

/** The two ends of a connection that has switched protocols. */
export class Tunnel {
  readonly socket: Duplex
  constructor(socket: Duplex) {
    this.socket = socket
  }
}

/** Fields that belong to one connection, not to the message (RFC 9110 7.6.1), and those that only Ringwall may set. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Our own fields never come from outside: not from a client, not through a trailer. */
const OWN_PREFIX = 'ringwall-'

/** Fields by which an application could be told a false client; the edge's own are put in their place. */
const FORWARDING = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
])

/** Sends exchanges to the application over a pool of kept-alive HTTP/1.1 connections. */
export function openUpstream(
  options: UpstreamOptions,
  forwarding: (exchange: Exchange) => readonly string[],
): UpstreamPool {
  const pool = new Pool(options.origin, {
    connections: options.maxConnections,
    pipelining: 1,
    connect: options.connect ?? { timeout: options.connectTimeoutMs },
    headersTimeout: options.headTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    keepAliveTimeout: 30_000,
    maxHeaderSize: 64 * 1024,
  })
  const send: Upstream = async (exchange) => {
    if (pool.stats.queued > options.maxWaiting) {
      throw new StreamFault(
        'upstream.unreachable',
        `more than ${options.maxWaiting} requests wait for ${options.origin}`,
      )
    }
    const request = requestOf(exchange, forwarding(exchange))
    const isRepeatable = request.body === null && (exchange.method === 'GET' || exchange.method === 'HEAD')
    try {
      return await dispatch(pool, exchange, request)
    } catch (thrown) {
      // A kept-alive connection may be closed by the application just as it is used; what changes nothing is sent again, once.
      if (!isRepeatable || exchange.signal.aborted || !isClosedConnection(thrown)) throw thrown
      return dispatch(pool, exchange, request)
    }
  }
  return { send, close: () => pool.destroy() }
}

/** What was judged is what is sent on: the canonical target, the fields that the walls saw, the body re-framed. */
function requestOf(exchange: Exchange, forwarding: readonly string[]): Dispatcher.DispatchOptions {
  const { target, headers, body } = exchange
  if (!target.ok) throw new Error('a request without a canonical target reached upstream')
  const named = connectionFields(headers)
  const upgrade = isUpgrade(exchange) ? 'websocket' : null
  const kept = headers.filter(
    (name) =>
      !HOP_BY_HOP.has(name) &&
      !named.has(name) &&
      !FORWARDING.has(name) &&
      !name.startsWith(OWN_PREFIX) &&
      name !== 'expect',
  )
  dropOwnCookies(kept)
  for (const list of [forwarding, exchange.upstreamHeaders]) {
    for (let i = 0; i < list.length; i += 2) kept.append(list[i] as string, list[i + 1] as string)
  }
  const whole = body.whole
  const hasBody = whole === undefined || whole.length > 0
  if (hasBody && whole !== undefined) kept.set('content-length', String(whole.length))
  return {
    path: target.path + target.rawQuery,
    method: exchange.method,
    headers: kept.flat() as string[],
    body: hasBody ? (whole ?? Readable.from(body.stream(), { objectMode: false })) : null,
    upgrade,
  }
}

/** Cookies by which Ringwall knows sessions and passes: with them an application could act for its visitors elsewhere. */
const OWN_COOKIE = /^\s*(__Host-)?ringwall(-operator)?(-pass|-form|-device|-pending)?\s*=/

/** An application is told who is there by the assertion, and gets no cookie of ours. */
export function dropOwnCookies(headers: HeaderList): void {
  if (!headers.all('cookie').some((field) => field.includes('ringwall'))) return
  const kept = headers
    .all('cookie')
    .map((field) =>
      field
        .split(';')
        .filter((pair) => !OWN_COOKIE.test(pair))
        .join(';')
        .trim(),
    )
    .filter((field) => field !== '')
  headers.delete('cookie')
  for (const field of kept) headers.append('Cookie', field)
}

/** Whether the client asks for a WebSocket (RFC 6455 4.1). No other protocol is switched to. */
export function isUpgrade(exchange: Exchange): boolean {
  return (
    exchange.headers.get('upgrade')?.toLowerCase() === 'websocket' &&
    connectionFields(exchange.headers).has('upgrade')
  )
}

function connectionFields(headers: HeaderList): Set<string> {
  return new Set(
    headers.all('connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase())),
  )
}

function dispatch(pool: Pool, exchange: Exchange, request: Dispatcher.DispatchOptions): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    let stream: ReplyStream | undefined
    let trailers: readonly string[] = []
    let stopWatching = (): void => undefined
    const fail = (error: Error): void => {
      const fault = exchange.signal.aborted ? new ClientGone() : faultOf(error)
      if (stream) stream.fail(fault)
      else reject(fault)
    }
    pool.dispatch(request, {
      onRequestStart(controller) {
        if (exchange.signal.aborted) controller.abort(new ClientGone())
        else
          exchange.signal.addEventListener('abort', () => controller.abort(new ClientGone()), { once: true })
      },
      onRequestUpgrade(controller, statusCode, _headers, socket) {
        socket.once(
          'close',
          whileSignedIn(exchange, () => socket.destroy()),
        )
        const headers = replyHeaders(controller.rawHeaders)
        headers.append('Connection', 'Upgrade')
        headers.append('Upgrade', 'websocket')
        resolve({ status: statusCode, headers, body: null, origin: 'upstream', tunnel: new Tunnel(socket) })
      },
      onResponseStart(controller, statusCode) {
        if (statusCode < 200) {
          exchange.onInformation?.(statusCode, replyHeaders(controller.rawHeaders).flat())
          return
        }
        const framing = framingFault(controller.rawHeaders)
        if (framing !== undefined) {
          controller.abort(new StreamFault('upstream.malformed-reply', framing))
          return
        }
        const open = new ReplyStream(controller)
        stream = open
        const cancel = (): void => controller.abort(new Error('nobody reads this reply'))
        stopWatching = whileSignedIn(exchange, () =>
          controller.abort(new StreamFault('identity.sign-in-required', 'the session ended')),
        )
        resolve({
          status: statusCode,
          headers: replyHeaders(controller.rawHeaders),
          body: open,
          trailers: () => trailers,
          cancel,
          origin: 'upstream',
        })
      },
      onResponseData(_controller, chunk) {
        stream?.push(chunk)
      },
      onResponseEnd(controller) {
        trailers = replyHeaders(controller.rawTrailers).flat()
        stopWatching()
        stream?.end()
      },
      onResponseError(_controller, error) {
        stopWatching()
        fail(error)
      },
    })
  })
}

const SESSION_CHECK_MS = 1000

/**
 * A tunnel and a stream have no further requests at which a session could be refused: they end as soon as the end of the session is
 * told, and within a second where the telling fails. Gives how to stop watching.
 */
function whileSignedIn(exchange: Exchange, end: () => void): () => void {
  const isAlive = exchange.isStillSignedIn
  if (!isAlive) return () => undefined
  const check = (): void => {
    // What cannot be checked counts as revoked.
    isAlive().then((alive) => alive || end(), end)
  }
  const timer = setInterval(check, SESSION_CHECK_MS)
  const stopListening = exchange.onSessionNews?.(check)
  return () => {
    clearInterval(timer)
    stopListening?.()
  }
}

/** Fields of the application's answer, without those of its connection and without any that claim to be ours. */
function replyHeaders(raw: unknown): HeaderList {
  const flat = rawFields(raw)
  const named = connectionFields(new HeaderList(flat))
  return new HeaderList(flat).filter(
    (name) => !HOP_BY_HOP.has(name) && !named.has(name) && !name.startsWith(OWN_PREFIX),
  )
}

function rawFields(raw: unknown): string[] {
  return Array.isArray(raw)
    ? raw.map((part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1')))
    : []
}

/**
 * Why a reply cannot be re-framed without doubt. Node's client and undici take `Transfer-Encoding: chunked<TAB>` for an
 * unframed body and would hand the raw chunks on, an injected second response with them.
 */
function framingFault(raw: unknown): string | undefined {
  const headers = new HeaderList(rawFields(raw))
  const codings = headers.all('transfer-encoding')
  const lengths = headers.all('content-length')
  if (codings.length > 1 || (codings.length === 1 && codings[0]?.toLowerCase() !== 'chunked')) {
    return `Transfer-Encoding ${JSON.stringify(codings)} is not \`chunked\``
  }
  if (codings.length === 1 && lengths.length > 0) return 'both Transfer-Encoding and Content-Length'
  if (lengths.length > 1 || (lengths.length === 1 && !/^\d{1,15}$/.test(lengths[0] as string))) {
    return `Content-Length ${JSON.stringify(lengths)} is not one number`
  }
  return undefined
}

function faultOf(error: Error): Error {
  if (error instanceof StreamFault || error instanceof ClientGone) return error
  const code = 'code' in error ? error.code : undefined
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new StreamFault('upstream.timeout', 'no answer within the timeout', { cause: error })
  }
  if (error.name === 'HTTPParserError' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return new StreamFault('upstream.malformed-reply', 'the answer breaks HTTP', { cause: error })
  }
  return new StreamFault('upstream.unreachable', 'no connection, or it broke', { cause: error })
}

function isClosedConnection(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}
