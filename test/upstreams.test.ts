// Several servers behind one name: who is asked, what happens when one fails, and that nothing is done twice.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'

import { loadConfig, ringwall } from '../src/index.ts'

interface Server {
  readonly url: string
  /** What it was asked for, but for health checks. */
  readonly seen: string[]
  /** What it does: answers, answers 503, breaks the connection. */
  mood: 'well' | 'failing' | 'breaking'
  checks: number
  close(): Promise<void>
}

async function serverOf(t: TestContext): Promise<Server> {
  const server = http.createServer((req, res) => {
    if (req.url === '/healthz') {
      self.checks++
      res.writeHead(self.mood === 'well' ? 204 : 503).end()
      return
    }
    self.seen.push(`${req.method} ${req.url}`)
    req.resume().on('end', () => {
      if (self.mood === 'breaking') req.socket.destroy()
      else res.writeHead(self.mood === 'well' ? 200 : 503).end(self.url)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.after(close)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const self: Server = { url, seen: [], mood: 'well', checks: 0, close }
  return self
}

/** A gateway in front of these servers; `ask` gives status and body. */
async function gatewayTo(t: TestContext, upstream: object, more: object = {}) {
  const config = {
    listen: { http: 'off', https: 'off', operator: 'off' },
    store: { directory: ':memory:' },
    upstreams: { shop: upstream },
    security: { network: { trusted_proxies: ['127.0.0.1'] } },
    ...more,
  }
  const notices: string[] = []
  const gate = await ringwall(loadConfig(JSON.stringify(config)), { onNotice: (line) => notices.push(line) })
  t.after(() => gate.close())
  const ask = async (path: string, init: RequestInit = {}, client = '192.0.2.1') => {
    const headers = new Headers(init.headers)
    headers.set('X-Forwarded-For', client)
    const request = new Request(`https://shop.test${path}`, { redirect: 'manual', ...init, headers })
    const response = await gate.fetch(request, { peer: '127.0.0.1' })
    return { status: response.status, body: await response.text(), headers: response.headers }
  }
  return { ask, notices }
}

const post = { method: 'POST', body: 'a=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
const untilTrue = async (what: () => boolean): Promise<void> => {
  const end = Date.now() + 10_000
  while (!what()) {
    if (Date.now() > end) throw new Error(`not within ten seconds: ${what.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('requests are shared out by weight', async (t) => {
  const [a, b] = [await serverOf(t), await serverOf(t)]
  for (const balance of ['round_robin', 'least_requests']) {
    a.seen.length = 0
    b.seen.length = 0
    const { ask } = await gatewayTo(t, { servers: [a.url, { url: b.url, weight: 2 }], balance })
    for (let i = 0; i < 30; i++) assert.equal((await ask('/')).status, 200)
    assert.deepEqual([a.seen.length, b.seen.length], [10, 20], balance)
  }
})

test('a client stays with its server, and only the clients of a server that goes move', async (t) => {
  const servers = [await serverOf(t), await serverOf(t), await serverOf(t)]
  const { ask } = await gatewayTo(t, { servers: servers.map(({ url }) => url), balance: 'client' })
  const clients = Array.from({ length: 30 }, (_, i) => `198.51.100.${i}`)
  const where = async (): Promise<string[]> => {
    const answers: string[] = []
    for (const client of clients) answers.push((await ask('/', {}, client)).body)
    return answers
  }
  const before = await where()
  assert.deepEqual(await where(), before)
  assert.equal(new Set(before).size, 3, 'every server has clients')
  const [gone] = servers
  await gone?.close()
  const after = await where()
  for (const [i, url] of before.entries()) {
    if (url === gone?.url) assert.notEqual(after[i], url)
    else assert.equal(after[i], url)
  }
})

test('a server that is not there costs nobody an answer, whatever is asked', async (t) => {
  const [gone, well] = [await serverOf(t), await serverOf(t)]
  await gone.close()
  const { ask, notices } = await gatewayTo(t, { servers: [gone.url, well.url], balance: 'round_robin' })
  for (let i = 0; i < 20; i++) {
    assert.equal((await ask(`/get/${i}`)).status, 200)
    assert.equal((await ask(`/post/${i}`, post)).status, 200)
  }
  assert.equal(well.seen.length, 40, 'each of them once')
  assert.match(notices[0] ?? '', /^ALARM: http:\S+ of `shop` fails again and again and is left alone for 5 s/)
})

test('what may have been done is not sent again', async (t) => {
  const [breaking, well] = [await serverOf(t), await serverOf(t)]
  breaking.mood = 'breaking'
  const { ask } = await gatewayTo(t, {
    servers: [breaking.url, { url: well.url, backup: true }],
    circuit_breaker: { failures: 1000 },
  })
  assert.equal((await ask('/read')).status, 200)
  const refused = await ask('/buy', post)
  assert.equal(refused.status, 502)
  assert.match(refused.body, /upstream\.unreachable/)
  assert.deepEqual(well.seen, ['GET /read'])
  assert.equal(breaking.seen.filter((one) => one === 'POST /buy').length, 1)
})

test('a failing group is not asked twice as much: retries have a budget', async (t) => {
  const servers = [await serverOf(t), await serverOf(t), await serverOf(t)]
  for (const server of servers) server.mood = 'breaking'
  const { ask } = await gatewayTo(t, {
    servers: servers.map(({ url }) => url),
    retries: 2,
    circuit_breaker: 'off',
  })
  for (let i = 0; i < 100; i++) assert.equal((await ask(`/${i}`)).status, 502)
  const asked = servers.flatMap(({ seen }) => seen).length
  assert.ok(asked <= 140, `${asked} for 100 requests`)
})

test('a server that fails is left alone for a while, and comes back', async (t) => {
  const [a, b] = [await serverOf(t), await serverOf(t)]
  a.mood = 'failing'
  const { ask, notices } = await gatewayTo(t, {
    servers: [a.url, b.url],
    balance: 'round_robin',
    circuit_breaker: { failures: 3, open_for: '400ms' },
  })
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) statuses.push((await ask('/')).status)
  assert.equal(statuses.filter((status) => status !== 200).length, 3)
  for (let i = 0; i < 10; i++) assert.equal((await ask('/')).status, 200)
  assert.equal(a.seen.length, 3)
  a.mood = 'well'
  await untilTrue(() => {
    void ask('/')
    return a.seen.length > 3
  })
  await untilTrue(() => notices.some((line) => line.endsWith('answers again')))
})

test('health checks take a server out of service and back; when all are out, clients are told when to come back', async (t) => {
  const [a, b] = [await serverOf(t), await serverOf(t)]
  const { ask, notices } = await gatewayTo(t, {
    servers: [a.url, b.url],
    balance: 'round_robin',
    circuit_breaker: 'off',
    health_check: { path: '/healthz', interval: '100ms', healthy: 1, unhealthy: 2 },
  })
  await untilTrue(() => a.checks > 0 && b.checks > 0)
  a.mood = 'failing'
  await untilTrue(() => notices.length === 1)
  assert.match(notices[0] ?? '', /ALARM: \S+ of `shop` is out of service: it answers 503/)
  a.seen.length = 0
  for (let i = 0; i < 10; i++) assert.equal((await ask('/')).body, b.url)
  b.mood = 'failing'
  await untilTrue(() => notices.length === 2)
  const refused = await ask('/')
  assert.equal(refused.status, 503)
  assert.match(refused.body, /upstream\.out-of-service/)
  assert.equal(refused.headers.get('retry-after'), '1')
  a.mood = 'well'
  await untilTrue(() => notices.length === 3)
  assert.equal((await ask('/')).body, a.url)
})

test('a server that speaks HTTP/2 alone is asked in HTTP/2', async (t) => {
  let isWell = true
  const server = http2.createServer((req, res) => {
    res.writeHead(req.url === '/healthz' && !isWell ? 503 : 200).end('two')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { ask, notices } = await gatewayTo(t, {
    url: `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`,
    health_check: { path: '/healthz', interval: '100ms', healthy: 1, unhealthy: 2 },
  })
  assert.equal((await ask('/')).body, 'two')
  isWell = false
  await untilTrue(() => notices.length === 1)
  assert.match(notices[0] ?? '', /is out of service: it answers 503/)
  assert.equal((await ask('/')).status, 503)
  isWell = true
  await untilTrue(() => notices.length === 2)
  assert.equal((await ask('/')).body, 'two')
})

test('a route gives the application its own paths, redirects, and answers by itself', async (t) => {
  const server = await serverOf(t)
  const { ask } = await gatewayTo(
    t,
    { url: server.url },
    {
      routes: [
        { path: '/api/**', rewrite: { strip_prefix: '/api', add_prefix: '/v2' } },
        { path: '/old/{id}', redirect: '/new/{id}' },
        { path: '/robots.txt', respond: { body: 'User-agent: *\nDisallow: /\n' } },
        { path: '/gone/**', respond: { status: 410 } },
        { path: '/**' },
      ],
    },
  )
  await ask('/api/orders/7?x=1')
  await ask('/new/7')
  assert.deepEqual(server.seen, ['GET /v2/orders/7?x=1', 'GET /new/7'])
  const redirected = await ask('/old/7%2e?x=1')
  assert.deepEqual([redirected.status, redirected.headers.get('location')], [308, '/new/7.?x=1'])
  const robots = await ask('/robots.txt')
  assert.deepEqual([robots.status, robots.body], [200, 'User-agent: *\nDisallow: /\n'])
  assert.ok(robots.headers.has('content-security-policy'), 'behind the same walls as everything')
  assert.equal((await ask('/gone/a')).status, 410)
  assert.equal(server.seen.length, 2)
})
