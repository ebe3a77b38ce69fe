import {
  type Catalog,
  type FunctionFound,
  type PolicyFound,
  type Query,
  readCatalog,
  readPolicies,
  type RoleFound,
} from './catalog.ts'
import type { Finding } from './finding.ts'
import { lintCatalog } from './lint.ts'
import type { DatabasePlan } from './plan.ts'
import { createPolicy, type RowPolicy } from './plan-rows.ts'
import { grantStatements, type Privilege, privilegeKey, revokeStatement } from './privilege.ts'
import { quoteName, quoteTable } from './sql-text.ts'

const AGAIN = 'ringwall db apply'

/** What is there against what should be. Run it in a transaction that is rolled back: it makes temporary tables. */
export async function findDrift(query: Query, plan: DatabasePlan): Promise<Finding[]> {
  const catalog = await readCatalog(query, plan)
  return [
    ...driftOfRoles(catalog.roles, plan),
    ...driftOfTables(catalog, plan),
    ...driftOfPolicies(catalog.policies, await printedPolicies(query, plan, catalog), plan),
    ...driftOfFunctions(catalog.functions, plan),
    ...driftOfPrivileges(catalog, plan),
    ...catalog.defaults.map((what): Finding => ({ kind: 'extra', what: `${what}, by default`, fix: AGAIN })),
    ...catalog.owners.flatMap(({ object, owner }) =>
      wrongOwner(object, owner, plan.declaration.roles.keeper),
    ),
    ...(await lintCatalog(query, catalog, plan)),
  ]
}

function driftOfRoles(found: readonly RoleFound[], { declaration }: DatabasePlan): Finding[] {
  const { roles, canLogIn } = declaration
  return Object.entries(roles).flatMap(([purpose, name]): Finding[] => {
    const role = found.find((one) => one.name === name)
    if (role === undefined) return [{ kind: 'missing', what: `role ${name}, the ${purpose}`, fix: AGAIN }]
    const mayLogIn = canLogIn && purpose !== 'keeper'
    return [
      ...role.powers.map((power): Finding => ({
        kind: 'extra',
        what: `role ${name} has ${power}`,
        fix: `ALTER ROLE ${quoteName(name)} NO${power}`,
      })),
      ...role.memberOf.map((other): Finding => ({
        kind: 'extra',
        what: `role ${name} is a member of ${other}`,
        fix: `REVOKE ${quoteName(other)} FROM ${quoteName(name)}`,
      })),
      ...(role.canLogIn && !mayLogIn
        ? [
            {
              kind: 'extra' as const,
              what: `role ${name} can log in`,
              fix: `ALTER ROLE ${quoteName(name)} NOLOGIN`,
            },
          ]
        : []),
    ]
  })
}

function wrongOwner(object: string, owner: string, wanted: string): Finding[] {
  if (owner === wanted) return []
  return [{ kind: 'changed', what: `${object} belongs to ${owner}, not to ${wanted}`, fix: AGAIN }]
}

function driftOfTables({ tables }: Catalog, plan: DatabasePlan): Finding[] {
  const { migrator, keeper } = plan.declaration.roles
  const found = plan.tables.flatMap((name): Finding[] => {
    const table = tables.find((one) => one.table === name)
    if (table === undefined)
      return [{ kind: 'missing', what: `table ${name}`, fix: 'make it, or change the mapping' }]
    const on = quoteTable(name)
    return [
      ...wrongOwner(`table ${name}`, table.owner, migrator),
      ...(table.isSecured
        ? []
        : [
            {
              kind: 'missing' as const,
              what: `row-level security on ${name}`,
              fix: `ALTER TABLE ${on} ENABLE ROW LEVEL SECURITY`,
            },
          ]),
      ...(table.isForced
        ? []
        : [
            {
              kind: 'missing' as const,
              what: `forced row-level security on ${name}: its owner passes it`,
              fix: `ALTER TABLE ${on} FORCE ROW LEVEL SECURITY`,
            },
          ]),
    ]
  })
  const key = tables.find(({ table }) => table === 'ringwall.key')
  if (key === undefined) found.push({ kind: 'missing', what: 'table ringwall.key', fix: AGAIN })
  else found.push(...wrongOwner('table ringwall.key', key.owner, keeper))
  return found
}

/** The planned policies as this server prints them: made on empty twins of their tables. */
async function printedPolicies(
  query: Query,
  plan: DatabasePlan,
  { tables, roles, functions }: Catalog,
): Promise<readonly PolicyFound[]> {
  const there = plan.tables.filter((name) => tables.some(({ table }) => table === name))
  const isReady =
    Object.values(plan.declaration.roles).every((name) => roles.some((role) => role.name === name)) &&
    [...plan.functions.keys()].every((signature) => functions.some((one) => one.signature === signature))
  if (!isReady) return []
  const printed: PolicyFound[] = []
  for (const table of there) {
    const twin = quoteName(table.slice(table.indexOf('.') + 1))
    await query('SAVEPOINT twin')
    await query(`CREATE TEMPORARY TABLE ${twin} (LIKE ${quoteTable(table)})`)
    for (const policy of plan.policies.filter((one) => one.table === table))
      await query(createPolicy(policy, `pg_temp.${twin}`))
    const { rows } = await query(`SELECT nspname AS name FROM pg_namespace WHERE oid = pg_my_temp_schema()`)
    printed.push(
      ...(await readPolicies(query, [String(rows[0]?.['name'])])).map((policy) => ({ ...policy, table })),
    )
    await query('ROLLBACK TO SAVEPOINT twin')
  }
  return printed
}

