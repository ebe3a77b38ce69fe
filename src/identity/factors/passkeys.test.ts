// Passkeys against an authenticator in software that can do everything wrong, on both databases.
import assert from 'node:assert/strict'
import test from 'node:test'

import { leasePostgres, notHere } from '../../store/testing.ts'
import { openHouse } from '../testing.ts'
import { softwarePasskey, type Wrong } from './testing.ts'

const PARTY = { id: 'shop.test', name: 'Shop', origin: 'https://shop.test' }
const BE = 8
const BS = 16

const WRONG: readonly { readonly name: string; readonly wrong: Wrong; readonly only?: 'create' | 'get' }[] = [
  { name: 'another origin', wrong: { origin: 'https://evil.test' } },
  { name: 'the origin with a port', wrong: { origin: 'https://shop.test:8443' } },
  { name: 'the origin over plain HTTP', wrong: { origin: 'http://shop.test' } },
  { name: 'a subdomain as origin', wrong: { origin: 'https://a.shop.test' } },
  { name: 'another relying party', wrong: { rpId: 'evil.test' } },
  { name: 'the other ceremony', wrong: { type: 'webauthn.payment' } },
  { name: 'a challenge of nobody', wrong: { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } },
  { name: 'a frame of another site', wrong: { crossOrigin: true } },
  { name: 'nobody present', wrong: { flags: 4 } },
  { name: 'a user that was not verified', wrong: { flags: 1 }, only: 'get' },
  { name: 'a backup of what cannot be backed up', wrong: { flags: 1 | 4 | BS } },
  { name: 'an eligibility for backup that came later', wrong: { flags: 1 | 4 | BE }, only: 'get' },
  { name: 'a broken signature', wrong: { breakSignature: true }, only: 'get' },
  { name: 'the handle of another user', wrong: { userHandle: 'somebody-else' }, only: 'get' },
  { name: 'an id that is not the credential', wrong: { id: 'AAAA' } },
  { name: 'a counter that stands still', wrong: { counter: 1 }, only: 'get' },
]

