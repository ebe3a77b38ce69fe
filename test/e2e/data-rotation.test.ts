// A rotation of many rows that is killed again and again while others read, search and write: no read fails, no search misses, no
// write is lost, and in the end the database counts no value under an old key.
// `RINGWALL_ROTATION_ROWS=1000000 npm run e2e -- test/e2e/data-rotation.test.ts` is the large one.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { type TestContext } from 'node:test'

import { Pool } from 'pg'

import { systemClock, systemRandom } from '../../src/core/clock.ts'
import {
  createDataKeyTable,
  type DataKeys,
  declareColumns,
  type EncryptedTable,
  FIELDS_SCOPE,
  keyringWrapper,
  openDataKeys,
  openKeyring,
  postgresSession,
  readMapping,
  searchCondition,
  sqlDataKeyStore,
  type SqlParameter,
  type SqlSession,
  sqliteSession,
} from '../../src/data/index.ts'
import { leasePostgres, notHere } from '../../src/store/testing.ts'

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'ringwall.js')
const ROWS = Number(process.env['RINGWALL_ROTATION_ROWS'] ?? 20_000)
const GRACE_MS = 1500
const MAPPING = {
  tables: {
    people: {
      key: 'id',
      columns: { email: { type: 'string', indexes: { email_eq: { kind: 'equality', bits: 64 } } } },
    },
  },
}

const emailOf = (id: number, version: number): string => `user${id}.${version}@example.com`

interface Scene {
  readonly directory: string
  readonly session: SqlSession
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
}

async function fill({ session }: Scene, table: EncryptedTable): Promise<void> {
  const bigint = session.kind === 'postgres' ? 'BIGINT' : 'INTEGER'
  await session.run(
    `CREATE TABLE people (id ${bigint} PRIMARY KEY, email TEXT, email_eq TEXT, version INTEGER)`,
  )
  await session.run('CREATE INDEX people_email_eq ON people (email_eq)')
  for (let from = 1; from <= ROWS; from += 1000) {
    const rows = Array.from({ length: Math.min(1000, ROWS - from + 1) }, (_, i) =>
      table.encryptRow({ id: from + i, email: emailOf(from + i, 0), version: 0 }),
    )
    await session.runTogether(
      Array.from({ length: Math.ceil(rows.length / 100) }, (_, part) =>
        rows.slice(part * 100, part * 100 + 100),
      ).map((some) => ({
        sql: `INSERT INTO people (id, email, version, email_eq) VALUES ${some.map(() => '(?, ?, ?, ?)').join(', ')}`,
        parameters: some.flatMap((row) =>
          ['id', 'email', 'version', 'email_eq'].map((name) => row[name] as SqlParameter),
        ),
      })),
    )
    if (from % 100_000 === 1) console.error(`${session.kind}: ${from - 1} of ${ROWS} rows made`)
  }
}

