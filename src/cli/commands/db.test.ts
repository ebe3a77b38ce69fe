// `ringwall db` as it is typed: files in, SQL or findings out, against a real PostgreSQL.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'

import { findMariadbDrift } from '../../access/index.ts'
import { leaseMariadb } from '../../access/database/mariadb-scene/testing.ts'
import { leaseScene, type Scene, TEST_KEY } from '../../access/database/testing.ts'
import { SHOP_MAPPING, SHOP_POLICIES, SHOP_SCHEMA, SHOP_TABLES } from '../../access/database/shop/testing.ts'
import { notHere } from '../../store/testing.ts'
import { main } from '../main.ts'

const folder = mkdtempSync(join(tmpdir(), 'ringwall-db-'))
const file = (name: string): string => join(folder, name)
let scene: Scene | undefined
let files: string[]

before(async () => {
  scene = await leaseScene()
  const prefix = scene?.prefix ?? 'app'
  const roles = {
    reader: `${prefix}_reader`,
    writer: `${prefix}_writer`,
    migrator: `${prefix}_migrator`,
    keeper: `${prefix}_keeper`,
  }
  writeFileSync(file('shop.cedar'), SHOP_POLICIES)
  writeFileSync(file('shop.cedarschema'), SHOP_SCHEMA)
  writeFileSync(
    file('mapping.json'),
    JSON.stringify({ ...SHOP_MAPPING, database: { ...SHOP_MAPPING.database, roles } }),
  )
  writeFileSync(file('key'), TEST_KEY.reveal())
  writeFileSync(file('url'), scene?.urlOf('postgres') ?? '')
  files = [
    '--policies',
    file('shop.cedar'),
    '--schema',
    file('shop.cedarschema'),
    '--mapping',
    file('mapping.json'),
  ]
  await scene?.admin.query(SHOP_TABLES)
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await scene?.release()
})

interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function type(...argv: string[]): Promise<Said> {
  let out = ''
  let err = ''
  const terminal = {
    out: (text: string) => void (out += `${text}\n`),
    error: (text: string) => void (err += `${text}\n`),
    isColored: false,
    isClosed: false,
  }
  const code = await main(['db', ...argv], terminal)
  assert.ok(!`${out}${err}`.includes(TEST_KEY.reveal()), 'the key is printed nowhere')
  return { code, out, err }
}

