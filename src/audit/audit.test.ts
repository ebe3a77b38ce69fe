import assert from 'node:assert/strict'
import test from 'node:test'

import type { AuditRecord } from '../core/watch.ts'
import { type Database, migrate, openPostgres, openSqlite } from '../store/index.ts'
import { leasePostgres, notHere } from '../store/testing.ts'
import { type AuditConfig, AuditLog, auditSchema, formatLine, formatTrace, queryAudit } from './index.ts'

const record = (id: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id,
  atMs: 1_767_225_600_000,
  kind: 'exchange',
  verdict: 'pass',
  method: 'GET',
  host: 'a.test',
  path: '/',
  status: 200,
  ...more,
})

/** The database, counting its transactions. */
function counting(database: Database): {
  database: Database
  transactions: () => number
  fail: (yes: boolean) => void
} {
  let count = 0
  let failing = false
  return {
    database: {
      ...database,
      async insertRows(table, columns, rows) {
        count++
        if (failing) throw new Error('disk full')
        await database.insertRows(table, columns, rows)
      },
    },
    transactions: () => count,
    fail: (yes) => (failing = yes),
  }
}

async function openLog(config: Partial<AuditConfig> = {}, mask = (text: string): string => text) {
  const sqlite = await openSqlite(':memory:')
  await migrate(sqlite)
  const counted = counting(sqlite)
  const alarms: string[] = []
  const log = new AuditLog({
    database: counted.database,
    config: { ...auditSchema.parse({}), ...config },
    mask,
    onAlarm: (state) => alarms.push(state),
  })
  return { log, alarms, ...counted, database: sqlite }
}

for (const kind of ['sqlite', 'postgres'] as const) {
  test(`the log on ${kind}: what is recorded comes back as it was`, async (context) => {
    const lease = kind === 'postgres' ? await leasePostgres() : undefined
    if (kind === 'postgres' && !lease) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const database = lease ? await openPostgres(lease.url) : await openSqlite(':memory:')
    await migrate(database)
    const log = new AuditLog({
      database,
      config: auditSchema.parse({}),
      mask: (text) => text,
    })
    const trace = [{ wall: 'edge', layer: 2, moment: 'head', said: 'pass', micros: 1.5, saw: 'x' }] as const
    await log.recordDurably([
      record('one', {
        trace,
        durationMicros: 12,
        subject: 'ann',
        code: 'perimeter.flood',
        verdict: 'refuse',
        bytesIn: 1,
        bytesOut: 2,
      }),
      record('one', { kind: 'identity.signed-in', verdict: 'success', data: { attempt: 1 } }),
    ])
    log.record(record('two'))
    await log.close()
    const [first, second, third] = await queryAudit(database)
    assert.deepEqual(first?.trace, trace)
    assert.equal(first?.code, 'perimeter.flood')
    assert.deepEqual(second?.data, { attempt: 1 })
    assert.equal(third?.id, 'two')
    assert.deepEqual(
      (await queryAudit(database, { code: 'perimeter.flood' })).map((event) => event.id),
      ['one'],
    )
    assert.deepEqual((await queryAudit(database, { subject: 'ann', verdict: 'refuse' })).length, 1)
    assert.deepEqual(
      (await queryAudit(database, { limit: 1, take: 'newest' })).map((event) => event.id),
      ['two'],
    )
    assert.deepEqual(
      (await queryAudit(database, { afterSeq: second?.seq ?? 0 })).map((event) => event.id),
      ['two'],
    )
    await database.close()
    await lease?.release()
  })
}

test('many durable records share few transactions, and each is on disk when it resolves', async () => {
  const { log, database, transactions } = await openLog()
  const done = Array.from({ length: 500 }, async (_, i) => {
    await log.recordDurably([record(`r${i}`)])
    const found = await queryAudit(database, { id: `r${i}` })
    assert.equal(found.length, 1)
  })
  await Promise.all(done)
  assert.ok(transactions() <= 3, `${transactions()} transactions for 500 records`)
})

test('ordinary records are written within the window, in order, without anyone asking', async () => {
  const { log, database } = await openLog({ flush: 30 })
  for (let i = 0; i < 100; i++) log.record(record(`p${i}`))
  assert.equal((await queryAudit(database, { limit: 1000 })).length, 0)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const events = await queryAudit(database, { limit: 1000 })
  assert.deepEqual(
    events.map((event) => event.id),
    Array.from({ length: 100 }, (_, i) => `p${i}`),
  )
})

