// The cache, with a provider that is a real file or the Vault of testing.ts: up, down, slow, changed, denied.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { ManualClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { openSecrets } from './open-secrets.ts'
import type { Secrets } from './secrets.ts'
import { startVault } from './testing.ts'

const clock = new ManualClock(Date.UTC(2026, 0, 1))
const vault = await startVault(() => clock.now())
after(() => vault.close())
const directory = mkdtempSync(join(tmpdir(), 'ringwall-secrets-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const KEY = 'vault:secret/app#key'
const notices: string[] = []

function open(more: Readonly<Record<string, string>> = {}): Secrets {
  vault.mood = 'well'
  vault.tokens.set('hvs.root', { endMs: Infinity, maxMs: Infinity })
  vault.secrets.clear()
  put('value-one')
  vault.asked.length = 0
  notices.length = 0
  return openSecrets(
    {
      cache_ttl: 60_000,
      max_stale: 600_000,
      vault: {
        address: vault.url,
        dangerously_allow_http: true,
        approle: { role_id: 'role', secret_id: new Secret('right'), mount: 'approle' },
      },
    },
    { clock, env: { HERE: 'from-the-environment', ...more }, onNotice: (line) => notices.push(line) },
  )
}

function put(value: string): void {
  const versions = vault.secrets.get('app') ?? []
  versions.push({ data: { key: value, other: 'o' }, created: new Date(clock.now()).toISOString() })
  vault.secrets.set('app', versions)
}

const reads = (): number => vault.asked.filter((one) => one.startsWith('GET secret/')).length
const value = async (secrets: Secrets, reference = KEY): Promise<string> =>
  (await secrets.get(reference)).reveal()

test('a hundred at once cause one read, and until the time is over nobody causes another', async () => {
  const secrets = open()
  const all = await Promise.all(Array.from({ length: 100 }, () => value(secrets)))
  assert.deepEqual(new Set(all), new Set(['value-one']))
  assert.equal(reads(), 1)
  put('value-two')
  clock.advance(59_000)
  assert.equal(await value(secrets), 'value-one')
  assert.equal(reads(), 1)
  clock.advance(1000)
  assert.equal(await value(secrets), 'value-two')
  assert.equal(reads(), 2)
  assert.deepEqual(notices, [`the secret ${KEY} has a new value`])
})

test('the same value stays the same object', async () => {
  const secrets = open()
  const first = await secrets.get(KEY)
  clock.advance(60_000)
  assert.equal(await secrets.get(KEY), first)
  assert.equal(reads(), 2)
})

test('while the provider is away the last value serves on, for ten minutes and with one alarm, then it is refused', async () => {
  const secrets = open()
  await value(secrets)
  for (const mood of ['down', 'failing'] as const) {
    vault.mood = mood
    clock.advance(60_000)
    assert.equal(await value(secrets), 'value-one')
  }
  assert.equal(notices.length, 1)
  assert.match(notices[0] ?? '', /^ALARM: .*serves on for a time/)
  clock.advance(480_000)
  assert.equal(await value(secrets), 'value-one')
  clock.advance(1)
  await assert.rejects(secrets.get(KEY), { code: 'secret.unreachable', message: /600 s is the most/ })
  vault.mood = 'well'
  clock.advance(5000)
  assert.equal(await value(secrets), 'value-one')
  assert.match(notices.at(-1) ?? '', /is read again/)
})

test('what the provider no longer has or no longer gives is not served for one more moment', async () => {
  const secrets = open()
  await value(secrets)
  vault.secrets.delete('app')
  clock.advance(60_000)
  await assert.rejects(secrets.get(KEY), { code: 'secret.absent' })
  assert.match(notices[0] ?? '', /^ALARM: .*is refused/)
  put('back')
  clock.advance(5000)
  assert.equal(await value(secrets), 'back')
})

test('a failure is remembered for five seconds, so that a dead provider is asked rarely', async () => {
  const secrets = open()
  vault.secrets.clear()
  for (let i = 0; i < 50; i++) await assert.rejects(secrets.get(KEY), { code: 'secret.absent' })
  assert.equal(reads(), 1)
  clock.advance(5000)
  await assert.rejects(secrets.get(KEY))
  assert.equal(reads(), 2)
})

test('after a refusal of the other side the value is read anew, by all who were refused together once', async () => {
  const secrets = open()
  const old = await secrets.get(KEY)
  put('value-two')
  const fresh = await Promise.all(Array.from({ length: 50 }, () => secrets.refresh(KEY, old)))
  assert.deepEqual(new Set(fresh.map((one) => one.reveal())), new Set(['value-two']))
  assert.equal(reads(), 2)
  // Who comes late with the old one gets what is there.
  assert.equal((await secrets.refresh(KEY, old)).reveal(), 'value-two')
  assert.equal(reads(), 2)
  clock.advance(200)
  const same = fresh[0] as Secret
  assert.equal(await secrets.refresh(KEY, same), same)
  for (let i = 0; i < 20; i++) await secrets.refresh(KEY, same)
  assert.equal(reads(), 3)
})

test('a file that changes is noticed within a second', async () => {
  const secrets = open()
  const file = join(directory, 'key')
  writeFileSync(file, 'one', { mode: 0o600 })
  assert.equal(await value(secrets, `file:${file}`), 'one')
  writeFileSync(file, 'two-two')
  assert.equal(await value(secrets, `file:${file}`), 'one')
  clock.advance(1000)
  assert.equal(await value(secrets, `file:${file}`), 'two-two')
})

test('all that is missing is listed at once, each with what to do', async () => {
  const secrets = open()
  const missing = await secrets.require([
    '${env:HERE}',
    KEY,
    '${env:GONE}',
    'vault:secret/none#x',
    'vault:secret/app#nofield',
    `file:${directory}/none`,
    'age:secrets.age#A',
    'aws:name',
    'nonsense',
  ])
  assert.deepEqual(
    missing.map(({ reference, reason }) => `${reference} ${reason}`),
    [
      '${env:GONE} absent',
      'vault:secret/none#x absent',
      'vault:secret/app#nofield absent',
      `file:${directory}/none absent`,
      'age:secrets.age#A absent',
      'aws:name absent',
      'nonsense absent',
    ],
  )
  assert.match(missing[5]?.detail ?? '', /set `security\.data\.secrets\.aws`/)
  assert.match(missing[6]?.detail ?? '', /write \$\{env:NAME\}/)
})

test('a live secret follows by itself, tells who listens, and asks nobody on the way', async () => {
  const secrets = open()
  const file = join(directory, 'live')
  writeFileSync(file, 'one', { mode: 0o600 })
  const reference = `file:${file}`
  await secrets.get(reference)
  const live = secrets.live(reference)
  const told: string[] = []
  const stop = live.onChange((secret) => told.push(secret.reveal()))
  assert.equal(live.current().reveal(), 'one')
  writeFileSync(file, 'two-two')
  clock.advance(2000)
  for (let i = 0; i < 60 && told.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(told, ['two-two'])
  assert.equal(live.current().reveal(), 'two-two')
  stop()
  secrets.close()
})

test('every value that was read is masked, with the password in a URL and the fields of an object by themselves', async () => {
  const secrets = open({
    DB: 'postgres://app:p%40ssw0rd-one@db/app',
    JSON: '{"username":"appuser","password":"field-secret"}',
  })
  for (const reference of ['${env:DB}', '${env:JSON}', KEY]) await secrets.get(reference)
  for (const text of ['p%40ssw0rd-one', 'p@ssw0rd-one', 'field-secret', 'value-one'])
    assert.equal(secrets.registry.find(`x ${text} y`).length, 1, text)
  assert.equal(secrets.registry.find('appuser').length, 0)
  assert.deepEqual(
    Object.entries(await secrets.getFields('${env:JSON}')).map(([name, field]) => [
      name,
      field.reveal(),
      String(field),
    ]),
    [
      ['username', 'appuser', '[secret]'],
      ['password', 'field-secret', '[secret]'],
    ],
  )
})
