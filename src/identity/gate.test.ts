// The gate: every state of an account crossed with every way in that there is, on a real store.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { after } from 'node:test'

import type { Subject } from '../core/exchange.ts'
import type { Account } from './accounts.ts'
import { hotp, stepAt } from './factors/totp.ts'
import { type Admission, admit, type WayIn, WAYS_IN } from './gate.ts'
import { Suspensions } from './suspensions.ts'
import { softwarePasskey } from './factors/testing.ts'
import { GOOD, HOME, openHouse } from './testing.ts'

const PARTY = { id: 'shop.test', name: 'Shop', origin: 'https://shop.test' }
const house = await openHouse({ mfa: { backup_codes_count: 1 } })
after(() => house.close())
const { identity, clock, database } = house
const suspensions = new Suspensions(database, clock)

/** What somebody can hold of an account, made while all was well. */
interface Holdings {
  readonly account: Account
  readonly session: string
  readonly subject: Subject
  readonly pending: string
  readonly pendingForPasskey: string
  readonly remembered: string
  readonly secret: Uint8Array
  readonly backupCode: string
  readonly passkey: ReturnType<typeof softwarePasskey>
}

let made = 0
async function holdEverything(): Promise<Holdings> {
  const email = `owner-${made++}@shop.test`
  const first = await house.add(email)
  await identity.accounts.setTenant(first, `tenant-${made}`)
  const { factors } = identity
  const secret = (await factors.totp.begin(first.id)) as Uint8Array
  assert.ok(await factors.totp.confirm(first.id, hotp(secret, stepAt(clock.now()) - 1)))
  const [backupCode = ''] = (await factors.backupCodes.regenerate(first.id)) ?? []
  const passkey = softwarePasskey(PARTY, first.id)
  const options = await factors.passkeys.enrolmentOptions(PARTY, first, 'holder')
  assert.ok((await factors.passkeys.enrol(PARTY, first.id, 'holder', passkey.create(options), 'key')).ok)
  const account = await house.find(first)
  const pendingOf = async (): Promise<string> => {
    const result = await identity.signIn(email, GOOD, HOME)
    assert.ok(!result.ok && result.reason === 'needs-factor')
    return result.pending.token
  }
  const claim = { way: 'password', realm: 'site', sessionVersion: undefined } as const
  const admission = admit(account, claim, clock.now())
  assert.ok(admission.ok)
  const proof = { assurance: 2, methods: ['pwd', 'otp'], atMs: clock.now() } as const
  const session = await identity.sessions.start(admission.admitted, HOME, proof)
  const found = await identity.subjectOf(session)
  assert.ok(found.ok)
  return {
    account,
    session,
    subject: found.subject,
    pending: await pendingOf(),
    pendingForPasskey: await pendingOf(),
    remembered: await factors.devices.remember(account, 'test'),
    secret,
    backupCode,
    passkey,
  }
}

/** Each way in, tried with what is held; whether it ended in a session or a subject. */
const TRIES: Readonly<Record<WayIn, (held: Holdings) => Promise<boolean>>> = {
  session: async (held) => (await identity.subjectOf(held.session)).ok,
  password: async ({ account }) => {
    const result = await identity.signIn(account.email, GOOD, HOME)
    return result.ok || result.reason === 'needs-factor'
  },
  'second-factor': async (held) => {
    const byCode = await identity.secondStep.complete(held.pending, {
      code: hotp(held.secret, stepAt(clock.now())),
    })
    const byBackup = await identity.secondStep.complete(held.pending, { code: held.backupCode })
    const holder = 'second'
    const options = await identity.factors.passkeys.optionsFor(
      PARTY,
      held.account.id,
      'second-factor',
      holder,
    )
    const byPasskey = await identity.secondStep.complete(held.pendingForPasskey, {
      passkey: held.passkey.get(options),
      party: PARTY,
      holder,
    })
    return byCode.ok || byBackup.ok || byPasskey.ok
  },
  passkey: async (held) => {
    const options = await identity.factors.passkeys.openOptions(PARTY, 'holder')
    const shown = { passkey: held.passkey.get(options), party: PARTY, holder: 'holder' }
    return (await identity.secondStep.passkey(shown)).ok
  },
  'remembered-device': async ({ account, remembered }) =>
    (await identity.signIn(account.email, GOOD, { ...HOME, rawRemembered: remembered })).ok,
  'step-up': async (held) => {
    clock.advance(30_000)
    const code = hotp(held.secret, stepAt(clock.now()))
    return (await identity.stepUp(held.subject, held.session, { code }, HOME)).ok
  },
  'password-change': async (held) =>
    (await identity.changePassword(held.subject, GOOD, 'Another-horse-8', HOME)).ok,
  'password-reset': async ({ account }) => isAdmitted(await gateFor(account, 'password-reset')),
  'api-key': ({ account }) => identity.mayOwnerAct(account.email),
  elevation: async ({ account }) => isAdmitted(await gateFor(account, 'elevation')),
}

