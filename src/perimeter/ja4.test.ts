// The published example and rules of FoxIO's specification of JA4, rebuilt as hellos.
import assert from 'node:assert/strict'
import test from 'node:test'

import { type ClientHello, readClientHello } from './client-hello.ts'
import { ja4, ja4Raw } from './ja4.ts'
import { body, hello, helloMessage, inRecords } from './testing.ts'

const hex = (list: string): number[] => list.split(',').map((value) => Number.parseInt(value, 16))
const suites = hex('1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035')
const extensions = hex('001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015')
const algorithms = hex('0403,0804,0401,0503,0805,0501,0806,0601')
const browser = hello({
  supportedVersions: [0x0304, 0x0303],
  cipherSuites: suites,
  extensions,
  alpn: ['h2', 'http/1.1'],
  signatureAlgorithms: algorithms,
})

test('the published example: hashed, raw, shuffled and with GREASE everywhere', () => {
  assert.equal(ja4(browser), 't13d1516h2_8daaf6152771_e5627efa2ab1')
  assert.equal(
    ja4Raw(browser),
    't13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_' +
      '0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601',
  )
  const greased = {
    ...browser,
    supportedVersions: [0xfafa, 0x0304, 0x0303],
    cipherSuites: [0x5a5a, ...suites.toReversed()],
    extensions: [0x0a0a, ...extensions.toReversed(), 0x1a1a],
    signatureAlgorithms: [0xcaca, ...algorithms],
  }
  assert.equal(ja4(greased), ja4(browser))
})

test('the published example from bytes', () => {
  const bodies = new Map([
    [0x0000, body.serverName('shop.example')],
    [0x000a, body.numbers(0x001d)],
    [0x000d, body.numbers(...algorithms)],
    [0x0010, body.alpn('h2', 'http/1.1')],
    [0x002b, body.versions(0x6a6a, 0x0304, 0x0303)],
  ])
  const bytes = inRecords(
    helloMessage({
      cipherSuites: [0x2a2a, ...suites],
      extensions: [0x8a8a, ...extensions].map((type) => [type, bodies.get(type) ?? []] as const),
    }),
  )
  const reading = readClientHello(bytes)
  assert.equal(reading.kind === 'hello' && ja4(reading.hello), 't13d1516h2_8daaf6152771_e5627efa2ab1')
})

test('the order of the signature algorithms counts, that of nothing else', () => {
  assert.notEqual(ja4({ ...browser, signatureAlgorithms: algorithms.toReversed() }), ja4(browser))
})

test('without signature algorithms there is no underscore, and without values no hash', () => {
  assert.equal(
    ja4({ ...browser, signatureAlgorithms: [] }).split('_')[2],
    '6d807ffa2a79',
    'the example of the specification',
  )
  assert.equal(ja4(hello({ cipherSuites: [0x0a0a] })), 't12i000000_000000000000_000000000000')
  assert.equal(
    ja4(hello({ extensions: [0, 16], alpn: ['h2'] })),
    't12d0002h2_000000000000_000000000000',
    'name and protocols are in the first part already',
  )
})

const prefixes: readonly [string, Partial<ClientHello>, string][] = [
  ['TLS 1.3', { supportedVersions: [0x0303, 0x0304] }, 't13i000000'],
  ['TLS 1.2 by the old field', { legacyVersion: 0x0303 }, 't12i000000'],
  ['TLS 1.1', { legacyVersion: 0x0302 }, 't11i000000'],
  ['TLS 1.0', { legacyVersion: 0x0301 }, 't10i000000'],
  ['SSL 3.0', { legacyVersion: 0x0300 }, 'ts3i000000'],
  ['a version that nobody knows', { legacyVersion: 0x0399 }, 't00i000000'],
  ['only GREASE as version', { supportedVersions: [0x0a0a] }, 't12i000000'],
  ['a name asked for', { extensions: [0], serverName: 'a' }, 't12d000100'],
  [
    'more than 99 of each',
    { cipherSuites: range(100), extensions: range(120).map((i) => i + 100) },
    't12i999900',
  ],
  ['http/1.1', { alpn: ['http/1.1'] }, 't12i0000h1'],
  ['one letter', { alpn: ['x'] }, 't12i0000xx'],
  ['an empty name', { alpn: [''] }, 't12i000000'],
  ['0xAB', { alpn: ['\xab'] }, 't12i0000ab'],
  ['0xAB 0xCD', { alpn: ['\xab\xcd'] }, 't12i0000ad'],
  ['0x30 0xAB', { alpn: ['0\xab'] }, 't12i00003b'],
  ['0x30 0x31 0xAB 0xCD', { alpn: ['01\xab\xcd'] }, 't12i00003d'],
  ['0x30 0xAB 0xCD 0x31', { alpn: ['0\xab\xcd1'] }, 't12i000001'],
]
for (const [name, parts, expected] of prefixes) {
  test(`the first part: ${name}`, () => {
    assert.equal(ja4(hello(parts)).split('_')[0], expected)
  })
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}
