import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Server as TlsServer, type TLSSocket } from 'node:tls'

import { type BodySource, StreamedBody } from './body.ts'
import type { Connection } from './core/exchange.ts'
import { describeError, RingwallError } from './core/errors.ts'
import { ClientGone } from './core/fault.ts'
import { formatIp, IpList, parseIp } from './core/ip.ts'
import type { Reply } from './core/reply.ts'
import type { Verdict } from './core/verdict.ts'
import type { Send } from './flow.ts'
import { proxiedPeer, tapProxy } from './proxy-tap.ts'
import { answerMalformed, answerRaw, beginAnswer, headOf, linger } from './raw-answers.ts'
import type { Arrival } from './receive.ts'
import type { Sent } from './record.ts'
import { type TlsFront, tlsFactsOf } from './tls-front.ts'
import { Tunnel } from './upstream.ts'

/** Times and sizes that stop slow and large heads; bodies have the gateway's own bounds. */
export const SERVER_BOUNDS = {
  headTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  keepAliveMs: 15_000,
  checkIntervalMs: 1000,
  maxHeadBytes: 32 * 1024,
} as const

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
  how: {
    readonly tls?: TlsFront
    /** Networks of load balancers that begin each connection with a PROXY header. */
    readonly proxyProtocol?: readonly string[]
  } = {},
): Promise<Listener> {
  const options = {
    maxHeaderSize: SERVER_BOUNDS.maxHeadBytes,
    headersTimeout: SERVER_BOUNDS.headTimeoutMs,
    requestTimeout: SERVER_BOUNDS.requestTimeoutMs,
    keepAliveTimeout: SERVER_BOUNDS.keepAliveMs,
    connectionsCheckingInterval: SERVER_BOUNDS.checkIntervalMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
    // Any other protocol in an Upgrade field is not switched to, and such a request is an ordinary one (RFC 9110 7.8).
    shouldUpgradeCallback: (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() === 'websocket',
  }
  const server = how.tls ? createHttpsServer({ ...options, ...how.tls.options }) : createHttpServer(options)
  const sockets = new Set<Socket>()
  const draining = { yes: false }
  if (server instanceof TlsServer) how.tls?.attach(server)

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
  const request = (req: IncomingMessage, res: ServerResponse): void => {
    serveRequest(door, req, res, draining).catch((error: unknown) => {
      res.destroy(error instanceof Error ? error : undefined)
    })
  }
  server.on('request', request)
  server.on('checkContinue', request)
  server.on('checkExpectation', request)
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    serveUpgrade(door, req, socket as Socket, head).catch(() => socket.destroy())
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
      draining.yes = true
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
    serveRequest(door, req, res, { yes: false }).catch(() => res.destroy())
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

async function serveRequest(
  door: Door,
  req: IncomingMessage,
  res: ServerResponse,
  draining: { yes: boolean },
): Promise<void> {
  const aborter = new AbortController()
  const { socket } = req
  const endAnswer = beginAnswer(socket)
  res.once('close', () => {
    endAnswer()
    if (!res.writableFinished) aborter.abort()
  })
  await door.serve(
    {
      connection: connectionOf(req.socket),
      raw: rawOf(req),
      body: new StreamedBody(declaredBytes(req), bodySource(req, res)),
      signal: aborter.signal,
      onInformation: (status, headers) => {
        if (status === 103) writeEarlyHints(res, headers)
      },
    },
    (reply) => {
      if (draining.yes) reply.close = true
      return writeReply(res, req, reply)
    },
  )
}

function rawOf(req: IncomingMessage): Arrival['raw'] {
  return {
    method: req.method ?? '',
    target: req.url ?? '',
    httpVersion: req.httpVersion,
    headers: req.rawHeaders,
  }
}

/** The peer of a socket, addresses in canonical text. Kept per socket, since many requests share one. */
function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket)
  if (known) return known
  const ip = parseIp(socket.remoteAddress?.replace(/%.*$/, '') ?? '')
  const tls = 'getProtocol' in socket ? (socket as TLSSocket) : undefined
  const connection: Connection = {
    peer: ip ? formatIp(ip) : '',
    peerPort: socket.remotePort ?? 0,
    ...proxiedPeer(socket),
    localPort: socket.localPort ?? 0,
    ...(tls && { tls: tlsFactsOf(tls) }),
  }
  connections.set(socket, connection)
  return connection
}

const connections = new WeakMap<Socket, Connection>()

function declaredBytes(req: IncomingMessage): number | undefined {
  if (req.headers['transfer-encoding'] !== undefined) return undefined
  const length = req.headers['content-length']
  return length === undefined ? 0 : Number(length)
}

