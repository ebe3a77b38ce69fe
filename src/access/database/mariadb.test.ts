// The same policies on a real MariaDB: views instead of row-level security, and exactly the privileges they need.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { type Connection, type ConnectionOptions, createConnection, createPool } from 'mysql2/promise'

import { notHere } from '../../store/testing.ts'
import { EntityUid } from '../cedar/value.ts'
import type { Query } from './catalog.ts'
import { mariadb } from './mariadb-claims.ts'
import { findMariadbDrift, removalStatements } from './mariadb-drift.ts'
import { type MariadbPlan, mariadbRight, planMariadb } from './mariadb-plan.ts'
import { account, mariadbKeyStatements } from './mariadb-principal.ts'
import { planInput } from './plan-files.ts'
import { privilegeKey } from './privilege.ts'
import { TEST_KEY, tokenFor } from './testing.ts'
import { withMysqlPrincipal } from './with-mysql-principal.ts'
import { SHOP_MAPPING, SHOP_TABLES, shopPolicies, shopSchema } from './shop/testing.ts'

const suffix = `${process.pid}_${Math.random().toString(36).slice(2, 8)}`
const data = `rw_${suffix}`
const PASSWORD = 'only for this test'
const roles = {
  reader: `rwr_${suffix}`,
  writer: `rww_${suffix}`,
  migrator: `rwm_${suffix}`,
  keeper: `rwk_${suffix}`,
}
const URL_NAME = 'RINGWALL_TEST_MYSQL'

let admin: Connection | undefined
let query: Query
let plan: MariadbPlan
const open: Connection[] = []

function where(): ConnectionOptions {
  const url = process.env[URL_NAME]
  return url === undefined ? { socketPath: '/run/mysqld/mysqld.sock', user: 'root' } : { uri: url }
}

async function connect(user?: string): Promise<Connection> {
  const who = user === undefined ? {} : { user, password: PASSWORD }
  const connection = await createConnection({
    ...where(),
    ...who,
    charset: 'utf8mb4',
    multipleStatements: user === undefined,
  })
  open.push(connection)
  return connection
}

before(async () => {
  // A process that is busy starting may miss the time it gives a server; one that is not there says so at once.
  for (let left = 3; admin === undefined && left > 0; left--) admin = await connect().catch(() => undefined)
  if (admin === undefined) return
  const one = admin
  query = async (sql, values = []) => {
    const [rows] = await one.query(sql, [...values])
    return { rows: Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [] }
  }
  const entities = Object.fromEntries(
    Object.entries(SHOP_MAPPING.entities).map(([type, entity]) => [type, { ...entity, schema: data }]),
  )
  const shares = { ...SHOP_MAPPING.entities.Document.attributes.viewers, schema: data }
  const document = {
    ...entities['Document'],
    attributes: { ...SHOP_MAPPING.entities.Document.attributes, viewers: shares },
  }
  const mapping = {
    entities: { ...entities, Document: document },
    database: { ...SHOP_MAPPING.database, roles },
  }
  plan = planMariadb(planInput(shopPolicies(), shopSchema(), mapping, 'mariadb'), `${data}_home`)
  await one.query(`CREATE DATABASE ${data} CHARACTER SET utf8mb4; USE ${data}`)
  await one.query(SHOP_TABLES.replaceAll(/\btext\b/g, 'varchar(60)'))
  for (const { sql } of plan.statements) await one.query(sql)
  for (const { sql, values } of mariadbKeyStatements(TEST_KEY, plan.home)) await one.query(sql, [...values])
  for (const role of [roles.reader, roles.writer])
    await one.query(`ALTER USER ${account(role)} IDENTIFIED BY '${PASSWORD}' ACCOUNT UNLOCK`)
})

after(async () => {
  if (admin === undefined) return
  for (const sql of [...removalStatements(plan), `DROP DATABASE IF EXISTS ${data}`]) await admin.query(sql)
  for (const connection of open) await connection.end().catch(() => undefined)
})

