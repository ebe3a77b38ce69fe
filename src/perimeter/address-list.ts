import type { Place } from '../core/errors.ts'
import { formatSize } from '../core/units.ts'
import { NetworkCollector, type NetworkTable, NO_NETWORKS } from './address-list-networks.ts'
import { readAddress } from './address-list-words.ts'

/** The largest list that is read. */
export const MAX_LIST_BYTES = 64 * 1024 ** 2
/** The most networks that a list may hold; a range counts as the networks that it is made of. */
export const MAX_LIST_NETWORKS = 1_000_000
const MAX_LINE_LENGTH = 4096
const MAX_PROBLEMS = 100
const SHOWN_LENGTH = 60

/** What is wrong with a list or one line of it. Fields as of a RingwallError, but a value: lists come from outside. */
export interface ListProblem {
  readonly problem: 'perimeter.list-line' | 'perimeter.list-refused'
  readonly message: string
  readonly at: Place
}

/** A list that can be used, with the lines that could not be; or one that cannot. */
export type ParsedList =
  | {
      readonly kind: 'list'
      readonly table: NetworkTable
      /** Networks as they were written, also those inside of others. */
      readonly networks: number
      readonly badLines: number
      /** The first 100 bad lines. */
      readonly problems: readonly ListProblem[]
    }
  | { readonly kind: 'refused'; readonly problem: ListProblem }

/**
 * Reads a list of addresses, networks and ranges, one a line: plain, with `#`, `;` or `//` comments, Spamhaus DROP as text and as
 * JSON lines, the first column of CSV. `name` is the file in the problems' places.
 */
export function parseAddressList(bytes: Uint8Array, name?: string): ParsedList {
  const parsing = new ListParsing(bytes, name)
  parsing.read(Number.POSITIVE_INFINITY)
  return parsing.result()
}

/** The same in portions, so that a large list does not hold up the requests meanwhile. */
export class ListParsing {
  readonly #bytes: Buffer
  readonly #file: { readonly file?: string }
  readonly #collector = new NetworkCollector()
  readonly #problems: ListProblem[] = []
  #refusal: ListProblem | undefined
  #badLines = 0
  #at = 0
  #line = 0
  #sawContent = false

  constructor(bytes: Uint8Array, name?: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#file = name === undefined ? {} : { file: name }
    if (bytes.length > MAX_LIST_BYTES)
      this.#refuse(`the list has ${formatSize(bytes.length)}; ${formatSize(MAX_LIST_BYTES)} is the most`)
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3
  }

