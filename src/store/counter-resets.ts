import type { Clock } from '../core/clock.ts'
import type { Counters } from './counters.ts'
import type { Database } from './database.ts'

const POLL_MS = 1000
const KEEP_MS = 3_600_000
const MAX_AT_ONCE = 1000

/** Asks every gateway of this database to forget what it counted for a key. */
export async function requestReset(database: Database, key: string, nowMs: number): Promise<void> {
  await database.kysely
    .deleteFrom('limit_resets')
    .where((where) => where.or([where('key', '=', key), where('at', '<', nowMs - KEEP_MS)]))
    .execute()
  await database.kysely.insertInto('limit_resets').values({ key, at: nowMs }).execute()
}

/**
 * Does what other processes asked for, within a second: counters in memory can be reached in no other way. A failed look is
 * tried again with the next.
 */
export function followResets(database: Database, counters: Counters, clock: Clock): () => void {
  let sinceMs = clock.now()
  let isLooking = false
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    try {
      const rows = await database.kysely
        .selectFrom('limit_resets')
        .selectAll()
        .where('at', '>', sinceMs)
        .orderBy('at')
        .limit(MAX_AT_ONCE)
        .execute()
      for (const { key, at } of rows) {
        await counters.reset(key)
        sinceMs = Math.max(sinceMs, at)
      }
    } finally {
      isLooking = false
    }
  }
  const timer = setInterval(() => void look().catch(() => undefined), POLL_MS).unref()
  return () => clearInterval(timer)
}
