// The egress proxy over real sockets, and what needs a certificate: TLS through the guarded fetch and the agents.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { connect as connectTls } from 'node:tls'

import { createEgressPolicy, type EgressOptions, safeAgent, safeFetch } from './application/index.ts'
import { systemClock } from './core/clock.ts'
import { openDevelopmentCertificate } from './edge/index.ts'
import { type EgressProxyOptions, type EgressRecord, startEgressProxy } from './egress-proxy.ts'
import { exchangeBytes, waitFor } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-egress-'))
const certificate = await openDevelopmentCertificate(directory, systemClock)
const ca = readFileSync(certificate.authorityFile, 'utf8')
const closers: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })]
after(async () => {
  for (const close of closers.toReversed()) await close()
})

const lookup = async (name: string): Promise<readonly string[]> =>
  name === 'localhost' || name === 'here.test' ? ['127.0.0.2'] : ['10.0.0.1']

const policyOf = (options: EgressOptions = {}) =>
  createEgressPolicy({ lookup, ports: 'any', dangerouslyAllowPrivateNetworks: ['127.0.0.2'], ca, ...options })

async function serve(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.2')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function proxyWith(
  options: EgressOptions = {},
  more: Partial<EgressProxyOptions> = {},
): Promise<{ readonly port: number; readonly records: EgressRecord[] }> {
  const records: EgressRecord[] = []
  let next = 0
  const proxy = await startEgressProxy({
    listen: { host: '127.0.0.1', port: 0 },
    policy: policyOf(options),
    clock: systemClock,
    nextId: () => `id${next++}`,
    onRecord: (record) => records.push(record),
    ...more,
  })
  closers.push(() => proxy.close())
  return { port: Number(new URL(proxy.url).port), records }
}

const application = await serve(
  http.createServer((req, res) => {
    if (req.url === '/large') res.end(Buffer.alloc(5000))
    else if (req.url === '/silent') res.flushHeaders()
    else if (req.url === '/headers') res.end(JSON.stringify(req.rawHeaders))
    else req.pipe(res.writeHead(200, { 'x-from': 'application', connection: 'x-hop', 'x-hop': '1' }))
  }),
)
const secure = await serve(
  https.createServer({ cert: certificate.certificatePem, key: certificate.keyPem }, (_req, res) =>
    res.end('secure'),
  ),
)

const request = (target: string, more = '', method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n${more}\r\n`

for (const { name, bytes, status, verdict, reason } of [
  {
    name: 'an absolute-form request',
    bytes: request(`http://here.test:${application}/`),
    status: 200,
    verdict: 'pass',
  },
  {
    name: 'a request to the inside',
    bytes: request('http://inside.test/'),
    status: 403,
    verdict: 'refuse',
    reason: 'address-internal',
  },
  {
    name: 'a request to metadata',
    bytes: request('http://169.254.169.254/latest/'),
    status: 403,
    verdict: 'refuse',
    reason: 'address-metadata',
  },
  {
    name: 'a request in origin-form',
    bytes: request('/'),
    status: 400,
    verdict: 'refuse',
    reason: 'url-malformed',
  },
  {
    name: 'https in absolute-form',
    bytes: request(`https://here.test:${secure}/`),
    status: 403,
    verdict: 'refuse',
    reason: 'scheme',
  },
  {
    name: 'another scheme',
    bytes: request('ftp://here.test/'),
    status: 403,
    verdict: 'refuse',
    reason: 'scheme',
  },
  {
    name: 'a tunnel to the inside',
    bytes: request('10.0.0.1:443', '', 'CONNECT'),
    status: 403,
    verdict: 'refuse',
    reason: 'address-internal',
  },
  {
    name: 'a tunnel to a mapped address',
    bytes: request('[::ffff:127.0.0.1]:443', '', 'CONNECT'),
    status: 403,
    verdict: 'refuse',
    reason: 'address-internal',
  },
  {
    name: 'a tunnel to a decimal address',
    bytes: request('2130706433:443', '', 'CONNECT'),
    status: 403,
    verdict: 'refuse',
    reason: 'address-internal',
  },
  {
    name: 'a tunnel without a port',
    bytes: request('here.test', '', 'CONNECT'),
    status: 400,
    verdict: 'refuse',
    reason: 'url-malformed',
  },
  {
    name: 'a tunnel with a user name',
    bytes: request('a@here.test:443', '', 'CONNECT'),
    status: 400,
    verdict: 'refuse',
    reason: 'url-malformed',
  },
  {
    name: 'a tunnel to where nobody listens',
    bytes: request('here.test:1', '', 'CONNECT'),
    status: 502,
    verdict: 'fail',
    reason: 'failed',
  },
]) {
  test(`egress proxy: ${name} is answered with ${status}`, async () => {
    const { port, records } = await proxyWith()
    const answer = await exchangeBytes(port, bytes)
    assert.equal(Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]), status, answer)
    await waitFor(() => records.length === 1)
    assert.equal(records[0]?.verdict, verdict)
    assert.equal(records[0]?.reason, reason)
    if (reason !== undefined && reason !== 'failed')
      assert.doesNotMatch(answer, /loopback|private|metadata|RFC/)
    if (verdict !== 'pass') assert.match(answer, /\r\nRingwall-Id: id0\r\n[^]*"id":"id0"/)
  })
}

