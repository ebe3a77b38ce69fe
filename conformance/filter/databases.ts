// Real databases with the rows of a world in them.
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'

import type { DialectName, SqlText } from '../../src/access/index.ts'
import type { Cell } from './world.ts'

export type Rows = ReadonlyMap<string, readonly Readonly<Record<string, Cell>>[]>

/** How a column is declared: `id`-like texts, whole numbers, and what differs from database to database. */
export type ColumnType =
  | 'text'
  | 'exact'
  | 'uuid'
  | 'long'
  | 'bool'
  | 'moment'
  | 'numeric'
  | 'units'
  | 'inet'
  | 'texts'

export type Tables = Readonly<Record<string, Readonly<Record<string, ColumnType>>>>

/** One database for one run. */
export interface Database {
  readonly dialect: DialectName
  /** Makes the tables anew and fills them. */
  load(tables: Tables, rows: Rows): Promise<void>
  /** The first column of what a query finds. */
  ids(query: SqlText): Promise<string[]>
  /** Runs statements as they are. */
  run(sql: string): Promise<void>
  close(): Promise<void>
}

const NAME = `ringwall_filter_${process.pid}`

/** A decimal's ten-thousandths as SQL writes them. */
function numeric(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(5, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}

/** Milliseconds, or a moment as it is written, which may be finer. */
function momentOf(value: Cell): string {
  return typeof value === 'string' ? value : new Date(Number(value)).toISOString()
}

/** What a database without a column type for it leaves out. */
function columnsOf(
  types: Readonly<Record<string, ColumnType>>,
  declared: Partial<Record<ColumnType, string>>,
): string[] {
  return Object.keys(types).filter((column) => declared[types[column] as ColumnType] !== undefined)
}

function createTable(
  quote: (name: string) => string,
  table: string,
  types: Readonly<Record<string, ColumnType>>,
  declared: Partial<Record<ColumnType, string>>,
): string {
  const columns = columnsOf(types, declared).map(
    (column) => `${quote(column)} ${declared[types[column] as ColumnType]}`,
  )
  return `CREATE TABLE ${quote(table)} (${columns.join(', ')})`
}

const BATCH = 200

/** What PostgreSQL calls the types of columns. */
export const POSTGRES_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  exact: 'varchar(200)',
  uuid: 'uuid',
  long: 'bigint',
  bool: 'boolean',
  moment: 'timestamptz',
  numeric: 'numeric(20,4)',
  units: 'bigint',
  inet: 'inet',
  texts: 'text[]',
}

/** A cell as PostgreSQL's driver takes it. */
export function postgresCell(value: Cell, type: ColumnType): unknown {
  if (value === null) return null
  if (type === 'moment') return momentOf(value)
  if (type === 'numeric') return numeric(value as bigint)
  return typeof value === 'bigint' ? value.toString() : value
}

export async function openPostgres(): Promise<Database | undefined> {
  const admin = process.env['RINGWALL_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const client = new Client({ connectionString: admin, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
  } catch {
    return undefined
  }
  const quote = (name: string): string => `"${name}"`
  await client.query(`CREATE SCHEMA ${NAME}`)
  await client.query(`SET search_path TO ${NAME}`)
  return {
    dialect: 'postgres',
    async load(tables, rows) {
      await client.query(`DROP SCHEMA ${NAME} CASCADE; CREATE SCHEMA ${NAME}`)
      for (const [table, types] of Object.entries(tables)) {
        await client.query(createTable(quote, table, types, POSTGRES_TYPES))
        const columns = columnsOf(types, POSTGRES_TYPES)
        const all = rows.get(table) ?? []
        for (let at = 0; at < all.length; at += BATCH) {
          const values: unknown[] = []
          const tuples = all.slice(at, at + BATCH).map((row) => {
            const marks = columns.map((column) => {
              values.push(postgresCell(row[column] ?? null, types[column] as ColumnType))
              return `$${values.length}`
            })
            return `(${marks.join(', ')})`
          })
          await client.query(
            `INSERT INTO ${quote(table)} (${columns.map(quote).join(', ')}) VALUES ${tuples.join(', ')}`,
            values,
          )
        }
      }
      await client.query('ANALYZE')
    },
    async ids({ text, parameters }) {
      const { rows } = await client.query<unknown[]>({ text, values: [...parameters], rowMode: 'array' })
      return rows.map((row) => String(row[0]))
    },
    async run(sql) {
      await client.query(sql)
    },
    async close() {
      await client.query(`DROP SCHEMA ${NAME} CASCADE`)
      await client.end()
    },
  }
}

