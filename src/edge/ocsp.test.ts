import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import test, { after } from 'node:test'
import tls from 'node:tls'

import { ManualClock } from '../core/clock.ts'
import { CertificateStore, mustStaple, ocspResponder, readCertificateFields, tlsOptions } from './index.ts'
import { ocspRequest, readOcspResponse } from './ocsp.ts'
import { OcspStapler } from './ocsp-stapler.ts'
import { TestAuthority, testFolder, x509 } from './testing.ts'

const folder = testFolder('ocsp')
const authority = await TestAuthority.create('OCSP authority')
const stranger = await TestAuthority.create('OCSP authority')

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const port = await freePort()
const responder = `http://127.0.0.1:${port}/`
const access = new x509.AuthorityInfoAccessExtension({ ocsp: responder })
const feature = new x509.Extension('1.3.6.1.5.5.7.1.24', false, Buffer.from('3003020105', 'hex'))
const good = await authority.issue({
  names: [{ type: 'dns', value: 'a.test' }],
  serial: '0a01',
  extensions: [access, feature],
})
const gone = await authority.issue({ serial: '0a02', extensions: [access] })
const silent = await authority.issue({ serial: '0a03' })
const signer = await authority.issue({ use: 'ocsp', subject: 'CN=responder' })
const impostor = await authority.issue({ use: 'server', subject: 'CN=responder' })

const certificateOf = (pem: string): X509Certificate => new X509Certificate(pem)
const issuer = certificateOf(authority.pem)
const leaf = certificateOf(good.pem)

/** What openssl's responder knows: one good, one revoked. */
const index = folder.write(
  'index.txt',
  `V\t301231235959Z\t\t0A01\tunknown\t/CN=leaf\nR\t301231235959Z\t260101000000Z\t0A02\tunknown\t/CN=leaf\n`,
)
folder.write('index.txt.attr', 'unique_subject = no\n')

async function answerOf(signedBy: { pem: string; keyPem: string }, request: Uint8Array): Promise<Buffer> {
  const files = {
    ca: folder.write('ca.pem', authority.pem),
    signer: folder.write('signer.pem', signedBy.pem),
    key: folder.write('signer.key', signedBy.keyPem),
    request: folder.write('request.der', request),
  }
  const out = `${folder.path}/answer.der`
  const args = ['-index', index, '-CA', files.ca, '-rsigner', files.signer, '-rkey', files.key]
  const child = spawn('openssl', ['ocsp', ...args, '-reqin', files.request, '-respout', out, '-ndays', '4'])
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 0)
  const { readFileSync } = await import('node:fs')
  return readFileSync(out)
}

test('a certificate says who its responder is, and whether it wants a staple', () => {
  const fields = readCertificateFields(leaf.raw)
  assert.equal(ocspResponder(fields), responder)
  assert.equal(mustStaple(fields), true)
  const other = readCertificateFields(certificateOf(silent.pem).raw)
  assert.equal(ocspResponder(other), undefined)
  assert.equal(mustStaple(other), false)
})

test("answers of openssl's responder are read: good, revoked, of the issuer itself and of whom it named", async () => {
  const now = Date.now()
  for (const { made, by, want } of [
    { made: good, by: signer, want: 'good' },
    { made: good, by: authority.made, want: 'good' },
    { made: gone, by: signer, want: 'revoked' },
  ]) {
    const certificate = certificateOf(made.pem)
    const answer = await answerOf(by, ocspRequest(certificate, issuer))
    const reading = readOcspResponse(answer, certificate, issuer, now)
    assert.equal(reading.ok && reading.status, want)
  }
})

