import type { Catalog, PolicyFound, Query } from './catalog.ts'
import type { Finding } from './finding.ts'
import type { DatabasePlan } from './plan.ts'
import { quoteTable } from './sql-text.ts'

/** What is weak in the schemas of a plan, also in tables that the plan does not know. */
export async function lintCatalog(query: Query, catalog: Catalog, plan: DatabasePlan): Promise<Finding[]> {
  const schemas = new Set(plan.schemas)
  const inReach = catalog.tables.filter(({ table }) => schemas.has(table.split('.')[0] as string))
  const policies = catalog.policies.filter(({ table }) => schemas.has(table.split('.')[0] as string))
  const { reader, writer } = plan.declaration.roles
  const readable = new Set(
    catalog.privileges
      .filter(
        ({ role, on }) => [reader, writer, 'PUBLIC'].includes(role) && (on === 'table' || on === 'column'),
      )
      .map(({ object }) => object),
  )
  const hasPolicy = new Set(policies.map(({ table }) => table))
  const planned = new Set(plan.tables)
  return [
    ...inReach.flatMap(({ table, kind, owner, isSecured }): Finding[] => {
      const on = quoteTable(table)
      const isOther = !planned.has(table)
      return [
        ...([reader, writer].includes(owner)
          ? [
              weak(
                `${kind} ${table} belongs to ${owner}, a role of the application: it can switch its policies off`,
                `ALTER TABLE ${on} OWNER TO ...`,
              ),
            ]
          : []),
        ...(isOther && kind === 'table' && isSecured && !hasPolicy.has(table)
          ? [
              weak(
                `table ${table} has row-level security and no policy: nobody sees a row`,
                'map it, or write a policy',
              ),
            ]
          : []),
        ...(isOther && kind === 'table' && !isSecured && hasPolicy.has(table)
          ? [
              weak(
                `table ${table} has policies, but row-level security is off: they do nothing`,
                `ALTER TABLE ${on} ENABLE ROW LEVEL SECURITY`,
              ),
            ]
          : []),
        ...(isOther && kind === 'table' && !isSecured && readable.has(table)
          ? [
              weak(
                `table ${table} is open to the application without row-level security`,
                'map it, or take the privilege away',
              ),
            ]
          : []),
        ...(kind !== 'table' && readable.has(table)
          ? [
              weak(
                `${kind} ${table} is open to the application: it is read with the rights of ${owner}`,
                'a view with security_invoker, or take the privilege away',
              ),
            ]
          : []),
      ]
    }),
    ...policies.flatMap((policy) =>
      perRowCalls(policy).map((call) =>
        weak(
          `policy ${policy.name} on ${policy.table} calls ${call} for every row`,
          `write (SELECT ${call}(...)), which is asked once per query`,
        ),
      ),
    ),
    ...severalPermissive(policies),
    ...(await openFunctions(query, [reader, writer])),
  ]
}

function weak(what: string, fix: string): Finding {
  return { kind: 'weak', what, fix }
}

const PER_QUERY = ['current_setting', 'ringwall.claims', 'auth.uid', 'auth.jwt', 'auth.role']

/** Calls that give the same for every row and are not in a select of their own (PostgreSQL: InitPlan). */
function perRowCalls({ using, check }: PolicyFound): string[] {
  const text = `${using ?? ''} ${check ?? ''}`
  return PER_QUERY.filter((call) => {
    for (let at = text.indexOf(`${call}(`); at !== -1; at = text.indexOf(`${call}(`, at + 1)) {
      if (!isInSelect(text, at)) return true
    }
    return false
  })
}

/** Whether a place in a printed expression is below a parenthesis that a SELECT opens. */
function isInSelect(text: string, place: number): boolean {
  const open: boolean[] = []
  let isQuoted = false
  for (let at = 0; at < place; at++) {
    if (text[at] === "'") isQuoted = !isQuoted
    if (isQuoted) continue
    if (text[at] === '(') open.push(text.startsWith('SELECT', at + 1) || text.startsWith(' SELECT', at + 1))
    else if (text[at] === ')') open.pop()
  }
  return open.includes(true)
}

/** Every permissive policy of a verb is asked for every row. */
function severalPermissive(policies: readonly PolicyFound[]): Finding[] {
  const groups = Map.groupBy(
    policies
      .filter(({ isPermissive }) => isPermissive)
      .flatMap((policy) => policy.roles.map((role) => ({ policy, role }))),
    ({ policy, role }) => `${role} on ${policy.table} for ${policy.verb}`,
  )
  return [...groups]
    .filter(([, group]) => group.length > 1)
    .map(([what, group]) =>
      weak(
        `several permissive policies for ${what}: any of ${group.map(({ policy }) => policy.name).join(', ')} is enough`,
        'join them into one',
      ),
    )
}

/** Functions that run with another's rights and are not ours. */
async function openFunctions(query: Query, roles: readonly string[]): Promise<Finding[]> {
  const { rows } = await query(
    `SELECT n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS name, pg_get_userbyid(p.proowner)::text AS owner
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'ringwall')
      AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY($1::text[]) AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))`,
    [roles],
  )
  return rows.map(({ name, owner }) =>
    weak(
      `function ${String(name)} runs with the rights of ${String(owner)}, and the application may call it`,
      `REVOKE EXECUTE ON FUNCTION ${String(name)} FROM PUBLIC`,
    ),
  )
}