for (const kind of ['sqlite', 'postgres'] as const) {
  test(`passkeys on ${kind}`, async (context) => {
    const lease = kind === 'postgres' ? await leasePostgres() : undefined
    if (kind === 'postgres' && !lease) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const house = await openHouse({}, lease)
    const { clock } = house
    const { passkeys } = house.identity.factors
    let made = 0
    const enrolled = async () => {
      const account = await house.add(`key-${made++}@shop.test`)
      const key = softwarePasskey(PARTY, account.id)
      const options = await passkeys.enrolmentOptions(PARTY, account, 'browser')
      const result = await passkeys.enrol(PARTY, account.id, 'browser', key.create(options), 'My\u0000 key ')
      assert.deepEqual(result, { ok: true, id: key.id })
      const signIn = async (wrong: Wrong = {}, holder = 'browser') => {
        const asked = await passkeys.openOptions(PARTY, 'browser')
        return passkeys.verify(PARTY, 'sign-in', holder, key.get(asked, wrong))
      }
      return { account, key, signIn }
    }
    try {
      await context.test('a passkey signs in again and again, and has a clean name', async () => {
        const { account, key, signIn } = await enrolled()
        for (let i = 0; i < 3; i++) {
          const { id: credentialId } = key
          assert.deepEqual(await signIn(), {
            ok: true,
            accountId: account.id,
            credentialId,
            userVerified: true,
          })
        }
        const [shown] = await passkeys.list(account.id)
        assert.equal(shown?.name, 'My key')
        assert.equal(shown.lastUsedMs, clock.now())
      })

      for (const { name, wrong, only } of WRONG) {
        if (only !== 'get') {
          await context.test(`enrolment refuses ${name}`, async () => {
            const account = await house.add(`wrong-${made++}@shop.test`)
            const options = await passkeys.enrolmentOptions(PARTY, account, 'browser')
            const raw = softwarePasskey(PARTY, account.id).create(options, wrong)
            assert.equal((await passkeys.enrol(PARTY, account.id, 'browser', raw, '')).ok, false)
          })
        }
        if (only !== 'create') {
          await context.test(`sign-in refuses ${name}`, async () => {
            const { signIn } = await enrolled()
            assert.equal((await signIn()).ok, true)
            assert.equal((await signIn(wrong)).ok, false)
          })
        }
      }

      await context.test(
        'a challenge is good once, for its browser, its purpose, and five minutes',
        async () => {
          const { account, key } = await enrolled()
          const asked = await passkeys.openOptions(PARTY, 'browser')
          const raw = key.get(asked)
          const verify = (use: 'sign-in' | 'second-factor', holder: string) =>
            passkeys.verify(PARTY, use, holder, raw, use === 'sign-in' ? undefined : account.id)
          assert.equal((await verify('sign-in', 'another browser')).ok, false)
          assert.equal((await verify('second-factor', 'browser')).ok, false)
          const [first, ...others] = await Promise.all(
            Array.from({ length: 6 }, () => verify('sign-in', 'browser')),
          )
          assert.equal([first, ...others].filter((one) => one?.ok).length, 1, 'of six at the same time one')
          assert.equal((await verify('sign-in', 'browser')).ok, false)
          const late = key.get(await passkeys.openOptions(PARTY, 'browser'))
          clock.advance(5 * 60_000)
          assert.equal((await passkeys.verify(PARTY, 'sign-in', 'browser', late)).ok, false)
        },
      )

      await context.test('a copied key is told by its counter, also when both are used at once', async () => {
        const { signIn } = await enrolled()
        assert.equal((await signIn({ counter: 10 })).ok, true)
        const copied = await signIn({ counter: 9 })
        assert.ok(!copied.ok && copied.isClone)
        const both = await Promise.all([signIn({ counter: 11 }), signIn({ counter: 11 })])
        assert.equal(both.filter(({ ok }) => ok).length, 1)
        assert.equal((await signIn({ counter: 0 })).ok, false, 'one that counted does not stop counting')
      })

      await context.test('authenticators that do not count are taken', async () => {
        const { signIn } = await enrolled()
        assert.equal((await signIn({ counter: 0 })).ok, true)
        assert.equal((await signIn({ counter: 0 })).ok, true)
      })

      await context.test('the backup state may change, and is kept', async () => {
        const account = await house.add(`synced-${made++}@shop.test`)
        const key = softwarePasskey(PARTY, account.id)
        const options = await passkeys.enrolmentOptions(PARTY, account, 'b')
        const raw = key.create(options, { flags: 1 | 4 | BE })
        assert.ok((await passkeys.enrol(PARTY, account.id, 'b', raw, '')).ok)
        const backedUp = async () => (await passkeys.list(account.id))[0]?.isBackedUp
        assert.equal(await backedUp(), false)
        for (const flags of [1 | 4 | BE | BS, 1 | 4 | BE]) {
          const shown = key.get(await passkeys.openOptions(PARTY, 'b'), { flags })
          assert.equal((await passkeys.verify(PARTY, 'sign-in', 'b', shown)).ok, true)
          assert.equal(await backedUp(), (flags & BS) !== 0)
        }
      })

      await context.test(
        'as a second factor it need not verify, and must be of the same account',
        async () => {
          const { account, key } = await enrolled()
          const other = await enrolled()
          const ask = async (wrong: Wrong, whose: string) => {
            const options = await passkeys.optionsFor(PARTY, whose, 'second-factor', 'h')
            return passkeys.verify(PARTY, 'second-factor', 'h', key.get(options, wrong), whose)
          }
          assert.equal((await ask({ flags: 1 }, account.id)).ok, true)
          assert.equal((await ask({}, other.account.id)).ok, false)
        },
      )

      await context.test('an id that is known stays with whom it was given to first', async () => {
        const { account, key } = await enrolled()
        const max = await house.add(`max-${made++}@shop.test`)
        const options = await passkeys.enrolmentOptions(PARTY, max, 'b')
        const taken = await passkeys.enrol(PARTY, max.id, 'b', key.create(options), '')
        assert.deepEqual(taken, { ok: false, reason: 'the credential is known already' })
        assert.equal((await passkeys.list(account.id)).length, 1)
        assert.equal(await passkeys.remove(max.id, key.id), false, 'nobody removes what is not his')
        assert.equal(await passkeys.rename(max.id, key.id, 'mine'), false)
      })

      await context.test('the list for an address says nothing of whether it has an account', async () => {
        const { account, key } = await enrolled()
        const ids = async (email: string, accountId?: string): Promise<string> => {
          const options = (await passkeys.optionsForAddress(PARTY, email, accountId, 'b')) as {
            readonly allowCredentials: readonly { readonly id: string; readonly transports: string[] }[]
          }
          return JSON.stringify(options.allowCredentials)
        }
        const real = await ids(account.email, account.id)
        const nobody = await ids('nobody@shop.test')
        assert.ok(real.includes(key.id))
        assert.equal(nobody.length, real.length, 'the same form and length')
        assert.equal(await ids('nobody@shop.test'), nobody, 'the same each time')
        assert.notEqual(await ids('nobody-else@shop.test'), nobody)
        const plain = await house.add(`plain-${made++}@shop.test`)
        assert.equal(
          (await ids(plain.email, plain.id)).length,
          real.length,
          'an account without a passkey too',
        )
        house.keys.rotate('cookie')
        assert.equal(await ids('nobody@shop.test'), nobody, 'also after a rotation')
      })

      await context.test('what is no response is refused, whatever it is', async () => {
        const { key } = await enrolled()
        const good = key.get(await passkeys.openOptions(PARTY, 'b')) as { readonly response: object }
        const spoilt: unknown[] = [
          undefined,
          null,
          7,
          'text',
          [],
          {},
          { ...good, id: '' },
          { ...good, type: 'password' },
          { ...good, rawId: 'AAAA' },
          { ...good, response: null },
          { ...good, response: { ...good.response, clientDataJSON: '%%%' } },
          {
            ...good,
            response: { ...good.response, clientDataJSON: Buffer.from('[]').toString('base64url') },
          },
          { ...good, response: { ...good.response, authenticatorData: 'AAAA' } },
          { ...good, response: { ...good.response, signature: 'A'.repeat(20_000) } },
          { ...good, response: { ...good.response, signature: 7 } },
        ]
        for (const raw of spoilt)
          assert.equal((await passkeys.verify(PARTY, 'sign-in', 'b', raw)).ok, false, JSON.stringify(raw))
      })
    } finally {
      await house.close()
      await lease?.release()
    }
  })
}
