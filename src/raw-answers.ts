import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import type { Connection } from './core/exchange.ts'
import { StreamFault } from './core/fault.ts'
import type { Door } from './server.ts'
import { linger, turnsOf } from './turns.ts'

/** What of bytes that are no request is shown to the rules. */
const MAX_BYTES = 32 * 1024

interface Incoming {
  readonly req: IncomingMessage
  readonly breakOff: (fault: StreamFault) => void
}

/** The request of a socket whose body may still be coming. */
const incoming = new WeakMap<Socket, Incoming>()

/** This request's body is on its way; `breakOff` is called if it turns out to be no body. */
export function expectBody(req: IncomingMessage, breakOff: (fault: StreamFault) => void): void {
  incoming.set(req.socket, { req, breakOff })
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
  const reason = error.code ?? error.message
  const body = incoming.get(socket)
  if (body && !body.req.complete) {
    // It was an exchange already: it is refused as one, and the connection ends with its answer.
    const turns = turnsOf(socket)
    turns.take(async () => linger(socket))
    turns.close()
    body.breakOff(
      new StreamFault('edge.malformed-request', `the body breaks HTTP: the parser says ${reason}`),
    )
    return
  }
  const bytes = error.rawPacket?.subarray(0, MAX_BYTES).toString('latin1') ?? ''
  await answerRaw(door, socket, connection, reason, bytes)
}

/** Answers a request that is refused before it is an exchange, and records it. */
export async function answerRaw(
  door: Pick<Door, 'malformed'>,
  socket: Socket,
  connection: Connection,
  reason: string,
  bytes: string,
): Promise<void> {
  const turns = turnsOf(socket)
  turns.take(async () => {
    const { head, body } = await door.malformed(connection, reason, bytes)
    if (!socket.writable) return
    socket.write(head + body, 'latin1')
    linger(socket)
  })
  turns.close()
}

/** The head of a request as it was sent. */
export function headOf(req: IncomingMessage): string {
  const fields = req.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
  return `${req.method} ${req.url} HTTP/${req.httpVersion}\r\n${fields}\r\n`
}
