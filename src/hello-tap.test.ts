// An HTTPS server behind the tap, over real sockets: it serves as if there were none, and each hello was seen before.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import tls from 'node:tls'

import { systemClock } from './core/clock.ts'
import { openDevelopmentCertificate, tlsOptions } from './edge/index.ts'
import { type HelloTap, tapHello } from './hello-tap.ts'
import { type ClientHello, ja4 } from './perimeter/index.ts'
import { waitFor } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-tap-'))
const certificate = await openDevelopmentCertificate(directory, systemClock)
const closers: (() => void)[] = []
after(() => {
  for (const close of closers) close()
  rmSync(directory, { recursive: true })
})

interface Seen {
  readonly fingerprint: string
  readonly serverName: string | undefined
}

interface Tapped {
  readonly port: number
  readonly tap: HelloTap<Seen>
  readonly server: https.Server
  readonly refusals: string[]
  /** Raw connections that reached the server. */
  readonly sockets: Socket[]
}

/** Echoes bodies, and names the fingerprint of who asks. */
async function tapped(
  options: {
    timeoutMs?: number
    judge?: (hello: ClientHello) => boolean
    server?: https.ServerOptions
  } = {},
): Promise<Tapped> {
  const server = https.createServer(
    { ...tlsOptions(certificate), ...options.server },
    (request, response) => {
      const seen = tap.find(request.socket)
      response.writeHead(200, {
        'X-Fingerprint': seen?.fingerprint ?? 'none',
        'X-Name': seen?.serverName ?? 'none',
      })
      request.pipe(response)
    },
  )
  const refusals: string[] = []
  const sockets: Socket[] = []
  const tap = tapHello<Seen>(server, {
    judge: (hello) =>
      options.judge?.(hello) === false
        ? undefined
        : { fingerprint: ja4(hello), serverName: hello.serverName },
    onRefused: (_socket, reason) => refusals.push(reason),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  })
  server.prependListener('connection', (socket: Socket) => sockets.push(socket))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, tap, server, refusals, sockets }
}

interface Answer {
  readonly status: number
  readonly fingerprint: string
  readonly name: string
  readonly body: Buffer
}

async function ask(port: number, options: https.RequestOptions = {}, body?: Buffer): Promise<Answer> {
  const request = https.request({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    rejectUnauthorized: false,
    method: body ? 'POST' : 'GET',
    ...options,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode ?? 0,
    fingerprint: String(response.headers['x-fingerprint']),
    name: String(response.headers['x-name']),
    body: Buffer.concat(chunks),
  }
}

const main = await tapped()

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a request over ${version} is answered, and its fingerprint is known`, async () => {
    const answer = await ask(main.port, { minVersion: version, maxVersion: version, agent: false })
    assert.equal(answer.status, 200)
    assert.match(answer.fingerprint, new RegExp(`^t${version === 'TLSv1.2' ? 12 : 13}d`))
    assert.equal(answer.name, 'localhost')
  })
}

test('many requests over one connection: one hello, the same fingerprint', async () => {
  const before = main.sockets.length
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
  const answers: Answer[] = []
  for (let i = 0; i < 20; i++) answers.push(await ask(main.port, { agent }, Buffer.from(`body ${i}`)))
  agent.destroy()
  assert.equal(main.sockets.length, before + 1)
  assert.deepEqual(
    answers.map((answer) => answer.body.toString()),
    answers.map((_, i) => `body ${i}`),
  )
  assert.equal(new Set(answers.map((answer) => answer.fingerprint)).size, 1)
})

test('a body of 20 MB comes through both ways', async () => {
  const body = randomBytes(20_000_000)
  const answer = await ask(main.port, { agent: false }, body)
  assert.ok(answer.body.equals(body))
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a session is resumed over ${version}`, async () => {
    // Node has no session cache of its own for servers without tickets, so this server gives them.
    const { port } = await tapped({ server: { secureOptions: 0 } })
    const connect = async (session?: Buffer): Promise<{ reused: boolean; session: Buffer }> => {
      const socket = tls.connect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        ...(session && { session }),
      })
      const got = once(socket, 'session')
      await once(socket, 'secureConnect')
      const reused = socket.isSessionReused()
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      const [fresh] = reused ? [session] : ((await got) as [Buffer])
      await once(socket, 'close')
      assert.match(Buffer.concat(chunks).toString('latin1'), /^HTTP\/1\.1 200 /)
      return { reused, session: fresh as Buffer }
    }
    const first = await connect()
    assert.equal(first.reused, false)
    assert.equal((await connect(first.session)).reused, true)
  })
}

