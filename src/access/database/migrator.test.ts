// The migrator on a real PostgreSQL: each of its privileges is needed for a deployment, and nothing beyond them works.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { Client } from 'pg'

import { notHere } from '../../store/testing.ts'
import { applyPlan, verifyPlan } from './apply.ts'
import { tryEverything } from './attempts.ts'
import type { Query } from './catalog.ts'
import { findDrift } from './drift.ts'
import { planInput } from './plan-files.ts'
import { type DatabasePlan, planPostgres } from './plan.ts'
import { type Privilege, privilegeKey } from './privilege.ts'
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

/** What a deployment does, on a connection of its own; nothing of it is left. */
const DEPLOYMENT = `BEGIN;
CREATE TABLE public.invoices (id text PRIMARY KEY, document_id text REFERENCES public.documents (id));
ALTER TABLE public.documents ADD COLUMN archived boolean NOT NULL DEFAULT false;
CREATE INDEX ON public.documents (owner_id);
ALTER TABLE public.documents DROP COLUMN internal_note;
ROLLBACK`

async function deploys({ urlOf, prefix }: Scene): Promise<string | undefined> {
  const client = new Client({ connectionString: urlOf(`${prefix}_migrator`) })
  try {
    await client.connect()
    await client.query(DEPLOYMENT)
    return undefined
  } catch (thrown) {
    return (thrown as Error).message
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** On the database that is connected to, a privilege is named by its own name. */
function statement(verb: 'GRANT' | 'REVOKE', one: Privilege): string {
  const preposition = verb === 'GRANT' ? 'TO' : 'FROM'
  return one.on === 'database'
    ? `DO $$ BEGIN EXECUTE format('${verb} ${one.verb} ON DATABASE %I ${preposition} ${one.role}', current_database()); END $$`
    : `${verb} ${one.verb} ON SCHEMA ${one.object} ${preposition} ${one.role}`
}

test('without any one privilege of the migrator a deployment fails, and drift names it', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  assert.equal(await deploys(scene), undefined)
  const needed = plan.privileges.filter(({ role }) => role === plan.declaration.roles.migrator)
  assert.deepEqual(
    needed.map((one) => `${one.verb} ${one.on} ${one.object}`),
    ['CONNECT database ', 'USAGE schema public', 'CREATE schema public'],
  )
  for (const privilege of needed) {
    await query(statement('REVOKE', privilege))
    const drift = await drifts()
    assert.deepEqual(drift, [`missing ${privilegeKey(privilege)}`])
    assert.match((await deploys(scene)) ?? 'it works all the same', /permission denied/)
    await query(statement('GRANT', privilege))
  }
  assert.equal(await deploys(scene), undefined)
  assert.deepEqual((await verifyPlan(query, plan)).findings, [])
})

async function drifts(): Promise<string[]> {
  await query('BEGIN')
  try {
    return (await findDrift(query, plan)).map(({ kind, what }) => `${kind} ${what}`)
  } finally {
    await query('ROLLBACK')
  }
}

test('reader and writer need CONNECT, and without it they do not come in', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  for (const role of [plan.declaration.roles.reader, plan.declaration.roles.writer]) {
    const connects = { role, verb: 'CONNECT', on: 'database', object: '' } as const
    await query(statement('REVOKE', connects))
    await assert.rejects(scene.connect(role), /permission denied for database/)
    assert.deepEqual(await drifts(), [`missing ${privilegeKey(connects)}`])
    await query(statement('GRANT', connects))
    await (await scene.connect(role)).query('SELECT 1')
  }
})

test('nothing beyond it works: keys, principals, rows of others, the server; its own rows are under the policies', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const migrator = await scene.connect(`${scene.prefix}_migrator`)
  for (const sql of [
    'SELECT id FROM ringwall.key',
    'SELECT ringwall.claims()',
    `SELECT ringwall.begin('')`,
    'SELECT secret FROM unmapped',
    'INSERT INTO unmapped VALUES (1)',
    'UPDATE users SET password = NULL',
    'DELETE FROM shares',
    'TRUNCATE teams',
    'DROP TABLE unmapped',
    'CREATE SCHEMA other',
    'CREATE TEMPORARY TABLE t (a int)',
    'CREATE ROLE x',
    `ALTER ROLE ${scene.prefix}_migrator BYPASSRLS`,
    `SET ROLE ${scene.prefix}_keeper`,
    `SELECT pg_read_file('PG_VERSION')`,
    `COPY documents TO PROGRAM 'true'`,
  ])
    await assert.rejects(
      migrator.query(sql),
      { message: /permission denied|must be (owner|superuser|member)/ },
      sql,
    )
  const { rows } = await migrator.query('SELECT id FROM documents')
  assert.deepEqual(rows, [])
})

test('trying finds a migrator that may too little, and one that may too much', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const { migrator, keeper } = plan.declaration.roles
  for (const [sql, want] of [
    [
      `REVOKE CREATE ON SCHEMA public FROM ${migrator}`,
      /must be able to, and is refused .*CREATE TABLE "public"/,
    ],
    [
      `GRANT SELECT ON ringwall.key TO ${migrator}; GRANT USAGE ON SCHEMA ringwall TO ${migrator}`,
      /must be refused, and is not: EXPLAIN SELECT id FROM ringwall\.key/,
    ],
    [`GRANT ${keeper} TO ${migrator}`, /must be able to, and is refused \(is a member of/],
    [`ALTER ROLE ${migrator} CREATEROLE`, /must be refused, and is not: CREATE ROLE/],
  ] as const) {
    await query('BEGIN')
    await query(sql)
    const { findings } = await tryEverything(query, plan)
    await query('ROLLBACK')
    assert.ok(
      findings.some(({ what }) => what.startsWith(migrator) && want.test(what)),
      JSON.stringify(findings),
    )
  }
})
