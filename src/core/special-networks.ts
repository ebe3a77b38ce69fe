import { type IpAddress, type IpNetwork, networkHas, parseIp, parseNetwork } from './ip.ts'

/** Why an address is not part of the public Internet. */
export interface SpecialNetwork {
  /** The block that holds the address, or `64:ff9b::/96 around 10.0.0.0/8` where an IPv6 address carries an IPv4 one. */
  readonly network: string
  readonly name: string
  /** Addresses at which clouds hand credentials to the machine. No option opens them. */
  readonly isMetadata: boolean
}

interface Row {
  readonly text: string
  readonly name: string
  readonly network: IpNetwork
}

const rows = (table: Readonly<Record<string, string>>): readonly Row[] =>
  Object.entries(table).map(([text, name]) => ({ text, name, network: parseNetwork(text) as IpNetwork }))

/** Where clouds give out credentials: AWS, Azure, GCP, Alibaba, Oracle, Scaleway, and the container agents of AWS. */
const METADATA = rows({
  '169.254.169.254/32': 'cloud metadata',
  '169.254.169.253/32': 'cloud resolver',
  '169.254.169.123/32': 'cloud time',
  '169.254.170.2/32': 'container credentials',
  '169.254.170.23/32': 'container credentials',
  '168.63.129.16/32': 'cloud wire server',
  '100.100.100.200/32': 'cloud metadata',
  '192.0.0.192/32': 'cloud metadata',
  'fd00:ec2::/32': 'cloud metadata',
  'fd20:ce::254/128': 'cloud metadata',
  'fd00:42::42/128': 'cloud metadata',
})

/**
 * IANA IPv4 Special-Purpose Address Registry (RFC 6890), with multicast (RFC 5771). Blocks that are special and yet
 * reachable everywhere (AS112, AMT) are in it: they are answered by the nearest node, which may be one's own.
 */
const SPECIAL_IPV4 = rows({
  '0.0.0.0/8': 'this network (RFC 791)',
  '10.0.0.0/8': 'private (RFC 1918)',
  '100.64.0.0/10': 'shared (RFC 6598)',
  '127.0.0.0/8': 'loopback (RFC 1122)',
  '169.254.0.0/16': 'link-local (RFC 3927)',
  '172.16.0.0/12': 'private (RFC 1918)',
  '192.0.0.0/24': 'protocol assignments (RFC 6890)',
  '192.0.2.0/24': 'documentation (RFC 5737)',
  '192.31.196.0/24': 'AS112 (RFC 7535)',
  '192.52.193.0/24': 'AMT (RFC 7450)',
  '192.88.99.0/24': '6to4 relay (RFC 7526)',
  '192.168.0.0/16': 'private (RFC 1918)',
  '192.175.48.0/24': 'AS112 (RFC 7534)',
  '198.18.0.0/15': 'benchmarks (RFC 2544)',
  '198.51.100.0/24': 'documentation (RFC 5737)',
  '203.0.113.0/24': 'documentation (RFC 5737)',
  '224.0.0.0/4': 'multicast (RFC 5771)',
  '240.0.0.0/4': 'reserved (RFC 1112)',
})

/** IANA IPv6 Special-Purpose Address Registry, and what RFC 4291 and its successors took out of use. */
const SPECIAL_IPV6 = rows({
  '::1/128': 'loopback (RFC 4291)',
  '::/128': 'unspecified (RFC 4291)',
  '::ffff:0:0:0/96': 'IPv4-translated (RFC 7915)',
  '::/96': 'IPv4-compatible (RFC 4291)',
  '64:ff9b:1::/48': 'local translation (RFC 8215)',
  '100::/64': 'discard (RFC 6666)',
  '100:0:0:1::/64': 'dummy (RFC 9780)',
  '2001::/32': 'Teredo (RFC 4380)',
  '2001::/23': 'protocol assignments (RFC 2928)',
  '2001:db8::/32': 'documentation (RFC 3849)',
  '2002::/16': '6to4 (RFC 3056)',
  '2620:4f:8000::/48': 'AS112 (RFC 7534)',
  '3fff::/20': 'documentation (RFC 9637)',
  '5f00::/16': 'segment routing (RFC 9602)',
  'fc00::/7': 'unique local (RFC 4193)',
  'fe80::/10': 'link-local (RFC 4291)',
  'fec0::/10': 'site-local (RFC 3879)',
  'ff00::/8': 'multicast (RFC 4291)',
})

