import assert from 'node:assert/strict'
import test from 'node:test'

import { formatIp, type IpAddress, parseIp } from './ip.ts'
import { specialNetwork } from './special-networks.ts'

for (const [ip, network] of Object.entries({
  '127.0.0.1': '127.0.0.0/8',
  '0.0.0.0': '0.0.0.0/8',
  '10.255.255.255': '10.0.0.0/8',
  '100.64.0.0': '100.64.0.0/10',
  '172.31.255.255': '172.16.0.0/12',
  '192.0.0.9': '192.0.0.0/24',
  '198.19.255.255': '198.18.0.0/15',
  '239.1.2.3': '224.0.0.0/4',
  '255.255.255.255': '240.0.0.0/4',
  '::ffff:10.0.0.1': '10.0.0.0/8',
  '::': '::/128',
  '::1': '::1/128',
  '::127.0.0.1': '::/96 around 127.0.0.0/8',
  '::8.8.8.8': '::/96',
  '::ffff:0:127.0.0.1': '::ffff:0:0:0/96 around 127.0.0.0/8',
  '64:ff9b::10.0.0.1': '64:ff9b::/96 around 10.0.0.0/8',
  '64:ff9b:1::8.8.8.8': '64:ff9b:1::/48',
  '64:ff9b:2::1': '::/0',
  '2002:7f00:1::': '2002::/16 around 127.0.0.0/8',
  '2002:808:808::1': '2002::/16',
  '2001:0:1:2:3:4:80ff:fffe': '2001::/32 around 127.0.0.0/8',
  '2001::f7f7:f7f7': '2001::/32',
  '2001:1ff::1': '2001::/23',
  '2a00::5efe:192.168.0.1': 'ISATAP around 192.168.0.0/16',
  '2a00::200:5efe:c0a8:1': 'ISATAP around 192.168.0.0/16',
  'fd00::1': 'fc00::/7',
  'fe80::1': 'fe80::/10',
  'fec0::1': 'fec0::/10',
  'ff05::2': 'ff00::/8',
  '3fff:fff::1': '3fff::/20',
  '4000::1': '::/0',
})) {
  test(`special networks: ${ip} is in ${network}`, () => {
    const special = specialNetwork(parseIp(ip) as IpAddress)
    assert.equal(special?.network, network)
    assert.equal(special?.isMetadata, false)
  })
}

for (const ip of [
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  '64:ff9b::169.254.169.254',
  '2002:a9fe:a9fe::1',
]) {
  test(`special networks: ${ip} is metadata of a cloud`, () => {
    assert.equal(specialNetwork(parseIp(ip) as IpAddress)?.isMetadata, true)
  })
}

for (const ip of [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '168.63.129.17',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2001:200::1',
  '2003::1',
  '2606:4700::1111',
  '3ffe::1',
  '2a00::5efe:8.8.8.8',
]) {
  test(`special networks: ${ip} is public`, () => {
    const address = parseIp(ip) as IpAddress
    assert.equal(specialNetwork(address), undefined, formatIp(address))
  })
}
