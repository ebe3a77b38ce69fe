import assert from 'node:assert/strict'
import test from 'node:test'

import { formatIp, networkHas, parseIp, parseNetwork } from '../core/ip.ts'
import { NetworkCollector } from './address-list-networks.ts'
import {
  AddressList,
  ListParsing,
  MAX_LIST_BYTES,
  type ParsedList,
  parseAddressList,
} from './address-list.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function listOf(parsed: ParsedList): Extract<ParsedList, { kind: 'list' }> {
  assert.equal(parsed.kind, 'list')
  return parsed
}

/** A repeatable sequence of numbers in [0, 1) (Park and Miller's generator). */
function sequence(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff
}

for (const { form, text, inside, outside } of [
  { form: 'an address', text: '192.0.2.1', inside: '192.0.2.1', outside: '192.0.2.2' },
  { form: 'an IPv6 address', text: '2001:DB8::1', inside: '2001:db8:0::1', outside: '2001:db8::2' },
  { form: 'a network', text: '192.0.2.0/25', inside: '192.0.2.127', outside: '192.0.2.128' },
  { form: 'an IPv6 network', text: '2001:db8::/33', inside: '2001:db8:7fff::', outside: '2001:db8:8000::' },
  { form: 'an IPv4-mapped network', text: '::ffff:10.0.0.0/104', inside: '10.9.9.9', outside: '11.0.0.0' },
  {
    form: 'Windows line ends',
    text: '192.0.2.1\r\n192.0.2.9\r\n',
    inside: '192.0.2.9',
    outside: '192.0.2.2',
  },
  { form: 'a byte order mark', text: '\ufeff192.0.2.1\n', inside: '192.0.2.1', outside: '192.0.2.2' },
  { form: 'comments', text: '# a\n; b\n// c\n 192.0.2.1 # d\n', inside: '192.0.2.1', outside: '192.0.2.2' },
  { form: 'a score behind the address', text: '192.0.2.1\t7\n', inside: '192.0.2.1', outside: '192.0.2.7' },
  {
    form: 'Spamhaus DROP as text',
    text: '; Spamhaus DROP List 2026/06/17\n; Expires: Thu, 18 Jun 2026\n192.0.2.0/24 ; SBL1\n198.51.100.0/24 ; SBL2',
    inside: '198.51.100.9',
    outside: '203.0.113.1',
  },
  {
    form: 'Spamhaus DROP as JSON lines',
    text: '{"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"ripencc"}\n{"cidr":"2001:db8::/32","sblid":"SBL2","rir":"apnic"}\n{"type":"metadata","timestamp":1781726401,"size":96,"records":2}\n',
    inside: '2001:db8::9',
    outside: '2001:db9::',
  },
  {
    form: 'the first column of CSV',
    text: '"ip address","last seen"\n"192.0.2.1","2026-01-01"\n192.0.2.5,x\n',
    inside: '192.0.2.5',
    outside: '192.0.2.2',
  },
  { form: 'a range', text: '192.0.2.3-192.0.2.17', inside: '192.0.2.17', outside: '192.0.2.18' },
  {
    form: 'a range with spaces',
    text: '192.0.2.3 - 192.0.2.17 # x',
    inside: '192.0.2.3',
    outside: '192.0.2.2',
  },
  { form: 'a range of one', text: '192.0.2.3-192.0.2.3', inside: '192.0.2.3', outside: '192.0.2.4' },
  {
    form: 'an IPv6 range',
    text: '2001:db8::5-2001:db8::1:3',
    inside: '2001:db8::1:3',
    outside: '2001:db8::1:4',
  },
  {
    form: 'a range up to the last address',
    text: '255.255.255.3-255.255.255.255',
    inside: '255.255.255.255',
    outside: '255.255.255.2',
  },
]) {
  test(`address list: ${form} is read`, () => {
    const { table, badLines } = listOf(parseAddressList(bytes(text)))
    assert.equal(badLines, 0)
    assert.notEqual(table.find(inside), undefined)
    assert.equal(table.has(inside), true)
    assert.equal(table.find(outside), undefined)
    assert.equal(table.has(outside), false)
  })
}

