// A plan on a real PostgreSQL: what it gives and refuses, held against the engine; what drift looks like.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { notHere } from '../../store/testing.ts'
import { EntityUid } from '../cedar/value.ts'
import { applyPlan, planText, verifyPlan } from './apply.ts'
import type { Query } from './catalog.ts'
import { findDrift } from './drift.ts'
import { type DatabasePlan, planPostgres } from './plan.ts'
import { planInput } from './plan-files.ts'
import { privilegeKey, revokeStatement } from './privilege.ts'
import { leaseScene, type Scene, TEST_KEY, tokenFor } from './testing.ts'
import { SHOP_MAPPING, SHOP_TABLES, shopPolicies, shopSchema } from './shop/testing.ts'
import { tryEverything } from './attempts.ts'

let scene: Scene | undefined
let plan: DatabasePlan
let query: Query
let roles: { reader: string; writer: string; migrator: string; keeper: string }

const EXAMPLES = [
  { role: 'reader', sql: 'SELECT id, owner_id, team_id, level, public, title, folder_id FROM documents' },
  { role: 'writer', sql: 'SELECT id, owner_id, team_id, level, public, title, folder_id FROM documents' },
  {
    role: 'writer',
    sql: `UPDATE documents SET title = 'x', public = true, owner_id = 'bob' WHERE id = 'own'`,
  },
  {
    role: 'writer',
    sql: `INSERT INTO documents (id, owner_id, team_id, level, public, title, folder_id) VALUES ('n', 'bob', NULL, 1, false, '', NULL)`,
  },
  { role: 'writer', sql: `DELETE FROM documents WHERE id = 'own'` },
] as const

before(async () => {
  scene = await leaseScene()
  if (scene === undefined) return
  const { prefix, admin } = scene
  roles = {
    reader: `${prefix}_reader`,
    writer: `${prefix}_writer`,
    migrator: `${prefix}_migrator`,
    keeper: `${prefix}_keeper`,
  }
  plan = planFor()
  query = async (sql, values = []) => admin.query(sql, [...values])
  await admin.query(SHOP_TABLES)
  await applyPlan(query, plan, { key: TEST_KEY })
})
after(() => scene?.release())

function planFor(database: object = {}, policies = shopPolicies()): DatabasePlan {
  const mapping = {
    ...SHOP_MAPPING,
    database: { ...SHOP_MAPPING.database, roles, examples: EXAMPLES, ...database },
  }
  return planPostgres(planInput(policies, shopSchema(), mapping))
}

function onPostgres(name: string, run: (scene: Scene) => Promise<void>): void {
  test(name, async (context) => {
    if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    await run(scene)
  })
}

/** Runs in a transaction of the admin that is rolled back. */
async function undone(run: () => Promise<void>): Promise<void> {
  await query('BEGIN')
  try {
    await run()
  } finally {
    await query('ROLLBACK')
  }
}

onPostgres('after apply there is nothing to find, and everything was tried', async () => {
  const { findings, tried } = await verifyPlan(query, plan)
  assert.deepEqual(findings, [])
  assert.ok(tried > 200, `${tried} statements`)
})

onPostgres('apply again changes nothing, and a dry run leaves nothing', async (scene) => {
  await applyPlan(query, plan)
  assert.deepEqual((await verifyPlan(query, plan)).findings, [])
  const wider = planFor({
    verbs: { ...SHOP_MAPPING.database.verbs, edit: { verb: 'update', columns: ['level'] } },
  })
  await applyPlan(query, wider, { isDryRun: true })
  assert.deepEqual((await verifyPlan(query, plan)).findings, [])
  assert.match(planText(plan), /BEGIN;[^]*COMMIT;\n$/)
  assert.doesNotMatch(planText(plan), new RegExp(TEST_KEY.reveal()))
  assert.ok(scene)
})

