// Ringwall behind a proxy that somebody has: the real nginx with the configuration of the guide, and the others by their questions.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { queryAudit } from '../src/audit/index.ts'
import { loadConfig, openKept, ringwall } from '../src/index.ts'
import { freePort, notHere } from '../src/store/testing.ts'

const GUIDE = join(import.meta.dirname, '..', 'docs', 'guide', '3-gateway.md')

const RULES = `
  rate_limiting: { few: { requests: 2, period: hour, match: ["/few"] }, login: { requests: 100 } }
routes:
  - { path: /private, sign_in: required }
  - { path: /machine, api_key: required }
  - { path: /only-get, methods: [GET] }
  - { path: /few }
  - { path: /open }
`

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

function ask(url: string, path: string, options: http.RequestOptions = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = http.request(`${url}${path}`, { agent: false, ...options }, (res) => {
      let text = ''
      res.on('data', (data: Buffer) => (text += data.toString()))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }))
    })
    req.on('error', reject)
    req.end(body)
  })
}

/** A gateway that is asked, and an application that says which fields it got. */
async function startAsked(context: TestContext, proxy: string) {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-forward-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  const config =
    loadConfig(`listen: { http: "127.0.0.1:0", https: off, operator: off, forward_auth: "127.0.0.1:0" }
store: { directory: ${join(directory, 'kept')} }
security:
  network: { trusted_proxies: ["127.0.0.1"] }
  gateway: { forward_auth: { proxy: ${proxy} } }${RULES}`)
  const kept = await openKept(config)
  context.after(() => kept.close())
  const account = await kept.accounts('site').create('ann@shop.test', '', ['customer'])
  await kept.accounts('site').setPassword(account, 'Correct-horse-7')
  const gate = await ringwall(config)
  context.after(() => gate.close())
  const application = http.createServer((req, res) => res.end(JSON.stringify(req.headers)))
  application.listen(0, '127.0.0.1')
  await once(application, 'listening')
  context.after(() => {
    application.closeAllConnections()
    application.close()
  })
  return {
    directory,
    kept,
    account,
    urls: await gate.listen(),
    application: `http://127.0.0.1:${(application.address() as AddressInfo).port}`,
  }
}

