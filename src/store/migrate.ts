import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { sql } from 'kysely'

import { RingwallError } from '../core/errors.ts'
import type { Database } from './database.ts'

/** One numbered step of the schema. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

const DIRECTORY = fileURLToPath(new URL('./migrations', import.meta.url))

/** The program's own migrations for a dialect: `NNN-name.sqlite.sql`, `NNN-name.postgres.sql`. */
export function readMigrations(kind: Database['kind'], directory = DIRECTORY): readonly Migration[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(`.${kind}.sql`))
    .sort()
    .map((file) => {
      const text = readFileSync(join(directory, file), 'utf8')
      return {
        number: Number(file.slice(0, 3)),
        name: file.slice(4, -`.${kind}.sql`.length),
        sql: text,
        sha256: createHash('sha256').update(text).digest('hex'),
      }
    })
}

// A number of our own, so that no other program waits for the same advisory lock.
const LOCK_ID = 0x72696e67

/**
 * Brings the schema up to date: forward only, each step once, safe for two processes at once. A schema that is newer
 * than the program, or a step that was changed after it was applied, is refused.
 */
export async function migrate(
  database: Database,
  migrations = readMigrations(database.kind),
): Promise<number> {
  const { kind, kysely } = database
  const bigint = kind === 'sqlite' ? 'INTEGER' : 'BIGINT'
  return kysely.transaction().execute(async (transaction) => {
    if (kind === 'postgres') await sql`SELECT pg_advisory_xact_lock(${LOCK_ID})`.execute(transaction)
    await sql`CREATE TABLE IF NOT EXISTS ringwall_migrations (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at ${sql.raw(bigint)} NOT NULL
    )`.execute(transaction)
    const { rows: applied } = await sql<{
      number: number
      name: string
      sha256: string
    }>`SELECT number, name, sha256 FROM ringwall_migrations ORDER BY number`.execute(transaction)
    checkApplied(applied, migrations)
    const missing = migrations.filter((migration) => !applied.some((row) => row.number === migration.number))
    for (const migration of missing) {
      for (const statement of splitStatements(migration.sql)) await sql.raw(statement).execute(transaction)
      await sql`INSERT INTO ringwall_migrations (number, name, sha256, applied_at)
        VALUES (${migration.number}, ${migration.name}, ${migration.sha256}, ${Date.now()})`.execute(
        transaction,
      )
    }
    return missing.length
  })
}

function checkApplied(
  applied: readonly { readonly number: number; readonly name: string; readonly sha256: string }[],
  migrations: readonly Migration[],
): void {
  for (const row of applied) {
    const known = migrations.find((migration) => migration.number === row.number)
    if (!known) {
      throw new RingwallError(
        'store.schema-newer',
        `the database has step ${row.number} (${row.name}), which this version does not know; run the newer version of ringwall`,
      )
    }
    if (known.sha256 !== row.sha256) {
      throw new RingwallError(
        'store.schema-changed',
        `step ${row.number} (${row.name}) was applied in another form; restore the program's files, never edit a migration`,
      )
    }
  }
}

/**
 * Splits a migration at the semicolons that end a line, except inside `$$` bodies and between BEGIN and END of a trigger.
 * Our own files only.
 */
function splitStatements(text: string): string[] {
  const statements: string[] = []
  let current = ''
  for (const line of text.split('\n')) {
    current += `${line}\n`
    const inBody = (current.match(/\$\$/g) ?? []).length % 2 === 1
    const inTrigger = /^BEGIN\b/m.test(current) && !/\bEND;?\s*$/.test(current) && !current.includes('$$')
    if (line.trimEnd().endsWith(';') && !inBody && !inTrigger) {
      statements.push(current)
      current = ''
    }
  }
  return current.trim() === '' ? statements : [...statements, current]
}