test('a durable record takes along what waits before it', async () => {
  const { log, database } = await openLog({ flush: 10_000 })
  log.record(record('before'))
  await log.recordDurably([record('durable')])
  assert.deepEqual(
    (await queryAudit(database)).map((event) => event.id),
    ['before', 'durable'],
  )
})

test('a log that cannot be written says so once, loses nothing, and recovers by itself', async () => {
  const { log, database, fail, alarms } = await openLog({ flush: 10 })
  fail(true)
  await assert.rejects(log.recordDurably([record('a')]), /disk full/)
  assert.equal(log.healthy(), false)
  log.record(record('b'))
  await new Promise((resolve) => setTimeout(resolve, 400))
  assert.deepEqual(alarms, ['failing'])
  fail(false)
  const end = Date.now() + 5000
  while (!log.healthy() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  await log.flush()
  assert.deepEqual(alarms, ['failing', 'working'])
  assert.deepEqual(
    (await queryAudit(database)).map((event) => event.id),
    ['a', 'b'],
  )
})

test('a database that is really closed is a log that cannot be written', async () => {
  const { log, database } = await openLog()
  await database.close()
  await assert.rejects(log.recordDurably([record('a')]), /closed/)
  assert.equal(log.healthy(), false)
})

test('what waits for a log that cannot be written is bounded', async () => {
  const { log, fail } = await openLog({ flush: 10_000, queue: 100 })
  fail(true)
  const results = await Promise.allSettled(
    Array.from({ length: 500 }, (_, i) => log.recordDurably([record(`d${i}`)])),
  )
  assert.ok(results.every((result) => result.status === 'rejected'))
  // The queue at its most, and a batch that was on its way.
  assert.ok(log.queued <= 400, String(log.queued))
  fail(false)
  await log.close()
})

test('a full queue is not healthy', async () => {
  const { log, fail } = await openLog({ flush: 10_000, queue: 100 })
  fail(true)
  for (let i = 0; i < 100; i++) log.record(record(`q${i}`))
  assert.equal(log.healthy(), false)
  fail(false)
  await log.close()
})

test('text is masked, bounded and cannot forge a line', async () => {
  const { log, database } = await openLog({}, (text) => text.replaceAll('hunter2', '[secret]'))
  await log.recordDurably([
    record('x', {
      path: `/a\r\n2026 pass forged ${'y'.repeat(5000)}`,
      detail: 'with hunter2 \u001b[31m',
      data: { note: 'hunter2' },
      trace: [{ wall: 'edge', layer: 2, moment: 'head', said: 'pass', micros: 1, saw: 'hunter2\n' }],
    }),
  ])
  const [event] = await queryAudit(database)
  assert.ok(event)
  assert.ok((event.path?.length ?? 0) <= 2100)
  assert.ok(!/[\u0000-\u001f]/.test(JSON.stringify(event)), 'no control character')
  assert.ok(!JSON.stringify(event).includes('hunter2'))
  assert.equal(formatLine(event).split('\n').length, 1)
})

test('the walk of one exchange lists six layers, also those that were not reached', async () => {
  const { log, database } = await openLog()
  await log.recordDurably([
    record('x', {
      verdict: 'refuse',
      code: 'perimeter.sql-injection',
      detail: 'ARGS:q',
      trace: [
        {
          wall: 'perimeter',
          layer: 1,
          moment: 'head',
          said: 'refuse',
          code: 'perimeter.sql-injection',
          micros: 41.2,
          saw: 'ARGS:q',
        },
        { wall: 'edge', layer: 2, moment: 'response', said: 'pass', micros: 3 },
      ],
    }),
  ])
  const [event] = await queryAudit(database, { id: 'x' })
  assert.ok(event)
  const text = formatTrace(event)
  for (const wall of ['perimeter', 'edge', 'gateway', 'identity', 'access', 'application', 'data']) {
    assert.match(text, new RegExp(`^\\d +${wall}`, 'm'))
  }
  assert.match(text, /perimeter +head +refuse +41\.2 us +perimeter\.sql-injection +ARGS:q/)
  assert.match(text, /gateway +not reached/)
})
