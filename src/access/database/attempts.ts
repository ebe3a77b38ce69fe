import type { Query } from './catalog.ts'
import type { Finding } from './finding.ts'
import type { DatabasePlan } from './plan.ts'
import { grantStatements, type Privilege, privilegeKey, revokeStatement } from './privilege.ts'
import { quoteName, quoteTable, quoteText } from './sql-text.ts'

/** One statement under one role, and whether it must work. */
interface Attempt {
  readonly role: string
  readonly sql: string
  readonly mustWork: boolean
  /** What gives it, where it is one privilege. */
  readonly privilege?: Privilege
}

/** What trying found, and how much was tried. */
export interface Attempts {
  readonly tried: number
  readonly findings: readonly Finding[]
}

/** `insufficient_privilege`; also what row-level security says. */
const REFUSED = '42501'

/**
 * Tries every verb on every column of every table in reach, and what an application must never do, under the roles of
 * the application: what is not planned must be refused, what is planned must work, and the declared examples must work.
 * Run it in a transaction that is rolled back. INSERT, UPDATE, DELETE and SELECT are explained, not run: PostgreSQL
 * checks privileges then, and touches no row.
 */
export async function tryEverything(query: Query, plan: DatabasePlan): Promise<Attempts> {
  const attempts = [...(await rowAttempts(query, plan)), ...forbiddenAttempts(plan), ...exampleAttempts(plan)]
  const searchPath = searchPathOf(plan)
  const findings: Finding[] = []
  for (const attempt of attempts) {
    const refusal = await refusalOf(query, searchPath, attempt.role, attempt.sql)
    if ((refusal === undefined) === attempt.mustWork) continue
    findings.push({
      kind: 'attempt',
      what: attempt.mustWork
        ? `${attempt.role} must be able to, and is refused (${refusal}): ${attempt.sql}`
        : `${attempt.role} must be refused, and is not: ${attempt.sql}`,
      fix: fixOf(attempt),
    })
  }
  return { tried: attempts.length, findings: [...findings, ...(await unneeded(query, plan))] }
}

function fixOf({ privilege, mustWork }: Attempt): string {
  if (privilege === undefined) return 'ringwall db apply'
  return mustWork
    ? (grantStatements([privilege])[0] as { readonly sql: string }).sql
    : revokeStatement(privilege)
}

/** As the application's connections have it: examples name tables without their schema. */
function searchPathOf({ schemas }: DatabasePlan): string {
  return schemas.map((schema) => quoteName(schema)).join(', ')
}

/** Undefined where a statement works under a role; what it leaves is undone. */
async function refusalOf(
  query: Query,
  searchPath: string,
  role: string,
  sql: string,
): Promise<string | undefined> {
  await query('SAVEPOINT attempt')
  try {
    await query(`SET LOCAL search_path = ${searchPath}; SET LOCAL ROLE ${quoteName(role)}`)
    await query(sql)
    return undefined
  } catch (thrown) {
    const { code, message } = thrown as { readonly code?: string; readonly message: string }
    return code === REFUSED ? message : `${message} [${code}]`
  } finally {
    await query('ROLLBACK TO SAVEPOINT attempt')
    await query('RELEASE SAVEPOINT attempt')
  }
}