test('an answer that is changed, old, about another or of a stranger is not taken', async () => {
  const answer = await answerOf(signer, ocspRequest(leaf, issuer))
  const reasonFor = (der: Uint8Array, one = leaf, nowMs = Date.now()): string => {
    const reading = readOcspResponse(der, one, issuer, nowMs)
    return reading.ok ? 'taken' : reading.reason
  }
  assert.equal(reasonFor(answer), 'taken')
  assert.match(reasonFor(answer, certificateOf(gone.pem)), /about another/)
  assert.match(reasonFor(answer, leaf, Date.now() + 5 * 86_400_000), /out of date/)
  assert.match(reasonFor(answer, leaf, Date.now() - 86_400_000), /of the future/)
  assert.match(reasonFor(await answerOf(impostor, ocspRequest(leaf, issuer))), /neither the issuer/)
  assert.match(reasonFor(await answerOf(stranger.made, ocspRequest(leaf, issuer))), /signature is wrong/)
  assert.match(reasonFor(answer.subarray(0, 100)), /not an OCSP answer/)
  // One bit anywhere: never taken for what it is not. Bits outside of what is signed may be free, but then the word is the same.
  for (let at = 0; at < answer.length; at++) {
    const changed = Buffer.from(answer)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    const reading = readOcspResponse(changed, leaf, issuer, Date.now())
    if (reading.ok) assert.equal(reading.status, 'good', `byte ${at}`)
  }
})

test('a handshake carries the staple of a live responder; nobody is asked for a certificate without one', async () => {
  const args = [
    '-index',
    index,
    '-CA',
    folder.write('ca.pem', authority.pem),
    '-port',
    String(port),
    '-ndays',
    '4',
  ]
  const signing = [
    '-rsigner',
    folder.write('s.pem', signer.pem),
    '-rkey',
    folder.write('s.key', signer.keyPem),
  ]
  const child = spawn('openssl', ['ocsp', ...args, ...signing], { stdio: ['ignore', 'pipe', 'pipe'] })
  after(() => child.kill())
  await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])
  const notices: string[] = []
  const pair = (name: string, made: { pem: string; keyPem: string }) => ({
    label: name,
    certificate: folder.write(`${name}.pem`, made.pem + authority.pem),
    key: folder.write(`${name}.key`, made.keyPem),
  })
  const clock = new ManualClock(Date.now())
  const options = { clock, onNotice: (line: string) => notices.push(line) }
  const store = new CertificateStore(
    [pair('good', good), pair('silent', silent), pair('gone', gone)],
    options,
  )
  const stapler = new OcspStapler(store, options)
  after(() => {
    stapler.close()
    store.close()
  })
  await stapler.refresh()
  assert.equal(notices.length, 1, notices.join('\n'))
  assert.match(notices[0] ?? '', /ALARM: gone: .*the certificate is revoked/)
  const { createHash } = await import('node:crypto')
  const fingerprint = createHash('sha256').update(leaf.raw).digest('hex')
  const staple = stapler.find(fingerprint)
  assert.ok(staple)
  const server = tls.createServer({
    ...tlsOptions({ certificatePem: good.pem + authority.pem, keyPem: good.keyPem }),
  })
  server.on('OCSPRequest', (der: Buffer, _issuer: Buffer, done: (error: null, answer: Buffer) => void) => {
    assert.deepEqual(der, leaf.raw)
    done(null, staple)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const socket = tls.connect({
    port: (server.address() as AddressInfo).port,
    ca: authority.pem,
    servername: 'a.test',
    requestOCSP: true,
  })
  const [answer] = (await once(socket, 'OCSPResponse')) as [Buffer]
  socket.destroy()
  assert.deepEqual(answer, staple)
  // It goes on counting while the responder is away, and not a moment longer than it says.
  child.kill()
  await once(child, 'exit')
  clock.advance(3 * 86_400_000)
  await stapler.refresh()
  assert.match(notices.at(-1) ?? '', /ALARM: .*no OCSP answer/)
  assert.ok(stapler.find(fingerprint))
  clock.advance(2 * 86_400_000)
  assert.equal(stapler.find(fingerprint), undefined)
})
