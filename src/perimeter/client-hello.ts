/** What a TLS client says first, as far as anyone may judge it before a key is agreed (RFC 8446 4.1.2). */
export interface ClientHello {
  /** `legacy_version`: 0x0303 for TLS 1.2 and 1.3. */
  readonly legacyVersion: number
  /** Extension 43, in the client's order; empty when it is absent (TLS 1.2 and older). */
  readonly supportedVersions: readonly number[]
  readonly cipherSuites: readonly number[]
  /** Types of all extensions in the order in which they stood. */
  readonly extensions: readonly number[]
  /** Extension 0, a byte string as it came; undefined when it is absent. */
  readonly serverName: string | undefined
  /** Extension 16, protocol names as byte strings. */
  readonly alpn: readonly string[]
  /** Extension 13. */
  readonly signatureAlgorithms: readonly number[]
  /** Extension 10. */
  readonly groups: readonly number[]
  /** The session that the client would resume, in hex: `legacy_session_id`, and the first identity of extension 41. */
  readonly resumes?: { readonly sessionId: string; readonly identity: string | undefined }
}

/** What the first bytes of a connection are. */
export type HelloReading =
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  /** So far it may become one. Fewer than `needed` bytes in all cannot change that. */
  | { readonly kind: 'incomplete'; readonly needed: number }
  | { readonly kind: 'not-tls'; readonly reason: string }

/**
 * A hello with post-quantum key shares is about 1.8 KB. Records: clients that split it on purpose send a handful; the
 * limit keeps the work small for one that sends a record per byte.
 */
export const HELLO_BOUNDS = {
  maxBytes: 16 * 1024,
  maxRecords: 64,
  maxCipherSuites: 1024,
  maxExtensions: 256,
  maxNameBytes: 255,
} as const

const RECORD_HEAD_BYTES = 5
const MESSAGE_HEAD_BYTES = 4
const HANDSHAKE = 22
const CLIENT_HELLO = 1

/** The extensions that are looked into. */
const EXTENSION = {
  serverName: 0,
  groups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  preSharedKey: 41,
  supportedVersions: 43,
} as const

/** Values that clients send so that servers learn to ignore what they do not know (RFC 8701 2). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)
}

/**
 * Reads a ClientHello off the first bytes of a connection, whichever way it is cut into TLS records. Strict: every length
 * must fit exactly, no extension comes twice (RFC 8446 4.2), nothing else stands in its records. What follows them, such
 * as early data, is not looked at. Never throws; the work is linear in the bytes.
 */
export function readClientHello(bytes: Uint8Array): HelloReading {
  const message = gatherMessage(bytes)
  return message instanceof Uint8Array ? readBody(message) : message
}

/** The body of the handshake message, its records undone (RFC 8446 5.1). */
function gatherMessage(bytes: Uint8Array): Uint8Array | HelloReading {
  const parts: Uint8Array[] = []
  let gathered = 0
  let at = 0
  let wanted = MESSAGE_HEAD_BYTES
  while (gathered < wanted) {
    const wrong = wrongRecordHead(bytes, at)
    if (wrong !== undefined) return notTls(wrong)
    if (parts.length >= HELLO_BOUNDS.maxRecords) return notTls('the ClientHello is cut into too many records')
    if (bytes.length < at + RECORD_HEAD_BYTES) return incomplete(at + RECORD_HEAD_BYTES)
    const start = at + RECORD_HEAD_BYTES
    const end = start + u16(bytes, at + 3)
    if (end > HELLO_BOUNDS.maxBytes) return notTls('the ClientHello is too large')
    if (gathered === 0 && bytes.length > start && bytes[start] !== CLIENT_HELLO)
      return notTls('the first handshake message is not a ClientHello')
    if (bytes.length < end) return incomplete(end)
    parts.push(bytes.subarray(start, end))
    gathered += end - start
    if (wanted === MESSAGE_HEAD_BYTES && gathered >= MESSAGE_HEAD_BYTES) {
      const head = join(parts, MESSAGE_HEAD_BYTES)
      wanted += ((head[1] as number) << 16) | u16(head, 2)
      if (wanted > HELLO_BOUNDS.maxBytes) return notTls('the ClientHello is too large')
    }
    at = end
  }
  if (gathered > wanted) return notTls('something follows the ClientHello in its record')
  return join(parts, gathered).subarray(MESSAGE_HEAD_BYTES)
}

