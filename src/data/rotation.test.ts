import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import test, { type TestContext } from 'node:test'

import { Pool } from 'pg'

import { leasePostgres, notHere } from '../store/testing.ts'
import { searchCondition } from './blind-index.ts'
import { type Declaration, declareColumns, type EncryptedColumns } from './columns.ts'
import { type DataKeys, FIELDS_SCOPE, SEARCH_SCOPE } from './data-keys.ts'
import { countRemaining, rotateColumn, type RotationOptions } from './rotation.ts'
import {
  mysqlSession,
  postgresSession,
  type SqlParameter,
  type SqlSession,
  sqliteSession,
} from './sql-session.ts'
import { leaseMysql, openTestKeys } from './testing.ts'

const DECLARATION: Declaration = {
  people: {
    key: 'id',
    columns: {
      email: {
        type: 'string',
        indexes: { email_eq: { kind: 'equality' }, email_n3: { kind: 'ngram' } },
      },
      salary: { type: 'number', form: 'bytes' },
    },
  },
  notes: {
    key: ['owner', 'seq'],
    columns: { text: { type: 'string' } },
    shredBy: { column: 'owner', prefix: 'subject' },
  },
}
const ROWS = 400

interface Scene {
  readonly session: SqlSession
  readonly keys: DataKeys
  readonly columns: EncryptedColumns
  readonly insert: (table: string, ...rows: readonly Readonly<Record<string, unknown>>[]) => Promise<void>
  readonly emailOf: (id: number) => Promise<unknown>
  readonly rotate: (column: string, more?: Partial<RotationOptions>) => ReturnType<typeof rotateColumn>
}

async function sceneOn(session: SqlSession): Promise<Scene> {
  const keys = await openTestKeys()
  const columns = declareColumns(DECLARATION, keys)
  const id = session.kind === 'postgres' ? 'BIGINT' : 'INTEGER'
  const bytes = { sqlite: 'BLOB', postgres: 'BYTEA', mysql: 'VARBINARY(200)' }[session.kind]
  await session.run(
    `CREATE TABLE people (id ${id} PRIMARY KEY, email TEXT, email_eq VARCHAR(200), email_n3 TEXT, salary ${bytes})`,
  )
  await session.run(`CREATE TABLE notes (owner ${id}, seq VARCHAR(10), text TEXT, PRIMARY KEY (owner, seq))`)
  const insert: Scene['insert'] = async (table, ...rows) => {
    const stored = await columns.encryptRows(table, rows)
    await session.runTogether(
      stored.map((row) => ({
        sql: `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row)
          .map(() => '?')
          .join(', ')})`,
        parameters: Object.values(row) as SqlParameter[],
      })),
    )
  }
  return {
    session,
    keys,
    columns,
    insert,
    emailOf: async (id) =>
      (await session.run('SELECT email FROM people WHERE id = ?', [id])).rows[0]?.['email'],
    rotate: (column, more = {}) =>
      rotateColumn({ session, columns, keys, table: 'people', column, batchRows: 50, ...more }),
  }
}

function personOf(id: number): Readonly<Record<string, unknown>> {
  return { id, email: id % 10 === 0 ? null : `user${id}@example.com`, salary: id / 8 }
}

async function readAll({ session, columns }: Scene): Promise<void> {
  const { rows } = await session.run('SELECT * FROM people ORDER BY id')
  assert.equal(rows.length, ROWS)
  for (const row of rows) {
    const clear = columns.table('people').decryptRow(row)
    assert.equal(clear['email'], Number(row['id']) % 10 === 0 ? null : `user${Number(row['id'])}@example.com`)
    assert.equal(clear['salary'], Number(row['id']) / 8)
  }
}

async function searches({ session, columns }: Scene, id: number): Promise<void> {
  for (const [index, wanted] of [
    ['email_eq', `user${id}@example.com`],
    ['email_n3', `user${id}@`],
  ] as const) {
    const plan = columns.table('people').search(index, wanted)
    assert.ok(plan.ok)
    const { sql, parameters } = searchCondition(session.kind, plan)
    const { rows } = await session.run(`SELECT * FROM people WHERE ${sql}`, parameters)
    const found = rows
      .map((row) => columns.table('people').decryptRow(row))
      .filter((row) => plan.matches(row['email'] as never))
    assert.deepEqual(
      found.map((row) => Number(row['id'])),
      [id],
    )
  }
}

