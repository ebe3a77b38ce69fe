// The client's end of the wire over real sockets: what a client sends is what the application gets, and the reverse.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import test from 'node:test'

import { pass } from './core/verdict.ts'
import type { Wall } from './core/wall.ts'
import { application, closers, exchangeBytes, gatewayTo, waitFor } from './testing.ts'

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
      'X-Powered-By': 'test',
    })
    res.end(body)
  })
})
const toEcho = await gatewayTo(echo.port)

async function echoed(
  request: string,
): Promise<{ method: string; url: string; headers: string[]; body: string }> {
  const text = await exchangeBytes(toEcho.port, request, '\r\n\r\n{')
  const whole = text.includes('}') ? text : text
  return JSON.parse(whole.slice(whole.indexOf('\r\n\r\n') + 4)) as never
}

test('a request arrives with its method, target, fields in order and body', async () => {
  const got = await echoed(
    'POST /a%20b?x=1&y=%2f HTTP/1.1\r\nHost: a.test\r\nB: 2\r\na: 1\r\nB: 3\r\nContent-Length: 5\r\n\r\nhello',
  )
  assert.equal(got.method, 'POST')
  assert.equal(got.url, '/a%20b?x=1&y=%2f')
  assert.equal(got.body, 'hello')
  const flat = got.headers.join('|').toLowerCase()
  assert.match(flat, /b\|2\|a\|1\|b\|3/)
})

test('fields of the connection, of forwarding and of our own name do not get through', async () => {
  const got = await echoed(
    'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, X-Named\r\nX-Named: 1\r\nKeep-Alive: 1\r\nProxy-Authorization: x\r\nTE: trailers\r\n' +
      'Ringwall-Subject: root\r\nRINGWALL-Assertion: x\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n',
  )
  const names = got.headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  for (const gone of [
    'x-named',
    'keep-alive',
    'proxy-authorization',
    'te',
    'ringwall-subject',
    'ringwall-assertion',
    'forwarded',
    'x-real-ip',
  ]) {
    assert.ok(!names.includes(gone), gone)
  }
  assert.equal(
    got.headers[got.headers.findIndex((name) => name.toLowerCase() === 'x-forwarded-for') + 1],
    '192.0.2.9',
  )
})

test('a chunked request body is re-framed and arrives whole', async () => {
  const got = await echoed(
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nRingwall-Subject: root\r\n\r\n',
  )
  assert.equal(got.body, 'abcdefg')
  assert.ok(!got.headers.some((part) => part.toLowerCase() === 'ringwall-subject'))
})

test('a client that waits for 100 Continue is told to go on when the body is wanted', async () => {
  const socket = net.connect(toEcho.port, '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
  const [first] = (await once(socket, 'data')) as [Buffer]
  assert.match(first.toString(), /^HTTP\/1\.1 100 Continue\r\n\r\n/)
  socket.write('hi')
  let text = ''
  for await (const chunk of socket) {
    text += String(chunk)
    if (text.includes('"body":"hi"')) break
  }
  socket.destroy()
  assert.match(text, /"body":"hi"/)
})

test('a head refusal answers before the body is sent, without 100 Continue, and closes', async () => {
  const { refuse } = await import('./core/verdict.ts')
  const rig = await gatewayTo(echo.port, [
    { layer: 3, name: 'gateway', head: () => refuse('gateway.rate-limited', '') },
  ])
  for (const expect of ['Expect: 100-continue\r\n', '']) {
    const text = await exchangeBytes(
      rig.port,
      `POST / HTTP/1.1\r\nHost: a\r\n${expect}Content-Length: 1000000\r\n\r\n`,
    )
    assert.match(text, /^HTTP\/1\.1 429 /)
    assert.match(text, /Connection: close/i)
    assert.match(text, /gateway\.rate-limited/)
  }
})

test('a client that is refused while it sends a large body reads the refusal, not a reset', async () => {
  const { refuse } = await import('./core/verdict.ts')
  const rig = await gatewayTo(echo.port, [
    { layer: 3, name: 'gateway', head: () => refuse('gateway.rate-limited', '') },
  ])
  const body = 'x'.repeat(4_000_000)
  const text = await exchangeBytes(
    rig.port,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    '}',
  )
  assert.match(text, /gateway\.rate-limited/)
})

test('the answer to HEAD has the length of the answer to GET and no body', async () => {
  const text = await exchangeBytes(toEcho.port, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(text, /Content-Length: \d\d/)
  assert.ok(text.endsWith('\r\n\r\n'))
})

test('early hints and trailers of the application reach the client', async () => {
  const app = await application((_req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload' })
    res.writeHead(200, { Trailer: 'Checksum', 'Transfer-Encoding': 'chunked' })
    res.write('part')
    res.addTrailers({ Checksum: 'abc', 'Ringwall-Subject': 'root' })
    res.end()
  })
  const rig = await gatewayTo(app.port)
  const text = await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\r\n0\r\n')
  assert.match(text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>; rel=preload/)
  const rest = await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(rest, /Checksum: abc/i)
  assert.ok(!/ringwall-subject/i.test(rest))
  assert.ok(text.length > 0)
})

test('server-sent events come through one by one', async () => {
  const app = await application((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write('data: 1\n\n')
    const timer = setTimeout(() => res.end('data: 2\n\n'), 400)
    res.on('close', () => clearTimeout(timer))
  })
  const rig = await gatewayTo(app.port)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  let first = ''
  while (!first.includes('data: 1')) first += String((await once(socket, 'data'))[0])
  assert.ok(!first.includes('data: 2'), 'the first event did not wait for the second')
  socket.destroy()
})

test('a WebSocket is joined end to end, and ends at both sides together', async () => {
  const app = await application(() => undefined)
  let appSocketClosed = false
  app.server.on('upgrade', (_req, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
    )
    socket.on('data', (data) => socket.write(`echo:${String(data)}`))
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
    socket.on('close', () => (appSocketClosed = true))
  })
  const rig = await gatewayTo(app.port)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\nfirst',
  )
  let text = ''
  while (!text.includes('echo:first')) text += String((await once(socket, 'data'))[0])
  assert.match(text, /^HTTP\/1\.1 101 /)
  socket.write('second')
  while (!text.includes('echo:second')) text += String((await once(socket, 'data'))[0])
  socket.destroy()
  await waitFor(() => appSocketClosed)
  await waitFor(() => rig.records.length === 1)
})

