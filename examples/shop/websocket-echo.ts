import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const MAX_BYTES = 65_535
const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10

/** Answers a WebSocket handshake and sends every text back (RFC 6455): just enough to try a tunnel with. */
export function acceptEcho(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const key = request.headers['sec-websocket-key']
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || key === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    return
  }
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  let pending = head
  const read = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk])
    for (let frame = parseFrame(pending); frame !== undefined; frame = parseFrame(pending)) {
      if (frame === 'too-large') {
        socket.end(frameOf(CLOSE, Buffer.from([0x03, 0xf1])))
        return
      }
      pending = pending.subarray(frame.length)
      if (frame.opcode === TEXT) socket.write(frameOf(TEXT, frame.payload))
      if (frame.opcode === PING) socket.write(frameOf(PONG, frame.payload))
      if (frame.opcode === CLOSE) socket.end(frameOf(CLOSE, frame.payload))
    }
  }
  socket.on('error', () => socket.destroy())
  socket.on('data', read)
  if (pending.length > 0) read(Buffer.alloc(0))
}

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  /** Bytes on the wire. */
  readonly length: number
}

/** The first masked frame in these bytes (RFC 6455 5.2), or nothing where it is not all there yet. */
function parseFrame(bytes: Buffer): Frame | 'too-large' | undefined {
  if (bytes.length < 2) return undefined
  const opcode = bytes.readUInt8(0) & 0x0f
  const isMasked = (bytes.readUInt8(1) & 0x80) !== 0
  let size = bytes.readUInt8(1) & 0x7f
  let at = 2
  if (size === 127) return 'too-large'
  if (size === 126) {
    if (bytes.length < 4) return undefined
    size = bytes.readUInt16BE(2)
    at = 4
  }
  if (size > MAX_BYTES) return 'too-large'
  const start = at + (isMasked ? 4 : 0)
  if (bytes.length < start + size) return undefined
  const payload = Buffer.from(bytes.subarray(start, start + size))
  if (isMasked) {
    for (let i = 0; i < size; i++) payload.writeUInt8(payload.readUInt8(i) ^ bytes.readUInt8(at + (i % 4)), i)
  }
  return { opcode, payload, length: start + size }
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const isShort = payload.length < 126
  const head = Buffer.alloc(isShort ? 2 : 4)
  head.writeUInt8(0x80 | opcode, 0)
  head.writeUInt8(isShort ? payload.length : 126, 1)
  if (!isShort) head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}
