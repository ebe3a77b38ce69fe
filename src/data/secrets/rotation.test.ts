// Rotations on real servers: PostgreSQL, MariaDB, Redis, a keyring, a program. Killed ones are in test/secret-kill.test.ts.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, type TestContext } from 'node:test'

import { Redis } from 'ioredis'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'

import { ManualClock, systemRandom } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { notHere, startRedis } from '../../store/testing.ts'
import { openKeyring } from '../keyring.ts'
import { commandDriver, type RunProgram } from './command-driver.ts'
import { credentialOf } from './credential.ts'
import { nativePasswordHash, scramVerifier } from './database-password.ts'
import { fileProvider } from './file-provider.ts'
import { keyringDriver, keyringTarget } from './keyring-driver.ts'
import { mariadbDriver } from './mariadb-driver.ts'
import { postgresDriver } from './postgres-driver.ts'
import { redisDriver } from './redis-driver.ts'
import { parseReference, type SecretReference } from './reference.ts'
import type { RotationDriver, RotationTarget } from './rotation-driver.ts'
import { RotationJournal } from './rotation-journal.ts'
import { providerTarget } from './rotation-target.ts'
import { SecretRotation } from './secret-rotation.ts'
import { leaseMysqlUsers, leasePostgresRoles } from './roles/testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-rotate-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const clock = new ManualClock(Date.now())
const keyring = openKeyring(join(directory, 'keyring.json'), clock)
const journal = new RotationJournal(join(directory, 'rotations'), keyring, systemRandom)
const OVERLAP_MS = 60_000

let files = 0
/** A rotation of a secret in a file, and what was recorded. */
function rotationOf(driver: RotationDriver, value: string, target?: RotationTarget) {
  const file = join(directory, `secret-${++files}`)
  writeFileSync(file, value, { mode: 0o600 })
  const recorded: string[] = []
  const rotation = new SecretRotation({
    name: `r${files}`,
    driver,
    target: target ?? providerTarget(fileProvider(), parseReference(`file:${file}`) as SecretReference),
    journal,
    clock,
    random: systemRandom,
    overlapMs: OVERLAP_MS,
    record: async (step, facts) => void recorded.push([step, facts['reason']].filter(Boolean).join(' ')),
  })
  return {
    rotation,
    recorded,
    now: () => new Secret(readFileSync(file, 'utf8').trim()),
    put: (text: string) => writeFileSync(file, text),
    journalText: () => readFileSync(join(directory, 'rotations', `r${files}.json`), 'utf8'),
  }
}

const FORWARD = ['created', 'set', 'tested', 'promoted', 'retired']

async function postgresSignsIn(secret: Secret): Promise<boolean> {
  const client = new Client({ connectionString: secret.reveal() })
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

test('PostgreSQL: two roles take turns, both work until the overlap is over and nobody is left, then one', async (t: TestContext) => {
  const lease = await leasePostgresRoles(2)
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  t.after(() => lease.release())
  const { rotation, recorded, now, journalText } = rotationOf(
    postgresDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom }),
    lease.url.reveal(),
  )
  const old = now()
  const holder = new Client({ connectionString: old.reveal() }).on('error', () => undefined)
  await holder.connect()
  t.after(() => holder.end())

  const promoted = await rotation.advance()
  assert.equal(promoted.step, 'promoted')
  assert.equal(promoted.retireFromMs, clock.now() + OVERLAP_MS)
  assert.deepEqual([promoted.facts['old'], promoted.facts['new']], lease.roles)
  assert.equal(credentialOf(now()).user, lease.roles[1])
  assert.deepEqual([await postgresSignsIn(old), await postgresSignsIn(now())], [true, true])
  for (const value of [old, now()]) assert.ok(!journalText().includes(credentialOf(value).password))

  assert.equal((await rotation.advance()).step, 'promoted', 'the overlap is not over')
  clock.advance(OVERLAP_MS)
  const held = await rotation.advance()
  assert.deepEqual([held.step, held.holders], ['promoted', 1])
  await holder.end()
  for (let i = 0; i < 50 && rotation.state()?.step !== 'retired'; i++) await rotation.advance()
  assert.equal(rotation.state()?.step, 'retired')
  assert.deepEqual([await postgresSignsIn(old), await postgresSignsIn(now())], [false, true])
  assert.deepEqual(recorded, FORWARD)
  assert.ok(!/"before"|"candidate"/.test(journalText()))

  // The way back goes the same way.
  await rotation.advance()
  assert.equal(credentialOf(now()).user, lease.roles[0])
})