async function rotateUnderWriters(session: SqlSession): Promise<void> {
  const scene = await sceneOn(session)
  const { keys, columns, insert, rotate } = scene
  await insert('people', ...Array.from({ length: ROWS }, (_, i) => personOf(i + 1)))
  const old = keys.current(FIELDS_SCOPE).id
  assert.deepEqual(await rotate('email'), {
    table: 'people',
    column: 'email',
    rewritten: 0,
    overtaken: 0,
    refused: [],
    remaining: 0,
    passes: 1,
  })
  // A writer that does not know of the new key yet goes on with the old one until it looks again.
  const writerKeys = { ...scene }
  const behind = declareColumns(DECLARATION, await staleCopy(keys))
  await keys.add(FIELDS_SCOPE)
  await keys.add(SEARCH_SCOPE)
  assert.deepEqual(await countRemaining(session, columns, keys, 'people', 'email'), {
    total: 360,
    remaining: 360,
  })
  await searches(scene, 33)
  let batches = 0
  const stopping = new AbortController()
  const writes: Promise<unknown>[] = []
  const onProgress = (): void => {
    batches++
    if (batches === 3) stopping.abort()
    // Rows before, in and behind the batch under way, by a writer with the old keys.
    for (const id of [1, 151, 153, 399]) {
      const stored = behind.table('people').encryptRow({ email: `user${id}@example.com` }, { id })
      writes.push(
        session.run('UPDATE people SET email = ?, email_eq = ?, email_n3 = ? WHERE id = ?', [
          ...(Object.values(stored) as SqlParameter[]),
          id,
        ]),
      )
    }
  }
  const halfway = await rotate('email', { signal: stopping.signal, onProgress })
  assert.ok(halfway.remaining > 0 && halfway.remaining < 360, 'stopped in the middle')
  await searches(writerKeys, 33)
  await searches(writerKeys, 311)
  await readAll(scene)
  const rest = await rotate('email', { onProgress: () => void (batches < 7 && onProgress()) })
  await Promise.all(writes)
  const last = await rotate('email')
  assert.equal(last.remaining, 0)
  assert.ok(rest.rewritten < 360, 'what was done stayed done')
  assert.equal((await rotate('salary')).rewritten, ROWS)
  await readAll(scene)
  for (const id of [1, 33, 153, 399]) await searches(scene, id)
  assert.ok(!String(await scene.emailOf(1)).includes(old))
  await keys.forget(old)
  for (const key of keys.all(SEARCH_SCOPE).slice(1)) await keys.forget(key.id)
  await readAll(scene)
  for (const id of [1, 33, 153, 399]) await searches(scene, id)
}

/** The same keys as another process has them: it learns of new ones only when it refreshes. */
async function staleCopy(keys: DataKeys): Promise<DataKeys> {
  const scopes = [FIELDS_SCOPE, SEARCH_SCOPE].map((scope) => [scope, keys.all(scope)] as const)
  const copy = await openTestKeys()
  return Object.assign(Object.create(copy) as DataKeys, {
    current: (scope: string) => scopes.find(([name]) => name === scope)?.[1][0],
    all: (scope: string) => scopes.find(([name]) => name === scope)?.[1] ?? [],
    find: (id: string) => scopes.flatMap(([, own]) => own).find((key) => key.id === id) ?? 'unknown-key',
  })
}

test('SQLite: a column is rotated under writers, is stopped in the middle, goes on, and nothing is left or lost', () =>
  rotateUnderWriters(sqliteSession(new DatabaseSync(':memory:'))))

test('PostgreSQL: the same', async (t: TestContext) => {
  const lease = await leasePostgres()
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  const pool = new Pool({ connectionString: lease.url.reveal() }).on('error', () => undefined)
  try {
    await rotateUnderWriters(postgresSession(pool))
  } finally {
    await pool.end()
    await lease.release()
  }
})

test('MariaDB: the same', async (t: TestContext) => {
  const lease = await leaseMysql()
  if (!lease) return notHere(t, 'MariaDB', 'apt-get install mariadb-server')
  try {
    await rotateUnderWriters(mysqlSession(lease.pool))
  } finally {
    await lease.release()
  }
})