function driftOfPolicies(
  found: readonly PolicyFound[],
  printed: readonly PolicyFound[],
  plan: DatabasePlan,
): Finding[] {
  const planned = new Set(plan.tables)
  const missing = plan.policies.flatMap((wanted): Finding[] => {
    const policy = found.find((one) => one.table === wanted.table && one.name === wanted.name)
    const name = `policy ${wanted.name} on ${wanted.table}`
    if (policy === undefined) return [{ kind: 'missing', what: name, fix: AGAIN }]
    const twin = printed.find((one) => one.table === wanted.table && one.name === wanted.name)
    const differs = differences(policy, wanted, twin)
    return differs.length === 0
      ? []
      : [{ kind: 'changed', what: `${name}: ${differs.join(', ')}`, fix: AGAIN }]
  })
  const extra = found
    .filter(
      (one) =>
        planned.has(one.table) &&
        !plan.policies.some((wanted) => wanted.table === one.table && wanted.name === one.name),
    )
    .map((one): Finding => ({
      kind: 'extra',
      what: `policy ${one.name} on ${one.table} for ${one.verb} to ${one.roles.join(', ')}`,
      fix: `DROP POLICY ${quoteName(one.name)} ON ${quoteTable(one.table)}`,
    }))
  return [...missing, ...extra]
}

function differences(found: PolicyFound, wanted: RowPolicy, twin: PolicyFound | undefined): string[] {
  return [
    ...(found.verb === wanted.verb ? [] : [`for ${found.verb}`]),
    ...(found.isPermissive ? [] : ['restrictive']),
    ...(found.roles.join() === wanted.roles.toSorted().join() ? [] : [`to ${found.roles.join(', ')}`]),
    ...(twin === undefined || found.using === twin.using ? [] : ['another USING']),
    ...(twin === undefined || found.check === twin.check ? [] : ['another WITH CHECK']),
  ]
}

function driftOfFunctions(found: readonly FunctionFound[], plan: DatabasePlan): Finding[] {
  const { keeper } = plan.declaration.roles
  const missing = [...plan.functions].flatMap(([signature, body]): Finding[] => {
    const one = found.find((other) => other.signature === signature)
    if (one === undefined) return [{ kind: 'missing', what: `function ${signature}`, fix: AGAIN }]
    const isSame =
      one.body === body && one.isDefiner && one.settings.join() === 'search_path=pg_catalog, pg_temp'
    return [
      ...wrongOwner(`function ${signature}`, one.owner, keeper),
      ...(isSame ? [] : [{ kind: 'changed' as const, what: `function ${signature}`, fix: AGAIN }]),
    ]
  })
  const extra = found
    .filter(({ signature }) => !plan.functions.has(signature))
    .map(({ signature }): Finding => ({
      kind: 'extra',
      what: `function ${signature}`,
      fix: `DROP FUNCTION ${signature}`,
    }))
  return [...missing, ...extra]
}

/** Our roles everywhere, and everybody in the schemas that the plan is about. */
function driftOfPrivileges({ privileges, tables }: Catalog, plan: DatabasePlan): Finding[] {
  const ours = new Set(Object.values(plan.declaration.roles))
  const schemas = new Set([...plan.schemas, 'ringwall'])
  const wanted = new Map(plan.privileges.map((one) => [privilegeKey(one), one]))
  const isOurs = ({ role, on, object }: Privilege): boolean =>
    ours.has(role) ||
    (role === 'PUBLIC' &&
      (on === 'database' || schemas.has(on === 'schema' ? object : (object.split('.')[0] as string))))
  const found = new Map(privileges.filter(isOurs).map((one) => [privilegeKey(one), one]))
  const tableNames = new Set(tables.map(({ table }) => table))
  const fixOf = (one: Privilege, isWanted: boolean): string =>
    one.on === 'database'
      ? AGAIN
      : isWanted
        ? (grantStatements([one])[0] as { sql: string }).sql
        : revokeStatement(one)
  return [
    ...[...wanted]
      .filter(([key, one]) => !found.has(key) && !(one.on === 'column' && !tableNames.has(one.object)))
      .map(([what, one]): Finding => ({ kind: 'missing', what, fix: fixOf(one, true) })),
    ...[...found]
      .filter(([key]) => !wanted.has(key))
      .map(([what, one]): Finding => ({ kind: 'extra', what, fix: fixOf(one, false) })),
  ]
}
