import { describeError, RingwallError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { mysqlSession, postgresSession, type SqlSession, sqliteSession } from './sql-session.ts'

/** A session and how to end it. */
export type OpenedSession = SqlSession & { close(): Promise<void> }

/**
 * Opens the database of a URL: `postgres://`, `mysql://` or the path of a SQLite file. The drivers are loaded when they are asked for;
 * `mysql2` is the application's own.
 */
export async function openSession(url: Secret): Promise<OpenedSession> {
  const text = url.reveal()
  try {
    if (/^postgres(?:ql)?:/.test(text)) return await openPostgresUrl(text)
    if (/^(?:mysql|mariadb):/.test(text)) return await openMysqlUrl(text.replace(/^mariadb:/, 'mysql:'))
    if (!text.includes('://')) return await openSqliteFile(text)
  } catch (cause) {
    throw new RingwallError('data.database', `cannot open the database: ${describeError(cause)}`, { cause })
  }
  throw new RingwallError(
    'data.database',
    'a database is postgres://..., mysql://... or the path of a SQLite file',
  )
}

async function openPostgresUrl(url: string): Promise<OpenedSession> {
  const { Pool } = await import('pg')
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5000 })
  // An idle connection that the server ends is replaced at the next query.
  pool.on('error', () => undefined)
  await pool.query('SELECT 1')
  return { ...postgresSession(pool), close: () => pool.end() }
}

async function openMysqlUrl(url: string): Promise<OpenedSession> {
  const { createPool } = await import('mysql2/promise')
  const pool = createPool({ uri: url, connectionLimit: 2, connectTimeout: 5000 })
  await pool.query('SELECT 1')
  return { ...mysqlSession(pool), close: () => pool.end() }
}

async function openSqliteFile(file: string): Promise<OpenedSession> {
  const { DatabaseSync } = await import('node:sqlite')
  const connection = new DatabaseSync(file, { timeout: 5000 })
  return {
    ...sqliteSession(connection),
    async close() {
      connection.close()
    },
  }
}
