// Mail over real SMTP, by the queue in the store.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import tls from 'node:tls'

import { X509CertificateGenerator } from '@peculiar/x509'

import { ManualClock, systemRandom } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { type Database, migrate, openSqlite } from '../../store/index.ts'
import {
  folderTransport,
  type Letter,
  MailQueue,
  PostOffice,
  smtpTransport,
  type Transport,
} from '../index.ts'

const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers.toReversed()) await close()
})

/** A mail server of RFC 5321 with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954), as far as a sender needs one. */
async function startMailServer(options: {
  readonly certificate?: { readonly key: string; readonly cert: string }
  readonly password?: string
}) {
  const got: { readonly tls: boolean; readonly to: string[]; readonly text: string }[] = []
  const state = { refuse: 0 }
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    const talk = (line: net.Socket, isTls: boolean): void => {
      let [rest, to, isData, isIn] = ['', [] as string[], false, options.password === undefined]
      const say = (text: string): void => void line.write(`${text}\r\n`)
      line.on('error', () => undefined)
      line.on('data', (chunk: Buffer) => {
        rest += chunk.toString('utf8')
        for (;;) {
          const end = rest.indexOf(isData ? '\r\n.\r\n' : '\r\n')
          if (end < 0) return
          const text = rest.slice(0, end)
          rest = rest.slice(end + (isData ? 5 : 2))
          if (isData) {
            isData = false
            got.push({ tls: isTls, to, text })
            to = []
            say('250 taken')
            continue
          }
          const verb = text.slice(0, 4).toUpperCase()
          if (verb === 'EHLO') {
            const canTls = !isTls && options.certificate !== undefined
            say(
              `250-test\r\n${canTls ? '250-STARTTLS\r\n' : ''}${options.password === undefined ? '' : '250-AUTH PLAIN\r\n'}250 8BITMIME`,
            )
          } else if (text === 'STARTTLS' && options.certificate) {
            say('220 go ahead')
            line.removeAllListeners('data')
            talk(new tls.TLSSocket(line, { isServer: true, ...options.certificate }), true)
            return
          } else if (verb === 'STAR') say('502 not here')
          else if (verb === 'AUTH') {
            const plain = Buffer.from(text.split(' ')[2] ?? '', 'base64')
              .toString()
              .split('\0')
            isIn = plain[2] === options.password
            say(isIn ? '235 in' : '535 no')
          } else if (verb === 'MAIL') {
            if (state.refuse > 0) {
              state.refuse--
              say('451 later')
            } else say(isIn ? '250 ok' : '530 sign in')
          } else if (verb === 'RCPT') {
            to.push(text.slice(8))
            say('250 ok')
          } else if (verb === 'DATA') {
            isData = true
            say('354 go on')
          } else if (verb === 'QUIT') {
            say('221 bye')
            line.end()
          } else say('250 ok')
        }
      })
    }
    talk(socket, false)
    socket.write('220 test\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return { got, state, port: (server.address() as AddressInfo).port }
}

async function makeCertificate(): Promise<{ key: string; cert: string }> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    notAfter: new Date(Date.now() + 86_400_000),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    cert: made.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  }
}

async function openPost(transport: Transport, write: (kind: string) => Letter | undefined) {
  const database: Database = await openSqlite(':memory:')
  closers.push(() => database.close())
  await migrate(database)
  const clock = new ManualClock()
  const queue = new MailQueue(database, clock, systemRandom)
  const notices: string[] = []
  const post = new PostOffice({
    queue,
    transport,
    write: async (row) => write(row.kind),
    onNotice: (line) => notices.push(line),
  })
  closers.push(() => post.close())
  const ask = (email = 'ann@shop.test') =>
    queue.add({ kind: 'reset-asked', realm: 'site', email, language: 'en' })
  return { queue, post, clock, notices, ask, database }
}

const LETTER: Letter = {
  to: 'ann@shop.test',
  subject: 'Gr\u00fc\u00dfe',
  text: `Guten Tag,\n\n${'\u00e4'.repeat(200)}\n.\nEnde\n`,
}
const SENDER = 'Shop <shop@shop.test>'

