import type { RandomBytes } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import { BlindIndex, type IndexKind, type Search } from './blind-index.ts'
import type { FieldType } from './canonical-value.ts'
import { type DataKeys, FIELDS_SCOPE, type LoadedKeys } from './data-keys.ts'
import { parseEnvelope, type StoredForm } from './envelope.ts'
import { FieldCipher, type RowId, type Unreadable } from './field-cipher.ts'
import type { Normalization } from './normalization.ts'

/** One search column of an encrypted column. */
export interface IndexDeclaration {
  readonly kind: IndexKind
  readonly normalize?: readonly Normalization[]
  readonly bits?: number
  readonly length?: number
}

/** One encrypted column. */
export interface ColumnDeclaration {
  readonly type: FieldType
  readonly form?: StoredForm
  readonly padBytes?: number
  readonly maxBytes?: number
  readonly binding?: 'row' | 'column'
  /** By the name of the column that holds the tokens. */
  readonly indexes?: Readonly<Record<string, IndexDeclaration>>
}

/** One table: its primary key and its encrypted columns. */
export interface TableDeclaration {
  readonly key: string | readonly string[]
  readonly columns: Readonly<Record<string, ColumnDeclaration>>
  /** A data key for each value of a column, so that it can be destroyed: `{ column: 'user_id', prefix: 'subject' }` gives `subject:7`. */
  readonly shredBy?: { readonly column: string; readonly prefix: string }
}

/** All tables with encrypted columns. */
export type Declaration = Readonly<Record<string, TableDeclaration>>

/** A row, by column. */
export type Row = Readonly<Record<string, unknown>>

/** A row that was read, or the first column that was not. */
export type OpenedRow =
  | { readonly ok: true; readonly row: Record<string, unknown> }
  | {
      readonly ok: false
      readonly column: string
      readonly reason: Unreadable
      readonly keyId: string | undefined
    }

interface Column {
  readonly name: string
  readonly cipher: FieldCipher<FieldType>
  readonly indexes: readonly BlindIndex[]
}

/** Builds the ciphers and indexes of a declaration once; afterwards there are only look-ups. */
export function declareColumns(
  declaration: Declaration,
  keys: DataKeys,
  random?: RandomBytes,
): EncryptedColumns {
  return new EncryptedColumns(declaration, keys, random)
}

/** Encrypted columns of an application, for plain SQL and for whatever maps rows. */
export class EncryptedColumns {
  readonly #tables: ReadonlyMap<string, EncryptedTable>
  readonly #keys: DataKeys

