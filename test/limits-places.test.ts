// A cap on requests under way, over real sockets: a place is free again after every way in which a request can end.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import test from 'node:test'

import { loadConfig, ringwall } from '../src/index.ts'

test('places are given back when a client leaves, the application dies, hangs, or a tunnel ends', async (t) => {
  const held: Socket[] = []
  const application = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data: Buffer) => {
      const [, path = ''] = data.toString('latin1').split(' ')
      if (path === '/ok') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else if (path === '/half') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
        setTimeout(() => socket.destroy(), 50)
      } else if (path === '/die') socket.destroy()
      else if (path === '/socket')
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      held.push(socket)
    })
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  t.after(() => {
    for (const socket of held) socket.destroy()
    application.close()
  })
  const gate = await ringwall(
    loadConfig(`listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ":memory:" }
upstreams: { app: { url: "http://127.0.0.1:${(application.address() as AddressInfo).port}", timeout: 300ms } }
security: { rate_limiting: { one: { concurrent: 1, match: ["/**"] } } }`),
  )
  t.after(() => gate.close())
  const { port } = new URL((await gate.listen()).http as string)

  const get = (path: string, headers: http.OutgoingHttpHeaders = {}): http.ClientRequest =>
    http.get({ port, path, host: '127.0.0.1', agent: false, headers })
  const statusOf = async (path: string): Promise<number> => {
    const [answer] = (await once(get(path), 'response')) as [http.IncomingMessage]
    answer.resume()
    await once(answer, 'close')
    return answer.statusCode ?? 0
  }
  /** The only place is free again, within a moment. */
  const isFree = async (after: string): Promise<void> => {
    const startedAt = performance.now()
    while ((await statusOf('/ok')) !== 200) {
      assert.ok(performance.now() - startedAt < 5000, `no place after ${after}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const reached = async (count: number): Promise<void> => {
    while (held.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  await isFree('nothing')
  let before = held.length
  const leaving = get('/silent')
  leaving.on('error', () => undefined)
  await reached(before + 1)
  assert.equal(await statusOf('/ok'), 429)
  leaving.destroy()
  await isFree('a client that left')

  assert.equal(await statusOf('/silent'), 504)
  await isFree('a timeout')
  assert.equal(await statusOf('/die'), 502)
  await isFree('an application that died')
  const half = get('/half')
  half.on('error', () => undefined)
  const [answer] = (await once(half, 'response')) as [http.IncomingMessage]
  answer.on('error', () => undefined)
  answer.resume()
  await new Promise((resolve) => {
    answer.once('close', resolve)
  })
  await isFree('an answer that broke off')

  before = held.length
  const upgrade = get('/socket', {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  })
  const [, tunnel] = (await once(upgrade, 'upgrade')) as [http.IncomingMessage, Socket]
  assert.equal(await statusOf('/ok'), 429, 'a tunnel is under way as long as it is open')
  tunnel.destroy()
  await isFree('a tunnel')
})