async function startNginx(context: TestContext, server: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-nginx-'))
  const file = join(directory, 'nginx.conf')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory};`,
  )
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log stderr error;
events { worker_connections 256; }
http { access_log off; ${temp.join(' ')}
${server}
}`,
  )
  const child: ChildProcess = spawn('nginx', ['-c', file, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  context.after(async () => {
    const ended = once(child, 'exit')
    if (child.kill('SIGQUIT')) await ended
    rmSync(directory, { recursive: true, force: true })
  })
}

async function untilOpen(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const socket = net.connect(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`port ${port} does not answer`)
}

test('the real nginx with the configuration of the guide', async (context) => {
  if (spawnSync('nginx', ['-v']).status !== 0) return notHere(context, 'nginx', 'apt-get install nginx')
  const { kept, urls, application } = await startAsked(context, 'nginx')
  const port = await freePort()
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? []
  const server = block
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replaceAll('http://127.0.0.1:8091', urls.forwardAuth as string)
    .replaceAll('http://127.0.0.1:8080', urls.http as string)
    .replaceAll('http://127.0.0.1:3000', application)
  await startNginx(context, server)
  await untilOpen(port)
  const site = `http://127.0.0.1:${port}`
  const spoofed = { 'Ringwall-Subject': 'admin', 'X-Original-URI': '/open', 'X-Forwarded-For': '203.0.113.9' }

  const open = await ask(site, '/open', { headers: spoofed })
  assert.equal(open.status, 200)
  assert.doesNotMatch(open.body, /ringwall-subject|"admin"/)
  const anonymous = await ask(site, '/private', { headers: { ...spoofed, Accept: 'text/html' } })
  assert.equal(anonymous.status, 302)
  assert.equal(anonymous.headers.location, `${site}/.well-known/ringwall/sign-in?to=%2Fprivate`)
  assert.equal((await ask(site, '/private', { headers: spoofed })).status, 401)
  const page = await ask(site, '/.well-known/ringwall/sign-in?to=%2Fprivate')
  assert.equal(page.status, 200)
  const signedIn = await ask(
    site,
    '/.well-known/ringwall/sign-in',
    { method: 'POST', headers: { 'Content-Type': 'application/json' } },
    JSON.stringify({ email: 'ann@shop.test', password: 'Correct-horse-7' }),
  )
  assert.equal(signedIn.status, 200, signedIn.body)
  const cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  const mine = await ask(site, '/private', { headers: { ...spoofed, Cookie: cookie } })
  assert.equal(mine.status, 200)
  const told = JSON.parse(mine.body) as Record<string, string>
  const [account] = await kept.accounts('site').list(1)
  assert.equal(told['ringwall-subject'], account?.id)
  assert.equal(told['ringwall-roles'], 'customer')
  assert.match(told['ringwall-assertion'] ?? '', /^ey/)
  assert.equal((await ask(site, '/open?q=%27%20OR%201%3D1--')).status, 403)
  assert.equal((await ask(site, '/nowhere')).status, 404)
  assert.equal((await ask(site, '/only-get', { method: 'DELETE' })).status, 405)
  const few = [
    await ask(site, '/few'),
    await ask(site, '/few', { headers: spoofed }),
    await ask(site, '/few'),
  ]
  assert.deepEqual(
    few.map(({ status }) => status),
    [200, 200, 429],
  )
  assert.match(few[2]?.headers['retry-after'] ?? '', /^\d+$/)
  const made = await kept.apiKeys.create({ realm: 'site', name: 'robot', owner: 'ann', by: 'ann' })
  assert.equal((await ask(site, '/machine')).status, 401)
  const machine = await ask(site, '/machine', { headers: { 'X-API-Key': made.text.reveal() } })
  assert.match((JSON.parse(machine.body) as Record<string, string>)['ringwall-subject'] ?? '', /^key:/)
  const posted = await ask(
    site,
    '/open',
    { method: 'POST', headers: { 'Content-Type': 'text/plain' } },
    'a body',
  )
  assert.equal(posted.status, 200)
  await new Promise((resolve) => setTimeout(resolve, 1200))
  const events = await queryAudit(kept.store.database, { limit: 1000 })
  const line = events.find((event) => event.path === '/open' && event.method === 'POST')
  assert.equal(line?.verdict, 'pass')
  assert.equal(line?.ip, '127.0.0.1')
  assert.match(JSON.stringify(line?.trace), /no wall saw a body/)
})

const SHAPES: Readonly<
  Record<string, (method: string, uri: string) => readonly [string, http.RequestOptions]>
> = {
  traefik: (method, uri) => [
    '/',
    { headers: { 'X-Forwarded-Method': method, 'X-Forwarded-Uri': uri, 'X-Forwarded-Host': 'shop.test' } },
  ],
  caddy: (method, uri) => [
    uri,
    { headers: { 'X-Forwarded-Method': method, 'X-Forwarded-Uri': uri, 'X-Forwarded-Host': 'shop.test' } },
  ],
  envoy: (method, uri) => [uri, { method, headers: { Host: 'shop.test' } }],
}

for (const [proxy, shape] of Object.entries(SHAPES)) {
  test(`${proxy}: 200 with who it is, 401, a redirect, 429, and nothing for a question that is in doubt`, async (context) => {
    const { urls, kept, account } = await startAsked(context, proxy)
    const put = (method: string, uri: string, fields: Record<string, string> = {}): Promise<Answer> => {
      const [path, options] = shape(method, uri)
      const headers = {
        'X-Forwarded-For': '192.0.2.7',
        'X-Forwarded-Proto': 'https',
        ...(options.headers as object),
        ...fields,
      }
      return ask(urls.forwardAuth as string, path, { ...options, headers })
    }
    const open = await put('GET', '/open', { 'Ringwall-Subject': 'admin' })
    assert.equal(open.status, 200)
    // Empty, so that a proxy that copies fields takes a client's own away.
    assert.equal(open.headers['ringwall-subject'], '')
    assert.equal(open.headers['ringwall-not-run'], 'body, response')
    assert.equal((await put('GET', '/private')).status, 401)
    const redirect = await put('GET', '/private?a=1', { Accept: 'text/html' })
    assert.equal(redirect.status, 303)
    assert.match(
      redirect.headers.location ?? '',
      /^https:\/\/shop\.test\/\.well-known\/ringwall\/sign-in\?to=/,
    )
    assert.equal((await put('GET', '/open?q=%27%20OR%201%3D1--')).status, 403)
    const statuses = [await put('GET', '/few'), await put('GET', '/few'), await put('GET', '/few')]
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [200, 200, 429],
    )
    const made = await kept.apiKeys.create({
      realm: 'site',
      name: 'robot',
      owner: 'ann',
      by: 'ann',
      roles: ['customer'],
    })
    const machine = await put('POST', '/machine', { 'X-API-Key': made.text.reveal() })
    assert.deepEqual([machine.status, machine.headers['ringwall-roles']], [200, 'customer'])
    assert.equal((await put('GET', '/open', { 'X-Forwarded-Proto': 'ftp' })).status, 400)
    assert.ok(account.id)
  })
}

test('a proxy that is not trusted gets no word', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-forward-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  const config = loadConfig(`listen: { http: off, https: off, operator: off, forward_auth: "127.0.0.1:0" }
store: { directory: ${directory} }
security: { gateway: { forward_auth: { trusted: ["192.0.2.1"] } } }`)
  const gate = await ringwall(config)
  context.after(() => gate.close())
  const { forwardAuth } = await gate.listen()
  await assert.rejects(ask(forwardAuth as string, '/'), /ECONNRESET|socket hang up/)
})
