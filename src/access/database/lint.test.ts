// Every lint on a real PostgreSQL: what is made weak is found by its id, and its own SQL mends it.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { notHere } from '../../store/testing.ts'
import { applyPlan } from './apply.ts'
import type { Query } from './catalog.ts'
import { findDrift } from './drift.ts'
import type { Finding } from './finding.ts'
import { LINT_RULES } from './lint.ts'
import { planInput } from './plan-files.ts'
import { type DatabasePlan, planPostgres } from './plan.ts'
import { SHOP_MAPPING, SHOP_TABLES, shopPolicies, shopSchema } from './shop/testing.ts'
import { leaseScene, type Scene, TEST_KEY } from './testing.ts'

let scene: Scene | undefined
let plan: DatabasePlan
let query: Query

before(async () => {
  scene = await leaseScene()
  if (scene === undefined) return
  const { prefix, admin } = scene
  const roles = {
    reader: `${prefix}_reader`,
    writer: `${prefix}_writer`,
    migrator: `${prefix}_migrator`,
    keeper: `${prefix}_keeper`,
  }
  const mapping = { ...SHOP_MAPPING, database: { ...SHOP_MAPPING.database, roles } }
  plan = planPostgres(planInput(shopPolicies(), shopSchema(), mapping))
  query = async (sql, values = []) => admin.query(sql, [...values])
  await admin.query(SHOP_TABLES)
  await applyPlan(query, plan, { key: TEST_KEY })
})
after(() => scene?.release())

async function lints(): Promise<readonly Finding[]> {
  await query('SAVEPOINT looking')
  const found = (await findDrift(query, plan)).filter(({ kind }) => kind === 'weak')
  await query('ROLLBACK TO SAVEPOINT looking')
  return found
}

const SECURED =
  'ALTER TABLE unmapped ENABLE ROW LEVEL SECURITY; ALTER TABLE unmapped FORCE ROW LEVEL SECURITY'

