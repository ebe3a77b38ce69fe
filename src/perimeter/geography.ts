import { Reader, type Response } from 'mmdb-lib'

import { RingwallError } from '../core/errors.ts'
import { formatIp } from '../core/ip.ts'
import { formatSize } from '../core/units.ts'
import { readAddress } from './address-list-words.ts'

/** What a database knows of an address. */
export interface GeoFacts {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country?: string
  /** Number of the autonomous system that announces the address (RFC 6996 names the private ones). */
  readonly asn?: number
}

/** Which countries and networks may come. Country codes in upper case. */
export interface GeoConfig {
  /** Empty: all countries that are not blocked. */
  readonly allowCountries: ReadonlySet<string>
  readonly blockCountries: ReadonlySet<string>
  readonly blockAsns: ReadonlySet<number>
  /** What becomes of an address of which a list needs to know something that the database does not say. */
  readonly unknown: 'pass' | 'refuse'
}

/** Pass, or refuse with the reason for the audit log. */
export type GeoVerdict = { readonly kind: 'pass' } | { readonly kind: 'refuse'; readonly detail: string }

const MAX_BYTES = 512 * 1024 ** 2
const MAX_KEPT_RECORDS = 20_000
const SAMPLED_RECORDS = 256
const SAMPLE_STEPS = 100_000
const SEPARATOR_BYTES = 16
const METADATA_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
const NOTHING: GeoFacts = {}
const PASS: GeoVerdict = { kind: 'pass' }
const WHAT_TO_DO =
  'fetch the database again, or take one in the MaxMind DB format (.mmdb) with countries or ASNs'

/** Countries and autonomous systems by a database in the MaxMind DB format 2.0, held in memory. */
export class Geography {
  /** When the database was made, by its own word. */
  readonly built: Date
  /** What the database calls itself, such as `GeoLite2-Country`. */
  readonly kind: string
  readonly #reader: Reader<Response>
  readonly #holdsIpv6: boolean
  readonly #words = new Uint32Array(4)

  private constructor(reader: Reader<Response>) {
    this.#reader = reader
    this.built = reader.metadata.buildEpoch
    this.kind = reader.metadata.databaseType
    this.#holdsIpv6 = reader.metadata.ipVersion === 6
  }

  /**
   * Reads the whole search tree once, so that a damaged file is told here and not by wrong answers later.
   * Throws a RingwallError that says what to do.
   */
  static open(database: Uint8Array): Geography {
    if (database.length > MAX_BYTES)
      throw unreadable(`it has ${formatSize(database.length)}, ${formatSize(MAX_BYTES)} is the most`)
    const bytes = Buffer.from(database.buffer, database.byteOffset, database.byteLength)
    let reader: Reader<Response>
    try {
      reader = new Reader<Response>(bytes, { cache: new RecordCache() })
    } catch (error) {
      throw unreadable('its description or tree cannot be read', error)
    }
    const fault = structureFault(reader, bytes)
    if (fault !== undefined) throw unreadable(fault)
    const geography = new Geography(reader)
    if (!saysAnything(geography, reader, bytes)) throw unreadable('it holds neither countries nor ASNs')
    return geography
  }

  /** ISO 3166-1 alpha-2 code of the address's country, upper case; undefined where the database does not say. */
  country(ip: string): string | undefined {
    return this.find(ip).country
  }

  /** Number of the address's autonomous system; undefined where the database does not say. */
  asn(ip: string): number | undefined {
    return this.find(ip).asn
  }

