// The front door of TLS with real handshakes: names, swaps, sessions, certificates of clients, the PROXY protocol.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { after } from 'node:test'
import tls from 'node:tls'

import { TestAuthority, testFolder } from '../src/edge/testing.ts'
import { type ConfigInput, ringwall } from '../src/index.ts'

const folder = testFolder('tls-front')
const root = await TestAuthority.create('Server root')
const clients = await TestAuthority.create('Client root')
const others = await TestAuthority.create('Other clients')

const application = http.createServer((req, res) => {
  res.end(JSON.stringify({ url: req.url, headers: req.headers }))
})
application.listen(0, '127.0.0.1')
await once(application, 'listening')
after(() => application.close())
const APPLICATION = `http://127.0.0.1:${(application.address() as AddressInfo).port}`

async function pair(name: string, names: readonly string[]) {
  const made = await root.issue({ names: names.map((value) => ({ type: 'dns' as const, value })) })
  return {
    certificate: folder.write(`${name}.pem`, made.pem),
    key: folder.write(`${name}.key`, made.keyPem),
    made,
  }
}

async function gate(config: Omit<ConfigInput, 'store' | 'upstreams'>) {
  const notices: string[] = []
  const opened = await ringwall(
    {
      ...config,
      upstreams: { application: APPLICATION },
      store: { directory: join(folder.path, `store-${Math.random()}`) },
      listen: { http: '127.0.0.1:0', https: '127.0.0.1:0', operator: 'off', ...config.listen },
    },
    { onNotice: (line) => notices.push(line) },
  )
  after(() => opened.close())
  const { http: plain = '', https: secure = '' } = await opened.listen()
  return { opened, notices, port: Number(new URL(secure).port), plainPort: Number(new URL(plain).port) }
}

async function shake(port: number, options: tls.ConnectionOptions = {}) {
  let session: Buffer | undefined
  const socket = tls.connect({ port, host: '127.0.0.1', ca: root.pem, servername: 'a.test', ...options })
  socket.on('session', (one) => (session = one))
  await once(socket, 'secureConnect')
  const facts = {
    reused: socket.isSessionReused(),
    subject: socket.getPeerCertificate().subjectaltname ?? '',
    group: (socket.getEphemeralKeyInfo() as { name?: string } | null)?.name,
  }
  socket.write('GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return { text, session, ...facts }
}

test('the certificate is chosen by the name that is asked for, and the first is the default', async () => {
  const a = await pair('a', ['a.test'])
  const wild = await pair('wild', ['*.b.test', 'deep.wild.test'])
  const { port } = await gate({
    security: {
      tls: {
        certificates: [
          { certificate: a.certificate, key: a.key },
          { certificate: wild.certificate, key: wild.key },
        ],
      },
    },
  })
  for (const [servername, want] of [
    ['a.test', 'DNS:a.test'],
    ['A.TEST', 'DNS:a.test'],
    ['x.b.test', 'DNS:*.b.test, DNS:deep.wild.test'],
    ['deep.wild.test', 'DNS:*.b.test, DNS:deep.wild.test'],
    ['x.y.b.test', 'DNS:a.test'],
    ['b.test', 'DNS:a.test'],
    ['unknown.test', 'DNS:a.test'],
    ['', 'DNS:a.test'],
  ] as const)
    assert.equal(
      (await shake(port, { servername, rejectUnauthorized: false })).subject,
      want,
      `asked for ${servername}`,
    )
})

test('an encrypted key and a PKCS#12 file are opened by their passphrases', async () => {
  const made = await root.issue({ names: [{ type: 'dns', value: 'a.test' }] })
  const { createPrivateKey } = await import('node:crypto')
  const encrypted = createPrivateKey(made.keyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open sesame',
  })
  const passphrase = folder.write('passphrase', 'open sesame\n')
  const files = {
    certificate: folder.write('enc.pem', made.pem),
    key: folder.write('enc.key', encrypted),
  }
  const { port } = await gate({
    security: { tls: { certificates: [{ ...files, passphrase: `file:${passphrase}` }] } },
  })
  assert.equal((await shake(port)).subject, 'DNS:a.test')
  await assert.rejects(
    gate({ security: { tls: { certificates: [files] } } }),
    /the private key is encrypted; give its `passphrase`/,
  )
  const pkcs12 = join(folder.path, 'both.p12')
  const out = [
    'pkcs12',
    '-export',
    '-in',
    files.certificate,
    '-inkey',
    folder.write('plain.key', made.keyPem),
  ]
  const { status, error } = spawnSync('openssl', [...out, '-passout', 'pass:open sesame', '-out', pkcs12])
  assert.equal(status, 0, String(error))
  const { port: other } = await gate({
    security: { tls: { certificates: [{ pkcs12, passphrase: `file:${passphrase}` }] } },
  })
  assert.equal((await shake(other)).subject, 'DNS:a.test')
  await assert.rejects(
    gate({ security: { tls: { certificates: [{ pkcs12 }] } } }),
    /the PKCS#12 file is encrypted; give its `passphrase`/,
  )
})