test('a row that is written between reading and swapping keeps what was written', async () => {
  const scene = await sceneOn(sqliteSession(new DatabaseSync(':memory:')))
  const { session, keys, columns, insert } = scene
  for (let id = 1; id <= 20; id++) await insert('people', { id, email: `user${id}@example.com`, salary: 1 })
  await keys.add(FIELDS_SCOPE)
  let hasWritten = false
  const racing: SqlSession = {
    ...session,
    async runTogether(statements) {
      if (!hasWritten) {
        hasWritten = true
        const stored = columns.table('people').encryptRow({ email: 'new@example.com' }, { id: 5 })
        await session.run('UPDATE people SET email = ? WHERE id = 5', [stored['email'] as string])
        await session.run('DELETE FROM people WHERE id = 6')
      }
      return session.runTogether(statements)
    },
  }
  const report = await scene.rotate('email', { session: racing })
  assert.equal(report.overtaken, 2)
  assert.equal(report.remaining, 0)
  const { rows } = await session.run('SELECT * FROM people WHERE id = 5')
  assert.equal(columns.table('people').decryptRow(rows[0] ?? {})['email'], 'new@example.com')
})

test('a value that is refused stays as it is, is named, and counts as left over', async () => {
  const scene = await sceneOn(sqliteSession(new DatabaseSync(':memory:')))
  for (let id = 1; id <= 5; id++)
    await scene.insert('people', { id, email: `user${id}@example.com`, salary: 1 })
  await scene.session.run("UPDATE people SET email = 'plain' WHERE id = 2")
  await scene.session.run('UPDATE people SET email = (SELECT email FROM people WHERE id = 1) WHERE id = 4')
  await scene.keys.add(FIELDS_SCOPE)
  const report = await scene.rotate('email')
  assert.deepEqual(report.refused, [
    { key: [2], reason: 'not-encrypted' },
    { key: [4], reason: 'wrong-key-or-place' },
  ])
  assert.equal(report.remaining, 2)
  assert.equal(report.rewritten, 3)
})

test('where each subject has a key of its own, values are rotated under theirs, and destroyed ones are passed over', async () => {
  const scene = await sceneOn(sqliteSession(new DatabaseSync(':memory:')))
  const { keys, insert, session, columns } = scene
  for (let i = 0; i < 60; i++) await insert('notes', { owner: i % 6, seq: `n${i}`, text: `note ${i}` })
  for (const owner of [1, 2]) await keys.add(`subject:${owner}`)
  await keys.destroy('subject:3')
  const report = await rotateColumn({ session, columns, keys, table: 'notes', column: 'text', batchRows: 7 })
  assert.equal(report.rewritten, 20)
  assert.equal(report.remaining, 0)
  const { rows } = await session.run('SELECT * FROM notes WHERE owner = 1')
  for (const row of rows) {
    assert.equal(columns.table('notes').decryptRow(row)['text'], `note ${String(row['seq']).slice(1)}`)
    assert.ok(String(row['text']).includes(keys.current('subject:1').id))
  }
})

test('a throttle waits, and a locked database is tried again', async () => {
  const scene = await sceneOn(sqliteSession(new DatabaseSync(':memory:')))
  for (let id = 1; id <= 100; id++)
    await scene.insert('people', { id, email: `user${id}@example.com`, salary: 1 })
  await scene.keys.add(FIELDS_SCOPE)
  let nowMs = 0
  let locked = 3
  const waits: number[] = []
  const { session } = scene
  const report = await scene.rotate('email', {
    maxRowsPerSecond: 100,
    clock: { now: () => nowMs, elapsed: () => nowMs },
    wait: async (ms) => {
      waits.push(ms)
      nowMs += ms
    },
    session: {
      ...session,
      runTogether: (statements) =>
        locked-- > 0
          ? Promise.reject(Object.assign(new Error('locked'), { errcode: 5 }))
          : session.runTogether(statements),
    },
  })
  assert.equal(report.rewritten, 100)
  assert.ok(nowMs >= 1000, `100 rows at 100 a second took ${nowMs} ms`)
  assert.deepEqual(waits.slice(0, 3), [20, 40, 80])
})
