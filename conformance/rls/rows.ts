// The rows of a world in one schema of a PostgreSQL database.
import type { Client } from 'pg'

import type { ColumnType, Rows, Tables } from '../filter/databases.ts'
import type { Cell } from '../filter/world.ts'

const TYPES: Readonly<Record<ColumnType, string>> = {
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

/** Makes the tables anew and fills them; `drafts` is a copy of `docs`, for rows that somebody tries to make. */
export async function loadRows(client: Client, schema: string, tables: Tables, rows: Rows): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`)
  for (const [table, types] of Object.entries(tables)) {
    const columns = Object.entries(types)
    const declared = columns.map(([column, type]) => `"${column}" ${TYPES[type]}`)
    await client.query(`CREATE TABLE ${schema}."${table}" (${declared.join(', ')})`)
    const marks = columns.map((_, at) => `$${at + 1}`)
    for (const row of rows.get(table) ?? []) {
      const values = columns.map(([column, type]) => cellOf(row[column] ?? null, type))
      await client.query(`INSERT INTO ${schema}."${table}" VALUES (${marks.join(', ')})`, values)
    }
  }
  await client.query(`CREATE TABLE ${schema}.drafts AS TABLE ${schema}.docs`)
}

function cellOf(cell: Cell, type: ColumnType): unknown {
  if (cell === null) return null
  if (type === 'moment') return new Date(Number(cell)).toISOString()
  if (type === 'numeric') return decimalOf(cell as bigint)
  return typeof cell === 'bigint' ? String(cell) : cell
}

/** Ten-thousandths as SQL writes them. */
function decimalOf(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(5, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}