  constructor(declaration: Declaration, keys: DataKeys, random?: RandomBytes) {
    this.#keys = keys
    this.#tables = new Map(
      Object.entries(declaration).map(([name, table]) => [
        name,
        new EncryptedTable(name, table, keys, random),
      ]),
    )
  }

  /** A declared table. */
  table(name: string): EncryptedTable {
    const found = this.#tables.get(name)
    if (found) return found
    const known = [...this.#tables.keys()].join(', ')
    throw new RingwallError('data.no-table', `no table \`${name}\` is declared; there is ${known}`)
  }

  /** Whether a table has encrypted columns. */
  has(name: string): boolean {
    return this.#tables.has(name)
  }

  /** Names of the declared tables. */
  get names(): readonly string[] {
    return [...this.#tables.keys()]
  }

  /** Encrypts rows, loading the keys that they need first. */
  async encryptRows(table: string, rows: readonly Row[]): Promise<Record<string, unknown>[]> {
    const found = this.table(table)
    await this.#keys.load(rows.map((row) => found.scopeOf(row)))
    return rows.map((row) => found.encryptRow(row))
  }

  /** Decrypts rows. Keys that another process made meanwhile are loaded. Throws at the first value that is refused. */
  async decryptRows(table: string, rows: readonly Row[]): Promise<Record<string, unknown>[]> {
    const found = this.table(table)
    await this.#keys.loadIds(rows.flatMap((row) => found.keyIdsOf(row)))
    return rows.map((row) => found.decryptRow(row))
  }
}

/** The encrypted columns of one table. */
export class EncryptedTable {
  readonly name: string
  readonly keyColumns: readonly string[]
  readonly declaration: TableDeclaration
  readonly #columns: readonly Column[]
  readonly #indexes: ReadonlyMap<string, BlindIndex>

  constructor(name: string, declaration: TableDeclaration, keys: LoadedKeys, random?: RandomBytes) {
    this.name = name
    this.declaration = declaration
    this.keyColumns = typeof declaration.key === 'string' ? [declaration.key] : declaration.key
    this.#columns = Object.entries(declaration.columns).map(([column, { type, indexes = {}, ...rest }]) => ({
      name: column,
      cipher: new FieldCipher({ keys, table: name, column, type, ...rest, ...(random && { random }) }),
      indexes: Object.entries(indexes).map(
        ([index, how]) => new BlindIndex({ keys, table: name, column, name: index, type, ...how }),
      ),
    }))
    const indexes = this.#columns.flatMap((column) => column.indexes)
    this.#indexes = new Map(indexes.map((index) => [index.name, index]))
    const names = [
      ...this.keyColumns,
      ...this.#columns.map((column) => column.name),
      ...indexes.map((i) => i.name),
    ]
    const twice = names.find((one, i) => names.indexOf(one) !== i)
    if (twice !== undefined)
      throw new RingwallError(
        'data.declaration',
        `\`${name}.${twice}\` is declared twice; keys, columns and indexes need names of their own`,
      )
  }

  /** Whether a column is encrypted. */
  isEncrypted(column: string): boolean {
    return Object.hasOwn(this.declaration.columns, column)
  }

  /** Names of the encrypted columns. */
  get columnNames(): readonly string[] {
    return this.#columns.map((column) => column.name)
  }

  /** The cipher of a column. */
  cipherOf(column: string): FieldCipher<FieldType> {
    return this.#column(column).cipher
  }

  /** The indexes of a column. */
  indexesOf(column: string): readonly BlindIndex[] {
    return this.#column(column).indexes
  }

  /** The scope of a row's data key. */
  scopeOf(row: Row): string {
    const { shredBy } = this.declaration
    if (!shredBy) return FIELDS_SCOPE
    const value = row[shredBy.column]
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      return `${shredBy.prefix}:${value}`
    throw new RingwallError(
      'data.row-unknown',
      `a row of \`${this.name}\` needs its \`${shredBy.column}\`, which names its key`,
    )
  }

  /** Ids of the keys that a row's values are under. */
  keyIdsOf(row: Row): string[] {
    return this.#columns.flatMap(({ name }) => {
      const envelope = parseEnvelope(row[name], Number.MAX_SAFE_INTEGER)
      return typeof envelope === 'string' ? [] : [envelope.keyId]
    })
  }

  /**
   * A row as it is stored: declared columns encrypted, their search columns filled, everything else as it was. For an UPDATE give
   * the changes, and the whole key of the row (with the column that it is shredded by) as `of`. NULL stays NULL.
   */
  encryptRow(changes: Row, of: Row = changes): Record<string, unknown> {
    const stored: Record<string, unknown> = { ...changes }
    const isNeeded = this.#columns.some(({ name }) => isPresent(changes[name]))
    const scope = isNeeded ? this.scopeOf(of) : FIELDS_SCOPE
    for (const { name, cipher, indexes } of this.#columns) {
      const value = changes[name]
      if (value === undefined) continue
      if (value === null) for (const index of indexes) stored[index.name] = null
      else {
        stored[name] = cipher.encrypt(value, this.#rowId(of, cipher), scope)
        for (const index of indexes) stored[index.name] = index.tokensOf(value)
      }
    }
    return stored
  }

  /** A stored row in clear, without its search columns; or the first column that is refused. */
  openRow(row: Row): OpenedRow {
    const clear: Record<string, unknown> = { ...row }
    for (const { name, cipher } of this.#columns) {
      const raw = row[name]
      if (!isPresent(raw)) continue
      const opened = cipher.decrypt(raw, this.#rowId(row, cipher))
      if (!opened.ok) {
        const envelope = parseEnvelope(raw, Number.MAX_SAFE_INTEGER)
        return {
          ok: false,
          column: name,
          reason: opened.reason,
          keyId: typeof envelope === 'string' ? undefined : envelope.keyId,
        }
      }
      clear[name] = opened.value
    }
    for (const name of this.#indexes.keys()) delete clear[name]
    return { ok: true, row: clear }
  }

  /** As {@link openRow}, but throws: whoever asked for a row can do nothing with a part of it. */
  decryptRow(row: Row): Record<string, unknown> {
    const opened = this.openRow(row)
    if (opened.ok) return opened.row
    throw unreadable(`${this.name}.${opened.column}`, opened.reason)
  }

  /** What to ask of a search column; see `searchCondition`. */
  search(index: string, wanted: unknown): Search {
    const found = this.#indexes.get(index)
    if (found) return found.search(wanted)
    const known = [...this.#indexes.keys()].join(', ')
    throw new RingwallError(
      'data.no-index',
      `\`${this.name}\` has no index \`${index}\`; there is ${known || 'none'}`,
    )
  }

  #column(name: string): Column {
    const found = this.#columns.find((column) => column.name === name)
    if (found) return found
    throw new RingwallError('data.no-column', `\`${this.name}.${name}\` is not declared as encrypted`)
  }

  #rowId(row: Row, cipher: FieldCipher<FieldType>): RowId | undefined {
    if (cipher.binding === 'column') return undefined
    return this.keyColumns.map((column) => {
      const part = row[column]
      if (
        typeof part === 'string' ||
        typeof part === 'number' ||
        typeof part === 'bigint' ||
        part instanceof Uint8Array
      )
        return part
      throw new RingwallError(
        'data.row-unknown',
        `${this.name}.${cipher.column} is bound to its row: \`${column}\` must be there, in what is written and in what is selected`,
      )
    })
  }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** The error for a stored value that is refused; it never repeats the value. */
export function unreadable(at: string, reason: Unreadable): RingwallError {
  const hints: Readonly<Record<Unreadable, string>> = {
    'not-encrypted': 'it is plain text in an encrypted column',
    malformed: 'it is not in the form that we write',
    'too-long': 'it is longer than the column allows',
    'wrong-key-or-place': 'it was made for another row, column or table, or with another key',
    tampered: 'it was altered after it was written',
    'unknown-key': 'its key is not among the data keys; restore it, or await keys.loadIds',
    'key-destroyed': 'its key was destroyed, and the value with it',
    'another-type': 'it holds a value of another type than the column is declared with',
  }
  return new RingwallError('data.unreadable', `a value of ${at} is refused: ${hints[reason]}`)
}
