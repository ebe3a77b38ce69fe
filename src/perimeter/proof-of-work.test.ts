import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'

import { systemRandom } from '../core/clock.ts'
import {
  CHALLENGE_RULES,
  type ChallengeDesk,
  type ChallengeRules,
  DelayedGate,
  issueChallenge,
  issuePass,
  MAX_BITS,
  verifyDelayed,
  verifyPass,
  verifySolution,
} from './proof-of-work.ts'

const NOW = Date.UTC(2026, 0, 1)
const IP = '192.0.2.7'
const rules: ChallengeRules = { ...CHALLENGE_RULES, bits: 10 }
const desk: ChallengeDesk = { key: new Uint8Array(32).fill(7), rules }

/** Zero bits at the front, counted on the digits: another way than the one under test. */
function zeroBits(text: string): number {
  const digest = createHash('sha256').update(text, 'latin1').digest('hex')
  const bits = [...digest].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('')
  return bits.indexOf('1')
}

/** The first eight digits whose zero bits are as wanted. */
function search(seed: string, isWanted: (zeros: number) => boolean): string {
  for (let n = 10_000_000; ; n++) if (isWanted(zeroBits(seed + n))) return String(n)
}

function issue(ip = IP, by = desk): { token: string; seed: string; nonce: string } {
  const { token, seed, bits } = issueChallenge(by, ip, NOW, systemRandom)
  return { token, seed, nonce: search(seed, (zeros) => zeros >= bits) }
}

const challenge = issue()
const answer = { token: challenge.token, nonce: challenge.nonce }

test('a real solution counts, more than once, until the challenge expires', () => {
  for (const at of [NOW, NOW + 1, NOW + rules.challengeMs - 1]) {
    const verdict = verifySolution(desk, IP, answer, at)
    assert.deepEqual(verdict, { ok: true, seed: challenge.seed, expiresMs: NOW + rules.challengeMs })
  }
  assert.deepEqual(verifySolution(desk, IP, answer, NOW + rules.challengeMs), { ok: false, fault: 'expired' })
})

test('the difficulty is honest: one bit less is wrong, and the bits are those of the token', () => {
  const { token, seed } = challenge
  const nearly = search(seed, (zeros) => zeros === rules.bits - 1)
  const exactly = search(seed, (zeros) => zeros === rules.bits)
  assert.deepEqual(verifySolution(desk, IP, { token, nonce: nearly }, NOW), { ok: false, fault: 'wrong' })
  assert.equal(verifySolution(desk, IP, { token, nonce: exactly }, NOW).ok, true)
  const easierNow = { ...desk, rules: { ...rules, bits: 1 } }
  assert.equal(verifySolution(easierNow, IP, { token, nonce: nearly }, NOW).ok, false)
})

const networks: readonly [string, string, string, boolean][] = [
  ['the same IPv4 address', '192.0.2.7', '192.0.2.7', true],
  ['the next IPv4 address', '192.0.2.7', '192.0.2.8', false],
  ['another address of the same /64', '2001:db8:0:1::1', '2001:db8:0:1:f::2', true],
  ['another /64', '2001:db8:0:1::1', '2001:db8:0:2::1', false],
]
for (const [name, from, to, isGood] of networks) {
  test(`solution, wait and pass count for the network that they are for: ${name}`, () => {
    const { token, nonce } = issue(from)
    const later = NOW + rules.delayMs
    assert.equal(verifySolution(desk, to, { token, nonce }, NOW).ok, isGood)
    assert.equal(verifyDelayed(desk, to, token, later).ok, isGood)
    assert.equal(verifyPass(desk, to, issuePass(desk, from, 'computed', NOW), NOW).ok, isGood)
    if (!isGood) {
      assert.deepEqual(verifySolution(desk, to, { token, nonce }, NOW), { ok: false, fault: 'not-ours' })
    }
  })
}

test('a token or pass that is changed anywhere does not count', () => {
  const pass = issuePass(desk, IP, 'computed', NOW)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'
  for (const text of [challenge.token, pass]) {
    const judge = (changed: string): boolean =>
      text === pass
        ? verifyPass(desk, IP, changed, NOW).ok
        : verifySolution(desk, IP, { token: changed, nonce: challenge.nonce }, NOW).ok ||
          verifyDelayed(desk, IP, changed, NOW + rules.delayMs).ok
    assert.equal(judge(text), true)
    for (let at = 0; at < text.length; at++) {
      for (const char of alphabet) {
        if (char === text[at]) continue
        const changed = text.slice(0, at) + char + text.slice(at + 1)
        assert.equal(judge(changed), false, changed)
      }
      assert.equal(judge(text.slice(0, at) + text.slice(at + 1)), false, `without ${at}`)
    }
  }
})

test('what is for one use does not serve for another, nor what another key signed', () => {
  const pass = issuePass(desk, IP, 'computed', NOW)
  const other = { ...desk, key: new Uint8Array(32).fill(8) }
  assert.equal(verifyDelayed(desk, IP, pass, NOW + rules.delayMs).ok, false)
  assert.equal(verifyPass(desk, IP, challenge.token, NOW).ok, false)
  assert.equal(verifyPass(other, IP, pass, NOW).ok, false)
  assert.equal(verifySolution(other, IP, answer, NOW).ok, false)
})