test('egress proxy: fields of the connection stay behind, and Host is that of the URL', async () => {
  const { port } = await proxyWith()
  const fields = 'Proxy-Authorization: Basic eDp5\r\nProxy-Connection: close\r\nX-Own: 1\r\nTE: trailers\r\n'
  const answer = await exchangeBytes(port, request(`http://here.test:${application}/headers`, fields))
  const sent = JSON.parse(answer.slice(answer.indexOf('['), answer.lastIndexOf(']') + 1)) as string[]
  assert.deepEqual(sent.slice(0, 2), ['Host', `here.test:${application}`])
  assert.ok(sent.includes('X-Own'))
  assert.doesNotMatch(sent.join(), /Proxy|TE,|other\.test/)
  const plain = await exchangeBytes(port, request(`http://here.test:${application}/`))
  assert.match(plain, /x-from: application/i)
  assert.doesNotMatch(plain, /x-hop/i)
})

test('egress proxy: a body goes on, and what is too large or too slow is broken off', async () => {
  const { port, records } = await proxyWith({ maxResponseBytes: 1000, timeoutMs: 150 })
  const echo = await exchangeBytes(
    port,
    request(`http://here.test:${application}/`, 'Content-Length: 5\r\n', 'POST') + 'hello',
  )
  assert.match(echo, /hello/)
  await exchangeBytes(port, request(`http://here.test:${application}/large`)).catch(() => '')
  await exchangeBytes(port, request(`http://here.test:${application}/silent`)).catch(() => '')
  await waitFor(() => records.length === 3)
  assert.deepEqual(
    records.map((record) => record.reason),
    [undefined, 'response-too-large', 'timeout'],
  )
})

for (const { name, method, more, body } of [
  {
    name: 'a chunked body of a GET',
    method: 'GET',
    more: 'Transfer-Encoding: chunked\r\n',
    body: '22\r\nGET /headers HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n',
  },
  {
    name: 'a body whose length Connection names',
    method: 'GET',
    more: 'Connection: content-length\r\nContent-Length: 34\r\n',
    body: 'GET /headers HTTP/1.1\r\nHost: x\r\n\r\n',
  },
  {
    name: 'a chunked body of a POST',
    method: 'POST',
    more: 'Transfer-Encoding: chunked\r\n',
    body: '5\r\nhello\r\n0\r\n\r\n',
  },
]) {
  test(`egress proxy: ${name} goes on in a frame and is no request of its own`, async () => {
    const seen: string[] = []
    const port = await serve(
      http.createServer((req, res) => {
        seen.push(req.url as string)
        req.pipe(res)
      }),
    )
    const proxy = await proxyWith()
    const answer = await exchangeBytes(proxy.port, request(`http://here.test:${port}/`, more, method) + body)
    assert.match(answer, /^HTTP\/1\.1 200 [^]*(GET \/headers HTTP|hello)/)
    assert.deepEqual(seen, ['/'])
  })
}

