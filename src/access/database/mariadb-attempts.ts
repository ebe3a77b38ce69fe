import type { RandomBytes } from '../../core/clock.ts'
import type { Query } from './catalog.ts'
import type { Attempts } from './attempts.ts'
import type { Finding } from './finding.ts'
import { type MariadbPlan, mariadbRight } from './mariadb-plan.ts'
import { account } from './mariadb-principal.ts'
import { type Privilege, privilegeKey } from './privilege.ts'
import { quoteName, quoteTable, quoteText } from './sql-text.ts'

/** Opens a connection of another account to the same server. */
export type ConnectAs = (
  user: string,
  password: string,
) => Promise<{ readonly query: Query; end(): Promise<void> }>

/** One statement, and whether it must work. It changes nothing, whichever way it goes. */
interface Attempt {
  readonly sql: string
  readonly mustWork: boolean
  readonly privilege?: Privilege
  /** What takes away what it left, where it worked. */
  readonly undo?: string
}

/** What MariaDB says where a privilege is not there: databases, tables, columns, routines, and what is of the whole server. */
const DENIED: ReadonlySet<unknown> = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1356, 1698])
const TRIAL = 'ringwall_attempt'

/**
 * Tries what each account of a plan can do. Nobody knows their passwords, and MariaDB changes no user within a connection,
 * so that an account of the same privileges is made for a moment, from what SHOW GRANTS says of the one that it stands for.
 */
export async function tryEverythingOnMariadb(
  query: Query,
  plan: MariadbPlan,
  connectAs: ConnectAs,
  random: RandomBytes,
): Promise<Attempts> {
  const { reader, writer, migrator } = plan.roles
  const findings: Finding[] = []
  let tried = 0
  await dropTwins(query)
  for (const role of [reader, writer, migrator]) {
    const attempts = role === migrator ? deploymentAttempts(plan, role) : await rowAttempts(query, plan, role)
    const found = await asTwin(query, role, connectAs, random, (own) => tryAll(query, own, role, attempts))
    findings.push(...found)
    tried += attempts.length
  }
  for (const database of plan.sources) {
    const own = quoteName(database, 'mariadb')
    await query(`DROP TABLE IF EXISTS ${own}.${TRIAL}_below, ${own}.${TRIAL}`)
  }
  return { tried, findings }
}

/** Those that an earlier run could not drop because it was ended. */
async function dropTwins(query: Query): Promise<void> {
  const { rows } = await query('SELECT User AS name FROM mysql.global_priv WHERE User LIKE ?', [
    `${TRIAL.replaceAll('_', '\\_')}\\_%`,
  ])
  for (const { name } of rows) await query(`DROP USER IF EXISTS ${account(String(name))}`)
}

/** Runs as an account that has exactly what `role` has. */
async function asTwin<T>(
  query: Query,
  role: string,
  connectAs: ConnectAs,
  random: RandomBytes,
  run: (own: Query) => Promise<T>,
): Promise<T> {
  const suffix = Buffer.from(random(8)).toString('hex')
  const twin = `${TRIAL}_${suffix}`
  const password = Buffer.from(random(24)).toString('base64url')
  const grants = (await query(`SHOW GRANTS FOR ${account(role)}`)).rows.map((row) =>
    String(Object.values(row)[0]),
  )
  await query(`CREATE USER ${account(twin)} IDENTIFIED BY ${quoteText(password, 'mariadb')}`)
  try {
    const from = ` TO ${account(role)}`.replaceAll("'%'", '`%`')
    for (const grant of grants.filter((one) => !one.startsWith('GRANT USAGE ON *.*')))
      await query(grantTo(grant, from, account(twin)))
    const connection = await connectAs(twin, password)
    try {
      return await run(connection.query)
    } finally {
      await connection.end()
    }
  } finally {
    await query(`DROP USER IF EXISTS ${account(twin)}`)
  }
}

/** The same grant for another account; what follows its name (a password, options) but WITH GRANT OPTION is left out. */
function grantTo(grant: string, from: string, twin: string): string {
  const at = grant.indexOf(from)
  const mayGive = grant.endsWith(' WITH GRANT OPTION') ? ' WITH GRANT OPTION' : ''
  return `${at === -1 ? grant : grant.slice(0, at)} TO ${twin}${mayGive}`
}

async function tryAll(
  query: Query,
  own: Query,
  role: string,
  attempts: readonly Attempt[],
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { sql, mustWork, privilege, undo } of attempts) {
    const refusal = await refusalOf(own, sql)
    if (refusal === undefined && undo !== undefined) await query(undo)
    if ((refusal === undefined) === mustWork) continue
    findings.push({
      kind: 'attempt',
      what: mustWork
        ? `${role} must be able to, and is refused (${refusal}): ${sql}`
        : `${role} must be refused, and is not: ${sql}`,
      fix: fixOf(role, privilege, mustWork),
    })
  }
  return findings
}

function fixOf(role: string, privilege: Privilege | undefined, mustWork: boolean): string {
  if (privilege === undefined) return 'ringwall db apply'
  const right = mariadbRight(privilege)
  return mustWork ? `GRANT ${right} TO ${account(role)}` : `REVOKE ${right} FROM ${account(role)}`
}

/** Undefined where nothing was missing but what the statement itself lacks, such as a value for another column. */
async function refusalOf(own: Query, sql: string): Promise<string | undefined> {
  try {
    await own(sql)
    return undefined
  } catch (thrown) {
    const { errno, message } = thrown as { readonly errno?: number; readonly message: string }
    return DENIED.has(errno) ? message : undefined
  }
}