test('an upgrade that a wall refuses is answered in plain HTTP and never reaches the application', async () => {
  const { refuse } = await import('./core/verdict.ts')
  const rig = await gatewayTo(echo.port, [
    { layer: 4, name: 'access', head: () => refuse('access.denied', '') },
  ])
  const text = await exchangeBytes(
    rig.port,
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  assert.match(text, /^HTTP\/1\.1 403 [\s\S]*access\.denied/)
})

test('what is no HTTP is answered 400 and closed', async () => {
  assert.match(await exchangeBytes(toEcho.port, 'hello there\r\n\r\n'), /^HTTP\/1\.1 400 /)
})

test('a GET whose kept-alive connection was just closed by the application is sent again once', async () => {
  let served = 0
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      served++
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      // The second request on this connection meets a reset instead of an answer.
      socket.once('data', () => socket.resetAndDestroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  const rig = await gatewayTo((server.address() as AddressInfo).port)
  for (let i = 0; i < 4; i++) {
    const text = await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(text, /^HTTP\/1\.1 200 /)
  }
  assert.ok(served >= 2)
})

test('a peer that is refused at the connection gets no byte, and an ordinary one is served', async () => {
  const { refuse } = await import('./core/verdict.ts')
  const { listen } = await import('./server.ts')
  let served = 0
  const door = (isWelcome: boolean) => ({
    meet: () => (isWelcome ? pass : refuse('perimeter.address-denied', '')),
    part: () => undefined,
    serve: async () => void served++,
    malformed: async () => ({ head: 'HTTP/1.1 400 Bad Request\r\n\r\n', body: '' }),
  })
  const closed = await listen(door(false), { host: '127.0.0.1', port: 0 })
  const text = await exchangeBytes(closed.address.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => '')
  assert.equal(text, '')
  assert.equal(served, 0)
  await closed.drain(0)
})

test('what is malformed behind a request under way does not write into its answer', async () => {
  const app = await application((_req, res) => {
    res.writeHead(200, { 'Content-Length': 10 })
    res.write('half.')
  })
  const rig = await gatewayTo(app.port)
  const socket = net.connect(rig.port, '127.0.0.1')
  let text = ''
  socket.on('data', (data: Buffer) => (text += data.toString('latin1')))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await waitFor(() => text.endsWith('half.'))
  socket.write('no HTTP at all\r\n\r\n')
  await closed
  assert.ok(text.endsWith('half.'), text)
})

test('a port that is taken is told in one line that says what to do', async () => {
  const { listen } = await import('./server.ts')
  const door = {
    meet: () => pass,
    part: () => undefined,
    serve: async () => undefined,
    malformed: async () => ({ head: '', body: '' }),
  }
  await assert.rejects(listen(door, { host: '127.0.0.1', port: toEcho.port }), {
    code: 'server.listen',
    message: /cannot listen on 127\.0\.0\.1:\d+: another program listens there; stop it/,
  })
})

test('a reply that cannot be written breaks off, and is recorded once', async () => {
  const spoil: Wall = {
    layer: 5,
    name: 'application',
    response(_exchange, reply) {
      reply.headers.set('X-Spoiled', 'two\nlines')
      return reply
    },
  }
  const rig = await gatewayTo(echo.port, [spoil])
  const text = await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => '')
  assert.equal(text, '')
  await waitFor(() => rig.records.length === 1)
  assert.equal(rig.records[0]?.verdict, 'aborted')
})

test('an Upgrade to anything but WebSocket is an ordinary request with its body', async () => {
  const got = await echoed(
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello',
  )
  assert.equal(got.body, 'hello')
  assert.ok(!got.headers.some((part) => part.toLowerCase() === 'upgrade'))
})

test('a drain lets the request under way finish, then nothing listens', async () => {
  let release: () => void = () => undefined
  const app = await application((_req, res) => {
    release = () => res.end('done')
  })
  const rig = await gatewayTo(app.port)
  const answered = exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(app.server, 'request')
  const drained = rig.listener.drain(5000)
  release()
  const text = await answered
  assert.match(text, /Connection: close/i)
  assert.match(text, /done/)
  await drained
  await assert.rejects(exchangeBytes(rig.port, 'GET / HTTP/1.1\r\n\r\n'))
})
