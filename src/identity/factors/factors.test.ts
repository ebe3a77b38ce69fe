// One-time codes, backup codes and remembered devices, on both databases.
import assert from 'node:assert/strict'
import test from 'node:test'

import { URI } from 'otpauth'

import { leasePostgres, notHere } from '../../store/testing.ts'
import { GOOD, HOME, openHouse } from '../testing.ts'
import { encodeBase32 } from './base32.ts'
import { provisioningOf, qrPng, qrSvg } from './provisioning.ts'
import { REMEMBER_MS } from './remembered-devices.ts'
import { hotp, matchingStep, stepAt } from './totp.ts'

test('base32 is that of RFC 4648, without padding', () => {
  const texts = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar']
  assert.deepEqual(
    texts.map((text) => encodeBase32(Buffer.from(text))),
    ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'],
  )
})

test('a code is taken one step to either side, and no code of that step or before again', () => {
  const key = Buffer.from('12345678901234567890')
  const nowMs = 1_111_111_109_000
  const at = (drift: number): string => hotp(key, stepAt(nowMs) + drift)
  const match = (code: string, window: number, lastStep = -1): number | undefined =>
    matchingStep(key, code, { nowMs, window, lastStep })
  for (const drift of [-1, 0, 1]) assert.equal(match(at(drift), 1), stepAt(nowMs) + drift)
  for (const drift of [-2, 2]) assert.equal(match(at(drift), 1), undefined)
  for (const drift of [-1, 1]) assert.equal(match(at(drift), 0), undefined)
  assert.equal(match(at(0), 1, stepAt(nowMs)), undefined)
  assert.equal(match(at(-1), 1, stepAt(nowMs)), undefined)
  assert.equal(match(at(1), 1, stepAt(nowMs)), stepAt(nowMs) + 1)
  for (const bad of ['', '12345', '1234567', 'abcdef', ' 12345', '\u0661\u0662\u0663\u0664\u0665\u0666'])
    assert.equal(match(bad, 1), undefined, bad)
})

test('the provisioning URI holds what applications read, and the pictures are PNG and SVG', async () => {
  const key = Buffer.from('12345678901234567890')
  const { uri, secret } = provisioningOf(key, 'Shop: A & B', 'ann@shop.test')
  assert.equal(
    uri,
    'otpauth://totp/Shop%20%20A%20%26%20B:ann%40shop.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Shop%3A%20A%20%26%20B&algorithm=SHA1&digits=6&period=30',
  )
  const png = await qrPng(uri)
  assert.equal(Buffer.from(png.subarray(0, 8)).toString('latin1'), '\x89PNG\r\n\x1a\n')
  assert.match(await qrSvg(uri), /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\s*$/)
  const theirs = URI.parse(uri)
  assert.equal(theirs.generate({ timestamp: 1_111_111_109_000 }), hotp(key, stepAt(1_111_111_109_000)))
  assert.equal(secret, theirs.secret.base32)
})

