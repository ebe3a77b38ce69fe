import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'node:test'

import { parseIp, parseNetwork } from '../core/ip.ts'
import { type GeoConfig, Geography, geoVerdict } from './geography.ts'

type Value = string | number | { readonly [key: string]: Value } | readonly string[]

/** A value as the MaxMind DB format 2.0 writes it ("Output Data Section"): a control byte with type and size, then the payload. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    assert.ok(text.length < 29 + 256)
    const size = text.length < 29 ? [(2 << 5) | text.length] : [(2 << 5) | 29, text.length - 29]
    return Buffer.concat([Buffer.from(size), text])
  }
  if (typeof value === 'number') {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(value)
    return Buffer.concat([Buffer.of((6 << 5) | 4), number])
  }
  if (Array.isArray(value)) return Buffer.concat([Buffer.of(value.length, 11 - 7), ...value.map(encode)])
  const pairs = Object.entries(value)
  return Buffer.concat([
    Buffer.of((7 << 5) | pairs.length),
    ...pairs.flatMap(([key, item]) => [encode(key), encode(item)]),
  ])
}

interface Made {
  readonly ipVersion?: 4 | 6
  readonly recordSize?: 24 | 28 | 32
  readonly metadata?: { readonly [key: string]: Value }
}

/** A database in memory: a binary tree of the networks, their records, and the description. */
function database(networks: { readonly [network: string]: Value }, made: Made = {}): Buffer {
  const { ipVersion = 6, recordSize = 24 } = made
  const nodes: (number | { data: number } | undefined)[][] = [[undefined, undefined]]
  const data: Buffer[] = []
  let dataSize = 0
  for (const [text, record] of Object.entries(networks)) {
    const network = parseNetwork(text)
    assert.ok(network)
    const lead = ipVersion === 6 && network.bits === 32 ? 96 : 0
    const bits = network.value.toString(2).padStart(network.bits, '0').slice(0, network.prefixLength)
    let node = 0
    for (const [i, bit] of [...'0'.repeat(lead), ...bits].entries()) {
      const here = nodes[node] as (typeof nodes)[number]
      if (i === lead + network.prefixLength - 1) here[Number(bit)] = { data: dataSize }
      else {
        here[Number(bit)] ??= nodes.push([undefined, undefined]) - 1
        node = here[Number(bit)] as number
      }
    }
    const bytes = encode(record)
    data.push(bytes)
    dataSize += bytes.length
  }
  const tree = nodes.map((node) => {
    const [left, right] = node.map((to) =>
      to === undefined ? nodes.length : typeof to === 'number' ? to : nodes.length + 16 + to.data,
    ) as [number, number]
    const bytes = Buffer.alloc(recordSize / 4)
    if (recordSize === 28) {
      bytes.writeUIntBE(left & 0xffffff, 0, 3)
      bytes[3] = ((left >>> 24) << 4) | (right >>> 24)
      bytes.writeUIntBE(right & 0xffffff, 4, 3)
    } else {
      bytes.writeUIntBE(left, 0, recordSize / 8)
      bytes.writeUIntBE(right, recordSize / 8, recordSize / 8)
    }
    return bytes
  })
  const description = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_767_225_600,
    database_type: 'Test',
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: recordSize,
    ...made.metadata,
  })
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  return Buffer.concat([...tree, Buffer.alloc(16), ...data, marker, description])
}

const WORLD = {
  '192.0.2.0/24': { country: { iso_code: 'FR' }, autonomous_system_number: 64_496 },
  '198.51.100.0/25': { country_code: 'de' },
  '198.51.100.128/25': { country: 'JP', asn: 'AS64497' },
  '203.0.113.0/24': { autonomous_system_number: 64_498, autonomous_system_organization: 'Example' },
  '10.0.0.0/8': { country_code: 'ZZ' },
  '172.16.0.0/12': { country_code: 'Neverland', asn: 'x' },
  '2001:db8::/32': { country: { iso_code: 'BR' } },
}

