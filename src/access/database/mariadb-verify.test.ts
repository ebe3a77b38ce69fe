// Apply and verify on a real MariaDB: what is there is read, what each account can do is tried, and nothing is left.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'

import { systemRandom } from '../../core/clock.ts'
import { notHere } from '../../store/testing.ts'
import type { Verification } from './apply.ts'
import { applyMariadb, verifyMariadb } from './mariadb-apply.ts'
import { findMariadbDrift } from './mariadb-drift.ts'
import { mariadbRight } from './mariadb-plan.ts'
import { account } from './mariadb-principal.ts'
import { leaseMariadb, type MariadbScene } from './mariadb-scene/testing.ts'
import { privilegeKey } from './privilege.ts'
import { TEST_KEY } from './testing.ts'

let scene: MariadbScene | undefined

before(async () => {
  scene = await leaseMariadb()
})
after(() => scene?.release())

function onMariadb(name: string, run: (scene: MariadbScene) => Promise<void>): void {
  test(name, async (context) => {
    if (scene === undefined) return notHere(context, 'MariaDB', 'apt-get install mariadb-server')
    await run(scene)
  })
}

function verify({ query, plan, connectAs }: MariadbScene): Promise<Verification> {
  return verifyMariadb(query, plan, connectAs, systemRandom)
}

/** While nobody else on this server verifies. */
async function trialAccounts({ query, data }: MariadbScene): Promise<number> {
  await query("SELECT GET_LOCK('ringwall.database', 60)")
  const { rows } = await query(
    "SELECT User FROM mysql.global_priv WHERE User LIKE 'ringwall\\_attempt%' UNION ALL SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME LIKE 'ringwall\\_attempt%'",
    [data],
  )
  await query("SELECT RELEASE_LOCK('ringwall.database')")
  return rows.length
}

onMariadb('before a plan is in force, verify says what is missing and tries nothing', async (scene) => {
  const { findings, tried } = await verify(scene)
  assert.equal(tried, 0)
  assert.deepEqual(
    findings.map(({ kind, what }) => `${kind} ${what.replace(/rw\w_\w+/, 'NAME')}`),
    ['reader', 'writer', 'migrator', 'keeper'].map((purpose) => `missing account NAME, the ${purpose}`),
  )
})

onMariadb(
  'after apply there is nothing to find, everything was tried, and nothing is left',
  async (scene) => {
    await applyMariadb(scene.query, scene.plan, { key: TEST_KEY })
    const { findings, tried } = await verify(scene)
    assert.deepEqual(findings, [])
    assert.ok(tried > 200, `${tried} statements`)
    await scene.query("CREATE USER ringwall_attempt_left IDENTIFIED BY 'x'")
    await verify(scene)
    assert.equal(await trialAccounts(scene), 0)
    await applyMariadb(scene.query, scene.plan)
    assert.deepEqual((await verify(scene)).findings, [])
  },
)

onMariadb(
  'without any one privilege of the migrator a step of a deployment fails, and drift names the GRANT',
  async (scene) => {
    const { plan, query, roles } = scene
    const needed = plan.privileges.filter(({ role }) => role === roles.migrator)
    assert.deepEqual(needed.map(({ verb }) => verb).sort(), [
      'ALTER',
      'CREATE',
      'DROP',
      'INDEX',
      'REFERENCES',
    ])
    for (const privilege of needed) {
      await query(`REVOKE ${mariadbRight(privilege)} FROM ${account(roles.migrator)}`)
      const drift = await findMariadbDrift(query, plan)
      assert.deepEqual(
        drift.map(({ what }) => what),
        [privilegeKey(privilege)],
      )
      const { findings } = await verify(scene)
      const failed = findings.filter(({ kind }) => kind === 'attempt')
      assert.ok(
        failed.some(
          ({ what, fix }) => what.startsWith(`${roles.migrator} must be able to`) && fix === drift[0]?.fix,
        ),
        `${privilege.verb} is not needed by anything: ${JSON.stringify(findings)}`,
      )
      await query(drift[0]?.fix ?? '')
    }
    assert.deepEqual((await verify(scene)).findings, [])
    assert.equal(await trialAccounts(scene), 0)
  },
)

