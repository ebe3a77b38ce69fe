import assert from 'node:assert/strict'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import test from 'node:test'

import { sql as drizzleSql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  type SqlBool,
} from 'kysely'

import { EntityUid } from '../cedar/value.ts'
import { AuthorizedWhere } from './authorized-where.ts'
import { ObjectEntities } from '../cedar/objects.ts'
import { ALICE, filterOf, PEOPLE, READ, SCHEMA } from './testing.ts'

const filter = filterOf(`
  permit (principal, action, resource) when { resource.owner == principal || resource.shared.contains(principal) };
  forbid (principal, action, resource) when { resource.locked };
`)
const where = filter.accessibleBy({ principal: ALICE, action: READ, entities: PEOPLE }, 'Document', {
  alias: 'd',
})

const TEXT =
  '(("d"."owner_id" = $1::text OR "d"."id" = ANY (ARRAY(SELECT "rw1"."document_id" FROM "shares" AS "rw1" WHERE "rw1"."user_id" = $2::text))) AND ("d"."locked") IS NOT TRUE)'

test('Kysely takes it through its own tag', () => {
  const db = new Kysely<{ documents: { id: string; title: string } }>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  const query = db
    .selectFrom('documents as d')
    .select('d.id')
    .where(where.toTagged(sql<SqlBool>))
    .compile()
  assert.equal(query.sql, `select "d"."id" from "documents" as "d" where ${TEXT}`)
  assert.deepEqual(query.parameters, ['alice', 'alice'])
})

test('Drizzle takes it through its own tag', () => {
  const query = new PgDialect().sqlToQuery(
    drizzleSql`select * from documents d where ${where.toTagged(drizzleSql<boolean>)} limit ${5}`,
  )
  assert.equal(query.sql, `select * from documents d where ${TEXT} limit $3`)
  assert.deepEqual(query.params, ['alice', 'alice', 5])
})

/** As a repository would have it. */
function listDocuments(condition: AuthorizedWhere<'Document'>): string {
  return condition.toSql().text
}

test('a repository takes only what a filter made, for its own type', () => {
  assert.match(listDocuments(where), /owner_id/)
  const written = {
    type: 'Document',
    verdict: 'all',
    toSql: where.toSql,
    toTagged: where.toTagged,
    toPrisma: where.toPrisma,
  } as const
  // @ts-expect-error: an object that looks the same is not one
  assert.throws(() => listDocuments(written))
  // @ts-expect-error: a text is not one
  assert.throws(() => listDocuments('1 = 1'))
  const users = filterOf('permit (principal, action, resource);', { questions: ['principals'] }).whoCanAccess(
    { action: READ, resource: new EntityUid('Document', 'd1'), entities: PEOPLE },
    'User',
  )
  // @ts-expect-error: one for users is not one for documents
  listDocuments(users)
})

test('nobody else can make one', () => {
  // @ts-expect-error: the constructor is private
  assert.ok(() => new AuthorizedWhere('Document', undefined))
  assert.throws(
    () => AuthorizedWhere.of('Document', undefined as never, Symbol('authorized') as never),
    /only a filter/,
  )
})

test('what is asked for in Prisma must have been asked for when the filter was loaded', () => {
  assert.throws(() => where.toPrisma(), /prisma: \{ Document: \{\} \}/)
})

for (const { name, condition, want } of [
  { name: 'a column', condition: 'resource.owner == principal', want: { ownerId: { equals: 'alice' } } },
  {
    name: 'a set',
    condition: 'resource.shared.contains(principal)',
    want: { shares: { some: { userId: { equals: 'alice' } } } },
  },
  {
    name: 'a denied set',
    condition: '!resource.shared.contains(principal)',
    want: { shares: { none: { userId: { equals: 'alice' } } } },
  },
  { name: 'a denied column', condition: '!(resource.note == "x")', want: { note: { not: 'x' } } },
  { name: 'a pattern', condition: 'resource.title like "a*"', want: { title: { startsWith: 'a' } } },
  { name: 'presence', condition: 'resource has note', want: { note: { not: null } } },
]) {
  test(`Prisma: ${name}`, () => {
    const found = filterOf(`permit (principal, action, resource) when { ${condition} };`, { prisma: PRISMA })
      .accessibleBy({ principal: ALICE, action: READ, entities: PEOPLE }, 'Document')
      .toPrisma()
    assert.deepEqual(found, want)
  })
}