for (const { ip, country, asn } of [
  { ip: '192.0.2.77', country: 'FR', asn: 64_496 },
  { ip: '::ffff:192.0.2.77', country: 'FR', asn: 64_496 },
  { ip: '::FFFF:C000:24D', country: 'FR', asn: 64_496 },
  { ip: '198.51.100.127', country: 'DE', asn: undefined },
  { ip: '198.51.100.128', country: 'JP', asn: 64_497 },
  { ip: '203.0.113.1', country: undefined, asn: 64_498 },
  { ip: '10.1.1.1', country: undefined, asn: undefined },
  { ip: '172.16.0.1', country: undefined, asn: undefined },
  { ip: '2001:DB8:1::', country: 'BR', asn: undefined },
  { ip: '2001:db9::1', country: undefined, asn: undefined },
  { ip: '8.8.8.8', country: undefined, asn: undefined },
  { ip: '', country: undefined, asn: undefined },
  { ip: '192.0.2', country: undefined, asn: undefined },
  { ip: '192.0.2.77.example', country: undefined, asn: undefined },
  { ip: '__proto__', country: undefined, asn: undefined },
]) {
  test(`geography: \`${ip}\` is of ${country ?? 'no country'} and ${asn === undefined ? 'no AS' : `AS${asn}`}, whatever the record size`, () => {
    for (const recordSize of [24, 28, 32] as const) {
      const geography = Geography.open(database(WORLD, { recordSize }))
      assert.equal(geography.country(ip), country)
      assert.equal(geography.asn(ip), asn)
    }
  })
}

test('geography: a database says when it was made and what it is', () => {
  const geography = Geography.open(new Uint8Array(database(WORLD)))
  assert.equal(geography.built.toISOString(), '2026-01-01T00:00:00.000Z')
  assert.equal(geography.kind, 'Test')
})

test('geography: a database of IPv4 alone knows nothing of IPv6', () => {
  const geography = Geography.open(database({ '0.0.0.0/1': { country_code: 'FR' } }, { ipVersion: 4 }))
  assert.equal(geography.country('1.2.3.4'), 'FR')
  assert.equal(geography.country('::1'), undefined)
})

const whole = database(WORLD)
for (const { name, bytes, want } of [
  { name: 'an empty file', bytes: Buffer.alloc(0), want: /description/ },
  { name: 'a web page', bytes: Buffer.from('<html>not found</html>'), want: /description/ },
  {
    name: 'a file cut at its end',
    bytes: whole.subarray(0, whole.length - 30),
    want: /description or tree/,
  },
  {
    name: 'a file that misses its start',
    bytes: whole.subarray(600),
    want: /description or tree/,
  },
  {
    name: 'another major version',
    bytes: database(WORLD, { metadata: { binary_format_major_version: 3 } }),
    want: /3\.x/,
  },
  {
    name: 'another IP version',
    bytes: database(WORLD, { metadata: { ip_version: 5 } }),
    want: /no IP version/,
  },
  { name: 'no nodes', bytes: database(WORLD, { metadata: { node_count: 0 } }), want: /no number of nodes/ },
  {
    name: 'more nodes than there are',
    bytes: database(WORLD, { metadata: { node_count: 900_000 } }),
    want: /cut short/,
  },
  {
    name: 'an odd record size',
    bytes: database(WORLD, { metadata: { record_size: 20 } }),
    want: /description/,
  },
  {
    name: 'no date',
    bytes: database(WORLD, { metadata: { build_epoch: 'soon' } }),
    want: /when it was made/,
  },
  {
    name: 'a database of something else',
    bytes: database({ '192.0.2.0/24': { is_anonymous: 1 } }),
    want: /neither countries nor ASNs/,
  },
  {
    name: 'a tree that points behind its data',
    bytes: Buffer.concat([Buffer.of(0x7f, 0xff, 0xff), whole.subarray(3)]),
    want: /node 0 points nowhere/,
  },
  {
    name: 'a tree that runs in circles',
    bytes: Buffer.concat([
      Buffer.alloc(6),
      database({ '::/1': { a: 1 } }, { metadata: { node_count: 1 } }).subarray(6),
    ]),
    want: /neither countries nor ASNs/,
  },
]) {
  test(`geography: ${name} is refused with what to do`, () => {
    const open = (): Geography => Geography.open(bytes)
    assert.throws(open, (error: Error) => {
      assert.equal(error.name, 'RingwallError')
      assert.equal('code' in error && error.code, 'perimeter.geography-unreadable')
      assert.match(error.message, want)
      assert.match(error.message, /fetch the database again/)
      return true
    })
  })
}

