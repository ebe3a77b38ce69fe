// A WebSocket through all walls: it needs our own origin, and it dies with the session that opened it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import test from 'node:test'

import { startShop } from '../examples/shop/server.ts'
import { admit } from '../src/identity/index.ts'
import { loadConfig, openKept, ringwall } from '../src/index.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

test('a tunnel dies within two seconds of its session, and an anonymous one lives on', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-tunnel-'))
  const shop = await startShop({ port: 0 })
  const config = loadConfig(
    `listen: { http: "127.0.0.1:0", https: off, operator: off }\nstore: { directory: ${directory} }\nupstreams: { shop: "${shop.url}" }`,
  )
  const kept = await openKept(config)
  const account = await kept.accounts('site').create('ann@shop.test', '', ['customer'])
  const signedIn = (await kept.accounts('site').find(account.id)) ?? account
  const claim = { way: 'password', realm: 'site', sessionVersion: undefined } as const
  const admission = admit(signedIn, claim, Date.now())
  assert.ok(admission.ok)
  const proof = { assurance: 1, methods: ['pwd'], atMs: Date.now() } as const
  const from = { ip: '127.0.0.1', userAgent: '' }
  const token = await kept.identity('site').sessions.start(admission.admitted, from, proof)
  const gate = await ringwall(config)
  const { host, port, origin } = new URL((await gate.listen()).http as string)

  const open = async (cookie: string): Promise<net.Socket> => {
    const socket = net.connect(Number(port), '127.0.0.1')
    const fields = `Origin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`
    socket.write(`GET /ws HTTP/1.1\r\nHost: ${host}\r\n${cookie}${fields}\r\n`)
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1\.1 101 [\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
    return socket
  }
  const anonymous = await open('')
  const hers = await open(`Cookie: ringwall=${token}\r\n`)
  const closed = once(hers, 'close')
  hers.resume()
  const endedAt = performance.now()
  await kept.accounts('site').endSessions(account)
  await closed
  assert.ok(performance.now() - endedAt < 2500)
  assert.equal(anonymous.destroyed, false)

  anonymous.destroy()
  await gate.close()
  await kept.close()
  await shop.close()
  rmSync(directory, { recursive: true, force: true })
})
