import type { Client } from 'pg'

import type { RandomBytes } from '../../core/clock.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { credentialOf, newPassword, otherRole, urlOf, withCredential } from './credential.ts'
import { scramVerifier } from './database-password.ts'
import type { RotationDriver } from './rotation-driver.ts'

const TIMEOUT_MS = 10_000
const SALT_BYTES = 16

/** Where passwords are changed and which roles take turns. */
export interface DatabaseRotation {
  readonly admin: Secret
  readonly roles: readonly string[]
  readonly random: RandomBytes
}

/**
 * Passwords of PostgreSQL. With two roles the one that is not in use gets a new password and takes over; the other works on until nobody is
 * connected as it. With one role the password is replaced: who connects in between is refused once and has to read the secret anew.
 */
export function postgresDriver({ admin, roles, random }: DatabaseRotation): RotationDriver {
  const isTurn = roles.length === 2
  /** What is taken back need not be there. */
  const alter = (role: string, rest: string, isUndone = false): Promise<void> =>
    withPostgres(admin.reveal(), async (client) => {
      const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role])
      if (found.rowCount === 0 && isUndone) return
      if (found.rowCount === 0)
        throw new RingwallError(
          'secret.role-missing',
          `there is no role \`${role}\`; make it: CREATE ROLE ${client.escapeIdentifier(role)} LOGIN IN ROLE the_owner`,
        )
      await client.query(`ALTER ROLE ${client.escapeIdentifier(role)} WITH ${rest}`)
    })
  const setPassword = async (value: Secret): Promise<void> => {
    const { user, password } = credentialOf(value)
    const verifier = scramVerifier(password, random(SALT_BYTES))
    await alter(user, `LOGIN PASSWORD '${verifier}'`)
  }
  return {
    async create(before) {
      const old = credentialOf(before)
      const user = isTurn ? otherRole(roles, old.user) : old.user
      if (!roles.includes(user)) otherRole(roles, old.user)
      return {
        value: withCredential(before, { user, password: newPassword(random) }),
        facts: { old: old.user, new: user },
      }
    },
    set: setPassword,
    async test(candidate) {
      const { user } = credentialOf(candidate)
      const said = await withPostgres(urlOf(candidate, admin), (client) =>
        client.query<{ name: string }>('SELECT session_user AS name'),
      )
      if (said.rows[0]?.name !== user)
        throw new RingwallError(
          'secret.test',
          `the new password signs in as \`${String(said.rows[0]?.name)}\``,
        )
    },
    async holders(value) {
      if (!isTurn) return undefined
      const { user } = credentialOf(value)
      const said = await withPostgres(admin.reveal(), (client) =>
        client.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1',
          [user],
        ),
      )
      return said.rows[0]?.count ?? 0
    },
    async retire(before) {
      if (isTurn) await alter(credentialOf(before).user, 'NOLOGIN PASSWORD NULL')
    },
    async reinstate(before) {
      if (!isTurn) await setPassword(before)
    },
    async undo(candidate, before) {
      if (isTurn) await alter(credentialOf(candidate).user, 'NOLOGIN PASSWORD NULL', true)
      else await setPassword(before)
    },
  }
}

async function withPostgres<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const { Client: PgClient } = await import('pg')
  const client = new PgClient({
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    statement_timeout: TIMEOUT_MS,
    application_name: 'ringwall secret rotate',
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } catch (cause) {
    if (cause instanceof RingwallError) throw cause
    throw new RingwallError('secret.database', `PostgreSQL: ${describeError(cause)}`, { cause })
  } finally {
    await client.end().catch(() => undefined)
  }
}