export async function openMysql(): Promise<Database | undefined> {
  const url = process.env['RINGWALL_TEST_MYSQL']
  const options = url === undefined ? { socketPath: '/run/mysqld/mysqld.sock', user: 'root' } : { uri: url }
  let connection: Awaited<ReturnType<typeof createConnection>>
  try {
    connection = await createConnection({
      ...options,
      multipleStatements: true,
      maxPreparedStatements: 20,
      charset: 'utf8mb4',
      timezone: 'Z',
    })
  } catch {
    return undefined
  }
  const quote = (name: string): string => `\`${name}\``
  // The collation that ignores case and pads with spaces is the server's own; columns are as a careless schema has them.
  const declared: Partial<Record<ColumnType, string>> = {
    text: 'VARCHAR(200)',
    exact: 'VARCHAR(200) COLLATE utf8mb4_nopad_bin',
    uuid: 'CHAR(36)',
    long: 'BIGINT',
    bool: 'TINYINT(1)',
    moment: 'DATETIME(6)',
    numeric: 'DECIMAL(20,4)',
    units: 'BIGINT',
  }
  const cell = (value: Cell, type: ColumnType): string | number | null => {
    if (value === null) return null
    if (type === 'moment') return momentOf(value).replace('T', ' ').replace('Z', '')
    if (type === 'numeric') return numeric(value as bigint)
    return typeof value === 'boolean' ? Number(value) : String(value)
  }
  await connection.query(
    `CREATE DATABASE ${NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; USE ${NAME}`,
  )
  return {
    dialect: 'mysql',
    async load(tables, rows) {
      await connection.query(
        `DROP DATABASE ${NAME}; CREATE DATABASE ${NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci; USE ${NAME}`,
      )
      for (const [table, types] of Object.entries(tables)) {
        await connection.query(createTable(quote, table, types, declared))
        const columns = columnsOf(types, declared)
        const all = rows.get(table) ?? []
        const values = all.map((row) =>
          columns.map((column) => cell(row[column] ?? null, types[column] as ColumnType)),
        )
        if (values.length > 0)
          await connection.query(`INSERT INTO ${quote(table)} (${columns.map(quote).join(', ')}) VALUES ?`, [
            values,
          ])
      }
    },
    async ids({ text, parameters }) {
      const [rows] = await connection.execute({ sql: text, rowsAsArray: true }, parameters as string[])
      return (rows as unknown as unknown[][]).map((row) => String(row[0]))
    },
    async run(sql) {
      await connection.query(sql)
    },
    async close() {
      await connection.query(`DROP DATABASE ${NAME}`)
      await connection.end()
    },
  }
}

export function openSqlite(): Database {
  const database = new DatabaseSync(':memory:')
  const quote = (name: string): string => `"${name}"`
  // NOCASE is what a careless schema may have.
  const declared: Partial<Record<ColumnType, string>> = {
    text: 'TEXT COLLATE NOCASE',
    exact: 'TEXT',
    uuid: 'TEXT',
    long: 'INTEGER',
    bool: 'INTEGER',
    moment: 'INTEGER',
    numeric: 'INTEGER',
    units: 'INTEGER',
  }
  const cell = (value: Cell, type: ColumnType | undefined): SQLInputValue => {
    if (type === 'moment' && typeof value === 'string') return BigInt(Math.floor(Date.parse(value)))
    if (typeof value === 'boolean') return value ? 1n : 0n
    return typeof value === 'number' ? BigInt(value) : (value as string | bigint | null)
  }
  return {
    dialect: 'sqlite',
    load(tables, rows) {
      for (const [table, types] of Object.entries(tables)) {
        database.exec(`DROP TABLE IF EXISTS ${quote(table)}`)
        database.exec(createTable(quote, table, types, declared))
        const columns = columnsOf(types, declared)
        const marks = columns.map(() => '?').join(', ')
        const insert = database.prepare(`INSERT INTO ${quote(table)} VALUES (${marks})`)
        for (const row of rows.get(table) ?? [])
          insert.run(...columns.map((column) => cell(row[column] ?? null, types[column])))
      }
      return Promise.resolve()
    },
    ids({ text, parameters }) {
      const statement = database.prepare(text)
      statement.setReadBigInts(true)
      return Promise.resolve(
        statement.all(...(parameters as SQLInputValue[])).map((row) => String(Object.values(row)[0])),
      )
    },
    run(sql) {
      database.exec(sql)
      return Promise.resolve()
    },
    close() {
      database.close()
      return Promise.resolve()
    },
  }
}
