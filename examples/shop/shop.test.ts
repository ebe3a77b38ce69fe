import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { parse } from 'yaml'

import { API } from './api.ts'
import { BENIGN } from './benign.ts'
import { startShop, type RunningShop } from './server.ts'

let shop: RunningShop
before(async () => {
  shop = await startShop({ port: 0 })
})
after(() => shop.close())

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  await fetch(`${shop.url}${path}`, { headers, redirect: 'manual' })

for (const { path, cookie, type, holds } of [
  { path: '/', type: 'text/html', holds: 'Ring Wall, one metre' },
  { path: '/style.css', type: 'text/css', holds: '--brick' },
  { path: '/pictures/1.svg', type: 'image/svg+xml', holds: '<svg' },
  { path: '/products/9', type: 'text/html', holds: 'The latch is firm but fair.' },
  { path: '/search?q=lantern', type: 'text/html', holds: '4 found' },
  { path: '/login', type: 'text/html', holds: 'autocomplete="current-password"' },
  { path: '/orders', cookie: 3, type: 'text/html', holds: '1003' },
  { path: '/orders/1002', cookie: 3, type: 'text/html', holds: 'Watch Lantern, brass' },
  { path: '/documents', type: 'text/html', holds: 'Warranty' },
  { path: '/documents/1', type: 'text/html', holds: '/files?name=how-to-build-a-wall.txt' },
  { path: '/files?name=warranty.txt', type: 'text/plain', holds: '30 years' },
  { path: '/files/delivery.txt', type: 'text/plain', holds: 'lorry' },
  { path: '/profile', cookie: 2, type: 'text/html', holds: 'Niall O&#39;Brien' },
  { path: '/upload', type: 'text/html', holds: 'multipart/form-data' },
  { path: '/api/products', type: 'application/json', holds: '"price_cents": 18900' },
  { path: '/api/orders', cookie: 3, type: 'application/json', holds: '"total_cents": 25800' },
  { path: '/api/documents', type: 'application/json', holds: 'Delivery and returns' },
  { path: '/api/preferences', cookie: 3, type: 'application/json', holds: '"theme": "brick"' },
  { path: '/api/slow?ms=1', type: 'application/json', holds: '"waited_ms": 1' },
]) {
  test(`the shop answers ${path} with ${type}`, async () => {
    const reply = await get(path, cookie === undefined ? {} : { Cookie: `shop_user=${cookie}` })
    assert.equal(reply.status, 200)
    assert.ok(reply.headers.get('content-type')?.startsWith(type))
    const text = await reply.text()
    assert.ok(text.includes(holds), text.slice(0, 2_000))
  })
}

test('a page holds no inline script and no inline style, so that a strict policy breaks nothing', async () => {
  for (const path of ['/', '/products/1', '/search?q=gate', '/login', '/documents', '/upload', '/nowhere']) {
    const text = await (await get(path)).text()
    assert.doesNotMatch(text, /<script|<style|\sstyle=|\son\w+=|javascript:/i, path)
  }
})

test('ordinary text is escaped: the holes are where they are marked', async () => {
  const author = '<i>Eve</i>'
  const reply = await fetch(`${shop.url}/products/8/comments`, {
    method: 'POST',
    body: new URLSearchParams({ author, text: 'fine' }),
  })
  const text = await reply.text()
  assert.ok(text.includes('&#60;i&#62;Eve'))
  assert.ok(!text.includes(author))
})

