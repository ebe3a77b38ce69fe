import type { Duplex } from 'node:stream'

import type { Exchange } from './core/exchange.ts'
import { ClientGone, StreamFault } from './core/fault.ts'
import { HeaderList } from './core/headers.ts'
import type { Reply } from './core/reply.ts'
import type { Upstream } from './core/wall.ts'
import { ReplyStream } from './reply-stream.ts'
import { type Call, openWire, type Wire, WireFault, type WireRequest } from './wire/index.ts'

/** One application behind us. */
export interface UpstreamOptions {
  /** `http://host:port`, `https://...`, or `h2://...` and `h2c://...` for HTTP/2 with and without TLS; without a path. */
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
  /** Whether what changes nothing is sent once more when a connection closes under it; where others can be asked, they are. */
  readonly resend: boolean
  /** In place of a socket: how to reach an application in this process. */
  readonly connect?: () => Duplex
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

/** Fields of a request that we write ourselves: the body is framed anew, and `100 Continue` was ours to say. */
const OURS_TO_WRITE = new Set(['content-length', 'expect'])

/** Fields by which an application could be told a false client; the edge's own are put in their place. */
const FORWARDING = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
])

/** Sends exchanges to the application over kept-alive connections. */
export function openUpstream(
  options: UpstreamOptions,
  forwarding: (exchange: Exchange) => readonly string[],
): UpstreamPool {
  const wire = openWire(options)
  const send: Upstream = async (exchange) => {
    if (wire.waiting > options.maxWaiting) {
      throw new StreamFault(
        'upstream.unreachable',
        `more than ${options.maxWaiting} requests wait for ${options.origin}`,
      )
    }
    const request = requestOf(exchange, forwarding(exchange))
    const isSafe = exchange.method === 'GET' || exchange.method === 'HEAD'
    const isRepeatable = options.resend && request.body === null && isSafe
    try {
      return await ask(wire, exchange, request)
    } catch (thrown) {
      // A kept-alive connection may be closed by the application just as it is used; what changes nothing is sent again, once.
      if (!isRepeatable || exchange.signal.aborted || !isClosedUnused(thrown)) throw thrown
      return ask(wire, exchange, request)
    }
  }
  return { send, close: () => wire.close() }
}

/** What was judged is what is sent on: the canonical target, the fields that the walls saw, the body re-framed. */
function requestOf(exchange: Exchange, forwarding: readonly string[]): WireRequest {
  const { target, headers, body, host } = exchange
  if (!target.ok) throw new Error('a request without a canonical target reached upstream')
  const named = connectionFields(headers)
  const kept = headers.filter(
    (name) =>
      !HOP_BY_HOP.has(name) &&
      !OURS_TO_WRITE.has(name) &&
      !named.has(name) &&
      !FORWARDING.has(name) &&
      !name.startsWith(OWN_PREFIX),
  )
  // The name that was judged: without the trailing dot and the capitals by which a reader could find another site.
  if (host.ok) kept.set('Host', host.port === undefined ? host.name : `${host.name}:${host.port}`)
  dropOwnCookies(kept)
  for (const list of [forwarding, exchange.upstreamHeaders]) {
    for (let i = 0; i < list.length; i += 2) kept.append(list[i] as string, list[i + 1] as string)
  }
  const whole = body.whole
  const hasBody = whole === undefined || whole.length > 0
  return {
    method: exchange.method,
    target: target.path + target.rawQuery,
    fields: kept.flat(),
    body: hasBody ? (whole ?? body.stream()) : null,
    bodyBytes: body.declaredBytes,
    upgrade: isUpgrade(exchange),
  }
}

/** Cookies by which Ringwall knows sessions and passes: with them an application could act for its visitors elsewhere. */
const OWN_COOKIE = /^\s*(__Host-)?ringwall(-operator|-pass|-form)?\s*=/

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

const NO_FIELDS: readonly string[] = []

