import type { Catalog, Query } from './catalog.ts'
import type { Finding } from './finding.ts'
import type { DefinerFound, LintFacts, LintRule } from './lint-rule.ts'
import { POLICY_RULES } from './lint-policies.ts'
import { ROLE_RULES } from './lint-roles.ts'
import { TABLE_RULES } from './lint-tables.ts'
import type { DatabasePlan } from './plan.ts'

/** Every rule, in the order in which findings are told. */
export const LINT_RULES: readonly LintRule[] = [...TABLE_RULES, ...POLICY_RULES, ...ROLE_RULES]

/** What is weak in the schemas of a plan and in who reaches them, also in what the plan does not know. */
export async function lintCatalog(query: Query, catalog: Catalog, plan: DatabasePlan): Promise<Finding[]> {
  const facts = await readFacts(query, catalog, plan)
  return LINT_RULES.flatMap(({ id, why, find }) =>
    find(facts).map(({ what, fix }): Finding => ({ kind: 'weak', what, fix, id, why })),
  )
}

async function readFacts(query: Query, catalog: Catalog, plan: DatabasePlan): Promise<LintFacts> {
  const isOurs = ({ table }: { readonly table: string }): boolean =>
    plan.schemas.includes(table.slice(0, table.indexOf('.')))
  const { reader, writer } = plan.declaration.roles
  const rowsOf = async (sql: string, values: readonly unknown[] = []): Promise<readonly unknown[]> =>
    (await query(sql, values)).rows
  const indexed = (await rowsOf(INDEXED, [plan.schemas])) as readonly {
    readonly table: string
    readonly column: string
  }[]
  const bypassing = (await rowsOf(BYPASSING)) as readonly { readonly role: string }[]
  return {
    catalog,
    plan,
    tables: catalog.tables.filter(isOurs),
    policies: catalog.policies.filter(isOurs),
    readable: new Set(
      catalog.privileges
        .filter(
          ({ role, on }) => [reader, writer, 'PUBLIC'].includes(role) && (on === 'table' || on === 'column'),
        )
        .map(({ object }) => object),
    ),
    planned: new Set(plan.tables),
    definers: (await rowsOf(DEFINERS, [[reader, writer]])) as readonly DefinerFound[],
    indexed: new Set(indexed.map(({ table, column }) => `${table}\n${column}`)),
    bypassing: bypassing.map(({ role }) => role),
    defaults: (await rowsOf(DEFAULTS, [plan.declaration.roles.migrator])) as LintFacts['defaults'],
  }
}

/** Functions that run with another's rights and are not ours. */
const DEFINERS = `
SELECT n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature, pg_get_userbyid(p.proowner)::text AS owner,
  EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE starts_with(c, 'search_path=')) AS "hasSearchPath",
  EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY($1::text[]) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')) AS "isInReach"
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'ringwall') ORDER BY 1`

/** The first column of every index that is ready. */
const INDEXED = `
SELECT n.nspname || '.' || c.relname AS table, a.attname::text AS column
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indisvalid AND n.nspname = ANY($1::text[])`

const BYPASSING = `
SELECT rolname::text AS role FROM pg_roles
WHERE rolbypassrls AND NOT rolsuper AND has_database_privilege(oid, current_database(), 'CONNECT') ORDER BY 1`

/** The migrator's are held against the plan; what PostgreSQL gives everybody of functions and types counts where somebody said so. */
const DEFAULTS = `
SELECT pg_get_userbyid(d.defaclrole)::text AS role, n.nspname::text AS schema, a.privilege_type AS verb,
  CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END AS kind
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
WHERE a.grantee = 0 AND d.defaclobjtype IN ('r', 'S', 'n') AND pg_get_userbyid(d.defaclrole) <> $1 ORDER BY 1, 2, 3`
