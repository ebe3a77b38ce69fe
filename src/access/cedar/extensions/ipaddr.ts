import type { Value } from '../value.ts'

/** An IPv4 or IPv6 address with a prefix length, as written: `10.0.0.1/8` is not `10.0.0.2/8`. */
export class IpAddress {
  readonly type = 'ipaddr'
  readonly isV4: boolean
  /** 16-bit groups, most significant first: two of IPv4, eight of IPv6. */
  readonly groups: readonly number[]
  readonly prefix: number

  constructor(isV4: boolean, groups: readonly number[], prefix: number) {
    this.isV4 = isV4
    this.groups = groups
    this.prefix = prefix
  }

  get key(): string {
    return `i${this.groups.join(':')}/${this.prefix}`
  }

  equals(other: Value): boolean {
    return other instanceof IpAddress && other.key === this.key
  }

  /** Whether every address of this range is in the other range. */
  isWithin(range: IpAddress): boolean {
    return (
      this.isV4 === range.isV4 &&
      this.prefix >= range.prefix &&
      sameBits(this.groups, range.groups, range.prefix)
    )
  }

  get isLoopback(): boolean {
    return this.isWithin(this.isV4 ? LOOPBACK_V4 : LOOPBACK_V6)
  }

  get isMulticast(): boolean {
    return this.isWithin(this.isV4 ? MULTICAST_V4 : MULTICAST_V6)
  }

  /** As `ip()` reads it. */
  toString(): string {
    const length = this.isV4 ? 32 : 128
    const address = this.isV4
      ? this.groups.map((group) => `${group >> 8}.${group & 0xff}`).join('.')
      : this.groups.map((group) => group.toString(16)).join(':')
    return this.prefix === length ? address : `${address}/${this.prefix}`
  }
}

const LOOPBACK_V4 = new IpAddress(true, [0x7f00, 0], 8)
const LOOPBACK_V6 = new IpAddress(false, [0, 0, 0, 0, 0, 0, 0, 1], 128)
const MULTICAST_V4 = new IpAddress(true, [0xe000, 0], 4)
const MULTICAST_V6 = new IpAddress(false, [0xff00, 0, 0, 0, 0, 0, 0, 0], 8)

function sameBits(left: readonly number[], right: readonly number[], bits: number): boolean {
  for (let at = 0; at * 16 < bits; at++) {
    const shift = Math.max(0, (at + 1) * 16 - bits)
    if ((left[at] as number) >> shift !== (right[at] as number) >> shift) return false
  }
  return true
}

/** The longest text that can be an address: an IPv6 address with a prefix length. */
const MAX_LENGTH = 43

/** Reads an address or range. Embedded IPv4 (`::ffff:1.2.3.4`), zones and leading zeros of IPv4 are refused. */
export function readIp(text: string): IpAddress | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const isV4 = !address.includes(':')
  const groups = isV4 ? readV4(address) : readV6(address)
  const length = isV4 ? 32 : 128
  const prefix = slash < 0 ? length : readDecimalUpTo(text.slice(slash + 1), length)
  return groups === undefined || prefix === undefined ? undefined : new IpAddress(isV4, groups, prefix)
}

function readV4(text: string): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const octets = parts.map((part) => readDecimalUpTo(part, 255))
  if (octets.includes(undefined)) return undefined
  const [a, b, c, d] = octets as [number, number, number, number]
  return [(a << 8) | b, (c << 8) | d]
}

function readV6(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(readGroups)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  if (tail === undefined) return head.length === 8 ? head : undefined
  const missing = 8 - head.length - tail.length
  return missing < 1 ? undefined : [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function readGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  for (const part of text.split(':')) {
    if (part.length < 1 || part.length > 4) return undefined
    let value = 0
    for (const digit of part) {
      const at = '0123456789abcdef'.indexOf(digit.toLowerCase())
      if (at < 0) return undefined
      value = value * 16 + at
    }
    groups.push(value)
  }
  return groups
}

/** Up to three digits without leading zeros. */
function readDecimalUpTo(text: string, most: number): number | undefined {
  if (text.length < 1 || text.length > 3 || (text.length > 1 && text.startsWith('0'))) return undefined
  let value = 0
  for (const digit of text) {
    const at = '0123456789'.indexOf(digit)
    if (at < 0) return undefined
    value = value * 10 + at
  }
  return value <= most ? value : undefined
}