for (const { line, want } of [
  { line: 'example.com', want: 'not an address, network or range: example.com' },
  { line: '<html>', want: 'not an address, network or range: <html>' },
  { line: '192.0.2.256', want: 'not an address, network or range: 192.0.2.256' },
  { line: '192.0.2.1/33', want: 'not a prefix length: 192.0.2.1/33' },
  { line: '192.0.2.0/255.255.255.0', want: 'not a prefix length: 192.0.2.0/255.255.255.0' },
  { line: '::ffff:10.0.0.0/95', want: 'not a prefix length: ::ffff:10.0.0.0/95' },
  { line: '192.0.2.1/24', want: 'bits behind the prefix are set: 192.0.2.1/24' },
  { line: '2001:db8::1:0:0/95', want: 'bits behind the prefix are set: 2001:db8::1:0:0/95' },
  { line: '0.0.0.0/0', want: 'holds every address: 0.0.0.0/0' },
  {
    line: '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    want: 'holds every address: ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  },
  { line: '192.0.2.9-192.0.2.3', want: 'the range ends before it starts: 192.0.2.9-192.0.2.3' },
  { line: '192.0.2.9-::5', want: 'not a range of addresses: 192.0.2.9-::5' },
  { line: '{"cidr":', want: 'not an address, network or range: {"cidr":' },
  { line: '{"cidr":7}', want: 'not an address, network or range: {"cidr":7}' },
  { line: 'ip,first_seen', want: 'not an address, network or range: ip' },
  { line: '\u001b[31m\u0007', want: 'not an address, network or range: ?[31m?' },
  { line: `1${'9'.repeat(80)}`, want: `not an address, network or range: 1${'9'.repeat(59)}...` },
  { line: '1'.repeat(4097), want: 'the line is too long' },
]) {
  test(`address list: \`${JSON.stringify(line).slice(1, 50)}\` is reported with its line, and the others count`, () => {
    const parsed = listOf(parseAddressList(bytes(`192.0.2.1\n\n${line}\n192.0.2.2\n`), 'feed.txt'))
    assert.deepEqual(parsed.problems, [
      { problem: 'perimeter.list-line', message: want, at: { file: 'feed.txt', line: 3 } },
    ])
    assert.equal(parsed.badLines, 1)
    assert.equal(parsed.networks, 2)
  })
}

test('address list: of many bad lines all are counted and the first hundred kept', () => {
  const parsed = listOf(parseAddressList(bytes('x\n'.repeat(500))))
  assert.equal(parsed.badLines, 500)
  assert.equal(parsed.problems.length, 100)
  assert.equal(parsed.networks, 0)
})

test('address list: one of more than 64 MB is refused', () => {
  const parsed = parseAddressList(new Uint8Array(MAX_LIST_BYTES + 1))
  assert.deepEqual(parsed, {
    kind: 'refused',
    problem: { problem: 'perimeter.list-refused', message: 'the list has 64 MB; 64 MB is the most', at: {} },
  })
})

test('address list: one of more than a million networks is refused', () => {
  const parsed = parseAddressList(bytes('192.0.2.1\n'.repeat(1_000_001)))
  assert.equal(
    parsed.kind === 'refused' && parsed.problem.message,
    'the list has more than 1000000 networks, which is the most',
  )
})

test('address list: in portions it is the same list', () => {
  const text = bytes('192.0.2.1\nx\n192.0.2.3-192.0.2.17\n198.51.100.0/24')
  const parsing = new ListParsing(text)
  let portions = 1
  while (!parsing.read(1)) portions++
  assert.equal(portions, 4)
  assert.deepEqual(parsing.result(), parseAddressList(text))
})

test('address list: the outermost of nested networks is the answer', () => {
  const ipv4 = ['10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8', '10.1.2.3']
  const ipv6 = ['2001:db8:1::', '2001:db8::/48', '2001:db8::/32', '2001:db8::']
  const { table, networks } = listOf(parseAddressList(bytes([...ipv4, ...ipv6].join('\n'))))
  assert.equal(table.find('10.1.2.3'), '10.0.0.0/8')
  assert.equal(table.find('2001:db8::1'), '2001:db8::/32')
  assert.equal(table.size, 2)
  assert.equal(networks, 8)
})

test('address list: answers come from the new table after a swap', () => {
  const list = new AddressList('x')
  assert.equal(list.find('192.0.2.1'), undefined)
  list.swap(listOf(parseAddressList(bytes('192.0.2.0/24'))).table)
  assert.equal(list.find('192.0.2.1'), '192.0.2.0/24')
  const before = list.swap(listOf(parseAddressList(bytes('198.51.100.1'))).table)
  assert.equal(list.has('192.0.2.1'), false)
  assert.equal(list.find('198.51.100.1'), '198.51.100.1')
  assert.equal(before.has('192.0.2.1'), true)
})

