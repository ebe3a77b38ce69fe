// HTTP/2 with clients: the same exchange, walls, records and bounds as HTTP/1.1.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { systemClock } from './core/clock.ts'
import { refuse } from './core/verdict.ts'
import type { Exchange } from './core/exchange.ts'
import type { Wall } from './core/wall.ts'
import { openDevelopmentCertificate } from './edge/index.ts'
import { application, closers, gatewayTo, pause, type Rig, waitFor } from './testing.ts'

const echo = await application((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    const body = JSON.stringify({
      method: req.method,
      url: req.url,
      headers: req.rawHeaders,
      body: Buffer.concat(chunks).toString('latin1'),
    })
    res.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Set-Cookie': ['a=1', 'b=2'],
    })
    res.end(body)
  })
})
const toEcho = await gatewayTo(echo.port, [], 5000, { h2c: true })

function connect(rig: Rig): ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${rig.port}`)
  session.on('error', () => undefined)
  closers.push(() => session.destroy())
  return session
}

interface Answer {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  readonly body: string
  readonly informed: readonly http2.IncomingHttpHeaders[]
  readonly trailers: http2.IncomingHttpHeaders
  readonly code: number
}

async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return answerOf(stream)
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const informed: http2.IncomingHttpHeaders[] = []
  let headers: http2.IncomingHttpHeaders = {}
  let trailers: http2.IncomingHttpHeaders = {}
  let text = ''
  stream.on('headers', (found) => informed.push(found))
  stream.on('response', (found) => (headers = found))
  stream.on('trailers', (found) => (trailers = found))
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  stream.on('error', () => undefined)
  await new Promise((resolve) => stream.on('close', resolve))
  return {
    status: Number(headers[':status'] ?? 0),
    headers,
    body: text,
    informed,
    trailers,
    code: stream.rstCode ?? 0,
  }
}

test('a request arrives with its method, target, fields in order, one cookie, and body', async () => {
  const session = connect(toEcho)
  const { status, body, headers } = await ask(
    session,
    {
      ':method': 'POST',
      ':path': '/a?x=1',
      ':authority': 'a.test',
      b: '2',
      cookie: ['x=1', 'y=2'],
      'content-type': 'text/plain',
    },
    'hello',
  )
  const got = JSON.parse(body) as { method: string; url: string; headers: string[]; body: string }
  assert.equal(status, 200)
  assert.deepEqual([got.method, got.url, got.body], ['POST', '/a?x=1', 'hello'])
  const fields = got.headers.join('|').toLowerCase()
  assert.match(fields, /^host\|a\.test\|b\|2\|cookie\|x=1; y=2\|/)
  assert.match(fields, /transfer-encoding\|chunked/)
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
  session.close()
})

test('many requests at once are answered each with its own', async () => {
  const session = connect(toEcho)
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(session, { ':path': `/${i}` })))
  assert.deepEqual(
    answers.map(({ body }) => (JSON.parse(body) as { url: string }).url),
    Array.from({ length: 50 }, (_, i) => `/${i}`),
  )
  session.close()
})

test('the answer to HEAD has the length of the answer to GET and no body', async () => {
  const session = connect(toEcho)
  const { headers, body } = await ask(session, { ':method': 'HEAD', ':path': '/' })
  assert.match(String(headers['content-length']), /^\d+$/)
  assert.equal(body, '')
  session.close()
})

test('early hints and trailers of the application reach the client', async () => {
  const app = await application((_req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    res.writeHead(200, { Trailer: 'Checksum' })
    res.write('part')
    res.addTrailers({ Checksum: 'abc', 'Ringwall-Subject': 'root' })
    res.end()
  })
  const session = connect(await gatewayTo(app.port, [], 5000, { h2c: true }))
  const { body, informed, trailers } = await ask(session, { ':path': '/' })
  assert.equal(body, 'part')
  assert.equal(informed[0]?.['link'], '</style.css>; rel=preload')
  assert.equal(trailers['checksum'], 'abc')
  assert.ok(!('ringwall-subject' in trailers))
})

test('a client that waits for 100 Continue is told to go on when the body is wanted', async () => {
  const session = connect(toEcho)
  const stream = session.request({ ':method': 'POST', ':path': '/', expect: '100-continue' })
  const answered = answerOf(stream)
  await once(stream, 'continue')
  stream.end('hi')
  assert.match((await answered).body, /"body":"hi"/)
})

test('a head refusal is answered before the body, and the stream ends without an error', async () => {
  const rig = await gatewayTo(
    echo.port,
    [{ layer: 3, name: 'gateway', head: () => refuse('gateway.rate-limited', '') }],
    5000,
    { h2c: true },
  )
  const session = connect(rig)
  const stream = session.request({ ':method': 'POST', ':path': '/' })
  stream.write('x'.repeat(1000))
  const { status, body, code } = await answerOf(stream)
  assert.equal(status, 429)
  assert.match(body, /gateway\.rate-limited/)
  assert.equal(code, http2.constants.NGHTTP2_NO_ERROR)
  await waitFor(() => rig.records.length === 1)
})

test('a client that resets a stream is recorded once as aborted, and the application hears of it', async () => {
  let gone: () => void = () => undefined
  const over = new Promise<void>((resolve) => (gone = resolve))
  const app = await application((_req, res) => {
    res.on('close', gone)
    res.write('never ends')
  })
  const rig = await gatewayTo(app.port, [], 5000, { h2c: true })
  const stream = connect(rig).request({ ':path': '/' })
  stream.on('error', () => undefined)
  await once(stream, 'data')
  stream.close(http2.constants.NGHTTP2_CANCEL)
  await over
  await waitFor(() => rig.records.length === 1)
  assert.equal(rig.records[0]?.verdict, 'aborted')
})

test('an application that breaks off resets the stream: the answer does not look whole', async () => {
  const app = await application((_req, res) => {
    res.write('part')
    setTimeout(() => res.destroy(), 50)
  })
  const { code } = await ask(connect(await gatewayTo(app.port, [], 5000, { h2c: true })), { ':path': '/' })
  assert.equal(code, http2.constants.NGHTTP2_INTERNAL_ERROR)
})

test('a WebSocket over HTTP/2 is judged as a GET with Upgrade, and joined end to end', async () => {
  const app = await application(() => undefined)
  app.server.on('upgrade', (_req, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
    )
    socket.on('data', (data) => socket.write(`echo:${String(data)}`))
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
  })
  const seen: Exchange[] = []
  const look: Wall = { layer: 4, name: 'access', head: (exchange) => (seen.push(exchange), { kind: 'pass' }) }
  const rig = await gatewayTo(app.port, [look], 5000, { h2c: true })
  const session = connect(rig)
  await once(session, 'remoteSettings')
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/ws',
    ':scheme': 'http',
    ':authority': 'a.test',
    'sec-websocket-version': '13',
  })
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  assert.equal(headers[':status'], 200)
  assert.ok(!('sec-websocket-accept' in headers))
  stream.write('first')
  const [data] = (await once(stream, 'data')) as [Buffer]
  assert.equal(data.toString(), 'echo:first')
  assert.equal(seen[0]?.method, 'GET')
  assert.equal(seen[0]?.headers.get('upgrade'), 'websocket')
  stream.close()
  await waitFor(() => rig.records.length === 1)
})

test('a drain lets what is under way finish, and opens nothing more', async () => {
  let release: () => void = () => undefined
  const app = await application((_req, res) => {
    release = () => res.end('done')
  })
  const rig = await gatewayTo(app.port, [], 5000, { h2c: true })
  const session = connect(rig)
  const answered = ask(session, { ':path': '/' })
  await once(app.server, 'request')
  const goaway = once(session, 'goaway')
  const drained = rig.listener.drain(5000)
  await goaway
  release()
  assert.equal((await answered).body, 'done')
  await drained
})

test('over TLS the client chooses by ALPN, and HTTP/1.1 stays', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-http2-'))
  closers.push(() => rmSync(directory, { recursive: true, force: true }))
  const { certificatePem, keyPem } = await openDevelopmentCertificate(directory, systemClock)
  const tls = { options: { cert: certificatePem, key: keyPem }, attach: () => undefined }
  const rig = await gatewayTo(echo.port, [], 5000, { http2: true, tls })
  const session = http2.connect(`https://127.0.0.1:${rig.port}`, { rejectUnauthorized: false })
  closers.push(() => session.destroy())
  const { status } = await ask(session, { ':path': '/' })
  assert.equal(status, 200)
  assert.equal(session.alpnProtocol, 'h2')
  const { default: https } = await import('node:https')
  const old = https.get({ port: rig.port, host: '127.0.0.1', rejectUnauthorized: false, agent: false })
  const [response] = (await once(old, 'response')) as [import('node:http').IncomingMessage]
  assert.equal(response.statusCode, 200)
  response.destroy()
})