test('plan prints the SQL with its reasons, and what nobody may do', async () => {
  const { code, out, err } = await type('plan', ...files)
  assert.equal(code, 0)
  assert.match(out, /-- policies permit Action::"read"\nGRANT SELECT \("folder_id", "id"/)
  assert.match(out, /CREATE POLICY "ringwall_update"/)
  assert.match(err, /note {2}no policy permits Action::"archive"/)
  assert.match((await type('plan', ...files, '--json')).out, /"reason": "also for the owner"/)
  assert.match(
    (await type('plan', ...files, '--server', 'mariadb')).out,
    /CREATE OR REPLACE ALGORITHM = MERGE DEFINER/,
  )
})

test('plan writes a migration once', async () => {
  const path = file('0001.sql')
  assert.equal((await type('plan', ...files, '--output', path)).code, 0)
  assert.match(readFileSync(path, 'utf8'), /^-- Written by[^]*COMMIT;\n$/)
  assert.match((await type('plan', ...files, '--output', path)).err, /is there already; name a new file/)
})

const broken: readonly (readonly [name: string, argv: () => string[], want: RegExp])[] = [
  [
    'a file that is not there',
    () => ['plan', '--policies', 'no.cedar', ...files.slice(2)],
    /there is no file `no\.cedar`/,
  ],
  [
    'a server that is not known',
    () => ['plan', ...files, '--server', 'oracle'],
    /Allowed choices are postgres, mariadb/,
  ],
  [
    'a database that stands on the command line',
    () => ['verify', ...files, '--database', 'postgres://u:hunter2@h/d'],
    /^secrets are given by reference; write env:NAME or file:PATH/,
  ],
  [
    'a variable that is not set',
    () => ['verify', ...files, '--database', 'env:RINGWALL_NO_SUCH'],
    /RINGWALL_NO_SUCH is not set/,
  ],
  [
    'a mapping without the declaration',
    () => ['plan', ...files.slice(0, 4), '--mapping', written('bare.json', JSON.stringify({ entities: {} }))],
    /the mapping has no `database`/,
  ],
  [
    'a mapping that is not YAML',
    () => ['plan', ...files.slice(0, 4), '--mapping', written('not.yaml', '{')],
    /not\.yaml:1:2: the mapping is not YAML/,
  ],
  [
    'policies that do not parse',
    () => ['plan', '--policies', written('bad.cedar', 'permit('), ...files.slice(2)],
    /bad\.cedar:1:8: /,
  ],
  [
    'policies that the schema forbids',
    () => [
      'plan',
      '--policies',
      written('wrong.cedar', 'permit(principal, action, resource) when { resource.nothing == 1 };'),
      ...files.slice(2),
    ],
    /wrong\.cedar:1:\d+: policy policy0: /,
  ],
  [
    'an action that the schema has not',
    () => [
      'plan',
      ...files.slice(0, 4),
      '--mapping',
      written(
        'verbs.json',
        JSON.stringify({ ...SHOP_MAPPING, database: { verbs: { raed: { verb: 'select' } } } }),
      ),
    ],
    /database\.verbs\.raed: the schema has no such action; did you mean `read`\?/,
  ],
  [
    'a key that is too short',
    () => [
      'apply',
      ...files,
      '--database',
      `file:${file('url')}`,
      '--key',
      `file:${written('short', 'short')}`,
    ],
    /the key for principals has 5 bytes, 32 is the least/,
  ],
]

/** The same as files and options, in one configuration; `change` is added to the section. */
function configured(name: string, url: string, change = ''): string {
  return written(
    name,
    `security:
  authorization:
    policy:
      policies: ${file('shop.cedar')}
      schema: ${file('shop.cedarschema')}
      mapping: ${file('mapping.json')}
      database:
        url: "${url}"
        key: "file:${file('key')}"
${change}`,
  )
}

function written(name: string, text: string): string {
  writeFileSync(file(name), text)
  return file(name)
}

for (const [name, argv, want] of broken) {
  test(`a mistake says what to do: ${name}`, async (context) => {
    if (argv()[0] === 'apply' && scene === undefined)
      return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const { code, err } = await type(...argv())
    assert.equal(code, 2, err)
    assert.match(err, want)
    assert.doesNotMatch(err, /hunter2/)
  })
}

test('a database that does not answer is named without its password', async () => {
  const url = written('dead', 'postgres://u:hunter2@127.0.0.1:1/x')
  const { code, err } = await type('verify', ...files, '--database', `file:${url}`)
  assert.equal(code, 2)
  assert.match(err, /cannot connect to the database of file:.*ECONNREFUSED/)
  assert.doesNotMatch(err, /hunter2/)
})

test('verify finds what is missing, apply makes it so, and verify finds what was changed since', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const database = ['--database', `file:${file('url')}`]
  const before = await type('verify', ...files, ...database)
  assert.equal(before.code, 1)
  assert.match(before.out, /missing {2}role rw_\w+_reader, the reader/)
  const rehearsed = await type('apply', ...files, ...database, '--key', `file:${file('key')}`, '--dry-run')
  assert.deepEqual([rehearsed.code, /all is rolled back/.test(rehearsed.out)], [0, true])
  const applied = await type('apply', ...files, ...database, '--key', `file:${file('key')}`)
  assert.deepEqual([applied.code, /are in force/.test(applied.out)], [0, true])
  const verified = await type('verify', ...files, ...database)
  assert.deepEqual([verified.code, verified.out.startsWith('the database is as planned; ')], [0, true])
  await scene.admin.query(`GRANT DELETE ON documents TO ${scene.prefix}_reader`)
  const drifted = await type('verify', ...files, ...database)
  assert.equal(drifted.code, 1)
  assert.match(
    drifted.out,
    /extra {4}rw_\w+_reader: DELETE on table public\.documents\n {9}REVOKE DELETE ON "public"\."documents" FROM "rw_\w+_reader"/,
  )
  assert.match((await type('verify', ...files, ...database, '--json')).out, /"kind": "attempt"/)
  assert.ok(existsSync(file('key')))
})

