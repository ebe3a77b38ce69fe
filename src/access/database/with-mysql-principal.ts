import { lend, transactionOver } from './lent-connection.ts'
import { quoteName } from './sql-text.ts'

/** What a transaction needs of a connection of `mysql2/promise`; nothing of it is imported. */
export interface MysqlConnection {
  query(sql: string, values?: unknown[]): Promise<unknown>
  /** Takes back everything that a session is: settings, variables, temporary tables, locks. */
  reset(): Promise<unknown>
  release(): void
  destroy(): void
}

/** What it needs of a pool of `mysql2/promise`. */
export interface MysqlPool<Connection extends MysqlConnection> {
  getConnection(): Promise<Connection>
}

/**
 * Runs queries in one transaction as a principal, on a connection of a pool of `mysql2/promise`. The views of a plan
 * see the principal until the end of the transaction. `home` is the database that the plan was made with.
 * INVARIANT: a connection goes back to the pool for nobody, or is closed.
 */
export async function withMysqlPrincipal<Connection extends MysqlConnection, T>(
  pool: MysqlPool<Connection>,
  token: string,
  run: (connection: Connection) => Promise<T>,
  home = 'ringwall',
): Promise<T> {
  const own = quoteName(home, 'mariadb')
  const connection = await pool.getConnection()
  let isClean = false
  try {
    await connection.query('START TRANSACTION')
    await connection.query(`CALL ${own}.begin(?)`, [token])
    const result = await lend(connection, run)
    if (!isInTransaction(await connection.query('SELECT @@in_transaction AS is_in'))) throw transactionOver()
    await connection.query(`CALL ${own}.end()`)
    await connection.query('COMMIT')
    await connection.reset()
    isClean = true
    return result
  } finally {
    // Closing rolls back, and nobody else has the number of the connection.
    if (isClean) connection.release()
    else connection.destroy()
  }
}

function isInTransaction(result: unknown): boolean {
  const [rows] = result as readonly [readonly { readonly is_in?: unknown }[]]
  return rows[0]?.is_in === 1
}