for (const kind of ['sqlite', 'postgres'] as const) {
  test(`factors on ${kind}`, async (context) => {
    const lease = kind === 'postgres' ? await leasePostgres() : undefined
    if (kind === 'postgres' && !lease) return notHere(context, 'PostgreSQL', 'apt-get install postgresql')
    const house = await openHouse({}, lease)
    const { identity, clock, database, add } = house
    const { factors } = identity
    try {
      await context.test(
        'an authenticator counts once a code of it was shown, and is stored sealed',
        async () => {
          const ann = await add('ann@shop.test')
          const first = await factors.totp.begin(ann.id)
          const secret = await factors.totp.begin(ann.id)
          assert.ok(first && secret && !Buffer.from(first).equals(secret), 'the second replaces the first')
          const code = (): string => hotp(secret, stepAt(clock.now()))
          assert.equal((await factors.checkCode(ann.id, code())).ok, false, 'not before it is confirmed')
          assert.equal((await factors.confirmTotp(ann.id, '000000')).ok, false)
          assert.equal((await factors.confirmTotp(ann.id, code())).ok, true)
          assert.equal(
            (await factors.checkCode(ann.id, code())).ok,
            false,
            'the code of the confirmation is used up',
          )
          assert.equal(await factors.totp.begin(ann.id), undefined, 'a confirmed one is not replaced')
          assert.equal(await factors.totp.pending(ann.id), undefined, 'a confirmed secret is not shown again')
          const rows = JSON.stringify(await database.kysely.selectFrom('totp_factors').selectAll().execute())
          assert.ok(
            !rows.includes(encodeBase32(secret)) && !rows.includes(Buffer.from(secret).toString('base64url')),
          )
          house.keys.rotate('pepper')
          clock.advance(30_000)
          assert.equal((await factors.checkCode(ann.id, code())).ok, true, 'after the key was rotated')
          const { secret: sealed } = await database.kysely
            .selectFrom('totp_factors')
            .select('secret')
            .executeTakeFirstOrThrow()
          const max = await add('moved@shop.test')
          await database.kysely
            .insertInto('totp_factors')
            .values({ account_id: max.id, secret: sealed, last_step: -1, created_at: 0, confirmed_at: 0 })
            .execute()
          clock.advance(30_000)
          await assert.rejects(
            factors.checkCode(max.id, code()),
            /unable to authenticate/i,
            'moved to another account',
          )
        },
      )

      await context.test(
        'of 20 uses of one code at the same time one gets in, on two processes',
        async () => {
          const ann = await add('twice@shop.test')
          const secret = (await factors.totp.begin(ann.id)) as Uint8Array
          await factors.confirmTotp(ann.id, hotp(secret, stepAt(clock.now()) - 1))
          const other = house.second()
          const code = hotp(secret, stepAt(clock.now()))
          const uses = Array.from({ length: 20 }, (_, i) =>
            (i % 2 ? other : identity).factors.totp.verify(ann.id, code),
          )
          assert.equal((await Promise.all(uses)).filter(Boolean).length, 1)
        },
      )

      await context.test(
        'ten backup codes of 80 bits, each once, only as hashes, regenerated as a set',
        async () => {
          const ann = await add('codes@shop.test')
          const codes = (await factors.backupCodes.regenerate(ann.id)) as readonly string[]
          assert.equal(codes.length, 10)
          assert.equal(new Set(codes).size, 10)
          for (const code of codes) assert.match(code, /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/)
          const rows = JSON.stringify(await database.kysely.selectFrom('backup_codes').selectAll().execute())
          for (const code of codes) assert.ok(!rows.includes(code.replaceAll('-', '')))
          const [first = '', second = '', third = ''] = codes
          assert.deepEqual(await factors.checkCode(ann.id, first), { ok: true, method: 'backup' })
          assert.equal((await factors.checkCode(ann.id, first)).ok, false)
          assert.equal(await factors.backupCodes.left(ann.id), 9)
          assert.equal(
            (await factors.checkCode(ann.id, ` ${second.toLowerCase().replaceAll('-', ' ')} `)).ok,
            true,
          )
          const uses = Array.from({ length: 8 }, () => factors.backupCodes.redeem(ann.id, third))
          assert.deepEqual((await Promise.all(uses)).filter((use) => use === 'right').length, 1)
          const fresh = (await factors.backupCodes.regenerate(ann.id)) as readonly string[]
          assert.equal(
            await factors.backupCodes.redeem(ann.id, codes[5] as string),
            'wrong',
            'the old set is over',
          )
          const max = await add('other@shop.test')
          assert.equal(
            await factors.backupCodes.redeem(max.id, fresh[0] as string),
            'wrong',
            'of another account',
          )
        },
      )

      await context.test(
        'guessing is bounded for the account, whatever the network, also all at once',
        async () => {
          const ann = await add('guess@shop.test')
          const secret = (await factors.totp.begin(ann.id)) as Uint8Array
          await factors.confirmTotp(ann.id, hotp(secret, stepAt(clock.now()) - 1))
          const guesses = Array.from({ length: 50 }, (_, i) =>
            factors.checkCode(ann.id, String(i).padStart(6, '0')),
          )
          const results = await Promise.all(guesses)
          const looked = results.filter((result) => !result.ok && result.reason === 'wrong')
          assert.ok(looked.length <= 10, `${looked.length} were looked at`)
          const right = (): string => hotp(secret, stepAt(clock.now()))
          assert.deepEqual(await factors.checkCode(ann.id, right()), { ok: false, reason: 'locked' })
          clock.advance(16 * 60_000)
          assert.equal((await factors.checkCode(ann.id, right())).ok, true, 'the owner gets in later')
          let wrong = 0
          for (let i = 0; i < 40; i++) {
            clock.advance(16 * 60_000)
            for (let n = 0; n < 3; n++) {
              const result = await factors.checkCode(ann.id, '000000')
              if (!result.ok && result.reason === 'wrong') wrong++
            }
          }
          assert.equal(wrong, 100, 'the ceiling over all time')
          clock.advance(16 * 60_000)
          assert.deepEqual(await factors.checkCode(ann.id, right()), { ok: false, reason: 'locked' })
          await factors.clearAttempts(ann.id)
          assert.equal((await factors.checkCode(ann.id, right())).ok, true, 'after an operator or a passkey')
        },
      )

      await context.test(
        'a remembered device is not asked for 30 days, until the version is raised',
        async () => {
          const ann = await add('device@shop.test')
          const secret = (await factors.totp.begin(ann.id)) as Uint8Array
          await factors.confirmTotp(ann.id, hotp(secret, stepAt(clock.now()) - 1))
          const reason = async (rawRemembered?: string): Promise<string> => {
            const result = await identity.signIn('device@shop.test', GOOD, {
              ...HOME,
              ...(rawRemembered !== undefined && { rawRemembered }),
            })
            return result.ok ? 'ok' : result.reason
          }
          assert.equal(await reason(), 'needs-factor')
          const token = await factors.devices.remember(ann, 'Firefox')
          assert.equal(await reason(token), 'ok')
          for (const bad of ['', 'x', `${token}=`, 'A'.repeat(43)])
            assert.equal(await reason(bad), 'needs-factor')
          const max = await add('max@shop.test')
          assert.equal(await factors.devices.isRemembered(max, token), false, 'not of another account')
          clock.advance(REMEMBER_MS - 1)
          assert.equal(await reason(token), 'ok')
          clock.advance(1)
          assert.equal(await reason(token), 'needs-factor')
          const fresh = await factors.devices.remember(ann, 'Firefox')
          const [row] = await factors.devices.list(ann.id)
          assert.ok(row && (await factors.devices.forget(ann.id, row.token_hash)))
          assert.equal(await reason(fresh), 'needs-factor', 'taken back')
          const last = await factors.devices.remember(ann, 'Firefox')
          await identity.accounts.endSessions(ann)
          assert.equal(await reason(last), 'needs-factor', 'of an older version')
        },
      )
    } finally {
      await house.close()
      await lease?.release()
    }
  })
}
