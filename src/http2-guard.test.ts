// What bounds a connection of HTTP/2 beside what its library bounds itself.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2, { type ClientHttp2Session } from 'node:http2'
import net from 'node:net'
import test from 'node:test'

import { HTTP2_BOUNDS, type Http2Bounds } from './http2-guard.ts'
import { application, closers, gatewayTo, waitFor } from './testing.ts'

const app = await application((_req, res) => res.end('ok'))
const bounded = (bounds: Partial<Http2Bounds>) =>
  gatewayTo(app.port, [], 5000, {
    h2c: true,
    bounds: { http2: { ...HTTP2_BOUNDS, checkIntervalMs: 50, ...bounds } },
  })

function connect(port: number): ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  closers.push(() => session.destroy())
  return session
}

async function ask(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({ ':path': '/' })
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(stream, 'close')
  return text
}

test('a connection without a request ends in order', async () => {
  const rig = await bounded({ idleMs: 200 })
  const session = connect(rig.port)
  assert.equal(await ask(session), 'ok')
  await once(session, 'close')
})

test('a head that never ends holds no connection', async () => {
  const rig = await bounded({ idleMs: 200 })
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.on('error', () => undefined)
  const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head[4] = flags
    head.writeUInt32BE(stream, 5)
    return Buffer.concat([head, payload])
  }
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame(4, 0, 0, Buffer.alloc(0)))
  socket.write(frame(1, 1, 1, Buffer.from([0x82])))
  // One CONTINUATION after the other, slowly.
  const timer = setInterval(() => socket.write(frame(9, 0, 1, Buffer.alloc(0))), 60)
  socket.resume()
  await once(socket, 'close')
  clearInterval(timer)
})

test('a connection carries so many requests and no more; the client opens another', async () => {
  const rig = await bounded({ maxRequests: 3 })
  const session = connect(rig.port)
  const gone = once(session, 'goaway')
  for (let i = 0; i < 3; i++) assert.equal(await ask(session), 'ok')
  await gone
})

test('a flood of PINGs ends the connection and is recorded', async () => {
  const rig = await bounded({ maxPings: 5 })
  const session = connect(rig.port)
  await once(session, 'connect')
  const closed = new Promise((resolve) => session.on('close', resolve))
  for (let i = 0; i < 8; i++) session.ping(() => undefined)
  await closed
  await waitFor(() => rig.malformed.some((line) => line.includes('a flood of PING frames')))
})

test('streams that are opened and reset without end do not stay, and cost the application little', async () => {
  const rig = await bounded({ resetBurst: 20, resetsPerSecond: 1 })
  const session = connect(rig.port)
  await once(session, 'connect')
  const closed = new Promise((resolve) => session.on('close', resolve))
  for (let i = 0; i < 200 && !session.destroyed; i++) {
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => undefined)
    stream.close(http2.constants.NGHTTP2_CANCEL)
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  // The next client is served.
  assert.equal(await ask(connect(rig.port)), 'ok')
})