const GLOBAL_UNICAST = parseNetwork('2000::/3') as IpNetwork
const NAT64 = parseNetwork('64:ff9b::/96') as IpNetwork

/**
 * The special network that an address is in; undefined for an address of the public Internet. IPv6 is judged by what is
 * allowed: of the whole space only 2000::/3 is handed out as global unicast (RFC 4291 2.4), so that a block that is
 * reserved today is not open tomorrow. IPv4-mapped addresses are IPv4 already (`parseIp`).
 */
export function specialNetwork(ip: IpAddress): SpecialNetwork | undefined {
  const metadata = find(METADATA, ip)
  if (metadata) return { network: metadata.text, name: metadata.name, isMetadata: true }
  if (ip.bits === 32) return named(find(SPECIAL_IPV4, ip))
  const carried = carriedIpv4(ip)
  const inner = carried && specialNetwork(carried.ip)
  if (carried && inner) return { ...inner, network: `${carried.by} around ${inner.network}` }
  if (networkHas(NAT64, ip)) return undefined
  return named(find(SPECIAL_IPV6, ip)) ?? outsideOfGlobal(ip)
}

/** Whether an address stands for no place on the public Internet: there name servers and maps of addresses know nothing. */
export function isPrivate(ip: string): boolean {
  const address = parseIp(ip)
  return address !== undefined && specialNetwork(address) !== undefined
}

function find(table: readonly Row[], ip: IpAddress): Row | undefined {
  return table.find(({ network }) => networkHas(network, ip))
}

function named(row: Row | undefined): SpecialNetwork | undefined {
  return row && { network: row.text, name: row.name, isMetadata: false }
}

function outsideOfGlobal(ip: IpAddress): SpecialNetwork | undefined {
  if (networkHas(GLOBAL_UNICAST, ip)) return undefined
  return { network: '::/0', name: 'not global unicast (RFC 4291)', isMetadata: false }
}

const MASK_32 = 0xffffffffn
const TEREDO = parseNetwork('2001::/32') as IpNetwork
const SIX_TO_FOUR = parseNetwork('2002::/16') as IpNetwork
const LOCAL_NAT64 = parseNetwork('64:ff9b:1::/48') as IpNetwork

/** The IPv4 address that a translator, relay or tunnel would send the packets of this IPv6 address to. */
function carriedIpv4({
  value,
  bits,
}: IpAddress): { readonly ip: IpAddress; readonly by: string } | undefined {
  const ip = { value, bits }
  const carry = (inner: bigint, by: string) => ({ ip: { bits: 32 as const, value: inner & MASK_32 }, by })
  // RFC 6052 2.2, RFC 8215: the well-known and the local-use prefix.
  if (networkHas(NAT64, ip)) return carry(value, '64:ff9b::/96')
  if (networkHas(LOCAL_NAT64, ip)) return carry(value, '64:ff9b:1::/48')
  // RFC 3056 2.
  if (networkHas(SIX_TO_FOUR, ip)) return carry(value >> 80n, '2002::/16')
  // RFC 4380 4: the client's address is stored inverted.
  if (networkHas(TEREDO, ip)) return carry(~value, '2001::/32')
  // ::a.b.c.d (RFC 4291 2.5.5.1) and ::ffff:0:a.b.c.d (RFC 7915).
  if (value >> 32n === 0n && value > 1n) return carry(value, '::/96')
  if (value >> 32n === 0xffff0000n) return carry(value, '::ffff:0:0:0/96')
  // ISATAP, under any prefix: the interface identifier is 0000:5efe or 0200:5efe and an IPv4 address (RFC 5214 6.1).
  const identifier = (value >> 32n) & MASK_32
  if (identifier === 0x5efen || identifier === 0x02005efen) return carry(value, 'ISATAP')
  return undefined
}