test('signing in sets the cookie and signing out takes it away', async () => {
  const signIn = async (password: string): Promise<Response> =>
    await fetch(`${shop.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ email: 'marta@customer.example', password }),
      redirect: 'manual',
    })
  const right = await signIn('lantern-1887')
  assert.equal(right.status, 303)
  assert.match(right.headers.get('set-cookie') ?? '', /^shop_user=3;/)
  const wrong = await signIn('candle')
  assert.equal(wrong.status, 401)
  assert.equal(wrong.headers.get('set-cookie'), null)
  assert.match((await get('/logout')).headers.get('set-cookie') ?? '', /^shop_user=; .*Max-Age=0/)
})

test('an upload comes back byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const body = new FormData()
  body.set('picture', new File([bytes], 'wall.png', { type: 'image/png' }))
  const reply = await fetch(`${shop.url}/upload`, { method: 'POST', body })
  assert.match(reply.url, /\/uploads\/\d+$/)
  assert.equal(reply.headers.get('content-type'), 'image/png')
  assert.deepEqual(new Uint8Array(await reply.arrayBuffer()), bytes)
})

test('a person who came through Ringwall is greeted by name, and /whoami shows the headers', async () => {
  const headers = { 'Ringwall-Subject': 'vera', 'Ringwall-Roles': 'admin', 'X-Other': 'no' }
  assert.match(await (await get('/', headers)).text(), /signed in through Ringwall as vera/)
  assert.doesNotMatch(await (await get('/')).text(), /signed in through Ringwall/)
  assert.deepEqual(await (await get('/whoami', headers)).json(), {
    'ringwall-subject': 'vera',
    'ringwall-roles': 'admin',
  })
})

test('the echo says method, headers and length', async () => {
  const reply = await fetch(`${shop.url}/api/echo`, {
    method: 'PUT',
    body: 'brick',
    headers: { 'X-Wall': '1' },
  })
  const echo = (await reply.json()) as {
    method: string
    headers: Record<string, string>
    body_length: number
  }
  assert.equal(echo.method, 'PUT')
  assert.equal(echo.headers['x-wall'], '1')
  assert.equal(echo.body_length, 5)
})

test('events come one by one, not all at the end', async () => {
  const reply = await get('/api/events?ticks=3&ms=40')
  assert.equal(reply.headers.get('content-type'), 'text/event-stream')
  const parts: string[] = []
  for await (const chunk of reply.body ?? []) parts.push(new TextDecoder().decode(chunk))
  assert.ok(parts.length > 1, `${parts.length} part`)
  assert.equal(parts.join('').match(/^event: tick$/gm)?.length, 3)
})

test('the WebSocket sends every text back, short, long and in two packets', async () => {
  const socket = new WebSocket(`${shop.url.replace('http', 'ws')}/ws`)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  for (const text of ['brick', 'Größe 🧱', 'x'.repeat(126), 'y'.repeat(60_000)]) {
    const echoed = new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => resolve(data), { once: true })
    })
    socket.send(text)
    assert.equal(await echoed, text)
  }
  const closed = new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code))
  })
  socket.close(1000)
  assert.equal(await closed, 1000)
})

test('the shop listens on the IPv4 loopback address only', async () => {
  const code = await new Promise((resolve) => {
    const socket = connect(Number(new URL(shop.url).port), '::1')
    socket.on('connect', () => resolve('connected'))
    socket.on('error', (error) => resolve('code' in error ? error.code : error.message))
  })
  assert.notEqual(code, 'connected')
})

test('every start begins with the same data, also in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'))
  try {
    const options = { port: 0, databaseFile: join(folder, 'shop.db') }
    const commentsOf = async (running: RunningShop): Promise<unknown> =>
      await (await fetch(`${running.url}/api/products/1/comments`)).json()
    const first = await startShop(options)
    const seeded = await commentsOf(first)
    await fetch(`${first.url}/api/products/1/comments`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"author":"x","text":"y"}',
    })
    assert.notDeepEqual(await commentsOf(first), seeded)
    await first.close()
    const second = await startShop(options)
    assert.deepEqual(await commentsOf(second), seeded)
    await second.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('openapi.yaml describes every route of the API and nothing else', () => {
  const text = readFileSync(join(import.meta.dirname, 'openapi.yaml'), 'utf8')
  const { paths } = parse(text) as { paths: Record<string, Record<string, unknown>> }
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => key !== 'parameters')
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
  const served = API.flatMap(({ method, pattern }) =>
    (method === 'ANY' ? ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] : [method]).map(
      (one) => `${one} ${pattern}`,
    ),
  )
  assert.deepEqual(described.sort(), served.sort())
  const references = [...text.matchAll(/\$ref: '#\/components\/(\w+)\/(\w+)'/g)]
  const { components } = parse(text) as { components: Record<string, Record<string, unknown>> }
  assert.ok(references.length > 20)
  for (const [, kind = '', name = ''] of references) assert.ok(components[kind]?.[name], `${kind}/${name}`)
})

test('every hole in the source stands in the README', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  const holes = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => [
      ...readFileSync(join(import.meta.dirname, name), 'utf8').matchAll(/\bHOLE ([a-z-]+)/g),
    ])
    .map((match) => match[1] ?? '')
  assert.ok(new Set(holes).size >= 18, String(new Set(holes).size))
  for (const hole of new Set(holes)) assert.ok(readme.includes(`\`${hole}\``), hole)
})

test('the ordinary requests have names of their own, and there are enough of them', () => {
  assert.ok(BENIGN.length >= 180, String(BENIGN.length))
  assert.equal(new Set(BENIGN.map(({ name }) => name)).size, BENIGN.length)
})

test('the bare shop answers every ordinary request without falling over', async () => {
  const fallen: string[] = []
  for (const { name, method, path, headers, body } of BENIGN) {
    const init = { method, headers, redirect: 'manual' as const, ...(body === undefined ? {} : { body }) }
    const reply = await fetch(`${shop.url}${path}`, init)
    await reply.arrayBuffer()
    // One of them signs in with a wrong password, which is ordinary too.
    if (reply.status >= 400 && reply.status !== 401) fallen.push(`${reply.status} ${name}`)
  }
  assert.deepEqual(fallen, [])
})
