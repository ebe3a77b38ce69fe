// `ringwall key` and `ringwall data` on a real keyring and a real database, in this process; test/e2e/data-rotation.test.ts kills them.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { after } from 'node:test'

import { systemClock, systemRandom } from '../../core/clock.ts'
import {
  createDataKeyTable,
  declareColumns,
  FIELDS_SCOPE,
  keyringWrapper,
  openDataKeys,
  openKeyring,
  readMapping,
  sqlDataKeyStore,
  sqliteSession,
} from '../../data/index.ts'
import { main } from '../main.ts'

const cwd = mkdtempSync(join(tmpdir(), 'ringwall-cli-data-'))
after(() => rmSync(cwd, { recursive: true, force: true }))
const config = join(cwd, 'security_config.yaml')
const app = join(cwd, 'app.sqlite')
writeFileSync(config, `store: { directory: ${join(cwd, 'state')} }\n`)
process.env['RINGWALL_TEST_APP'] = app
after(() => delete process.env['RINGWALL_TEST_APP'])
const mapping = join(cwd, 'columns.json')
writeFileSync(
  mapping,
  JSON.stringify({
    tables: {
      users: {
        key: 'id',
        columns: {
          email: { type: 'string', indexes: { email_eq: { kind: 'equality', normalize: ['casefold'] } } },
        },
      },
    },
  }),
)

async function ringwall(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const code = await main([...args, '-c', config], {
    isColored: false,
    isClosed: false,
    out: (text) => void (out += `${text}\n`),
    error: (text) => void (err += `${text}\n`),
  })
  return { code, out, err }
}

test('keys are rotated, wrapped anew, and every value is written under new ones', async () => {
  const keyring = openKeyring(join(cwd, 'state', 'keyring.json'), systemClock)
  const connection = new DatabaseSync(app)
  const session = sqliteSession(connection)
  await createDataKeyTable(session)
  const keys = await openDataKeys({
    store: sqlDataKeyStore(session),
    wrappers: [keyringWrapper(keyring, systemRandom)],
  })
  const users = declareColumns(readMapping(mapping).tables, keys).table('users')
  connection.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, email_eq TEXT)')
  for (let id = 1; id <= 50; id++) {
    const row = users.encryptRow({ id, email: `user${id}@example.com` })
    await session.run('INSERT INTO users VALUES (?, ?, ?)', [
      id,
      row['email'] as string,
      row['email_eq'] as string,
    ])
  }

  const before = keyring.current('field').id
  const rotated = await ringwall('key', 'rotate', 'field')
  assert.equal(rotated.code, 0, rotated.err)
  assert.match(rotated.out, new RegExp(`is the current key; ${before} still reads`))
  assert.match(
    (await ringwall('data', 'rewrap', mapping, '-d', 'env:RINGWALL_TEST_APP')).out,
    /^2 data keys wrapped anew/,
  )
  assert.match((await ringwall('data', 'rewrap', mapping, '-d', app)).out, /^0 data keys/)
  const refused = await ringwall('key', 'retire', 'field', '--id', before)
  assert.equal(refused.code, 2)
  assert.match(refused.err, /run `ringwall data rewrap` for every mapping first/)
  assert.equal((await ringwall('key', 'retire', 'field', '--id', before, '--dangerously-unchecked')).code, 0)
  assert.match(
    (await ringwall('audit', 'query', '--kind', 'data.key-rotated', '--json')).out,
    new RegExp(before),
  )

  const status = await ringwall('data', 'status', mapping, '-d', app)
  assert.match(status.out, /users\.email +50 +0\n/)
  const first = keys.current(FIELDS_SCOPE).id
  const done = await ringwall('data', 'rotate', mapping, '-d', app, '--grace', '0s', '--retire')
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /users\.email: 50 rewritten, 0 overtaken by writers, 0 left/)
  assert.match(done.out, new RegExp(`${first}: forgotten`))

  const rows = (await session.run('SELECT * FROM users ORDER BY id')).rows
  const fresh = await openDataKeys({
    store: sqlDataKeyStore(session),
    wrappers: [keyringWrapper(openKeyring(join(cwd, 'state', 'keyring.json'), systemClock), systemRandom)],
  })
  const read = declareColumns(readMapping(mapping).tables, fresh).table('users')
  assert.deepEqual(
    rows.map((row) => read.decryptRow(row)['email']),
    Array.from({ length: 50 }, (_, i) => `user${i + 1}@example.com`),
  )
  assert.ok(!readFileSync(app).includes('user7@example.com'))
  connection.close()
})

test('a value that somebody altered stops the proof, is named, and ends with 1', async () => {
  const connection = new DatabaseSync(app)
  connection.exec("UPDATE users SET email = 'plain' WHERE id = 3")
  connection.close()
  const run = await ringwall('data', 'rotate', mapping, '-d', app, '--grace', '0s', '--json')
  assert.equal(run.code, 1)
  const report = JSON.parse(run.out) as { remaining: number; refused: unknown[] }
  assert.equal(report.remaining, 1)
  assert.deepEqual(report.refused, [{ at: 'users.email', key: ['3'], reason: 'not-encrypted' }])
  assert.match(run.err, /refused: users\.email of row 3: not-encrypted/)
})

for (const { name, args, want } of [
  { name: 'an unknown purpose', args: ['key', 'rotate', 'fields'], want: /there is assertion, pepper/ },
  { name: 'no database', args: ['data', 'status', mapping], want: /--database/ },
  {
    name: 'a password on the command line',
    args: ['data', 'status', mapping, '-d', 'postgres://a:b@127.0.0.1/x'],
    want: /can be read by everybody/,
  },
  {
    name: 'a variable that is not set',
    args: ['data', 'status', mapping, '-d', 'env:NO_SUCH'],
    want: /NO_SUCH is not set/,
  },
  {
    name: 'a mapping that is not there',
    args: ['data', 'status', 'nothing.json', '-d', 'x'],
    want: /cannot read the mapping/,
  },
  {
    name: 'a batch of none',
    args: ['data', 'rotate', mapping, '-d', app, '--batch', '0'],
    want: /not a number of rows/,
  },
]) {
  test(`misuse is told: ${name}`, async () => {
    const { code, err } = await ringwall(...args)
    assert.equal(code, 2)
    assert.match(err, want)
  })
}

test('a mapping with mistakes is refused with all of them', async () => {
  const wrong = join(cwd, 'wrong.json')
  writeFileSync(
    wrong,
    JSON.stringify({ tables: { users: { key: 'id', columns: { email: { type: 'text', index: 1 } } } } }),
  )
  const { code, err } = await ringwall('data', 'status', wrong, '-d', app)
  assert.equal(code, 2)
  assert.match(err, /tables\.users\.columns\.email\.type: is no type of a column.*index/)
})

test('a keyring with old keys says which are due', async () => {
  const file = join(cwd, 'state', 'keyring.json')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"created_ms": \d+/g, '"created_ms": 1'))
  const { code, out } = await ringwall('key', 'status')
  assert.equal(code, 1)
  assert.match(out, /pepper +\S+ +\d+ d +due \(older than 90 days\)/)
})
