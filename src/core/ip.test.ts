import assert from 'node:assert/strict'
import test from 'node:test'

import { clientNetwork, formatIp, IpList, isLoopback, parseIp, parseNetwork } from './ip.ts'

for (const { text, want } of [
  { text: '127.0.0.1', want: '127.0.0.1' },
  { text: '::ffff:10.0.0.1', want: '10.0.0.1' },
  { text: '::FFFF:0A00:0001', want: '10.0.0.1' },
  { text: '2001:DB8:0:0:1:0:0:1', want: '2001:db8::1:0:0:1' },
  { text: '::', want: '::' },
  { text: '::1', want: '::1' },
  { text: '1::', want: '1::' },
  { text: '64:ff9b::10.0.0.1', want: '64:ff9b::a00:1' },
  { text: '1:2:3:4:5:6:7:8', want: '1:2:3:4:5:6:7:8' },
  { text: '127.1', want: undefined },
  { text: '0177.0.0.1', want: undefined },
  { text: '256.0.0.1', want: undefined },
  { text: '1.2.3.4.', want: undefined },
  { text: '1:2:3:4:5:6:7', want: undefined },
  { text: '1::2::3', want: undefined },
  { text: '1:2:3:4:5:6:7::8', want: undefined },
  { text: 'fe80::1%eth0', want: undefined },
  { text: '12345::', want: undefined },
  { text: '1.2.3.4::', want: undefined },
  { text: '', want: undefined },
]) {
  test(`ip: \`${text}\` is read as ${want ?? 'no address'}`, () => {
    const ip = parseIp(text)
    assert.equal(ip && formatIp(ip), want)
  })
}

for (const { text, ip, want } of [
  { text: '10.0.0.0/8', ip: '10.255.0.1', want: true },
  { text: '10.0.0.0/8', ip: '11.0.0.1', want: false },
  { text: '10.0.0.0/8', ip: '::ffff:10.1.1.1', want: true },
  { text: '::ffff:10.0.0.0/104', ip: '10.1.1.1', want: true },
  { text: '2001:db8::/32', ip: '2001:db8:ffff::1', want: true },
  { text: '2001:db8::/32', ip: '2001:db9::1', want: false },
  { text: '0.0.0.0/0', ip: '::1', want: false },
  { text: '192.0.2.7', ip: '192.0.2.7', want: true },
]) {
  test(`ip list: ${text} ${want ? 'holds' : 'does not hold'} ${ip}`, () => {
    const address = parseIp(ip)
    assert.ok(address)
    assert.equal(new IpList([text]).find(formatIp(address)) !== undefined, want)
  })
}

test('a network with host bits set or a wrong length is no network', () => {
  for (const text of [
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'x/8',
    '::/129',
    '::ffff:0:0/95',
  ]) {
    assert.equal(parseNetwork(text), undefined, text)
  }
})

test('one IPv6 client is its /64, one IPv4 client is its address', () => {
  assert.equal(clientNetwork('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(clientNetwork('192.0.2.7'), '192.0.2.7')
})

test('loopback is 127/8, ::1 and the mapped forms', () => {
  for (const ip of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(ip), ip)
  for (const ip of ['128.0.0.1', '::', '::2', 'localhost']) assert.ok(!isLoopback(ip), ip)
})
