// The two ends of the wire over real sockets: what a client sends is what the application gets, and the reverse.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import test, { after } from 'node:test'

import { systemClock } from './core/clock.ts'
import { pass } from './core/verdict.ts'
import type { Wall } from './core/wall.ts'
import type { AuditRecord } from './core/watch.ts'
import { walk } from './flow.ts'
import { receive } from './receive.ts'
import { listen, type Listener } from './server.ts'
import { openUpstream, type UpstreamPool } from './upstream.ts'

const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers.toReversed()) await close()
})

interface Rig {
  readonly port: number
  readonly listener: Listener
  readonly records: AuditRecord[]
  readonly pool: UpstreamPool
}

/** A gateway with these walls in front of an application at this port. */
async function gatewayTo(
  applicationPort: number,
  walls: readonly Wall[] = [],
  headTimeoutMs = 5000,
): Promise<Rig> {
  const records: AuditRecord[] = []
  const pool = openUpstream(
    {
      origin: `http://127.0.0.1:${applicationPort}`,
      connectTimeoutMs: 1000,
      headTimeoutMs,
      bodyTimeoutMs: 5000,
      maxConnections: 32,
      maxWaiting: 100,
    },
    () => ['X-Forwarded-For', '192.0.2.9'],
  )
  const watch = {
    healthy: () => true,
    recordDurably: async (all: readonly AuditRecord[]) => void records.push(...all),
    record: (record: AuditRecord) => void records.push(record),
  }
  let nextId = 0
  const listener = await listen(
    {
      meet: () => pass,
      async serve(arrival, send) {
        const at = arrival.raw.target.indexOf('?')
        const path = at < 0 ? arrival.raw.target : arrival.raw.target.slice(0, at)
        const exchange = receive(
          arrival,
          {
            client: { ip: arrival.connection.peer, scheme: 'http' },
            host: { ok: true, name: 'a.test', port: undefined },
            target: {
              ok: true,
              path,
              rawQuery: at < 0 ? '' : arrival.raw.target.slice(at),
              decodedPath: path,
            },
            route: { name: 'all', kind: 'found', params: {}, allow: [] },
          },
          String(nextId++),
          systemClock,
        )
        await walk(
          exchange,
          { walls, upstream: pool.send },
          { watch, clock: systemClock, onAuditFailure: 'refuse' },
          send,
        )
      },
      malformed: async (_connection, reason) => ({
        head: 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
        body: reason,
      }),
    },
    { host: '127.0.0.1', port: 0 },
  )
  closers.push(() => listener.drain(0))
  closers.push(() => pool.close())
  return { port: listener.address.port, listener, records, pool }
}

/** An application that is a plain node:http server. */
async function application(serve: http.RequestListener): Promise<{ port: number; server: http.Server }> {
  const server = http.createServer(serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, server }
}

/** An application that writes these bytes to whoever connects and sends a request head. */
async function rawApplication(bytes: string, end = false): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => (end ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Sends these bytes and gives back all that comes until the other side ends or `until` is seen. */
async function exchangeBytes(port: number, bytes: string, until?: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(bytes, 'latin1')
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    if (until !== undefined && text.includes(until)) break
  }
  socket.destroy()
  return text
}

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

test('a client that goes away ends the request at the application, and is recorded once as aborted', async () => {
  let ended: () => void = () => undefined
  const over = new Promise<void>((resolve) => (ended = resolve))
  const app = await application((_req, res) => {
    res.on('close', ended)
    res.writeHead(200)
    res.write('never ends')
  })
  const rig = await gatewayTo(app.port)
  await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'never')
  await over
  await waitFor(() => rig.records.length === 1)
  assert.equal(rig.records[0]?.verdict, 'aborted')
})

test('a client that goes away before the answer begins is recorded once as aborted', async () => {
  const app = await application(() => undefined)
  const rig = await gatewayTo(app.port)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(app.server, 'request')
  socket.destroy()
  await waitFor(() => rig.records.length === 1)
  assert.equal(rig.records[0]?.verdict, 'aborted')
})

test('an application that breaks off in mid-body: the client sees a broken message, never a whole one', async () => {
  const app = await rawApplication('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n', true)
  const rig = await gatewayTo(app)
  const text = await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n').catch(
    (error: Error) => error.message,
  )
  assert.ok(!text.includes('\r\n0\r\n'), text)
  await waitFor(() => rig.records.length === 1)
  assert.equal(rig.records[0]?.verdict, 'aborted')
})

for (const { name, bytes, code } of [
  {
    name: 'a transfer coding with a tab',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    code: 'upstream.malformed-reply',
  },
  {
    name: 'an unknown transfer coding',
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n',
    code: 'upstream.malformed-reply',
  },
  {
    name: 'two lengths',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    code: 'upstream.malformed-reply',
  },
  { name: 'no HTTP at all', bytes: 'hello\r\n\r\n', code: 'upstream.malformed-reply' },
  { name: 'nothing', bytes: '', code: 'upstream.unreachable' },
]) {
  test(`an application that answers with ${name} is refused with ${code}`, async () => {
    const rig = await gatewayTo(await rawApplication(bytes, true))
    const text = await exchangeBytes(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.match(text, new RegExp(`^HTTP/1\\.1 502 [\\s\\S]*${code}`))
  })
}

test('an application that is not there is 502, one that is silent is 504', async () => {
  const gone = await gatewayTo(1)
  assert.match(
    await exchangeBytes(gone.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 502 [\s\S]*upstream\.unreachable/,
  )
  const app = await application(() => undefined)
  const silent = await gatewayTo(app.port, [], 500)
  assert.match(
    await exchangeBytes(silent.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 504 [\s\S]*upstream\.timeout/,
  )
})

test('a slow reader makes the application wait: a large reply is never held whole', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  const total = 64 * 1024 * 1024
  const app = await application((_req, res) => {
    const more = (): void => {
      while (written < total) {
        written += chunk.length
        if (!res.write(chunk)) {
          res.once('drain', more)
          return
        }
      }
      res.end()
    }
    more()
  })
  const rig = await gatewayTo(app.port)
  const socket = net.connect(rig.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'readable')
  socket.pause()
  // Waits until the application has been stopped for a while, however fast the machine.
  for (let before = -1; before !== written; await pause(300)) before = written
  assert.ok(
    written < total / 2,
    `${written} bytes were taken from the application for a reader that reads nothing`,
  )
  let received = 0
  socket.on('data', (data: Buffer) => (received += data.length))
  socket.resume()
  await waitFor(() => received > total, 20_000)
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function waitFor(condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`)
    await pause(10)
  }
}
