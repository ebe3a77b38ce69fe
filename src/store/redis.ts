import { Redis } from 'ioredis'

import { RingwallError } from '../core/errors.ts'
import { constantSecret, type LiveSecret } from '../core/live-secret.ts'
import { Secret } from '../core/secret.ts'

/** Redis or Valkey 7 and newer. No command waits for a dead server: there is no offline queue, and each has a deadline. */
export function openRedis(url: Secret | LiveSecret): Redis {
  const source = url instanceof Secret ? constantSecret(url) : url
  let latest = source.current()
  const redis = new Redis(latest.reveal(), {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    connectTimeout: 2000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
  })
  // Every failed command rejects by itself; this event would end the process if nobody listened.
  redis.on('error', (error) => {
    // The next attempt to connect is made with what a fresh read gives.
    if (/^(?:WRONGPASS|NOAUTH)/.test(error.message)) source.refresh(latest).then(use, () => undefined)
  })
  const use = (secret: Secret): void => {
    latest = secret
    const next = URL.parse(secret.reveal())
    if (!next) return
    redis.options.username = decodeURIComponent(next.username)
    redis.options.password = decodeURIComponent(next.password)
  }
  // Connections that stand stay: Redis asks for the password once.
  redis.once('end', source.onChange(use))
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