async function rowAttempts(query: Query, plan: DatabasePlan): Promise<Attempt[]> {
  const { reader, writer } = plan.declaration.roles
  const wanted = new Set(plan.privileges.map(privilegeKey))
  const { rows } = await query(
    `SELECT n.nspname || '.' || c.relname AS table, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY($1::text[])
    GROUP BY 1 ORDER BY 1`,
    [[...plan.schemas, 'ringwall']],
  )
  const tables = rows as readonly { readonly table: string; readonly columns: readonly string[] }[]
  return [reader, writer].flatMap((role) =>
    tables.flatMap(({ table, columns }) => {
      const on = quoteTable(table)
      const attempt = (privilege: Privilege, sql: string): Attempt => ({
        role,
        sql,
        privilege,
        mustWork: wanted.has(privilegeKey(privilege)),
      })
      return [
        ...columns.flatMap((column) => {
          const name = quoteName(column)
          const of = (verb: string): Privilege => ({ role, verb, on: 'column', object: table, column })
          return [
            attempt(of('SELECT'), `EXPLAIN SELECT ${name} FROM ${on}`),
            attempt(of('INSERT'), `EXPLAIN INSERT INTO ${on} (${name}) VALUES (DEFAULT)`),
            attempt(of('UPDATE'), `EXPLAIN UPDATE ${on} SET ${name} = DEFAULT`),
          ]
        }),
        attempt({ role, verb: 'DELETE', on: 'table', object: table }, `EXPLAIN DELETE FROM ${on}`),
        { role, sql: `TRUNCATE ${on}`, mustWork: false },
        { role, sql: `ALTER TABLE ${on} DISABLE ROW LEVEL SECURITY`, mustWork: false },
        {
          role,
          sql: `CREATE TRIGGER ringwall_attempt BEFORE INSERT ON ${on} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
          mustWork: false,
        },
      ]
    }),
  )
}

function forbiddenAttempts(plan: DatabasePlan): Attempt[] {
  const { reader, writer, migrator, keeper } = plan.declaration.roles
  const everywhere = [
    'CREATE SCHEMA ringwall_attempt',
    'CREATE TEMPORARY TABLE ringwall_attempt (a int)',
    'CREATE ROLE ringwall_attempt',
    `SET LOCAL ROLE ${quoteName(migrator)}`,
    `SET LOCAL ROLE ${quoteName(keeper)}`,
    `SELECT pg_read_file('PG_VERSION')`,
    `SELECT setting FROM pg_file_settings`,
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    ...[...plan.schemas, 'ringwall'].map(
      (schema) => `CREATE TABLE ${quoteName(schema)}.ringwall_attempt (a int)`,
    ),
    ...plan.tables.map(
      (table) =>
        `DO $attempt$ BEGIN SET LOCAL row_security = off; PERFORM 1 FROM ${quoteTable(table)}; END $attempt$`,
    ),
  ]
  // A transaction that is under SET ROLE may go to any role of its session, so that only the role's own memberships count.
  const notMember = [reader, writer].flatMap((role) =>
    [migrator, keeper].map((other) => ({ role, sql: memberCheck(role, other), mustWork: true })),
  )
  return [
    ...[reader, writer].flatMap((role) =>
      everywhere
        .filter((sql) => !sql.startsWith('SET LOCAL ROLE'))
        .map((sql) => ({ role, sql, mustWork: false })),
    ),
    ...notMember,
    ...deploymentAttempts(plan),
  ]
}

/** The migrator makes tables, and is nobody else: it is neither above the server nor does it know keys or principals. */
function deploymentAttempts({ declaration, schemas }: DatabasePlan): Attempt[] {
  const { migrator, keeper, reader, writer } = declaration.roles
  const refused = [
    'CREATE SCHEMA ringwall_attempt',
    'CREATE TEMPORARY TABLE ringwall_attempt (a int)',
    'CREATE ROLE ringwall_attempt',
    `SELECT pg_read_file('PG_VERSION')`,
    `COPY (SELECT 1) TO PROGRAM 'true'`,
    'CREATE TABLE ringwall.ringwall_attempt (a int)',
    'EXPLAIN SELECT id FROM ringwall.key',
    `SELECT ringwall.begin('')`,
    'SELECT ringwall.claims()',
  ]
  return [
    ...schemas.map((schema): Attempt => ({
      role: migrator,
      sql: `CREATE TABLE ${quoteName(schema)}.ringwall_attempt (a int)`,
      mustWork: true,
      privilege: { role: migrator, verb: 'CREATE', on: 'schema', object: schema },
    })),
    ...refused.map((sql): Attempt => ({ role: migrator, sql, mustWork: false })),
    ...[keeper, reader, writer].map((other): Attempt => ({
      role: migrator,
      sql: memberCheck(migrator, other),
      mustWork: true,
    })),
  ]
}

function memberCheck(role: string, other: string): string {
  return `DO $attempt$ BEGIN IF pg_has_role(${quoteText(role)}, ${quoteText(other)}, 'MEMBER') THEN RAISE EXCEPTION 'is a member of %', ${quoteText(other)}; END IF; END $attempt$`
}

function exampleAttempts({ declaration }: DatabasePlan): Attempt[] {
  return declaration.examples.map(({ role, sql }) => ({
    role: declaration.roles[role],
    sql: `EXPLAIN ${sql}`,
    mustWork: true,
  }))
}

/** Privileges on rows that no example needs: only where examples are declared. */
async function unneeded(query: Query, plan: DatabasePlan): Promise<Finding[]> {
  const examples = exampleAttempts(plan)
  if (examples.length === 0) return []
  const searchPath = searchPathOf(plan)
  const found: Finding[] = []
  for (const privilege of plan.privileges.filter(({ on }) => on === 'column' || on === 'table')) {
    const own = examples.filter(({ role }) => role === privilege.role)
    if (own.length === 0) continue
    await query('SAVEPOINT without')
    let isNeeded = false
    try {
      await query(revokeStatement(privilege))
      for (const { role, sql } of own)
        isNeeded ||= (await refusalOf(query, searchPath, role, sql)) !== undefined
    } finally {
      await query('ROLLBACK TO SAVEPOINT without')
      await query('RELEASE SAVEPOINT without')
    }
    if (!isNeeded)
      found.push({
        kind: 'weak',
        id: 'unneeded-privilege',
        why: 'what nothing needs only serves whoever should not have it',
        what: `no example needs ${privilegeKey(privilege)}`,
        fix: 'name fewer `columns`, or add the example that needs it',
      })
  }
  return found
}