function ask(wire: Wire, exchange: Exchange, request: WireRequest): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    const { signal } = exchange
    let stream: ReplyStream | undefined
    let trailers = NO_FIELDS
    let isOver = false
    if (signal.aborted) {
      reject(new ClientGone())
      return
    }
    const fail = (error: Error): void => {
      isOver = true
      signal.removeEventListener('abort', gone)
      if (stream) stream.fail(error)
      else reject(error)
    }
    const gone = (): void => {
      if (isOver) return
      call.abort()
      fail(new ClientGone())
    }
    const over = (): void => {
      isOver = true
      signal.removeEventListener('abort', gone)
    }
    const call: Call = wire.send(request, {
      information(status, fields) {
        exchange.onInformation?.(status, replyHeaders(fields).flat())
      },
      head(status, fields, whole) {
        const headers = replyHeaders(fields)
        if (status === 204) headers.delete('content-length')
        if (whole !== undefined) {
          // A length that is not that of these bytes is of a body that is not sent: the answer to HEAD, or 304.
          resolve({ status, headers, body: whole.length > 0 ? whole : null, origin: 'upstream' })
          return
        }
        const open = new ReplyStream({
          pause: () => call.pause(),
          resume: () => call.resume(),
          abort: () => {
            over()
            call.abort()
          },
        })
        stream = open
        resolve({
          status,
          headers,
          body: open,
          trailers: () => trailers,
          cancel: () => {
            if (isOver) return
            call.abort()
            fail(new Error('nobody reads this reply'))
          },
          origin: 'upstream',
        })
      },
      data: (chunk) => stream?.push(chunk),
      end(fields) {
        over()
        if (fields.length > 0) trailers = replyHeaders(fields).flat()
        stream?.end()
      },
      switched(fields, socket) {
        over()
        endWithSession(exchange, socket)
        const headers = replyHeaders(fields)
        headers.append('Connection', 'Upgrade')
        headers.append('Upgrade', 'websocket')
        const cancel = (): void => void socket.destroy()
        resolve({ status: 101, headers, body: null, cancel, origin: 'upstream', tunnel: new Tunnel(socket) })
      },
      fail: (fault) => fail(faultOf(fault)),
    })
    signal.addEventListener('abort', gone, { once: true })
    if (isOver) signal.removeEventListener('abort', gone)
  })
}

const SESSION_CHECK_MS = 1000

/** A tunnel has no further requests at which a session could be refused: it dies within a second of its session. */
function endWithSession(exchange: Exchange, socket: Duplex): void {
  const isAlive = exchange.isStillSignedIn
  if (!isAlive) return
  const timer = setInterval(() => {
    // What cannot be checked counts as revoked.
    isAlive().then(
      (alive) => alive || socket.destroy(),
      () => socket.destroy(),
    )
  }, SESSION_CHECK_MS)
  socket.once('close', () => clearInterval(timer))
}

/** Fields of the application's answer, without those of its connection and without any that claim to be ours. */
function replyHeaders(fields: readonly string[]): HeaderList {
  const all = new HeaderList(fields)
  const named = connectionFields(all)
  return all.filter((name) => !HOP_BY_HOP.has(name) && !named.has(name) && !name.startsWith(OWN_PREFIX))
}

/** The catalogue's word for what broke. */
function faultOf(fault: WireFault): Error {
  // What broke the request off may be the client's: too large, too slow, gone.
  if (fault.cause instanceof StreamFault || fault.cause instanceof ClientGone) return fault.cause
  if (fault.kind === 'timeout') return new StreamFault('upstream.timeout', fault.message, { cause: fault })
  if (fault.kind === 'malformed')
    return new StreamFault('upstream.malformed-reply', fault.message, { cause: fault })
  return new StreamFault('upstream.unreachable', fault.message, { cause: fault })
}

function isClosedUnused(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return cause instanceof WireFault && cause.kind === 'closed-unused'
}
