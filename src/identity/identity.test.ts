// Accounts, sign-in and sessions on a real store.
import assert from 'node:assert/strict'
import { createCipheriv, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import test, { after } from 'node:test'

import { createLocalJWKSet, jwtVerify } from 'jose'

import { ManualClock, systemRandom } from '../core/clock.ts'
import type { Key, KeyPurpose, Keys } from '../core/keys.ts'
import { Secret } from '../core/secret.ts'
import { type Database, MemoryCounters, migrate, openSqlite, SqlSessions } from '../store/index.ts'
import {
  type Account,
  admit,
  type Admitted,
  authenticationSchema,
  Identity,
  messageOf,
  PasswordHasher,
} from './index.ts'

const HOME = { ip: '192.0.2.1', userAgent: 'test' }
const GOOD = 'Correct-horse-7'
const PROOF = { assurance: 1, methods: ['pwd'], atMs: Date.UTC(2026, 0, 1) } as const

/** Past the gate, as a right password brings an account. */
function pass(account: Account): Admitted {
  const claim = { way: 'password', realm: account.realm, sessionVersion: undefined } as const
  const admission = admit(account, claim, Date.UTC(2026, 0, 1))
  assert.ok(admission.ok)
  return admission.admitted
}

/** A keyring in memory that can rotate. */
class TestKeys implements Keys {
  readonly #keys: Key[] = []
  #created = 0
  constructor() {
    this.rotate('pepper')
    this.rotate('assertion')
    this.rotate('cookie')
  }
  rotate(purpose: KeyPurpose): void {
    const jwk = (): string =>
      JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }))
    const material = new Secret(purpose === 'assertion' ? jwk() : randomBytes(32).toString('base64url'))
    this.#keys.unshift({ id: `k${this.#created++}`, purpose, createdMs: this.#created, material })
  }
  all(purpose: KeyPurpose): readonly Key[] {
    return this.#keys.filter((key) => key.purpose === purpose)
  }
  current(purpose: KeyPurpose): Key {
    return this.all(purpose)[0] as Key
  }
  find(purpose: KeyPurpose, id: string): Key | undefined {
    return this.all(purpose).find((key) => key.id === id)
  }
}

const keys = new TestKeys()
const hasher = new PasswordHasher(keys, systemRandom)
const databases: Database[] = []
after(async () => {
  await hasher.close()
  for (const database of databases) await database.close()
})

