import assert from 'node:assert/strict'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import test from 'node:test'

import { customType, integer, sqliteTable } from 'drizzle-orm/sqlite-core'
import { drizzle } from 'drizzle-orm/sqlite-proxy'
import { Kysely, sql } from 'kysely'

import { openSqlite } from '../store/index.ts'
import { type Declaration, declareColumns } from './columns.ts'
import { FieldCipher } from './field-cipher.ts'
import { kyselyColumns } from './kysely-columns.ts'
import { drizzleColumn, prismaExtension, typeOrmTransformer } from './orm-columns.ts'
import { openTestKeys } from './testing.ts'

const DECLARATION: Declaration = {
  users: {
    key: 'id',
    columns: {
      email: { type: 'string', indexes: { email_eq: { kind: 'equality', normalize: ['casefold'] } } },
      born: { type: 'date' },
      salary: { type: 'number', form: 'bytes' },
    },
  },
  notes: {
    key: ['owner', 'seq'],
    columns: { text: { type: 'string' } },
    shredBy: { column: 'owner', prefix: 'subject' },
  },
}
const keys = await openTestKeys()
const columns = declareColumns(DECLARATION, keys)
const users = columns.table('users')
const user = { id: 7, email: 'Ann@Example.com', born: new Date(0), salary: 12.5, city: 'Bonn' }

test('a row is stored encrypted, with its search columns, and comes back without them', () => {
  const stored = users.encryptRow(user)
  assert.equal(stored['city'], 'Bonn')
  assert.match(String(stored['email']), /^rw1\./)
  assert.ok(stored['salary'] instanceof Uint8Array)
  assert.match(String(stored['email_eq']), /^[0-9a-f]{40}$/)
  assert.deepEqual(users.decryptRow(stored), user)
})

test('NULL stays NULL, also in search columns, and what is not given is not touched', () => {
  assert.deepEqual(users.encryptRow({ id: 1, email: null }), { id: 1, email: null, email_eq: null })
  assert.deepEqual(users.encryptRow({ id: 1, city: 'x' }), { id: 1, city: 'x' })
  assert.deepEqual(users.decryptRow({ id: 1, email: null }), { id: 1, email: null })
})

test('changes of a row are encrypted for it', () => {
  const stored = users.encryptRow({ email: 'b@c.d' }, { id: 7 })
  assert.deepEqual(Object.keys(stored), ['email', 'email_eq'])
  assert.equal(users.decryptRow({ id: 7, ...stored })['email'], 'b@c.d')
})

test('a value that was copied from another row or column is refused, and the error does not repeat it', () => {
  const stored = users.encryptRow(user)
  assert.deepEqual(users.openRow({ ...stored, id: 8 }), {
    ok: false,
    column: 'email',
    reason: 'wrong-key-or-place',
    keyId: keys.current('fields').id,
  })
  assert.throws(
    () => users.decryptRow({ id: 7, email: 'plain@text.org' }),
    (error: Error) => {
      assert.match(
        error.message,
        /a value of users\.email is refused: it is plain text in an encrypted column/,
      )
      assert.ok(!error.message.includes('plain@'))
      return true
    },
  )
})

test('a row without its key can be neither written nor read', () => {
  assert.throws(() => users.encryptRow({ email: 'x' }), {
    code: 'data.row-unknown',
    message: /`id` must be there/,
  })
  const { id: _, ...without } = users.encryptRow(user)
  assert.throws(() => users.decryptRow(without), { code: 'data.row-unknown' })
})

test('each subject has a key of its own, which is loaded, and can be destroyed with all that it wrote', async () => {
  const notes = columns.table('notes')
  const [a, b] = await columns.encryptRows('notes', [
    { owner: 1, seq: 1, text: 'mine' },
    { owner: 2, seq: 1, text: 'yours' },
  ])
  assert.ok(a && b)
  await keys.destroy('subject:1')
  assert.deepEqual(notes.openRow(a).ok, false)
  assert.throws(() => notes.decryptRow(a), /its key was destroyed, and the value with it/)
  assert.equal(notes.decryptRow(b)['text'], 'yours')
  await assert.rejects(columns.encryptRows('notes', [{ owner: 1, seq: 2, text: 'again' }]), {
    code: 'data.key-not-loaded',
  })
  assert.throws(() => notes.encryptRow({ seq: 1, text: 'x' }), { code: 'data.row-unknown' })
})

