// What the policy says of URLs, and what the guarded clients do over real sockets. The many forms are in egress-forms.test.ts.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'

import {
  createEgressPolicy,
  type EgressOptions,
  EgressRefused,
  safeAgent,
  safeFetch,
  validateUrl,
} from './index.ts'

const PUBLIC = '93.184.215.14'
const lookup = async (name: string): Promise<readonly string[]> => {
  const known: Readonly<Record<string, readonly string[]>> = {
    'public.test': [PUBLIC, '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
    'api.example.com': [PUBLIC],
    'inside.test': ['10.0.0.1'],
    'mixed.test': [PUBLIC, '10.0.0.1'],
    'odd.test': ['10.1'],
    'here.test': ['127.0.0.2'],
    'there.test': ['127.0.0.3'],
    'empty.test': [],
  }
  const found = known[name]
  if (!found) throw new Error('ENOTFOUND')
  return found
}

interface Case {
  readonly url: string
  readonly reason?: string
  readonly options?: EgressOptions
}

const private_ = { dangerouslyAllowPrivateNetworks: true } as const
const CASES: readonly Case[] = [
  { url: 'http://public.test/' },
  { url: 'https://public.test:443/a?b#c' },
  { url: 'HTTP://PUBLIC.test.' },
  { url: 'http://8.8.8.8/' },
  { url: 'http://0x8.0x8.0x8.0x8/' },
  { url: 'http://inside.test/', reason: 'address-internal' },
  { url: 'http://mixed.test/', reason: 'address-internal' },
  { url: 'http://odd.test/', reason: 'unresolved' },
  { url: 'http://empty.test/', reason: 'unresolved' },
  { url: 'http://unknown.test/', reason: 'unresolved' },
  { url: 'http://127.0.0.1/', reason: 'address-internal' },
  { url: 'http://2130706433/', reason: 'address-internal' },
  { url: 'http://[::1]/', reason: 'address-internal' },
  { url: 'http://169.254.169.254/', reason: 'address-metadata' },
  { url: 'http://metadata.google.internal/', reason: 'address-metadata' },
  { url: 'http://localhost/', reason: 'host-internal' },
  { url: 'http://db/', reason: 'host-internal' },
  { url: 'http://vault.internal/', reason: 'host-internal' },
  { url: 'ftp://public.test/', reason: 'scheme' },
  { url: 'file:///etc/passwd', reason: 'scheme' },
  { url: 'gopher://public.test/', reason: 'scheme' },
  { url: 'http://public.test/', reason: 'scheme', options: { schemes: ['https'] } },
  { url: 'http://public.test:22/', reason: 'port' },
  { url: 'http://public.test:22/', options: { ports: [22] } },
  { url: 'http://user@public.test/', reason: 'credentials-in-url' },
  { url: 'http://@public.test/', reason: 'credentials-in-url' },
  { url: 'http://public.test\\@inside.test/', reason: 'url-malformed' },
  { url: ' http://public.test/', reason: 'url-malformed' },
  { url: 'http://public.te\nst/', reason: 'url-malformed' },
  { url: 'http:/public.test/', reason: 'url-malformed' },
  { url: 'http:///public.test/', reason: 'url-malformed' },
  { url: '//public.test/', reason: 'url-malformed' },
  { url: 'public.test', reason: 'url-malformed' },
  { url: `http://public.test/${'a'.repeat(9000)}`, reason: 'url-malformed' },
  { url: 'http://api.example.com/', options: { allowedHosts: ['*.example.com'] } },
  { url: 'http://public.test/', reason: 'host-not-allowed', options: { allowedHosts: ['*.example.com'] } },
  { url: 'http://8.8.8.8/', reason: 'host-not-allowed', options: { allowedHosts: ['*.example.com'] } },
  { url: 'http://8.8.8.8/', options: { allowedHosts: ['8.8.8.0/24'] } },
  { url: 'http://inside.test/', reason: 'address-internal', options: { allowedHosts: ['inside.test'] } },
  { url: 'http://api.example.com/', reason: 'host-blocked', options: { blockedHosts: ['*.EXAMPLE.com'] } },
  { url: 'http://public.test/', reason: 'address-blocked', options: { blockedHosts: ['93.184.0.0/16'] } },
  { url: 'http://inside.test/', options: private_ },
  { url: 'http://localhost/', reason: 'unresolved', options: private_ },
  { url: 'http://169.254.169.254/', reason: 'address-metadata', options: private_ },
  { url: 'http://[fd00:ec2::254]/', reason: 'address-metadata', options: private_ },
  { url: 'http://inside.test/', options: { dangerouslyAllowPrivateNetworks: ['10.0.0.1'] } },
  {
    url: 'http://inside.test/',
    reason: 'address-internal',
    options: { dangerouslyAllowPrivateNetworks: ['10.0.0.2'] },
  },
]

for (const { url, reason, options } of CASES) {
  const how = options ? ` with ${JSON.stringify(options)}` : ''
  test(`egress: ${JSON.stringify(url.slice(0, 50))}${how} is ${reason ?? 'allowed'}`, async () => {
    const judged = await validateUrl(url, createEgressPolicy({ lookup, ...options }))
    assert.equal(judged.ok ? undefined : judged.reason, reason, JSON.stringify(judged))
  })
}

for (const { name, options } of [
  { name: 'a host with a path', options: { allowedHosts: ['example.com/x'] } },
  { name: 'a host with a port', options: { allowedHosts: ['example.com:80'] } },
  { name: 'a URL', options: { blockedHosts: ['http://example.com'] } },
  { name: 'a star in the middle', options: { allowedHosts: ['a.*.example.com'] } },
  { name: 'a network with host bits', options: { dangerouslyAllowPrivateNetworks: ['10.0.0.1/8'] } },
  { name: 'a port that does not exist', options: { ports: [70_000] } },
  { name: 'no bound', options: { maxResponseBytes: Number.POSITIVE_INFINITY } },
] satisfies readonly { name: string; options: EgressOptions }[]) {
  test(`egress: ${name} is a mistake of the options`, () => {
    assert.throws(() => createEgressPolicy(options), { name: 'RingwallError' })
  })
}

test('egress: a look-up that never ends is given up', async () => {
  const policy = createEgressPolicy({ lookup: () => new Promise(() => undefined), lookupTimeoutMs: 30 })
  const judged = await validateUrl('http://public.test/', policy)
  assert.equal(judged.ok ? '' : judged.reason, 'unresolved')
})

async function serve(t: TestContext, host: string, listener: http.RequestListener): Promise<number> {
  const server = http.createServer(listener).listen(0, host)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

const near = (options: EgressOptions = {}) =>
  createEgressPolicy({
    lookup,
    ports: 'any',
    dangerouslyAllowPrivateNetworks: ['127.0.0.2', '127.0.0.3'],
    ...options,
  })

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'allowed'
  } catch (thrown) {
    if (thrown instanceof EgressRefused) return thrown.reason
    throw thrown
  }
}

