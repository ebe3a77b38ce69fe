import { RingwallError } from '../core/errors.ts'

/** What a value of each type is in TypeScript. */
export interface FieldValues {
  readonly string: string
  readonly number: number
  readonly bigint: bigint
  readonly boolean: boolean
  readonly date: Date
  readonly json: unknown
  readonly bytes: Uint8Array
}

/** Types that an encrypted column can hold. */
export type FieldType = keyof FieldValues

const CODES: Readonly<Record<FieldType, number>> = {
  string: 1,
  number: 2,
  bigint: 3,
  boolean: 4,
  date: 5,
  json: 6,
  bytes: 7,
}
const MAX_JSON_DEPTH = 64
const MAX_BIGINT_BYTES = 1024

/** The number that stands for a type in an envelope, where it is authenticated. */
export function codeOf(type: FieldType): number {
  return CODES[type]
}

/** The type that a number stands for. */
export function typeOf(code: number): FieldType | undefined {
  return (Object.keys(CODES) as FieldType[]).find((type) => CODES[type] === code)
}

/** Whether a text names a type. */
export function isFieldType(text: string): text is FieldType {
  return Object.hasOwn(CODES, text)
}

/** A value as bytes, in exactly one way: what is equal has equal bytes, so that it can be searched for by a keyed hash. */
export function encodeValue<T extends FieldType>(type: T, value: FieldValues[T]): Buffer {
  const encode = ENCODERS[type]
  const bytes = encode(value)
  if (bytes) return bytes
  throw new RingwallError(
    'data.not-encodable',
    `the value is not a ${type} that can be stored; ${HINTS[type]}`,
  )
}

/** The value of such bytes; undefined where they are not the one encoding of a value. */
export function decodeValue<T extends FieldType>(type: T, bytes: Buffer): FieldValues[T] | undefined {
  return DECODERS[type](bytes)
}

const HINTS: Readonly<Record<FieldType, string>> = {
  string: 'give a string without lone surrogates',
  number: 'give a number',
  bigint: `give a bigint of at most ${MAX_BIGINT_BYTES} bytes`,
  boolean: 'give true or false',
  date: 'give a valid Date',
  json: `give null, booleans, finite numbers, well-formed strings, arrays and plain objects, at most ${MAX_JSON_DEPTH} deep`,
  bytes: 'give a Uint8Array',
}

const ENCODERS: Readonly<Record<FieldType, (value: unknown) => Buffer | undefined>> = {
  string: (value) =>
    typeof value === 'string' && value.isWellFormed() ? Buffer.from(value, 'utf8') : undefined,
  number(value) {
    if (typeof value !== 'number') return undefined
    const bytes = Buffer.alloc(8)
    // INVARIANT: one NaN. The payload bits of a NaN are not visible in JavaScript, but a DataView can keep them.
    if (Number.isNaN(value)) bytes.writeUInt32BE(0x7ff80000, 0)
    else bytes.writeDoubleBE(value, 0)
    return bytes
  },
  bigint: (value) => (typeof value === 'bigint' ? encodeBigint(value) : undefined),
  boolean: (value) => (typeof value === 'boolean' ? Buffer.from([value ? 1 : 0]) : undefined),
  date(value) {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(value.getTime()), 0)
    return bytes
  },
  json(value) {
    const text = canonicalJson(value, 0)
    return text === undefined ? undefined : Buffer.from(text, 'utf8')
  },
  bytes: (value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined,
}

const DECODERS: { readonly [T in FieldType]: (bytes: Buffer) => FieldValues[T] | undefined } = {
  string: (bytes) => bytes.toString('utf8'),
  number: (bytes) => (bytes.length === 8 ? bytes.readDoubleBE(0) : undefined),
  bigint: decodeBigint,
  boolean: (bytes) =>
    bytes.length === 1 && bytes[0] !== undefined && bytes[0] <= 1 ? bytes[0] === 1 : undefined,
  date(bytes) {
    if (bytes.length !== 8) return undefined
    const date = new Date(Number(bytes.readBigInt64BE(0)))
    return Number.isNaN(date.getTime()) ? undefined : date
  },
  json(bytes) {
    try {
      return JSON.parse(bytes.toString('utf8')) as unknown
    } catch {
      return undefined
    }
  },
  bytes: (bytes) => Uint8Array.from(bytes),
}

/** Two's complement, big-endian, with no byte more than its sign needs; zero is one byte. */
function encodeBigint(value: bigint): Buffer | undefined {
  const magnitude = value < 0n ? -value - 1n : value
  const hex = magnitude.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const isSignTaken = (bytes[0] as number) >= 0x80
  const out = isSignTaken ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes
  if (value < 0n) for (let i = 0; i < out.length; i++) out[i] = ~(out[i] as number) & 0xff
  return out.length <= MAX_BIGINT_BYTES ? out : undefined
}

function decodeBigint(bytes: Buffer): bigint | undefined {
  if (bytes.length === 0 || bytes.length > MAX_BIGINT_BYTES) return undefined
  const isNegative = (bytes[0] as number) >= 0x80
  const magnitude = isNegative ? Buffer.from(bytes.map((byte) => ~byte & 0xff)) : bytes
  const found = BigInt(`0x${magnitude.toString('hex')}`)
  const value = isNegative ? -found - 1n : found
  return encodeBigint(value)?.equals(bytes) === true ? value : undefined
}

/** RFC 8785: names in the order of their UTF-16 code units, numbers and strings as ECMAScript writes them. */
function canonicalJson(value: unknown, depth: number): string | undefined {
  if (depth > MAX_JSON_DEPTH) return undefined
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : undefined
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : undefined
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => canonicalJson(item, depth + 1))
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`
  }
  if (!isPlainObject(value)) return undefined
  const members: string[] = []
  for (const name of Object.keys(value).sort()) {
    const inner = value[name]
    if (inner === undefined) continue
    const text = canonicalJson(inner, depth + 1)
    if (text === undefined || !name.isWellFormed()) return undefined
    members.push(`${JSON.stringify(name)}:${text}`)
  }
  return `{${members.join(',')}}`
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