test('address list: every range is made of networks that hold its addresses and no others', () => {
  const random = sequence(11)
  for (let round = 0; round < 500; round++) {
    const first = Math.floor(random() * 600)
    const last = first + Math.floor(random() * 300)
    const at = (value: number) => `10.0.${value >> 8}.${value & 255}`
    const { table } = listOf(parseAddressList(bytes(`${at(first)}-${at(last)}`)))
    for (let value = 0; value < 1000; value++)
      assert.equal(
        table.has(at(value)),
        value >= first && value <= last,
        `${at(value)} of ${at(first)}-${at(last)}`,
      )
  }
})

/** What a list of networks must answer: asked for each length in turn, in sets of the networks' own words. */
class Oracle {
  readonly #byLength = new Map<string, Set<bigint>>()

  add(network: NonNullable<ReturnType<typeof parseNetwork>>): void {
    const key = `${network.bits}/${network.prefixLength}`
    const set = this.#byLength.get(key) ?? new Set()
    set.add(network.value >> BigInt(network.bits - network.prefixLength))
    this.#byLength.set(key, set)
  }

  find(text: string): string | undefined {
    const ip = parseIp(text)
    if (!ip) return undefined
    for (let length = 0; length <= ip.bits; length++) {
      const hostBits = BigInt(ip.bits - length)
      const prefix = ip.value >> hostBits
      if (this.#byLength.get(`${ip.bits}/${length}`)?.has(prefix)) {
        const start = formatIp({ bits: ip.bits, value: prefix << hostBits })
        return length === ip.bits ? start : `${start}/${length}`
      }
    }
    return undefined
  }
}

test('address list: 100,000 random networks of both families answer as the oracle does', () => {
  const random = sequence(3)
  const oracle = new Oracle()
  const lines: string[] = []
  const part = (bits: number) => BigInt(Math.floor(random() * 2 ** bits))
  for (let i = 0; i < 100_000; i++) {
    const bits = i % 3 === 0 ? 128 : 32
    const length = bits === 32 ? 17 + Math.floor(random() * 16) : 32 + Math.floor(random() * 97)
    const raw =
      bits === 32
        ? part(32)
        : (BigInt(0x2001 + 0x1357 * (i % 7)) << 112n) | (part(28) << 84n) | (part(28) << 40n) | part(28)
    const hostBits = BigInt(bits - length)
    const network = { bits, value: (raw >> hostBits) << hostBits, prefixLength: length } as const
    lines.push(`${formatIp(network)}/${length}`)
    oracle.add(network)
  }
  const { table, networks, badLines } = listOf(parseAddressList(bytes(lines.join('\n'))))
  assert.equal(networks, 100_000)
  assert.equal(badLines, 0)
  assert.ok(table.size > 50_000 && table.size < 100_000, `${table.size} are outermost`)
  let found = 0
  for (let i = 0; i < 20_000; i++) {
    const network = parseNetwork(lines[(i * 7) % lines.length] as string)
    assert.ok(network)
    const near = network.value + part(i % 24) - part(i % 8)
    const value = i % 4 === 0 ? part(network.bits === 32 ? 32 : 52) : near
    if (value < 0n || value >> BigInt(network.bits) !== 0n) continue
    const ip = formatIp({ bits: network.bits, value })
    const want = oracle.find(ip)
    if (want !== undefined) found++
    assert.equal(table.find(ip), want, ip)
    assert.equal(table.has(ip), want !== undefined)
  }
  assert.ok(found > 5000 && found < 19_000, `${found} found`)
})

test('address list: neighbours at the edges of networks are told apart', () => {
  const collector = new NetworkCollector()
  collector.addIpv4(0, 8)
  collector.addIpv4(0xffffff00, 24)
  collector.addIpv6(Uint32Array.of(0x80000000, 0, 0, 0), 1)
  const table = collector.table()
  for (const { ip, want } of [
    { ip: '0.0.0.0', want: '0.0.0.0/8' },
    { ip: '0.255.255.255', want: '0.0.0.0/8' },
    { ip: '1.0.0.0', want: undefined },
    { ip: '255.255.254.255', want: undefined },
    { ip: '255.255.255.255', want: '255.255.255.0/24' },
    { ip: '8000::', want: '8000::/1' },
    { ip: 'ffff::1', want: '8000::/1' },
    { ip: '7fff:ffff::', want: undefined },
    { ip: 'x', want: undefined },
  ])
    assert.equal(table.find(ip), want, ip)
  const eight = parseNetwork('0.0.0.0/8')
  assert.ok(eight && networkHas(eight, { bits: 32, value: 0xffffffn }))
})