function onMariadb(name: string, run: (admin: Connection) => Promise<void>): void {
  test(name, async (context) => {
    if (admin === undefined) return notHere(context, 'MariaDB', 'apt-get install mariadb-server')
    await run(admin)
  })
}

const BOB = tokenFor('bob', { clearance: 2 }, { in: [new EntityUid('Team', 'red')] })
const ROOT = tokenFor('root', { clearance: 9 }, { in: [new EntityUid('Role', 'admin')] })
const ANN = tokenFor('ann', { clearance: 0, department: 'audit' }, { in: [new EntityUid('Team', 'blue')] })
const view = (name: string): string => `${data}_view.${name}`

/** Runs statements as a principal in one transaction that is rolled back; gives what the last one found or did. */
async function as(user: string, token: string | null, ...statements: string[]): Promise<unknown> {
  const connection = await connect(user)
  await connection.query('START TRANSACTION')
  try {
    if (token !== null) await connection.query(`CALL ${plan.home}.begin(?)`, [token])
    let last: unknown
    for (const sql of statements) [last] = await connection.query(sql)
    return Array.isArray(last)
      ? (last as Record<string, unknown>[]).map((row) => Object.values(row)[0])
      : (last as { affectedRows: number }).affectedRows
  } finally {
    await connection.query('ROLLBACK').catch(() => undefined)
    connection.destroy()
  }
}

onMariadb('each principal sees its rows, and without a principal nobody sees one', async () => {
  const list = `SELECT id FROM ${view('documents')} ORDER BY id`
  assert.deepEqual(await as(roles.writer, BOB, list), ['own', 'public', 'shared', 'team-red'])
  assert.deepEqual(await as(roles.reader, ANN, list), ['deep', 'public'])
  assert.deepEqual(await as(roles.reader, null, list), [])
  assert.deepEqual(await as(roles.reader, tokenFor('bob', {}, { type: 'Service' }), list), ['public'])
})

onMariadb('each principal changes, makes and removes its rows only', async () => {
  const update = (id: string, owner: string): string =>
    `UPDATE ${view('documents_update')} SET owner_id = '${owner}' WHERE id = '${id}'`
  const insert = (owner: string, level: number): string =>
    `INSERT INTO ${view('documents_insert')} (id, owner_id, level, public, title) VALUES ('n', '${owner}', ${level}, false, '')`
  const remove = `DELETE FROM ${view('documents_delete')} WHERE id = 'public'`
  assert.equal(await as(roles.writer, BOB, update('public', 'bob')), 0)
  assert.equal(await as(roles.writer, BOB, update('own', 'bob')), 1)
  await assert.rejects(as(roles.writer, BOB, update('own', 'eve')), /CHECK OPTION failed/)
  assert.equal(await as(roles.writer, BOB, insert('bob', 1)), 1)
  await assert.rejects(as(roles.writer, BOB, insert('eve', 1)), /CHECK OPTION failed/)
  await assert.rejects(as(roles.writer, BOB, insert('bob', 9)), /CHECK OPTION failed/)
  await assert.rejects(as(roles.writer, null, insert('bob', 1)), /CHECK OPTION failed/)
  assert.equal(await as(roles.writer, BOB, remove), 0)
  assert.equal(await as(roles.writer, ROOT, remove), 1)
})

onMariadb(
  'a principal ends with its transaction, with `end`, and with its token, whatever the client says of the time',
  async () => {
    const list = `SELECT id FROM ${view('documents')}`
    assert.deepEqual(await as(roles.writer, BOB, 'ROLLBACK', list), [])
    assert.deepEqual(await as(roles.writer, BOB, `CALL ${plan.home}.end()`, list), [])
    const short = tokenFor('bob', { clearance: 2 }, { ttlSeconds: 1 })
    assert.deepEqual(await as(roles.writer, short, 'SET timestamp = 1', 'DO SLEEP(2.1)', list), [])
  },
)

