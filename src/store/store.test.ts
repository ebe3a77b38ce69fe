// One suite on both kinds of store: SQLite with memory, PostgreSQL with Redis. Real servers.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before, describe } from 'node:test'
import { inspect, promisify } from 'node:util'

import {
  migrate,
  openPostgres,
  openSqlite,
  openStore,
  readMigrations,
  type SessionRow,
  type Store,
} from './index.ts'
import { type Lease, leasePostgres, notHere, startRedis } from './testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-store-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function session(idHash: string, account: string, more: Partial<SessionRow> = {}): SessionRow {
  return {
    id_hash: idHash,
    account_id: account,
    realm: 'site',
    session_version: 1,
    created_at: Date.now(),
    last_used_at: Date.now(),
    idle_expires_at: Date.now() + 60_000,
    absolute_expires_at: Date.now() + 120_000,
    ip: '192.0.2.1',
    user_agent: 'test',
    assurance: 1,
    methods: 'pwd',
    authenticated_at: 1,
    device_hash: null,
    impersonator: null,
    impersonation_reason: null,
    ...more,
  }
}

for (const kind of ['sqlite and memory', 'postgres and redis'] as const) {
  describe(`store on ${kind}`, () => {
    let store: Store | undefined
    const leases: Lease[] = []

    before(async () => {
      if (kind === 'sqlite and memory') {
        store = await openStore({ file: join(directory, 'one', 'store.sqlite') })
        return
      }
      const postgres = await leasePostgres()
      const redis = await startRedis()
      leases.push(...[postgres, redis].filter((lease) => lease !== undefined))
      if (postgres && redis) store = await openStore({ file: '', postgres: postgres.url, redis: redis.url })
    })
    after(async () => {
      await store?.close()
      for (const lease of leases) await lease.release()
    })

    const check = (name: string, body: (store: Store) => Promise<void>): void => {
      test(name, async (context) => {
        if (store) await body(store)
        else notHere(context, 'PostgreSQL with Redis', 'apt-get install postgresql redis-server')
      })
    }

    check('rows of one batch are there together, or none is', async ({ database }) => {
      const columns = ['id', 'at', 'kind', 'verdict']
      await database.insertRows('audit_events', columns, [
        ['a', 1, 'exchange', 'pass'],
        ['b', 2, 'exchange', 'pass'],
      ])
      await assert.rejects(
        database.insertRows('audit_events', columns, [
          ['c', 3, 'exchange', 'pass'],
          ['d', 4, 'exchange', null],
        ]),
      )
      const rows = await database.kysely.selectFrom('audit_events').select('id').orderBy('seq').execute()
      assert.deepEqual(
        rows.map((row) => row.id),
        ['a', 'b'],
      )
    })

    check('many rows go in one batch', async ({ database }) => {
      const rows = Array.from({ length: 20_000 }, (_, i) => [`m${i}`, i, 'many', 'pass'])
      await database.insertRows('audit_events', ['id', 'at', 'kind', 'verdict'], rows)
      const found = await database.kysely
        .selectFrom('audit_events')
        .select((select) => select.fn.countAll<number>().as('n'))
        .where('kind', '=', 'many')
        .executeTakeFirstOrThrow()
      assert.equal(found.n, 20_000)
    })

    check('the audit log refuses changes and deletions', async ({ database }) => {
      await assert.rejects(
        database.kysely.updateTable('audit_events').set({ verdict: 'x' }).execute(),
        /append-only/,
      )
      await assert.rejects(database.kysely.deleteFrom('audit_events').execute(), /append-only/)
      if (database.kind === 'postgres')
        await assert.rejects(database.script('TRUNCATE audit_events'), /append-only/)
    })

    check('a transaction that fails leaves nothing, and others wait for it', async ({ database }) => {
      const row = {
        email: 'x',
        email_key: 'x',
        name: '',
        roles: '[]',
        password_hash: null,
        password_set_at: 0,
      } as const
      const more = {
        password_must_change: 0,
        password_expires_at: null,
        session_version: 1,
        disabled: 0,
        email_verified_at: null,
        delete_after: null,
        language: null,
      } as const
      const account = { ...row, ...more, realm: 'site', created_at: 0, last_sign_in_at: null } as const
      const failing = database.kysely.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('accounts')
          .values({ ...account, id: 't1' })
          .execute()
        throw new Error('on purpose')
      })
      const other = database.kysely.selectFrom('accounts').select('id').execute()
      await assert.rejects(failing, /on purpose/)
      assert.deepEqual(await other, [])
      await database.kysely.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('accounts')
          .values({ ...account, id: 't2' })
          .execute()
      })
      const found = await database.kysely.selectFrom('accounts').selectAll().executeTakeFirstOrThrow()
      assert.partialDeepStrictEqual(found, { ...account, id: 't2' })
      await database.kysely.deleteFrom('accounts').execute()
    })

    check('an error of the database does not repeat parameters', async ({ database }) => {
      const secret = 'very-secret-value'
      const failing = database.insertRows(
        'audit_events',
        ['id', 'at', 'kind', 'verdict'],
        [[secret, 1, 'exchange', null]],
      )
      await assert.rejects(failing, (error: Error) => !inspect(error, { depth: 9 }).includes(secret))
      const byKysely = database.kysely
        .insertInto('audit_events')
        .values({ id: secret, at: 1, kind: 'x', verdict: null as never })
        .execute()
      await assert.rejects(byKysely, (error: Error) => !inspect(error, { depth: 9 }).includes(secret))
    })

    check('an error of a script does not repeat what it holds', async ({ database }) => {
      const failing = database.script(
        "INSERT INTO audit_events (id, at, kind, verdict) VALUES ('very-secret-value', 1, 'x', NULL)",
      )
      await assert.rejects(
        failing,
        (error: Error) => !inspect(error, { depth: 9 }).includes('very-secret-value'),
      )
    })

    check('a session is found by its hash, touched, and ended', async ({ sessions }) => {
      const one = session('h1', 'ann')
      await sessions.create(one)
      assert.deepEqual(await sessions.find('h1'), one)
      await sessions.touch('h1', one.last_used_at + 5, one.idle_expires_at + 5)
      assert.equal((await sessions.find('h1'))?.idle_expires_at, one.idle_expires_at + 5)
      await sessions.end('h1')
      assert.equal(await sessions.find('h1'), undefined)
      await sessions.touch('h1', 1, 1)
      assert.equal(await sessions.find('h1'), undefined, 'touching does not bring it back')
    })

    check(
      'all sessions of one account end at once but one, and nobody else is touched',
      async ({ sessions }) => {
        for (const id of ['a1', 'a2', 'a3']) await sessions.create(session(id, 'ann'))
        await sessions.create(session('b1', 'bob'))
        assert.equal((await sessions.list('ann')).length, 3)
        assert.equal(await sessions.endAll('ann', 'a2'), 2)
        assert.deepEqual(
          (await sessions.list('ann')).map((row) => row.id_hash),
          ['a2'],
        )
        assert.equal((await sessions.list('bob')).length, 1)
      },
    )

    if (kind === 'sqlite and memory')
      check('what has expired is swept', async ({ sessions }) => {
        await sessions.create(session('old', 'cid', { absolute_expires_at: 1, idle_expires_at: 1 }))
        assert.equal(await sessions.sweep(Date.now()), 1)
      })

    if (kind === 'postgres and redis')
      check('a session is gone at its absolute end', async ({ sessions }) => {
        await sessions.create(session('short', 'dan', { absolute_expires_at: Date.now() + 150 }))
        assert.ok(await sessions.find('short'))
        await new Promise((resolve) => setTimeout(resolve, 300))
        assert.equal(await sessions.find('short'), undefined)
      })

    check('a counter lets the limit through, refuses the next, and refills evenly', async ({ counters }) => {
      const rule = { limit: 5, periodMs: 1000 }
      let now = Date.now()
      for (let i = 0; i < 5; i++)
        assert.equal((await counters.take('k', 1, rule, now)).allowed, true, String(i))
      const refused = await counters.take('k', 1, rule, now)
      assert.equal(refused.allowed, false)
      assert.ok(refused.retryAfterMs > 100 && refused.retryAfterMs <= 200, String(refused.retryAfterMs))
      await new Promise((resolve) => setTimeout(resolve, refused.retryAfterMs + 20))
      now = Date.now()
      assert.equal((await counters.take('k', 1, rule, now)).allowed, true)
      await counters.reset('k')
      assert.equal((await counters.take('k', 5, rule, now)).allowed, true)
    })
  })
}

