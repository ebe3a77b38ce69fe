import type { LiveSecret } from '../core/live-secret.ts'
import type { Secret } from '../core/secret.ts'
import { type Counters, MemoryCounters } from './counters.ts'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { openPostgres } from './postgres.ts'
import { openRedis, requireRedis } from './redis.ts'
import { RedisSessions, type SessionStore, SqlSessions } from './sessions.ts'
import { SharedCounters } from './shared-counters.ts'
import { openSqlite } from './sqlite.ts'

/** Where things are kept. Without a URL everything is embedded. */
export interface StoreOptions {
  /** The embedded database's file; `:memory:` for nothing that outlives the process. */
  readonly file: string
  /** PostgreSQL in place of the file. */
  readonly postgres?: Secret | LiveSecret | undefined
  /** Redis for counters and sessions that several gateways share. */
  readonly redis?: Secret | LiveSecret | undefined
  /** Before every key in Redis. */
  readonly redisPrefix?: string
  /** Told when counting becomes local, since Redis is away, and when it is shared again. */
  readonly onCountersState?: (state: 'shared' | 'local') => void
}

/** Everything that is kept. No room knows on which server. */
export interface Store {
  readonly database: Database
  readonly counters: Counters
  readonly sessions: SessionStore
  close(): Promise<void>
}

/** Opens the databases and brings the schema up to date. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const database = options.postgres ? await openPostgres(options.postgres) : await openSqlite(options.file)
  try {
    await migrate(database)
    if (!options.redis) {
      const counters = new MemoryCounters()
      return { database, counters, sessions: new SqlSessions(database), close: () => database.close() }
    }
    const redis = openRedis(options.redis)
    await requireRedis(redis).catch((error: unknown) => {
      redis.disconnect()
      throw error
    })
    const counters = new SharedCounters(redis, options.redisPrefix, options.onCountersState)
    return {
      database,
      counters,
      sessions: new RedisSessions(redis, options.redisPrefix),
      async close() {
        await counters.close()
        redis.disconnect()
        await database.close()
      },
    }
  } catch (thrown) {
    // Why it cannot be used is the news; that it cannot be closed either is not.
    await database.close().catch(() => undefined)
    throw thrown
  }
}