test('geography: of 3,000 databases with damaged bytes each is refused at opening or answers without throwing', () => {
  let state = 5
  const random = (below: number): number => (state = (state * 48_271) % 0x7fffffff) % below
  let opened = 0
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(whole)
    for (let i = 0; i <= round % 4; i++) bytes[random(bytes.length)] = random(256)
    let geography: Geography
    try {
      geography = Geography.open(bytes)
    } catch (error) {
      assert.ok(error instanceof Error && error.name === 'RingwallError', String(error))
      continue
    }
    opened++
    for (const ip of ['192.0.2.77', '198.51.100.1', '203.0.113.1', '2001:db8::1', '255.255.255.255']) {
      const { country, asn } = geography.find(ip)
      assert.ok(country === undefined || /^[A-Z]{2}$/.test(country))
      assert.ok(asn === undefined || asn > 0)
    }
  }
  assert.ok(opened > 100 && opened < 2900, `${opened} opened`)
})

const PACKAGE = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'

test('geography: the published database knows well-known addresses of both families', () => {
  const geography = Geography.open(readFileSync(createRequire(import.meta.url).resolve(PACKAGE)))
  for (const { ip, want } of [
    { ip: '8.8.8.8', want: 'US' },
    { ip: '193.0.6.139', want: 'NL' },
    { ip: '2001:67c:2e8:22::c100:68b', want: 'NL' },
    { ip: '2001:4860:4860::8888', want: 'US' },
    { ip: '133.11.0.1', want: 'JP' },
    { ip: '10.0.0.1', want: undefined },
    { ip: '::1', want: undefined },
  ])
    assert.equal(geography.country(ip), want, ip)
  assert.ok(geography.built.getTime() > Date.UTC(2025, 0, 1))
})

const config = (changes: Partial<GeoConfig>): GeoConfig => ({
  allowCountries: new Set(),
  blockCountries: new Set(),
  blockAsns: new Set(),
  unknown: 'pass',
  ...changes,
})

for (const { name, rules, facts, want } of [
  {
    name: 'without lists everything passes',
    rules: { unknown: 'refuse' as const },
    facts: {},
    want: undefined,
  },
  {
    name: 'a blocked country is refused',
    rules: { blockCountries: new Set(['FR']) },
    facts: { country: 'FR' },
    want: 'FR is blocked',
  },
  {
    name: 'a country that is not blocked passes',
    rules: { blockCountries: new Set(['FR']) },
    facts: { country: 'DE' },
    want: undefined,
  },
  {
    name: 'an allowed country passes',
    rules: { allowCountries: new Set(['FR']) },
    facts: { country: 'FR' },
    want: undefined,
  },
  {
    name: 'a country that is not allowed is refused',
    rules: { allowCountries: new Set(['FR']) },
    facts: { country: 'DE' },
    want: 'DE is not among the allowed countries',
  },
  {
    name: 'blocked beats allowed',
    rules: { allowCountries: new Set(['FR']), blockCountries: new Set(['FR']) },
    facts: { country: 'FR' },
    want: 'FR is blocked',
  },
  {
    name: 'a blocked network is refused in an allowed country',
    rules: { allowCountries: new Set(['FR']), blockAsns: new Set([64_496]) },
    facts: { country: 'FR', asn: 64_496 },
    want: 'AS64496 is blocked',
  },
  {
    name: 'an unknown country passes where told so',
    rules: { allowCountries: new Set(['FR']) },
    facts: {},
    want: undefined,
  },
  {
    name: 'an unknown country is refused where told so',
    rules: { blockCountries: new Set(['FR']), unknown: 'refuse' as const },
    facts: { asn: 64_496 },
    want: 'the country of the address is not known',
  },
  {
    name: 'an unknown network is refused where told so',
    rules: { blockAsns: new Set([1]), unknown: 'refuse' as const },
    facts: { country: 'FR' },
    want: 'the autonomous system of the address is not known',
  },
  {
    name: 'what no list asks for may stay unknown',
    rules: { blockCountries: new Set(['FR']), unknown: 'refuse' as const },
    facts: { country: 'DE' },
    want: undefined,
  },
]) {
  test(`geography: ${name}`, () => {
    const verdict = geoVerdict(config(rules), facts)
    assert.deepEqual(verdict, want === undefined ? { kind: 'pass' } : { kind: 'refuse', detail: want })
  })
}

test('geography: the encoder of these tests writes what the networks say', () => {
  assert.equal(parseIp('192.0.2.77')?.bits, 32)
  assert.equal(encode({ a: 1 }).toString('hex'), 'e14161c400000001')
})
