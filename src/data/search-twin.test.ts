// Every search through the encrypted columns finds what the same search finds in a table in clear: on three databases,
// through plain SQL, Kysely and Drizzle, with rows that were written through each of them.
import assert from 'node:assert/strict'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import test, { type TestContext } from 'node:test'

import { and, inArray, like, or, type SQL } from 'drizzle-orm'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { int as mysqlInt, mysqlTable, text as mysqlText } from 'drizzle-orm/mysql-core'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { integer as pgInteger, pgTable, text as pgText } from 'drizzle-orm/pg-core'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { drizzle as drizzleSqlite } from 'drizzle-orm/sqlite-proxy'
import {
  type Dialect,
  Kysely,
  MysqlDialect,
  PostgresDialect,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { createPool as createCallbackPool } from 'mysql2'
import { Pool } from 'pg'

import { leasePostgres, notHere } from '../store/testing.ts'
import { type SearchPlan, searchCondition } from './blind-index.ts'
import { declareColumns, type Row } from './columns.ts'
import { kyselyColumns } from './kysely-columns.ts'
import { normalize } from './normalization.ts'
import {
  mysqlSession,
  postgresSession,
  type SqlParameter,
  type SqlSession,
  sqliteSession,
} from './sql-session.ts'
import { leaseMysql, openTestKeys, seeded } from './testing.ts'

const STEPS = ['nfkc', 'casefold', 'trim'] as const
const columns = declareColumns(
  {
    people: {
      key: 'id',
      columns: {
        email: { type: 'string', indexes: { email_eq: { kind: 'equality', normalize: STEPS, bits: 12 } } },
        name: {
          type: 'string',
          padBytes: 16,
          indexes: {
            name_p2: { kind: 'prefix', length: 2, normalize: STEPS, bits: 16 },
            name_n3: { kind: 'ngram', length: 3, normalize: STEPS, bits: 16 },
          },
        },
      },
    },
  },
  await openTestKeys(),
)

interface Person {
  readonly id: number
  readonly email: string
  readonly name: string
}

const PARTS = ['an', 'na', 'Ann', 'ber', 'Ü', 'ß', 'ko', 'é', 'Σ', 'ö', 'x', '👋', ' ', '%', '_', "'"]
const next = seeded(7)
const word = (most: number): string =>
  Array.from({ length: 1 + next(most) }, () => PARTS[next(PARTS.length)]).join('')
const people: readonly Person[] = Array.from({ length: 450 }, (_, id) => ({
  id: id + 1,
  email: `${word(2)}${next(80)}@Example.com`,
  name: word(5),
}))

interface Question {
  readonly index: 'email_eq' | 'name_p2' | 'name_n3'
  readonly wanted: string
}
const questions: readonly Question[] = Array.from({ length: 60 }, (_, i) => {
  const person = people[next(people.length)] as Person
  const characters = [...person.name]
  const from = next(Math.max(1, characters.length - 2))
  if (i % 3 === 0)
    return { index: 'email_eq', wanted: i % 2 ? person.email.toUpperCase() : ` ${person.email}` }
  if (i % 3 === 1) return { index: 'name_p2', wanted: characters.slice(0, 2 + next(3)).join('') }
  return { index: 'name_n3', wanted: characters.slice(from, from + 3 + next(3)).join('') }
})

/** One way to the encrypted table. */
interface Way {
  readonly name: string
  insert(rows: readonly Person[]): Promise<void>
  /** The rows that the database finds, decrypted. */
  find(plan: SearchPlan<never>): Promise<readonly Person[]>
}

function plainWay(session: SqlSession): Way {
  const people = columns.table('people')
  return {
    name: 'plain SQL',
    async insert(rows) {
      for (const row of rows.map((one) => people.encryptRow({ ...one }))) {
        const names = Object.keys(row)
        await session.run(
          `INSERT INTO people (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
          Object.values(row) as SqlParameter[],
        )
      }
    },
    async find(plan) {
      const { sql, parameters } = searchCondition(session.kind, plan)
      const { rows } = await session.run(`SELECT * FROM people WHERE ${sql}`, parameters)
      return rows.map((row) => people.decryptRow(row) as unknown as Person)
    },
  }
}

interface Tables {
  people: { id: number; email: string; name: string; email_eq: string; name_p2: string; name_n3: string }
}

function kyselyWay(kysely: Kysely<Tables>): Way {
  const db = kysely.withPlugin(kyselyColumns(columns))
  return {
    name: 'Kysely',
    async insert(rows) {
      await db
        .insertInto('people')
        .values(rows.map((row) => ({ ...row }) as Tables['people']))
        .execute()
    },
    find: (plan) =>
      db
        .selectFrom('people')
        .select(['id', 'email', 'people.name as name'])
        .where((eb) =>
          plan.kind === 'ngram'
            ? eb.and(
                plan.groups.map((tokens) =>
                  eb.or(tokens.map((token) => eb(plan.name as 'name_n3', 'like', `% ${token} %`))),
                ),
              )
            : eb(plan.name as 'email_eq', 'in', plan.groups.flat()),
        )
        .execute(),
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- three dialects of one builder, whose types have nothing in common.
function drizzleWay(db: any, table: any): Way {
  const people = columns.table('people')
  return {
    name: 'Drizzle',
    async insert(rows) {
      await db.insert(table).values(rows.map((row) => people.encryptRow({ ...row })))
    },
    async find(plan) {
      const column = table[plan.name]
      const condition =
        plan.kind === 'ngram'
          ? and(
              ...plan.groups.map(
                (tokens) => or(...tokens.map((token) => like(column, `% ${token} %`))) as SQL,
              ),
            )
          : inArray(column, plan.groups.flat())
      const rows = (await db.select().from(table).where(condition)) as Row[]
      return rows.map((row) => people.decryptRow(row) as unknown as Person)
    },
  }
}

const NAMES = ['email', 'name', 'email_eq', 'name_p2', 'name_n3']

async function compare(session: SqlSession, ways: readonly Way[]): Promise<void> {
  const clear = session.kind === 'mysql' ? 'TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : 'TEXT'
  await session.run(
    `CREATE TABLE people (id INTEGER PRIMARY KEY, ${NAMES.map((name) => `${name} TEXT`).join(', ')})`,
  )
  await session.run(`CREATE TABLE twin (id INTEGER PRIMARY KEY, email ${clear}, name ${clear})`)
  for (const [i, way] of ways.entries())
    await way.insert(people.filter((person) => person.id % ways.length === i))
  for (const { id, email, name } of people)
    await session.run('INSERT INTO twin VALUES (?, ?, ?)', [
      id,
      normalize(email, STEPS),
      normalize(name, STEPS),
    ])
  const { rows } = await session.run('SELECT * FROM people WHERE id = 1')
  assert.match(String(rows[0]?.['email']), /^rw1\./, 'what is stored is encrypted')
  let found = 0
  let alike = 0
  for (const { index, wanted } of questions) {
    const plan = columns.table('people').search(index, wanted)
    if (!plan.ok) continue
    const text = normalize(wanted, STEPS)
    const inClear = await session.run(
      twinQuery(session.kind, index),
      index === 'name_p2' ? [text, text] : [text],
    )
    const want = inClear.rows.map((row) => Number(row['id'])).sort((a, b) => a - b)
    for (const way of ways) {
      const hits: readonly Person[] = await way.find(plan)
      const matching: readonly Person[] = hits.filter((hit) =>
        plan.matches(hit[index === 'email_eq' ? 'email' : 'name'] as never),
      )
      const got = matching.map((hit) => hit.id).sort((a, b) => a - b)
      assert.deepEqual(got, want, `${session.kind}, ${way.name}: ${index} \`${wanted}\``)
      for (const hit of matching) assert.deepEqual(pick(hit), people[hit.id - 1])
      found += got.length
      alike += hits.length - got.length
    }
  }
  assert.ok(found > 300, `${found} rows found is too few to show anything`)
  assert.ok(alike > 0, 'short tokens should have found others too, or the filter was not tried')
}

function pick({ id, email, name }: Person): Person {
  return { id, email, name }
}

function twinQuery(kind: SqlSession['kind'], index: Question['index']): string {
  if (index === 'email_eq') return 'SELECT id FROM twin WHERE email = ?'
  if (index === 'name_p2')
    return 'SELECT id FROM twin WHERE substr(name, 1, length(?)) = ?'.replaceAll(
      'length',
      kind === 'mysql' ? 'char_length' : 'length',
    )
  return kind === 'postgres'
    ? 'SELECT id FROM twin WHERE strpos(name, ?) > 0'
    : 'SELECT id FROM twin WHERE instr(name, ?) > 0'
}

test('SQLite', async () => {
  const connection = new DatabaseSync(':memory:')
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createDriver: () => ({
      init: async () => undefined,
      acquireConnection: async () => ({
        async executeQuery({ sql, parameters }) {
          return { rows: connection.prepare(sql).all(...(parameters as SQLInputValue[])) as never[] }
        },
        // oxlint-disable-next-line require-yield -- streams are not asked for.
        async *streamQuery() {
          throw new Error('no streams')
        },
      }),
      beginTransaction: async () => undefined,
      commitTransaction: async () => undefined,
      rollbackTransaction: async () => undefined,
      releaseConnection: async () => undefined,
      destroy: async () => undefined,
    }),
  }
  const drizzle = drizzleSqlite(async (sql, parameters) => ({
    rows: (connection.prepare(sql).all(...(parameters as SQLInputValue[])) as Row[]).map((row) =>
      Object.values(row),
    ),
  }))
  const table = sqliteTable('people', {
    id: integer().primaryKey(),
    email: text(),
    name: text(),
    email_eq: text(),
    name_p2: text(),
    name_n3: text(),
  })
  const session = sqliteSession(connection)
  await compare(session, [
    plainWay(session),
    kyselyWay(new Kysely<Tables>({ dialect })),
    drizzleWay(drizzle, table),
  ])
})

test('PostgreSQL', async (t: TestContext) => {
  const lease = await leasePostgres()
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  const pool = new Pool({ connectionString: lease.url.reveal() }).on('error', () => undefined)
  try {
    const table = pgTable('people', {
      id: pgInteger().primaryKey(),
      email: pgText(),
      name: pgText(),
      email_eq: pgText(),
      name_p2: pgText(),
      name_n3: pgText(),
    })
    const session = postgresSession(pool)
    const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
    await compare(session, [plainWay(session), kyselyWay(kysely), drizzleWay(drizzlePostgres(pool), table)])
  } finally {
    await pool.end()
    await lease.release()
  }
})

test('MariaDB', async (t: TestContext) => {
  const lease = await leaseMysql()
  if (!lease) return notHere(t, 'MariaDB', 'apt-get install mariadb-server')
  const callbackPool = createCallbackPool({ uri: lease.url, connectionLimit: 4 })
  try {
    const table = mysqlTable('people', {
      id: mysqlInt().primaryKey(),
      email: mysqlText(),
      name: mysqlText(),
      email_eq: mysqlText(),
      name_p2: mysqlText(),
      name_n3: mysqlText(),
    })
    const session = mysqlSession(lease.pool)
    const kysely = new Kysely<Tables>({ dialect: new MysqlDialect({ pool: callbackPool }) })
    await compare(session, [
      plainWay(session),
      kyselyWay(kysely),
      drizzleWay(drizzleMysql(lease.pool), table),
    ])
  } finally {
    await new Promise<void>((resolve) => callbackPool.end(() => resolve()))
    await lease.release()
  }
})