test('safeFetch: asks the name once, and sends its name to the address that was judged', async (t) => {
  const port = await serve(t, '127.0.0.2', (req, res) => res.end(req.headers.host))
  let asked = 0
  const counting = async (name: string) => {
    asked++
    return lookup(name)
  }
  const response = await safeFetch(`http://here.test:${port}/`, {}, near({ lookup: counting }))
  assert.equal(await response.text(), `here.test:${port}`)
  assert.equal(response.url, `http://here.test:${port}/`)
  assert.equal(asked, 1)
})

test('safeFetch: a redirect to the inside is refused, whatever it looks like', async (t) => {
  let canary = 0
  const inside = await serve(t, '127.0.0.1', (_req, res) => {
    canary++
    res.end()
  })
  const port = await serve(t, '127.0.0.2', (req, res) => {
    res.writeHead(302, { location: decodeURIComponent((req.url ?? '').slice(1)) }).end()
  })
  for (const target of [
    `http://127.0.0.1:${inside}/`,
    `//127.1:${inside}/`,
    `http://[::ffff:127.0.0.1]:${inside}/`,
  ]) {
    const url = `http://here.test:${port}/${encodeURIComponent(target)}`
    assert.equal(await reasonOf(safeFetch(url, {}, near())), 'address-internal')
  }
  assert.equal(canary, 0)
})

test('safeFetch: credentials stay with their origin, and a POST becomes what the standard says', async (t) => {
  const seen: http.IncomingMessage[] = []
  const record: http.RequestListener = (req, res) => {
    seen.push(req)
    res.end('end')
  }
  const there = await serve(t, '127.0.0.3', record)
  const here = await serve(t, '127.0.0.2', (req, res) => {
    if (req.url === '/own') record(req, res)
    else {
      const [status, to] = (req.url as string).slice(1).split('-')
      res.writeHead(Number(status), { location: to === 'own' ? '/own' : `http://there.test:${there}/` }).end()
    }
  })
  const init = {
    method: 'POST',
    body: 'secret=1',
    headers: {
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-api-key': 'k',
      accept: 'text/plain',
      'content-type': 'text/x',
    },
  }
  for (const { path, method, key, type } of [
    { path: '302-own', method: 'GET', key: 'k', type: undefined },
    { path: '303-own', method: 'GET', key: 'k', type: undefined },
    { path: '307-own', method: 'POST', key: 'k', type: 'text/x' },
    { path: '302-there', method: 'GET', key: undefined, type: undefined },
    { path: '307-there', method: 'POST', key: undefined, type: 'text/x' },
  ]) {
    const response = await safeFetch(`http://here.test:${here}/${path}`, init, near())
    assert.ok(response.redirected)
    await response.text()
    const { headers, method: got } = seen.at(-1) as http.IncomingMessage
    assert.equal(got, method, path)
    assert.equal(headers['x-api-key'], key, path)
    assert.equal(headers.authorization, key && 'Bearer x', path)
    assert.equal(headers.cookie, key && 'a=b', path)
    assert.equal(headers['content-type'], type, path)
    assert.equal(headers.accept, 'text/plain', path)
  }
})