test('what waits for the embedded database is bounded', async () => {
  const database = await openSqlite(':memory:')
  await migrate(database)
  const asked = Array.from({ length: 10_050 }, () =>
    database.kysely.selectFrom('accounts').select('id').execute(),
  )
  const results = await Promise.allSettled(asked)
  const refused = results.filter((result) => result.status === 'rejected')
  assert.equal(refused.length, 50)
  assert.match(String(refused[0]?.reason), /waiting/)
  assert.deepEqual(await database.kysely.selectFrom('accounts').select('id').execute(), [], 'and it goes on')
  await database.close()
})

test('a file that is no database is told as that', async () => {
  const file = join(directory, 'not-a-database.sqlite')
  writeFileSync(file, 'hello, this is a text and no database at all'.repeat(50))
  await assert.rejects(openStore({ file }), /not a database/)
})

test('the embedded file is readable by its owner only', async () => {
  const file = join(directory, 'mode', 'store.sqlite')
  const database = await openSqlite(file)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(directory, 'mode')).mode & 0o777, 0o700)
  await database.close()
})

test('two processes that start at once apply each migration once', async () => {
  let file = ''
  let startAt = ''
  const script = `import { openStore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    while (Date.now() < Number(process.argv[3])) {}
    const store = await openStore({ file: process.argv[2] }); await store.close()`
  const program = join(directory, 'race.mjs')
  writeFileSync(program, script)
  const start = (): Promise<unknown> => promisify(execFile)(process.execPath, [program, file, startAt])
  for (let round = 0; round < 3; round++) {
    file = join(directory, `race-${round}.sqlite`)
    startAt = String(Date.now() + 400)
    await Promise.all([start(), start(), start(), start()])
    const database = await openSqlite(file)
    assert.equal(await migrate(database), 0)
    await database.close()
  }
})