/** Reads the socket only when asked; a client that waits for `100 Continue` is told to go on at that moment. */
function bodySource(req: IncomingMessage, res: ServerResponse): BodySource {
  return () => {
    if (req.headers.expect !== undefined) res.writeContinue()
    const chunks: AsyncIterator<Uint8Array> = req.iterator({ destroyOnReturn: false })
    return {
      async next() {
        try {
          return await chunks.next()
        } catch (thrown) {
          if (req.destroyed || req.errored) throw new ClientGone()
          throw thrown
        }
      },
    }
  }
}

function writeEarlyHints(res: ServerResponse, headers: readonly string[]): void {
  const links: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === 'link') links.push(headers[i + 1] as string)
  if (links.length > 0 && !res.headersSent) res.writeEarlyHints({ link: links })
}

/** Never rejects: what cannot be written is a reply that broke off, and is recorded as one. */
async function writeReply(res: ServerResponse, req: IncomingMessage, reply: Reply): Promise<Sent> {
  try {
    return await writeWhole(res, req, reply)
  } catch {
    reply.cancel?.()
    res.destroy()
    return { bytesOut: 0, aborted: true }
  }
}

async function writeWhole(res: ServerResponse, req: IncomingMessage, reply: Reply): Promise<Sent> {
  if (res.destroyed || res.socket?.destroyed === true) {
    reply.cancel?.()
    return { bytesOut: 0, aborted: true }
  }
  if (reply.close === true) {
    res.shouldKeepAlive = false
    // Node would destroy the socket with the reply still on its way; a reset then reaches the client before it.
    const { socket } = req
    socket.destroySoon = () => linger(socket)
  }
  res.writeHead(reply.status, reply.headers.flat() as string[])
  const { body } = reply
  if (body === null || body instanceof Uint8Array) {
    if (body === null) res.end()
    else res.end(body)
    await finished(res)
    return { bytesOut: body?.length ?? 0, aborted: !res.writableFinished }
  }
  if (!reply.headers.has('content-length')) res.flushHeaders()
  return writeStream(res, body, reply)
}

async function writeStream(
  res: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  reply: Reply,
): Promise<Sent> {
  let bytesOut = 0
  const gone = new Promise<'gone'>((resolve) => {
    res.once('close', () => resolve('gone'))
  })
  try {
    for await (const chunk of body) {
      if (res.destroyed) break
      bytesOut += chunk.length
      if (!res.write(chunk) && (await Promise.race([once(res, 'drain'), gone])) === 'gone') break
    }
  } catch {
    // INVARIANT: a reply that broke off must not look whole. Without a proper end the client sees the break.
    res.destroy()
    return { bytesOut, aborted: true }
  }
  if (res.destroyed) {
    reply.cancel?.()
    return { bytesOut, aborted: true }
  }
  const trailers = reply.trailers?.() ?? []
  if (trailers.length > 0) {
    const pairs: [string, string][] = []
    for (let i = 0; i < trailers.length; i += 2)
      pairs.push([trailers[i] as string, trailers[i + 1] as string])
    res.addTrailers(pairs)
  }
  res.end()
  await finished(res)
  return { bytesOut, aborted: !res.writableFinished }
}

function finished(res: ServerResponse): Promise<void> {
  if (res.writableFinished || res.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    res.once('finish', resolve)
    res.once('close', resolve)
  })
}

async function serveUpgrade(door: Door, req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
  const aborter = new AbortController()
  socket.once('close', () => aborter.abort())
  socket.on('error', () => socket.destroy())
  await door.serve(
    {
      connection: connectionOf(socket),
      raw: rawOf(req),
      body: new StreamedBody(0, () => req.iterator()),
      signal: aborter.signal,
    },
    async (reply) => {
      if (reply.tunnel instanceof Tunnel) return joinTunnel(socket, head, reply, reply.tunnel)
      const res = new ServerResponse(req)
      res.assignSocket(socket)
      reply.close = true
      const sent = await writeReply(res, req, reply)
      linger(socket)
      return sent
    },
  )
}

/** Both ends of a WebSocket are joined; when one ends or breaks, so does the other. */
async function joinTunnel(socket: Socket, head: Buffer, reply: Reply, tunnel: Tunnel): Promise<Sent> {
  const fields = [...reply.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`HTTP/1.1 ${reply.status} Switching Protocols\r\n${fields}\r\n`, 'latin1')
  if (head.length > 0) tunnel.socket.write(head)
  socket.setTimeout(0)
  const application = tunnel.socket
  application.on('error', () => application.destroy())
  socket.pipe(application)
  application.pipe(socket)
  // A WebSocket that is closed in one direction is of no use: the other end gets a moment to say goodbye.
  application.once('end', () => linger(socket))
  application.once('close', () => linger(socket))
  socket.once('end', () => linger(application))
  socket.once('close', () => linger(application))
  if (!socket.destroyed) await once(socket, 'close')
  return { bytesOut: socket.bytesWritten, aborted: false }
}