test('safeFetch: redirects, bytes and time are bounded', async (t) => {
  const port = await serve(t, '127.0.0.2', (req, res) => {
    switch (req.url ?? '') {
      case '/loop':
        return void res.writeHead(302, { location: '/loop' }).end()
      case '/large':
        return void res.end(Buffer.alloc(5000))
      case '/stream':
        res.write(Buffer.alloc(800))
        return void setTimeout(() => res.end(Buffer.alloc(800)), 10)
      case '/bomb':
        return void res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)))
      case '/slow':
        res.write('a')
        return undefined
      default:
        return undefined
    }
  })
  const fetchText = async (path: string): Promise<string> => {
    const policy = near({ maxRedirects: 3, maxResponseBytes: 1000, timeoutMs: 200 })
    return (await safeFetch(`http://here.test:${port}${path}`, {}, policy)).text()
  }
  assert.equal(await reasonOf(fetchText('/loop')), 'redirect-limit')
  assert.equal(await reasonOf(fetchText('/large')), 'response-too-large')
  assert.equal(await reasonOf(fetchText('/stream')), 'response-too-large')
  assert.equal(await reasonOf(fetchText('/bomb')), 'response-too-large')
  assert.equal(await reasonOf(fetchText('/slow')), 'timeout')
  assert.equal(await reasonOf(fetchText('/silent')), 'timeout')
})

test('safeFetch: `redirect: manual` gives the redirect, `error` refuses it', async (t) => {
  const port = await serve(t, '127.0.0.2', (_req, res) =>
    res.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
  )
  const url = `http://here.test:${port}/`
  assert.equal((await safeFetch(url, { redirect: 'manual' }, near())).status, 302)
  assert.equal(await reasonOf(safeFetch(url, { redirect: 'error' }, near())), 'redirect')
})

test('safeFetch and safeAgent: proxies of the environment do not count', async (t) => {
  let proxied = 0
  const proxy = await serve(t, '127.0.0.1', (_req, res) => {
    proxied++
    res.end()
  })
  const port = await serve(t, '127.0.0.2', (_req, res) => res.end('direct'))
  process.env['http_proxy'] = `http://127.0.0.1:${proxy}`
  process.env['NODE_USE_ENV_PROXY'] = '1'
  t.after(() => {
    delete process.env['http_proxy']
    delete process.env['NODE_USE_ENV_PROXY']
  })
  assert.equal(await (await safeFetch(`http://here.test:${port}/`, {}, near())).text(), 'direct')
  const agents = safeAgent(near())
  t.after(() => agents.destroy())
  assert.equal(await get(`http://here.test:${port}/`, { agent: agents.http }), 200)
  assert.equal(proxied, 0)
})

function get(url: string, options: http.RequestOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get(url, options, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      .on('error', reject)
  })
}

test('safeAgent: neither a lookup nor a socket path of the request leads around it', async (t) => {
  const inside = await serve(t, '127.0.0.1', (_req, res) => res.end())
  const agents = safeAgent(near())
  t.after(() => agents.destroy())
  const to127 = ((_name: string, options: { all?: boolean }, callback: (...result: unknown[]) => void) =>
    options.all === true
      ? callback(null, [{ address: '127.0.0.1', family: 4 }])
      : callback(null, '127.0.0.1', 4)) as never
  for (const options of [
    { lookup: to127, hostname: 'inside.test', port: inside },
    { socketPath: '/var/run/docker.sock' },
    { hostname: '127.0.0.1', port: inside },
    { hostname: 'here.test', host: '127.0.0.1', port: 1 },
  ]) {
    const what = await get('http://x/', { agent: agents.http, ...options }).then(
      (status) => `answered ${status}`,
      (error: Error) => (error instanceof EgressRefused ? 'refused' : error.message),
    )
    assert.match(what, /^refused$|ECONNREFUSED 127\.0\.0\.2:1$/)
  }
})