test('PostgreSQL: one role keeps its sessions, and a rollback before and after the promotion gives the old password back', async (t: TestContext) => {
  const lease = await leasePostgresRoles(1)
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  t.after(() => lease.release())
  const driver = postgresDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom })
  const { rotation, recorded, now } = rotationOf(driver, lease.url.reveal())
  const old = now()
  assert.equal((await rotation.advance()).step, 'promoted')
  const next = now()
  assert.deepEqual([await postgresSignsIn(old), await postgresSignsIn(next)], [false, true])
  assert.equal((await rotation.rollBack()).step, 'restored')
  assert.deepEqual([await postgresSignsIn(old), await postgresSignsIn(next)], [true, false])
  assert.equal(now().reveal(), old.reveal())
  clock.advance(OVERLAP_MS)
  assert.equal((await rotation.advance()).step, 'rolled-back')
  assert.ok(await postgresSignsIn(old))
  assert.deepEqual(recorded, ['created', 'set', 'tested', 'promoted', 'restored', 'rolled-back'])
})

test('PostgreSQL: a role that is not there, or a secret of another role, is told before anything changes', async (t: TestContext) => {
  const lease = await leasePostgresRoles(1)
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  t.after(() => lease.release())
  const wrong = (roles: readonly string[]) =>
    rotationOf(postgresDriver({ admin: lease.admin, roles, random: systemRandom }), lease.url.reveal())
  const missing = wrong([lease.roles[0] as string, 'ringwall_nobody'])
  await assert.rejects(missing.rotation.advance(), /no role `ringwall_nobody`; make it: CREATE ROLE/)
  assert.equal(missing.now().reveal(), lease.url.reveal())
  await assert.rejects(wrong(['a', 'b']).rotation.advance(), /not among a and b/)
  assert.equal((await missing.rotation.rollBack()).step, 'rolled-back')
})

test('what PostgreSQL stores is computed here as RFC 7677 does (its example: user, pencil)', () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
  const [, , keys = ''] = scramVerifier('pencil', salt).split('$')
  assert.equal(
    keys,
    'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  )
  assert.equal(nativePasswordHash('password'), '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19')
})

test('a new value that does not work is taken back at once, and the old one was never touched', async (t: TestContext) => {
  const lease = await leasePostgresRoles(2)
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  t.after(() => lease.release())
  const driver = postgresDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom })
  const { rotation, recorded, now } = rotationOf(driver, lease.url.reveal())
  await lease.run(`ALTER ROLE "${lease.roles[1]}" CONNECTION LIMIT 0`)
  await assert.rejects(rotation.advance(), {
    code: 'secret.test-failed',
    message: /was taken back; the old one is in use/,
  })
  assert.equal(now().reveal(), lease.url.reveal())
  assert.ok(await postgresSignsIn(lease.url))
  assert.deepEqual(
    recorded.map((line) => line.split(' ')[0]),
    ['created', 'set', 'failed', 'rolled-back'],
  )
  assert.ok(!recorded.join().includes(credentialOf(lease.url).password))
  await lease.run(`ALTER ROLE "${lease.roles[1]}" CONNECTION LIMIT -1`)
  assert.equal((await rotation.advance()).step, 'promoted')
})

test('a secret that somebody changed meanwhile is not overwritten', async (t: TestContext) => {
  const lease = await leasePostgresRoles(2)
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  t.after(() => lease.release())
  const driver = postgresDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom })
  const { rotation, now, put } = rotationOf(
    {
      ...driver,
      test: async (candidate) => (await driver.test(candidate), put('postgres://somebody:else@127.0.0.1/x')),
    },
    lease.url.reveal(),
  )
  await assert.rejects(rotation.advance(), { code: 'secret.changed' })
  assert.match(now().reveal(), /somebody:else/)
  assert.equal((await rotation.rollBack()).step, 'rolled-back')
})

test('MariaDB: two users take turns, the old one is locked when nobody is left', async (t: TestContext) => {
  const lease = await leaseMysqlUsers()
  if (!lease) return notHere(t, 'MariaDB', 'apt-get install mariadb-server')
  t.after(() => lease.release())
  const { rotation, recorded, now } = rotationOf(
    mariadbDriver({ admin: lease.admin, roles: lease.roles, random: systemRandom }),
    lease.url.reveal(),
  )
  const signsIn = async (secret: Secret): Promise<boolean> => {
    try {
      await (await createConnection(secret.reveal())).end()
      return true
    } catch {
      return false
    }
  }
  const old = now()
  const holder = await createConnection(old.reveal())
  assert.equal((await rotation.advance()).step, 'promoted')
  assert.equal(credentialOf(now()).user, lease.roles[1])
  assert.deepEqual([await signsIn(old), await signsIn(now())], [true, true])
  clock.advance(OVERLAP_MS)
  assert.equal((await rotation.advance()).holders, 1)
  await holder.end()
  for (let i = 0; i < 50 && rotation.state()?.step !== 'retired'; i++) await rotation.advance()
  assert.deepEqual([await signsIn(old), await signsIn(now())], [false, true])
  assert.deepEqual(recorded, FORWARD)
})

