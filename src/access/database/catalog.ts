import type { DatabasePlan } from './plan.ts'
import type { Privilege } from './privilege.ts'

/** Runs one statement; a connection of `pg` does it. */
export type Query = (
  sql: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>

/** A role as it is. */
export interface RoleFound {
  readonly name: string
  readonly canLogIn: boolean
  /** `SUPERUSER`, `BYPASSRLS` ... */
  readonly powers: readonly string[]
  readonly memberOf: readonly string[]
}

/** A table, view or the like as it is. */
export interface TableFound {
  readonly table: string
  readonly kind: string
  readonly owner: string
  readonly isSecured: boolean
  readonly isForced: boolean
  /** Of a view: it reads with the rights of whoever reads it. */
  readonly isInvoker: boolean
  /** About how many rows there are, as of the last ANALYZE. */
  readonly rows: number
}

/** A policy as PostgreSQL prints it. */
export interface PolicyFound {
  readonly table: string
  readonly name: string
  readonly verb: string
  readonly isPermissive: boolean
  readonly roles: readonly string[]
  readonly using: string | null
  readonly check: string | null
}

/** A function of the schema `ringwall`. */
export interface FunctionFound {
  readonly signature: string
  readonly body: string
  readonly owner: string
  readonly isDefiner: boolean
  readonly settings: readonly string[]
}

/** What is really there, as far as a plan speaks of it. */
export interface Catalog {
  readonly roles: readonly RoleFound[]
  readonly tables: readonly TableFound[]
  readonly policies: readonly PolicyFound[]
  readonly functions: readonly FunctionFound[]
  readonly privileges: readonly Privilege[]
  /** Privileges on what the migrator will make. */
  readonly defaults: readonly string[]
  readonly owners: readonly { readonly object: string; readonly owner: string }[]
}

const KINDS = `CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END`
const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
const GRANTEE = `CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END`

/** Everybody's privileges on tables, columns, sequences, schemas, functions of `ringwall` and this database. */
const PRIVILEGES = `
SELECT ${GRANTEE} AS role, a.privilege_type AS verb, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
  n.nspname || '.' || c.relname AS object, NULL AS "column"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
  aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) a
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${USER_SCHEMA} AND a.grantee <> c.relowner
UNION ALL
SELECT ${GRANTEE}, a.privilege_type, 'column', n.nspname || '.' || c.relname, t.attname
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
WHERE NOT t.attisdropped AND ${USER_SCHEMA} AND a.grantee <> c.relowner
UNION ALL
SELECT ${GRANTEE}, a.privilege_type, 'schema', n.nspname, NULL
FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE ${USER_SCHEMA} AND a.grantee <> n.nspowner
UNION ALL
SELECT ${GRANTEE}, a.privilege_type, 'database', '', NULL
FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a WHERE d.datname = current_database() AND a.grantee <> d.datdba
UNION ALL
SELECT ${GRANTEE}, a.privilege_type, 'function', n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')', NULL
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE n.nspname = 'ringwall' AND a.grantee <> p.proowner`

/** Reads what is there. Needs no more than any role may see. */
export async function readCatalog(query: Query, plan: DatabasePlan): Promise<Catalog> {
  const names = Object.values(plan.declaration.roles)
  const schemas = [...plan.schemas, 'ringwall']
  const rowsOf = async <T>(sql: string, values: readonly unknown[] = []): Promise<readonly T[]> =>
    (await query(sql, values)).rows as readonly T[]
  return {
    roles: await rowsOf<RoleFound>(
      `SELECT r.rolname AS name, r.rolcanlogin AS "canLogIn",
        array_remove(ARRAY[CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
          CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
          CASE WHEN r.rolreplication THEN 'REPLICATION' END], NULL) AS powers,
        ARRAY(SELECT pg_get_userbyid(m.roleid)::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS "memberOf"
      FROM pg_roles r WHERE r.rolname = ANY($1::text[])`,
      [names],
    ),
    tables: await rowsOf<TableFound>(
      `SELECT n.nspname || '.' || c.relname AS table, ${KINDS} AS kind, pg_get_userbyid(c.relowner)::text AS owner,
        c.relrowsecurity AS "isSecured", c.relforcerowsecurity AS "isForced", greatest(c.reltuples, 0)::float8 AS rows,
        EXISTS (SELECT FROM unnest(c.reloptions) AS o WHERE lower(o) IN ('security_invoker=true', 'security_invoker=on', 'security_invoker=1')) AS "isInvoker"
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY($1::text[]) ORDER BY 1`,
      [schemas],
    ),
    policies: await readPolicies(query, schemas),
    functions: await rowsOf<FunctionFound>(
      `SELECT n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature, p.prosrc AS body,
        pg_get_userbyid(p.proowner)::text AS owner, p.prosecdef AS "isDefiner", coalesce(p.proconfig, '{}') AS settings
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'ringwall' ORDER BY 1`,
    ),
    privileges: (
      await rowsOf<Privilege & { readonly kind: Privilege['on']; readonly column: string | null }>(PRIVILEGES)
    ).map(({ role, verb, kind, object, column }) => ({
      role,
      verb,
      on: kind,
      object,
      ...(column === null ? {} : { column }),
    })),
    defaults: (
      await rowsOf<{ what: string }>(
        `SELECT DISTINCT ${GRANTEE} || ': ' || a.privilege_type || ' on ' || k.name || ' made by ' || r.rolname AS what
        FROM pg_roles r CROSS JOIN (VALUES ('r'::"char", 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types')) AS k(kind, name)
          LEFT JOIN pg_default_acl g ON g.defaclrole = r.oid AND g.defaclobjtype = k.kind AND g.defaclnamespace = 0
          LEFT JOIN pg_default_acl s ON s.defaclrole = r.oid AND s.defaclobjtype = k.kind AND s.defaclnamespace <> 0,
          aclexplode(coalesce(g.defaclacl, acldefault(CASE k.kind WHEN 'S' THEN 's'::"char" ELSE k.kind END, r.oid)) || coalesce(s.defaclacl, '{}')) a
        WHERE r.rolname = $1 AND a.grantee <> r.oid ORDER BY 1`,
        [plan.declaration.roles.migrator],
      )
    ).map(({ what }) => what),
    owners: await rowsOf(
      `SELECT 'schema ringwall' AS object, pg_get_userbyid(nspowner)::text AS owner FROM pg_namespace WHERE nspname = 'ringwall'`,
    ),
  }
}

/** Policies of tables in schemas, as PostgreSQL prints them. */
export async function readPolicies(
  query: Query,
  schemas: readonly string[],
): Promise<readonly PolicyFound[]> {
  const { rows } = await query(
    `SELECT n.nspname || '.' || c.relname AS table, p.polname::text AS name,
      CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END AS verb,
      p.polpermissive AS "isPermissive",
      ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r)::text END FROM unnest(p.polroles) AS u(r) ORDER BY 1) AS roles,
      pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY($1::text[]) ORDER BY 1, 2`,
    [schemas],
  )
  return rows as unknown as readonly PolicyFound[]
}
