import { Redis } from 'ioredis'
import { Pool } from 'pg'

import { systemRandom } from '../../src/core/clock.ts'
import { Secret } from '../../src/core/secret.ts'
import {
  liveMysqlPool,
  livePostgresPool,
  liveRedis,
  mariadbDriver,
  postgresDriver,
  redisDriver,
} from '../../src/data/index.ts'
import { leaseMysqlUsers, leasePostgresRoles } from '../../src/data/secrets/roles/testing.ts'
import { startRedis } from '../../src/store/testing.ts'
import { gatewayScene } from './gateway.ts'
import { type LoadFigures, underLoad } from './load.ts'
import { type Measure, rotatedSecret, rotations } from './rotated.ts'

/** One scene: what is rotated while who is asked. Gives nothing where its server is not here. */
export interface Scene {
  readonly name: string
  readonly needs: string
  /** Whether it is there to show that the others could fail. */
  readonly isControl?: boolean
  play(measure: Measure): Promise<LoadFigures | undefined>
}

/** Connections are used a few times only, so that new ones are opened all the time. */
const CHURN = { max: 10, maxUses: 20 } as const

async function postgresScene(roles: 1 | 2, measure: Measure): Promise<LoadFigures | undefined> {
  const lease = await leasePostgresRoles(roles)
  if (!lease) return undefined
  const driver = postgresDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom })
  const secret = await rotatedSecret(lease.url.reveal(), driver)
  const pool = await livePostgresPool(secret.live, CHURN)
  try {
    await pool.query('CREATE TABLE visits (id BIGINT PRIMARY KEY)')
    return await underLoad(
      measure.perSecond,
      async (i) => {
        await pool.query('INSERT INTO visits VALUES ($1)', [i])
        const { rows } = await pool.query('SELECT id FROM visits WHERE id = $1', [i])
        if (rows.length !== 1) throw new Error('a row that was written is not there')
      },
      () => rotations(secret, measure),
    )
  } finally {
    await pool.end()
    secret.close()
    await lease.release()
  }
}

/** A pool that knows its first password alone: what everybody has who does not follow the secret. */
async function controlScene(measure: Measure): Promise<LoadFigures | undefined> {
  const lease = await leasePostgresRoles(2)
  if (!lease) return undefined
  const driver = postgresDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom })
  const secret = await rotatedSecret(lease.url.reveal(), { ...driver, holders: async () => 0 })
  const pool = new Pool({ connectionString: lease.url.reveal(), max: CHURN.max, maxUses: 1 }).on(
    'error',
    () => undefined,
  )
  try {
    return await underLoad(
      measure.perSecond,
      async () => void (await pool.query('SELECT 1')),
      () => rotations(secret, { ...measure, rotations: 1 }),
    )
  } finally {
    await pool.end()
    secret.close()
    await lease.release()
  }
}

async function mariadbScene(measure: Measure): Promise<LoadFigures | undefined> {
  const lease = await leaseMysqlUsers()
  if (!lease) return undefined
  const driver = mariadbDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom })
  const secret = await rotatedSecret(lease.url.reveal(), driver)
  const pool = await liveMysqlPool(secret.live, { connectionLimit: CHURN.max })
  try {
    await pool.query('CREATE TABLE visits (id BIGINT PRIMARY KEY)')
    return await underLoad(
      measure.perSecond,
      async (i) => {
        const connection = await pool.getConnection()
        try {
          await connection.query('INSERT INTO visits VALUES (?)', [i])
        } finally {
          // Every now and then the connection is closed, so that new ones are opened all the time.
          if (i % CHURN.maxUses === 0) connection.destroy()
          else connection.release()
        }
      },
      () => rotations(secret, measure),
    )
  } finally {
    await pool.end()
    secret.close()
    await lease.release()
  }
}

async function redisScene(measure: Measure): Promise<LoadFigures | undefined> {
  const server = await startRedis()
  if (!server) return undefined
  const root = new Redis(server.url.reveal())
  await root.call('ACL', 'SETUSER', 'app', 'on', '>first-password', '~*', '+@all')
  await root.quit()
  const driver = redisDriver({ admin: new Secret(server.url.reveal()), random: systemRandom })
  // Redis cannot say who still has the old one: the overlap is longer than it takes to notice a change.
  const secret = await rotatedSecret(`redis://app:first-password@127.0.0.1:${server.port}`, driver, 3000)
  const redis = await liveRedis(secret.live)
  let reconnects = 0
  try {
    return await underLoad(
      measure.perSecond,
      async (i) => {
        // Ten times a second the connection is opened anew, with what is the password then.
        if (i % Math.ceil(measure.perSecond / 10) === 0) {
          reconnects++
          redis.disconnect(true)
        }
        if ((await redis.set(`visit:${i}`, i, 'EX', 60)) !== 'OK') throw new Error('not written')
      },
      () => rotations(secret, measure),
    )
  } finally {
    console.error(`Redis: ${reconnects} connections`)
    redis.disconnect()
    secret.close()
    await server.release()
  }
}

/** All scenes. */
export const SCENES: readonly Scene[] = [
  { name: 'PostgreSQL, two roles', needs: 'postgresql', play: (measure) => postgresScene(2, measure) },
  { name: 'PostgreSQL, one role', needs: 'postgresql', play: (measure) => postgresScene(1, measure) },
  { name: 'MariaDB, two users', needs: 'mariadb-server', play: mariadbScene },
  { name: 'Redis, two passwords', needs: 'redis-server', play: redisScene },
  { name: "a gateway's own store and the application behind it", needs: 'postgresql', play: gatewayScene },
  { name: 'control: a pool that does not follow', needs: 'postgresql', isControl: true, play: controlScene },
]
