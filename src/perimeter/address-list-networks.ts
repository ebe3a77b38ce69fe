import { formatIp } from '../core/ip.ts'
import { readAddress } from './address-list-words.ts'

/** Takes networks in any order and makes a table of them. */
export class NetworkCollector {
  #ipv4 = new Float64Array(64)
  #ipv4Count = 0
  #ipv6 = new Uint32Array(4 * 64)
  #ipv6Lengths = new Uint8Array(64)
  #ipv6Count = 0

  get size(): number {
    return this.#ipv4Count + this.#ipv6Count
  }

  /** Host bits of `start` must be zero. */
  addIpv4(start: number, prefixLength: number): void {
    if (this.#ipv4Count === this.#ipv4.length) {
      const larger = new Float64Array(2 * this.#ipv4Count)
      larger.set(this.#ipv4)
      this.#ipv4 = larger
    }
    this.#ipv4[this.#ipv4Count++] = start * 64 + prefixLength
  }

  /** Four words; host bits must be zero. */
  addIpv6(words: Uint32Array, prefixLength: number): void {
    if (this.#ipv6Count === this.#ipv6Lengths.length) {
      const larger = new Uint32Array(8 * this.#ipv6Count)
      larger.set(this.#ipv6)
      this.#ipv6 = larger
      const lengths = new Uint8Array(2 * this.#ipv6Count)
      lengths.set(this.#ipv6Lengths)
      this.#ipv6Lengths = lengths
    }
    this.#ipv6.set(words, 4 * this.#ipv6Count)
    this.#ipv6Lengths[this.#ipv6Count++] = prefixLength
  }

  table(): NetworkTable {
    const ipv6 = this.#ipv6.subarray(0, 4 * this.#ipv6Count)
    return new NetworkTable(
      outermostIpv4(this.#ipv4.slice(0, this.#ipv4Count).sort()),
      outermostIpv6(ipv6, this.#ipv6Lengths.subarray(0, this.#ipv6Count)),
    )
  }
}

interface Ipv4Networks {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

interface Ipv6Networks {
  /** Four words for each. */
  readonly starts: Uint32Array
  readonly lengths: Uint8Array
}

/**
 * Which network of many holds an address, by binary search. Networks in CIDR form either nest or have nothing in common; those
 * inside of others are left out, so that one comparison decides and the outermost network is the answer.
 */
export class NetworkTable {
  readonly #ipv4: Ipv4Networks
  readonly #ipv6: Ipv6Networks
  readonly #words = new Uint32Array(4)

  constructor(ipv4: Ipv4Networks, ipv6: Ipv6Networks) {
    this.#ipv4 = ipv4
    this.#ipv6 = ipv6
  }

  /** Networks that are not inside of others. */
  get size(): number {
    return this.#ipv4.starts.length + this.#ipv6.lengths.length
  }

  has(ip: string): boolean {
    const family = readAddress(ip, this.#words)
    if (family === 4) return this.#placeIpv4(this.#words[0] as number) >= 0
    return family === 6 && this.#placeIpv6(this.#words) >= 0
  }

  /** The network that holds the address, as text; undefined if none does or the text is no address. */
  find(ip: string): string | undefined {
    const family = readAddress(ip, this.#words)
    if (family === 0) return undefined
    const place = family === 4 ? this.#placeIpv4(this.#words[0] as number) : this.#placeIpv6(this.#words)
    if (place < 0) return undefined
    return family === 4 ? this.#ipv4Text(place) : this.#ipv6Text(place)
  }

  #placeIpv4(value: number): number {
    const { starts, ends } = this.#ipv4
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((starts[middle] as number) <= value) low = middle + 1
      else high = middle
    }
    return low > 0 && value <= (ends[low - 1] as number) ? low - 1 : -1
  }

  #placeIpv6(words: Uint32Array): number {
    const { starts, lengths } = this.#ipv6
    let low = 0
    let high = lengths.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareWords(starts, middle, words) <= 0) low = middle + 1
      else high = middle
    }
    return low > 0 && holds(starts, low - 1, lengths[low - 1] as number, words) ? low - 1 : -1
  }

  #ipv4Text(place: number): string {
    const start = this.#ipv4.starts[place] as number
    const prefixLength = Math.clz32(start ^ (this.#ipv4.ends[place] as number))
    const text = formatIp({ bits: 32, value: BigInt(start) })
    return prefixLength === 32 ? text : `${text}/${prefixLength}`
  }

  #ipv6Text(place: number): string {
    const words = this.#ipv6.starts.subarray(4 * place, 4 * place + 4)
    const text = formatIp({ bits: 128, value: words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n) })
    const prefixLength = this.#ipv6.lengths[place] as number
    return prefixLength === 128 ? text : `${text}/${prefixLength}`
  }
}

/** The table that holds no address. */
export const NO_NETWORKS: NetworkTable = new NetworkCollector().table()

/** Keys are `start * 64 + length`, sorted: a network stands before those inside of it. */
function outermostIpv4(keys: Float64Array): Ipv4Networks {
  const starts = new Uint32Array(keys.length)
  const ends = new Uint32Array(keys.length)
  let count = 0
  for (const key of keys) {
    const start = Math.floor(key / 64)
    if (count > 0 && start <= (ends[count - 1] as number)) continue
    starts[count] = start
    ends[count++] = start + 2 ** (32 - (key % 64)) - 1
  }
  return { starts: starts.slice(0, count), ends: ends.slice(0, count) }
}

function outermostIpv6(words: Uint32Array, lengths: Uint8Array): Ipv6Networks {
  const starts = new Uint32Array(words.length)
  const kept = new Uint8Array(lengths.length)
  let count = 0
  for (const place of sortedIpv6(words, lengths)) {
    const network = words.subarray(4 * place, 4 * place + 4)
    if (count > 0 && holds(starts, count - 1, kept[count - 1] as number, network)) continue
    starts.set(network, 4 * count)
    kept[count++] = lengths[place] as number
  }
  return { starts: starts.slice(0, 4 * count), lengths: kept.slice(0, count) }
}

/** Places in order of address and then of length: a radix sort by 16 bits at a time, since comparing would take seconds. */
function sortedIpv6(words: Uint32Array, lengths: Uint8Array): Uint32Array {
  let places = Uint32Array.from(lengths, (_, i) => i)
  let sorted = new Uint32Array(places.length)
  const counts = new Uint32Array(0x10000)
  for (let pass = -1; pass < 8; pass++) {
    const word = 3 - (pass >> 1)
    const shift = 16 * (pass & 1)
    const digit = (place: number): number =>
      pass < 0 ? (lengths[place] as number) : ((words[4 * place + word] as number) >>> shift) & 0xffff
    counts.fill(0)
    for (const place of places) counts[digit(place)] = (counts[digit(place)] as number) + 1
    let before = 0
    for (let i = 0; i < counts.length; i++) {
      const here = counts[i] as number
      counts[i] = before
      before += here
    }
    for (const place of places) {
      const value = digit(place)
      const target = counts[value] as number
      sorted[target] = place
      counts[value] = target + 1
    }
    ;[places, sorted] = [sorted, places]
  }
  return places
}

function compareWords(starts: Uint32Array, place: number, words: Uint32Array): number {
  for (let i = 0; i < 4; i++) {
    const difference = (starts[4 * place + i] as number) - (words[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether the first `prefixLength` bits are the same. */
function holds(starts: Uint32Array, place: number, prefixLength: number, words: Uint32Array): boolean {
  for (let i = 0, bits = prefixLength; bits > 0; i++, bits -= 32) {
    const difference = ((starts[4 * place + i] as number) ^ (words[i] as number)) >>> 0
    if (bits >= 32 ? difference !== 0 : difference >>> (32 - bits) !== 0) return false
  }
  return true
}