test('migrations race on PostgreSQL too', async (context) => {
  const lease = await leasePostgres()
  if (!lease) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const databases = await Promise.all([1, 2, 3].map(() => openPostgres(lease.url)))
  const applied = await Promise.all(databases.map((database) => migrate(database)))
  assert.deepEqual(
    applied.toSorted((a, b) => a - b),
    [0, 0, readMigrations('postgres').length],
  )
  for (const database of databases) await database.close()
  await lease.release()
})

test('a schema newer than the program, or a changed step, is refused with what to do', async () => {
  const database = await openSqlite(':memory:')
  const known = readMigrations('sqlite')
  const extra = { number: 99, name: 'later', sql: 'CREATE TABLE later (a INTEGER);', sha256: 'x' }
  await migrate(database, [...known, extra])
  await assert.rejects(migrate(database, known), /step 99 .later.*run the newer version/)
  await assert.rejects(migrate(database, [...known, { ...extra, sha256: 'y' }]), /never edit a migration/)
  await database.close()
})

test('after kill -9 in mid-write every acknowledged batch is there, whole', async () => {
  const file = join(directory, 'killed.sqlite')
  const script = `import { openStore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    const { database } = await openStore({ file: process.argv[2] })
    for (let n = 0; ; n++) {
      await database.insertRows('audit_events', ['id', 'at', 'kind', 'verdict'], Array.from({ length: 50 }, (_, i) => [n + '.' + i, n, 'exchange', 'pass']))
      process.stdout.write(n + '\\n')
    }`
  const program = join(directory, 'killed.mjs')
  writeFileSync(program, script)
  const child = spawn(process.execPath, [program, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let acknowledged = ''
  child.stdout.on('data', (data: Buffer) => {
    acknowledged += data.toString()
    if (acknowledged.split('\n').length > 30) child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.once('close', resolve))
  const last = Number(acknowledged.trimEnd().split('\n').at(-1))
  const database = await openSqlite(file)
  const batches = await database.kysely
    .selectFrom('audit_events')
    .select(['at', (select) => select.fn.countAll<number>().as('n')])
    .groupBy('at')
    .orderBy('at')
    .execute()
  assert.ok(batches.length >= last + 1, `${batches.length} batches for ${last + 1} acknowledged`)
  assert.ok(batches.every((batch) => batch.n === 50))
  await database.close()
})

test('an unreachable PostgreSQL or a wrong URL is told in one line', async () => {
  const { Secret } = await import('../core/secret.ts')
  await assert.rejects(openPostgres(new Secret('postgres://u:hunter2@127.0.0.1:1/x')), (error: Error) => {
    return /cannot reach PostgreSQL/.test(error.message) && !error.message.includes('hunter2')
  })
})
