import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import tls from 'node:tls'

import { ManualClock, systemClock } from '../core/clock.ts'
import { openDevelopmentCertificate, readServedCertificate, tlsOptions } from './index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-tls-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const certificate = await openDevelopmentCertificate(directory, systemClock)

const server = tls.createServer(tlsOptions(certificate), (socket) => {
  socket.on('error', () => undefined)
  socket.end('hello')
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
server.on('tlsClientError', () => undefined)

async function connect(
  options: tls.ConnectionOptions,
): Promise<{ protocol: string; cipher: string; group: string }> {
  const { port } = server.address() as AddressInfo
  const { readFileSync } = await import('node:fs')
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(certificate.authorityFile),
    ...options,
  })
  await once(socket, 'secureConnect')
  const info = socket.getEphemeralKeyInfo() as { name?: string }
  const found = {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    group: info?.name ?? '',
  }
  socket.destroy()
  return found
}

test('a client that trusts the development authority connects with TLS 1.3', async () => {
  assert.equal((await connect({})).protocol, 'TLSv1.3')
})

test("TLS 1.2 gets one of the guide's suites", async () => {
  const { protocol, cipher } = await connect({ maxVersion: 'TLSv1.2' })
  assert.equal(protocol, 'TLSv1.2')
  assert.match(cipher, /^ECDHE-ECDSA-AES(128|256)-GCM-SHA(256|384)$/)
})

for (const { name, options } of [
  {
    name: 'TLS 1.1',
    options: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  },
  { name: 'a CBC suite', options: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } },
  { name: 'RSA key exchange', options: { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } },
  { name: 'a client that trusts nobody here', options: { ca: [] } },
] as const) {
  test(`${name} does not connect`, async () => {
    await assert.rejects(connect(options as tls.ConnectionOptions))
  })
}

test('the same certificate is used again, and a new one is made before it expires', async () => {
  assert.equal(
    (await openDevelopmentCertificate(directory, systemClock)).certificatePem,
    certificate.certificatePem,
  )
  assert.equal(statSync(join(directory, 'development.key')).mode & 0o777, 0o600)
  const later = new ManualClock(Date.now() + 380 * 86_400_000)
  assert.notEqual(
    (await openDevelopmentCertificate(directory, later)).certificatePem,
    certificate.certificatePem,
  )
})

test("an operator's certificate that cannot work is told in one line", async () => {
  const other = join(directory, 'other')
  const second = await openDevelopmentCertificate(other, systemClock)
  const paths = {
    cert: join(directory, 'c.pem'),
    key: join(directory, 'k.pem'),
    wrong: join(directory, 'w.pem'),
    text: join(directory, 't.pem'),
  }
  writeFileSync(paths.cert, certificate.certificatePem)
  writeFileSync(paths.key, (await openDevelopmentCertificate(directory, systemClock)).keyPem)
  writeFileSync(paths.wrong, second.keyPem)
  writeFileSync(paths.text, 'hello')
  const read = (certificate: string, key: string) => () =>
    readServedCertificate({ certificate, key }, systemClock.now())
  assert.throws(read(paths.cert, paths.wrong), /not that of/)
  assert.throws(read(paths.text, paths.key), /not a PEM certificate/)
  assert.throws(read(paths.cert, paths.text), /not a PEM private key/)
  assert.throws(read(join(directory, 'none'), paths.key), /cannot read the file/)
})
