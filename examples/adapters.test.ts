// The same request gets the same verdict through the gateway, Express, Fastify and Hono.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { after, before } from 'node:test'

import { type ConfigInput, type Ringwall, ringwall } from '../src/index.ts'
import { start as startExpress } from './express/app.ts'
import { start as startFastify } from './fastify/app.ts'
import { start as startHono } from './hono/app.ts'

const CONFIG: ConfigInput = {
  listen: { http: '127.0.0.1:0', https: 'off', operator: 'off' },
  store: { directory: ':memory:' },
  routes: [
    { path: '/hello', methods: ['GET'] },
    { path: '/echo', methods: ['POST'], max_body: '1KB', content_types: ['application/json'] },
    { path: '/private', sign_in: 'required' },
    { path: '/admin', permission: 'system:config' },
    { path: '/broken' },
  ],
}

const ports = new Map<string, number>()
const closers: (() => unknown)[] = []

before(async () => {
  for (const [name, start] of Object.entries({
    express: startExpress,
    fastify: startFastify,
    hono: startHono,
  })) {
    const { server, close } = await start(CONFIG)
    if (!server.listening) await once(server, 'listening')
    ports.set(name, portOf(server))
    closers.push(close)
  }
  // The gateway's own way: the application in a server of its own.
  const application = http.createServer((req, res) => {
    if (req.url === '/broken') res.writeHead(500).end('near "x": syntax error')
    else if (req.method === 'POST') {
      res.writeHead(200, { 'Content-Type': 'application/json' })
      req.pipe(res)
    } else res.end(`hello ${new URL(req.url ?? '', 'http://x').searchParams.get('name') ?? 'world'}`)
  })
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  const gate: Ringwall = await ringwall({
    ...CONFIG,
    upstreams: { application: `http://127.0.0.1:${portOf(application)}` },
  })
  ports.set('gateway', Number(new URL((await gate.listen()).http as string).port))
  closers.push(async () => {
    await gate.close()
    application.closeAllConnections()
    application.close()
  })
})
after(async () => {
  for (const close of closers) await close()
})

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly body: string
  readonly headers: http.IncomingHttpHeaders
}

function send(
  port: number,
  request: { method?: string; path: string; headers?: http.OutgoingHttpHeaders; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', path, headers = {}, body } = request
    const req = http.request(
      { port, host: '127.0.0.1', method, path, headers: { Host: 'a.test', ...headers }, agent: false },
      (res) => {
        let text = ''
        res.on('data', (data: Buffer) => (text += data.toString()))
        res.on('end', () => {
          const isProblem = res.headers['content-type'] === 'application/problem+json'
          const code = isProblem ? (JSON.parse(text) as { code: string }).code : undefined
          resolve({ status: res.statusCode ?? 0, code, body: text, headers: res.headers })
        })
      },
    )
    req.on('error', reject)
    req.end(body)
  })
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

for (const { name, request, status, code, body } of [
  { name: 'an ordinary request', request: { path: '/hello?name=ann' }, status: 200, body: 'hello ann' },
  {
    name: 'a JSON body, tapped and handed on',
    request: { method: 'POST', path: '/echo', headers: JSON_TYPE, body: '{"a":[1,"x"]}' },
    status: 200,
    body: '{"a":[1,"x"]}',
  },
  {
    name: 'SQL injection',
    request: { path: '/hello?name=%27%20OR%20%271%27%3D%271' },
    status: 403,
    code: 'perimeter.sql-injection',
  },
  {
    name: 'an attack in the body',
    request: { method: 'POST', path: '/echo', headers: JSON_TYPE, body: '{"a":"<script>"}' },
    status: 403,
    code: 'perimeter.cross-site-scripting',
  },
  { name: 'an unknown path', request: { path: '/nothing' }, status: 404, code: 'gateway.no-route' },
  {
    name: 'a wrong method',
    request: { method: 'DELETE', path: '/hello' },
    status: 405,
    code: 'gateway.method-not-allowed',
  },
  {
    name: 'a body that is too large',
    request: { method: 'POST', path: '/echo', headers: JSON_TYPE, body: `"${'x'.repeat(2000)}"` },
    status: 413,
    code: 'gateway.body-too-large',
  },
  {
    name: 'a kind of body that is not taken',
    request: { method: 'POST', path: '/echo', headers: { 'Content-Type': 'text/xml' }, body: '<a/>' },
    status: 415,
    code: 'application.content-type-not-allowed',
  },
  {
    name: 'another site',
    request: {
      method: 'POST',
      path: '/echo',
      headers: { ...JSON_TYPE, Origin: 'https://evil.test' },
      body: '{}',
    },
    status: 403,
    code: 'application.cross-site-request',
  },
  { name: 'nobody signed in', request: { path: '/private' }, status: 401, code: 'identity.sign-in-required' },
  {
    name: 'nobody with a permission',
    request: { path: '/admin' },
    status: 401,
    code: 'identity.sign-in-required',
  },
  { name: 'an encoded slash', request: { path: '/hello%2fx' }, status: 400, code: 'edge.ambiguous-path' },
  {
    name: 'an underscore in a field name',
    request: { path: '/hello', headers: { X_Y: '1' } },
    status: 400,
    code: 'edge.malformed-request',
  },
  { name: 'a failing application', request: { path: '/broken' }, status: 500, code: 'upstream.error' },
]) {
  test(`${name} gets the same verdict everywhere`, async () => {
    for (const [way, port] of ports) {
      const answer = await send(port, request)
      assert.deepEqual({ way, status: answer.status, code: answer.code }, { way, status, code })
      if (body !== undefined) assert.equal(answer.body, body, way)
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', way)
      assert.ok(answer.headers['ringwall-id'], way)
      assert.ok(!answer.body.includes('syntax error') && answer.headers['x-powered-by'] === undefined, way)
    }
  })
}
