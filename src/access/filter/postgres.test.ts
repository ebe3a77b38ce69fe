import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { Client, type QueryResult } from 'pg'

import { EntityUid } from '../cedar/value.ts'
import { type Lease, leasePostgres, notHere } from '../../store/testing.ts'
import { ALICE, filterOf, PEOPLE, READ } from './testing.ts'

let lease: Lease | undefined
let client: Client | undefined

before(async () => {
  lease = await leasePostgres()
  if (lease === undefined) return
  client = new Client({ connectionString: lease.url.reveal() })
  await client.connect()
  await client.query(`
    CREATE TABLE documents (id text PRIMARY KEY, owner_id text NOT NULL, team_id text, open boolean NOT NULL, locked boolean, folder_id bigint);
    CREATE TABLE shares (document_id text NOT NULL, user_id text NOT NULL, PRIMARY KEY (user_id, document_id));
    CREATE TABLE folders (id bigint PRIMARY KEY, parent_id bigint);
    INSERT INTO documents SELECT 'd' || i, 'u' || i % 997, 't' || i % 499, i % 2 = 0, NULL, i % 1000 FROM generate_series(1, 20000) i;
    INSERT INTO documents VALUES ('own', 'alice', NULL, false, NULL, NULL), ('locked', 'alice', NULL, false, true, NULL);
    INSERT INTO shares SELECT 'd' || i, CASE WHEN i % 1000 = 7 THEN 'alice' ELSE 'u' || i % 997 END FROM generate_series(1, 20000) i;
    INSERT INTO folders SELECT i, CASE WHEN i = 0 THEN NULL ELSE i / 10 END FROM generate_series(0, 999) i;
    CREATE INDEX ON documents (owner_id);
    CREATE INDEX ON documents (team_id);
    CREATE INDEX ON documents (folder_id);
    CREATE INDEX ON folders (parent_id);
    ANALYZE;
  `)
})
after(async () => {
  await client?.end()
  await lease?.release()
})

const INSTALL = 'apt-get install postgresql'

test('owner, shares and teams are found by one index each, also below OR', async (context) => {
  if (client === undefined) return notHere(context, 'PostgreSQL', INSTALL)
  const filter = filterOf(`
    permit (principal, action, resource) when {
      resource.owner == principal || resource.shared.contains(principal) || (resource has team && resource.open && principal in resource.team)
    };
    forbid (principal, action, resource) when { resource.locked };
  `)
  const { text, parameters } = filter
    .accessibleBy({ principal: ALICE, action: READ, entities: PEOPLE }, 'Document')
    .toSql()
  const query = `SELECT id FROM documents WHERE ${text}`
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`, [...parameters])
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  assert.match(plan, /BitmapOr/)
  assert.doesNotMatch(plan, /Seq Scan on documents/)
  const found = await client.query<{ id: string }>(query, [...parameters])
  const ids = found.rows.map(({ id }) => id)
  assert.ok(ids.includes('own') && ids.includes('d7') && !ids.includes('locked'))
  // 1 of her own, 20 shared with her, and of the team t1 every second one of 41 that is open.
  assert.equal(ids.length, 1 + 20 + 20)
})

test('what is below a folder is found level by level', async (context) => {
  if (client === undefined) return notHere(context, 'PostgreSQL', INSTALL)
  const filter = filterOf('permit (principal, action, resource in Folder::"12");')
  const { text, parameters } = filter
    .accessibleBy({ principal: ALICE, action: READ, entities: PEOPLE }, 'Document')
    .toSql()
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM documents WHERE ${text}`, [
    ...parameters,
  ])
  // Folder 12 and 120 to 129, with 20 documents each.
  assert.equal(Number(rows[0]?.count), 220)
})

test('an id that could be SQL stays an id, as a parameter and as a literal', async (context) => {
  if (client === undefined) return notHere(context, 'PostgreSQL', INSTALL)
  const hostile = new EntityUid('User', `x' OR '1'='1\\`)
  await client.query('INSERT INTO documents VALUES ($1, $2, NULL, false, NULL, NULL)', [
    'hostile',
    hostile.id,
  ])
  const filter = filterOf('permit (principal, action, resource) when { resource.owner == principal };')
  const where = filter.accessibleBy({ principal: hostile, action: READ, entities: PEOPLE }, 'Document')
  for (const { text, parameters } of [where.toSql(), where.toSql({ literals: 'inline' })]) {
    const found: QueryResult<{ id: string }> = await client.query(`SELECT id FROM documents WHERE ${text}`, [
      ...parameters,
    ])
    assert.deepEqual(found.rows, [{ id: 'hostile' }])
  }
})