onMariadb('twenty requests at once over one connection each see their own rows only', async () => {
  const pool = createPool({ ...where(), user: roles.writer, password: PASSWORD, connectionLimit: 1 })
  try {
    const see = async (i: number): Promise<number> =>
      withMysqlPrincipal(
        pool,
        i % 2 === 0 ? BOB : ANN,
        async (connection) => {
          const [rows] = await connection.query(`SELECT id FROM ${view('documents')}`)
          if (i % 5 === 4) throw new Error('the application failed')
          return (rows as unknown[]).length
        },
        plan.home,
      )
    const seen = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => see(i)))
    for (const [i, one] of seen.entries()) {
      if (i % 5 === 4) assert.equal(one.status, 'rejected')
      else assert.deepEqual(one, { status: 'fulfilled', value: i % 2 === 0 ? 4 : 2 })
    }
    const [left] = await pool.query(`SELECT id FROM ${view('documents')}`)
    assert.deepEqual(left, [])
    await assert.rejects(
      withMysqlPrincipal(pool, BOB, async (connection) => connection.query('COMMIT'), plan.home),
      { code: 'access.transaction-over' },
    )
  } finally {
    await pool.end()
  }
})

onMariadb('tokens that are not in order are refused', async () => {
  const [head, , mac] = BOB.split('.')
  for (const [token, want] of [
    ['x', /not a token/],
    [BOB.slice(0, -8) + 'AAAAAAAA', /not signed/],
    [`${head}.${ROOT.split('.')[1]}.${mac}`, /not signed/],
    [
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${BOB.split('.').slice(1).join('.')}`,
      /not signed/,
    ],
  ] as const)
    await assert.rejects(as(roles.writer, token), want)
  await assert.rejects(as(roles.writer, BOB, 'SET pseudo_thread_id = 1'), /Access denied/)
})

const EXAMPLES: readonly (readonly [role: 'reader' | 'writer', sql: string])[] = [
  ['reader', `SELECT folder_id, id, level, owner_id, public, team_id, title FROM ${view('documents')}`],
  ['writer', `SELECT folder_id, id, level, owner_id, public, team_id, title FROM ${view('documents')}`],
  [
    'writer',
    `UPDATE ${view('documents_update')} SET title = 'x', public = true, owner_id = 'bob' WHERE id = 'own'`,
  ],
  [
    'writer',
    `INSERT INTO ${view('documents_insert')} (id, owner_id, team_id, level, public, title, folder_id) VALUES ('n', 'bob', NULL, 1, false, '', NULL)`,
  ],
  ['writer', `DELETE FROM ${view('documents_delete')} WHERE id = 'own'`],
]

async function shopWorks(): Promise<boolean> {
  for (const [role, sql] of EXAMPLES) {
    try {
      await as(roles[role], BOB, sql, `CALL ${plan.home}.end()`)
    } catch {
      return false
    }
  }
  return true
}

onMariadb('without any one privilege an example fails, and drift names the GRANT', async (admin) => {
  assert.deepEqual(await findMariadbDrift(query, plan), [])
  assert.equal(await shopWorks(), true)
  const needed = plan.privileges.filter(({ role }) => role !== roles.migrator)
  assert.ok(needed.length > 25)
  for (const privilege of needed) {
    const right = mariadbRight(privilege)
    await admin.query(`REVOKE ${right} FROM ${account(privilege.role)}`)
    const drift = await findMariadbDrift(query, plan)
    assert.deepEqual(
      drift.map(({ what }) => what),
      [privilegeKey(privilege)],
    )
    assert.equal(await shopWorks(), false, `${privilegeKey(privilege)} is not needed by anything`)
    await admin.query(drift[0]?.fix ?? '')
  }
  assert.deepEqual(await findMariadbDrift(query, plan), [])
})

onMariadb('every verb on every column that is not planned is refused', async (admin) => {
  const [rows] = await admin.query(
    'SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (?, ?, ?)',
    [data, `${data}_view`, plan.home],
  )
  const wanted = new Set(plan.privileges.map(privilegeKey))
  let tried = 0
  for (const role of [roles.reader, roles.writer]) {
    const connection = await connect(role)
    for (const { db, name, col } of rows as { db: string; name: string; col: string }[]) {
      const object = `${db}.${name}`
      const on = `\`${db}\`.\`${name}\``
      for (const [verb, sql] of [
        ['SELECT', `SELECT \`${col}\` FROM ${on} LIMIT 0`],
        ['UPDATE', `UPDATE ${on} SET \`${col}\` = NULL LIMIT 0`],
        ['INSERT', `INSERT INTO ${on} (\`${col}\`) SELECT NULL FROM DUAL WHERE FALSE`],
        ['DELETE', `DELETE FROM ${on} LIMIT 0`],
      ] as const) {
        const privilege =
          verb === 'DELETE'
            ? { role, verb, on: 'table' as const, object }
            : { role, verb, on: 'column' as const, object, column: col }
        if (wanted.has(privilegeKey(privilege))) continue
        await assert.rejects(connection.query(sql), { message: /denied/ }, `${role}: ${sql}`)
        tried++
      }
    }
    for (const sql of [
      `TRUNCATE ${data}.documents`,
      `DROP VIEW ${view('documents')}`,
      `CREATE TABLE ${data}_view.x (a int)`,
      `CREATE VIEW ${data}_view.x AS SELECT 1`,
      `SELECT * FROM mysql.user`,
      `CREATE USER x`,
    ])
      await assert.rejects(connection.query(sql), { message: /denied/ }, `${role}: ${sql}`)
  }
  assert.ok(tried > 150, `${tried} statements`)
})

onMariadb('drift is found: privileges and views that somebody changed', async (admin) => {
  for (const [sql, undo, finding] of [
    [
      `GRANT SELECT ON ${data}.users TO ${account(roles.reader)}`,
      `REVOKE SELECT ON ${data}.users FROM ${account(roles.reader)}`,
      /extra rwr_\w+: SELECT on table rw_\w+\.users/,
    ],
    [
      `GRANT FILE ON *.* TO ${account(roles.writer)}`,
      `REVOKE FILE ON *.* FROM ${account(roles.writer)}`,
      /extra rww_\w+: FILE on this database/,
    ],
    [
      `ALTER SQL SECURITY DEFINER VIEW ${view('documents_insert')} AS SELECT folder_id, id, level, owner_id, public, team_id, title FROM ${data}.documents`,
      plan.views.find((one) => one.verb === 'insert')?.sql ?? '',
      /changed view .*documents_insert: another text, checked/,
    ],
    [
      `DROP VIEW ${view('documents_delete')}`,
      plan.views.find((one) => one.verb === 'delete')?.sql ?? '',
      /missing view .*documents_delete/,
    ],
  ] as const) {
    await admin.query(sql)
    const found = (await findMariadbDrift(query, plan)).map(({ kind, what }) => `${kind} ${what}`)
    assert.ok(
      found.some((one) => finding.test(one)),
      JSON.stringify(found),
    )
    await admin.query(undo)
  }
  assert.deepEqual(await findMariadbDrift(query, plan), [])
})

onMariadb(
  'a view does not take the result of one row for another whose text differs in case only',
  async (admin) => {
    await admin.query(`USE ${data};
    CREATE TABLE folded (id varchar(20)); INSERT INTO folded VALUES ('d1'), ('D1'), ('d2'), ('D2');
    CREATE TABLE marks (doc varchar(20), u varchar(10)); INSERT INTO marks VALUES ('D1', 'x'), ('d2', 'x')`)
    const seen = async (uncached: string): Promise<unknown> => {
      await admin.query(`CREATE OR REPLACE ALGORITHM = MERGE VIEW lookups AS SELECT id FROM folded WHERE (SELECT u FROM marks WHERE doc = folded.id
      AND CAST(CONVERT(doc USING utf8mb4) AS BINARY) = CAST(CONVERT(folded.id USING utf8mb4) AS BINARY)${uncached}) = 'x'`)
      const [rows] = await admin.query('SELECT id FROM lookups ORDER BY BINARY id')
      return (rows as { id: string }[]).map(({ id }) => id)
    }
    assert.deepEqual(await seen(mariadb.uncached ?? ''), ['D1', 'd2'])
    assert.ok(plan.views.every(({ sql }) => !sql.includes('RAND()')))
  },
)