onMariadb(
  'without any one privilege of reader and writer what is planned is refused when it is tried',
  async (scene) => {
    const { plan, query, roles } = scene
    const some = plan.privileges.filter(({ role, on }) => role !== roles.migrator && on !== 'column')
    assert.ok(some.length >= 5)
    for (const privilege of some) {
      await query(`REVOKE ${mariadbRight(privilege)} FROM ${account(privilege.role)}`)
      const { findings } = await verify(scene)
      assert.ok(
        findings.some(({ kind, what }) => kind === 'attempt' && what.includes('must be able to')),
        privilegeKey(privilege),
      )
      await query(`GRANT ${mariadbRight(privilege)} TO ${account(privilege.role)}`)
    }
  },
)

onMariadb('what somebody gave away is found by reading and by trying', async (scene) => {
  const { data, home, roles, query, plan } = scene
  for (const [sql, undo, ...wanted] of [
    [
      `GRANT SELECT (password) ON ${data}.users TO ${account(roles.reader)}`,
      `REVOKE SELECT (password) ON ${data}.users FROM ${account(roles.reader)}`,
      /extra rwr_\w+: SELECT \(password\) on table/,
      /attempt rwr_\w+ must be refused, and is not: SELECT `password` FROM/,
    ],
    [
      `GRANT CREATE ON ${data}_view.* TO ${account(roles.writer)}`,
      `REVOKE CREATE ON ${data}_view.* FROM ${account(roles.writer)}`,
      /extra rww_\w+: CREATE on schema/,
      /attempt rww_\w+ must be refused, and is not: CREATE TABLE/,
    ],
    [
      `GRANT SELECT ON ${data}.documents TO ${account(roles.migrator)}`,
      `REVOKE SELECT ON ${data}.documents FROM ${account(roles.migrator)}`,
      /extra rwm_\w+: SELECT on table/,
    ],
    [
      `GRANT SELECT ON ${data}.documents TO PUBLIC`,
      `REVOKE SELECT ON ${data}.documents FROM PUBLIC`,
      /extra PUBLIC: SELECT on table rw_\w+\.documents/,
      /attempt rwr_\w+ must be refused, and is not: SELECT `internal_note` FROM/,
    ],
    [
      `CREATE ROLE ${data}_role; GRANT ${data}_role TO ${account(roles.reader)}`,
      `DROP ROLE ${data}_role`,
      /extra account rwr_\w+ has the role rw_\w+_role/,
    ],
    [
      `ALTER USER ${account(roles.keeper, 'localhost')} ACCOUNT UNLOCK`,
      `ALTER USER ${account(roles.keeper, 'localhost')} ACCOUNT LOCK`,
      /extra account rwk_\w+, the keeper, can log in/,
    ],
    [
      `CREATE OR REPLACE DEFINER = ${account(roles.keeper, 'localhost')} PROCEDURE ${home}.\`end\`() MODIFIES SQL DATA SQL SECURITY DEFINER BEGIN END`,
      plan.routines.find(({ name }) => name === 'end')?.sql ?? '',
      /changed procedure rw_\w+_home\.end/,
    ],
    [
      `CREATE PROCEDURE ${home}.more() SELECT 1`,
      `DROP PROCEDURE ${home}.more`,
      /extra procedure rw_\w+_home\.more/,
    ],
  ] as readonly (readonly [string, string, ...RegExp[]])[]) {
    await query(sql)
    const found = (await verify(scene)).findings.map(({ kind, what }) => `${kind} ${what}`)
    await query(undo)
    for (const want of wanted)
      assert.ok(
        found.some((one) => want.test(one)),
        `${String(want)} in ${JSON.stringify(found)}`,
      )
  }
  assert.deepEqual((await verify(scene)).findings, [])
})

onMariadb('a statement that fails says how far the plan came', async (scene) => {
  const broken = {
    ...scene.plan,
    statements: [...scene.plan.statements.slice(0, 2), { sql: 'CREATE NONSENSE', reason: 'to fail' }],
  }
  await assert.rejects(applyMariadb(scene.query, broken), {
    code: 'access.database-statement',
    message: /CREATE NONSENSE[^]*\(to fail\); 2 of 3 statements are in force, and can be run again/,
  })
})