/** What is wrong with as much of a record's head as is there. */
function wrongRecordHead(bytes: Uint8Array, at: number): string | undefined {
  if (bytes.length <= at) return undefined
  if (bytes[at] !== HANDSHAKE) return at === 0 ? notRecord(bytes) : 'the ClientHello breaks off'
  if (bytes.length > at + 1 && bytes[at + 1] !== 3) return 'the record has no known version'
  if (bytes.length < at + RECORD_HEAD_BYTES) return undefined
  const length = u16(bytes, at + 3)
  return length === 0 || length > 1 << 14 ? 'the record has a length that is not allowed' : undefined
}

function notRecord(bytes: Uint8Array): string {
  const first = bytes[0] as number
  if (first >= 0x41 && first <= 0x5a) return 'it looks like plain HTTP'
  return first >= 0x80 && bytes[2] === CLIENT_HELLO ? 'it is an SSL 2.0 hello' : 'it is not a TLS handshake'
}

function readBody(bytes: Uint8Array): HelloReading {
  const reader = new Reader(bytes)
  const legacyVersion = reader.number(2)
  reader.vector(32, 32)
  const sessionId = reader.sized(1, 0, 32)
  const cipherSuites = numbers(reader.sized(2, 2, 2 * HELLO_BOUNDS.maxCipherSuites))
  reader.sized(1, 1, 255)
  const hello: Draft = {
    legacyVersion,
    supportedVersions: [],
    cipherSuites: cipherSuites ?? [],
    extensions: [],
    serverName: undefined,
    alpn: [],
    signatureAlgorithms: [],
    groups: [],
    ...(sessionId.length > 0 && { resumes: { sessionId: hexOf(sessionId), identity: undefined } }),
  }
  if (reader.failed || cipherSuites === undefined) return notTls('the ClientHello does not add up')
  if (legacyVersion >> 8 !== 3) return notTls('the ClientHello has no known version')
  if (reader.isAtEnd) return { kind: 'hello', hello }
  const wrong = readExtensions(reader, hello)
  return wrong === undefined ? { kind: 'hello', hello } : notTls(wrong)
}

type Draft = { -readonly [K in keyof ClientHello]: ClientHello[K] }

/** Fills the draft; what is wrong with the extensions otherwise. */
function readExtensions(reader: Reader, hello: Draft): string | undefined {
  const list = new Reader(reader.sized(2, 0, HELLO_BOUNDS.maxBytes))
  if (reader.failed || !reader.isAtEnd) return 'the extensions do not add up'
  const seen = new Set<number>()
  while (!list.isAtEnd) {
    const type = list.number(2)
    const data = list.sized(2, 0, HELLO_BOUNDS.maxBytes)
    if (list.failed) return 'the extensions do not add up'
    if (seen.size >= HELLO_BOUNDS.maxExtensions) return 'the ClientHello has too many extensions'
    if (seen.has(type)) return `extension ${type} comes twice`
    if (seen.has(EXTENSION.preSharedKey)) return 'an extension follows pre_shared_key'
    seen.add(type)
    if (!readExtension(type, new Reader(data), hello)) return `extension ${type} is malformed`
  }
  hello.extensions = [...seen]
  return undefined
}

