// HTTP/2 towards applications, as a client of HTTP/1.1 or HTTP/2 sees it through the gateway.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2, { type Http2Server, type ServerHttp2Stream } from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import test from 'node:test'

import { closers, exchangeBytes, gatewayTo, type Rig, waitFor } from './testing.ts'

async function application(
  serve: (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  options: http2.ServerOptions = {},
): Promise<{ readonly origin: string; readonly server: Http2Server }> {
  const server = http2.createServer(options)
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined)
    serve(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { origin: `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

const gatewayInFront = (origin: string, headTimeoutMs = 5000): Promise<Rig> =>
  gatewayTo(0, [], headTimeoutMs, { h2c: true, origin })

const GET = 'GET /a?b HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'

test('a request of HTTP/1.1 becomes one of HTTP/2, and the answer comes back', async () => {
  const app = await application((stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const seen = JSON.stringify([
        headers[':method'],
        headers[':path'],
        headers[':authority'],
        headers['x'],
        Buffer.concat(chunks).toString(),
      ])
      stream.respond({ ':status': 200, 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
      stream.end(seen)
    })
  })
  const rig = await gatewayInFront(app.origin)
  const text = await exchangeBytes(
    rig.port,
    'POST /a?b HTTP/1.1\r\nHost: a.test\r\nX: 1\r\nX: 2\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  )
  assert.match(text, /^HTTP\/1\.1 200 /)
  assert.match(text, /set-cookie: a=1\r\nset-cookie: b=2/i)
  assert.ok(text.includes('["POST","/a?b","a.test","1, 2","abc"]'), text)
})

test('trailers and early hints of an HTTP/2 application reach a client of HTTP/1.1', async () => {
  const app = await application((stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' })
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ checksum: 'abc', 'ringwall-id': 'x' }))
    stream.end('part')
  })
  const text = await exchangeBytes((await gatewayInFront(app.origin)).port, GET)
  assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>; rel=preload/i)
  assert.match(text, /\r\n0\r\nchecksum: abc\r\n\r\n$/i)
})

test('more requests at once than the application allows wait for a place', async () => {
  let open = 0
  let most = 0
  const app = await application(
    (stream) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        stream.respond({ ':status': 200 })
        stream.end('ok')
      }, 20)
    },
    { settings: { maxConcurrentStreams: 3 } },
  )
  const rig = await gatewayInFront(app.origin)
  await exchangeBytes(rig.port, GET)
  const answers = await Promise.all(Array.from({ length: 30 }, () => exchangeBytes(rig.port, GET)))
  assert.ok(answers.every((text) => text.startsWith('HTTP/1.1 200 ')))
  assert.ok(most > 0)
})

for (const { name, serve, want } of [
  {
    name: 'resets the stream',
    serve: (stream: ServerHttp2Stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
    want: /^HTTP\/1\.1 502 [\s\S]*upstream\.unreachable/,
  },
  { name: 'says nothing', serve: () => undefined, want: /^HTTP\/1\.1 504 [\s\S]*upstream\.timeout/ },
  {
    name: 'ends the connection',
    serve: (stream: ServerHttp2Stream) => stream.session?.destroy(),
    want: /^HTTP\/1\.1 502 [\s\S]*upstream\.unreachable/,
  },
]) {
  test(`an application that ${name} is refused`, async () => {
    const app = await application(serve)
    const rig = await gatewayInFront(app.origin, 500)
    assert.match(await exchangeBytes(rig.port, GET), want)
  })
}

test('an application that breaks off in mid-body: the client sees a broken message', async () => {
  const app = await application((stream) => {
    stream.respond({ ':status': 200 })
    stream.write('part')
    setTimeout(() => stream.destroy(new Error('breaks off')), 50)
  })
  const rig = await gatewayInFront(app.origin)
  const text = await exchangeBytes(rig.port, GET).catch((error: Error) => error.message)
  assert.ok(!text.includes('\r\n0\r\n'), text)
  await waitFor(() => rig.records[0]?.verdict === 'aborted')
})

test('an application that does not speak HTTP/2 is refused', async () => {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  const rig = await gatewayInFront(`h2c://127.0.0.1:${(server.address() as AddressInfo).port}`)
  assert.match(await exchangeBytes(rig.port, GET), /^HTTP\/1\.1 502 /)
})

test('a WebSocket of a client of HTTP/1.1 goes on over HTTP/2', async () => {
  const app = await application(
    (stream, headers) => {
      assert.equal(headers[':method'], 'CONNECT')
      assert.equal(headers[':protocol'], 'websocket')
      stream.respond({ ':status': 200 })
      stream.on('data', (chunk: Buffer) => stream.write(`echo:${chunk.toString()}`))
    },
    { settings: { enableConnectProtocol: true } },
  )
  const rig = await gatewayInFront(app.origin)
  const text = await exchangeBytes(
    rig.port,
    'GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\nfirst',
    'echo:first',
  )
  assert.match(text, /^HTTP\/1\.1 101 /)
  // RFC 6455 4.2.2: the accept value that belongs to this key.
  assert.match(text, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i)
})

test('a client that goes away resets the stream', async () => {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const app = await application((stream) => {
    stream.respond({ ':status': 200 })
    stream.write('never ends')
    stream.on('close', () => resolve(stream.rstCode))
  })
  const rig = await gatewayInFront(app.origin)
  await exchangeBytes(rig.port, GET, 'never')
  assert.equal(await promise, http2.constants.NGHTTP2_CANCEL)
})

test('a slow reader makes an HTTP/2 application wait', async () => {
  let written = 0
  const app = await application((stream) => {
    stream.respond({ ':status': 200 })
    const more = (): void => {
      while (written < 64 * 1024 * 1024) {
        written += 65_536
        if (!stream.write(Buffer.alloc(65_536))) {
          stream.once('drain', more)
          return
        }
      }
    }
    more()
  })
  const rig = await gatewayInFront(app.origin)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.write(GET)
  await once(socket, 'readable')
  socket.pause()
  for (let before = -1; before !== written; await new Promise((done) => setTimeout(done, 300)))
    before = written
  assert.ok(written < 32 * 1024 * 1024, `${written} bytes`)
  socket.destroy()
})
