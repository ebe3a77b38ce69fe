import type { Redis, RedisOptions } from 'ioredis'
import type { PostgresPoolClient, PostgresQueryResult } from 'kysely'

import { isPostgresRefusal, liveConnect } from '../../core/live-pool.ts'
import type { LiveSecret } from '../../core/live-secret.ts'
import { Secret } from '../../core/secret.ts'
import { credentialOf } from './credential.ts'

/** A pool of PostgreSQL connections that follows a secret. */
export interface LivePostgresPool {
  /** For Kysely and Drizzle: `connect` gives a client, `release` gives it back. */
  connect(): Promise<PostgresPoolClient>
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<PostgresQueryResult<Row>>
  end(): Promise<void>
}

/**
 * A pool of `pg` whose URL may be rotated: new connections are opened with the value that counts, idle ones of an older value are closed
 * when their turn comes, and a refused password is read anew and tried again.
 */
export async function livePostgresPool(
  source: LiveSecret,
  options: Readonly<Record<string, unknown>> = {},
): Promise<LivePostgresPool> {
  const pg = await import('pg')
  type Client = InstanceType<typeof pg.Client>
  let latest = source.current()
  const births = new WeakMap<object, Secret>()
  function FollowingClient(given: object): Client {
    const client = new pg.Client({ ...given, connectionString: latest.reveal() })
    births.set(client, latest)
    return client
  }
  const pool = new pg.Pool({ ...options, Client: FollowingClient as unknown as new () => Client })
  pool.on('error', () => undefined)
  const connect = liveConnect({
    source,
    connect: () => pool.connect(),
    bornWith: (client) => births.get(client),
    use: (secret) => (latest = secret),
    isRefusal: isPostgresRefusal,
  })
  const query = async <Row>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> => {
    const client = await connect()
    try {
      return (await client.query(text, [...values])) as unknown as PostgresQueryResult<Row>
    } finally {
      client.release()
    }
  }
  return { connect, query, end: () => pool.end() }
}

/** Stands for a value that counts no longer. */
const OLDER = new Secret('')

/** The part of `mysql2`'s own pool that is used: what stands behind its promises. */
interface InnerPool {
  readonly config: { readonly connectionConfig: Record<string, unknown> }
  on(
    event: 'connection',
    listener: (connection: { readonly config: { readonly password?: string } }) => void,
  ): void
}

/** A connection of such a pool. */
export interface LiveMysqlConnection {
  query(text: string, values?: readonly unknown[]): Promise<readonly [unknown, unknown]>
  release(): void
  destroy(): void
}

/** A pool of MariaDB or MySQL connections that follows a secret. */
export interface LiveMysqlPool {
  getConnection(): Promise<LiveMysqlConnection>
  /** Rows, or what was done, and the columns. */
  query(text: string, values?: readonly unknown[]): Promise<readonly [unknown, unknown]>
  end(): Promise<void>
}

/** The same for `mysql2`. Refused are a wrong password (1045) and a locked account (4151). */
export async function liveMysqlPool(
  source: LiveSecret,
  options: Readonly<Record<string, unknown>> = {},
): Promise<LiveMysqlPool> {
  const { createPool } = await import('mysql2/promise')
  let latest = source.current()
  const births = new WeakMap<object, Secret>()
  const pool = createPool({ ...options, uri: latest.reveal().replace(/^mariadb:/, 'mysql:') })
  // What new connections are opened with: the pool reads it for each of them.
  const inner = pool.pool as unknown as InnerPool
  const { connectionConfig } = inner.config
  const use = (secret: Secret): void => {
    latest = secret
    Object.assign(connectionConfig, credentialOf(secret))
  }
  // It may have been under way when the value changed: what it was opened with counts.
  inner.on('connection', (connection) => {
    const isOfNow = connection.config.password === credentialOf(latest).password
    births.set(connection, isOfNow ? latest : OLDER)
  })
  const connect = liveConnect({
    source,
    connect: async () => ending((await pool.getConnection()) as unknown as LiveMysqlConnection),
    bornWith: (connection) => births.get((connection as unknown as { connection: object }).connection),
    use,
    isRefusal: (thrown) => [1045, 4151].includes((thrown as { errno?: number }).errno ?? 0),
  })
  const query: LiveMysqlPool['query'] = async (text, values) => {
    const connection = await connect()
    try {
      return await connection.query(text, values)
    } finally {
      connection.release()
    }
  }
  return { getConnection: connect, query, end: () => pool.end() }
}

/** `release(true)` closes, as with `pg`. */
function ending(connection: LiveMysqlConnection): LiveMysqlConnection & { release(destroy?: boolean): void } {
  const release = connection.release.bind(connection)
  return Object.assign(connection, {
    release: (destroy?: boolean) => (destroy === true ? connection.destroy() : release()),
  })
}

/** A connection of `ioredis` that follows a secret: what stands stays, and the next one is opened with the value that counts. */
export async function liveRedis(
  source: LiveSecret,
  options: Omit<RedisOptions, 'replyMapping'> = {},
): Promise<Redis> {
  const { Redis: RedisClient } = await import('ioredis')
  let latest = source.current()
  const redis = new RedisClient(latest.reveal(), options)
  const use = (secret: Secret): void => {
    latest = secret
    const { user, password } = credentialOf(secret)
    Object.assign(redis.options, { username: user, password })
  }
  redis.on('error', (error) => {
    if (/^(?:WRONGPASS|NOAUTH)/.test(error.message)) source.refresh(latest).then(use, () => undefined)
  })
  redis.once('end', source.onChange(use))
  return redis
}
