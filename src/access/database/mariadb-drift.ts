import type { Query } from './catalog.ts'
import type { Finding } from './finding.ts'
import { type MariadbPlan, mariadbRight, NAMES } from './mariadb-plan.ts'
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
  await query(NAMES)
  const findings: Finding[] = await driftOfAccounts(query, plan)
  if (findings.some(({ kind }) => kind === 'missing')) return findings
  for (const role of [reader, writer, migrator])
    findings.push(...(await driftOfPrivileges(query, plan, role)))
  findings.push(...(await driftOfEverybody(query, plan)), ...(await driftOfRoutines(query, plan)))
  for (const view of plan.views) findings.push(...(await driftOfView(query, plan, view)))
  return findings
}

/** Whether the four are there, who can log in, and who has what another has. */
async function driftOfAccounts(query: Query, { roles }: MariadbPlan): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [purpose, name] of Object.entries(roles)) {
    const host = purpose === 'keeper' ? 'localhost' : '%'
    const { rows } = await query(
      `SELECT COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0) AS locked FROM mysql.global_priv WHERE User = ? AND Host = ?`,
      [name, host],
    )
    const [found] = rows
    if (found === undefined) {
      findings.push({ kind: 'missing', what: `account ${name}, the ${purpose}`, fix: AGAIN })
      continue
    }
    if (purpose === 'keeper' && String(found['locked']) === '0')
      findings.push({
        kind: 'extra',
        what: `account ${name}, the keeper, can log in`,
        fix: `ALTER USER ${account(name, 'localhost')} ACCOUNT LOCK`,
      })
    const members = await query('SELECT Role AS role FROM mysql.roles_mapping WHERE User = ? AND Host = ?', [
      name,
      host,
    ])
    findings.push(
      ...members.rows.map(({ role }): Finding => ({
        kind: 'extra',
        what: `account ${name} has the role ${String(role)}`,
        fix: `REVOKE ${quoteName(String(role), 'mariadb')} FROM ${account(name, host)}`,
      })),
    )
  }
  return findings
}

/** What every account has in the databases of the plan (MariaDB 10.11: PUBLIC). */
async function driftOfEverybody(query: Query, { databases }: MariadbPlan): Promise<Finding[]> {
  const { rows } = await query(
    `SELECT 'table' AS kind, PRIVILEGE_TYPE AS verb, CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS object, NULL AS name, TABLE_SCHEMA AS db FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'
    UNION ALL SELECT 'column', PRIVILEGE_TYPE, CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), COLUMN_NAME, TABLE_SCHEMA FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = ?
    UNION ALL SELECT 'schema', PRIVILEGE_TYPE, TABLE_SCHEMA, NULL, TABLE_SCHEMA FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ?`,
    [EVERYBODY, EVERYBODY, EVERYBODY],
  )
  const found = rows as unknown as readonly {
    readonly kind: 'table' | 'column' | 'schema'
    readonly verb: string
    readonly object: string
    readonly name: string | null
    readonly db: string
  }[]
  return found
    .filter(({ db }) => databases.includes(db.replaceAll('\\', '')))
    .map(({ kind, verb, object, name }): Finding => {
      const privilege = {
        role: 'PUBLIC',
        verb,
        on: kind,
        object: object.replaceAll('\\', ''),
        ...(name === null ? {} : { column: name }),
      }
      return {
        kind: 'extra',
        what: privilegeKey(privilege),
        fix: `REVOKE ${mariadbRight(privilege)} FROM PUBLIC`,
      }
    })
}

const EVERYBODY = `'PUBLIC'@''`

/** The routines that make a connection somebody's. */
async function driftOfRoutines(query: Query, { home, roles, routines }: MariadbPlan): Promise<Finding[]> {
  const { rows } = await query(
    'SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS kind, ROUTINE_DEFINITION AS body, DEFINER AS definer, SECURITY_TYPE AS security FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?',
    [home],
  )
  const missing = routines.flatMap(({ name, kind, body }): Finding[] => {
    const what = `${kind.toLowerCase()} ${home}.${name}`
    const found = rows.find((one) => one['name'] === name && one['kind'] === kind)
    if (found === undefined) return [{ kind: 'missing', what, fix: AGAIN }]
    const security = kind === 'PROCEDURE' ? 'DEFINER' : 'INVOKER'
    const isSame =
      found['body'] === body &&
      found['definer'] === `${roles.keeper}@localhost` &&
      found['security'] === security
    return isSame ? [] : [{ kind: 'changed', what, fix: AGAIN }]
  })
  const extra = rows
    .filter((one) => !routines.some(({ name, kind }) => one['name'] === name && one['kind'] === kind))
    .map(({ name, kind }): Finding => ({
      kind: 'extra',
      what: `${String(kind).toLowerCase()} ${home}.${String(name)}`,
      fix: `DROP ${String(kind)} ${quoteTable(`${home}.${String(name)}`, 'mariadb')}`,
    }))
  return [...missing, ...extra]
}

async function driftOfPrivileges(query: Query, plan: MariadbPlan, role: string): Promise<Finding[]> {
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
