import { once } from 'node:events'
import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'

import { type BodySource, StreamedBody } from './body.ts'
import { connectionOf } from './client-connection.ts'
import { systemRandom } from './core/clock.ts'
import type { Connection } from './core/exchange.ts'
import { ClientGone } from './core/fault.ts'
import type { Reply } from './core/reply.ts'
import { type Http2Bounds, Http2Guard } from './http2-guard.ts'
import type { Arrival } from './receive.ts'
import type { Sent } from './record.ts'
import { earlyLinks, unlessStalled } from './reply-writer.ts'
import type { Door } from './server.ts'
import { linger } from './turns.ts'
import { Tunnel } from './upstream.ts'

/** The HTTP/2 side of a listener: it takes over sockets on which HTTP/2 was agreed. */
export interface Http2Front {
  take(socket: Socket): void
  drain(): void
  destroy(): void
}

/** Speaks HTTP/2 with clients (RFC 9113); every stream becomes the same exchange as a request of HTTP/1.1. */
export function openHttp2(door: Door, bounds: Http2Bounds, stallMs: number): Http2Front {
  const server = createServer({
    settings: {
      enablePush: false,
      enableConnectProtocol: true,
      maxConcurrentStreams: bounds.maxStreams,
      maxHeaderListSize: bounds.maxHeadBytes,
    },
    maxHeaderListPairs: bounds.maxFields,
    maxSettings: bounds.maxSettings,
    maxSessionInvalidFrames: bounds.maxInvalidFrames,
    maxSessionRejectedStreams: bounds.maxRejectedStreams,
    maxSessionMemory: bounds.maxMemoryMegabytes,
    streamResetBurst: bounds.resetBurst,
    streamResetRate: bounds.resetsPerSecond,
    strictFieldWhitespaceValidation: true,
  })
  // The session shows its socket behind a proxy, by which nothing can be found that was noted of the socket.
  const sockets = new WeakMap<ServerHttp2Session, Socket>()
  let taken: Socket | undefined
  const record = (session: ServerHttp2Session, reason: string): void => {
    const socket = sockets.get(session)
    if (socket) door.malformed(connectionOf(socket), reason, '').catch(() => undefined)
  }
  const guard = new Http2Guard(bounds, record)
  server.on('session', (session: ServerHttp2Session) => {
    if (taken) sockets.set(session, taken)
    guard.watch(session)
    session.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'ERR_HTTP2_ERROR' || error.code === 'ERR_HTTP2_SESSION_ERROR')
        record(session, `HTTP/2: ${error.message}`)
    })
  })
  serveStreams(server, door, guard, sockets, stallMs)
  return {
    take(socket) {
      taken = socket
      server.emit('connection', socket)
      taken = undefined
    },
    drain: () => guard.drain(),
    destroy: () => guard.destroy(),
  }
}

function serveStreams(
  server: Http2Server,
  door: Door,
  guard: Http2Guard,
  sockets: WeakMap<ServerHttp2Session, Socket>,
  stallMs: number,
): void {
  server.on(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, raw: string[]) => {
      stream.on('error', () => undefined)
      const session = stream.session as ServerHttp2Session | undefined
      const socket = session && sockets.get(session)
      if (!session || !socket || stream.destroyed) return
      const end = guard.begin(session)
      stream.once('close', end)
      serve(door, connectionOf(socket), stream, { headers, flags, raw }, stallMs).catch(() =>
        stream.destroy(),
      )
    },
  )
}

interface Head {
  readonly headers: IncomingHttpHeaders
  readonly flags: number
  readonly raw: readonly string[]
}

async function serve(
  door: Door,
  connection: Connection,
  stream: ServerHttp2Stream,
  head: Head,
  stallMs: number,
): Promise<void> {
  const aborter = new AbortController()
  stream.once('close', () => {
    if (!stream.writableFinished || stream.rstCode !== constants.NGHTTP2_NO_ERROR) aborter.abort()
  })
  const declared = declaredBytes(head)
  await door.serve(
    {
      connection,
      raw: rawOf(head),
      body: new StreamedBody(declared, bodySource(stream, head.headers.expect !== undefined)),
      signal: aborter.signal,
      onInformation: (status, fields) => {
        if (status !== 103 || stream.headersSent || stream.destroyed) return
        const link = earlyLinks(fields)
        if (link.length > 0) stream.additionalHeaders({ ':status': 103, link })
      },
    },
    (reply) =>
      reply.tunnel instanceof Tunnel
        ? joinTunnel(stream, reply, reply.tunnel)
        : writeReply(stream, head.headers[':method'] === 'HEAD', reply, stallMs),
  )
}