/** Every verb on every column in reach. The condition is never true, and privileges are checked all the same. */
async function rowAttempts(query: Query, plan: MariadbPlan, role: string): Promise<Attempt[]> {
  const { rows } = await query(
    'SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?) ORDER BY 1, 2, ORDINAL_POSITION',
    [plan.databases],
  )
  const columns = rows as unknown as readonly {
    readonly db: string
    readonly name: string
    readonly col: string
  }[]
  const wanted = new Set(plan.privileges.map(privilegeKey))
  const tables = Map.groupBy(columns, ({ db, name }) => `${db}.${name}`)
  return [
    ...[...tables].flatMap(([object, found]) => {
      const on = quoteTable(object, 'mariadb')
      const attempt = (privilege: Privilege, sql: string): Attempt => ({
        sql,
        privilege,
        mustWork: wanted.has(privilegeKey(privilege)),
      })
      return [
        ...found.flatMap(({ col }) => {
          const column = quoteName(col, 'mariadb')
          const of = (verb: string): Privilege => ({ role, verb, on: 'column', object, column: col })
          return [
            attempt(of('SELECT'), `SELECT ${column} FROM ${on} LIMIT 0`),
            attempt(of('INSERT'), `INSERT INTO ${on} (${column}) SELECT NULL FROM DUAL WHERE FALSE`),
            attempt(of('UPDATE'), `UPDATE ${on} SET ${column} = NULL WHERE FALSE`),
          ]
        }),
        attempt({ role, verb: 'DELETE', on: 'table', object }, `DELETE FROM ${on} WHERE FALSE`),
      ]
    }),
    ...routineAttempts(plan, true),
    ...plan.databases.flatMap((database) => refusedDdl(database)),
    ...serverAttempts(),
  ]
}

/** `begin` refuses what is no token, which is no matter of privileges. */
function routineAttempts({ home }: MariadbPlan, mustWork: boolean): Attempt[] {
  const own = quoteName(home, 'mariadb')
  return [
    { sql: `CALL ${own}.\`begin\`('')`, mustWork },
    { sql: `CALL ${own}.\`end\`()`, mustWork },
  ]
}

/** On names that are not there, so that nothing is lost where it is not refused. */
function refusedDdl(database: string): Attempt[] {
  const own = quoteName(database, 'mariadb')
  const made = `${own}.${TRIAL}`
  return [
    { sql: `CREATE TABLE ${made} (a int)`, mustWork: false, undo: `DROP TABLE ${made}` },
    { sql: `CREATE VIEW ${made} AS SELECT 1 AS a`, mustWork: false, undo: `DROP VIEW ${made}` },
    { sql: `DROP TABLE ${made}`, mustWork: false },
    { sql: `ALTER TABLE ${made} ADD COLUMN b int`, mustWork: false },
    {
      sql: `CREATE FUNCTION ${made}() RETURNS int RETURN 1`,
      mustWork: false,
      undo: `DROP FUNCTION ${made}`,
    },
  ]
}

function serverAttempts(): Attempt[] {
  return [
    { sql: 'SELECT User FROM mysql.global_priv LIMIT 0', mustWork: false },
    { sql: `CREATE USER ${TRIAL}`, mustWork: false, undo: `DROP USER ${TRIAL}` },
    { sql: `CREATE DATABASE ${TRIAL}`, mustWork: false, undo: `DROP DATABASE ${TRIAL}` },
    { sql: 'SET pseudo_thread_id = 1', mustWork: false },
    { sql: 'SET GLOBAL init_connect = @@GLOBAL.init_connect', mustWork: false },
  ]
}

/** The migrator makes and changes tables, and reads and writes no row. */
function deploymentAttempts(plan: MariadbPlan, role: string): Attempt[] {
  return [
    ...plan.sources.flatMap((database): Attempt[] => {
      const own = quoteName(database, 'mariadb')
      const [made, below] = [`${own}.${TRIAL}`, `${own}.${TRIAL}_below`]
      const of = (verb: string): Privilege => ({ role, verb, on: 'schema', object: database })
      return [
        { sql: `CREATE TABLE ${made} (a int PRIMARY KEY)`, mustWork: true, privilege: of('CREATE') },
        { sql: `ALTER TABLE ${made} ADD COLUMN b int`, mustWork: true, privilege: of('ALTER') },
        { sql: `CREATE INDEX b ON ${made} (b)`, mustWork: true, privilege: of('INDEX') },
        {
          sql: `CREATE TABLE ${below} (a int, FOREIGN KEY (a) REFERENCES ${made} (a))`,
          mustWork: true,
          privilege: of('REFERENCES'),
        },
        { sql: `SELECT a FROM ${made}`, mustWork: false, privilege: of('SELECT') },
        { sql: `INSERT INTO ${made} (a) VALUES (1)`, mustWork: false, privilege: of('INSERT') },
        { sql: `UPDATE ${made} SET a = 1`, mustWork: false, privilege: of('UPDATE') },
        { sql: `DELETE FROM ${made}`, mustWork: false, privilege: of('DELETE') },
        { sql: `CREATE VIEW ${made}_view AS SELECT 1 AS a`, mustWork: false, undo: `DROP VIEW ${made}_view` },
        { sql: `DROP TABLE IF EXISTS ${below}`, mustWork: true, privilege: of('DROP') },
        { sql: `DROP TABLE IF EXISTS ${made}`, mustWork: true, privilege: of('DROP') },
      ]
    }),
    ...routineAttempts(plan, false),
    ...plan.databases.filter((database) => !plan.sources.includes(database)).flatMap(refusedDdl),
    ...serverAttempts(),
  ]
}
