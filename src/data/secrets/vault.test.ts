// Against a server on the loopback that keeps to what the API of Vault documents: key-value engine 2, logins, leases.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { ManualClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { parseReference, type SecretReference } from './reference.ts'
import { startVault } from './testing.ts'
import type { VaultLogin } from './vault-client.ts'
import { vaultProvider } from './vault-provider.ts'

const clock = new ManualClock(Date.UTC(2026, 0, 1))
const vault = await startVault(() => clock.now())
after(() => vault.close())
const directory = mkdtempSync(join(tmpdir(), 'ringwall-vault-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const tokenFile = join(directory, 'token')
writeFileSync(tokenFile, 'service-account', { mode: 0o600 })

const APPROLE = {
  method: 'approle',
  roleId: 'role',
  secretId: new Secret('right'),
  mount: 'approle',
} as const satisfies VaultLogin

function reader(login: VaultLogin = APPROLE) {
  vault.asked.length = 0
  vault.mood = 'well'
  const provider = vaultProvider({
    address: vault.url,
    login,
    clock,
    timeoutMs: 300,
    dangerouslyAllowHttp: true,
  })
  const at = (text: string): SecretReference => parseReference(text) as SecretReference
  return {
    async read(text: string): Promise<string> {
      const found = await provider.read(at(text))
      return found.ok ? found.secret.reveal() : `${found.reason}: ${found.detail}`
    },
    async write(text: string, value: string, previous?: string): Promise<string> {
      const before = previous === undefined ? undefined : new Secret(previous)
      const done = await provider.write?.(at(text), new Secret(value), before)
      return done?.ok === true ? 'ok' : `${String(done?.reason)}: ${String(done?.detail)}`
    },
  }
}

const logins = (): number => vault.asked.filter((one) => one.endsWith('/login')).length

vault.secrets.set('app/db', [
  { data: { user: 'app', password: 'pw-1', port: 1 }, created: '2026-01-01T00:00:00.123456789Z' },
])
vault.secrets.set('one', [{ data: { value: 'only' }, created: '2026-01-01T00:00:00Z' }])

test('values are read whole, by field, and where there is one only', async () => {
  const { read } = reader()
  assert.equal(await read('vault:secret/app/db#password'), 'pw-1')
  assert.equal(await read('vault:secret/one'), 'only')
  assert.deepEqual(JSON.parse(await read('vault:secret/app/db')), { user: 'app', password: 'pw-1', port: 1 })
  assert.match(await read('vault:secret/nothing'), /^absent: .*vault kv put/)
  assert.match(await read('vault:secret/app/db#no'), /^absent: .*no field `no`/)
  assert.match(await read('vault:secret/forbidden'), /^denied: .*permission denied/)
  assert.equal(logins(), 2, 'once at first, once more since the token might have been the reason')
})

test('the service account logs in, a wrong secret id is told, and neither stands in the message', async () => {
  assert.equal(
    await reader({ method: 'kubernetes', role: 'app', tokenFile, mount: 'kubernetes' }).read(
      'vault:secret/one',
    ),
    'only',
  )
  const wrong = await reader({ ...APPROLE, secretId: new Secret('hunter2-secret-id') }).read(
    'vault:secret/one',
  )
  assert.match(wrong, /^denied: login by approle: .*invalid role or secret ID/)
  assert.ok(!wrong.includes('hunter2'))
  const gone = await reader({
    method: 'kubernetes',
    role: 'app',
    tokenFile: `${tokenFile}x`,
    mount: 'kubernetes',
  }).read('vault:secret/one')
  assert.match(gone, /^absent: .*ENOENT/)
})

test('a lease is renewed at two thirds, ends at its longest life with a new login, and many at once log in once', async () => {
  const { read } = reader()
  await Promise.all(Array.from({ length: 20 }, () => read('vault:secret/one')))
  assert.equal(logins(), 1)
  const renewals = (): number => vault.asked.filter((one) => one.endsWith('renew-self')).length
  clock.advance(399_000)
  await read('vault:secret/one')
  assert.equal(renewals(), 0)
  clock.advance(2000)
  await read('vault:secret/one')
  assert.deepEqual([renewals(), logins()], [1, 1])
  for (let i = 0; i < 25; i++) {
    clock.advance(240_000)
    assert.equal(await read('vault:secret/one'), 'only')
  }
  assert.ok(logins() >= 3 && logins() <= 8, `${logins()} logins in 100 minutes`)
})

test('a revoked token is replaced by a login without anybody noticing', async () => {
  const { read } = reader()
  await read('vault:secret/one')
  vault.tokens.clear()
  assert.equal(await read('vault:secret/one'), 'only')
  assert.equal(logins(), 2)
})

test('a given token is looked up and renewed; one that ended is denied', async () => {
  vault.tokens.set('hvs.given', { endMs: clock.now() + 600_000, maxMs: Infinity })
  const { read } = reader({ method: 'token', token: new Secret('hvs.given') })
  for (let i = 0; i < 5; i++) {
    assert.equal(await read('vault:secret/one'), 'only')
    clock.advance(500_000)
  }
  clock.advance(3_600_000)
  assert.match(await read('vault:secret/one'), /^denied/)
})

test('a write keeps the other fields and loses nobody', async () => {
  const { read, write } = reader()
  assert.equal(await write('vault:secret/app/db#password', 'pw-2', 'pw-1'), 'ok')
  assert.match(await write('vault:secret/app/db#password', 'pw-3', 'pw-1'), /^changed/)
  assert.match(await write('vault:secret/app/db', 'pw-3'), /^denied: .*several fields/)
  assert.deepEqual(JSON.parse(await read('vault:secret/app/db')), { user: 'app', password: 'pw-2', port: 1 })
  assert.equal(await write('vault:secret/new#key', 'fresh'), 'ok')
  assert.equal(await read('vault:secret/new#key'), 'fresh')
})

for (const mood of ['down', 'silent', 'failing'] as const) {
  test(`a server that is ${mood} is out of reach, which is not the same as a refusal`, async () => {
    const { read } = reader()
    await read('vault:secret/one')
    vault.mood = mood
    assert.match(await read('vault:secret/one'), /^unreachable/)
  })
}

test('an address without TLS is refused', () => {
  assert.throws(
    () => vaultProvider({ address: 'http://vault:8200', login: APPROLE, clock }),
    /in clear; use https/,
  )
})