  /** Both at the price of one look-up. Never throws; what is no address has no facts. */
  find(ip: string): GeoFacts {
    const family = readAddress(ip, this.#words)
    if (family === 0 || (family === 6 && !this.#holdsIpv6)) return NOTHING
    const isMapped = family === 4 && ip.includes(':')
    const text = isMapped ? formatIp({ bits: 32, value: BigInt(this.#words[0] as number) }) : ip
    try {
      return factsOf(this.#reader.get(text))
    } catch {
      return NOTHING
    }
  }
}

/** Whether the country and network may come. Blocked beats allowed; without lists everything passes. */
export function geoVerdict(config: GeoConfig, facts: GeoFacts): GeoVerdict {
  const { country, asn } = facts
  const asksCountry = config.allowCountries.size > 0 || config.blockCountries.size > 0
  const asksAsn = config.blockAsns.size > 0
  if (asn !== undefined && config.blockAsns.has(asn)) return refuse(`AS${asn} is blocked`)
  if (country !== undefined && config.blockCountries.has(country)) return refuse(`${country} is blocked`)
  if (country !== undefined && config.allowCountries.size > 0 && !config.allowCountries.has(country))
    return refuse(`${country} is not among the allowed countries`)
  if (config.unknown === 'refuse') {
    if (asksCountry && country === undefined) return refuse('the country of the address is not known')
    if (asksAsn && asn === undefined) return refuse('the autonomous system of the address is not known')
  }
  return PASS
}

function refuse(detail: string): GeoVerdict {
  return { kind: 'refuse', detail }
}

function unreadable(what: string, cause?: unknown): RingwallError {
  return new RingwallError(
    'perimeter.geography-unreadable',
    `the address database is of no use: ${what}; ${WHAT_TO_DO}`,
    {
      cause,
    },
  )
}

/** Decoded records by their place. Bounded, so that a database with millions of them does not double its size. */
class RecordCache {
  readonly #records = new Map<string | number, unknown>()

  get(key: string | number): unknown {
    return this.#records.get(key)
  }

  set(key: string | number, value: unknown): void {
    if (this.#records.size >= MAX_KEPT_RECORDS) this.#records.clear()
    this.#records.set(key, value)
  }
}

/** What is wrong with the description or with a pointer of the search tree; undefined where nothing is. */
function structureFault(reader: Reader<Response>, bytes: Buffer): string | undefined {
  const { binaryFormatMajorVersion, buildEpoch, ipVersion, nodeCount, recordSize, searchTreeSize } =
    reader.metadata
  if (binaryFormatMajorVersion !== 2) return `its format is ${binaryFormatMajorVersion}.x, 2.x is read`
  if (ipVersion !== 4 && ipVersion !== 6) return 'it names no IP version'
  if (!Number.isSafeInteger(nodeCount) || nodeCount < 1) return 'it names no number of nodes'
  if (Number.isNaN(buildEpoch.getTime())) return 'it does not say when it was made'
  const dataStart = searchTreeSize + SEPARATOR_BYTES
  const dataEnd = bytes.lastIndexOf(METADATA_MARKER)
  if (dataEnd < dataStart) return 'it is cut short'
  for (let at = searchTreeSize; at < dataStart; at++)
    if (bytes[at] !== 0) return 'its tree and its data overlap'
  const firstData = nodeCount + SEPARATOR_BYTES
  const pastData = firstData + dataEnd - dataStart
  for (let node = 0; node < nodeCount; node++) {
    for (const side of [0, 1] as const) {
      const record = recordAt(bytes, node, side, recordSize)
      if (record > nodeCount && (record < firstData || record >= pastData))
        return `its node ${node} points nowhere`
    }
  }
  return undefined
}

/** Whether one of the first records says anything of use. Bounded in steps, since a damaged tree may run in circles. */
function saysAnything(geography: Geography, reader: Reader<Response>, bytes: Buffer): boolean {
  const { ipVersion, nodeCount, recordSize } = reader.metadata
  const bits = ipVersion === 4 ? 32 : 128
  const seen = new Set<number>()
  const open = [{ node: 0, depth: 0, value: 0n }]
  for (let step = 0; step < SAMPLE_STEPS && seen.size < SAMPLED_RECORDS; step++) {
    const place = open.pop()
    if (!place) return false
    if (place.node > nodeCount && !seen.has(place.node)) {
      seen.add(place.node)
      const { country, asn } = geography.find(formatIp({ bits, value: place.value }))
      if (country !== undefined || asn !== undefined) return true
    }
    if (place.node >= nodeCount || place.depth >= bits) continue
    const below = 1n << BigInt(bits - 1 - place.depth)
    for (const side of [1, 0] as const) {
      open.push({
        node: recordAt(bytes, place.node, side, recordSize),
        depth: place.depth + 1,
        value: side === 1 ? place.value | below : place.value,
      })
    }
  }
  return false
}

/** The left (0) or right (1) record of a node; two records of 24, 28 or 32 bits each (MaxMind DB 2.0, "Node Layout"). */
function recordAt(bytes: Buffer, node: number, side: 0 | 1, recordSize: number): number {
  const at = (node * recordSize) / 4
  if (recordSize === 32) return bytes.readUInt32BE(at + side * 4)
  if (recordSize === 24) return bytes.readUIntBE(at + side * 3, 3)
  const middle = bytes.readUInt8(at + 3)
  return side === 0
    ? (middle >> 4) * 0x1000000 + bytes.readUIntBE(at, 3)
    : (middle & 15) * 0x1000000 + bytes.readUIntBE(at + 4, 3)
}

/**
 * The facts in a record: MaxMind's `country.iso_code` and `autonomous_system_number`, or the flat `country_code`, `country`
 * and `asn` of others. `ZZ` stands for an unknown country (CLDR).
 */
function factsOf(record: unknown): GeoFacts {
  const country = countryCode(
    field(field(record, 'country'), 'iso_code') ?? field(record, 'country_code') ?? field(record, 'country'),
  )
  const asn = asNumber(field(record, 'autonomous_system_number') ?? field(record, 'asn'))
  if (country === undefined) return asn === undefined ? NOTHING : { asn }
  return asn === undefined ? { country } : { country, asn }
}

function field(record: unknown, name: string): unknown {
  return typeof record === 'object' && record !== null && Object.hasOwn(record, name)
    ? (record as Record<string, unknown>)[name]
    : undefined
}

function countryCode(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z]{2}$/.test(value)) return undefined
  const code = value.toUpperCase()
  return code === 'ZZ' ? undefined : code
}

function asNumber(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && /^(AS)?\d{1,10}$/i.test(value) ? Number(value.replace(/^AS/i, '')) : value
  return typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 0xffffffff
    ? number
    : undefined
}