const weaknesses: readonly {
  readonly id: string
  readonly sql: () => string
  readonly what: RegExp
}[] = [
  {
    id: 'owned-by-application',
    sql: () => `ALTER TABLE unmapped OWNER TO ${plan.declaration.roles.writer}`,
    what: /^table public\.unmapped belongs to \w+_writer, a role of the application/,
  },
  {
    id: 'rls-without-policy',
    sql: () => SECURED,
    what: /^table public\.unmapped has row-level security and no policy/,
  },
  {
    id: 'policies-without-rls',
    sql: () => 'CREATE POLICY p ON unmapped USING (id = 1)',
    what: /^table public\.unmapped has policies, but row-level security is off/,
  },
  {
    id: 'rls-not-forced',
    sql: () => 'ALTER TABLE unmapped ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON unmapped USING (id = 1)',
    what: /^table public\.unmapped has policies that its owner postgres passes$/,
  },
  {
    id: 'open-without-rls',
    sql: () => `GRANT SELECT (id) ON unmapped TO ${plan.declaration.roles.reader}`,
    what: /^table public\.unmapped is open to the application without row-level security/,
  },
  {
    id: 'view-past-rls',
    sql: () => 'CREATE VIEW v AS SELECT * FROM users; GRANT SELECT ON v TO PUBLIC',
    what: /^view public\.v is open to the application: it is read with the rights of postgres/,
  },
  {
    id: 'materialized-view-in-reach',
    sql: () => 'CREATE MATERIALIZED VIEW v AS SELECT * FROM users; GRANT SELECT ON v TO PUBLIC',
    what: /^materialized view public\.v is open to the application/,
  },
  {
    id: 'foreign-table-in-reach',
    sql: () =>
      'CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE f (a int) SERVER s; GRANT SELECT ON f TO PUBLIC',
    what: /^foreign table public\.f is open to the application/,
  },
  {
    id: 'unindexed-column',
    // What ANALYZE writes, which no ROLLBACK takes back.
    sql: () => `UPDATE pg_class SET reltuples = 12000 WHERE oid = 'documents'::regclass`,
    what: /^no index of public\.documents begins with owner_id, by which policies find its rows$/,
  },
  {
    id: 'call-per-row',
    sql: () =>
      `${SECURED}; CREATE POLICY p ON unmapped USING (secret = current_setting('a(b', true) AND lower(secret) <> (SELECT current_setting('c.d', true)))`,
    what: /^policy p on public\.unmapped calls current_setting for every row/,
  },
  {
    id: 'several-permissive',
    sql: () =>
      `${SECURED}; CREATE POLICY p ON unmapped USING (id = 2); CREATE POLICY q ON unmapped USING (id = 1) WITH CHECK (id = 3)`,
    what: /^several permissive policies for PUBLIC on public\.unmapped for all: any of p, q is enough/,
  },
  {
    id: 'always-true',
    sql: () => `${SECURED}; CREATE POLICY p ON unmapped FOR INSERT WITH CHECK (true)`,
    what: /^policy p on public\.unmapped is true for every row$/,
  },
  {
    id: 'settable-principal',
    sql: () =>
      `${SECURED}; CREATE POLICY p ON unmapped USING (secret = (SELECT current_setting('app.user', true)))`,
    what: /^policy p on public\.unmapped believes a setting that every client can set$/,
  },
  {
    id: 'mutable-search-path',
    sql: () => `CREATE FUNCTION f(a int, b text) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`,
    what: /^function public\.f\(integer, text\) runs with the rights of postgres, and finds names where its caller says/,
  },
  {
    id: 'definer-in-reach',
    sql: () =>
      `CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'`,
    what: /^function public\.f\(\) runs with the rights of postgres, and the application may call it/,
  },
  {
    id: 'open-to-everybody',
    sql: () => 'CREATE SCHEMA other; CREATE TABLE other.t (a int); GRANT SELECT ON other.t TO PUBLIC',
    what: /^PUBLIC: SELECT on table other\.t$/,
  },
  {
    id: 'given-to-everybody-later',
    sql: () => 'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC',
    what: /^PUBLIC: SELECT on TABLES that postgres makes in public, by default$/,
  },
  {
    id: 'passes-every-policy',
    sql: () =>
      `CREATE ROLE ${scene?.prefix}_other BYPASSRLS; DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO ${scene?.prefix}_other', current_database()); END $$`,
    what: /^role \w+_other can connect here and has BYPASSRLS$/,
  },
]

for (const { id, sql, what } of weaknesses) {
  test(`lint ${id}: found, and mended by its own SQL`, async (context) => {
    if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    await query('BEGIN')
    try {
      assert.deepEqual(await lints(), [])
      await query(sql())
      const found = (await lints()).filter((one) => one.id === id)
      const [first] = found.filter((one) => what.test(one.what))
      assert.ok(first !== undefined, JSON.stringify(await lints()))
      assert.ok((first.why?.length ?? 0) > 20)
      for (const { fix } of found) await query(fix)
      assert.deepEqual(
        (await lints()).filter((one) => one.id === id),
        [],
      )
    } finally {
      await query('ROLLBACK')
    }
  })
}

test('every lint is tried, and has a name of its own', () => {
  assert.deepEqual(LINT_RULES.map(({ id }) => id).sort(), weaknesses.map(({ id }) => id).sort())
})

test('what is as it should be is no finding: a view of the reader, a closed table, a call in a select', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  await query('BEGIN')
  try {
    await query(`${SECURED}; CREATE POLICY closed ON unmapped USING (false);
      CREATE VIEW v WITH (security_invoker = true) AS SELECT id FROM documents; GRANT SELECT ON v TO ${plan.declaration.roles.reader};
      CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC`)
    assert.deepEqual(await lints(), [])
  } finally {
    await query('ROLLBACK')
  }
})