for (const { name, work, code } of [
  { name: 'an unknown table', work: () => columns.table('user'), code: 'data.no-table' },
  { name: 'an unknown index', work: () => users.search('email', 'x'), code: 'data.no-index' },
  { name: 'an unknown column', work: () => users.cipherOf('city'), code: 'data.no-column' },
  {
    name: 'an index with the name of a column',
    work: () =>
      declareColumns(
        { t: { key: 'id', columns: { a: { type: 'string', indexes: { id: { kind: 'equality' } } } } } },
        keys,
      ),
    code: 'data.declaration',
  },
]) {
  test(`misuse is told: ${name}`, () => assert.throws(work, { code }))
}

interface Tables {
  users: {
    id: number
    email: string | null
    born: Date | null
    salary: number | null
    city: string
    email_eq: string | null
  }
  orders: { id: number; user_id: number }
}

const database = await openSqlite(':memory:')
test.after(() => database.close())
await database.script(
  'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, born TEXT, salary BLOB, city TEXT, email_eq TEXT); CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER)',
)
const raw = database.kysely as unknown as Kysely<Tables>
const db = raw.withPlugin(kyselyColumns(columns))

test('Kysely: what is inserted, updated, returned and joined is encrypted on disk and clear here', async () => {
  const inserted = await db
    .insertInto('users')
    .values([
      { ...user, email_eq: null },
      { id: 8, email: null, born: null, salary: 3, city: 'Ulm', email_eq: null },
    ])
    .returning(['id', 'salary as pay'])
    .execute()
  assert.deepEqual(inserted, [
    { id: 7, pay: 12.5 },
    { id: 8, pay: 3 },
  ])
  const stored = await raw.selectFrom('users').selectAll().where('id', '=', 7).executeTakeFirstOrThrow()
  assert.match(String(stored.email), /^rw1\./)
  const changed = await db
    .updateTable('users')
    .set({ email: 'New@Example.com', city: 'Köln' })
    .where((eb) => eb.and([eb('id', '=', 8), eb('city', '=', 'Ulm')]))
    .returningAll()
    .executeTakeFirstOrThrow()
  assert.equal(changed.email, 'New@Example.com')
  await db.insertInto('orders').values({ id: 1, user_id: 7 }).execute()
  const joined = await db
    .selectFrom('orders as o')
    .innerJoin('users as u', 'u.id', 'o.user_id')
    .select(['o.id as order', 'u.id', 'u.email as mail'])
    .execute()
  assert.deepEqual(joined, [{ order: 1, id: 7, mail: 'Ann@Example.com' }])
  const plan = users.search('email_eq', 'new@example.com')
  assert.ok(plan.ok)
  const hits = await db.selectFrom('users').selectAll().where('email_eq', 'in', plan.groups.flat()).execute()
  assert.deepEqual(
    hits.map((hit) => hit.id),
    [8],
  )
  const empty = await db.selectFrom('users').select(['id']).where('born', 'is', null).execute()
  assert.deepEqual(empty, [{ id: 8 }])
})

for (const { name, query, want } of [
  {
    name: 'a comparison',
    query: () => db.selectFrom('users').selectAll().where('email', '=', 'x'),
    want: /search its index/,
  },
  {
    name: 'a comparison under an alias',
    query: () => db.selectFrom('users as u').select('u.id').where('u.email', 'like', 'x'),
    want: /search its index/,
  },
  {
    name: 'a comparison in a subquery',
    query: () =>
      db
        .selectFrom('orders')
        .select('id')
        .where('user_id', 'in', (eb) => eb.selectFrom('users').select('id').where('email', '=', 'x')),
    want: /search its index/,
  },
  {
    name: 'an order',
    query: () => db.selectFrom('users').select('id').orderBy('email'),
    want: /search its index/,
  },
  {
    name: 'an update of many rows',
    query: () => db.updateTable('users').set({ email: 'x' }).where('city', '=', 'Bonn'),
    want: /`id` must be there/,
  },
  {
    name: 'an update with an expression',
    query: () =>
      db
        .updateTable('users')
        .set({ email: sql`lower('X')` })
        .where('id', '=', 7),
    want: /needs a value/,
  },
  {
    name: 'an update of the key',
    query: () => db.updateTable('users').set({ id: 9, email: 'x' }).where('id', '=', 7),
    want: /is the key/,
  },
  {
    name: 'an update on a conflict',
    query: () =>
      db
        .insertInto('users')
        .values({ ...user, email_eq: null })
        .onConflict((oc) => oc.column('id').doUpdateSet({ email: 'x' })),
    want: /users\.email/,
  },
  {
    name: 'an insert from a query',
    query: () =>
      db
        .insertInto('users')
        .columns(['id', 'email'])
        .expression((eb) => eb.selectFrom('users').select(['id', 'city as email'])),
    want: /from a query/,
  },
  {
    name: 'an insert without the key',
    query: () => db.insertInto('users').values({ email: 'x', city: 'x' } as never),
    want: /`id` must be there/,
  },
]) {
  test(`Kysely refuses ${name}`, async () => assert.rejects(async () => query().execute(), want))
}

