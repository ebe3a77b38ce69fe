// A page of 50 of many rows: the plans of PostgreSQL for the filter and for row-level security, held against those of SQL by hand.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { notHere } from '../../store/testing.ts'
import { Entities } from '../cedar/entities.ts'
import { recordFrom } from '../cedar/value-json.ts'
import { EntityUid } from '../cedar/value.ts'
import { loadFilter } from '../filter/filter.ts'
import { applyPlan } from './apply.ts'
import { planInput } from './plan-files.ts'
import { planPostgres } from './plan.ts'
import { SHOP_MAPPING, SHOP_TABLES, shopPolicies, shopSchema } from './shop/testing.ts'
import { leaseScene, type Scene, TEST_KEY, tokenFor } from './testing.ts'

const ROWS = 60_000
const FILL = `
INSERT INTO teams SELECT 'team-' || i, 1 FROM generate_series(0, 599) AS i;
INSERT INTO users SELECT 'user-' || i, NULL, 2, 'team-' || i % 600 FROM generate_series(0, 5999) AS i;
INSERT INTO documents (id, owner_id, team_id, level, title)
  SELECT 'doc-' || lpad((i::bigint * 7919 % ${ROWS})::text, 6, '0'), 'user-' || i * 31 % 6000, CASE i % 2 WHEN 0 THEN 'team-' || i * 17 % 600 END, 1, md5(i::text)
  FROM generate_series(0, ${ROWS - 1}) AS i;
INSERT INTO shares SELECT 'doc-' || lpad((i * 13 % ${ROWS})::text, 6, '0'), 'user-' || i * 7 % 6000 FROM generate_series(0, 39999) AS i ON CONFLICT DO NOTHING;
CREATE INDEX ON documents (owner_id);
CREATE INDEX ON documents (team_id);
CREATE INDEX ON documents (folder_id);
CREATE INDEX ON documents (id) WHERE public;
CREATE INDEX ON shares (user_id);`

/** A policy of every kind that an index serves, and one that none does. */
const POLICIES = shopPolicies(`
permit (principal is User, action == Action::"read", resource) when { resource.owner == principal };
permit (principal is User, action == Action::"read", resource) when { resource.viewers.contains(principal) };
permit (principal, action == Action::"read", resource) when { resource.public };
permit (principal is User, action == Action::"read", resource) when { resource has team && principal in resource.team };
permit (principal is User, action == Action::"read", resource in Folder::"all") when { principal has department && principal.department == "audit" };
forbid (principal, action, resource) when { resource.level > 5 };`)

const USER = new EntityUid('User', 'user-42')
const TEAM = new EntityUid('Team', 'team-42')
const ORDERS = ['title', 'id']

let scene: Scene | undefined
let where: { readonly text: string; readonly parameters: readonly unknown[] }

before(async () => {
  scene = await leaseScene()
  if (scene === undefined) return
  const { admin, prefix } = scene
  await admin.query(SHOP_TABLES)
  await admin.query(FILL)
  await admin.query('VACUUM ANALYZE')
  const roles = {
    reader: `${prefix}_reader`,
    writer: `${prefix}_writer`,
    migrator: `${prefix}_migrator`,
    keeper: `${prefix}_keeper`,
  }
  const mapping = { ...SHOP_MAPPING, database: { ...SHOP_MAPPING.database, roles } }
  const plan = planPostgres(planInput(POLICIES, shopSchema(), mapping))
  await applyPlan(async (sql, values = []) => admin.query(sql, [...values]), plan, { key: TEST_KEY })
  const filter = loadFilter({
    policies: POLICIES,
    schema: shopSchema(),
    mapping: { entities: SHOP_MAPPING.entities },
    dialect: 'postgres',
  })
  const entities = Entities.of([
    { uid: USER, attributes: recordFrom({ clearance: 2 }, ''), parents: [TEAM] },
    { uid: TEAM, attributes: recordFrom({ level: 1 }, ''), parents: [] },
  ])
  assert.ok(typeof entities !== 'string')
  const action = new EntityUid('Action', 'read')
  where = filter.accessibleBy({ principal: USER, action, entities }, 'Document').toSql()
})
after(() => scene?.release())

/** As somebody who knows the indexes writes it. */
const BY_HAND = `("owner_id" = $1 OR "id" = ANY (ARRAY(SELECT document_id FROM shares WHERE user_id = $1))
  OR "public" OR "team_id" = ANY ($2)) AND "level" <= 5`

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
}

/** The plan as it ran, what it touched, and the ids it found. */
async function page(
  client: Scene['admin'],
  condition: string | undefined,
  order: string,
  parameters: readonly unknown[],
): Promise<{
  readonly nodes: readonly PlanNode[]
  readonly blocks: number
  readonly ids: readonly string[]
}> {
  const select = `SELECT "id", "title" FROM "documents" ${condition === undefined ? '' : `WHERE ${condition} `}ORDER BY "${order}" LIMIT 50`
  const { rows: found } = await client.query<{ id: string }>(select, [...parameters])
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${select}`,
    [...parameters],
  )
  const root = (rows[0] as (typeof rows)[0])['QUERY PLAN'][0].Plan
  const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)]
  return {
    nodes: flat(root),
    blocks: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    ids: found.map(({ id }) => id),
  }
}

/** Through the indexes of the condition: never the whole table, and never along the order until there are enough. */
function assertByIndexes(nodes: readonly PlanNode[], what: string): void {
  const ofDocuments = nodes.filter((node) => node['Relation Name'] === 'documents')
  assert.deepEqual(
    ofDocuments.map((node) => node['Node Type']),
    ['Bitmap Heap Scan'],
    what,
  )
  const indexes = nodes.flatMap((node) => node['Index Name'] ?? [])
  for (const index of [
    'documents_owner_id_idx',
    'documents_team_id_idx',
    'documents_pkey',
    'documents_id_idx',
  ])
    assert.ok(indexes.includes(index), `${what}: ${index} is not among ${indexes.join(', ')}`)
}

for (const order of ORDERS) {
  test(`a page in the order of ${order} is found by the indexes of the condition, as one by hand is`, async (context) => {
    if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const ours = await page(scene.admin, where.text, order, where.parameters)
    const theirs = await page(scene.admin, BY_HAND, order, [USER.id, [TEAM.id]])
    assert.equal(ours.ids.length, 50)
    assert.deepEqual(ours.ids, theirs.ids)
    assertByIndexes(ours.nodes, 'the filter')
    assert.ok(ours.blocks <= theirs.blocks * 1.5, `${ours.blocks} blocks, ${theirs.blocks} by hand`)
  })

  test(`row-level security finds the same page in the order of ${order} by the same indexes`, async (context) => {
    if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const ours = await page(scene.admin, where.text, order, where.parameters)
    const reader = await scene.connect(`${scene.prefix}_reader`)
    await reader.query('BEGIN')
    await reader.query('SELECT ringwall.begin($1)', [tokenFor('user-42', { clearance: 2 }, { in: [TEAM] })])
    await page(reader, undefined, order, [])
    const secured = await page(reader, undefined, order, [])
    await reader.query('COMMIT')
    assert.deepEqual(secured.ids, ours.ids)
    assertByIndexes(secured.nodes, 'row-level security')
    assert.ok(secured.blocks <= ours.blocks * 1.5 + 20, `${secured.blocks} blocks, ${ours.blocks} by WHERE`)
  })
}