const PRISMA = {
  Document: {
    fields: { owner_id: 'ownerId' },
    relations: { shares: { field: 'shares', fields: { user_id: 'userId' } } },
  },
}

test('Prisma: a forbid is turned round by itself, with NULL where there may be one', () => {
  const text = `permit (principal, action, resource); forbid (principal, action, resource) when { resource.locked && resource.open };`
  const found = filterOf(text, { prisma: PRISMA })
    .accessibleBy({ principal: ALICE, action: READ, entities: PEOPLE }, 'Document')
    .toPrisma()
  assert.deepEqual(found, { OR: [{ OR: [{ locked: false }, { locked: null }] }, { open: false }] })
})

for (const { name, condition, want } of [
  {
    name: 'two columns',
    condition: 'resource.title == resource.note',
    want: /Prisma cannot compare two attributes of a row/,
  },
  {
    name: 'arithmetic',
    condition: 'resource.size + 1 > 2',
    want: /only attributes of the row can be compared/,
  },
  {
    name: 'another row',
    condition: 'resource.owner.level > 1',
    want: /`level` is no attribute of the row itself/,
  },
  {
    name: 'a pattern that Prisma would not escape',
    condition: 'resource.title like "100%*"',
    want: /does not escape/,
  },
  {
    name: 'a relation without a name',
    condition: 'resource.labels.contains("x")',
    want: /say which relation leads to `labels`/,
  },
  {
    name: 'a hierarchy of any depth',
    condition: 'resource in Folder::"1"',
    want: /cannot follow what is above Folder/,
  },
]) {
  test(`Prisma refuses when it is loaded: ${name}`, () => {
    assert.throws(
      () => filterOf(`permit (principal, action, resource) when { ${condition} };`, { prisma: PRISMA }),
      want,
    )
  })
}

test('plain SQL runs as it is', () => {
  const database = new DatabaseSync(':memory:')
  database.exec(`
    CREATE TABLE documents (id TEXT, owner_id TEXT, locked INTEGER);
    CREATE TABLE shares (document_id TEXT, user_id TEXT);
    INSERT INTO documents VALUES ('own', 'alice', NULL), ('locked', 'alice', 1), ('ALICE', 'ALICE', 0), ('shared', 'bob', 0);
    INSERT INTO shares VALUES ('shared', 'alice'), ('SHARED', 'bob');
  `)
  const sqlite = filterOf(
    `permit (principal, action, resource) when { resource.owner == principal || resource.shared.contains(principal) };
     forbid (principal, action, resource) when { resource.locked };`,
    { dialect: 'sqlite' },
  )
  const { text, parameters } = sqlite
    .accessibleBy({ principal: ALICE, action: READ, entities: PEOPLE }, 'Document')
    .toSql()
  const rows = database
    .prepare(`SELECT id FROM documents WHERE ${text}`)
    .all(...(parameters as SQLInputValue[]))
  assert.deepEqual(
    rows.map((row) => row['id']),
    ['own', 'shared'],
  )
})

test('SQLite: a principal of a thousand teams is one parameter', () => {
  const teams = Array.from({ length: 1000 }, (_, at) => new EntityUid('Team', `t"${at}`))
  const entities = new ObjectEntities(
    (uid) => (uid.type === 'User' ? { attributes: {}, parents: teams } : undefined),
    SCHEMA,
  )
  const sqlite = filterOf('permit (principal, action, resource) when { principal in resource.team };', {
    dialect: 'sqlite',
  })
  const { text, parameters } = sqlite
    .accessibleBy({ principal: ALICE, action: READ, entities }, 'Document')
    .toSql()
  assert.equal(parameters.length, 1)
  const database = new DatabaseSync(':memory:')
  database.exec(
    `CREATE TABLE documents (id TEXT, team_id TEXT); INSERT INTO documents VALUES ('a', 't"999'), ('b', 't"1000'), ('c', NULL)`,
  )
  const rows = database
    .prepare(`SELECT id FROM documents WHERE ${text}`)
    .all(...(parameters as SQLInputValue[]))
  assert.deepEqual(
    rows.map((row) => row['id']),
    ['a'],
  )
})
