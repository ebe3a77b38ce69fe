/** Special IPv4 addresses: edges of each block, and what people aim at. */
export const INTERNAL_V4 = [
  '127.0.0.1',
  '127.0.1.3',
  '127.255.255.254',
  '0.0.0.0',
  '0.255.255.255',
  '10.0.0.1',
  '10.96.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '100.100.100.200',
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.0.192',
  '192.0.2.1',
  '192.31.196.1',
  '192.52.193.1',
  '192.88.99.1',
  '192.168.0.1',
  '192.168.49.2',
  '192.168.255.255',
  '192.175.48.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
] as const

/** Special IPv6 addresses that carry no IPv4 address. */
export const INTERNAL_V6 = [
  '::',
  '::1',
  'fc00::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd00:42::42',
  'fdff:ffff::1',
  'fe80::1',
  'febf::1',
  'fec0::1',
  'feff::1',
  'ff02::1',
  '64:ff9b:1::1',
  '100::1',
  '100:0:0:1::1',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '2001:db8::1',
  '2620:4f:8000::1',
  '3fff::1',
  '5f00::1',
  '4000::1',
  '8000::1',
] as const

/** Addresses beside the edges of special blocks: public, and to be let through. */
export const PUBLIC_V4 = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '191.255.255.255',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '198.51.99.255',
  '203.0.112.255',
  '203.0.114.0',
  '223.255.255.255',
] as const

/** Public IPv6 addresses, one of them a public IPv4 address behind the translator of RFC 6052. */
export const PUBLIC_V6 = [
  '2001:200::1',
  '2001:4860:4860::8888',
  '2003::1',
  '2606:4700:4700::1111',
  '2a00::1',
  '64:ff9b::808:808',
] as const

type Octets = readonly [number, number, number, number]

const octetsOf = (v4: string): Octets => v4.split('.').map(Number) as unknown as Octets
const valueOf = (v4: string): number => octetsOf(v4).reduce((sum, octet) => sum * 256 + octet, 0)
const RADICES = [
  (n: number) => String(n),
  (n: number) => `0x${n.toString(16)}`,
  (n: number) => `0${n.toString(8)}`,
] as const

/** Every way in which the WHATWG URL Standard reads an IPv4 address: 1 to 4 parts, each decimal, octal or hexadecimal. */
export function spellingsOfV4(v4: string): string[] {
  const [a, b, c, d] = octetsOf(v4)
  const found = new Set<string>()
  for (const one of RADICES) {
    found.add(one(valueOf(v4)))
    for (const two of RADICES) {
      found.add(`${one(a)}.${two(b * 65_536 + c * 256 + d)}`)
      for (const three of RADICES) {
        found.add(`${one(a)}.${two(b)}.${three(c * 256 + d)}`)
        for (const four of RADICES) found.add(`${one(a)}.${two(b)}.${three(c)}.${four(d)}`)
      }
    }
  }
  const hex = valueOf(v4).toString(16).padStart(8, '0')
  found.add(`0X${hex.toUpperCase()}`)
  found.add(`0x00000000${hex}`)
  found.add(`0000${valueOf(v4).toString(8)}`)
  found.add(
    octetsOf(v4)
      .map((octet) => octet.toString(8).padStart(8, '0'))
      .join('.'),
  )
  found.add(
    octetsOf(v4)
      .map((octet) => `0X${octet.toString(16).toUpperCase().padStart(4, '0')}`)
      .join('.'),
  )
  found.add(`${v4}.`)
  return [...found]
}

const replaceDigits = (text: string, zero: number): string =>
  text.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))

/** The same host in characters that IDNA and percent-decoding turn into it. */
export function disguises(host: string): string[] {
  const percent = (text: string): string =>
    [...text].map((one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')
  return [
    percent(host),
    percent(host).toUpperCase(),
    host.slice(0, -1) + percent(host.slice(-1)),
    host.replaceAll('.', '%2e'),
    host.replaceAll('.', '\u3002'),
    host.replaceAll('.', '\uff0e'),
    host.replaceAll('.', '\uff61'),
    host.replaceAll('.', '%E3%80%82'),
    replaceDigits(host, 0xff10),
    replaceDigits(host, 0x1d7ce),
    replaceDigits(host, 0x1d7d8),
    replaceDigits(host, 0x2080),
    host.replaceAll(/[1-9]/g, (digit) => String.fromCodePoint(0x245f + Number(digit))),
    `${host.slice(0, 1)}\u00ad${host.slice(1)}`,
    `${host.slice(0, 1)}\u200b${host.slice(1)}`,
    `${host}\u3002`,
  ]
}

const groups = (v4: string): readonly [string, string] => {
  const [a, b, c, d] = octetsOf(v4)
  return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)]
}

/** Every IPv6 address that carries this IPv4 address, by the mechanism that would take it out again. */
export function carriersOf(v4: string): readonly { readonly by: string; readonly address: string }[] {
  const [high, low] = groups(v4)
  const [notHigh, notLow] = groups(
    octetsOf(v4)
      .map((octet) => 255 - octet)
      .join('.'),
  )
  return [
    { by: 'mapped', address: `::ffff:${v4}` },
    { by: 'mapped', address: `::ffff:${high}:${low}` },
    { by: 'mapped', address: `0:0:0:0:0:FFFF:${high.toUpperCase()}:${low.toUpperCase()}` },
    {
      by: 'mapped',
      address: `0000:0000:0000:0000:0000:ffff:${high.padStart(4, '0')}:${low.padStart(4, '0')}`,
    },
    { by: 'compatible', address: `::${v4}` },
    { by: 'compatible', address: `0:0:0:0:0:0:${high}:${low}` },
    { by: 'translated', address: `::ffff:0:${v4}` },
    { by: 'nat64', address: `64:ff9b::${v4}` },
    { by: 'nat64', address: `64:ff9b::${high}:${low}` },
    { by: 'nat64', address: `0064:FF9B:0:0:0:0:${high}:${low}` },
    { by: 'local nat64', address: `64:ff9b:1::${v4}` },
    { by: '6to4', address: `2002:${high}:${low}::` },
    { by: '6to4', address: `2002:${high}:${low}:1::1` },
    { by: 'teredo', address: `2001:0:102:304:0:ffff:${notHigh}:${notLow}` },
    { by: 'teredo', address: `2001::${notHigh}:${notLow}` },
    { by: 'isatap', address: `2a00:1::5efe:${v4}` },
    { by: 'isatap', address: `2a00:1::200:5efe:${high}:${low}` },
    { by: 'isatap', address: `fe80::5efe:${v4}` },
  ]
}

/** The ways to write one IPv6 address. */
export function spellingsOfV6(v6: string): string[] {
  const compact = new URL(`http://[${v6}]`).hostname.slice(1, -1)
  const [head = '', tail] = compact.split('::')
  const parts = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const missing = tail === undefined ? 0 : 8 - parts(head).length - parts(tail).length
  const all = [...parts(head), ...Array.from({ length: missing }, () => '0'), ...parts(tail ?? '')]
  return [
    ...new Set([
      v6,
      compact,
      compact.toUpperCase(),
      all.join(':'),
      all.map((one) => one.padStart(4, '0')).join(':'),
    ]),
  ]
}
