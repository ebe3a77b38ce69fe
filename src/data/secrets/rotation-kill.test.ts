// A rotation that is killed with SIGKILL at every step, twice: when its work is done but not on disk, and when it is on disk. After each kill
// the secret that stands in its place signs in, the old one too until it is retired, and the next process takes it up.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, type TestContext } from 'node:test'

import { Client } from 'pg'

import { notHere } from '../../store/testing.ts'
import { leasePostgresRoles } from './roles/testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-rotation-kill-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const at = (file: string): string => JSON.stringify(join(import.meta.dirname, file))

/** A process that rotates, and kills itself the moment that it is told to. */
const script = (admin: string, roles: readonly string[], secret: string): string => `
import { appendFileSync } from 'node:fs'
import { systemClock, systemRandom } from ${at('../../core/clock.ts')}
import { Secret } from ${at('../../core/secret.ts')}
import { openKeyring } from ${at('../keyring.ts')}
import { fileProvider } from ${at('file-provider.ts')}
import { postgresDriver } from ${at('postgres-driver.ts')}
import { parseReference } from ${at('reference.ts')}
import { RotationJournal } from ${at('rotation-journal.ts')}
import { providerTarget } from ${at('rotation-target.ts')}
import { SecretRotation } from ${at('secret-rotation.ts')}

const [moment, step] = process.argv.slice(2)
const die = () => process.kill(process.pid, 'SIGKILL')
const keyring = openKeyring(${JSON.stringify(join(directory, 'keyring.json'))}, systemClock)
const journal = new RotationJournal(${JSON.stringify(join(directory, 'rotations'))}, keyring, systemRandom)
const write = journal.write.bind(journal)
journal.write = (name, entry) => {
  write(name, entry)
  if (moment === 'written' && entry.step === step) die()
}
const rotation = new SecretRotation({
  name: 'db',
  driver: postgresDriver({ admin: new Secret(${JSON.stringify(admin)}), roles: ${JSON.stringify(roles)}, random: systemRandom }),
  target: providerTarget(fileProvider(), parseReference(${JSON.stringify(`file:${secret}`)})),
  journal,
  clock: systemClock,
  random: systemRandom,
  overlapMs: 0,
  record: async (reached) => {
    appendFileSync(${JSON.stringify(join(directory, 'audit'))}, reached + '\\n')
    if (moment === 'recorded' && reached === step) die()
  },
})
for (;;) {
  const state = await rotation.advance()
  if (state.step === 'retired') break
}
`

async function signsIn(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url }).on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

test('killed eleven times on its way, a rotation arrives, and there is no moment without a value that works', async (t: TestContext) => {
  const lease = await leasePostgresRoles(2)
  if (!lease) return notHere(t, 'PostgreSQL', 'apt-get install postgresql')
  t.after(() => lease.release())
  const secret = join(directory, 'secret')
  const old = lease.url.reveal()
  writeFileSync(secret, old, { mode: 0o600 })
  const file = join(directory, 'rotate.ts')
  writeFileSync(file, script(lease.admin.reveal(), lease.roles, secret))
  const run = async (...args: readonly string[]): Promise<NodeJS.Signals | number | null> => {
    const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return signal ?? code
  }
  const steps = ['created', 'set', 'tested', 'promoted', 'retired']
  const kills = [
    ['written', 'started'],
    ...steps.flatMap((step) => [
      ['recorded', step],
      ['written', step],
    ]),
  ]
  for (const [moment = '', step = ''] of kills) {
    assert.equal(await run(moment, step), 'SIGKILL', `${moment} ${step}`)
    assert.ok(
      await signsIn(readFileSync(secret, 'utf8').trim()),
      `the secret in its place works after ${moment} ${step}`,
    )
    if (step !== 'retired') assert.ok(await signsIn(old), `the old one works after ${moment} ${step}`)
  }
  assert.ok(!(await signsIn(old)))
  // The last kill came when everything was on disk: nothing is left to do, and each step was recorded, some of them twice.
  const audit = readFileSync(join(directory, 'audit'), 'utf8').trim().split('\n')
  assert.deepEqual([...new Set(audit)], steps)
  assert.deepEqual(
    audit,
    steps.flatMap((step) => [step, step]),
  )
})