async function tunnelTo(port: number, authority: string): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(request(authority, '', 'CONNECT'))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
  return socket
}

test('egress proxy: TLS goes through a tunnel untouched, and everything is counted', async () => {
  const { port, records } = await proxyWith()
  const socket = await tunnelTo(port, `localhost:${secure}`)
  const tls = connectTls({ socket, servername: 'localhost', ca })
  tls.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of tls) text += (chunk as Buffer).toString()
  assert.match(text, /secure/)
  await waitFor(() => records.length === 1)
  const [record] = records
  assert.equal(record?.host, 'localhost')
  assert.ok((record?.bytesUp ?? 0) > 100 && (record?.bytesDown ?? 0) > 100)
})

test('egress proxy: nothing is lost when the server closes first', async () => {
  const size = 3_000_000
  const source = await serve(net.createServer((socket) => socket.end(Buffer.alloc(size))))
  const { port, records } = await proxyWith()
  const socket = net.connect(port, '127.0.0.1')
  socket.write(request(`here.test:${source}`, '', 'CONNECT'))
  let bytes = 0
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length
    if (bytes < 200_000) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.equal(bytes - 'HTTP/1.1 200 Connection Established\r\n\r\n'.length, size)
  await waitFor(() => records.length === 1)
  assert.equal(records[0]?.bytesDown, size)
})

for (const { name, more, why } of [
  { name: 'idle', more: { idleMs: 50 }, why: 'idle' },
  { name: 'long', more: { maxTunnelMs: 50 }, why: 'too long' },
  { name: 'large', more: { maxTunnelBytes: 100 }, why: 'too many bytes' },
] as const) {
  test(`egress proxy: a tunnel that is too ${name} is cut`, async () => {
    const { port, records } = await proxyWith({}, more)
    const socket = await tunnelTo(port, `here.test:${application}`)
    socket.on('error', () => undefined)
    if (name === 'large') socket.write(Buffer.alloc(200))
    await once(socket, 'close')
    await waitFor(() => records.length === 1)
    assert.equal(records[0]?.detail, why)
  })
}

test('egress proxy: whoever is not among the clients is not heard', async () => {
  const { port } = await proxyWith({}, { allowedClients: ['192.0.2.0/24'] })
  const answer = await exchangeBytes(port, request(`http://here.test:${application}/`)).catch(() => '')
  assert.equal(answer, '')
})

test('egress proxy: a port that is taken is a mistake of the operator', async () => {
  const { port } = await proxyWith()
  await assert.rejects(proxyWith({}, { listen: { host: '127.0.0.1', port } }), { code: 'egress.listen' })
})

test('safeFetch and safeAgent: the certificate must be for the name that was asked for', async () => {
  const policy = policyOf()
  assert.equal(await (await safeFetch(`https://localhost:${secure}/`, {}, policyOf())).text(), 'secure')
  await assert.rejects(safeFetch(`https://here.test:${secure}/`, {}, policy), (error: Error) =>
    /does not match certificate/.test(String(error.cause)),
  )
  await assert.rejects(
    safeFetch(
      `https://localhost:${secure}/`,
      {},
      createEgressPolicy({ lookup, ports: 'any', dangerouslyAllowPrivateNetworks: true }),
    ),
    (error: Error) => /certificate/.test(String(error.cause)),
  )
  const agents = safeAgent(policy)
  closers.push(() => agents.destroy())
  const [response] = (await once(
    https.get(`https://localhost:${secure}/`, { agent: agents.https }),
    'response',
  )) as [http.IncomingMessage]
  response.resume()
  assert.equal(response.statusCode, 200)
  const [error] = (await once(
    https.get(`https://here.test:${secure}/`, { agent: agents.https }),
    'error',
  )) as [Error]
  assert.match(error.message, /does not match certificate/)
})
