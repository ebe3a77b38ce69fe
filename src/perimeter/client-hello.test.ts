import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import test from 'node:test'
import tls from 'node:tls'

import { HELLO_BOUNDS, isGrease, readClientHello } from './client-hello.ts'
import { body, type HelloParts, helloMessage, inRecords, sized, word } from './testing.ts'

const full: HelloParts = {
  sessionId: Array.from({ length: 32 }, () => 7),
  cipherSuites: [0x0a0a, 0x1301, 0xc02b],
  extensions: [
    [0x1a1a, []],
    [0, body.serverName('shop.example')],
    [10, body.numbers(0x2a2a, 0x11ec, 0x001d)],
    [13, body.numbers(0x0403, 0x0804)],
    [16, body.alpn('h2', 'http/1.1')],
    [43, body.versions(0x3a3a, 0x0304, 0x0303)],
    [51, Array.from({ length: 1200 }, () => 1)],
  ],
}
const fullHello = {
  legacyVersion: 0x0303,
  supportedVersions: [0x3a3a, 0x0304, 0x0303],
  cipherSuites: [0x0a0a, 0x1301, 0xc02b],
  extensions: [0x1a1a, 0, 10, 13, 16, 43, 51],
  serverName: 'shop.example',
  alpn: ['h2', 'http/1.1'],
  signatureAlgorithms: [0x0403, 0x0804],
  groups: [0x2a2a, 0x11ec, 0x001d],
  resumes: { sessionId: '07'.repeat(32), identity: undefined },
}

test('a hello is read the same however it is cut into records and whatever follows', () => {
  const message = helloMessage(full)
  for (const recordBytes of [16_384, 1000, 100, 41, Math.ceil(message.length / HELLO_BOUNDS.maxRecords)]) {
    const bytes = inRecords(message, recordBytes)
    assert.deepEqual(readClientHello(bytes), { kind: 'hello', hello: fullHello }, `${recordBytes}`)
    // A change of cipher and early data may follow at once (RFC 8446 4.2.10).
    const followed = Uint8Array.from([...bytes, 20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 5, 1, 2, 3, 4, 5])
    assert.deepEqual(readClientHello(followed), { kind: 'hello', hello: fullHello }, `${recordBytes}`)
  }
})

test('every part of a hello is incomplete, and what it says it needs is never more than there is', () => {
  for (const recordBytes of [16_384, 100, 41]) {
    const bytes = inRecords(helloMessage(full), recordBytes)
    for (let length = 0; length < bytes.length; length++) {
      const reading = readClientHello(bytes.subarray(0, length))
      assert.equal(reading.kind, 'incomplete', `${length} bytes`)
      const needed = reading.kind === 'incomplete' ? reading.needed : 0
      assert.ok(needed > length && needed <= bytes.length, `${length}: needs ${needed}`)
    }
  }
})

test('a hello without extensions is one of an old client', () => {
  const reading = readClientHello(inRecords(helloMessage({ legacyVersion: 0x0301 })))
  assert.equal(reading.kind, 'hello')
  assert.deepEqual(reading.kind === 'hello' && reading.hello.extensions, [])
})

const withExtension = (type: number, ...data: number[]): Uint8Array =>
  inRecords(helloMessage({ extensions: [[type, data]] }))
