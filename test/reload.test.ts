// A reload swaps the walls without losing a request: what is under way ends behind the old ones.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'

import { type Config, loadConfig, ringwall } from '../src/index.ts'

function get(port: number, path: string, agent: http.Agent): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const req = http.get({ port, path, agent, host: '127.0.0.1' }, (res) => {
      let body = ''
      res.on('data', (data: Buffer) => (body += data.toString()))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
      res.on('error', reject)
    })
    req.on('error', reject)
  })
}

test(
  'fifty reloads under load fail no request, and one under way ends behind the old walls',
  { timeout: 60_000 },
  async () => {
    let release: () => void = () => undefined
    const application = http.createServer((req, res) => {
      if (req.url === '/slow') release = () => res.end('slow')
      else res.end('fast')
    })
    application.listen(0, '127.0.0.1')
    await once(application, 'listening')
    const upstream = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
    const config = (routes: string): Config =>
      loadConfig(`listen: { http: "127.0.0.1:0", https: off, operator: off }\nstore: { directory: ":memory:" }
upstreams: { application: "${upstream}" }\nroutes: ${routes}
security: { perimeter: { rules: { RATE_LIMIT: { limit: 10000000 } } } }`)
    const open = config('[{ path: "/**" }]')
    const closed = config('[{ path: /fast }]')
    const gate = await ringwall(open)
    const port = Number(new URL((await gate.listen()).http as string).port)
    const agent = new http.Agent({ keepAlive: true })

    const slow = get(port, '/slow', agent)
    await once(application, 'request')
    const load = { running: true }
    let answered = 0
    const clients = Array.from({ length: 8 }, async () => {
      while (load.running) {
        const { status, body } = await get(port, '/fast', agent)
        assert.deepEqual({ status, body }, { status: 200, body: 'fast' })
        answered++
      }
    })
    for (let i = 0; i < 50; i++) {
      await gate.reload(i % 2 === 0 ? closed : open)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await gate.reload(closed)
    assert.equal((await get(port, '/slow', agent)).status, 404, 'the new walls hold for new requests')
    release()
    assert.deepEqual(await slow, { status: 200, body: 'slow' }, 'the old request ends as it began')
    load.running = false
    await Promise.all(clients)
    assert.ok(answered > 100, `${answered} requests were answered meanwhile`)
    await assert.rejects(gate.reload({ routes: [{ path: 'no-slash' }] }), /must begin with a slash/)
    assert.equal((await get(port, '/fast', agent)).status, 200, 'a bad configuration changes nothing')

    agent.destroy()
    await gate.close()
    application.closeAllConnections()
    application.close()
  },
)
