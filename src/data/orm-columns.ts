import { RingwallError } from '../core/errors.ts'
import type { FieldType, FieldValues } from './canonical-value.ts'
import { type EncryptedColumns, type EncryptedTable, type Row, unreadable } from './columns.ts'
import type { StoredForm } from './envelope.ts'
import type { FieldCipher } from './field-cipher.ts'

/** What `customType` of drizzle-orm takes. */
export interface DrizzleColumn<V> {
  dataType(): string
  toDriver(value: V): string | Uint8Array
  fromDriver(raw: string | Uint8Array): V
}

const SQL_TYPES: Readonly<Record<'sqlite' | 'postgres' | 'mysql', Readonly<Record<StoredForm, string>>>> = {
  sqlite: { text: 'text', bytes: 'blob' },
  postgres: { text: 'text', bytes: 'bytea' },
  mysql: { text: 'mediumtext', bytes: 'mediumblob' },
}

/**
 * A column for `customType` of Drizzle. Drizzle shows a value without its row, so the cipher must be bound to its column; where
 * rows must not be swapped, use `encryptRow` and `decryptRow` around the queries.
 */
export function drizzleColumn<T extends FieldType>(
  cipher: FieldCipher<T>,
  database: 'sqlite' | 'postgres' | 'mysql',
): DrizzleColumn<FieldValues[T]> {
  requireColumnBinding(cipher, 'a Drizzle column')
  return {
    dataType: () => SQL_TYPES[database][cipher.form],
    toDriver: (value) => cipher.encrypt(value),
    fromDriver: (raw) => decryptBound(cipher, raw),
  }
}

/** What `transformer` of a TypeORM column takes. */
export interface TypeOrmTransformer<V> {
  to(value: V | null | undefined): string | Uint8Array | null | undefined
  from(raw: string | Uint8Array | null | undefined): V | null | undefined
}

/** A `ValueTransformer` of TypeORM. As with Drizzle, the cipher must be bound to its column. */
export function typeOrmTransformer<T extends FieldType>(
  cipher: FieldCipher<T>,
): TypeOrmTransformer<FieldValues[T]> {
  requireColumnBinding(cipher, 'a TypeORM transformer')
  return {
    to: (value) => (value === null ? null : value === undefined ? undefined : cipher.encrypt(value)),
    from: (raw) => (raw === null ? null : raw === undefined ? undefined : decryptBound(cipher, raw)),
  }
}

function decryptBound<T extends FieldType>(cipher: FieldCipher<T>, raw: unknown): FieldValues[T] {
  const opened = cipher.decrypt(raw)
  if (opened.ok) return opened.value
  throw unreadable(`${cipher.table}.${cipher.column}`, opened.reason)
}

function requireColumnBinding(cipher: FieldCipher<FieldType>, what: string): void {
  if (cipher.binding === 'column') return
  throw new RingwallError(
    'data.row-unknown',
    `${what} does not see the row of ${cipher.table}.${cipher.column}: declare it with binding \`column\`, or use encryptRow and decryptRow`,
  )
}

/** What Prisma hands to an extension of `query.$allModels.$allOperations`. */
export interface PrismaOperation {
  readonly model: string
  readonly operation: string
  readonly args: unknown
  query(args: unknown): Promise<unknown>
}

/** What `$extends` of a Prisma client takes. */
export interface PrismaExtension {
  readonly name: string
  readonly query: { readonly $allModels: { $allOperations(operation: PrismaOperation): Promise<unknown> } }
}

type Arguments = Readonly<Record<string, unknown>>

/**
 * An extension for Prisma: `client.$extends(prismaExtension(columns, { User: 'users' }))`. Rows are bound: `create` needs the id in its
 * data and `update` in its `where`. Values in nested writes and nested results are not touched: what is written there would be plain text,
 * which is refused when it is read.
 */
export function prismaExtension(
  columns: EncryptedColumns,
  /** Declared tables by model. */
  models: Readonly<Record<string, string>>,
): PrismaExtension {
  return {
    name: 'ringwall',
    query: {
      $allModels: {
        async $allOperations({ model, operation, args, query }) {
          const name = Object.hasOwn(models, model) ? models[model] : undefined
          if (name === undefined) return query(args)
          const table = columns.table(name)
          const given = (args ?? {}) as Arguments
          refuseConditions(table, given['where'])
          const result = await query(await encryptArguments(columns, table, operation, given))
          return decryptResult(columns, table, operation, result)
        },
      },
    },
  }
}

async function encryptArguments(
  columns: EncryptedColumns,
  table: EncryptedTable,
  operation: string,
  args: Arguments,
): Promise<Arguments> {
  const where = (args['where'] ?? {}) as Row
  const one = async (data: unknown, of: Row = data as Row): Promise<Row> => {
    const changes = data as Row
    const [stored = {}] = await columns.encryptRows(table.name, [{ ...of, ...changes }])
    const indexes = table.columnNames.flatMap((column) => table.indexesOf(column).map((index) => index.name))
    const wanted = new Set([...Object.keys(changes), ...indexes])
    return Object.fromEntries(Object.entries(stored).filter(([column]) => wanted.has(column)))
  }
  const many = async (data: unknown): Promise<readonly Row[]> =>
    columns.encryptRows(table.name, Array.isArray(data) ? (data as Row[]) : [data as Row])
  if (operation === 'create') return { ...args, data: await one(args['data']) }
  if (operation === 'createMany' || operation === 'createManyAndReturn')
    return { ...args, data: await many(args['data']) }
  if (operation === 'update') return { ...args, data: await one(args['data'], where) }
  if (operation === 'upsert')
    return { ...args, create: await one(args['create']), update: await one(args['update'], where) }
  if (operation.startsWith('updateMany')) {
    const touched = Object.keys((args['data'] ?? {}) as Row).find((column) => table.isEncrypted(column))
    if (touched !== undefined)
      throw new RingwallError(
        'data.row-unknown',
        `updateMany cannot write ${table.name}.${touched}, which is bound to its row; update row by row`,
      )
  }
  return args
}

const RETURNS_ROWS = /^(?:find|create$|createManyAndReturn$|update$|updateManyAndReturn$|upsert$|delete$)/

async function decryptResult(
  columns: EncryptedColumns,
  table: EncryptedTable,
  operation: string,
  result: unknown,
): Promise<unknown> {
  if (!RETURNS_ROWS.test(operation) || typeof result !== 'object' || result === null) return result
  if (Array.isArray(result)) return columns.decryptRows(table.name, result as Row[])
  return (await columns.decryptRows(table.name, [result as Row]))[0]
}

/** A comparison with an encrypted column finds nothing: the same value has another ciphertext each time. */
function refuseConditions(table: EncryptedTable, where: unknown, depth = 0): void {
  if (typeof where !== 'object' || where === null || depth > 32) return
  for (const [name, inner] of Object.entries(where)) {
    if (table.isEncrypted(name) && inner !== null)
      throw new RingwallError(
        'data.not-searchable',
        `${table.name}.${name} is encrypted; search its index with table.search`,
      )
    refuseConditions(table, inner, depth + 1)
  }
}
