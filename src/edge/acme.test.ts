import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import type { RandomBytes } from '../core/clock.ts'
import { accountKey, acmeAuthorities } from './acme-account.ts'
import { backoffMs, momentIn, ownRenewalMs } from './acme-schedule.ts'
import { LeaderFile } from './leader-file.ts'
import { testFolder } from './testing.ts'

const folder = testFolder('acme-unit')
const least: RandomBytes = (length) => new Uint8Array(length)
const most: RandomBytes = (length) => new Uint8Array(length).fill(255)
const DAY_MS = 86_400_000

test('without an opinion of the authority a certificate is renewed after two thirds of its life, a short one after half', () => {
  assert.equal(ownRenewalMs(0, 90 * DAY_MS, least), 60 * DAY_MS)
  assert.ok(ownRenewalMs(0, 90 * DAY_MS, most) < 65 * DAY_MS)
  assert.equal(ownRenewalMs(0, 6 * DAY_MS, least), 3 * DAY_MS)
  assert.ok(ownRenewalMs(0, 6 * DAY_MS, most) < 4 * DAY_MS)
})

test('the moment of renewal lies in the window of the authority', () => {
  const window = { startMs: 100, endMs: 200 }
  assert.equal(momentIn(window, least), 100)
  assert.ok(momentIn(window, most) > 199 && momentIn(window, most) < 200)
})

test('pauses after failures grow from a minute to half a day, and a quarter more by chance', () => {
  assert.deepEqual(
    [1, 2, 3, 10, 50].map((n) => backoffMs(n, least) / 60_000),
    [1, 2, 4, 512, 720],
  )
  assert.ok(backoffMs(1, most) > 74_000 && backoffMs(1, most) <= 75_000)
})

test('one process leads; the next leads when that one lets go or is silent', async () => {
  const file = join(folder.path, 'leader')
  const [one, two] = [new LeaderFile(file, 'one'), new LeaderFile(file, 'two')]
  assert.equal(await one.claim(), true)
  assert.equal(await two.claim(), false)
  assert.equal(await one.claim(), true)
  one.release()
  assert.equal(await two.claim(), true)
  assert.equal(await one.claim(), false)
  const past = new Date(Date.now() - 120_000)
  utimesSync(file, past, past)
  assert.equal(await one.claim(), true)
  assert.equal(await two.claim(), false)
  two.release()
  assert.equal(await one.claim(), true, 'who does not lead cannot let go')
  one.release()
})

test('of many that claim at once one leads', async () => {
  const file = join(folder.path, 'crowd')
  const all = Array.from({ length: 20 }, (_, i) => new LeaderFile(file, String(i)))
  const led = await Promise.all(all.map((one) => one.claim()))
  assert.equal(led.filter(Boolean).length, 1)
  for (const one of all) one.release()
})

test("an account's key is made once, and is nobody else's to read", () => {
  const [authority] = acmeAuthorities({
    certificates: { a: ['a.test'] },
    agree_to_terms: true,
    challenge: 'http-01',
    staging: true,
    keep_key: false,
    email: undefined,
    authorities: ['letsencrypt'],
  })
  assert.ok(authority)
  assert.match(authority.directory, /acme-staging/)
  const key = accountKey(folder.path, authority)
  assert.match(key.reveal(), /BEGIN PRIVATE KEY/)
  assert.equal(accountKey(folder.path, authority).reveal(), key.reveal())
  const production = { ...authority, directory: 'https://other.test/dir' }
  assert.notEqual(
    accountKey(folder.path, production).reveal(),
    key.reveal(),
    'another authority, another account',
  )
})
