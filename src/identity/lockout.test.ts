// Guessing, by one and by a thousand addresses: how far it gets, and whom it keeps out.
import assert from 'node:assert/strict'
import test, { after } from 'node:test'

import { ManualClock } from '../core/clock.ts'
import { type Database, MemoryCounters, migrate, openSqlite } from '../store/index.ts'
import { authenticationSchema } from './index.ts'
import { type Attempt, Lockout } from './lockout.ts'

const databases: Database[] = []
after(async () => {
  for (const database of databases) await database.close()
})

async function open(config: unknown = {}) {
  const database = await openSqlite(':memory:')
  databases.push(database)
  await migrate(database)
  const clock = new ManualClock()
  const lockout = new Lockout(
    authenticationSchema.parse({ lockout: config }).lockout,
    new MemoryCounters(),
    database,
    clock,
  )
  /** Tries a wrong password: whether it was looked at. */
  const guess = async (attempt: Attempt): Promise<boolean> => {
    const admittance = await lockout.admit(attempt)
    if (admittance.kind === 'locked') return false
    await lockout.fail(attempt, admittance)
    return true
  }
  return { lockout, clock, guess }
}

const ANN = { realm: 'site', emailKey: 'ann@shop.test' } as const
const stranger = (index: number): Attempt => ({
  ...ANN,
  ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
})
const OWNER: Attempt = { ...ANN, ip: '192.0.2.1', deviceHash: 'her own device' }

test('an attacker with 1,000 addresses, at it for a month, looks at no more than 100 passwords and keeps no known device out', async () => {
  const { clock, guess, lockout } = await open()
  let looked = 0
  for (let hour = 0; hour < 24 * 30; hour += 6) {
    for (let index = 0; index < 1000; index += 7) if (await guess(stranger(index))) looked++
    clock.advance(6 * 3_600_000)
  }
  assert.equal(looked, 100)
  assert.equal((await lockout.admit(OWNER)).kind, 'go', 'the owner, from a device that the account knows')
  assert.equal(
    (await lockout.admit({ ...OWNER, ip: stranger(7).ip })).kind,
    'go',
    'even from the address of the attacker',
  )
  await lockout.clear(OWNER)
  assert.equal(
    (await lockout.admit(stranger(5000))).kind,
    'go',
    'the right password of the owner opens it for strangers again',
  )
})

test('a thousand tries at once are no more than a thousand in turn', async () => {
  const { guess } = await open()
  const all = await Promise.all(Array.from({ length: 1000 }, (_, index) => guess(stranger(index))))
  assert.equal(all.filter(Boolean).length, 100)
  const { guess: fromOne } = await open()
  const one = await Promise.all(Array.from({ length: 50 }, () => fromOne(stranger(1))))
  assert.equal(one.filter(Boolean).length, 5)
})

test('an attacker from one network gets five, and each lock is twice as long', async () => {
  const { clock, guess } = await open()
  const tries = async (): Promise<number> => {
    let looked = 0
    for (let i = 0; i < 10; i++) if (await guess(stranger(1))) looked++
    return looked
  }
  assert.equal(await tries(), 5)
  clock.advance(15 * 60_000 + 1)
  assert.equal(await tries(), 5, 'after the first lock')
  clock.advance(15 * 60_000 + 1)
  assert.equal(await tries(), 0, 'the second lock is longer')
  clock.advance(15 * 60_000)
  assert.equal(await tries(), 5)
})

test('a known device has a count of its own, and a stolen one is good for twenty', async () => {
  const { clock, guess, lockout } = await open()
  let looked = 0
  for (let hour = 0; hour < 100; hour++) {
    for (let i = 0; i < 5; i++) if (await guess(OWNER)) looked++
    clock.advance(24 * 3_600_000)
    if (await lockout.isDeviceSpent(OWNER)) break
  }
  assert.equal(looked, 20)
  assert.ok(await lockout.isDeviceSpent(OWNER))
  assert.ok(!(await lockout.isDeviceSpent(stranger(1))))
})

test('answers get later with each wrong password, and no later than two seconds', async () => {
  const { lockout } = await open({ max_attempts: 10 })
  const delays: number[] = []
  for (let i = 0; i < 9; i++) {
    const admittance = await lockout.admit(stranger(1))
    assert.ok(admittance.kind === 'go')
    delays.push(admittance.delayMs)
  }
  assert.deepEqual(delays, [0, 0, 250, 500, 1000, 2000, 2000, 2000, 2000])
  const { lockout: without } = await open({ delay: false })
  for (let i = 0; i < 4; i++) {
    const admittance = await without.admit(stranger(1))
    assert.ok(admittance.kind === 'go' && admittance.delayMs === 0)
  }
})

test('a count that nobody adds to for a month is forgotten', async () => {
  const { clock, guess, lockout } = await open()
  for (let index = 0; index < 100; index++) await guess(stranger(index))
  assert.equal(await guess(stranger(2000)), false)
  assert.equal(await lockout.failuresAnywhere('site', ANN.emailKey), 101)
  clock.advance(31 * 86_400_000)
  await lockout.sweep()
  assert.equal(await guess(stranger(2000)), true)
})
