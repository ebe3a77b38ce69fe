// Two gateways in two processes: a session that was ended is refused by the other with the next request, and what is open there ends.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { startShop } from '../../examples/shop/server.ts'
import { loadConfig, openKept } from '../../src/index.ts'
import { leasePostgres, notHere, startRedis } from '../../src/store/testing.ts'
import { admitted, PROOF } from '../../src/identity/testing.ts'

const ROUNDS = 10
const HOME = { ip: '127.0.0.1', userAgent: 'test' }

/** Starts a gateway in a process of its own, as a user does. */
async function startGateway(
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<{ child: ChildProcess; url: string }> {
  const command = [join(import.meta.dirname, '../../bin/ringwall.js'), 'up', '--config', file]
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    const url = /site +(http:\S+)/.exec(text)?.[1]
    if (url !== undefined) return { child, url }
  }
  throw new Error(`the gateway ended: ${text}`)
}

/** An application that answers and then says something every 20 ms for as long as anybody listens. */
async function startTalker(): Promise<http.Server> {
  const server = http.createServer((req, res) => {
    if (req.url !== '/events') {
      res.end('ok')
      return
    }
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const timer = setInterval(() => res.write('data: still here\n\n'), 20)
    res.on('close', () => clearInterval(timer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function measure(context: TestContext, withRedis: boolean): Promise<void> {
  const postgres = await leasePostgres()
  const redis = withRedis ? await startRedis() : undefined
  if (!postgres || (withRedis && !redis)) {
    return notHere(context, 'PostgreSQL with Redis', 'apt-get install postgresql redis-server')
  }
  const env = { DATABASE: postgres.url.reveal(), REDIS: redis?.url.reveal() ?? '' }
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-session-end-'))
  const [shop, talker] = [await startShop({ port: 0 }), await startTalker()]
  const talkerUrl = `http://127.0.0.1:${(talker.address() as AddressInfo).port}`
  const text = `listen: { http: "127.0.0.1:0", https: off, operator: off }
store: { directory: ${directory}, postgres: "\${env:DATABASE}"${withRedis ? ', redis: "${env:REDIS}"' : ''} }
upstreams: { shop: "${shop.url}", talker: "${talkerUrl}" }
routes: [{ path: /events, upstream: talker, sign_in: required }, { path: /ok, upstream: talker, sign_in: required }, { path: "/**", upstream: shop }]`
  const file = join(directory, 'security_config.yaml')
  writeFileSync(file, text)
  const kept = await openKept(loadConfig(text, { file, env }))
  const { child, url } = await startGateway(file, env)
  const { host, port, origin } = new URL(url)
  try {
    const accounts = kept.accounts('site')
    const { id } = await accounts.create('ann@shop.test', '', ['customer'])
    const took: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const account = await accounts.find(id)
      assert.ok(account)
      const token = await kept.identity('site').sessions.start(admitted(account), HOME, PROOF)
      const cookie = `ringwall=${token}`
      const socket = net.connect(Number(port), '127.0.0.1')
      socket.write(
        `GET /ws HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      )
      const [head] = (await once(socket, 'data')) as [Buffer]
      assert.match(head.toString(), /^HTTP\/1\.1 101 /)
      const stream = await fetch(`${url}/events`, { headers: { cookie } })
      assert.equal(stream.status, 200)
      const streamEnded = stream.text().then(
        () => performance.now(),
        () => performance.now(),
      )
      const socketEnded = once(socket, 'close').then(() => performance.now())
      socket.resume()
      const visit = async (): Promise<number> => {
        const answer = await fetch(`${url}/ok`, { headers: { cookie } })
        await answer.text()
        return answer.status
      }
      assert.equal(await visit(), 200)
      await accounts.endSessions(account)
      const endedAt = performance.now()
      assert.equal(await visit(), 401, 'the very next request')
      took.push(Math.max(await streamEnded, await socketEnded) - endedAt)
    }
    const sorted = took.toSorted((a, b) => a - b).map((ms) => Math.round(ms * 10) / 10)
    context.diagnostic(
      `${withRedis ? 'Redis' : 'PostgreSQL'}: WebSocket and stream ended after ${sorted.join(', ')} ms`,
    )
    // Half of them within the bound, since the machine may be busy; every one long before the check of each second.
    assert.ok((sorted[ROUNDS / 2] as number) <= 50, `median ${sorted[ROUNDS / 2]} ms`)
  } finally {
    child.kill()
    await once(child, 'exit')
    await kept.close()
    await shop.close()
    talker.closeAllConnections()
    talker.close()
    await postgres.release()
    await redis?.release()
    rmSync(directory, { recursive: true, force: true })
  }
}

test('two processes on Redis: refused with the next request, open connections end within 50 ms', (context) =>
  measure(context, true))

test('two processes on PostgreSQL alone: the same by NOTIFY', (context) => measure(context, false))
