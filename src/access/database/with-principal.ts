import { lend, transactionOver } from './lent-connection.ts'

/** What a transaction needs of a connection of `pg`; nothing of it is imported. */
export interface PgConnection {
  query(text: string, values?: unknown[]): Promise<unknown>
  release(error?: Error | boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** What it needs of a pool of `pg`. */
export interface PgPool {
  connect(): Promise<PgConnection>
}

/** The connections of a pool, as its own types call them; the first form is that of `pg`, which also takes a callback. */
export type ConnectionOf<Pool> = Pool extends {
  connect: { (): Promise<infer Connection>; (callback: never): unknown }
}
  ? Connection
  : Pool extends { connect(): Promise<infer Connection> }
    ? Connection
    : never

const BEGIN_SQL = 'SELECT ringwall.begin($1)'
/** Fails when the transaction is over, was aborted, or has lost its principal: a COMMIT would say nothing of that. */
const STILL_SQL = 'SELECT ringwall.claims() IS NOT NULL AS is_begun'

/** What a statement may have left on a connection beyond its transaction: a role, settings, cursors, locks, channels. */
const CLEAN = [
  'RESET SESSION AUTHORIZATION',
  'RESET ALL',
  'CLOSE ALL',
  'UNLISTEN *',
  'SELECT pg_advisory_unlock_all()',
]

/**
 * Runs queries in one transaction as a principal, on a connection of a pool of `pg`. Row-level security sees the
 * principal until the end of the transaction and not a query longer.
 * INVARIANT: a connection goes back to the pool clean, or is closed; what `run` was given works for `run` only.
 */
export async function withPrincipal<Pool extends PgPool, T>(
  pool: Pool,
  token: string,
  run: (connection: ConnectionOf<Pool>) => Promise<T>,
): Promise<T> {
  const connection = await pool.connect()
  // Without a listener, a connection that breaks while it is out of the pool ends the process.
  const ignore = (): void => undefined
  connection.on('error', ignore)
  let lost: Error | undefined
  try {
    await connection.query('BEGIN')
    await connection.query(BEGIN_SQL, [token])
    const result = await lend(connection, run as (connection: PgConnection) => Promise<T>)
    if (!isBegun(await connection.query(STILL_SQL))) throw transactionOver()
    await connection.query(['COMMIT', ...CLEAN].join(';'))
    return result
  } catch (thrown) {
    lost = await undo(connection)
    throw thrown
  } finally {
    connection.off('error', ignore)
    connection.release(lost)
  }
}

/** What it needs of a Kysely with a PostgreSQL dialect. */
export interface KyselyDatabase<Transaction extends KyselyRunner> {
  connection(): {
    execute<T>(
      run: (connection: KyselyRunner & { transaction(): KyselyTransactions<Transaction> }) => Promise<T>,
    ): Promise<T>
  }
}

/** How Kysely begins a transaction. */
export interface KyselyTransactions<Transaction> {
  execute<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>
}

/** What runs a compiled query of Kysely. */
export interface KyselyRunner {
  executeQuery(query: KyselyQuery): Promise<{ readonly rows: readonly unknown[] }>
}

/** A compiled query of Kysely, as `CompiledQuery.raw` makes it. */
export interface KyselyQuery {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly query: {
    readonly kind: 'RawNode'
    readonly sqlFragments: readonly string[]
    readonly parameters: readonly never[]
  }
  readonly queryId: { readonly queryId: string }
}

/** Runs queries in one transaction of Kysely as a principal. */
export async function withKyselyPrincipal<Transaction extends KyselyRunner, T>(
  database: KyselyDatabase<Transaction>,
  token: string,
  run: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return database.connection().execute(async (connection) => {
    try {
      return await connection.transaction().execute(async (transaction) => {
        await transaction.executeQuery(rawQuery(BEGIN_SQL, [token]))
        const result = await lend(transaction, run)
        if (!isBegun(await transaction.executeQuery(rawQuery(STILL_SQL)))) throw transactionOver()
        return result
      })
    } finally {
      for (const sql of CLEAN) await connection.executeQuery(rawQuery(sql))
    }
  })
}

let queries = 0

function rawQuery(sql: string, parameters: readonly unknown[] = []): KyselyQuery {
  return {
    sql,
    parameters,
    query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
    queryId: { queryId: `ringwall-${++queries}` },
  }
}

/** What it needs of a Drizzle database over `pg`. */
export interface DrizzleDatabase<Transaction extends { execute(query: Query): Promise<unknown> }, Query> {
  transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>
}

/** Drizzle's own `sql` tag, which makes parameters of values. */
export type DrizzleSql<Query> = (texts: TemplateStringsArray, ...values: unknown[]) => Query

/**
 * Runs queries in one transaction of Drizzle as a principal. Drizzle gives the connection back itself, so what an
 * earlier user left on it is cleaned at the beginning here.
 */
export async function withDrizzlePrincipal<
  Query,
  Transaction extends { execute(query: Query): Promise<unknown> },
  T,
>(
  database: DrizzleDatabase<Transaction, Query>,
  sql: DrizzleSql<Query>,
  token: string,
  run: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return database.transaction(async (transaction) => {
    await transaction.execute(sql([CLEAN.join(';')] as never))
    await transaction.execute(sql`SELECT ringwall.begin(${token})`)
    const result = await lend(transaction, run)
    if (!isBegun(await transaction.execute(sql([STILL_SQL] as never)))) throw transactionOver()
    return result
  })
}

/** What it needs of a Prisma client. Known by its documentation only: Prisma is not among our tests. */
export interface PrismaClientLike<Transaction extends PrismaTransactionLike> {
  $transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>
}

/** What it needs of Prisma's interactive transaction. */
export interface PrismaTransactionLike {
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<unknown>
}

/** Runs queries in one interactive transaction of Prisma as a principal. */
export async function withPrismaPrincipal<Transaction extends PrismaTransactionLike, T>(
  client: PrismaClientLike<Transaction>,
  token: string,
  run: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return client.$transaction(async (transaction) => {
    for (const sql of CLEAN) await transaction.$executeRawUnsafe(sql)
    await transaction.$executeRawUnsafe(BEGIN_SQL, token)
    const result = await lend(transaction, run)
    if (!isBegun({ rows: await transaction.$queryRawUnsafe(STILL_SQL) })) throw transactionOver()
    return result
  })
}

/** Whether a result's one row says so; `pg`, Kysely and Drizzle agree on `rows`. */
function isBegun(result: unknown): boolean {
  const rows = (result as { readonly rows?: readonly { readonly is_begun?: unknown }[] }).rows
  return rows?.[0]?.is_begun === true
}

/** Rolls back and cleans; an error when that failed, so that the pool closes the connection. */
async function undo(connection: PgConnection): Promise<Error | undefined> {
  try {
    await connection.query(['ROLLBACK', ...CLEAN].join(';'))
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown))
  }
}