  /** Reads up to `lines` further lines; true once there are no more. */
  read(lines: number): boolean {
    for (let left = lines; left > 0; left--) {
      if (this.#refusal || this.#at >= this.#bytes.length) return true
      const newline = this.#bytes.indexOf(10, this.#at)
      const end = newline < 0 ? this.#bytes.length : newline
      this.#line++
      if (end - this.#at > MAX_LINE_LENGTH) this.#report('the line is too long', '')
      else this.#readLine(this.#bytes.toString('latin1', this.#at, end).trim())
      this.#at = end + 1
      if (this.#collector.size > MAX_LIST_NETWORKS)
        this.#refuse(`the list has more than ${MAX_LIST_NETWORKS} networks, which is the most`)
    }
    return this.#refusal !== undefined || this.#at >= this.#bytes.length
  }

  result(): ParsedList {
    if (this.#refusal) return { kind: 'refused', problem: this.#refusal }
    return {
      kind: 'list',
      table: this.#collector.table(),
      networks: this.#collector.size,
      badLines: this.#badLines,
      problems: this.#problems,
    }
  }

  #readLine(line: string): void {
    if (line === '' || line.startsWith('#') || line.startsWith(';') || line.startsWith('//')) return
    const isFirst = !this.#sawContent
    this.#sawContent = true
    const entry = line.startsWith('{') ? jsonEntry(line) : plainEntry(line)
    if (entry === undefined) return
    const fault = addEntry(this.#collector, entry)
    if (fault !== undefined && !(isFirst && isHeading(line, entry))) this.#report(fault, entry)
  }

  #report(fault: string, entry: string): void {
    this.#badLines++
    if (this.#problems.length >= MAX_PROBLEMS) return
    const message = entry === '' ? fault : `${fault}: ${shown(entry)}`
    this.#problems.push({ problem: 'perimeter.list-line', message, at: { ...this.#file, line: this.#line } })
  }

  #refuse(message: string): void {
    this.#refusal = { problem: 'perimeter.list-refused', message, at: this.#file }
  }
}

/** A list whose content can be replaced while it is asked. */
export class AddressList {
  readonly name: string
  #table: NetworkTable

  constructor(name: string, table: NetworkTable = NO_NETWORKS) {
    this.name = name
    this.#table = table
  }

  /** Networks that are not inside of others. */
  get size(): number {
    return this.#table.size
  }

  has(ip: string): boolean {
    return this.#table.has(ip)
  }

  /** The outermost network that holds the address, as text. */
  find(ip: string): string | undefined {
    return this.#table.find(ip)
  }

  /** The next question is answered from the new table; the old one is returned. */
  swap(table: NetworkTable): NetworkTable {
    const before = this.#table
    this.#table = table
    return before
  }
}

/** The network of a line as Spamhaus writes them, `{"cidr":"..."}`; undefined for its closing line of metadata. */
function jsonEntry(line: string): string | undefined {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return line
  }
  if (typeof record !== 'object' || record === null) return line
  if ('cidr' in record && typeof record.cidr === 'string') return record.cidr
  if ('ip' in record && typeof record.ip === 'string') return record.ip
  return 'type' in record && record.type === 'metadata' ? undefined : line
}

/** What stands before the first comma or comment, without its quotes; of several words the first, but for `a - b`. */
function plainEntry(line: string): string {
  let end = 0
  while (end < line.length && !isEnd(line.charCodeAt(end))) end++
  let text = line.slice(0, end).trim()
  if (text.startsWith('"') && text.endsWith('"')) text = text.slice(1, -1).trim()
  const space = text.search(/[ \t]/)
  if (space < 0) return text
  const first = text.slice(0, space)
  const rest = text.slice(space).trimStart()
  return rest.startsWith('-') || first.endsWith('-') ? text : first
}

function isEnd(code: number): boolean {
  return code === 35 || code === 44 || code === 59
}

/** Names of columns: the first line of CSV, whose first column is a word. */
function isHeading(line: string, entry: string): boolean {
  return line.includes(',') && /^[A-Za-z][A-Za-z_ ]{0,30}$/.test(entry)
}

const words = new Uint32Array(4)

/** Adds an address, network or range; returns what is wrong with it instead. */
function addEntry(collector: NetworkCollector, entry: string): string | undefined {
  const dash = entry.indexOf('-')
  if (dash >= 0) return addRange(collector, entry.slice(0, dash).trimEnd(), entry.slice(dash + 1).trimStart())
  const slash = entry.indexOf('/')
  const address = slash < 0 ? entry : entry.slice(0, slash)
  const family = readAddress(address, words)
  if (family === 0) return 'not an address, network or range'
  const bits = family === 4 ? 32 : 128
  const length =
    slash < 0 ? bits : prefixLength(entry.slice(slash + 1), family === 4 && address.includes(':'))
  if (length < 0 || length > bits) return 'not a prefix length'
  if (length === 0) return 'holds every address'
  if (!hostBitsAreZero(length, bits)) return 'bits behind the prefix are set'
  if (family === 4) collector.addIpv4(words[0] as number, length)
  else collector.addIpv6(words, length)
  return undefined
}

/** -1 if it is none. An IPv4-mapped network is written with 96 bits more. */
function prefixLength(text: string, isMapped: boolean): number {
  if (!/^\d{1,3}$/.test(text)) return -1
  return Number(text) - (isMapped ? 96 : 0)
}

function hostBitsAreZero(length: number, bits: 32 | 128): boolean {
  for (let i = 0, left = length; i < bits / 32; i++, left -= 32) {
    if (left >= 32) continue
    const word = words[i] as number
    if ((left <= 0 ? word : (word << left) >>> 0) !== 0) return false
  }
  return true
}

/** Adds the fewest networks that make up the range, both ends included. */
function addRange(collector: NetworkCollector, first: string, last: string): string | undefined {
  const family = readAddress(first, words)
  let start = wordsValue(family)
  if (family === 0 || readAddress(last, words) !== family) return 'not a range of addresses'
  const end = wordsValue(family)
  if (end < start) return 'the range ends before it starts'
  const bits = family === 4 ? 32n : 128n
  if (end - start === (1n << bits) - 1n) return 'holds every address'
  while (start <= end) {
    let hostBits = 0n
    while (
      hostBits < bits &&
      (start & ((2n << hostBits) - 1n)) === 0n &&
      start + (2n << hostBits) - 1n <= end
    )
      hostBits++
    if (family === 4) collector.addIpv4(Number(start), Number(bits - hostBits))
    else collector.addIpv6(valueWords(start), Number(bits - hostBits))
    start += 1n << hostBits
  }
  return undefined
}

function wordsValue(family: number): bigint {
  if (family === 4) return BigInt(words[0] as number)
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
}

function valueWords(value: bigint): Uint32Array {
  return Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((value >> shift) & 0xffffffffn))
}

/** Safe for a log: short, and printable ASCII only. */
function shown(text: string): string {
  const short = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text
  return short.replace(/[^\x20-\x7e]/g, '?')
}
