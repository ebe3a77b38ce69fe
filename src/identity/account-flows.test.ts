// Registration, recovery, changes and the end of an account, with the mails that go with them.
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Account } from './accounts.ts'
import { sessionRef } from './identity.ts'
import { admitted, GOOD, hasher, HOME, keys, openHouse, PROOF, tokenOf } from './testing.ts'

const NEXT = 'Battery-staple-8'
const OPEN = { registration: { mode: 'open', roles: ['customer'] } }

test('registration: a link, a password, an account; used once, for a day', async () => {
  const { identity, letters, clock } = await openHouse(OPEN)
  const { registration } = identity
  await registration.ask('Max@shop.test', 'Max\r\nBcc: x\u202e', 'de')
  assert.equal((await identity.accounts.list()).length, 0, 'no account before the address is proven')
  const [letter, ...more] = await letters()
  assert.deepEqual([letter?.to, more.length], ['Max@shop.test', 0])
  assert.match(letter?.subject ?? '', /^Best\u00e4tigen/)
  const token = tokenOf(letter)
  assert.equal((await registration.look(token))?.email, 'Max@shop.test')
  assert.equal((await registration.complete(token, 'short', 'de')).ok, false)
  const both = await Promise.all([
    registration.complete(token, GOOD, 'de'),
    registration.complete(token, NEXT, 'de'),
  ])
  assert.deepEqual(both.filter(({ ok }) => ok).length, 1, 'two at once are one')
  const account = await identity.accounts.findByEmail('max@SHOP.test')
  assert.deepEqual([account?.roles, account?.name, account?.language], [['customer'], 'Max  Bcc: x', 'de'])
  assert.notEqual(account?.emailVerifiedMs, null)
  assert.deepEqual(await registration.complete(token, GOOD, 'de'), { ok: false, reason: 'gone' })
  await registration.ask('late@shop.test', '', 'en')
  const late = tokenOf((await letters())[0])
  clock.advance(24 * 3_600_000)
  assert.equal(await registration.look(late), undefined)
})

test('registration: who has an account is told by mail alone, three times an hour, and a closed house takes nobody', async () => {
  const { identity, add, letters, other, clock } = await openHouse(OPEN)
  await add('ann@shop.test')
  for (let i = 0; i < 5; i++) await identity.registration.ask('ann@shop.test', '', 'en')
  const told = await letters()
  assert.equal(told.length, 3)
  assert.match(told[0]?.text ?? '', /There is one already/)
  assert.equal(tokenOf(told[0]), '')
  clock.advance(3_600_000)
  for (const odd of ['', 'x', 'a@b@c', 'ann@shop.test, eve@evil.test', 'a@b.c\r\nBcc: e@e.e'])
    await identity.registration.ask(odd, '', 'en')
  await other.registration.ask('eve@shop.test', '', 'en')
  assert.deepEqual(await letters(), [], 'operators never register, and odd addresses get nothing')
  const closed = await openHouse({ registration: { mode: 'invited' } })
  await closed.identity.registration.ask('eve@shop.test', '', 'en')
  assert.deepEqual(await closed.letters(), [])
  await closed.identity.registration.invite('eve@shop.test', 'Eve', ['manager'], 'es')
  const [invitation] = await closed.letters()
  assert.match(invitation?.subject ?? '', /invitado/)
  const done = await closed.identity.registration.complete(tokenOf(invitation), GOOD, 'es')
  assert.ok(done.ok)
  assert.deepEqual(done.account.roles, ['manager'])
})

