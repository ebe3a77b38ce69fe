import type { Redis } from 'ioredis'

import type { RandomBytes } from '../../core/clock.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { credentialOf, newPassword, urlOf, withCredential } from './credential.ts'
import { redisPasswordHash } from './database-password.ts'
import type { RotationDriver } from './rotation-driver.ts'

const TIMEOUT_MS = 10_000

/** Where ACLs are changed. */
export interface RedisRotation {
  readonly admin: Secret
  readonly random: RandomBytes
  readonly onNotice?: (line: string) => void
}

/**
 * ACL passwords of Redis and Valkey: a user has several, so the new one is added and the old one removed. Only hashes are sent. Connections
 * that stand are not ended by a removal, and nobody can tell which password they came with: the overlap has to be long enough.
 */
export function redisDriver({ admin, random, onNotice = () => undefined }: RedisRotation): RotationDriver {
  const change = (value: Secret, sign: '#' | '!'): Promise<void> =>
    withRedis(admin.reveal(), async (redis) => {
      const { user, password } = credentialOf(value)
      const name = user === '' ? 'default' : user
      const known = (await redis.call('ACL', 'GETUSER', name)) as readonly unknown[] | null
      if (!known && sign === '!') return
      if (!known)
        throw new RingwallError(
          'secret.role-missing',
          `Redis has no user \`${name}\`; make it with ACL SETUSER`,
        )
      const hash = redisPasswordHash(password)
      const hashes = known[known.indexOf('passwords') + 1] as readonly string[]
      if (hashes.includes(hash) === (sign === '#')) return
      await redis.call('ACL', 'SETUSER', name, `${sign}${hash}`)
      await keep(redis, onNotice)
    })
  return {
    async create(before) {
      const old = credentialOf(before)
      return {
        value: withCredential(before, { user: old.user, password: newPassword(random) }),
        facts: { user: old.user === '' ? 'default' : old.user },
      }
    },
    set: (candidate) => change(candidate, '#'),
    test: (candidate) =>
      withRedis(urlOf(candidate, admin), async (redis) => {
        try {
          await redis.ping()
        } catch (thrown) {
          // Who may not ping has signed in.
          if (!describeError(thrown).includes('NOPERM')) throw thrown
        }
      }),
    holders: async () => undefined,
    retire: (before) => change(before, '!'),
    reinstate: (before) => change(before, '#'),
    undo: (candidate) => change(candidate, '!'),
  }
}

/** Users are kept in an ACL file or in the configuration file; where there is neither, in memory alone. */
async function keep(redis: Redis, onNotice: (line: string) => void): Promise<void> {
  try {
    await redis.call('ACL', 'SAVE')
  } catch {
    try {
      await redis.call('CONFIG', 'REWRITE')
    } catch {
      onNotice('Redis has no ACL file and no configuration file: the password is gone when it restarts')
    }
  }
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const { Redis: RedisClient } = await import('ioredis')
  const redis = new RedisClient(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
  })
  let refusal: Error | undefined
  redis.on('error', (error) => (refusal ??= error))
  try {
    await redis.connect()
    const done = await work(redis)
    if (refusal) throw refusal
    return done
  } catch (cause) {
    if (cause instanceof RingwallError) throw cause
    throw new RingwallError('secret.database', `Redis: ${describeError(refusal ?? cause)}`, { cause })
  } finally {
    redis.disconnect()
  }
}
