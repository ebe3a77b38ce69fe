import { type RandomBytes, systemRandom } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { codeOf, decodeValue, encodeValue, type FieldType, type FieldValues } from './canonical-value.ts'
import { open, seal, type Unopened } from './committed-aead.ts'
import { FIELDS_SCOPE, type LoadedKeys } from './data-keys.ts'
import { formatEnvelope, type NoEnvelope, PADDED, parseEnvelope, type StoredForm } from './envelope.ts'
import { poolRandom } from './random-pool.ts'

/** What names a row: its primary key, or all parts of it in the order of the declaration. */
export type RowId = string | number | bigint | Uint8Array | readonly (string | number | bigint | Uint8Array)[]

/** One encrypted column. */
export interface FieldCipherOptions<T extends FieldType> {
  readonly keys: LoadedKeys
  readonly table: string
  readonly column: string
  readonly type: T
  /** `bytes` takes three quarters of the place of `text`. */
  readonly form?: StoredForm
  /** Lengths are rounded up to a multiple of so many bytes, so that a length tells less. Default: not padded. */
  readonly padBytes?: number
  /** The longest plain text, in bytes. */
  readonly maxBytes?: number
  /**
   * `row` binds a value to its row. `column` does not: whoever can write to the table can then move a value to another
   * row unnoticed. For mappers that show a value without its row (a Drizzle `customType`, a TypeORM transformer).
   */
  readonly binding?: 'row' | 'column'
  readonly random?: RandomBytes
}

/** A stored value that was read, or why it was not. */
export type Opened<T> =
  | { readonly ok: true; readonly value: T; readonly keyId: string }
  | { readonly ok: false; readonly reason: Unreadable }

/** Why a stored value is refused. */
export type Unreadable = NoEnvelope | Unopened | 'unknown-key' | 'key-destroyed' | 'another-type'

const DEFAULT_MAX_BYTES = 1_048_576
const LABEL = Buffer.from('ringwall field@v1\0', 'ascii')

/** Encrypts and decrypts the values of one column. */
export class FieldCipher<T extends FieldType> {
  readonly table: string
  readonly column: string
  readonly type: T
  readonly form: StoredForm
  readonly binding: 'row' | 'column'
  readonly #keys: LoadedKeys
  readonly #maxBytes: number
  readonly #padBytes: number
  readonly #random: RandomBytes
  readonly #place: Buffer

  constructor(options: FieldCipherOptions<T>) {
    this.table = options.table
    this.column = options.column
    this.type = options.type
    this.form = options.form ?? 'text'
    this.binding = options.binding ?? 'row'
    this.#keys = options.keys
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    this.#padBytes = options.padBytes ?? 0
    this.#random = options.random ?? poolRandom(systemRandom)
    this.#place = Buffer.concat([lengthPrefixed(options.table), lengthPrefixed(options.column)])
    if (!Number.isInteger(this.#padBytes) || this.#padBytes < 0 || this.#padBytes > 65_536)
      throw new RingwallError(
        'data.padding',
        `\`${this.#padBytes}\` is no multiple to pad to; give 0 to 65536 bytes`,
      )
  }

  /** Encrypts a value for its row, with the newest key of a scope. */
  encrypt(value: FieldValues[T], row?: RowId, scope: string = FIELDS_SCOPE): string | Uint8Array {
    const plain = this.#padded(encodeValue(this.type, value))
    const { id, key } = this.#keys.current(scope)
    const typeByte = codeOf(this.type) | (this.#padBytes > 0 ? PADDED : 0)
    const sealed = seal(key, this.#aad(id, typeByte, row), plain, this.#random)
    return formatEnvelope(this.form, id, Buffer.concat([Uint8Array.of(typeByte), sealed]))
  }

  /** Reads a stored value of a row. Whatever is not exactly a value of this place and type is refused, plain text too. */
  decrypt(raw: unknown, row?: RowId): Opened<FieldValues[T]> {
    const envelope = parseEnvelope(raw, this.#maxBytes + this.#padBytes)
    if (typeof envelope === 'string') return { ok: false, reason: envelope }
    const { keyId, typeByte, sealed } = envelope
    if ((typeByte & ~PADDED) !== codeOf(this.type)) return { ok: false, reason: 'another-type' }
    const found = this.#keys.find(keyId)
    if (typeof found === 'string') return { ok: false, reason: found }
    const plain = open(found.key, this.#aad(keyId, typeByte, row), sealed)
    if (typeof plain === 'string') return { ok: false, reason: plain }
    const bytes = (typeByte & PADDED) === 0 ? plain : unpadded(plain)
    const value = bytes && decodeValue(this.type, bytes)
    return value === undefined ? { ok: false, reason: 'malformed' } : { ok: true, value, keyId }
  }

  /** ISO/IEC 7816-4: one 0x80, then zeros. */
  #padded(plain: Buffer): Buffer {
    if (plain.length > this.#maxBytes)
      throw new RingwallError(
        'data.too-long',
        `a value of ${this.table}.${this.column} has ${plain.length} bytes, ${this.#maxBytes} are the most`,
      )
    if (this.#padBytes === 0) return plain
    const padded = Buffer.alloc(Math.ceil((plain.length + 1) / this.#padBytes) * this.#padBytes)
    plain.copy(padded)
    padded[plain.length] = 0x80
    return padded
  }

  /** INVARIANT: each part is of fixed length or has its length before it, so that no two places have the same bytes. */
  #aad(keyId: string, typeByte: number, row: RowId | undefined): Buffer {
    const head = Buffer.from(keyId, 'latin1')
    const rowBytes = this.#rowBytes(row)
    return Buffer.concat([LABEL, head, Uint8Array.of(typeByte), this.#place, rowBytes])
  }

  #rowBytes(row: RowId | undefined): Buffer {
    if (this.binding === 'column') return COLUMN_BOUND
    if (row === undefined || row === '' || (Array.isArray(row) && row.length === 0))
      throw new RingwallError(
        'data.row-unknown',
        `${this.table}.${this.column} is bound to its row: give the row's primary key (make it before INSERT, such as a UUID)`,
      )
    const parts = Array.isArray(row) ? (row as readonly RowPart[]) : [row as RowPart]
    return Buffer.concat([Uint8Array.of(parts.length), ...parts.map((part) => lengthPrefixed(rowText(part)))])
  }
}

type RowPart = string | number | bigint | Uint8Array

/** A row that is none: no row has zero parts. */
const COLUMN_BOUND = Buffer.from([0])

/** Drivers give the same key as a number, a bigint or a text; all three are the same row. */
function rowText(part: RowPart): string {
  return part instanceof Uint8Array ? `\\x${Buffer.from(part).toString('hex')}` : String(part)
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const out = Buffer.allocUnsafe(4 + bytes.length)
  out.writeUInt32BE(bytes.length, 0)
  bytes.copy(out, 4)
  return out
}

function unpadded(plain: Buffer): Buffer | undefined {
  let end = plain.length - 1
  while (end >= 0 && plain[end] === 0) end--
  return end >= 0 && plain[end] === 0x80 ? plain.subarray(0, end) : undefined
}
