import { Kysely, PostgresDialect } from 'kysely'
import { Client, Pool, type PoolClient, type PoolConfig, types } from 'pg'

import { describeError, RingwallError } from '../core/errors.ts'
import { isPostgresRefusal, liveConnect } from '../core/live-pool.ts'
import { constantSecret, type LiveSecret } from '../core/live-secret.ts'
import { Secret } from '../core/secret.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

// int8 arrives as text by default; every int8 of ours is a time, a count or a size below 2^53.
types.setTypeParser(types.builtins.INT8, Number)

/** What the server says is wrong, without its detail: that repeats the values of the row, and they may be secrets. */
function cleanError(thrown: unknown): RingwallError {
  const {
    code = '',
    constraint,
    message = '',
  } = thrown as { code?: string; constraint?: string; message?: string }
  // Class 22 and 23 messages can quote data; the state and the constraint say enough.
  const text = /^2[23]/.test(code) ? `a value was refused by ${constraint ?? 'its column'}` : message
  return new RingwallError('store.database', `${text} [${code}]`)
}

/** Opens PostgreSQL 15 or newer. The URL is a secret, since it holds a password; a live one may be rotated meanwhile. */
export async function openPostgres(url: Secret | LiveSecret, poolSize = 10): Promise<Database> {
  const source = url instanceof Secret ? constantSecret(url) : url
  let latest = source.current()
  const births = new WeakMap<object, Secret>()
  // The pool says `new`, and a constructor may give what it likes: a client with the URL that counts now.
  function FollowingClient(options: PoolConfig): Client {
    const client = new Client({ ...options, connectionString: latest.reveal() })
    births.set(client, latest)
    return client
  }
  const Following = FollowingClient as unknown as new (options?: PoolConfig) => Client
  const pool = new Pool({
    Client: Following,
    max: poolSize,
    connectionTimeoutMillis: 5000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 30_000,
  })
  // An idle connection that the server ends is replaced at the next query.
  pool.on('error', () => undefined)
  pool.on('connect', (client: PoolClient) => {
    const query = client.query.bind(client) as (...args: readonly unknown[]) => Promise<unknown>
    Object.assign(client, {
      query: (...args: readonly unknown[]) => {
        const done = query(...args)
        return done instanceof Promise
          ? done.catch((thrown: unknown) => {
              throw cleanError(thrown)
            })
          : done
      },
    })
  })
  const connect = liveConnect({
    source,
    connect: () => pool.connect(),
    bornWith: (client) => births.get(client),
    use: (secret) => (latest = secret),
    isRefusal: isPostgresRefusal,
  })
  try {
    const client = await connect()
    const found = await client
      .query<{ version: number }>("SELECT current_setting('server_version_num')::int AS version")
      .finally(() => client.release())
    const version = found.rows[0]?.version ?? 0
    if (version < 150_000) {
      throw new RingwallError(
        'store.postgres-version',
        `PostgreSQL ${Math.floor(version / 10_000)} is too old; 15 is the least`,
      )
    }
  } catch (cause) {
    await pool.end()
    if (cause instanceof RingwallError) throw cause
    throw new RingwallError('store.unreachable', `cannot reach PostgreSQL: ${describeError(cause)}`, {
      cause,
    })
  }
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: { Client: Following, options: pool.options, connect, end: () => pool.end() },
    }),
  })
  return {
    kind: 'postgres',
    kysely,
    async insertRows(table, columns, rows) {
      const names = columns.map((column) => `"${column}"`).join(', ')
      // INVARIANT: a statement takes at most 65,535 parameters (the protocol counts them in 16 bits).
      const rowsAtOnce = Math.floor(65_535 / columns.length)
      const client = await connect()
      try {
        await client.query('BEGIN')
        for (let at = 0; at < rows.length; at += rowsAtOnce) {
          const part = rows.slice(at, at + rowsAtOnce)
          let next = 1
          const places = part.map((row) => `(${row.map(() => `$${next++}`).join(', ')})`).join(', ')
          await client.query(`INSERT INTO "${table}" (${names}) VALUES ${places}`, part.flat())
        }
        await client.query('COMMIT')
        client.release()
      } catch (thrown) {
        // The connection's state is unknown: it is thrown away, and the server rolls back.
        client.release(true)
        throw thrown
      }
    },
    async script(sql) {
      const client = await connect()
      try {
        await client.query(sql)
      } finally {
        client.release()
      }
    },
    close: () => kysely.destroy(),
  }
}
