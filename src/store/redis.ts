import { Redis } from 'ioredis'

import { RingwallError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'

/** Redis or Valkey 7 and newer. No command waits for a dead server: there is no offline queue, and each has a deadline. */
export function openRedis(url: Secret): Redis {
  const redis = new Redis(url.reveal(), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
  })
  // Every failed command rejects by itself; this event would end the process if nobody listened.
  redis.on('error', () => undefined)
  return redis
}

/** Waits until a connection stands, for the start, where a wrong URL must be told. */
export async function requireRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new RingwallError('store.unreachable', 'cannot reach Redis within 3 seconds; check `store.redis`'),
      )
    }, 3000)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
