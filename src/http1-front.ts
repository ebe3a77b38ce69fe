import { once } from 'node:events'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { type BodySource, StreamedBody } from './body.ts'
import { connectionOf } from './client-connection.ts'
import { ClientGone, type StreamFault } from './core/fault.ts'
import type { Reply } from './core/reply.ts'
import { expectBody } from './raw-answers.ts'
import type { Arrival } from './receive.ts'
import type { Sent } from './record.ts'
import { earlyLinks, writeReply } from './reply-writer.ts'
import type { Door } from './server.ts'
import { linger, turnsOf } from './turns.ts'
import { Tunnel } from './upstream.ts'

/** How a server serves at the moment. */
export interface Serving {
  /** Whether it is to let its connections go. */
  isDraining: boolean
  /** How long a client may read nothing of its answer. */
  readonly stallMs: number
}

/** A request of Node's HTTP/1.1 server, served in its turn. */
export function serveHttp1(door: Door, req: IncomingMessage, res: ServerResponse, serving: Serving): void {
  turnsOf(req.socket).take(() => serve(door, req, res, serving))
}

async function serve(door: Door, req: IncomingMessage, res: ServerResponse, serving: Serving): Promise<void> {
  const { socket } = req
  if (socket.destroyed) return
  const aborter = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) aborter.abort()
  })
  const declared = declaredBytes(req)
  await door.serve(
    {
      connection: connectionOf(socket),
      raw: rawOf(req),
      body: new StreamedBody(declared, declared === 0 ? NO_BODY : bodySource(req, res)),
      signal: aborter.signal,
      onInformation: (status, fields) => {
        if (status !== 103 || res.headersSent) return
        const link = earlyLinks(fields)
        if (link.length > 0) res.writeEarlyHints({ link })
      },
    },
    (reply) => {
      // Node does not read on behind a message with Upgrade or with an expectation that was not met.
      const isLast = req.headers.upgrade !== undefined || (req.headers.expect !== undefined && declared === 0)
      if (serving.isDraining || isLast) reply.close = true
      // INVARIANT: after an answer that closes, nothing that the client has already sent is served.
      if (reply.close === true) turnsOf(socket).end()
      return writeReply(res, req, reply, serving.stallMs)
    },
  )
}

/** A request that asks for a WebSocket. */
export function serveUpgrade(
  door: Door,
  req: IncomingMessage,
  socket: Socket,
  head: Buffer,
  serving: Serving,
): void {
  const turns = turnsOf(socket)
  turns.take(() => upgrade(door, req, socket, head, serving))
  turns.close()
}

async function upgrade(
  door: Door,
  req: IncomingMessage,
  socket: Socket,
  head: Buffer,
  serving: Serving,
): Promise<void> {
  const aborter = new AbortController()
  socket.once('close', () => aborter.abort())
  socket.on('error', () => socket.destroy())
  await door.serve(
    {
      connection: connectionOf(socket),
      raw: rawOf(req),
      body: new StreamedBody(0, NO_BODY),
      signal: aborter.signal,
    },
    async (reply) => {
      if (reply.tunnel instanceof Tunnel) return joinTunnel(socket, head, reply, reply.tunnel)
      const res = new ServerResponse(req)
      res.assignSocket(socket)
      reply.close = true
      const sent = await writeReply(res, req, reply, serving.stallMs)
      linger(socket)
      return sent
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

function declaredBytes(req: IncomingMessage): number | undefined {
  if (req.headers['transfer-encoding'] !== undefined) return undefined
  const length = req.headers['content-length']
  return length === undefined ? 0 : Number(length)
}

const NO_BODY: BodySource = () => (async function* (): AsyncGenerator<Uint8Array> {})()

/** Reads the socket only when asked; a client that waits for `100 Continue` is told to go on at that moment. */
function bodySource(req: IncomingMessage, res: ServerResponse): BodySource {
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  let fault: StreamFault | undefined
  expectBody(req, (found) => {
    fault = found
    broken.reject(found)
  })
  return () => {
    // RFC 9110 10.1.1: the expectation of an HTTP/1.0 client is ignored.
    if (req.headers.expect !== undefined && req.httpVersion === '1.1') res.writeContinue()
    const chunks: AsyncIterator<Uint8Array> = req.iterator({ destroyOnReturn: false })
    return {
      async next() {
        try {
          return await Promise.race([chunks.next(), broken.promise])
        } catch (thrown) {
          if (fault) throw fault
          if (req.destroyed || req.errored) throw new ClientGone()
          throw thrown
        }
      },
    }
  }
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