test('reset: one link, one password, all sessions over; nothing for a stranger, and not a second time', async () => {
  const { identity, add, letters, clock, other } = await openHouse()
  const ann = await add('ann@shop.test')
  const session = await identity.sessions.start(admitted(ann), HOME, PROOF)
  await identity.recovery.ask('nobody@shop.test', 'en')
  assert.deepEqual(await letters(), [])
  for (let i = 0; i < 5; i++) await identity.recovery.ask(' ANN@shop.test', 'en')
  const all = await letters()
  assert.equal(all.length, 3, 'three an hour')
  const [first, , third] = all.map(tokenOf) as [string, string, string]
  assert.equal(all[0]?.to, 'ann@shop.test')
  assert.equal(await other.recovery.look(first), undefined, 'another realm does not know it')
  assert.equal(await identity.registration.look(first), undefined, 'nor does another purpose')
  const refused = await identity.recovery.reset(first, 'short')
  assert.equal(!refused.ok && refused.reason, 'unacceptable')
  const reused = await identity.recovery.reset(first, GOOD)
  assert.equal(!reused.ok && reused.reason, 'unacceptable', 'history counts here too')
  const both = await Promise.all([
    identity.recovery.reset(first, NEXT),
    identity.recovery.reset(first, `${NEXT}9`),
  ])
  assert.deepEqual(both.filter(({ ok }) => ok).length, 1, 'two at once are one')
  assert.equal((await identity.subjectOf(session)).ok, false)
  assert.equal(
    (await identity.recovery.reset(third, 'Yet-another-10')).ok,
    false,
    'other links went with the password',
  )
  clock.advance(3_600_000)
  await identity.recovery.ask('ann@shop.test', 'en')
  const late = tokenOf((await letters())[0])
  clock.advance(3_600_000)
  assert.equal(await identity.recovery.look(late), undefined, 'good for an hour')
  await identity.accounts.setDisabled(ann, true)
  clock.advance(3_600_000)
  await identity.recovery.ask('ann@shop.test', 'en')
  assert.deepEqual(await letters(), [], 'a locked account is not opened by mail')
})

test('reset: a link that is out opens nothing once the account is locked or the password changed', async () => {
  for (const act of ['lock', 'password', 'one-time'] as const) {
    const { identity, add, letters } = await openHouse()
    const ann = await add('ann@shop.test')
    await identity.recovery.ask('ann@shop.test', 'en')
    const token = tokenOf((await letters())[0])
    assert.ok(await identity.recovery.look(token))
    if (act === 'lock') await identity.accounts.setDisabled(ann, true)
    else if (act === 'password') await identity.accounts.setPassword(ann, NEXT)
    else await identity.accounts.setOneTimePassword(ann)
    assert.deepEqual(
      await identity.recovery.reset(token, 'Yet-another-10'),
      { ok: false, reason: 'gone' },
      act,
    )
  }
})

test('a second factor is asked for after a reset as before', async () => {
  const { identity, add, letters } = await openHouse()
  await add('ann@shop.test')
  await identity.recovery.ask('ann@shop.test', 'en')
  const result = await identity.recovery.reset(tokenOf((await letters())[0]), NEXT)
  assert.ok(result.ok)
  assert.ok(!('token' in result), 'a reset starts no session')
})

test('a new device is told of, once; "this was not me" ends everything and asks for another password', async () => {
  const { identity, add, letters } = await openHouse()
  await add('ann@shop.test')
  const at = async (deviceToken?: string, password = GOOD) =>
    identity.signIn('ann@shop.test', password, {
      ...HOME,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      ...(deviceToken !== undefined && { deviceToken }),
    })
  const first = await at()
  assert.ok(first.ok)
  assert.deepEqual(await letters(), [], 'the first sign-in is no news')
  const again = await at(first.deviceToken)
  assert.ok(again.ok)
  assert.equal(again.deviceToken, first.deviceToken)
  assert.deepEqual(await letters(), [], 'nor is a device that is known')
  const thief = await at()
  assert.ok(thief.ok)
  const [letter, ...more] = await letters()
  assert.equal(more.length, 0)
  assert.match(letter?.text ?? '', /Device: Firefox, Linux\nPlace: 192\.0\.2\.1/)
  const token = tokenOf(letter)
  assert.ok(await identity.recovery.lookNotMe(token))
  const ended = await identity.recovery.notMe(token)
  assert.ok(ended)
  for (const session of [first, again, thief])
    assert.equal((await identity.subjectOf(session.token)).ok, false)
  assert.equal((await at(thief.deviceToken)).ok, false, 'the old password works no more')
  assert.equal((await identity.devices.list(ended.account)).length, 0)
  assert.equal(await identity.recovery.notMe(token), undefined)
  assert.ok((await identity.recovery.reset(ended.resetToken, NEXT)).ok)
  assert.ok((await at(undefined, NEXT)).ok)
})

