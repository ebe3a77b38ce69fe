import { formatIp, parseIp } from '../core/ip.ts'

/** Whom a proxy in front speaks for; undefined where it speaks for itself (LOCAL, UNKNOWN). */
export type ProxiedPeer = { readonly peer: string; readonly peerPort: number } | undefined

/** What the first bytes of a connection from a trusted proxy are. */
export type ProxyReading =
  | { readonly kind: 'header'; readonly peer: ProxiedPeer; readonly bytes: number }
  /** So far it may become one. Fewer than `needed` bytes in all cannot change that. */
  | { readonly kind: 'incomplete'; readonly needed: number }
  | { readonly kind: 'wrong'; readonly reason: string }

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
const V1_START = Buffer.from('PROXY ')
/** The longest line of version 1 that the specification allows, CRLF included. */
const V1_MAX_BYTES = 107
const V2_HEAD_BYTES = 16
/** Addresses and TLVs of version 2. Real ones are a few hundred bytes. */
const V2_MAX_BYTES = 4096
const V2_MAX_TLVS = 64
const TLV_CRC32C = 0x03

/**
 * Reads the header of the PROXY protocol, version 1 (a line) or 2 (binary): HAProxy's proxy-protocol.txt, 2.1 and 2.2.
 * Strict: what is not exactly one of the forms is wrong, and nothing is skipped to find one. Linear in the bytes.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyReading {
  if (bytes.length === 0) return { kind: 'incomplete', needed: 1 }
  if (startsLike(bytes, SIGNATURE)) return readBinary(bytes)
  if (startsLike(bytes, V1_START)) return readLine(bytes)
  return wrong('no PROXY header')
}

function wrong(reason: string): ProxyReading {
  return { kind: 'wrong', reason }
}

function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.subarray(0, start.length).every((byte, i) => byte === start[i])
}

function readLine(bytes: Uint8Array): ProxyReading {
  const seen = Buffer.from(bytes.subarray(0, V1_MAX_BYTES)).toString('latin1')
  const end = seen.indexOf('\r\n')
  if (end < 0)
    return bytes.length < V1_MAX_BYTES
      ? { kind: 'incomplete', needed: bytes.length + 1 }
      : wrong('a line that does not end')
  const line = seen.slice(0, end)
  const used = end + 2
  // The rest of a line for UNKNOWN must be ignored.
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN '))
    return { kind: 'header', peer: undefined, bytes: used }
  const match = /^PROXY (TCP4|TCP6) ([0-9a-fA-F:.]{2,39}) ([0-9a-fA-F:.]{2,39}) (\d{1,5}) (\d{1,5})$/.exec(
    line,
  )
  if (!match) return wrong('a line that is not the form of version 1')
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = match
  const from = parseIp(source)
  const to = parseIp(destination)
  const isV6 = family === 'TCP6'
  if (!from || !to || source.includes(':') !== isV6 || destination.includes(':') !== isV6)
    return wrong(`an address that is not of ${family}`)
  if (!isPort(sourcePort) || !isPort(destinationPort)) return wrong('a port that does not exist')
  return { kind: 'header', peer: { peer: formatIp(from), peerPort: Number(sourcePort) }, bytes: used }
}

function isPort(text: string): boolean {
  return Number(text) <= 65_535 && (text === '0' || !text.startsWith('0'))
}

function readBinary(bytes: Uint8Array): ProxyReading {
  if (bytes.length < V2_HEAD_BYTES) return { kind: 'incomplete', needed: V2_HEAD_BYTES }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const command = view.readUInt8(12)
  const family = view.readUInt8(13)
  const length = view.readUInt16BE(14)
  if (command >> 4 !== 2) return wrong('a version that is not 2')
  if (command !== 0x20 && command !== 0x21) return wrong('a command that is neither LOCAL nor PROXY')
  if (length > V2_MAX_BYTES) return wrong(`more than ${V2_MAX_BYTES} bytes of header`)
  const total = V2_HEAD_BYTES + length
  if (bytes.length < total) return { kind: 'incomplete', needed: total }
  const header = view.subarray(0, total)
  const isLocal = command === 0x20
  const size = addressBytes(family)
  if (isLocal || family === 0) return { kind: 'header', peer: undefined, bytes: total }
  if (size === undefined) return wrong('an address family or transport that is not TCP')
  if (length < size) return wrong('addresses that break off')
  const doubt = doubtInTlvs(header, V2_HEAD_BYTES + size)
  if (doubt !== undefined) return wrong(doubt)
  const half = (size - 4) / 2
  const address = header.subarray(V2_HEAD_BYTES, V2_HEAD_BYTES + half)
  const peer = parseIp(half === 4 ? address.join('.') : groupsOf(address))
  if (!peer) return wrong('an address that is none')
  return {
    kind: 'header',
    peer: { peer: formatIp(peer), peerPort: header.readUInt16BE(V2_HEAD_BYTES + 2 * half) },
    bytes: total,
  }
}

/** TCP over IPv4 or IPv6: two addresses and two ports. */
function addressBytes(family: number): number | undefined {
  return family === 0x11 ? 12 : family === 0x21 ? 36 : undefined
}

function groupsOf(address: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16)).join(':')
}

/** Type, length and value fill the header exactly; a checksum that is there must be right (2.2.4). */
function doubtInTlvs(header: Buffer, start: number): string | undefined {
  let at = start
  for (let count = 0; at < header.length; count++) {
    if (count === V2_MAX_TLVS) return `more than ${V2_MAX_TLVS} TLVs`
    if (header.length < at + 3) return 'a TLV that breaks off'
    const type = header.readUInt8(at)
    const end = at + 3 + header.readUInt16BE(at + 1)
    if (header.length < end) return 'a TLV that breaks off'
    if (type === TLV_CRC32C) {
      if (end - at !== 7) return 'a checksum that is not 4 bytes'
      const sent = header.readUInt32BE(at + 3)
      const blank = Buffer.from(header)
      blank.fill(0, at + 3, end)
      if (crc32c(blank) !== sent) return 'a checksum that is wrong'
    }
    at = end
  }
  return undefined
}

/** CRC-32C (RFC 9260 appendix A). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return (crc ^ 0xffff_ffff) >>> 0
}