/** Ways that other rooms open: the gate itself, with the version that their links and requests carry. */
async function gateFor(held: Account, way: WayIn): Promise<Admission> {
  const claim = { way, realm: held.realm, sessionVersion: held.sessionVersion } as const
  return admit(await identity.accounts.find(held.id), claim, clock.now())
}

function isAdmitted(admission: Admission): boolean {
  return admission.ok
}

/** What can become of an account. `open` names the ways that stay: who knows the new password, or still has the other factor. */
const STATES: readonly {
  readonly name: string
  readonly happen: (held: Holdings) => Promise<unknown>
  readonly open: readonly WayIn[]
}[] = [
  { name: 'disabled', happen: ({ account }) => identity.accounts.setDisabled(account, true), open: [] },
  { name: 'deleted', happen: ({ account }) => identity.accounts.delete(account), open: [] },
  {
    name: 'deletion that was asked for and is due',
    happen: ({ account }) =>
      database.kysely
        .updateTable('accounts')
        .set({ delete_after: clock.now() })
        .where('id', '=', account.id)
        .execute(),
    open: [],
  },
  {
    name: 'tenant suspended',
    happen: ({ account }) => suspensions.suspend(account.tenant ?? '', 'unpaid', 'max'),
    open: [],
  },
  {
    name: 'password changed',
    happen: async ({ account }) =>
      assert.deepEqual(await identity.accounts.setPassword(account, 'Harbour-wall-77'), { ok: true }),
    // Keys of machines are taken back by themselves.
    open: ['passkey', 'api-key'],
  },
  {
    name: 'version raised (sessions ended, roles changed)',
    happen: ({ account }) => identity.accounts.setRoles(account, ['auditor']),
    // The password and the passkey are proven anew, and so are the factors that follow the password.
    open: ['password', 'passkey', 'remembered-device', 'api-key'],
  },
  {
    name: 'all factors removed',
    happen: async (held) => {
      await identity.factors.removeAll(held.account.id)
      await identity.accounts.endSessions(held.account)
    },
    open: ['password', 'remembered-device', 'api-key'],
  },
  {
    name: 'seal broken',
    happen: async ({ account }) => {
      await identity.accounts.setBreakGlass(account, 1)
      assert.ok(await identity.accounts.breakSeal(account))
    },
    open: [],
  },
]

test('every way in is tried: each works while all is well', async () => {
  for (const way of WAYS_IN) assert.equal(await TRIES[way](await holdEverything()), true, way)
})

for (const { name, happen, open } of STATES) {
  for (const way of WAYS_IN) {
    const isOpen = open.includes(way)
    test(`${name}: ${way} is ${isOpen ? 'proven anew' : 'refused'}`, async () => {
      const held = await holdEverything()
      await happen(held)
      if (way === 'remembered-device' && isOpen) {
        // The device itself is forgotten: it is asked for the factor again, where there still is one.
        const { account, remembered } = held
        assert.equal(
          await identity.factors.devices.isRemembered(await house.find(account), remembered),
          false,
        )
        return
      }
      assert.equal(await TRIES[way](held), isOpen)
      assert.equal((await identity.subjectOf(held.session)).ok, false, 'the session that was there is over')
    })
  }
}

test('an account of another realm is a stranger, whatever it shows', async () => {
  const held = await holdEverything()
  for (const way of WAYS_IN) {
    const claim = { way, realm: 'operator', sessionVersion: held.account.sessionVersion } as const
    assert.deepEqual(admit(await house.find(held.account), claim, clock.now()), {
      ok: false,
      reason: 'other-realm',
    })
  }
  assert.equal((await house.operators.subjectOf(held.session)).ok, false)
  const options = await house.operators.factors.passkeys.openOptions(PARTY, 'holder')
  const shown = { passkey: held.passkey.get(options), party: PARTY, holder: 'holder' }
  assert.equal((await house.operators.secondStep.passkey(shown)).ok, false)
})

test('a one-time password that has expired opens nothing, also with its second factor', async () => {
  const held = await holdEverything()
  const password = await identity.accounts.setOneTimePassword(held.account)
  const begun = await identity.signIn(held.account.email, password, HOME)
  assert.ok(!begun.ok && begun.reason === 'needs-factor')
  await database.kysely
    .updateTable('accounts')
    .set({ password_expires_at: clock.now() })
    .where('id', '=', held.account.id)
    .execute()
  const late = await identity.secondStep.complete(begun.pending.token, {
    code: hotp(held.secret, stepAt(clock.now())),
  })
  assert.equal(late.ok, false)
})