test('where HTTP/2 without TLS is not switched on, its preface is answered 400', async () => {
  const rig = await gatewayTo(echo.port)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const [data] = (await once(socket, 'data')) as [Buffer]
  assert.match(data.toString(), /^HTTP\/1\.1 400 /)
  socket.destroy()
})

test('a client that reads nothing is let go, in both protocols', async () => {
  const app = await application((_req, res) => {
    const write = (): void => {
      while (res.write(Buffer.alloc(65_536)));
      res.once('drain', write)
    }
    write()
  })
  const rig = await gatewayTo(app.port, [], 5000, { h2c: true, bounds: { stallMs: 300 } })
  const stream = connect(rig).request({ ':path': '/' })
  stream.on('error', () => undefined)
  await waitFor(() => rig.records.length === 1)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await waitFor(() => rig.records.length === 2)
  assert.deepEqual(
    rig.records.map(({ verdict }) => verdict),
    ['aborted', 'aborted'],
  )
  socket.destroy()
})

test('a client that uploads slowly but steadily is served', async () => {
  const session = connect(toEcho)
  const stream = session.request({ ':method': 'POST', ':path': '/' })
  const answered = answerOf(stream)
  for (const part of ['a', 'b', 'c']) {
    stream.write(part)
    await pause(30)
  }
  stream.end()
  assert.match((await answered).body, /"body":"abc"/)
})