/** What the hasher would have stored of a PHC string. */
function seal(phc: string): string {
  const key = keys.current('pepper')
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material.reveal(), 'base64url'), nonce)
  cipher.setAAD(Buffer.from(key.id))
  const sealed = Buffer.concat([nonce, cipher.update(phc, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `$ringwall$v=1$k=${key.id}$${sealed.toString('base64url')}`
}

async function openHouse(config: unknown = {}, realm: 'site' | 'operator' = 'site') {
  const database = await openSqlite(':memory:')
  databases.push(database)
  await migrate(database)
  const clock = new ManualClock()
  const parsed = authenticationSchema.parse(config)
  const parts = {
    database,
    sessions: new SqlSessions(database),
    counters: new MemoryCounters(),
    keys,
    hasher,
    clock,
    random: systemRandom,
  }
  const identity = new Identity({ realm, config: parsed, ...parts })
  const add = async (email: string, password = GOOD): Promise<Account> => {
    const account = await identity.accounts.create(email, 'Ann Example', ['customer'])
    assert.deepEqual(await identity.accounts.setPassword(account, password), { ok: true })
    return (await identity.accounts.find(account.id)) as Account
  }
  const other = new Identity({ realm: realm === 'site' ? 'operator' : 'site', config: parsed, ...parts })
  return { identity, other, clock, database, add }
}

test('a password is hashed, verified, and the stored text says nothing without the pepper', async () => {
  const stored = (await hasher.hash(GOOD)) as string
  assert.match(stored, /^\$ringwall\$v=1\$k=k\d\$/)
  assert.ok(!stored.includes('argon2'))
  assert.equal(await hasher.verify(GOOD, stored), 'right')
  assert.equal(await hasher.verify(`${GOOD} `, stored), 'wrong')
  assert.equal(
    await hasher.verify('caf\u0065\u0301-Password-1', (await hasher.hash('caf\u00e9-Password-1')) as string),
    'right',
    'one form of Unicode',
  )
  keys.rotate('pepper')
  assert.equal(await hasher.verify(GOOD, stored), 'right', 'after the pepper was rotated')
  const flipped = stored.slice(0, -2) + (stored.at(-2) === 'A' ? 'B' : 'A') + stored.slice(-1)
  await assert.rejects(hasher.verify(GOOD, flipped), /unable to authenticate/i)
  await assert.rejects(
    hasher.verify(GOOD, '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'),
    /needs a key/,
  )
  for (const parameters of [
    'm=9999999,t=1,p=1',
    'm=19456,t=99,p=1',
    'm=19456,t=2,p=99',
    'm=1,t=1,p=1',
    'm=19456,t=0,p=1',
  ]) {
    const phc = `$argon2id$v=19$${parameters}$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA`
    await assert.rejects(hasher.verify(GOOD, seal(phc)), /parameters out of bounds/, parameters)
  }
})

test('a flood is shed, and does not delay reading a file', async () => {
  const flood = Array.from({ length: 80 }, () => hasher.verifyNothing('x'))
  const startedAt = performance.now()
  await readFile(import.meta.filename)
  const tookMs = performance.now() - startedAt
  const results = await Promise.all(flood)
  assert.ok(results.includes('busy') && results.includes('wrong'))
  assert.ok(tookMs < 500, `a file read took ${tookMs.toFixed(0)} ms`)
})

test('an account signs in; every other way fails alike', async () => {
  const { identity, clock, add } = await openHouse()
  const ann = await add('Ann@shop.test')
  const reason = async (email: string, password: string, ip = '198.51.100.1'): Promise<string> => {
    const result = await identity.signIn(email, password, { ...HOME, ip })
    return result.ok ? 'ok' : result.reason
  }
  assert.equal(await reason(' ann@SHOP.test', GOOD), 'ok')
  assert.equal(await reason('ann@shop.test', 'wrong'), 'wrong')
  assert.equal(await reason('nobody@shop.test', GOOD), 'unknown')
  await identity.accounts.setDisabled(ann, true)
  assert.equal(await reason('ann@shop.test', GOOD), 'disabled')
  await identity.accounts.setDisabled(ann, false)
  const oneTime = await identity.accounts.setOneTimePassword(ann)
  const signedIn = await identity.signIn('ann@shop.test', oneTime, HOME)
  assert.ok(signedIn.ok && signedIn.mustChangePassword)
  clock.advance(25 * 3_600_000)
  assert.equal(await reason('ann@shop.test', oneTime), 'expired')
})

test('five wrong passwords lock this network for fifteen minutes, and nobody else', async () => {
  const { identity, clock, add } = await openHouse()
  await add('ann@shop.test')
  const tries = async (ip: string, password: string): Promise<boolean> =>
    (await identity.signIn('ann@shop.test', password, { ...HOME, ip })).ok
  for (let i = 0; i < 5; i++) assert.equal(await tries('2001:db8:1:2::1', 'wrong'), false)
  assert.equal(await tries('2001:db8:1:2::99', GOOD), false, 'the same /64 is locked')
  assert.equal(await tries('192.0.2.1', GOOD), true, 'the owner comes from elsewhere')
  clock.advance(14.9 * 60_000)
  assert.equal(await tries('2001:db8:1:2::1', GOOD), false)
  clock.advance(0.2 * 60_000)
  assert.equal(await tries('2001:db8:1:2::1', GOOD), true)
})

test('unknown accounts are locked alike, and the right password clears the count', async () => {
  const { identity, add } = await openHouse({ lockout: { max_attempts: 2 } })
  await add('ann@shop.test')
  const reasonOf = async (email: string, password: string): Promise<string> => {
    const result = await identity.signIn(email, password, HOME)
    return result.ok ? 'ok' : result.reason
  }
  assert.deepEqual(
    [await reasonOf('no@shop.test', 'x'), await reasonOf('no@shop.test', 'x')],
    ['unknown', 'locked'],
  )
  assert.deepEqual(
    [
      await reasonOf('ann@shop.test', 'x'),
      await reasonOf('ann@shop.test', GOOD),
      await reasonOf('ann@shop.test', 'x'),
    ],
    ['wrong', 'ok', 'wrong'],
  )
})

test('a session lives until its idle end, its absolute end, or its version', async () => {
  const { identity, other, clock, database, add } = await openHouse()
  const ann = await add('ann@shop.test')
  const begin = async (): Promise<string> =>
    identity.sessions.start(pass((await identity.accounts.find(ann.id)) as Account), HOME, PROOF)
  const reason = async (token: string): Promise<string> => {
    const check = await identity.subjectOf(token)
    return check.ok ? 'ok' : check.reason
  }
  const token = await begin()
  assert.match(token, /^[\w-]{43}$/)
  const rows = await database.kysely.selectFrom('sessions').selectAll().execute()
  assert.ok(!JSON.stringify(rows).includes(token), 'only its hash is stored')
  for (let i = 0; i < 12; i++) {
    clock.advance(3_599_000)
    assert.equal(await reason(token), 'ok', 'use moves the idle end')
  }
  clock.advance(3_599_000)
  assert.equal(await reason(token), 'expired', 'the absolute end does not move')
  const idle = await begin()
  clock.advance(3_600_000)
  assert.equal(await reason(idle), 'expired')
  const kept = await begin()
  assert.equal((await other.subjectOf(kept)).ok, false, 'another realm does not know it')
  for (const [what, act] of [
    ['roles', (account: Account) => identity.accounts.setRoles(account, ['support'])],
    ['end', (account: Account) => identity.accounts.endSessions(account)],
    ['disable', (account: Account) => identity.accounts.setDisabled(account, true)],
    ['delete', (account: Account) => identity.accounts.delete(account)],
  ] as const) {
    const account = (await identity.accounts.find(ann.id)) as Account
    const live = await begin()
    await act(account)
    assert.notEqual(await reason(live), 'ok', what)
    if (what === 'disable') await identity.accounts.setDisabled(account, false)
    assert.notEqual(await reason(live), 'ok', `${what}, and not again later`)
  }
  for (const bad of ['', 'x', 'a'.repeat(43), `${token}=`, "' OR 1=1--"])
    assert.notEqual(await reason(bad), 'ok')
})

test('a version that is raised behind our back ends the session at once', async () => {
  const { identity, database, add } = await openHouse()
  const ann = await add('ann@shop.test')
  const token = await identity.sessions.start(pass(ann), HOME, PROOF)
  assert.ok((await identity.subjectOf(token)).ok)
  await database.kysely.updateTable('accounts').set({ session_version: 99 }).execute()
  assert.deepEqual(await identity.subjectOf(token), { ok: false, reason: 'revoked' })
})

test('changing the password ends all sessions, begins one, and takes none of the former', async () => {
  const { identity, add } = await openHouse({ password: { history: 2 } })
  const ann = await add('ann@shop.test')
  const [first, second] = [
    await identity.sessions.start(pass(ann), HOME, PROOF),
    await identity.sessions.start(pass(ann), HOME, PROOF),
  ]
  const found = await identity.subjectOf(first)
  assert.ok(found.ok)
  assert.deepEqual(await identity.changePassword(found.subject, 'wrong', 'Another-horse-8', HOME), {
    ok: false,
    reason: 'wrong',
  })
  const reused = await identity.changePassword(found.subject, GOOD, GOOD, HOME)
  assert.ok(
    !reused.ok &&
      reused.reason === 'unacceptable' &&
      reused.violations.map(messageOf).join('') === 'Password must not be one of your last 2',
  )
  const changed = await identity.changePassword(found.subject, GOOD, 'Another-horse-8', HOME)
  assert.ok(changed.ok)
  for (const old of [first, second]) assert.equal((await identity.subjectOf(old)).ok, false)
  assert.ok((await identity.subjectOf(changed.token)).ok)
})

test('the same address is taken once, whatever its case, and what is no address never', async () => {
  const { identity } = await openHouse()
  await identity.accounts.create('ann@shop.test', '', [])
  await assert.rejects(identity.accounts.create('ANN@shop.test', '', []), /there is an account/)
  for (const bad of [
    '',
    'ann',
    'a@',
    '@b',
    'a b@c.d',
    'a@b@c',
    'a@b..',
    '<a@b.c>',
    `${'a'.repeat(65)}@b.c`,
  ]) {
    await assert.rejects(identity.accounts.create(bad, '', []), /not an e-mail address/, bad)
  }
})

test('the first operator is made once', async () => {
  const { identity } = await openHouse({}, 'operator')
  const first = await identity.ensureFirstOperator()
  assert.match(first?.oneTimePassword ?? '', /^(?:\w{5}-){3}\w{5}$/)
  assert.equal(await identity.ensureFirstOperator(), undefined)
})

test('the assertion is verified by the public keys, for one audience, for a minute, and follows the version', async () => {
  const { identity, clock, add } = await openHouse()
  const ann = await add('ann@shop.test')
  const check = await identity.subjectOf(await identity.sessions.start(pass(ann), HOME, PROOF))
  assert.ok(check.ok)
  const token = await identity.assertions.sign(check.subject, 'shop')
  const jwks = await identity.assertions.jwks()
  assert.ok(!JSON.stringify(jwks).includes('"d"'), 'no private part')
  const verify = (audience: string, atMs: number) =>
    jwtVerify(token, createLocalJWKSet({ keys: [...jwks.keys] }), {
      issuer: 'ringwall',
      audience,
      currentDate: new Date(atMs),
    })
  const { payload } = await verify('shop', clock.now())
  assert.deepEqual([payload.sub, payload['roles'], payload['sv']], [ann.id, ['customer'], ann.sessionVersion])
  await assert.rejects(verify('other', clock.now()), /aud/)
  await assert.rejects(verify('shop', clock.now() + 61_000), /exp/)
  assert.equal(
    await identity.assertions.sign(check.subject, 'shop'),
    token,
    'one signature for half a minute',
  )
  assert.notEqual(await identity.assertions.sign({ ...check.subject, roles: ['admin'] }, 'shop'), token)
  const newer = { ...check.subject, sessionVersion: check.subject.sessionVersion + 1 }
  assert.notEqual(await identity.assertions.sign(newer, 'shop'), token)
  clock.advance(31_000)
  assert.notEqual(await identity.assertions.sign(check.subject, 'shop'), token)
  keys.rotate('assertion')
  assert.equal(
    (await identity.assertions.jwks()).keys.length,
    2,
    'what the old key signed can still be verified',
  )
})
