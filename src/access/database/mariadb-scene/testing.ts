// The shop on a real MariaDB, with databases and accounts that nobody else has.
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise'

import type { Query } from '../catalog.ts'
import type { ConnectAs } from '../mariadb-attempts.ts'
import { removalStatements } from '../mariadb-drift.ts'
import { type MariadbPlan, planMariadb } from '../mariadb-plan.ts'
import { planInput } from '../plan-files.ts'
import { SHOP_MAPPING, SHOP_TABLES, shopPolicies, shopSchema } from '../shop/testing.ts'

const URL_NAME = 'RINGWALL_TEST_MYSQL'

/** What a test works with. */
export interface MariadbScene {
  readonly admin: Connection
  readonly query: Query
  readonly connectAs: ConnectAs
  /** The database of the tables. */
  readonly data: string
  readonly roles: MariadbPlan['roles']
  /** The mapping with `database`, for this scene's names. */
  readonly mapping: object
  readonly home: string
  readonly plan: MariadbPlan
  /** Over TCP, for a command. */
  readonly url: string
  release(): Promise<void>
}

function where(): ConnectionOptions {
  const url = process.env[URL_NAME]
  return url === undefined ? { socketPath: '/run/mysqld/mysqld.sock', user: 'root' } : { uri: url }
}

/** A connection as a function. */
export function queryOf(connection: Connection): Query {
  return async (sql, values = []) => {
    const [rows] = await connection.query(sql, [...values])
    return { rows: Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [] }
  }
}

/** Undefined where there is no server. The tables are made; the plan is not in force. */
export async function leaseMariadb(): Promise<MariadbScene | undefined> {
  let admin: Connection | undefined
  // A process that is busy starting may miss the time it gives a server; one that is not there says so at once.
  for (let left = 3; admin === undefined && left > 0; left--)
    admin = await createConnection({ ...where(), charset: 'utf8mb4', multipleStatements: true }).catch(
      () => undefined,
    )
  if (admin === undefined) return undefined
  const connection = admin
  const suffix = `${process.pid}_${Math.random().toString(36).slice(2, 8)}`
  const data = `rw_${suffix}`
  const home = `${data}_home`
  const roles = {
    reader: `rwr_${suffix}`,
    writer: `rww_${suffix}`,
    migrator: `rwm_${suffix}`,
    keeper: `rwk_${suffix}`,
  }
  const entities = Object.fromEntries(
    Object.entries(SHOP_MAPPING.entities).map(([type, entity]) => [type, { ...entity, schema: data }]),
  )
  const viewers = { ...SHOP_MAPPING.entities.Document.attributes.viewers, schema: data }
  const attributes = { ...SHOP_MAPPING.entities.Document.attributes, viewers }
  const mapping = {
    entities: { ...entities, Document: { ...entities['Document'], attributes } },
    database: { ...SHOP_MAPPING.database, roles },
  }
  const plan = planMariadb(planInput(shopPolicies(), shopSchema(), mapping, 'mariadb'), home)
  await connection.query(`CREATE DATABASE ${data} CHARACTER SET utf8mb4; USE ${data}`)
  await connection.query(SHOP_TABLES.replaceAll(/\btext\b/g, 'varchar(60)'))
  return {
    admin: connection,
    query: queryOf(connection),
    connectAs: async (user, password) => {
      const { uri, ...rest } = where()
      const own = await createConnection({
        ...rest,
        ...(uri === undefined ? {} : hostOf(uri)),
        user,
        password,
        charset: 'utf8mb4',
      })
      return { query: queryOf(own), end: () => own.end() }
    },
    data,
    roles,
    mapping,
    home,
    plan,
    url: process.env[URL_NAME] ?? 'mysql://root@localhost/?socketPath=/run/mysqld/mysqld.sock',
    async release() {
      for (const sql of [...removalStatements(plan), `DROP DATABASE IF EXISTS ${data}`])
        await connection.query(sql)
      await connection.end()
    },
  }
}

function hostOf(uri: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(uri)
  return { host: hostname, port: Number(port || 3306) }
}