test('Kysely refuses a result without the key of its rows', async () => {
  await assert.rejects(db.selectFrom('users').select('email').where('id', '=', 7).execute(), {
    code: 'data.row-unknown',
  })
})

const bound = new FieldCipher({ keys, table: 'users', column: 'phone', type: 'string', binding: 'column' })

test('Drizzle: a custom type encrypts what is written and decrypts what is read', async () => {
  const connection = new DatabaseSync(':memory:')
  const orm = drizzle(async (text, parameters) => ({
    rows: (connection.prepare(text).all(...(parameters as SQLInputValue[])) as object[]).map((row) =>
      Object.values(row),
    ),
  }))
  const phone = customType<{ data: string; driverData: string | Uint8Array }>(drizzleColumn(bound, 'sqlite'))
  const table = sqliteTable('users', { id: integer().primaryKey(), phone: phone() })
  connection.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, phone TEXT)')
  await orm.insert(table).values({ id: 1, phone: '+49 30 1' })
  assert.match(String(connection.prepare('SELECT phone FROM users').get()?.['phone']), /^rw1\./)
  assert.deepEqual(await orm.select().from(table), [{ id: 1, phone: '+49 30 1' }])
  connection.exec("UPDATE users SET phone = 'plain'")
  await assert.rejects(async () => orm.select().from(table), /plain text in an encrypted column/)
})

test('TypeORM: the transformer encrypts, decrypts and refuses plain text', () => {
  const { to, from } = typeOrmTransformer(bound)
  assert.equal(from(to('+49')), '+49')
  assert.equal(from(to(null)), null)
  assert.equal(to(undefined), undefined)
  assert.throws(() => from('+49'), { code: 'data.unreadable' })
})

test('mappers that do not see the row need a cipher that is bound to its column', () => {
  const rowBound = users.cipherOf('email')
  assert.throws(() => drizzleColumn(rowBound, 'sqlite'), { code: 'data.row-unknown' })
  assert.throws(() => typeOrmTransformer(rowBound), { code: 'data.row-unknown' })
})

test('Prisma: the extension encrypts data, decrypts results, and refuses what cannot be done right', async () => {
  const { query } = prismaExtension(columns, { User: 'users' })
  const run = (operation: string, args: unknown, result: unknown = null, model = 'User'): Promise<unknown> =>
    query.$allModels.$allOperations({
      model,
      operation,
      args,
      query: async (given) => {
        sent.push(given as never)
        return result
      },
    })
  const sent: { readonly data?: Record<string, unknown>; readonly update?: Record<string, unknown> }[] = []
  await run('create', { data: user })
  const created = sent.at(-1)?.data as Record<string, unknown>
  assert.match(String(created['email']), /^rw1\./)
  assert.match(String(created['email_eq']), /^[0-9a-f]{40}$/)
  assert.deepEqual(await run('findMany', { where: { city: 'Bonn' } }, [created]), [user])
  assert.deepEqual(await run('findUnique', { where: { id: 7 } }, created), user)
  assert.equal(await run('findUnique', { where: { id: 9 } }, null), null)
  assert.equal(await run('count', {}, 3), 3)
  await run('update', { where: { id: 7 }, data: { email: 'x@y.z', city: 'Ulm' } })
  const updated = sent.at(-1)?.data as Record<string, unknown>
  assert.deepEqual(Object.keys(updated).sort(), ['city', 'email', 'email_eq'])
  assert.equal(users.decryptRow({ id: 7, ...updated })['email'], 'x@y.z')
  await run('upsert', { where: { id: 7 }, create: user, update: { email: 'u@v.w' } })
  assert.equal(users.decryptRow({ id: 7, ...sent.at(-1)?.update })['email'], 'u@v.w')
  await run('create', { data: { email: 'x' } }, null, 'Other')
  assert.deepEqual(sent.at(-1), { data: { email: 'x' } })
  await assert.rejects(run('findMany', { where: { OR: [{ email: 'x' }] } }), { code: 'data.not-searchable' })
  await assert.rejects(run('updateMany', { data: { email: 'x' } }), { code: 'data.row-unknown' })
})
