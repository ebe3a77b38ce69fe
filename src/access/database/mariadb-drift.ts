import type { Query } from './catalog.ts'
import type { Finding } from './finding.ts'
import { type MariadbPlan, mariadbRight } from './mariadb-plan.ts'
import { account } from './mariadb-principal.ts'
import { type Privilege, privilegeKey } from './privilege.ts'
import { quoteName, quoteTable } from './sql-text.ts'

/** Everything that an account has, beyond being there; the database's name without the marks that GRANT puts in it. */
const PRIVILEGES = `
SELECT 'column' AS kind, PRIVILEGE_TYPE AS verb, CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS object, COLUMN_NAME AS name FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = ?
UNION ALL SELECT 'table', PRIVILEGE_TYPE, CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), NULL FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'
UNION ALL SELECT 'schema', PRIVILEGE_TYPE, REPLACE(REPLACE(TABLE_SCHEMA, CONCAT(CHAR(92), '_'), '_'), CONCAT(CHAR(92), '%'), '%'), NULL FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ?
UNION ALL SELECT 'database', PRIVILEGE_TYPE, '', NULL FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'`

const AGAIN = 'run the plan again'

/** What a MariaDB has against what a plan says. Makes a view in the plan's own database for a moment. */
export async function findMariadbDrift(query: Query, plan: MariadbPlan): Promise<Finding[]> {
  const { reader, writer, migrator } = plan.roles
  const findings: Finding[] = []
  for (const role of [reader, writer, migrator]) findings.push(...(await driftOfAccount(query, plan, role)))
  for (const view of plan.views) findings.push(...(await driftOfView(query, plan, view)))
  return findings
}

async function driftOfAccount(query: Query, plan: MariadbPlan, role: string): Promise<Finding[]> {
  const grantee = `'${role}'@'%'`
  const { rows } = await query(PRIVILEGES, [grantee, grantee, grantee, grantee])
  const routines = await query(
    `SELECT 'function' AS kind, 'EXECUTE' AS verb, CONCAT(Db, '.', Routine_name) AS object, NULL AS name FROM mysql.procs_priv WHERE User = ? AND Host = '%'`,
    [role],
  )
  const found = new Map(
    [...rows, ...routines.rows].map((row) => {
      const { kind, verb, object, name } = row as {
        readonly kind: Privilege['on']
        readonly verb: string
        readonly object: string
        readonly name: string | null
      }
      const privilege = { role, verb, on: kind, object, ...(name === null ? {} : { column: name }) }
      return [privilegeKey(privilege), privilege]
    }),
  )
  const wanted = new Map(
    plan.privileges.filter((one) => one.role === role).map((one) => [privilegeKey(one), one]),
  )
  return [
    ...[...wanted]
      .filter(([key]) => !found.has(key))
      .map(([what, one]): Finding => ({
        kind: 'missing',
        what,
        fix: `GRANT ${mariadbRight(one)} TO ${account(role)}`,
      })),
    ...[...found]
      .filter(([key]) => !wanted.has(key))
      .map(([what, one]): Finding => ({
        kind: 'extra',
        what,
        fix:
          one.on === 'database'
            ? `REVOKE ${one.verb} ON *.* FROM ${account(role)}`
            : `REVOKE ${mariadbRight(one)} FROM ${account(role)}`,
      })),
  ]
}

const READ_VIEW = `SELECT VIEW_DEFINITION AS text, CHECK_OPTION AS checked, DEFINER AS definer, SECURITY_TYPE AS security
FROM information_schema.VIEWS WHERE CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = ?`

/** Held against a twin, since MariaDB prints a view in its own words. */
async function driftOfView(
  query: Query,
  plan: MariadbPlan,
  { view, sql }: MariadbPlan['views'][number],
): Promise<Finding[]> {
  const { rows: ids } = await query('SELECT CONNECTION_ID() AS id')
  const twin = `${plan.home}.twin_${String(ids[0]?.['id'])}`
  const [found] = (await query(READ_VIEW, [view])).rows
  if (found === undefined) return [{ kind: 'missing', what: `view ${view}`, fix: AGAIN }]
  try {
    await query(
      sql.replace(` VIEW ${quoteTable(view, 'mariadb')} AS`, ` VIEW ${quoteTable(twin, 'mariadb')} AS`),
    )
    const [wanted] = (await query(READ_VIEW, [twin])).rows
    const differs = ['text', 'checked', 'definer', 'security'].filter(
      (name) => found[name] !== wanted?.[name],
    )
    return differs.length === 0
      ? []
      : [{ kind: 'changed', what: `view ${view}: another ${differs.join(', ')}`, fix: AGAIN }]
  } finally {
    await query(`DROP VIEW IF EXISTS ${quoteTable(twin, 'mariadb')}`)
  }
}

/** Undoes a plan but for the tables: accounts, views, and the database of principals. */
export function removalStatements(plan: MariadbPlan): string[] {
  const { reader, writer, migrator, keeper } = plan.roles
  const databases = new Set(plan.views.map(({ view }) => view.slice(0, view.indexOf('.'))))
  return [
    ...[...databases, plan.home].map(
      (database) => `DROP DATABASE IF EXISTS ${quoteName(database, 'mariadb')}`,
    ),
    ...[reader, writer, migrator].map((role) => `DROP USER IF EXISTS ${account(role)}`),
    `DROP USER IF EXISTS ${account(keeper, 'localhost')}`,
  ]
}