test('Redis: a user has both passwords until the overlap is over', async (t: TestContext) => {
  const server = await startRedis()
  if (!server) return notHere(t, 'Redis', 'apt-get install redis-server')
  t.after(() => server.release())
  const root = new Redis(server.url.reveal())
  await root.call('ACL', 'SETUSER', 'app', 'on', '>first-password', '~*', '+@all')
  await root.quit()
  const notices: string[] = []
  const { rotation, recorded, now } = rotationOf(
    redisDriver({ admin: server.url, random: systemRandom, onNotice: (line) => notices.push(line) }),
    `redis://app:first-password@127.0.0.1:${server.port}`,
  )
  const signsIn = async (secret: Secret): Promise<boolean> => {
    const redis = new Redis(secret.reveal(), {
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
    })
    redis.on('error', () => undefined)
    try {
      await redis.connect()
      return (await redis.ping()) === 'PONG'
    } catch {
      return false
    } finally {
      redis.disconnect()
    }
  }
  const old = now()
  assert.equal((await rotation.advance()).step, 'promoted')
  assert.notEqual(now().reveal(), old.reveal())
  assert.deepEqual([await signsIn(old), await signsIn(now())], [true, true])
  assert.match(notices[0] ?? '', /no ACL file/)
  clock.advance(OVERLAP_MS)
  assert.equal((await rotation.advance()).step, 'retired')
  assert.deepEqual([await signsIn(old), await signsIn(now())], [false, true])
  assert.deepEqual(recorded, FORWARD)
  const next = now()
  await rotation.advance()
  assert.equal((await rotation.rollBack()).step, 'restored')
  clock.advance(OVERLAP_MS)
  assert.equal((await rotation.advance()).step, 'rolled-back')
  assert.equal(now().reveal(), next.reveal())
  assert.ok(await signsIn(next))
})

test('a signing key: both verify during the overlap, and what makes long-lived things is never removed', async () => {
  for (const purpose of ['assertion', 'field'] as const) {
    const before = keyring.current(purpose).id
    const { rotation } = rotationOf(
      keyringDriver(keyring, purpose),
      'unused',
      keyringTarget(keyring, purpose),
    )
    assert.equal((await rotation.advance()).step, 'promoted')
    assert.notEqual(keyring.current(purpose).id, before)
    assert.ok(keyring.find(purpose, before))
    clock.advance(OVERLAP_MS)
    assert.equal((await rotation.advance()).step, 'retired')
    assert.equal(keyring.find(purpose, before) === undefined, purpose === 'assertion')
  }
})

const run: RunProgram = async (command, input) => {
  const child = spawn(command[0] as string, command.slice(1))
  let [out, error] = ['', '']
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (error += data.toString()))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, error }
}

test('an API key by a program: each step as JSON on its standard input, and its complaints without the values', async () => {
  const log = join(directory, 'steps.jsonl')
  const script = `
const input = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
require('node:fs').appendFileSync(${JSON.stringify(log)}, JSON.stringify(input) + '\\n')
if (input.step === 'create') console.log(JSON.stringify({ value: 'key-of-' + input.rotation }))
if (input.step === 'holders') console.log('{"holders": 0}')
if (input.step === 'retire' && input.value === 'key-that-stays') { console.error('cannot remove ' + input.value); process.exit(3) }`
  const command = [process.execPath, '-e', script]
  const { rotation, now } = rotationOf(commandDriver(command, run), 'key-one')
  await rotation.advance()
  assert.match(now().reveal(), /^key-of-/)
  clock.advance(OVERLAP_MS)
  assert.equal((await rotation.advance()).step, 'retired')
  const steps = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { step: string }).step)
  assert.deepEqual(steps, ['create', 'set', 'test', 'holders', 'retire'])
  const stubborn = rotationOf(commandDriver(command, run), 'key-that-stays')
  await stubborn.rotation.advance()
  clock.advance(OVERLAP_MS)
  await assert.rejects(stubborn.rotation.advance(), (error: Error) => {
    assert.match(error.message, /ended with 3 at retire: cannot remove \[secret\]/)
    return true
  })
})

test('two processes do not work on one rotation, and a lock of a dead one does not stand in the way', () => {
  const unlock = journal.lock('held')
  assert.throws(() => journal.lock('held'), { code: 'secret.rotation-runs' })
  unlock()
  const child = spawn(process.execPath, ['-e', ''])
  writeFileSync(join(directory, 'rotations', 'held.json.lock'), String(2 ** 22 - 1))
  journal.lock('held')()
  child.kill()
})