const message = helloMessage(full)
const refused: readonly [string, Uint8Array, RegExp][] = [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), /plain HTTP/],
  ['the first letter of HTTP', Buffer.from('P'), /plain HTTP/],
  ['an SSL 2.0 hello', Uint8Array.of(0x80, 0x2e, 1, 0, 2), /SSL 2\.0/],
  ['SSH', Buffer.from('ssh-2.0'), /not a TLS handshake/],
  ['an alert', Uint8Array.of(21, 3, 3, 0, 2, 1, 0), /not a TLS handshake/],
  ['a record of version 4', Uint8Array.of(22, 4), /version/],
  ['an empty record', Uint8Array.of(22, 3, 1, 0, 0), /length/],
  ['a record over 2^14', Uint8Array.of(22, 3, 1, 0x40, 1), /length/],
  ['a ServerHello', Uint8Array.of(22, 3, 1, 0, 50, 2), /not a ClientHello/],
  ['a hello of 16 MB', Uint8Array.of(22, 3, 1, 0, 4, 1, 255, 255, 255), /too large/],
  [
    'a hello over the bound',
    inRecords([
      1,
      ...sized(
        3,
        Array.from({ length: 16_400 }, () => 0),
      ),
    ]),
    /too large/,
  ],
  ['a record per byte', inRecords(message, 1), /too many records/],
  ['an alert in the middle', Uint8Array.from([...inRecords(message.slice(0, 50)), 21, 3, 3]), /breaks off/],
  ['a second message in the record', inRecords([...message, 1]), /follows the ClientHello/],
  ['a legacy version of 2.0', inRecords(helloMessage({ legacyVersion: 0x0200 })), /no known version/],
  ['no cipher suites', inRecords(helloMessage({ cipherSuites: [] })), /does not add up/],
  [
    'too many cipher suites',
    inRecords(
      helloMessage({ cipherSuites: Array.from({ length: HELLO_BOUNDS.maxCipherSuites + 1 }, (_, i) => i) }),
    ),
    /does not add up/,
  ],
  [
    'a session id of 33 bytes',
    inRecords(helloMessage({ sessionId: Array.from({ length: 33 }, () => 1) })),
    /add up/,
  ],
  ['no compression method', inRecords(helloMessage({ compression: [] })), /does not add up/],
  ['a byte after the extensions', inRecords(padded(helloMessage({ extensions: [] }))), /extensions do not/],
  ['half an extension', inRecords(resized(helloMessage({ extensions: [[5, [1, 2]]] }))), /extensions do not/],
  [
    'an extension twice',
    inRecords(
      helloMessage({
        extensions: [
          [5, []],
          [5, []],
        ],
      }),
    ),
    /5 comes twice/,
  ],
  [
    'an extension after pre_shared_key',
    inRecords(
      helloMessage({
        extensions: [
          [41, []],
          [5, []],
        ],
      }),
    ),
    /follows pre_shared_key/,
  ],
  [
    'too many extensions',
    inRecords(
      helloMessage({
        extensions: Array.from({ length: HELLO_BOUNDS.maxExtensions + 1 }, (_, i) => [1000 + i, []] as const),
      }),
    ),
    /too many extensions/,
  ],
  ['an empty server name', withExtension(0, ...body.serverName('')), /extension 0/],
  ['an empty list of names', withExtension(0, 0, 0), /extension 0/],
  ['a server name with a NUL', withExtension(0, ...body.serverName('a\0b')), /extension 0/],
  ['a server name beyond ASCII', withExtension(0, ...body.serverName('\u00e9')), /extension 0/],
  ['a server name of 256 bytes', withExtension(0, ...body.serverName('a'.repeat(256))), /extension 0/],
  ['a name of another type', withExtension(0, ...sized(2, [1, ...sized(2, [65])])), /extension 0/],
  ['two names', withExtension(0, ...sized(2, [0, ...sized(2, [65]), 0, ...sized(2, [66])])), /extension 0/],
  ['a byte after the names', withExtension(0, ...body.serverName('a'), 0), /extension 0/],
  ['an empty protocol', withExtension(16, ...body.alpn('h2', '')), /extension 16/],
  ['no protocol', withExtension(16, 0, 0), /extension 16/],
  ['half a protocol', withExtension(16, 0, 3, 5, 65, 65), /extension 16/],
  ['no versions', withExtension(43, 0), /extension 43/],
  ['one and a half versions', withExtension(43, 3, 3, 4, 3), /extension 43/],
  ['no groups', withExtension(10, 0, 0), /extension 10/],
  ['a byte after the groups', withExtension(10, ...body.numbers(29), 0), /extension 10/],
  ['an odd list of signature algorithms', withExtension(13, 0, 3, 4, 3, 8), /extension 13/],
]
for (const [name, bytes, reason] of refused) {
  test(`refused: ${name}`, () => {
    const reading = readClientHello(bytes)
    assert.equal(reading.kind, 'not-tls')
    assert.match(reading.kind === 'not-tls' ? reading.reason : '', reason)
  })
}

/** One more byte in the message than its parts account for. */
function padded(message: readonly number[]): number[] {
  return [1, ...sized(3, [...message.slice(4), 0])]
}

/** The last byte cut off, the lengths around it made to fit, that of the extension not. */
function resized(message: readonly number[]): number[] {
  const before = message.slice(4, -8)
  return [1, ...sized(3, [...before, ...sized(2, message.slice(-6, -1))])]
}

test('no damage of one byte makes it throw, and each gives an answer', () => {
  const bytes = inRecords(message, 300)
  const kinds = new Map<string, number>()
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 127, 255]) {
      const damaged = Uint8Array.from(bytes)
      damaged[at] = value
      const { kind } = readClientHello(damaged)
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }
  }
  assert.deepEqual([...kinds.keys()].sort(), ['hello', 'incomplete', 'not-tls'])
})

test('the sixteen values of RFC 8701 are GREASE, and no others', () => {
  const found = Array.from({ length: 65_536 }, (_, value) => value).filter(isGrease)
  assert.deepEqual(
    found,
    Array.from({ length: 16 }, (_, i) => 0x0a0a + 0x1010 * i),
  )
})

test('the hello of a real client is read: what it was told to offer is what is seen', async () => {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = tls.connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername: 'shop.example',
    ALPNProtocols: ['http/1.1'],
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    ecdhCurve: 'X25519:P-256',
    sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256',
  })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  const reading = readClientHello(bytes)
  assert.equal(reading.kind, 'hello')
  const hello = reading.kind === 'hello' ? reading.hello : undefined
  assert.equal(hello?.serverName, 'shop.example')
  assert.deepEqual(hello.alpn, ['http/1.1'])
  // 0x00ff says that secure renegotiation is known (RFC 5746 3.3); newer versions of OpenSSL say it by an extension.
  assert.deepEqual(
    hello.cipherSuites.filter((suite) => suite !== 0x00ff),
    [0x1301, 0xc02f],
  )
  assert.deepEqual(hello.supportedVersions, [0x0304, 0x0303])
  assert.deepEqual(hello.groups, [0x001d, 0x0017])
  assert.deepEqual(hello.signatureAlgorithms, [0x0403, 0x0804])
  assert.deepEqual(word(hello.legacyVersion), [3, 3])
})