test('a known device gets in while strangers are locked out, and a stranger with the right password does not', async () => {
  const { identity, add } = await openHouse({ lockout: { max_attempts_anywhere: 10 } })
  await add('ann@shop.test')
  const known = await identity.signIn('ann@shop.test', GOOD, HOME)
  assert.ok(known.ok)
  for (let i = 0; i < 15; i++)
    await identity.signIn('ann@shop.test', 'wrong', { ...HOME, ip: `198.51.100.${i}` })
  const stranger = await identity.signIn('ann@shop.test', GOOD, { ...HOME, ip: '203.0.113.1' })
  assert.equal(!stranger.ok && stranger.reason, 'locked')
  const owner = await identity.signIn('ann@shop.test', GOOD, { ...HOME, deviceToken: known.deviceToken })
  assert.ok(owner.ok)
  const later = await identity.signIn('ann@shop.test', GOOD, { ...HOME, ip: '203.0.113.1' })
  assert.ok(later.ok, 'the owner has opened it again')
})

test('another address counts when its link was opened, both are told, and the old one can stop it', async () => {
  const { identity, add, letters, clock } = await openHouse()
  const ann = await add('ann@shop.test')
  await add('max@shop.test')
  const session = await identity.sessions.start(admitted(ann), HOME, PROOF)
  const { own } = identity
  assert.equal(await own.askEmail(ann, 'ANN@shop.test', 'en'), 'invalid')
  assert.equal(await own.askEmail(ann, 'new@shop.test', 'en'), 'asked')
  const [toNew, toOld] = (await letters()).toSorted((a, b) => b.to.localeCompare(a.to))
  assert.deepEqual([toNew?.to, toOld?.to], ['new@shop.test', 'ann@shop.test'])
  assert.ok(await identity.recovery.lookNotMe(tokenOf(toOld)), 'the old address can stop it')
  assert.equal((await identity.accounts.find(ann.id))?.email, 'ann@shop.test')
  assert.equal((await own.confirmEmail(tokenOf(toNew), 'en'))?.email, 'new@shop.test')
  assert.equal((await identity.subjectOf(session)).ok, false, 'all sessions end')
  const [last] = await letters()
  assert.deepEqual([last?.to, /now new@shop\.test/.test(last?.text ?? '')], ['ann@shop.test', true])
  assert.equal(await own.confirmEmail(tokenOf(toNew), 'en'), undefined)
  clock.advance(3_600_000)
  const moved = (await identity.accounts.find(ann.id)) as Account
  await own.askEmail(moved, 'max@shop.test', 'en')
  const taken = (await letters()).find(({ to }) => to === 'max@shop.test')
  assert.match(
    taken?.text ?? '',
    /There is one already/,
    'an address that is taken says so to its owner alone',
  )
  clock.advance(3_600_000)
  await own.askEmail(moved, 'third@shop.test', 'en')
  const all = await letters()
  await identity.recovery.notMe(tokenOf(all.find(({ to }) => to === 'new@shop.test')))
  assert.equal(
    await own.confirmEmail(tokenOf(all.find(({ to }) => to === 'third@shop.test')), 'en'),
    undefined,
  )
})

test('an account is deleted after its grace, not before, and can be kept until then', async () => {
  const { identity, add, letters, clock, database } = await openHouse()
  const [ann, max] = [await add('ann@shop.test'), await add('max@shop.test')]
  const session = await identity.sessions.start(admitted(ann), HOME, PROOF)
  await identity.own.askDeletion(ann, 'en')
  await identity.own.askDeletion(max, 'en')
  assert.equal((await identity.subjectOf(session)).ok, false)
  assert.match((await letters())[0]?.text ?? '', /January 15, 2026/)
  clock.advance(13 * 86_400_000)
  assert.deepEqual(await identity.sweep(), [])
  const back = await identity.signIn('max@shop.test', GOOD, HOME)
  assert.ok(back.ok, 'who signs in can take it back')
  await identity.own.keep(max)
  clock.advance(86_400_000)
  const late = await identity.signIn('ann@shop.test', GOOD, HOME)
  assert.equal(!late.ok && late.reason, 'deleted', 'over to the second, before anything is swept')
  assert.deepEqual(
    (await identity.sweep()).map(({ id }) => id),
    [ann.id],
  )
  assert.match((await letters())[0]?.subject ?? '', /was deleted/)
  for (const table of ['account_links', 'known_devices', 'password_history'] as const) {
    const rows = await database.kysely
      .selectFrom(table)
      .select('account_id')
      .where('account_id', '=', ann.id)
      .execute()
    assert.deepEqual(rows, [], table)
  }
})