onPostgres('an action that no policy permits gives no privilege, and is noted', async () => {
  assert.deepEqual(plan.notes, [
    'no policy permits Action::"archive": nobody gets DELETE on public.documents by it',
  ])
  const without = planFor(
    {},
    shopPolicies().filter(({ id }) => id !== 'policy5'),
  )
  assert.ok(plan.privileges.some(({ verb }) => verb === 'DELETE'))
  assert.ok(!without.privileges.some(({ verb }) => verb === 'DELETE'))
})

onPostgres(
  'without any one privilege something that must work is refused, and drift names the GRANT',
  async () => {
    const needed = plan.privileges.filter(({ role, on }) => role !== roles.migrator && on !== 'database')
    assert.ok(needed.length > 30)
    for (const privilege of needed) {
      await undone(async () => {
        await query(revokeStatement(privilege))
        const drift = await findDrift(query, plan)
        assert.deepEqual(
          drift.map(({ what }) => what),
          [privilegeKey(privilege)],
        )
        assert.match(drift[0]?.fix ?? '', /^GRANT /)
        const works = await shopWorks()
        assert.equal(works, false, `${privilegeKey(privilege)} is not needed by anything`)
      })
    }
    await undone(async () => assert.equal(await shopWorks(), true))
  },
)

/** Whether every statement of the examples works for real, for a principal whom the policies let do it. */
async function shopWorks(): Promise<boolean> {
  for (const { role, sql } of EXAMPLES) {
    await query('SAVEPOINT example')
    try {
      await query(`SET LOCAL ROLE ${roles[role]}`)
      await query('SELECT ringwall.begin($1)', [
        tokenFor(
          'bob',
          { clearance: 2, department: 'audit' },
          { in: [new EntityUid('Role', 'admin'), new EntityUid('Team', 'red')] },
        ),
      ])
      await query(sql)
    } catch {
      return false
    } finally {
      await query('ROLLBACK TO SAVEPOINT example')
    }
  }
  return true
}

const foreign = [
  [
    'a table privilege',
    () => `GRANT SELECT ON documents TO ${roles.reader}`,
    /reader: SELECT on table public.documents/,
  ],
  [
    'a column privilege',
    () => `GRANT SELECT (internal_note) ON documents TO ${roles.reader}`,
    /reader: SELECT \(internal_note\)/,
  ],
  [
    'a privilege on another table',
    () => `GRANT SELECT ON users TO ${roles.writer}`,
    /writer: SELECT on table public.users/,
  ],
  [
    'a privilege of everybody',
    () => 'GRANT SELECT ON unmapped TO PUBLIC',
    /PUBLIC: SELECT on table public.unmapped/,
  ],
  ['TRUNCATE', () => `GRANT TRUNCATE ON documents TO ${roles.writer}`, /writer: TRUNCATE/],
  [
    'CREATE for everybody',
    () => 'GRANT CREATE ON SCHEMA public TO PUBLIC',
    /PUBLIC: CREATE on schema public/,
  ],
  [
    'temporary tables',
    () =>
      `DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO ${roles.writer}', current_database()); END $$`,
    /writer: TEMPORARY on this database/,
  ],
  [
    'keys for the writer',
    () => `GRANT SELECT ON ringwall.key TO ${roles.writer}`,
    /writer: SELECT on table ringwall.key/,
  ],
  ['BYPASSRLS', () => `ALTER ROLE ${roles.writer} BYPASSRLS`, /writer has BYPASSRLS/],
  ['SUPERUSER', () => `ALTER ROLE ${roles.reader} SUPERUSER`, /reader has SUPERUSER/],
  ['a log-in of the keeper', () => `ALTER ROLE ${roles.keeper} LOGIN`, /keeper can log in/],
  ['a membership', () => `GRANT ${roles.migrator} TO ${roles.writer}`, /writer is a member of .*migrator/],
  [
    'a membership in a role of PostgreSQL',
    () => `GRANT pg_read_all_data TO ${roles.reader}`,
    /reader is a member of pg_read_all_data/,
  ],
  ['an owner', () => `ALTER TABLE documents OWNER TO ${roles.writer}`, /belongs to .*writer/],
  [
    'row-level security that is off',
    () => 'ALTER TABLE documents DISABLE ROW LEVEL SECURITY',
    /row-level security on public.documents/,
  ],
  [
    'row-level security that is not forced',
    () => 'ALTER TABLE documents NO FORCE ROW LEVEL SECURITY',
    /forced row-level security/,
  ],
  ['a policy that is gone', () => 'DROP POLICY ringwall_delete ON documents', /policy ringwall_delete/],
  [
    'a policy of somebody else',
    () => 'CREATE POLICY open ON documents USING (true)',
    /policy open on public.documents for all to PUBLIC/,
  ],
  [
    'a policy with another condition',
    () => 'ALTER POLICY ringwall_select ON documents USING (true)',
    /ringwall_select.*another USING/,
  ],
  [
    'a policy with another check',
    () => 'ALTER POLICY ringwall_update ON documents WITH CHECK (true)',
    /ringwall_update.*another WITH CHECK/,
  ],
  [
    'a policy for more roles',
    () => `ALTER POLICY ringwall_delete ON documents TO PUBLIC`,
    /ringwall_delete.*to PUBLIC/,
  ],
  [
    'another reader of the principal',
    () =>
      `CREATE OR REPLACE FUNCTION ringwall.claims() RETURNS jsonb LANGUAGE sql AS $$ SELECT current_setting('x')::jsonb $$`,
    /function ringwall.claims\(\)/,
  ],
  [
    'a function more',
    () => `CREATE FUNCTION ringwall.more() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    /function ringwall.more\(\)/,
  ],
  [
    'privileges on what will be made',
    () => `ALTER DEFAULT PRIVILEGES FOR ROLE ${roles.migrator} GRANT SELECT ON TABLES TO ${roles.writer}`,
    /writer: SELECT on tables made by .*migrator, by default/,
  ],
  [
    'privileges on what will be made in one schema',
    () =>
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${roles.migrator} IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC`,
    /PUBLIC: SELECT on tables made by/,
  ],
] as const