test('files that change are swapped in under a running server, and a broken pair leaves the old one in force', async () => {
  const a = await pair('swap', ['a.test', 'first.test'])
  const { port, notices } = await gate({
    security: { tls: { certificates: [{ certificate: a.certificate, key: a.key }] } },
  })
  assert.match((await shake(port)).subject, /first/)
  const second = await root.issue({
    names: ['a.test', 'second.test'].map((value) => ({ type: 'dns' as const, value })),
  })
  writeFileSync(a.certificate, second.pem)
  await until(() => notices.some((line) => /ALARM.*the key is not that of.*stays in force/.test(line)))
  assert.match((await shake(port)).subject, /first/)
  writeFileSync(a.key, second.keyPem)
  await until(() => notices.some((line) => line.includes('a new certificate is in force')))
  assert.match((await shake(port)).subject, /second/)
  assert.match((await shake(port, { servername: '', rejectUnauthorized: false })).subject, /second/)
  rmSync(a.key)
  await until(() => notices.filter((line) => line.startsWith('ALARM')).length === 2)
  assert.match((await shake(port)).subject, /second/)
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: a session is resumed from the cache, without tickets`, async () => {
    const a = await pair(`resume-${version}`, ['a.test'])
    const { port } = await gate({
      security: { tls: { certificates: [{ certificate: a.certificate, key: a.key }] } },
    })
    const how = { minVersion: version, maxVersion: version }
    const first = await shake(port, how)
    assert.equal(first.reused, false)
    assert.ok(first.session)
    const second = await shake(port, { ...how, session: first.session })
    assert.equal(second.reused, true)
    assert.match(second.text, /^HTTP\/1.1 200/)
    // What a session of TLS 1.3 is resumed with is of use once.
    const third = await shake(port, { ...how, session: first.session })
    assert.equal(third.reused, version === 'TLSv1.2')
    assert.match(third.text, /^HTTP\/1.1 200/)
  })
}

test("Node's client agrees on X25519MLKEM768", async () => {
  const a = await pair('hybrid', ['a.test'])
  const { port } = await gate({
    security: { tls: { certificates: [{ certificate: a.certificate, key: a.key }] } },
  })
  assert.equal((await shake(port)).group, 'X25519MLKEM768')
})

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !condition();) {
    assert.ok(Date.now() < end, `not in time: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('mutual TLS by route: who is let in, who is not, and what the application is told', async () => {
  const a = await pair('mtls', ['a.test', 'open.test'])
  const between = await TestAuthority.create('Between', clients)
  const good = await clients.issue({ use: 'client', subject: 'CN=billing, O=Example' })
  const revoked = await clients.issue({ use: 'client', subject: 'CN=gone', serial: 'beef' })
  const deep = await between.issue({ use: 'client', subject: 'CN=deep' })
  const foreign = await others.issue({ use: 'client', subject: 'CN=billing, O=Example' })
  const wrongUse = await clients.issue({ use: 'server', subject: 'CN=billing, O=Example' })
  const expired = await clients.issue({ use: 'client', subject: 'CN=old', days: -1 })
  const unknown = await (await TestAuthority.create('Client root')).issue({ use: 'client', subject: 'CN=x' })
  const list = folder.write('clients.crl', await clients.revoke(['beef']))
  const route = { hosts: ['a.test'], sign_in: 'off' as const }
  const { port, opened } = await gate({
    security: {
      tls: {
        certificates: [{ certificate: a.certificate, key: a.key }],
        client_authorities: {
          clients: { ca: folder.write('clients.pem', clients.pem), revocation_lists: [list] },
          free: { ca: folder.write('free.pem', clients.pem) },
          others: { ca: folder.write('others.pem', others.pem) },
        },
      },
    },
    routes: [
      { ...route, path: '/any', client_certificate: { authority: 'clients' } },
      { ...route, path: '/free', client_certificate: { authority: 'free' } },
      { ...route, path: '/maybe', client_certificate: { authority: 'clients', mode: 'optional' } },
      {
        ...route,
        path: '/billing',
        client_certificate: { authority: 'clients', subjects: ['CN=billing, O=Example'] },
      },
      { ...route, path: '/others', client_certificate: { authority: 'others' } },
      { path: '/**' },
    ],
  })
  const ask = (path: string, client?: { pem: string; keyPem: string }, host = 'a.test', sni = host) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const req = https.request(
        {
          port,
          host: '127.0.0.1',
          path,
          ca: root.pem,
          servername: sni,
          agent: false,
          headers: { host },
          ...(client && { cert: client.pem, key: client.keyPem }),
        },
        (res) => {
          let body = ''
          res.on('data', (chunk) => (body += String(chunk)))
          res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
        },
      )
      req.on('error', reject)
      req.end()
    })
  const chain = { pem: deep.pem + between.pem, keyPem: deep.keyPem }
  for (const [path, client, want, code] of [
    ['/any', undefined, 403, 'certificate-required'],
    ['/maybe', undefined, 200, ''],
    ['/open', undefined, 200, ''],
    ['/any', good, 200, ''],
    ['/maybe', good, 200, ''],
    ['/billing', good, 200, ''],
    ['/any', revoked, 403, 'certificate-refused'],
    ['/maybe', revoked, 403, 'certificate-refused'],
    ['/free', revoked, 200, ''],
    ['/billing', foreign, 403, 'certificate-refused'],
    ['/others', foreign, 200, ''],
    ['/others', good, 403, 'certificate-refused'],
    ['/any', foreign, 403, 'certificate-refused'],
    ['/any', wrongUse, 403, 'certificate-refused'],
    ['/any', expired, 403, 'certificate-refused'],
    ['/any', unknown, 403, 'certificate-refused'],
    ['/free', unknown, 403, 'certificate-refused'],
    // The list of an authority that is not in the bundle is not known: refused where lists are asked for.
    ['/any', chain, 403, 'certificate-refused'],
    ['/free', chain, 200, ''],
  ] as const) {
    const answer = await ask(path, client)
    assert.equal(answer.status, want, `${path}: ${answer.body}`)
    assert.ok(answer.body.includes(code), `${path}: ${answer.body}`)
  }
  const told = JSON.parse((await ask('/any', good)).body) as { headers: Record<string, string> }
  assert.equal(decodeURI(told.headers['ringwall-certificate-subject'] ?? ''), 'CN=billing, O=Example')
  assert.match(told.headers['ringwall-certificate-sha256'] ?? '', /^[0-9a-f]{64}$/)
  // Over HTTP/2 it is the certificate of the connection, too.
  const session = http2.connect(`https://127.0.0.1:${port}`, {
    ca: root.pem,
    servername: 'a.test',
    cert: good.pem,
    key: good.keyPem,
  })
  const stream = session.request({ ':path': '/any', ':authority': 'a.test' })
  const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & { ':status'?: number }]
  session.destroy()
  assert.equal(session.alpnProtocol, 'h2')
  assert.equal(head[':status'], 200)
  // On a connection for another host nobody asked, so the client is sent away to make its own.
  assert.equal((await ask('/any', good, 'a.test', 'open.test')).status, 421)
  // A list that is newer counts for the next request.
  writeFileSync(list, await clients.revoke(['beef', good.certificate.serialNumber]))
  await untilAsync(async () => (await ask('/any', good)).status === 403)
  assert.equal((await ask('/free', good)).status, 200)
  assert.ok(opened)
})

