import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { Connection } from './core/exchange.ts'
import type { Door } from './server.ts'

/** What of bytes that are no request is shown to the rules. */
const MAX_BYTES = 32 * 1024

/** Answers under way on a socket: bytes of another answer must not get between theirs. */
const underWay = new WeakMap<Socket, number>()
/** What waits for the last answer under way on a socket. */
const afterwards = new WeakMap<Socket, () => void>()

/** An answer on this socket has begun; call what is given back when it has ended. */
export function beginAnswer(socket: Socket): () => void {
  underWay.set(socket, (underWay.get(socket) ?? 0) + 1)
  return () => {
    const left = (underWay.get(socket) ?? 1) - 1
    underWay.set(socket, left)
    if (left === 0) afterwards.get(socket)?.()
  }
}

/** Answers bytes that the parser did not take, after what is under way on that socket. */
export async function answerMalformed(
  door: Pick<Door, 'malformed'>,
  socket: Socket,
  connection: Connection,
  error: Error & { code?: string; rawPacket?: Buffer },
): Promise<void> {
  // A connection that says nothing, or breaks, is no request.
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable || socket.bytesRead === 0) {
    socket.destroy()
    return
  }
  // What comes after a request that was the last is no request either (RFC 9112 9.6); the answer under way goes out.
  if (error.code === 'HPE_CLOSED_CONNECTION') return
  const bytes = error.rawPacket?.subarray(0, MAX_BYTES).toString('latin1') ?? ''
  await answerRaw(door, socket, connection, error.code ?? error.message, bytes)
}

/** Answers a request that is refused before it is an exchange, and records it. */
export async function answerRaw(
  door: Pick<Door, 'malformed'>,
  socket: Socket,
  connection: Connection,
  reason: string,
  bytes: string,
): Promise<void> {
  const { head, body } = await door.malformed(connection, reason, bytes)
  const say = (): void => {
    if (!socket.writable) return
    socket.write(head + body, 'latin1')
    linger(socket)
  }
  // Answers go out in the order of the requests (RFC 9112 9.3.2).
  if ((underWay.get(socket) ?? 0) > 0) afterwards.set(socket, say)
  else say()
}

/** The head of a request as it was sent. */
export function headOf(req: IncomingMessage): string {
  const fields = req.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
  return `${req.method} ${req.url} HTTP/${req.httpVersion}\r\n${fields}\r\n`
}

/** Half-closes, and gives the client two seconds to read before what it still sends becomes a reset (RFC 9112 9.6). */
export function linger(socket: Duplex): void {
  if (socket.destroyed) return
  socket.end()
  const timer = setTimeout(() => socket.destroy(), 2000)
  socket.once('close', () => clearTimeout(timer))
}
