import assert from 'node:assert/strict'
import test from 'node:test'

import { ManualClock, systemRandom } from '../core/clock.ts'
import { migrate, openPostgres, openSqlite } from '../store/index.ts'
import { leasePostgres, notHere } from '../store/testing.ts'
import { ApiKeys, findApiKey, isApiKey, newApiKey, rateLimitingSchema } from './index.ts'

async function keysWith() {
  const database = await openSqlite(':memory:')
  await migrate(database)
  const clock = new ManualClock()
  return { keys: new ApiKeys({ database, clock, flushMs: 5 }), clock, database }
}

const draft = { realm: 'site', name: 'robot', owner: 'ann', by: 'ann' } as const

test('a key has its form, its checksum, and no character likelier than another', () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 3000; i++) {
    const key = newApiKey(systemRandom)
    assert.ok(isApiKey(key), key)
    for (const char of key.slice(4, 42)) counts.set(char, (counts.get(char) ?? 0) + 1)
  }
  assert.equal(counts.size, 62)
  const mean = (3000 * 38) / 62
  for (const [char, count] of counts) assert.ok(Math.abs(count - mean) < mean * 0.2, `${char}: ${count}`)
})

test('one changed character is noticed without asking anybody', () => {
  const key = newApiKey(systemRandom)
  for (let i = 4; i < key.length; i++) {
    const other = key[i] === 'a' ? 'b' : 'a'
    assert.equal(isApiKey(key.slice(0, i) + other + key.slice(i + 1)), false)
  }
  for (const text of ['', 'rwk_', key.slice(1), `${key}a`, ` ${key}`, key.toUpperCase()])
    assert.equal(isApiKey(text), false, text)
  assert.equal(findApiKey(`/x?key=${key}&b=1`), key)
  assert.equal(findApiKey('/x?key=rwk_abc'), undefined)
})

test('the form is one that scanners of secrets find by a pattern', () => {
  // A rule of gitleaks as docs/guide/3-gateway.md gives it, and its generic one for assignments (its entropy is above 3.5 bits).
  const rule = /\brwk_[0-9A-Za-z]{44}\b/
  for (let i = 0; i < 200; i++) {
    const key = newApiKey(systemRandom)
    assert.match(`curl -H "X-API-Key: ${key}" https://a.test`, rule)
    const chars = [...key]
    const bits = [...new Set(chars)].reduce((sum, char) => {
      const part = chars.filter((one) => one === char).length / chars.length
      return sum - part * Math.log2(part)
    }, 0)
    assert.ok(bits > 3.5, `${bits}`)
  }
})

test('a key is found by its text only, in its realm only, and the text is nowhere in the store', async () => {
  const { keys, database } = await keysWith()
  const { key, text } = await keys.create({ ...draft, roles: ['customer'] })
  assert.equal(String(text), '[secret]')
  const rows = await database.kysely.selectFrom('api_keys').selectAll().execute()
  assert.ok(!JSON.stringify(rows).includes(text.reveal()))
  const check = await keys.check(text.reveal(), 'site')
  assert.ok(check.ok && check.key.id === key.id && check.key.roles[0] === 'customer')
  assert.deepEqual(await keys.check(text.reveal(), 'operator'), { ok: false, reason: 'unknown' })
  assert.deepEqual(await keys.check(newApiKey(systemRandom), 'site'), { ok: false, reason: 'unknown' })
  assert.deepEqual(await keys.check(`${text.reveal()}x`, 'site'), { ok: false, reason: 'damaged' })
  await assert.rejects(keys.create(draft), /there is a key `robot` already/)
  await database.close()
})

test('rotation: both count during the overlap, then only the new one; who uses the old one is seen', async () => {
  const { keys, clock, database } = await keysWith()
  const old = await keys.create({ ...draft, scopes: ['order:read'], networks: ['10.0.0.0/8'] })
  clock.advance(1000)
  const { key, text, before } = await keys.rotate('site', 'robot', { overlapMs: 60_000, by: 'ann' })
  assert.deepEqual([before.length, key.client], [1, old.key.client])
  assert.deepEqual([key.scopes, key.networks], [['order:read'], ['10.0.0.0/8']])
  clock.advance(59_999)
  const during = await keys.check(old.text.reveal(), 'site')
  assert.ok(during.ok && during.key.replacedBy === key.id)
  keys.noteUse(old.key.id, '10.1.1.1')
  keys.noteUse(old.key.id, '10.1.1.2')
  await keys.flush()
  const [listed] = await keys.list('site', 'robot')
  assert.deepEqual([listed?.uses, listed?.lastUsedIp, listed?.lastUsedMs], [2, '10.1.1.2', clock.now()])
  clock.advance(1)
  const after = await keys.check(old.text.reveal(), 'site')
  assert.ok(!after.ok && after.reason === 'expired')
  assert.ok((await keys.check(text.reveal(), 'site')).ok)
  await database.close()
})

test('a revocation counts with the next question, for one key or all of a name', async () => {
  const { keys, database } = await keysWith()
  const first = await keys.create(draft)
  const second = await keys.rotate('site', 'robot', { overlapMs: 1_000_000, by: 'ann' })
  assert.equal((await keys.revoke('site', first.key.id, 'ann')).length, 1)
  assert.ok(!(await keys.check(first.text.reveal(), 'site')).ok)
  assert.ok((await keys.check(second.text.reveal(), 'site')).ok)
  assert.equal((await keys.revoke('site', 'robot', 'ann')).length, 1, 'the first was before')
  const check = await keys.check(second.text.reveal(), 'site')
  assert.ok(!check.ok && check.reason === 'revoked')
  assert.equal((await keys.revoke('site', 'robot', 'ann')).length, 0)
  await assert.rejects(
    keys.rotate('site', 'robot', { overlapMs: 1, by: 'ann' }),
    /no key `robot` that counts/,
  )
  await database.close()
})

for (const { name, change, want } of [
  { name: 'a bad name', change: { name: 'a b' }, want: /a name is letters/ },
  { name: 'no owner', change: { owner: ' ' }, want: /needs an owner/ },
  { name: 'a bad network', change: { networks: ['10.0.0.1/8'] }, want: /no address or network/ },
  { name: 'an end in the past', change: { expiresMs: 1 }, want: /expired already/ },
]) {
  test(`a key with ${name} is not made`, async () => {
    const { keys, database } = await keysWith()
    await assert.rejects(keys.create({ ...draft, ...change }), want)
    await database.close()
  })
}

test('a limit may count by key', () => {
  assert.equal(rateLimitingSchema.parse({ login: { by: ['api_key'] } }).login.by[0], 'api_key')
})

test('the same on PostgreSQL', async (context) => {
  const lease = await leasePostgres()
  if (!lease) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
  const database = await openPostgres(lease.url)
  try {
    await migrate(database)
    const keys = new ApiKeys({ database, clock: new ManualClock() })
    const { key, text } = await keys.create({ ...draft, rate: { limit: 5, periodMs: 1000 } })
    keys.noteUse(key.id, '10.1.1.1')
    await keys.flush()
    const check = await keys.check(text.reveal(), 'site')
    assert.ok(check.ok && check.key.uses === 1 && check.key.lastUsedIp === '10.1.1.1')
    assert.deepEqual(check.key.rate, { limit: 5, periodMs: 1000 })
    assert.equal((await keys.revoke('site', 'robot', 'ann')).length, 1)
    assert.equal((await keys.check(text.reveal(), 'site')).ok, false)
  } finally {
    await database.close()
    await lease.release()
  }
})