function readExtension(type: number, data: Reader, hello: Draft): boolean {
  switch (type) {
    case EXTENSION.serverName:
      hello.serverName = readServerName(data)
      return hello.serverName !== undefined
    case EXTENSION.alpn: {
      const alpn = readAlpn(data)
      hello.alpn = alpn ?? []
      return alpn !== undefined
    }
    case EXTENSION.supportedVersions:
      return readNumbers(data, 1, (list) => (hello.supportedVersions = list))
    case EXTENSION.groups:
      return readNumbers(data, 2, (list) => (hello.groups = list))
    case EXTENSION.signatureAlgorithms:
      return readNumbers(data, 2, (list) => (hello.signatureAlgorithms = list))
    case EXTENSION.preSharedKey: {
      const identity = readIdentity(data)
      if (hello.resumes) hello.resumes = { ...hello.resumes, identity }
      return true
    }
    default:
      return true
  }
}

/** RFC 6066 3: a list with one name in it, of the type `host_name`, the only one there is. */
function readServerName(data: Reader): string | undefined {
  const list = new Reader(data.sized(2, 1, HELLO_BOUNDS.maxBytes))
  const type = list.number(1)
  const name = list.sized(2, 1, HELLO_BOUNDS.maxNameBytes)
  if (data.failed || !data.isAtEnd || list.failed || !list.isAtEnd || type !== 0) return undefined
  return name.every((byte) => byte > 0x20 && byte < 0x7f) ? byteString(name) : undefined
}

/** RFC 8446 4.2.11: identities with their ages, then binders; the first identity, in hex, if there is one. */
function readIdentity(data: Reader): string | undefined {
  const identities = new Reader(data.sized(2, 7, HELLO_BOUNDS.maxBytes))
  const first = identities.sized(2, 1, HELLO_BOUNDS.maxBytes)
  return data.failed || identities.failed ? undefined : hexOf(first)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** RFC 7301 3.1: one name or more, none of them empty. */
function readAlpn(data: Reader): string[] | undefined {
  const list = new Reader(data.sized(2, 2, HELLO_BOUNDS.maxBytes))
  if (data.failed || !data.isAtEnd) return undefined
  const names: string[] = []
  while (!list.isAtEnd) {
    names.push(byteString(list.sized(1, 1, 255)))
    if (list.failed) return undefined
  }
  return names
}

function readNumbers(data: Reader, lengthBytes: 1 | 2, keep: (list: readonly number[]) => void): boolean {
  const list = numbers(data.sized(lengthBytes, 2, HELLO_BOUNDS.maxBytes))
  if (data.failed || !data.isAtEnd || list === undefined) return false
  keep(list)
  return true
}

/** Two bytes each; undefined when one is left over. */
function numbers(bytes: Uint8Array): number[] | undefined {
  if (bytes.length % 2 !== 0) return undefined
  return Array.from({ length: bytes.length / 2 }, (_, i) => u16(bytes, 2 * i))
}

const NOTHING = new Uint8Array(0)

/** Takes bytes off the front. Once something does not fit it has failed, and gives nothing any more. */
class Reader {
  failed = false
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.failed || this.#at === this.#bytes.length
  }

  number(length: 1 | 2): number {
    const bytes = this.vector(length, length)
    if (this.failed) return 0
    return length === 1 ? (bytes[0] as number) : u16(bytes, 0)
  }

  /** A vector with its length before it (RFC 8446 3.4), which must lie between the two bounds. */
  sized(lengthBytes: 1 | 2, min: number, max: number): Uint8Array {
    const length = this.number(lengthBytes)
    if (length < min || length > max) this.failed = true
    return this.vector(length, max)
  }

  vector(length: number, max: number): Uint8Array {
    if (this.failed || length > max || this.#bytes.length - this.#at < length) {
      this.failed = true
      return NOTHING
    }
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined.subarray(0, length)
}

function byteString(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function incomplete(needed: number): HelloReading {
  return { kind: 'incomplete', needed }
}

function notTls(reason: string): HelloReading {
  return { kind: 'not-tls', reason }
}
