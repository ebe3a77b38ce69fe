// The library in front of applications in this process: it follows a reload, and redirects to no port that is not ours.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'

import { type ConfigInput, ringwall } from '../src/index.ts'

const BASE: ConfigInput = {
  store: { directory: ':memory:' },
  listen: { operator: 'off' },
  security: { network: { trusted_proxies: ['127.0.0.1'] } },
}

test('applications in this process get the new walls with the next request', async () => {
  const gate = await ringwall({ ...BASE, routes: [{ path: '/**' }] })
  const server = createServer(gate.handler((_req, res) => res.end('node')))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const app = (): Response => new Response('fetch')
  const statuses = async (): Promise<number[]> => [
    (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a`)).status,
    (await gate.fetch(new Request('http://a.test/a'), { app, peer: '192.0.2.1' })).status,
  ]
  assert.deepEqual(await statuses(), [200, 200])
  for (let i = 0; i < 20; i++) {
    await gate.reload({ ...BASE, routes: [{ path: '/b' }] })
    assert.deepEqual(await statuses(), [404, 404])
    await gate.reload({ ...BASE, routes: [{ path: '/**' }] })
    assert.deepEqual(await statuses(), [200, 200])
  }
  server.closeAllConnections()
  server.close()
  await gate.close()
})

test('plain HTTP of a client from elsewhere is answered where the port is not ours', async () => {
  const gate = await ringwall({ ...BASE, routes: [{ path: '/**' }] })
  const server = createServer(gate.handler((_req, res) => res.end('node')))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}/a`, {
    headers: { 'X-Forwarded-For': '198.51.100.7' },
    redirect: 'manual',
  })
  assert.equal(answer.status, 200)
  const app = (): Response => new Response('fetch')
  assert.equal((await gate.fetch(new Request('http://a.test/a'), { app })).status, 200)
  await gate.reload({ ...BASE, security: { edge: { require_https: 'always' } } })
  const asked = await gate.fetch(new Request('http://a.test/a'), { app })
  assert.deepEqual([asked.status, asked.headers.get('location')], [308, 'https://a.test/a'])
  server.closeAllConnections()
  server.close()
  await gate.close()
})

test('a peer that nobody named is not this machine', async () => {
  const gate = await ringwall({ ...BASE, security: { perimeter: { deny: ['127.0.0.0/8'] } } })
  const app = (): Response => new Response('fetch')
  assert.equal((await gate.fetch(new Request('http://a.test/'), { app })).status, 200)
  assert.equal((await gate.fetch(new Request('http://a.test/'), { app, peer: '127.0.0.1' })).status, 403)
  await gate.close()
})
