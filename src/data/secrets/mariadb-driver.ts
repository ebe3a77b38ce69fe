import type { Connection, RowDataPacket } from 'mysql2/promise'

import { describeError, RingwallError } from '../../core/errors.ts'
import { credentialOf, newPassword, otherRole, urlOf, withCredential } from './credential.ts'
import { nativePasswordHash } from './database-password.ts'
import type { DatabaseRotation } from './postgres-driver.ts'
import type { RotationDriver } from './rotation-driver.ts'

const TIMEOUT_MS = 10_000

/** Passwords of MariaDB: two users take turns, since a user has one password. The one that is not in use is locked. */
export function mariadbDriver({ admin, roles, random }: DatabaseRotation): RotationDriver {
  /** A user may be there for several hosts. What is taken back need not be there. */
  const alter = (user: string, rest: string, isUndone = false): Promise<void> =>
    withMariadb(admin.reveal(), async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT Host AS host FROM mysql.user WHERE User = ?',
        [user],
      )
      const hosts = rows.map((row) => String(row['host']))
      if (hosts.length === 0 && !isUndone)
        throw new RingwallError(
          'secret.role-missing',
          `there is no user \`${user}\`; make it with the grants of the other one: CREATE USER ${connection.escape(user)}@'%' ACCOUNT LOCK`,
        )
      for (const host of hosts)
        await connection.query(`ALTER USER ${connection.escape(user)}@${connection.escape(host)} ${rest}`)
    })
  return {
    async create(before) {
      const old = credentialOf(before)
      const user = otherRole(roles, old.user)
      return {
        value: withCredential(before, { user, password: newPassword(random) }),
        facts: { old: old.user, new: user },
      }
    },
    async set(candidate) {
      const { user, password } = credentialOf(candidate)
      const hash = nativePasswordHash(password)
      await alter(user, `IDENTIFIED VIA mysql_native_password USING '${hash}' ACCOUNT UNLOCK`)
    },
    async test(candidate) {
      const { user } = credentialOf(candidate)
      const [rows] = await withMariadb(urlOf(candidate, admin), (connection) =>
        connection.query<RowDataPacket[]>('SELECT USER() AS name'),
      )
      const name = String(rows[0]?.['name'])
      if (!name.startsWith(`${user}@`))
        throw new RingwallError('secret.test', `the new password signs in as \`${name}\``)
    },
    async holders(value) {
      const [rows] = await withMariadb(admin.reveal(), (connection) =>
        connection.query<RowDataPacket[]>(
          'SELECT COUNT(*) AS count FROM information_schema.PROCESSLIST WHERE USER = ?',
          [credentialOf(value).user],
        ),
      )
      return Number(rows[0]?.['count'])
    },
    retire: (before) => alter(credentialOf(before).user, 'ACCOUNT LOCK'),
    reinstate: async () => undefined,
    undo: (candidate) => alter(credentialOf(candidate).user, 'ACCOUNT LOCK', true),
  }
}

async function withMariadb<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const { createConnection } = await import('mysql2/promise')
  let connection: Connection | undefined
  try {
    connection = await createConnection({
      uri: url.replace(/^mariadb:/, 'mysql:'),
      connectTimeout: TIMEOUT_MS,
    })
    return await work(connection)
  } catch (cause) {
    if (cause instanceof RingwallError) throw cause
    throw new RingwallError('secret.database', `MariaDB: ${describeError(cause)}`, { cause })
  } finally {
    await connection?.end().catch(() => undefined)
  }
}