for (const [what, sql, finding] of foreign) {
  onPostgres(`drift is found: ${what}`, async () => {
    await undone(async () => {
      await query(sql())
      const found = (await findDrift(query, plan)).filter(({ kind }) => kind !== 'weak')
      assert.ok(
        found.some((one) => finding.test(one.what)),
        JSON.stringify(found),
      )
    })
  })
}

onPostgres('trying finds what reading could miss, and an example that cannot work', async () => {
  await undone(async () => {
    await query(`GRANT DELETE ON documents TO ${roles.reader}; GRANT ALL ON SCHEMA public TO ${roles.writer}`)
    const { findings } = await tryEverything(query, plan)
    assert.deepEqual(
      findings.map(({ what }) => what.replaceAll(/rw_\w+_(reader|writer)/g, '$1')),
      [
        'reader must be refused, and is not: EXPLAIN DELETE FROM "public"."documents"',
        'writer must be refused, and is not: CREATE TABLE "public".ringwall_attempt (a int)',
      ],
    )
  })
  await undone(async () => {
    const broken = planFor({ examples: [...EXAMPLES, { role: 'reader', sql: 'SELECT password FROM users' }] })
    const { findings } = await tryEverything(query, broken)
    assert.match(findings[0]?.what ?? '', /must be able to, and is refused .*SELECT password FROM users/)
    const idle = planFor({ examples: EXAMPLES.filter(({ sql }) => !sql.startsWith('DELETE')) })
    const unneeded = (await tryEverything(query, idle)).findings
    assert.deepEqual(
      unneeded.map(({ what }) => what.replaceAll(/rw_\w+_(reader|writer)/g, '$1')),
      ['no example needs writer: DELETE on table public.documents'],
    )
  })
})

onPostgres('tables that the mapping has and the database has not are named', async () => {
  await undone(async () => {
    await query('ALTER TABLE documents RENAME TO papers')
    assert.ok(
      (await findDrift(query, plan)).some(
        ({ kind, what }) => kind === 'missing' && what === 'table public.documents',
      ),
    )
  })
})
