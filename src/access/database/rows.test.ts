// Row-level security against the engine: what each principal may read and write in a real PostgreSQL.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import type { Pool } from 'pg'

import { systemClock } from '../../core/clock.ts'
import { notHere } from '../../store/testing.ts'
import { Authorizer } from '../cedar/authorizer.ts'
import { Entities, type EntityDraft } from '../cedar/entities.ts'
import { CedarRecord, CedarSet, EntityUid, type Value } from '../cedar/value.ts'
import { applyPlan } from './apply.ts'
import { planPostgres } from './plan.ts'
import { planInput } from './plan-files.ts'
import { signPrincipal } from './principal-token.ts'
import { leaseScene, type Scene, TEST_KEY } from './testing.ts'
import { SHOP_MAPPING, SHOP_TABLES, shopPolicies, shopSchema } from './shop/testing.ts'
import { withPrincipal } from './with-principal.ts'

let scene: Scene | undefined
let pool: Pool
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
  await admin.query(SHOP_TABLES)
  const plan = planPostgres(planInput(shopPolicies(), shopSchema(), mapping))
  await applyPlan(async (sql, values = []) => admin.query(sql, [...values]), plan, { key: TEST_KEY })
  pool = scene.pool(roles.writer, 1)
})
after(() => scene?.release())

interface DocumentRow {
  readonly id: string
  readonly owner_id: string
  readonly team_id: string | null
  readonly level: string
  readonly public: boolean
  readonly title: string
  readonly folder_id: string | null
}

const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)
const record = (fields: Readonly<Record<string, Value | undefined>>): CedarRecord =>
  new CedarRecord(
    new Map(Object.entries(fields).filter((pair): pair is [string, Value] => pair[1] !== undefined)),
  )

function documentDraft(row: DocumentRow, viewers: readonly string[]): EntityDraft {
  return {
    uid: uid('Document', row.id),
    attributes: record({
      owner: uid('User', row.owner_id),
      team: row.team_id === null ? undefined : uid('Team', row.team_id),
      level: Number(row.level),
      public: row.public,
      title: row.title,
      viewers: new CedarSet(viewers.map((id) => uid('User', id))),
    }),
    parents: row.folder_id === null ? [] : [uid('Folder', row.folder_id)],
  }
}

const FOLDERS: readonly EntityDraft[] = [
  { uid: uid('Folder', 'all'), attributes: record({ open: true }), parents: [] },
  { uid: uid('Folder', 'sub'), attributes: record({ open: true }), parents: [uid('Folder', 'all')] },
  { uid: uid('Folder', 'other'), attributes: record({ open: false }), parents: [] },
]
const TEAMS: readonly EntityDraft[] = [
  { uid: uid('Team', 'blue'), attributes: record({ level: 3 }), parents: [] },
  { uid: uid('Team', 'red'), attributes: record({ level: 1 }), parents: [] },
]

const bob = { uid: uid('User', 'bob'), attributes: record({ clearance: 2 }), parents: [uid('Team', 'red')] }
const PRINCIPALS: readonly {
  readonly name: string
  readonly draft: EntityDraft
  readonly context?: CedarRecord
}[] = [
  { name: 'bob, of a team', draft: bob },
  { name: 'bob, with a second factor', draft: bob, context: record({ mfa: true }) },
  { name: 'bob, without a second factor', draft: bob, context: record({ mfa: false }) },
  {
    name: 'ann, of the audit',
    draft: {
      uid: uid('User', 'ann'),
      attributes: record({ clearance: 0, department: 'audit' }),
      parents: [uid('Team', 'red'), uid('Team', 'blue')],
    },
  },
  {
    name: 'eve, who owns much',
    draft: { uid: uid('User', 'eve'), attributes: record({ clearance: 5 }), parents: [] },
  },
  {
    name: 'an administrator',
    draft: {
      uid: uid('User', 'root'),
      attributes: record({ clearance: 9 }),
      parents: [uid('Role', 'admin')],
    },
  },
  {
    name: 'an administrator with a second factor',
    draft: {
      uid: uid('User', 'root'),
      attributes: record({ clearance: 9 }),
      parents: [uid('Role', 'admin')],
    },
    context: record({ mfa: true }),
  },
  { name: 'a service', draft: { uid: uid('Service', 'bob'), attributes: record({}), parents: [] } },
  {
    name: 'a user whose name is SQL',
    draft: {
      uid: uid('User', `' OR 1=1 --"`),
      attributes: record({ clearance: 2, department: `'; DROP TABLE documents` }),
      parents: [],
    },
  },
]

const authorizer = new Authorizer(shopPolicies())

/** May this principal do this to a document that looks so? */
function mayDo(
  principal: (typeof PRINCIPALS)[number],
  action: string,
  row: DocumentRow,
  viewers: readonly string[],
): boolean {
  const entities = Entities.of([...FOLDERS, ...TEAMS, principal.draft, documentDraft(row, viewers)])
  if (typeof entities === 'string') throw new Error(entities)
  const { context } = principal
  return authorizer.isAllowed(
    {
      principal: principal.draft.uid,
      action: uid('Action', action),
      resource: uid('Document', row.id),
      ...(context === undefined ? {} : { context }),
    },
    entities,
  )
}

function tokenOf({ draft, context }: (typeof PRINCIPALS)[number]): string {
  const { attributes = record({}), parents } = draft
  const entity = {
    uid: draft.uid,
    attributes,
    tags: record({}),
    ancestors: new Set(parents.map(({ key }) => key)),
  }
  return signPrincipal(entity, {
    key: TEST_KEY,
    clock: systemClock,
    ...(context === undefined ? {} : { context }),
  })
}

