/** An address as a number of `bits` bits. IPv4-mapped IPv6 addresses are read as the IPv4 address that they mean. */
export interface IpAddress {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** A network in CIDR form. */
export interface IpNetwork extends IpAddress {
  readonly prefixLength: number
}

const MAPPED_PREFIX = 0xffffn

/** Reads dotted IPv4 (four decimal parts, no leading zeros) or IPv6 (RFC 4291 2.2, no zone). Undefined if it is neither. */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > 45) return undefined
  if (!text.includes(':')) {
    const value = parseIpv4(text)
    return value === undefined ? undefined : { bits: 32, value }
  }
  const value = parseIpv6(text)
  if (value === undefined) return undefined
  return value >> 32n === MAPPED_PREFIX ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value }
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. Host bits must be zero. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const [address = '', length, ...more] = text.split('/')
  const ip = parseIp(address)
  if (!ip || more.length > 0) return undefined
  if (length === undefined) return { ...ip, prefixLength: ip.bits }
  if (!/^\d{1,3}$/.test(length)) return undefined
  const mapped = ip.bits === 32 && address.includes(':')
  const prefixLength = Number(length) - (mapped ? 96 : 0)
  if (prefixLength < 0 || prefixLength > ip.bits) return undefined
  const hostBits = BigInt(ip.bits - prefixLength)
  return (ip.value >> hostBits) << hostBits === ip.value ? { ...ip, prefixLength } : undefined
}

/** Whether the network holds the address. Families never mix. */
export function networkHas(network: IpNetwork, ip: IpAddress): boolean {
  if (network.bits !== ip.bits) return false
  const hostBits = BigInt(ip.bits - network.prefixLength)
  return ip.value >> hostBits === network.value >> hostBits
}

/** The first network that holds the address, as text, is what a list answers; undefined if none does. */
export class IpList {
  readonly #single = new Map<string, string>()
  readonly #networks: { readonly network: IpNetwork; readonly text: string }[] = []

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const network = parseNetwork(text)
      if (!network) throw new TypeError(`not an address or network: ${text}`)
      if (network.prefixLength === network.bits) this.#single.set(formatIp(network), text)
      else this.#networks.push({ network, text })
    }
  }

  get size(): number {
    return this.#single.size + this.#networks.length
  }

  find(ip: string): string | undefined {
    const single = this.#single.get(ip)
    if (single !== undefined || this.#networks.length === 0) return single
    const address = parseIp(ip)
    if (!address) return undefined
    return this.#networks.find((entry) => networkHas(entry.network, address))?.text
  }
}

/** Canonical text: dotted IPv4, or IPv6 as RFC 5952 writes it. */
export function formatIp(ip: IpAddress): string {
  if (ip.bits === 32) return [24n, 16n, 8n, 0n].map((shift) => String((ip.value >> shift) & 255n)).join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((ip.value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  )
  let best = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  if (best.start < 0) return groups.join(':')
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`
}

/**
 * The part of an address that one client controls: an IPv4 address whole, an IPv6 address by its /64, since one
 * subscriber holds at least that much (RFC 6177).
 */
export function clientNetwork(ip: string): string {
  if (!ip.includes(':')) return ip
  const address = parseIp(ip)
  if (!address) return ip
  if (address.bits === 32) return formatIp(address)
  return `${formatIp({ bits: 128, value: (address.value >> 64n) << 64n })}/64`
}

/** Loopback, of either family. */
export function isLoopback(ip: string): boolean {
  const address = parseIp(ip)
  if (!address) return false
  return address.bits === 32 ? address.value >> 24n === 127n : address.value === 1n
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0n), ...tail].reduce(
    (sum, group) => (sum << 16n) | group,
    0n,
  )
}

function parseGroups(text: string, mayEndInIpv4: boolean): bigint[] | undefined {
  if (text === '') return []
  const groups: bigint[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part)
      if (v4 === undefined) return undefined
      groups.push(v4 >> 16n, v4 & 0xffffn)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}