test('acting for somebody: once, marked, for half an hour, and over with the account', async () => {
  const { identity, add, clock } = await openHouse()
  const ann = await add('ann@shop.test')
  const token = await identity.impersonation.begin(ann, 'eve', 'ticket 7')
  const opened = await identity.impersonation.open(token, HOME)
  assert.ok(opened)
  assert.equal(await identity.impersonation.open(token, HOME), undefined)
  const check = await identity.subjectOf(opened.token)
  assert.ok(check.ok)
  assert.deepEqual(check.subject.impersonator, { id: 'eve', reason: 'ticket 7' })
  clock.advance(30 * 60_000)
  assert.equal((await identity.subjectOf(opened.token)).ok, false)
  const late = await identity.impersonation.begin(ann, 'eve', 'ticket 8')
  clock.advance(5 * 60_000)
  assert.equal(await identity.impersonation.open(late, HOME), undefined)
  const stopped = await identity.impersonation.begin(ann, 'eve', 'ticket 9')
  await identity.accounts.endSessions(ann)
  assert.equal(await identity.impersonation.open(stopped, HOME), undefined)
})

test('a session that is bound ends elsewhere', async () => {
  for (const [bind, elsewhere, here] of [
    ['network', { ip: '198.51.100.1', userAgent: '' }, { ip: '192.0.2.1', userAgent: '' }],
    ['device', { ip: '192.0.2.1', userAgent: '', deviceToken: 'x'.repeat(43) }, undefined],
    ['device', { ip: '192.0.2.1', userAgent: '' }, undefined],
  ] as const) {
    const { identity, add } = await openHouse({ session: { bind } })
    await add('ann@shop.test')
    const signedIn = await identity.signIn('ann@shop.test', GOOD, HOME)
    assert.ok(signedIn.ok)
    const from = here ?? { ip: '203.0.113.9', userAgent: '', deviceToken: signedIn.deviceToken }
    assert.ok((await identity.subjectOf(signedIn.token, from)).ok)
    assert.deepEqual(await identity.subjectOf(signedIn.token, elsewhere), { ok: false, reason: 'elsewhere' })
    assert.deepEqual(
      await identity.subjectOf(signedIn.token, from),
      { ok: false, reason: 'unknown' },
      'and stays so',
    )
  }
})

test('a hash of another system works once and is ours afterwards; a rotated pepper is taken at the next sign-in', async () => {
  const { identity, database } = await openHouse()
  const stored = hasher.wrapForeign('$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0')
  const account = await identity.accounts.create('old@shop.test', '', [], { passwordHash: stored })
  assert.equal((await identity.signIn('old@shop.test', 'test12346', HOME)).ok, false)
  assert.equal((await identity.accounts.find(account.id))?.passwordHash, stored)
  assert.ok((await identity.signIn('old@shop.test', 'test12345', HOME)).ok)
  const fresh = (await identity.accounts.find(account.id))?.passwordHash ?? ''
  assert.notEqual(fresh, stored)
  assert.ok(hasher.isCurrent(fresh))
  keys.rotate('pepper')
  assert.ok(!hasher.isCurrent(fresh))
  assert.ok((await identity.signIn('old@shop.test', 'test12345', HOME)).ok)
  assert.ok(hasher.isCurrent((await identity.accounts.find(account.id))?.passwordHash ?? ''))
  assert.throws(() => hasher.wrapForeign('plain text'), /no known format/)
  assert.throws(
    () => hasher.wrapForeign('$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'),
    /more than one check/,
  )
  const rows = await database.kysely.selectFrom('accounts').select('password_hash').execute()
  assert.ok(rows.every((row) => row.password_hash?.startsWith('$ringwall$') === true))
})

test('sessions have a name that opens nothing', async () => {
  const { identity, add } = await openHouse()
  const ann = await add('ann@shop.test')
  const token = await identity.sessions.start(admitted(ann), HOME, PROOF)
  const [row] = await identity.sessions.list(ann.id)
  assert.ok(row)
  assert.equal((await identity.subjectOf(sessionRef(row))).ok, false)
  assert.equal((await identity.subjectOf(row.id_hash)).ok, false)
  await identity.sessions.endByHash(row.id_hash)
  assert.equal((await identity.subjectOf(token)).ok, false)
})
