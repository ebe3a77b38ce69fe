// A PostgreSQL database for one test, with roles that nobody else has: roles belong to the whole server.
import { Client, Pool } from 'pg'

import { systemClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { leasePostgres } from '../../store/testing.ts'
import { recordFrom } from '../cedar/value-json.ts'
import type { Json } from '../cedar/json.ts'
import { EntityUid } from '../cedar/value.ts'
import { signPrincipal } from './principal-token.ts'
import type { Statement } from './sql-text.ts'

/** The key of all tests. */
export const TEST_KEY = new Secret('a key that only tests know, of 46 bytes or so')

/** A database of its own, and connections to it. */
export interface Scene {
  /** Put before every name of a role. */
  readonly prefix: string
  readonly admin: Client
  urlOf(role: string): string
  connect(role: string): Promise<Client>
  pool(role: string, size: number): Pool
  apply(statements: readonly Statement[]): Promise<void>
  release(): Promise<void>
}

/** Undefined where there is no server. Every role whose name starts with `prefix` is dropped afterwards. */
export async function leaseScene(): Promise<Scene | undefined> {
  // A process that is busy starting may miss the time it gives a server; one that is not there says so at once.
  const lease = (await leasePostgres()) ?? (await leasePostgres()) ?? (await leasePostgres())
  if (lease === undefined) return undefined
  const prefix = `rw_${process.pid}_${Math.random().toString(36).slice(2, 8)}`
  const admin = new Client({ connectionString: lease.url.reveal() })
  await admin.connect()
  const open: { end(): Promise<void> }[] = []
  const urlOf = (role: string): string => {
    const url = new URL(lease.url.reveal())
    url.username = role
    url.password = ''
    return url.href
  }
  return {
    prefix,
    admin,
    urlOf,
    async connect(role) {
      const client = new Client({ connectionString: urlOf(role) })
      await client.connect()
      open.push(client)
      return client
    },
    pool(role, size) {
      const pool = new Pool({ connectionString: urlOf(role), max: size })
      open.push(pool)
      return pool
    },
    async apply(statements) {
      for (const { sql } of statements) await admin.query(sql)
    },
    async release() {
      for (const one of open) await one.end().catch(() => undefined)
      await admin.end()
      await lease.release()
      await dropRoles(prefix)
    },
  }
}

async function dropRoles(prefix: string): Promise<void> {
  const url = process.env['RINGWALL_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const client = new Client({ connectionString: url })
  await client.connect()
  const found = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1)`,
    [prefix],
  )
  for (const { name } of found.rows) await client.query(`DROP ROLE ${name}`)
  await client.end()
}

/** A token for a user, signed with the test's key. */
export function tokenFor(
  id: string,
  attributes: Readonly<Record<string, Json>> = {},
  options: { readonly type?: string; readonly in?: readonly EntityUid[]; readonly ttlSeconds?: number } = {},
): string {
  const principal = {
    uid: new EntityUid(options.type ?? 'User', id),
    attributes: recordFrom(attributes, ''),
    tags: recordFrom({}, ''),
    ancestors: new Set((options.in ?? []).map((uid) => uid.key)),
  }
  const { ttlSeconds = 60 } = options
  return signPrincipal(principal, { key: TEST_KEY, clock: systemClock, ttlSeconds })
}