const malformed = ['', '.', 'a', 'a'.repeat(43), `.${'a'.repeat(43)}`, 'a'.repeat(129), 'c'.repeat(1_000_000)]
test('what is no token at all is malformed, however long', () => {
  for (const text of malformed) {
    assert.deepEqual(verifyPass(desk, IP, text, NOW), { ok: false, fault: 'malformed' })
    assert.deepEqual(verifyDelayed(desk, IP, text, NOW), { ok: false, fault: 'malformed' })
  }
  assert.deepEqual(verifyPass(desk, IP, `p1.c.0.${'\u00e9'.repeat(43)}`, NOW), {
    ok: false,
    fault: 'not-ours',
  })
})

test('a nonce is eight digits and nothing else', () => {
  for (const nonce of [
    '',
    '1',
    '123456789',
    '1234567a',
    '-1234567',
    ' 1234567',
    '1e100000',
    '\u0661'.repeat(8),
    '1'.repeat(1e6),
  ])
    assert.deepEqual(
      verifySolution(desk, IP, { token: challenge.token, nonce }, NOW),
      { ok: false, fault: 'malformed' },
      nonce.slice(0, 20),
    )
})

test('waiting counts from the delay on, and until the challenge expires', () => {
  const { token } = challenge
  const at = (ms: number): unknown => verifyDelayed(desk, IP, token, NOW + ms)
  assert.deepEqual(at(0), { ok: false, fault: 'too-early', waitMs: rules.delayMs })
  assert.deepEqual(at(rules.delayMs - 1), { ok: false, fault: 'too-early', waitMs: 1 })
  assert.deepEqual(at(rules.delayMs), { ok: true, seed: challenge.seed, expiresMs: NOW + rules.challengeMs })
  assert.deepEqual(at(rules.challengeMs), { ok: false, fault: 'expired' })
})

test('a token from the future does not count, but for a few seconds of skew', () => {
  assert.deepEqual(verifySolution(desk, IP, answer, NOW - 5001), { ok: false, fault: 'expired' })
  assert.equal(verifySolution(desk, IP, answer, NOW - 5000).ok, true)
})

test('a pass lives as long as its kind says', () => {
  for (const [kind, lifeMs] of [
    ['computed', rules.passMs],
    ['waited', rules.delayedPassMs],
  ] as const) {
    const pass = issuePass(desk, IP, kind, NOW)
    assert.deepEqual(verifyPass(desk, IP, pass, NOW + lifeMs - 1), {
      ok: true,
      kind,
      expiresMs: NOW + lifeMs,
    })
    assert.deepEqual(verifyPass(desk, IP, pass, NOW + lifeMs), { ok: false, fault: 'expired' })
  }
  assert.ok(CHALLENGE_RULES.delayedPassMs < CHALLENGE_RULES.passMs)
})

test('no two challenges are the same, and mistakes of the operator are told at once', () => {
  assert.notEqual(issue().seed, issue().seed)
  for (const bits of [0, 1.5, MAX_BITS + 1, Number.NaN])
    assert.throws(
      () => issueChallenge({ ...desk, rules: { ...rules, bits } }, IP, NOW, systemRandom),
      TypeError,
    )
  assert.throws(() => issueChallenge({ ...desk, key: new Uint8Array(31) }, IP, NOW, systemRandom), TypeError)
})

const good = (seed: string, expiresMs = 1000): { seed: string; expiresMs: number } => ({ seed, expiresMs })

test('a token that was waited for serves once', () => {
  const gate = new DelayedGate()
  assert.equal(gate.redeem(IP, good('a'), 0), 'redeemed')
  assert.equal(gate.redeem(IP, good('a'), 999), 'used')
  assert.equal(gate.redeem('198.51.100.1', good('a'), 999), 'used')
  assert.equal(gate.redeem(IP, good('b'), 999), 'redeemed')
})

test('a network gets so many by waiting, its neighbours are not touched, and in time it gets more', () => {
  const gate = new DelayedGate({ perNetwork: 2, maxTokens: 100 })
  assert.equal(gate.redeem('2001:db8::1', good('a'), 0), 'redeemed')
  assert.equal(gate.redeem('2001:db8::2', good('b'), 0), 'redeemed')
  assert.equal(gate.redeem('2001:db8::3', good('c'), 0), 'too-many')
  assert.equal(gate.redeem('2001:db8:0:1::1', good('d'), 0), 'redeemed')
  assert.equal(gate.redeem('2001:db8::3', good('e', 2000), 1000), 'redeemed')
  assert.equal(gate.size, 1, 'what has expired is forgotten')
})

test('the memory of the gate is bounded, and a full gate opens for nobody until something expires', () => {
  const gate = new DelayedGate({ perNetwork: 2, maxTokens: 50 })
  let redeemed = 0
  for (let i = 0; i < 1000; i++)
    if (gate.redeem(`10.0.${i >> 8}.${i & 255}`, good(`t${i}`), 0) === 'redeemed') redeemed++
  assert.equal(redeemed, 50)
  assert.equal(gate.size, 50)
  assert.equal(gate.redeem(IP, good('late', 2000), 1000), 'redeemed')
})
