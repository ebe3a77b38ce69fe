import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Server as TlsServer } from 'node:tls'

import { connectionOf } from './client-connection.ts'
import type { Connection } from './core/exchange.ts'
import { describeError, RingwallError } from './core/errors.ts'
import { IpList } from './core/ip.ts'
import type { Verdict } from './core/verdict.ts'
import type { Send } from './flow.ts'
import { serveHttp1, type Serving, serveUpgrade } from './http1-front.ts'
import { openHttp2 } from './http2-front.ts'
import { HTTP2_BOUNDS, type Http2Bounds } from './http2-guard.ts'
import { agreeOn, parleyHttp2 } from './http2-parley.ts'
import { tapProxy } from './proxy-tap.ts'
import { answerMalformed, answerRaw, headOf } from './raw-answers.ts'
import type { Arrival } from './receive.ts'
import type { TlsFront } from './tls-front.ts'

/** Times and sizes that stop slow and large heads and slow readers; bodies have the gateway's own bounds. */
export const SERVER_BOUNDS = {
  headTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  keepAliveMs: 15_000,
  checkIntervalMs: 1000,
  maxHeadBytes: 32 * 1024,
  stallMs: 60_000,
  http2: HTTP2_BOUNDS,
} as const

/** The numbers of one listener. */
export type ServerBounds = {
  readonly [K in keyof typeof SERVER_BOUNDS]: (typeof SERVER_BOUNDS)[K] extends number ? number : Http2Bounds
}

/** What a listener speaks beside HTTP/1.1 over TCP, and other bounds than usual. */
export interface ListenOptions {
  readonly tls?: Pick<TlsFront, 'options' | 'attach'>
  /** Networks of load balancers that begin each connection with a PROXY header. */
  readonly proxyProtocol?: readonly string[]
  /** HTTP/2 where a client asks for it in the TLS handshake (ALPN). */
  readonly http2?: boolean
  /** HTTP/2 without TLS, for clients that begin with its preface (RFC 9113 3.3). */
  readonly h2c?: boolean
  readonly bounds?: Partial<ServerBounds>
}

/** What the server asks the house for each thing that comes in at a socket. */
export interface Door {
  /** Before TLS and before a byte is read. */
  readonly meet: (connection: Connection) => Verdict
  /** A connection that was met, and let in, has ended. */
  readonly part: (connection: Connection) => void
  /** One request, and where its reply goes. */
  readonly serve: (arrival: Arrival, send: Send) => Promise<void>
  /** What could not be parsed as HTTP at all. The answer is sent as it is. */
  readonly malformed: (
    connection: Connection,
    reason: string,
    /** The first bytes of it, as a byte string. */
    bytes: string,
  ) => Promise<{ readonly head: string; readonly body: string }>
}

/** A listening socket with a drain that loses nothing. */
export interface Listener {
  readonly address: AddressInfo
  /** Stops listening, answers what is under way, and ends connections as they fall idle. */
  drain(graceMs: number): Promise<void>
}

/** Opens a port. The only place in Ringwall that listens. */
export async function listen(
  door: Door,
  address: { readonly host: string; readonly port: number },
  how: ListenOptions = {},
): Promise<Listener> {
  const bounds: ServerBounds = { ...SERVER_BOUNDS, ...how.bounds }
  const options = {
    maxHeaderSize: bounds.maxHeadBytes,
    headersTimeout: bounds.headTimeoutMs,
    requestTimeout: bounds.requestTimeoutMs,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: bounds.checkIntervalMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
    // Any other protocol in an Upgrade field is not switched to, and such a request is an ordinary one (RFC 9110 7.8).
    shouldUpgradeCallback: (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() === 'websocket',
  }
  const { tls } = how
  const speaksHttp2 = tls ? how.http2 === true : how.h2c === true
  const server = tls
    ? createHttpsServer({ ...options, ...tls.options, ...(speaksHttp2 && agreeOn(tls.options)) })
    : createHttpServer(options)
  const sockets = new Set<Socket>()
  const serving: Serving = { isDraining: false, stallMs: bounds.stallMs }
  const http2 = speaksHttp2 ? openHttp2(door, bounds.http2, bounds.stallMs) : undefined
  if (http2) parleyHttp2(server, http2, bounds.headTimeoutMs)
  if (server instanceof TlsServer) tls?.attach(server)

  server.prependListener('connection', (socket: Socket) => {
    const connection = connectionOf(socket)
    if (door.meet(connection).kind !== 'pass') {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      door.part(connection)
    })
  })
  const request = (req: IncomingMessage, res: ServerResponse): void => serveHttp1(door, req, res, serving)
  server.on('request', request)
  server.on('checkContinue', request)
  server.on('checkExpectation', request)
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    serveUpgrade(door, req, socket as Socket, head, serving)
  })
  server.on('connect', (req: IncomingMessage, socket: Duplex) => {
    // Ringwall is no forward proxy (RFC 9110 9.3.6).
    answerRaw(
      door,
      socket as Socket,
      connectionOf(socket as Socket),
      'the method CONNECT',
      headOf(req),
    ).catch(() => socket.destroy())
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) => {
    answerMalformed(door, socket as Socket, connectionOf(socket as Socket), error).catch(() =>
      socket.destroy(),
    )
  })
  const trusted = new IpList(how.proxyProtocol ?? [])
  if (trusted.size > 0) tapProxy(server, { trusted, onRefused: () => undefined })
  server.listen(address.port, address.host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw listenError(address, cause)
  }
  return {
    address: server.address() as AddressInfo,
    async drain(graceMs) {
      serving.isDraining = true
      http2?.drain()
      await closeServer(server, sockets, graceMs)
    },
  }
}

/** Why a port cannot be opened, and what to do. */
function listenError(
  address: { readonly host: string; readonly port: number },
  cause: unknown,
): RingwallError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const why =
    code === 'EADDRINUSE'
      ? 'another program listens there; stop it, or set `listen` to another port'
      : code === 'EACCES'
        ? 'this user may not open that port; choose one above 1023, or give the right'
        : describeError(cause)
  return new RingwallError('server.listen', `cannot listen on ${address.host}:${address.port}: ${why}`, {
    cause,
  })
}

/** The request handler for a `node:http` server of somebody else's, such as an Express application's. */
export function nodeListener(door: Door): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    serveHttp1(door, req, res, { isDraining: false, stallMs: SERVER_BOUNDS.stallMs })
  }
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  // http.Server.close() would also end idle connections at once, on which a request may be under way to us.
  await new Promise((resolve) => setTimeout(resolve, Math.min(graceMs, 1500)))
  server.close()
  const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs)
  await closed
  clearTimeout(timer)
}