async function untilAsync(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await condition());) assert.ok(Date.now() < end, 'not in time')
}

test('PROXY protocol: trusted peers must send it and speak for their clients, before TLS and before HTTP', async () => {
  const a = await pair('proxied', ['a.test'])
  const { port, plainPort } = await gate({
    security: {
      tls: { certificates: [{ certificate: a.certificate, key: a.key }] },
      network: { proxy_protocol: ['127.0.0.1'] },
      edge: { require_https: 'never' },
    },
  })
  const get = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
  const plain = async (bytes: string | Buffer, localAddress = '127.0.0.1'): Promise<string> => {
    const socket = net.connect({ port: plainPort, host: '127.0.0.1', localAddress })
    socket.on('error', () => undefined)
    socket.write(bytes)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    return text
  }
  assert.match(
    await plain(`PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n${get}`),
    /"x-forwarded-for":"192\.0\.2\.7"/,
  )
  assert.match(await plain(`PROXY UNKNOWN\r\n${get}`), /"x-forwarded-for":"127\.0\.0\.1"/)
  const binary = Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a2121002420010db8000000000000000000000007', 'hex'),
    Buffer.alloc(16),
    Buffer.from([0x12, 0x34, 0x01, 0xbb]),
  ])
  assert.match(await plain(Buffer.concat([binary, Buffer.from(get)])), /"x-forwarded-for":"2001:db8::7"/)
  assert.equal(await plain(get), '', 'a trusted peer without a header is not served')
  assert.match(await plain(get, '127.0.0.2'), /"x-forwarded-for":"127\.0\.0\.2"/)
  assert.match(
    await plain(`PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n${get}`, '127.0.0.2'),
    /^HTTP\/1\.1 400/,
    'who is not trusted may not speak for others',
  )
  const raw = net.connect({ port, host: '127.0.0.1' })
  raw.write('PROXY TCP4 198.51.100.9 192.0.2.1 4711 443\r\n')
  const secure = tls.connect({ socket: raw, ca: root.pem, servername: 'a.test' })
  await once(secure, 'secureConnect')
  secure.write(get)
  let text = ''
  for await (const chunk of secure) text += String(chunk)
  assert.match(text, /"x-forwarded-for":"198\.51\.100\.9"/)
})
