import assert from 'node:assert/strict'
import test from 'node:test'

import { type ProxyReading, readProxyHeader } from './proxy-protocol.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'
const V4 = 'c0000207c0000201123401bb'
const V6 = `${'20010db8000000000000000000000007'.repeat(2)}123401bb`

/** A header of version 2: the two bytes after the signature, then the length and what follows. */
function binary(head: string, rest: string, length = rest.length / 2): Buffer {
  return Buffer.from(`${SIGNATURE}${head}${length.toString(16).padStart(4, '0')}${rest}`, 'hex')
}

const peer = (address: string, port: number, bytes: number): ProxyReading => ({
  kind: 'header',
  peer: { peer: address, peerPort: port },
  bytes,
})
const own = (bytes: number): ProxyReading => ({ kind: 'header', peer: undefined, bytes })

for (const { name, bytes, want } of [
  {
    name: 'version 1, IPv4',
    bytes: 'PROXY TCP4 192.0.2.7 192.0.2.1 4660 443\r\nGET /',
    want: peer('192.0.2.7', 4660, 41),
  },
  {
    name: 'version 1, IPv6',
    bytes: 'PROXY TCP6 2001:DB8::7 2001:db8::1 4660 443\r\n',
    want: peer('2001:db8::7', 4660, 45),
  },
  { name: 'version 1, UNKNOWN', bytes: 'PROXY UNKNOWN\r\nGET /', want: own(15) },
  { name: 'version 1, UNKNOWN with addresses', bytes: 'PROXY UNKNOWN ::1 ::1 1 2\r\n', want: own(27) },
  { name: 'version 2, IPv4', bytes: binary('2111', V4), want: peer('192.0.2.7', 0x1234, 28) },
  { name: 'version 2, IPv6', bytes: binary('2121', V6), want: peer('2001:db8::7', 0x1234, 52) },
  { name: 'version 2, LOCAL', bytes: binary('2000', ''), want: own(16) },
  { name: 'version 2, LOCAL with something to skip', bytes: binary('2011', `${V4}0102`), want: own(30) },
  { name: 'version 2, UNSPEC', bytes: binary('2100', ''), want: own(16) },
  {
    name: 'version 2 with TLVs',
    bytes: binary('2111', `${V4}01000268320400020000`),
    want: peer('192.0.2.7', 0x1234, 38),
  },
  {
    name: 'version 2 with the right checksum',
    bytes: binary('2111', `${V4}03000474453d9a`),
    want: peer('192.0.2.7', 0x1234, 35),
  },
] satisfies readonly { name: string; bytes: string | Buffer; want: ProxyReading }[]) {
  test(`${name} is read, and every part of it is incomplete`, () => {
    const whole = Buffer.from(bytes as string, 'latin1')
    assert.deepEqual(readProxyHeader(whole), want)
    const end = want.kind === 'header' ? want.bytes : 0
    for (let i = 0; i < end; i++) {
      const reading = readProxyHeader(whole.subarray(0, i))
      assert.equal(reading.kind, 'incomplete', `${i} of ${end} bytes`)
      assert.ok(reading.kind === 'incomplete' && reading.needed > i && reading.needed <= end)
    }
  })
}

for (const { name, bytes } of [
  { name: 'HTTP', bytes: 'GET / HTTP/1.1\r\n' },
  { name: 'a hello of TLS', bytes: Buffer.from([22, 3, 1]) },
  { name: 'lower case', bytes: 'proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n' },
  { name: 'two spaces', bytes: 'PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n' },
  { name: 'a space at the end', bytes: 'PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n' },
  { name: 'a tab', bytes: 'PROXY TCP4\t192.0.2.7 192.0.2.1 1 2\r\n' },
  { name: 'IPv6 as TCP4', bytes: 'PROXY TCP4 ::1 192.0.2.1 1 2\r\n' },
  { name: 'IPv4 as TCP6', bytes: 'PROXY TCP6 192.0.2.1 ::1 1 2\r\n' },
  { name: 'an octet too large', bytes: 'PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n' },
  { name: 'leading zeros in an octet', bytes: 'PROXY TCP4 192.0.2.007 192.0.2.1 1 2\r\n' },
  { name: 'a port too large', bytes: 'PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n' },
  { name: 'a port with a leading zero', bytes: 'PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n' },
  { name: 'a negative port', bytes: 'PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n' },
  { name: 'UDP', bytes: 'PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n' },
  { name: 'a bare LF', bytes: `PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n${' '.repeat(107)}` },
  { name: 'a line too long', bytes: `PROXY UNKNOWN ${'x'.repeat(100)}\r\n` },
  { name: 'version 3', bytes: binary('3111', V4) },
  { name: 'a command that is none', bytes: binary('2211', V4) },
  { name: 'UDP in version 2', bytes: binary('2112', V4) },
  { name: 'a UNIX socket', bytes: binary('2131', 'ff'.repeat(216)) },
  { name: 'addresses that break off', bytes: binary('2111', V4.slice(2)) },
  { name: 'a header too large', bytes: binary('2111', '', 4097) },
  { name: 'a TLV that breaks off', bytes: binary('2111', `${V4}01000568`) },
  { name: 'a TLV without a length', bytes: binary('2111', `${V4}0100`) },
  { name: 'too many TLVs', bytes: binary('2111', V4 + '040000'.repeat(65)) },
  { name: 'a checksum that is wrong', bytes: binary('2111', `${V4}03000400000000`) },
  { name: 'a checksum of two bytes', bytes: binary('2111', `${V4}0300020000`) },
]) {
  test(`${name} is wrong`, () => {
    assert.equal(readProxyHeader(Buffer.from(bytes as string, 'latin1')).kind, 'wrong')
  })
}

test('bytes at random never throw, and nothing but the two forms is a header', () => {
  let state = 7
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) >> 16
  for (let i = 0; i < 20_000; i++) {
    const whole =
      i % 2 === 0 ? binary('2111', `${V4}0100026832`) : Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n')
    for (let n = 0; n < 3; n++) whole.writeUInt8(next() & 0xff, next() % whole.length)
    const reading = readProxyHeader(whole)
    if (reading.kind === 'header') assert.ok(reading.bytes <= whole.length)
  }
})