/** RFC 8441 4: an extended CONNECT for a WebSocket is what a GET with Upgrade is in HTTP/1.1, and is judged as one. */
function rawOf({ headers, raw }: Head): Arrival['raw'] {
  const isWebSocket = headers[':method'] === 'CONNECT' && headers[':protocol'] === 'websocket'
  const authority = headers[':authority']
  const fields: string[] = []
  if (authority !== undefined) fields.push('host', authority)
  let cookieAt = -1
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    // RFC 9113 8.3.1: Host beside :authority says the same; what says another thing is left, and refused as a second Host.
    if (name.startsWith(':') || (name === 'host' && value === authority)) continue
    if (name === 'cookie') {
      // RFC 9113 8.2.3: crumbs of a cookie are one field for whoever does not speak HTTP/2.
      if (cookieAt >= 0) {
        fields[cookieAt] += `; ${value}`
        continue
      }
      cookieAt = fields.length + 1
    }
    fields.push(name, value)
  }
  if (isWebSocket) {
    const key = Buffer.from(systemRandom(16)).toString('base64')
    fields.push('Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key)
  }
  return {
    method: isWebSocket ? 'GET' : (headers[':method'] ?? ''),
    target: targetOf(headers),
    httpVersion: '2',
    headers: fields,
  }
}

/** RFC 9113 8.3.1: the target is a path; with any other scheme than ours it is a URL that is not of this house. */
function targetOf(headers: IncomingHttpHeaders): string {
  const { ':path': path, ':authority': authority = '', ':scheme': scheme } = headers
  if (path === undefined) return authority
  return scheme === 'https' || scheme === 'http' ? path : `${scheme}://${authority}${path}`
}

function declaredBytes({ headers, flags }: Head): number | undefined {
  if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 || headers[':method'] === 'CONNECT') return 0
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

function bodySource(stream: ServerHttp2Stream, waits: boolean): BodySource {
  return () => {
    if (waits && !stream.headersSent && !stream.destroyed) stream.additionalHeaders({ ':status': 100 })
    const chunks: AsyncIterator<Uint8Array> = stream.iterator({ destroyOnReturn: false })
    return {
      async next() {
        try {
          const next = await chunks.next()
          // A stream that was reset ends here as one that was finished does.
          if (next.done === true && stream.aborted) throw new ClientGone()
          return next
        } catch (thrown) {
          if (stream.destroyed || stream.aborted) throw new ClientGone()
          throw thrown
        }
      },
    }
  }
}

/** Fields of one connection have no place in HTTP/2 (RFC 9113 8.2.2). */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

function replyFields(reply: Reply, status: number): [string, string | string[]][] {
  const fields = new Map<string, string | string[]>([[':status', String(status)]])
  for (const [name, value] of reply.headers) {
    const lower = name.toLowerCase()
    if (OF_THE_CONNECTION.has(lower)) continue
    const known = fields.get(lower)
    fields.set(lower, known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value])
  }
  return [...fields]
}

/** Never rejects: what cannot be written is a reply that broke off, and is recorded as one. */
async function writeReply(
  stream: ServerHttp2Stream,
  isHead: boolean,
  reply: Reply,
  stallMs: number,
): Promise<Sent> {
  let bytesOut = 0
  const broken = (): Sent => {
    reply.cancel?.()
    // INVARIANT: a reply that broke off must not look whole. close() would end the stream before it resets it.
    if (!stream.destroyed) stream.destroy(new Error('the reply broke off'))
    return { bytesOut, aborted: true }
  }
  try {
    if (stream.destroyed) return broken()
    const { body, status } = reply
    const hasBody = !isHead && status !== 204 && status !== 304 && body !== null
    if (!hasBody && body !== null) reply.cancel?.()
    const trailers = hasBody && !(body instanceof Uint8Array) ? reply.trailers : undefined
    stream.respond(Object.fromEntries(replyFields(reply, status)), {
      endStream: !hasBody,
      ...(trailers && { waitForTrailers: true }),
    })
    if (trailers) stream.once('wantTrailers', () => sendTrailers(stream, trailers()))
    if (hasBody && body instanceof Uint8Array) {
      bytesOut = body.length
      stream.end(body)
    } else if (hasBody) {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        if (stream.destroyed) return broken()
        bytesOut += chunk.length
        if (!stream.write(chunk) && !(await unlessStalled(stream, 'drain', stallMs))) return broken()
      }
      stream.end()
    }
    if (!stream.writableFinished && !(await unlessStalled(stream, 'finish', stallMs))) return broken()
    // RFC 9113 8.1: an answer that does not wait for the rest of the request says so.
    if (reply.close === true && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR)
    return { bytesOut, aborted: false }
  } catch {
    return broken()
  }
}

function sendTrailers(stream: ServerHttp2Stream, flat: readonly string[]): void {
  const trailers: Record<string, string | string[]> = {}
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase()
    const known = trailers[name]
    const value = flat[i + 1] as string
    trailers[name] = known === undefined ? value : [known, value].flat()
  }
  stream.sendTrailers(trailers)
}

/** A WebSocket over a stream: joined with the application's, whatever that one runs over. */
async function joinTunnel(stream: ServerHttp2Stream, reply: Reply, { socket }: Tunnel): Promise<Sent> {
  reply.headers.delete('sec-websocket-accept')
  stream.respond(Object.fromEntries(replyFields(reply, 200)))
  let bytesOut = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => (bytesOut += chunk.length))
  stream.pipe(socket)
  socket.pipe(stream)
  socket.once('close', () => linger(stream))
  stream.once('close', () => linger(socket))
  if (!stream.destroyed) await once(stream, 'close')
  return { bytesOut, aborted: false }
}