/** What an application does meanwhile; counts what it did and what went wrong. */
async function live(
  scene: Scene,
  keys: DataKeys,
  table: EncryptedTable,
  isOver: () => boolean,
): Promise<Counts> {
  const { session } = scene
  const counts: Counts = { reads: 0, searches: 0, writes: 0, wrong: [] }
  const versions = new Map<number, number>()
  let refreshedAt = performance.now()
  while (!isOver()) {
    // As an application should: look for new keys more often than the grace time.
    if (performance.now() - refreshedAt > GRACE_MS / 3) {
      await keys.refresh()
      refreshedAt = performance.now()
    }
    const id = 1 + Math.floor(Math.random() * ROWS)
    const version = versions.get(id) ?? 0
    const want = emailOf(id, version)
    const { rows } = await retried(() => session.run('SELECT id, email FROM people WHERE id = ?', [id]))
    await keys.loadIds(rows.flatMap((row) => table.keyIdsOf(row)))
    const opened = table.openRow(rows[0] ?? {})
    counts.reads++
    if (!opened.ok || opened.row['email'] !== want) counts.wrong.push(`read ${id}: ${JSON.stringify(opened)}`)
    const plan = table.search('email_eq', want)
    if (!plan.ok) throw new Error('an equality search has no shortest text')
    const { sql, parameters } = searchCondition(session.kind, plan)
    const hits = await retried(() => session.run(`SELECT id FROM people WHERE ${sql}`, parameters))
    counts.searches++
    if (!hits.rows.some((row) => Number(row['id']) === id)) counts.wrong.push(`search ${id}`)
    const stored = table.encryptRow({ email: emailOf(id, version + 1) }, { id })
    await retried(() =>
      session.run('UPDATE people SET email = ?, email_eq = ?, version = ? WHERE id = ?', [
        stored['email'] as string,
        stored['email_eq'] as string,
        version + 1,
        id,
      ]),
    )
    versions.set(id, version + 1)
    counts.writes++
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return counts
}

interface Counts {
  reads: number
  searches: number
  writes: number
  readonly wrong: string[]
}

/** SQLite lets one write at a time. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await work()
    } catch (thrown) {
      if (i > 200 || (thrown as { errcode?: number }).errcode !== 5) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

async function rotateKilled(scene: Scene): Promise<number> {
  const args = [
    BIN,
    'data',
    'rotate',
    'columns.json',
    '-d',
    scene.url,
    '--grace',
    `${GRACE_MS}ms`,
    '--batch',
    '200',
  ]
  let kills = 0
  for (;;) {
    const child = spawn(process.execPath, args, {
      cwd: scene.directory,
      env: { ...process.env, ...scene.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    let isWriting = false
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString()
      if (!errors.includes('rows/s') || isWriting) return
      isWriting = true
      // In the middle of the work, at a moment of nobody's choice.
      if (kills < 4) setTimeout(() => child.kill('SIGKILL'), Math.random() * Math.min(2000, ROWS / 50))
    })
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    if (signal === 'SIGKILL') kills++
    else {
      assert.equal(code, 0, errors)
      return kills
    }
  }
}

async function play(scene: Scene): Promise<void> {
  writeFileSync(join(scene.directory, 'security_config.yaml'), 'store: { directory: state }\n')
  writeFileSync(join(scene.directory, 'columns.json'), JSON.stringify(MAPPING))
  const wrapper = keyringWrapper(
    openKeyring(join(scene.directory, 'state', 'keyring.json'), systemClock),
    systemRandom,
  )
  await createDataKeyTable(scene.session)
  const keys = await openDataKeys({ store: sqlDataKeyStore(scene.session), wrappers: [wrapper] })
  const table = declareColumns(readMapping(join(scene.directory, 'columns.json')).tables, keys).table(
    'people',
  )
  await fill(scene, table)
  const old = keys.current(FIELDS_SCOPE).id
  let isOver = false
  const living = live(scene, keys, table, () => isOver)
  const startedAt = performance.now()
  const kills = await rotateKilled(scene).finally(() => (isOver = true))
  const seconds = (performance.now() - startedAt) / 1000
  const counts = await living
  console.error(
    `${scene.session.kind}: ${ROWS} rows in ${seconds.toFixed(1)} s with ${kills} kills; meanwhile ${counts.reads} reads, ${counts.searches} searches, ${counts.writes} writes, ${counts.wrong.length} wrong`,
  )
  assert.deepEqual(counts.wrong.slice(0, 5), [])
  assert.ok(counts.writes > 20, 'the writer had its turns')
  assert.ok(kills >= 1, 'the rotation was killed at least once')
  await keys.refresh()
  const { rows } = await scene.session.run(
    'SELECT COUNT(*) AS count FROM people WHERE substr(email, 1, 17) = ?',
    [`rw1.${old}.`],
  )
  assert.equal(Number(rows[0]?.['count']), 0)
  for (let after = 0; after < ROWS; after += 1000) {
    const page = await scene.session.run('SELECT * FROM people WHERE id > ? ORDER BY id LIMIT 1000', [after])
    for (const row of page.rows)
      assert.equal(table.decryptRow(row)['email'], emailOf(Number(row['id']), Number(row['version'])))
  }
}

test(`SQLite: ${ROWS} rows are rotated by a process that is killed, beside one that reads and writes`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-rotation-'))
  const file = join(directory, 'app.sqlite')
  const connection = new DatabaseSync(file, { timeout: 5000 })
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  try {
    await play({ directory, session: sqliteSession(connection), url: file, environment: {} })
  } finally {
    connection.close()
    rmSync(directory, { recursive: true, force: true })
  }
})

test(`PostgreSQL: ${ROWS} rows are rotated by a process that is killed, beside one that reads and writes`, async (t: TestContext) => {
  const lease = await leasePostgres()
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-rotation-'))
  const pool = new Pool({ connectionString: lease.url.reveal() }).on('error', () => undefined)
  try {
    await play({
      directory,
      session: postgresSession(pool),
      url: 'env:APP_DATABASE',
      environment: { APP_DATABASE: lease.url.reveal() },
    })
  } finally {
    await pool.end()
    await lease.release()
    rmSync(directory, { recursive: true, force: true })
  }
})
