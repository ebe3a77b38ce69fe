// Policies that look at their own table, and at another one with policies of its own: functions of the keeper answer.
import assert from 'node:assert/strict'
import test from 'node:test'

import { notHere } from '../../store/testing.ts'
import { parseSchema } from '../cedar/schema-parser.ts'
import { applyPlan, verifyPlan } from './apply.ts'
import type { Query } from './catalog.ts'
import { planPostgres } from './plan.ts'
import { planInput } from './plan-files.ts'
import { SHOP_MAPPING, SHOP_SCHEMA, SHOP_TABLES, shopPolicies } from './shop/testing.ts'
import { leaseScene, TEST_KEY, tokenFor } from './testing.ts'
import { withPrincipal } from './with-principal.ts'

test('a policy may look at rows that its own principal may not see, and never looks in a circle', async (context) => {
  const scene = await leaseScene()
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const { prefix, admin } = scene
  const roles = {
    reader: `${prefix}_reader`,
    writer: `${prefix}_writer`,
    migrator: `${prefix}_migrator`,
    keeper: `${prefix}_keeper`,
  }
  const query: Query = async (sql, values = []) => admin.query(sql, [...values])
  try {
    await admin.query(SHOP_TABLES)
    const schema = parseSchema(`${SHOP_SCHEMA} action list appliesTo { principal: User, resource: Folder };`)
    assert.ok(schema.ok)
    const policies = shopPolicies(`
      permit(principal, action == Action::"list", resource in Folder::"all") unless { resource == Folder::"all" };
      permit(principal, action == Action::"read", resource in Folder::"all");`)
    const verbs = { list: { verb: 'select' }, read: { verb: 'select' } } as const
    const mapping = { ...SHOP_MAPPING, database: { verbs, roles, login: true } }
    const plan = planPostgres(planInput(policies, schema.value, mapping))
    await applyPlan(query, plan, { key: TEST_KEY })
    assert.deepEqual((await verifyPlan(query, plan)).findings, [])
    assert.deepEqual(plan.policies.map(({ table, name }) => `${name} on ${table}`).sort(), [
      'ringwall_keeper on public.folders',
      'ringwall_select on public.documents',
      'ringwall_select on public.folders',
    ])
    const pool = scene.pool(roles.reader, 1)
    const idsOf = async (table: string): Promise<string[]> =>
      withPrincipal(pool, tokenFor('bob', { clearance: 1 }), async (client) =>
        (await client.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`)).rows.map(({ id }) => id),
      )
    assert.deepEqual(await idsOf('folders'), ['sub'])
    assert.deepEqual(await idsOf('documents'), ['deep'])
    // A plan that no longer knows a table leaves it closed, and its functions go.
    const smaller = planPostgres(
      planInput(policies, schema.value, {
        ...mapping,
        database: { ...mapping.database, verbs: { list: verbs.list } },
      }),
    )
    await applyPlan(query, smaller)
    await assert.rejects(idsOf('documents'), { code: '42501' })
    assert.deepEqual(await idsOf('folders'), ['sub'])
  } finally {
    await scene.release()
  }
})