/** A client whose bytes go through here, so that they can be cut. */
async function throughCutter(port: number, cut: (bytes: Buffer) => Buffer[]): Promise<string> {
  const relay = net.createServer((inner) => {
    const outer = net.connect(port, '127.0.0.1')
    outer.setNoDelay(true)
    let queue = Promise.resolve()
    inner.on('data', (bytes: Buffer) => {
      queue = queue.then(async () => {
        for (const part of cut(bytes)) {
          outer.write(part)
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
    })
    outer.on('data', (bytes: Buffer) => inner.write(bytes))
    outer.on('close', () => inner.destroy())
    inner.on('close', () => outer.destroy())
    inner.on('error', () => undefined)
    outer.on('error', () => undefined)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  try {
    const answer = await ask((relay.address() as AddressInfo).port, { agent: false }, Buffer.from('hello'))
    return answer.body.toString()
  } finally {
    relay.close()
  }
}

test('everything that the client sends comes one byte at a time', async () => {
  const body = await throughCutter(main.port, (bytes) => [...bytes].map((byte) => Buffer.of(byte)))
  assert.equal(body, 'hello')
})

test('a hello in ten TLS records comes in ten pieces', async () => {
  const { port, refusals } = await tapped()
  const body = await throughCutter(port, (bytes) => {
    if (bytes[0] !== 22 || bytes[5] !== 1) return [bytes]
    const message = bytes.subarray(5)
    const size = Math.ceil(message.length / 10)
    return Array.from({ length: 10 }, (_, i) => {
      const part = message.subarray(i * size, (i + 1) * size)
      return Buffer.concat([Buffer.of(22, 3, 1, part.length >> 8, part.length & 255), part])
    })
  })
  assert.equal(body, 'hello')
  assert.deepEqual(refusals, [])
})

/** Sends these bytes and gives what comes back until the other side ends, and how long that took. */
async function sendRaw(
  port: number,
  ...parts: (string | Uint8Array)[]
): Promise<{ text: string; ms: number }> {
  const started = performance.now()
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return { text, ms: performance.now() - started }
}

test('a client that never sends anything, or never ends its hello, is closed when the time is over', async () => {
  const { port, refusals, tap } = await tapped({ timeoutMs: 200 })
  const both = await Promise.all([sendRaw(port), sendRaw(port, Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1))])
  for (const { text, ms } of both) {
    assert.equal(text, '')
    assert.ok(ms >= 190 && ms < 2000, `${ms} ms`)
  }
  assert.deepEqual(refusals, ['no ClientHello within 200 ms', 'no ClientHello within 200 ms'])
  assert.equal(tap.waiting, 0)
})

test('the time is that of the whole hello: a byte now and then does not prolong it', async () => {
  const { port } = await tapped({ timeoutMs: 300 })
  const started = performance.now()
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...Array.from({ length: 100 }, () => 0)]
  const timer = setInterval(() => socket.write(Uint8Array.of(hello.shift() ?? 0)), 50)
  await once(socket, 'close')
  clearInterval(timer)
  const ms = performance.now() - started
  assert.ok(ms >= 290 && ms < 2000, `${ms} ms`)
})

test('plain HTTP is closed at once, without an answer', async () => {
  const { port, refusals } = await tapped()
  const { text, ms } = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(text, '')
  assert.ok(ms < 1000, `${ms} ms`)
  assert.deepEqual(refusals, ['it looks like plain HTTP'])
})

test('a client that the house does not want is closed before any key is agreed', async () => {
  const { port, tap } = await tapped({ judge: (hello) => hello.serverName !== 'localhost' })
  await assert.rejects(ask(port, { agent: false }))
  assert.equal((await ask(port, { agent: false, servername: 'other.example' })).status, 200)
  await waitFor(() => tap.kept === 0)
})

test('a judge that throws lets nobody in', async () => {
  const { port, refusals } = await tapped({
    judge: () => {
      throw new Error('out of order')
    },
  })
  await assert.rejects(ask(port, { agent: false }))
  assert.match(refusals.join(), /could not be judged: .*out of order/)
})

test('clients that go away before, within and after their hello leave nothing behind', async () => {
  const { port, tap, refusals } = await tapped()
  for (const bytes of [[], [22], [22, 3, 1, 2, 0, 1]]) {
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    if (bytes.length > 0) socket.write(Uint8Array.from(bytes))
    await waitFor(() => tap.waiting === 1)
    if (bytes.length === 1) socket.resetAndDestroy()
    else socket.end()
    await waitFor(() => tap.waiting === 0)
    socket.destroy()
  }
  const client = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(client, 'secureConnect')
  assert.equal(tap.kept, 1)
  client.destroy()
  await waitFor(() => tap.kept === 0)
  assert.deepEqual(refusals, [])
})

test('handshakes that fail after the hello, by reset, alert, nonsense or time, leave nothing behind and end no process', async () => {
  const { port, tap, refusals } = await tapped({ server: { handshakeTimeout: 300 } })
  const hello = await recordedHello()
  const afterHello: ((socket: Socket) => void)[] = [
    (socket) => socket.resetAndDestroy(),
    (socket) => setTimeout(() => socket.resetAndDestroy(), 20),
    (socket) => socket.end(),
    (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'),
    (socket) => socket.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 40)),
    () => undefined,
  ]
  await Promise.all(
    afterHello.map(async (act) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      await once(socket, 'connect')
      socket.write(hello, () => act(socket))
      await once(socket, 'close')
    }),
  )
  const old = tls.connect({ port, host: '127.0.0.1', ciphers: 'AES128-SHA256', maxVersion: 'TLSv1.2' })
  await assert.rejects(once(old, 'secureConnect'))
  await waitFor(() => tap.kept === 0 && tap.waiting === 0)
  assert.deepEqual(refusals, [])
  assert.equal((await ask(port, { agent: false })).status, 200)
})

/** What a TLS client sends first. */
async function recordedHello(): Promise<Buffer> {
  const recorder = net.createServer()
  recorder.listen(0, '127.0.0.1')
  await once(recorder, 'listening')
  const client = tls.connect({ port: (recorder.address() as AddressInfo).port, host: '127.0.0.1' })
  client.on('error', () => undefined)
  const [socket] = (await once(recorder, 'connection')) as [Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  recorder.close()
  return bytes
}

test('the timeouts of slow heads, the drain and the count of connections work as without the tap', async () => {
  const { port, server } = await tapped({
    server: { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 },
  })
  const slow = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  let text = ''
  slow.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  slow.on('error', () => undefined)
  await once(slow, 'secureConnect')
  slow.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  await once(slow, 'close')
  assert.match(text, /^HTTP\/1\.1 408 /)

  const agent = new https.Agent({ keepAlive: true })
  await ask(port, { agent })
  const closed = once(server, 'close')
  const open = await new Promise<number>((resolve) => {
    server.getConnections((_error, count) => resolve(count))
  })
  assert.equal(open, 1)
  server.close()
  await closed
  agent.destroy()
})