test('everything comes from the configuration, and an option takes the place of its key', async (context) => {
  if (scene === undefined) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const config = ['--config', configured('ringwall.yaml', `file:${file('url')}`)]
  assert.match((await type('plan', ...config)).out, /CREATE POLICY "ringwall_update"/)
  const applied = await type('apply', ...config)
  assert.deepEqual([applied.code, /are in force/.test(applied.out)], [0, true], applied.err)
  const verified = await type('verify', ...config)
  assert.deepEqual([verified.code, verified.out.startsWith('the database is as planned; ')], [0, true])
  assert.equal((await type('drift', ...config)).out, 'the database is as planned; nothing was tried\n')
  await scene.admin.query(
    'CREATE VIEW everything AS SELECT * FROM users; GRANT SELECT ON everything TO PUBLIC',
  )
  const drifted = await type('drift', ...config)
  assert.equal(drifted.code, 1)
  assert.match(
    drifted.out,
    /weak {5}view public\.everything is open to the application: [^]*\n {9}view-past-rls: a view reads[^]*\n {9}ALTER VIEW "public"\."everything" SET \(security_invoker = true\)/,
  )
  await scene.admin.query('DROP VIEW everything')
  const fewer = [
    '--policies',
    written('fewer.cedar', 'permit (principal, action == Action::"read", resource);'),
  ]
  assert.doesNotMatch((await type('plan', ...config, ...fewer)).out, /CREATE POLICY "ringwall_update"/)
  const elsewhere = await type('drift', ...config, '--database', 'env:RINGWALL_NO_SUCH')
  assert.deepEqual([elsewhere.code, /RINGWALL_NO_SUCH is not set/.test(elsewhere.err)], [2, true])
  assert.match((await type('plan', ...config, '--server', 'mariadb')).out, /DELIMITER \/\//)
})

test('a configuration that does not fit the schema is told by its line, whatever the command', async () => {
  const verbs = '        verbs:\n          raed: { verb: select }\n'
  const { code, err } = await type('plan', '--config', configured('wrong.yaml', 'env', verbs))
  assert.equal(code, 2)
  assert.match(err, /wrong\.yaml:8:14: security\.authorization\.policy\.database\.url: must be a reference/)
  const named = await type('plan', '--config', configured('wrong.yaml', '${env:X}', verbs))
  assert.match(
    named.err,
    /wrong\.yaml:11:11: security\.authorization\.policy\.database\.verbs\.raed: [^]*did you mean `read`/,
  )
  const none = await type('drift', ...files)
  assert.match(
    none.err,
    /name its URL with --database env:NAME, or in security\.authorization\.policy\.database\.url/,
  )
})

test('on MariaDB: plan, apply, verify by reading and trying, and drift', async (context) => {
  const mariadb = await leaseMariadb()
  if (mariadb === undefined) return notHere(context, 'MariaDB', 'apt-get install mariadb-server')
  try {
    writeFileSync(file('mariadb.json'), JSON.stringify(mariadb.mapping))
    writeFileSync(file('mariadb-url'), mariadb.url)
    const section = `        server: mariadb\n        home: ${mariadb.home}\n`
    const config = ['--config', configured('mariadb.yaml', `file:${file('mariadb-url')}`, section)]
    const from = ['--mapping', file('mariadb.json')]
    const before = await type('verify', ...config, ...from)
    assert.equal(before.code, 1, before.err)
    assert.match(
      before.out,
      /missing {2}account rwr_\w+, the reader\n[^]*4 findings; 0 statements were tried/,
    )
    const rehearsed = await type('apply', ...config, ...from, '--dry-run')
    assert.match(rehearsed.err, /there is no dry run; read them with `ringwall db plan`/)
    const applied = await type('apply', ...config, ...from)
    assert.deepEqual([applied.code, /are in force/.test(applied.out)], [0, true], applied.err)
    const verified = await type('verify', ...config, ...from)
    assert.match(verified.out, /^the database is as planned; \d{3} statements were tried\n$/)
    await mariadb.query(`GRANT DELETE ON ${mariadb.data}.users TO '${mariadb.roles.writer}'@'%'`)
    const drifted = await type('drift', ...config, ...from)
    assert.equal(drifted.code, 1)
    assert.match(drifted.out, /^extra {4}rww_\w+: DELETE on table rw_\w+\.users\n {9}REVOKE DELETE ON `rw_/)
    const tried = await type('verify', ...config, ...from, '--json')
    assert.match(tried.out, /rww_\w+ must be refused, and is not: DELETE FROM `rw_\w+`\.`users` WHERE FALSE/)
  } finally {
    await mariadb.release()
  }
})

test('the file of a MariaDB plan is what its client runs', async (context) => {
  const mariadb = await leaseMariadb()
  if (mariadb === undefined) return notHere(context, 'MariaDB', 'apt-get install mariadb-server')
  try {
    writeFileSync(file('client.json'), JSON.stringify(mariadb.mapping))
    const section = `        server: mariadb\n        home: ${mariadb.home}\n`
    const config = ['--config', configured('client.yaml', '${env:X}', section)]
    const made = await type(
      'plan',
      ...config,
      '--mapping',
      file('client.json'),
      '--output',
      file('mariadb.sql'),
    )
    assert.equal(made.code, 0, made.err)
    const { status, stderr } = spawnSync('mariadb', ['-uroot', '--socket=/run/mysqld/mysqld.sock'], {
      input: readFileSync(file('mariadb.sql')),
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.deepEqual(await findMariadbDrift(mariadb.query, mariadb.plan), [])
  } finally {
    await mariadb.release()
  }
})