async function allDocuments(): Promise<{ row: DocumentRow; viewers: string[] }[]> {
  const { rows } = await (scene as Scene).admin.query<DocumentRow & { viewers: string[] }>(
    'SELECT *, ARRAY(SELECT user_id FROM shares WHERE document_id = id) AS viewers FROM documents ORDER BY id',
  )
  return rows.map((row) => ({ row, viewers: row.viewers }))
}

class Undo extends Error {}

/** What happens to one statement of a principal; the transaction is rolled back. */
async function attempt(
  principal: (typeof PRINCIPALS)[number],
  sql: string,
  values: unknown[],
): Promise<number | 'refused'> {
  let done: number | null = null
  try {
    await withPrincipal(pool, tokenOf(principal), async (client) => {
      done = (await client.query(sql, values)).rowCount
      throw new Undo()
    })
  } catch (thrown) {
    if (thrown instanceof Undo) return done as unknown as number
    assert.match((thrown as Error).message, /violates row-level security policy/)
    return 'refused'
  }
  return 0
}

for (const principal of PRINCIPALS) {
  test(`${principal.name} reads, changes, makes and removes exactly what the policies allow`, async (context) => {
    if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const documents = await allDocuments()
    const allowed = documents.filter(({ row, viewers }) => mayDo(principal, 'read', row, viewers))
    const seen = await withPrincipal(pool, tokenOf(principal), async (client) =>
      client.query<{ id: string }>('SELECT id FROM documents ORDER BY id'),
    )
    assert.deepEqual(
      seen.rows.map(({ id }) => id),
      allowed.map(({ row }) => row.id),
    )
    for (const { row, viewers } of documents) {
      const mayRead = mayDo(principal, 'read', row, viewers)
      const removed = await attempt(principal, 'DELETE FROM documents WHERE id = $1', [row.id])
      assert.equal(removed, mayRead && mayDo(principal, 'remove', row, viewers) ? 1 : 0, `remove ${row.id}`)
      for (const owner of ['bob', 'eve']) {
        const after = { ...row, owner_id: owner }
        const isFound = mayRead && mayDo(principal, 'edit', row, viewers)
        const mayLeave = mayDo(principal, 'edit', after, viewers) && mayDo(principal, 'read', after, viewers)
        const changed = await attempt(principal, 'UPDATE documents SET owner_id = $2 WHERE id = $1', [
          row.id,
          owner,
        ])
        assert.equal(changed, isFound ? (mayLeave ? 1 : 'refused') : 0, `give ${row.id} to ${owner}`)
      }
      for (const level of ['1', '9']) {
        const fresh = { ...row, id: `new ${row.id}`, level }
        const made = await attempt(
          principal,
          'INSERT INTO documents (id, owner_id, team_id, level, public, title, folder_id) VALUES ($1, $2, $3, $4, $5, $6, $7)',
          [fresh.id, fresh.owner_id, fresh.team_id, fresh.level, fresh.public, fresh.title, fresh.folder_id],
        )
        assert.equal(
          made,
          mayDo(principal, 'create', fresh, []) ? 1 : 'refused',
          `make ${fresh.id} of level ${level}`,
        )
      }
    }
  })
}

test('the tests above are not all about nothing', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const documents = await allDocuments()
  for (const action of ['read', 'edit', 'create', 'remove']) {
    const answers = PRINCIPALS.flatMap((principal) =>
      documents.map(({ row, viewers }) => mayDo(principal, action, row, viewers)),
    )
    assert.ok(answers.includes(true) && answers.includes(false), action)
  }
})

test('without a principal nobody sees a row, not even a public one, nor does the owner of the table', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  assert.deepEqual((await pool.query('SELECT id FROM documents')).rows, [])
  assert.equal((await pool.query('DELETE FROM documents')).rowCount, 0)
  await assert.rejects(pool.query(`INSERT INTO documents (id, owner_id) VALUES ('x', 'bob')`), {
    code: '42501',
  })
  const owner = await scene.connect(`${scene.prefix}_migrator`)
  assert.deepEqual((await owner.query('SELECT id FROM documents')).rows, [])
})

test('a token without an attribute that the schema requires and a policy asks for opens nothing', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const draft = { uid: uid('User', 'bob'), attributes: record({}), parents: [uid('Team', 'red')] }
  const seen = await withPrincipal(pool, tokenOf({ name: '', draft }), async (client) =>
    client.query('SELECT id FROM documents'),
  )
  assert.deepEqual(seen.rows, [])
})

test('a principal of a type that the schema gives no action sees nothing, though a policy names no type', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const draft = { uid: uid('Folder', 'bob'), attributes: record({}), parents: [] }
  const seen = await withPrincipal(pool, tokenOf({ name: '', draft }), async (client) =>
    client.query('SELECT id FROM documents'),
  )
  assert.deepEqual(seen.rows, [])
})

test('what policies look up is not there for the application itself', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  for (const table of ['users', 'teams', 'folders', 'shares', 'unmapped', 'ringwall.key'])
    await assert.rejects(pool.query(`SELECT 1 FROM ${table}`), { code: '42501' }, table)
})

test('sharing narrows the list by an index of the table, once per query', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const { rows } = await scene.admin.query(
    `SELECT pg_get_expr(polqual, polrelid) AS text FROM pg_policy WHERE polname = 'ringwall_select'`,
  )
  assert.match(rows[0].text, /\(id = ANY \(\( SELECT ringwall\.lookup_[0-9a-f]+\(\)/)
})