test('a sealed account opens once, for one of two at the same time, with an alarm and for an hour', async () => {
  const held = await holdEverything()
  await identity.accounts.setBreakGlass(held.account, clock.now())
  const begin = async (rawRemembered?: string): Promise<string> => {
    const result = await identity.signIn(held.account.email, GOOD, {
      ...HOME,
      ...(rawRemembered !== undefined && { rawRemembered }),
    })
    assert.ok(!result.ok && result.reason === 'needs-factor')
    return result.pending.token
  }
  const tokens = [
    await begin(await identity.factors.devices.remember(await house.find(held.account), 'x')),
    await begin(),
  ]
  const [first, second] = [
    await identity.secondStep.complete(tokens[0], { code: held.backupCode }),
    await identity.secondStep.complete(tokens[1], { code: hotp(held.secret, stepAt(clock.now())) }),
  ]
  assert.ok(first.ok && second.ok)
  const done = await Promise.all(
    [first, second].map(({ admitted, proof }) => identity.completeSignIn(admitted, HOME, proof)),
  )
  const opened = done.filter((one) => one.ok)
  assert.equal(opened.length, 1)
  assert.match(
    house.notices.at(-1) ?? '',
    /^ALARM: the sealed site account owner-\d+@shop\.test was opened from/,
  )
  const again = await identity.signIn(held.account.email, GOOD, HOME)
  assert.ok(!again.ok && again.reason === 'seal-broken')
  const token = opened[0]?.ok === true ? opened[0].token : ''
  assert.ok((await identity.subjectOf(token)).ok)
  clock.advance(3_600_000)
  assert.equal((await identity.subjectOf(token)).ok, false)
})

/** Every source of the room, but tests. */
function sources(): { readonly path: string; readonly text: string }[] {
  return readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/(\.test|testing)\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(import.meta.dirname, '..', path), 'utf8') }))
}

/** Where a source goes around the gate. */
function waysAround(all: readonly { readonly path: string; readonly text: string }[]): string[] {
  const found: string[] = []
  for (const { path, text } of all) {
    const code = text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '')
    if (path !== 'identity/gate.ts' && /\bas (?:unknown as )?Admitted\b|<Admitted>/.test(code))
      found.push(`${path}: only the gate makes an Admitted`)
    if (
      !/^(identity\/sessions|store\/sessions|store\/tables)\.ts$/.test(path) &&
      /\bsession_version: (?!row|boolean)[\w.]+,?\s[\s\S]{0,200}\bidle_expires_at:/.test(code)
    )
      found.push(`${path}: only Sessions.start makes a row of a session`)
    if (
      /\bstore\.create\(|insertInto\('sessions'\)/.test(code) &&
      !/^(identity|store)\/sessions\.ts$/.test(path)
    )
      found.push(`${path}: only Sessions.start stores a session`)
    if (/\bexchange\.subject = /.test(code) && !/^(identity\/wall)\.ts$/.test(path))
      found.push(`${path}: only the wall of identity sets the subject`)
    if (
      path.startsWith('identity/') &&
      /: Subject = \{|mustChangePassword: this\.accounts/.test(code) &&
      path !== 'identity/identity.ts'
    )
      found.push(`${path}: only Identity makes a subject`)
    const ways = [...code.matchAll(/\bway: '([\w-]+)'/g)].map((match) => match[1] as WayIn)
    for (const way of ways) if (!WAYS_IN.includes(way)) found.push(`${path}: \`${way}\` is not in WAYS_IN`)
  }
  return found
}

test('nothing goes around the gate', () => {
  assert.deepEqual(waysAround(sources()), [])
})

for (const { name, path, text, want } of [
  {
    name: 'a made-up admission',
    path: 'identity/x.ts',
    text: 'start({ account } as Admitted, from)',
    want: /only the gate/,
  },
  {
    name: 'a made-up admission in two steps',
    path: 'src/x.ts',
    text: 'const a = b as unknown as Admitted',
    want: /only the gate/,
  },
  {
    name: 'a session that is stored by hand',
    path: 'identity/x.ts',
    text: "kysely.insertInto('sessions').values(row)",
    want: /stores a session/,
  },
  {
    name: 'a subject that is set by hand',
    path: 'authzen-pages.ts',
    text: 'exchange.subject = somebody',
    want: /sets the subject/,
  },
  {
    name: 'a subject that is made by hand',
    path: 'identity/x.ts',
    text: 'const subject: Subject = { id }',
    want: /makes a subject/,
  },
  {
    name: 'a way that is on no list',
    path: 'identity/x.ts',
    text: "admit(account, { way: 'carrier-pigeon', realm })",
    want: /WAYS_IN/,
  },
]) {
  test(`planted: ${name} is reported`, () => {
    const found = waysAround([{ path, text }])
    assert.equal(found.length, 1, JSON.stringify(found))
    assert.match(found[0] as string, want)
  })
}
