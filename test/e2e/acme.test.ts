// Certificates from a real authority (pebble): HTTP-01, TLS-ALPN-01, an external account, a fallback, renewal when the authority says so.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { after } from 'node:test'
import tls from 'node:tls'

import { Acme, ChallengeFolder } from '../../src/edge/index.ts'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { TestAuthority, testFolder } from '../../src/edge/testing.ts'
import { type ConfigInput, ringwall } from '../../src/index.ts'
import { notHere } from '../../src/store/testing.ts'

const hasPebble = await new Promise<boolean>((resolve) => {
  const child = spawn('pebble', ['-h'], { stdio: 'ignore' })
  child.on('error', () => resolve(false))
  child.on('exit', () => resolve(true))
})

const folder = testFolder('acme')
const EXTERNAL = { kid: 'kid-1', key: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' }

/** A name server for which every name is this machine. */
async function nameServer(): Promise<number> {
  const socket = dgram.createSocket('udp4')
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5
    const isA = query.readUInt16BE(end - 4) === 1
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(isA ? 1 : 0, 6)
    head.writeUInt32BE(0, 8)
    const answer = Buffer.from('c00c000100010000000100047f000001', 'hex')
    socket.send(
      Buffer.concat([head, query.subarray(12, end), ...(isA ? [answer] : [])]),
      from.port,
      from.address,
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  after(() => socket.close())
  return socket.address().port
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** An authority of its own: its directory, and the root that it signs with. */
async function pebble(httpPort: number, tlsPort: number) {
  const root = await TestAuthority.create('Pebble front')
  const own = await root.issue({
    names: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  })
  const [port, management] = [await freePort(), await freePort()]
  const name = `pebble-${port}`
  const config = folder.write(
    `${name}.json`,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: folder.write(`${name}.pem`, own.pem),
        privateKey: folder.write(`${name}.key`, own.keyPem),
        httpPort,
        tlsPort,
        ocspResponderURL: '',
        externalAccountBindingRequired: true,
        externalAccountMACKeys: { [EXTERNAL.kid]: EXTERNAL.key },
      },
    }),
  )
  const child = spawn(
    'pebble',
    ['-config', config, '-dnsserver', `127.0.0.1:${await nameServer()}`, '-strict'],
    {
      env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  after(() => child.kill())
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (log += data.toString()))
  await until(() => log.includes('ACME directory available'))
  const ca = folder.write(`${name}-root.pem`, root.pem)
  const issuer = await get(`https://127.0.0.1:${management}/roots/0`, root.pem)
  return { port, ca, root, issuer, log: () => log }
}

async function get(url: string, ca: string): Promise<string> {
  const req = https.get(url, { ca, agent: false })
  const [res] = (await once(req, 'response')) as [AsyncIterable<Buffer>]
  let text = ''
  for await (const chunk of res) text += chunk.toString()
  return text
}

/**
 * In front of pebble, which knows no renewal information: adds it to the directory, answers it, and writes down what
 * orders say. The rest goes through as it is.
 */
async function withRenewalInfo(behind: { port: number; root: TestAuthority }) {
  const own = await behind.root.issue({ names: [{ type: 'ip', value: '127.0.0.1' }] })
  const asked: string[] = []
  const replaced: unknown[] = []
  const due = new Set<string>()
  const server = https.createServer({ cert: own.pem, key: own.keyPem }, (req, res) => {
    const path = req.url ?? ''
    if (path.startsWith('/ari/')) {
      const id = path.slice(5)
      asked.push(id)
      const shift = due.has(id) ? -7_200_000 : 86_400_000
      const window = { start: new Date(Date.now() + shift), end: new Date(Date.now() + shift + 3_600_000) }
      res.writeHead(200, { 'Content-Type': 'application/json', 'Retry-After': '60' })
      res.end(JSON.stringify({ suggestedWindow: window }))
      return
    }
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      if (path.includes('order-plz')) {
        const { payload } = JSON.parse(body.toString()) as { payload: string }
        replaced.push(
          (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { replaces?: string }).replaces,
        )
      }
      const out = https.request(
        {
          port: behind.port,
          host: '127.0.0.1',
          path,
          method: req.method,
          headers: req.headers,
          ca: behind.root.pem,
          agent: false,
        },
        (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.on('end', () => {
            let text = Buffer.concat(parts)
            if (path === '/dir') {
              const directory = JSON.parse(text.toString()) as Record<string, unknown>
              text = Buffer.from(
                JSON.stringify({ ...directory, renewalInfo: `https://${req.headers.host}/ari` }),
              )
            }
            const { 'content-length': _length, ...headers } = answer.headers
            res.writeHead(answer.statusCode ?? 502, headers)
            res.end(text)
          })
        },
      )
      out.end(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  return { directory: `https://127.0.0.1:${port}/dir`, asked, replaced, due }
}

async function until(condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const end = Date.now() + ms; !(await condition());) {
    assert.ok(Date.now() < end, `not in time: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function served(port: number, servername: string, ca: string): Promise<X509Certificate | undefined> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername, ca })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

async function gate(
  ports: { http: number; https: number },
  acme: NonNullable<NonNullable<NonNullable<ConfigInput['security']>['tls']>['acme']>,
) {
  const notices: string[] = []
  const store = join(folder.path, `store-${ports.https}`)
  const opened = await ringwall(
    {
      listen: { http: `127.0.0.1:${ports.http}`, https: `127.0.0.1:${ports.https}`, operator: 'off' },
      store: { directory: store },
      upstreams: { application: 'http://127.0.0.1:1' },
      security: { tls: { acme }, edge: { require_https: 'always' } },
    },
    { onNotice: (line) => notices.push(line) },
  )
  after(() => opened.close())
  await opened.listen()
  return { notices, store }
}

for (const challenge of ['http-01', 'tls-alpn-01'] as const) {
  test(`${challenge}: a certificate is got, served, and renewed when the authority says so`, async (context) => {
    if (!hasPebble) return notHere(context, 'pebble', 'apt-get install pebble')
    const ports = { http: await freePort(), https: await freePort() }
    const authority = await pebble(ports.http, ports.https)
    const front = await withRenewalInfo(authority)
    const key = folder.write('external.key', EXTERNAL.key)
    const account = { ca: authority.ca, key_id: EXTERNAL.kid, key: `file:${key}` }
    const { notices, store } = await gate(ports, {
      certificates: { shop: ['shop.test', 'www.shop.test'] },
      agree_to_terms: true,
      challenge,
      email: 'ops@shop.test',
      authorities: [
        { directory: 'https://127.0.0.1:1/dir', ca: authority.ca },
        { directory: front.directory, ...account },
      ],
    })
    await until(async () => (await served(ports.https, 'shop.test', authority.issuer)) !== undefined).catch(
      (error: unknown) => {
        throw new Error(`${notices.join('\n')}\n${authority.log().slice(-3000)}`, { cause: error })
      },
    )
    const first = await served(ports.https, 'www.shop.test', authority.issuer)
    assert.ok(first)
    // An order is sent again where the authority refuses a nonce, which this one does now and then.
    assert.deepEqual(new Set(front.replaced), new Set([undefined]))
    const acme = join(store, 'tls', 'acme')
    for (const file of ['certificates/shop.pem', 'certificates/shop.json', 'leader'])
      assert.equal(statSync(join(acme, file)).mode & 0o777, 0o600, file)
    const accounts = readdirSync(acme).filter((name) => name.startsWith('account-'))
    assert.ok(accounts.length >= 1)
    for (const name of accounts) assert.equal(statSync(join(acme, name)).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(acme, 'challenges')), [], 'answers are taken away')
    // Another process with the same folder sees a leader, and leaves the work to it.
    const second = new Acme(undefined, {
      directory: acme,
      clock: systemClock,
      random: systemRandom,
      onNotice: (line) => notices.push(line),
    })
    await second.tick()
    await second.close()
    assert.ok(readFileSync(join(acme, 'leader'), 'utf8').includes(` ${process.pid} `))
    await until(() => front.asked.length > 0)
    front.due.add(front.asked[0] as string)
    const renewing = new Acme(
      {
        certificates: { shop: ['shop.test', 'www.shop.test'] },
        agree_to_terms: true,
        challenge,
        staging: false,
        keep_key: true,
        email: undefined,
        authorities: [{ directory: front.directory, ca: authority.ca, key_id: undefined, key: undefined }],
      },
      {
        directory: acme,
        // Later than the pause of a minute that the authority asked for.
        clock: { now: () => Date.now() + 61_000, elapsed: () => performance.now() },
        random: systemRandom,
        onNotice: (line) => notices.push(line),
      },
    )
    // The one that leads lets go, as a process does that ends.
    rmSync(join(acme, 'leader'))
    await renewing.tick()
    await renewing.close()
    await until(async () => {
      const now = await served(ports.https, 'shop.test', authority.issuer)
      return now !== undefined && now.serialNumber !== first.serialNumber
    }).catch((error: unknown) => {
      throw new Error(notices.join('\n'), { cause: error })
    })
    assert.equal(front.replaced.at(-1), front.asked[0], 'the new order says which certificate it replaces')
    assert.ok(notices.some((line) => line.includes('a new certificate is in force')))
  })
}

test('answers to challenges: nothing that is not a token is looked for', () => {
  const challenges = new ChallengeFolder(join(folder.path, 'challenges'))
  challenges.putToken('a'.repeat(43), 'answer')
  assert.equal(challenges.findToken('a'.repeat(43)), 'answer')
  for (const raw of ['../http-x', 'a'.repeat(21), `${'a'.repeat(43)}.x`, '', 'a/'.repeat(20)])
    assert.equal(challenges.findToken(raw), undefined)
  assert.throws(() => challenges.putToken('../../etc/passwd', 'x'), /not base64url/)
  for (const raw of ['../x', '', 'a/b', '..']) assert.equal(challenges.findCertificate(raw), undefined)
})