test('a mail goes over TLS with a password; a server without TLS, or with a certificate that does not hold, gets nothing', async () => {
  const certificate = await makeCertificate()
  const server = await startMailServer({ certificate, password: 'pass/word' })
  const url = (host: string): Secret => new Secret(`smtp://shop:pass%2Fword@${host}:${server.port}`)
  const before = tls.getCACertificates('default')
  const stranger = smtpTransport(url('localhost'), SENDER, false)
  await assert.rejects(stranger.send(LETTER), /self.signed|certificate/i)
  assert.equal(server.got.length, 0)
  tls.setDefaultCACertificates([...before, certificate.cert])
  try {
    const transport = smtpTransport(url('localhost'), SENDER, false)
    assert.ok(!transport.name.includes('pass'), 'the name of the server says no password')
    await transport.send(LETTER)
    transport.close()
  } finally {
    tls.setDefaultCACertificates(before)
  }
  assert.equal(server.got.length, 1)
  const [mail] = server.got
  assert.ok(mail?.tls)
  assert.deepEqual(mail.to, ['<ann@shop.test>'])
  assert.match(mail.text, /^From: Shop <shop@shop\.test>$/m)
  assert.match(mail.text, /^Auto-Submitted: auto-generated$/m)
  assert.match(mail.text, /^Content-Type: text\/plain; charset=utf-8$/m)
  const plain = await startMailServer({})
  const strict = smtpTransport(new Secret(`smtp://127.0.0.1:${plain.port}`), SENDER, false)
  await assert.rejects(strict.send(LETTER))
  assert.equal(plain.got.length, 0, 'not a byte of the mail in the clear')
  const loose = smtpTransport(new Secret(`smtp://127.0.0.1:${plain.port}`), SENDER, true)
  await loose.send(LETTER)
  assert.equal(plain.got.length, 1)
  assert.throws(() => smtpTransport(new Secret('http://x'), SENDER, false), /must be smtps/)
})

test('what cannot be sent is tried again, later each time, and given up at last', async () => {
  const server = await startMailServer({})
  const { queue, post, clock, notices, ask } = await openPost(
    smtpTransport(new Secret(`smtp://127.0.0.1:${server.port}`), SENDER, true),
    () => LETTER,
  )
  server.state.refuse = 2
  await ask()
  assert.equal(await post.flush(), 0)
  assert.equal(await post.flush(), 0, 'not before its time')
  clock.advance(61_000)
  assert.equal(await post.flush(), 0)
  clock.advance(4 * 60_000)
  assert.equal(await post.flush(), 0, 'the second wait is longer')
  clock.advance(61_000)
  assert.equal(await post.flush(), 1)
  assert.equal(await queue.waiting(), 0)
  assert.equal(notices.length, 2)
  assert.ok(!notices.join().includes('ann@'), 'a notice names nobody')
  server.state.refuse = 99
  await ask()
  for (let i = 0; i < 10; i++) {
    await post.flush()
    clock.advance(8 * 3_600_000 + 1000)
  }
  assert.equal(await queue.waiting(), 0)
  assert.match(notices.at(-1) ?? '', /given up/)
})

test('two post offices send each mail once, and where there is nothing to say nothing is sent', async () => {
  const sent: Letter[] = []
  const transport: Transport = {
    name: 'list',
    send: async (letter) => void sent.push(letter),
    close: () => undefined,
  }
  const { queue, post, database, clock, ask } = await openPost(transport, (kind) =>
    kind === 'deleted' ? undefined : LETTER,
  )
  const other = new PostOffice({
    queue: new MailQueue(database, clock, systemRandom),
    transport,
    write: async () => LETTER,
    onNotice: () => undefined,
  })
  for (let i = 0; i < 15; i++) await ask(`a${i}@shop.test`)
  await Promise.all([post.flush(), other.flush()])
  assert.equal(sent.length, 15)
  await queue.add({ kind: 'deleted', realm: 'site', email: 'a@b.test', language: 'en' })
  assert.equal(await post.flush(), 0)
  assert.equal(await queue.waiting(), 0)
})

test('without a server a mail is a file that only its owner reads, whoever it claims to be for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-mail-'))
  closers.push(() => rmSync(directory, { recursive: true, force: true }))
  const folder = join(directory, 'mail')
  const transport = folderTransport(folder, SENDER)
  await transport.send(LETTER)
  await transport.send({ ...LETTER, to: 'ann@shop.test, eve@evil.test', subject: 'x\r\nBcc: eve@evil.test' })
  const files = readdirSync(folder).sort()
  assert.equal(files.length, 2)
  assert.equal(statSync(join(folder, files[0] as string)).mode & 0o777, 0o600)
  const head = readFileSync(join(folder, files[1] as string), 'utf8').split('\n\n')[0] ?? ''
  assert.doesNotMatch(head, /^Bcc:/im)
  transport.close()
})
