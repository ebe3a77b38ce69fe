// The application's end of the wire: what breaks, hangs or lies there, and what the client sees of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import test from 'node:test'

import { application, exchangeBytes, gatewayTo, pause, rawApplication, waitFor } from './testing.ts'

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
