// The rows of a world in one schema of a PostgreSQL database.
import type { Client } from 'pg'

import { POSTGRES_TYPES, postgresCell, type Rows, type Tables } from '../filter/databases.ts'

/** Makes the tables anew and fills them; `drafts` is a copy of `docs`, for rows that somebody tries to make. */
export async function loadRows(client: Client, schema: string, tables: Tables, rows: Rows): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`)
  for (const [table, types] of Object.entries(tables)) {
    const columns = Object.entries(types)
    const declared = columns.map(([column, type]) => `"${column}" ${POSTGRES_TYPES[type]}`)
    await client.query(`CREATE TABLE ${schema}."${table}" (${declared.join(', ')})`)
    const marks = columns.map((_, at) => `$${at + 1}`)
    for (const row of rows.get(table) ?? []) {
      const values = columns.map(([column, type]) => postgresCell(row[column] ?? null, type))
      await client.query(`INSERT INTO ${schema}."${table}" VALUES (${marks.join(', ')})`, values)
    }
  }
  await client.query(`CREATE TABLE ${schema}.drafts AS TABLE ${schema}.docs`)
}
