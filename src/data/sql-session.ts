import { RingwallError } from '../core/errors.ts'

/** What can be bound to a statement. */
export type SqlParameter = string | number | bigint | null | Uint8Array

/** What a statement gave: rows, and how many it changed. */
export interface SqlOutcome {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly changed: number
}

/** One statement with its parameters; `?` stands for each on every database. */
export interface SqlStatement {
  readonly sql: string
  readonly parameters: readonly SqlParameter[]
}

/** The little that is needed of a database: by it, rotation and key stores work on all three. */
export interface SqlSession {
  readonly kind: 'sqlite' | 'postgres' | 'mysql'
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<SqlOutcome>
  /** Runs all in one transaction; how many rows each changed. */
  runTogether(statements: readonly SqlStatement[]): Promise<readonly number[]>
}

/** What is used of `DatabaseSync` of `node:sqlite`. */
export interface SqliteConnection {
  exec(sql: string): void
  prepare(sql: string): {
    all(...parameters: SqlParameter[]): unknown[]
    run(...parameters: SqlParameter[]): { readonly changes: number | bigint }
  }
}

/** A session on `node:sqlite`. It is synchronous inside: for commands and workers, not for the event loop of a server. */
export function sqliteSession(connection: SqliteConnection): SqlSession {
  const prepared = new Map<string, ReturnType<SqliteConnection['prepare']>>()
  const prepare = (sql: string): ReturnType<SqliteConnection['prepare']> => {
    const found = prepared.get(sql) ?? connection.prepare(sql)
    if (prepared.size < 256) prepared.set(sql, found)
    return found
  }
  const isReading = (sql: string): boolean => /^\s*(?:SELECT|WITH|PRAGMA)\b/i.test(sql)
  return {
    kind: 'sqlite',
    async run(sql, parameters = []) {
      if (isReading(sql))
        return { rows: prepare(sql).all(...parameters) as Record<string, unknown>[], changed: 0 }
      return { rows: [], changed: Number(prepare(sql).run(...parameters).changes) }
    },
    async runTogether(statements) {
      connection.exec('BEGIN IMMEDIATE')
      try {
        const changed = statements.map(({ sql, parameters }) =>
          Number(prepare(sql).run(...parameters).changes),
        )
        connection.exec('COMMIT')
        return changed
      } catch (thrown) {
        connection.exec('ROLLBACK')
        throw thrown
      }
    },
  }
}

interface PgResult {
  readonly rows: readonly Record<string, unknown>[]
  readonly rowCount: number | null
}

/** What is used of a connection of `pg`. */
export interface PgClient {
  query(sql: string, parameters?: unknown[]): Promise<PgResult>
}

/** What is used of `Pool` of `pg`. */
export interface PgPool extends PgClient {
  connect(): Promise<PgClient & { release(destroy?: boolean): void }>
}

/** A session on a pool of `pg`. */
export function postgresSession(pool: PgPool): SqlSession {
  const query = async (
    client: PgClient,
    sql: string,
    parameters: readonly SqlParameter[],
  ): Promise<PgResult> => client.query(numbered(sql), [...parameters])
  return {
    kind: 'postgres',
    async run(sql, parameters = []) {
      const { rows, rowCount } = await query(pool, sql, parameters)
      return { rows, changed: rowCount ?? 0 }
    },
    async runTogether(statements) {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        const changed: number[] = []
        for (const { sql, parameters } of statements)
          changed.push((await query(client, sql, parameters)).rowCount ?? 0)
        await client.query('COMMIT')
        client.release()
        return changed
      } catch (thrown) {
        // The connection's state is unknown: it is thrown away, and the server rolls back.
        client.release(true)
        throw thrown
      }
    },
  }
}

/** `$1`, `$2` for each `?`. Our own statements hold no question mark in a text. */
function numbered(sql: string): string {
  let next = 0
  return sql.replaceAll('?', () => `$${++next}`)
}

/** What is used of a connection of `mysql2/promise`. */
export interface MysqlConnection {
  query(sql: string, parameters?: unknown[]): Promise<readonly unknown[]>
}

/** What is used of a pool of `mysql2/promise`. */
export interface MysqlPool extends MysqlConnection {
  getConnection(): Promise<MysqlConnection & { release(): void; destroy(): void }>
}

/** A session on a pool of `mysql2/promise` (MySQL or MariaDB), opened with the flag `-FOUND_ROWS` or without: both count. */
export function mysqlSession(pool: MysqlPool): SqlSession {
  const query = async (
    connection: MysqlConnection,
    sql: string,
    parameters: readonly SqlParameter[],
  ): Promise<SqlOutcome> => {
    const bound = parameters.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value))
    const [result] = await connection.query(sql, bound)
    if (Array.isArray(result)) return { rows: result as Record<string, unknown>[], changed: 0 }
    return { rows: [], changed: (result as { readonly affectedRows: number }).affectedRows }
  }
  return {
    kind: 'mysql',
    run: (sql, parameters = []) => query(pool, sql, parameters),
    async runTogether(statements) {
      const connection = await pool.getConnection()
      try {
        await connection.query('START TRANSACTION')
        const changed: number[] = []
        for (const { sql, parameters } of statements)
          changed.push((await query(connection, sql, parameters)).changed)
        await connection.query('COMMIT')
        connection.release()
        return changed
      } catch (thrown) {
        connection.destroy()
        throw thrown
      }
    },
  }
}

const NAME = /^[A-Za-z_][A-Za-z0-9_$]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$/

/** A name of a table or column, quoted for a database. Names come from a declaration, and still nothing else than a name passes. */
export function quoteName(kind: SqlSession['kind'], name: string): string {
  if (!NAME.test(name))
    throw new RingwallError(
      'data.name',
      `\`${name}\` is not a name of a table or column; use letters, digits and _`,
    )
  const quote = kind === 'mysql' ? '`' : '"'
  return name
    .split('.')
    .map((part) => `${quote}${part}${quote}`)
    .join('.')
}

/** A text column as text: some drivers give bytes. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value)
}
