// Visitors end to end: a browser that computes comes back from a flood, connections have a cap, and a TLS client is known by its hello.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'

import { type Config, loadConfig, pass, type Ringwall, ringwall, type Wall } from '../src/index.ts'

const BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  Accept: 'text/html,application/xhtml+xml',
}

interface Seen {
  /** What came to the application. */
  readonly cookies: readonly string[]
  readonly ja4: string
}
type Reload = (perimeter: string) => Promise<void>

async function withGate(
  perimeter: string,
  work: (urls: { http: string; https: string }, seen: Seen, reload: Reload) => Promise<void>,
): Promise<void> {
  const seen: { cookies: string[]; ja4: string } = { cookies: [], ja4: '' }
  const listening: Wall = {
    layer: 5,
    name: 'application',
    head(exchange) {
      seen.ja4 = exchange.connection.tls?.ja4 ?? ''
      return pass
    },
  }
  const application = http.createServer((req, res) => {
    seen.cookies.push(req.headers.cookie ?? '')
    res.setHeader('Content-Type', 'text/html').end('<p>the application')
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const upstream = `http://127.0.0.1:${(application.address() as AddressInfo).port}`
  const config = (security: string): Config =>
    loadConfig(`listen: { http: "127.0.0.1:0", https: "127.0.0.1:0", operator: off }
store: { directory: ":memory:" }
upstreams: { application: "${upstream}" }
security: { perimeter: ${security} }`)
  const gate: Ringwall = await ringwall(config(perimeter), { walls: (walls) => [...walls, listening] })
  try {
    const { http: plain, https: tls } = await gate.listen()
    assert.ok(plain !== undefined && tls !== undefined)
    await work({ http: plain, https: tls }, seen, (next) => gate.reload(config(next)))
  } finally {
    await gate.close()
    application.closeAllConnections()
    application.close()
  }
}

const field = (page: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''

/** What the page's script does: the first eight digits whose hash begins with so many zero bits. */
function solve(token: string, bits: number): string {
  const seed = token.slice(-43)
  for (let n = 0; ; n++) {
    const nonce = String(n).padStart(8, '0')
    const digest = hash('sha256', seed + nonce, 'buffer')
    if (Math.clz32(digest.readUInt32BE(0)) >= bits) return nonce
  }
}

test('a browser that reached the flood limit computes for a moment, and goes on', async () => {
  const config = '{ rules: { RATE_LIMIT: { limit: 3, window_seconds: 60 } }, challenge: { enabled: true } }'
  await withGate(config, async ({ http: url }, seen) => {
    const get = (headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/shop?a=1`, { headers: { ...BROWSER, ...headers }, redirect: 'manual' })
    for (let i = 0; i < 3; i++) assert.equal((await get()).status, 200)
    const page = await get()
    assert.equal(page.status, 429)
    const text = await page.text()
    const [token, to] = [field(text, 'token'), field(text, 'to')]
    assert.equal(to, '/shop?a=1')
    const bits = Number(/data-bits="(\d+)"/.exec(text)?.[1])
    const answer = (nonce: string): Promise<Response> =>
      fetch(`${url}/.well-known/ringwall/challenge`, {
        method: 'POST',
        redirect: 'manual',
        headers: { ...BROWSER, Origin: url },
        body: new URLSearchParams({ token, nonce, to }),
      })
    const wrong = await answer('00000000')
    assert.equal(wrong.status, 403)
    assert.deepEqual(wrong.headers.getSetCookie(), [])
    const right = await answer(solve(token, bits))
    assert.equal(right.status, 303)
    assert.equal(right.headers.get('location'), '/shop?a=1')
    const [cookie = ''] = (right.headers.getSetCookie()[0] ?? '').split(';')
    const back = await get({ Cookie: `theme=brick; ${cookie}` })
    assert.equal(back.status, 200)
    assert.equal(seen.cookies.at(-1), 'theme=brick', 'the application does not see the pass')
    assert.equal((await get()).status, 429)
    assert.equal((await get({ Cookie: `${cookie.slice(0, -2)}xx` })).status, 429)
  })
})

test('one client holds no more connections than it may, and an ended one makes room', async () => {
  await withGate('{ connections: { per_client: 3 } }', async ({ http: url }) => {
    const port = Number(new URL(url).port)
    const open = async (): Promise<{ socket: net.Socket; isOpen: boolean }> => {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      const isOpen = await Promise.race([
        once(socket, 'close').then(() => false),
        delay(150).then(() => true),
      ])
      return { socket, isOpen }
    }
    const first = [await open(), await open(), await open()]
    assert.deepEqual(
      first.map(({ isOpen }) => isOpen),
      [true, true, true],
    )
    assert.equal((await open()).isOpen, false)
    first[0]?.socket.destroy()
    await delay(50)
    const again = await open()
    assert.equal(again.isOpen, true)
    for (const { socket } of [...first, again]) socket.destroy()
  })
})

test('a TLS client is known by its hello, and can be denied by it', async () => {
  const ask = (url: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      https
        .get(url, { rejectUnauthorized: false, agent: false, headers: BROWSER }, (res) => {
          let body = ''
          res.on('data', (data: Buffer) => (body += data.toString()))
          res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
        })
        .on('error', reject)
    })
  await withGate('{}', async ({ https: url }, seen, reload) => {
    assert.equal((await ask(`${url}/`)).status, 200)
    assert.match(seen.ja4, /^t13i\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/)
    await reload(`{ fingerprints: { deny: [${seen.ja4}] } }`)
    const refused = await ask(`${url}/`)
    assert.equal(refused.status, 403)
    assert.match(refused.body, /perimeter\.bot-refused/)
  })
})
