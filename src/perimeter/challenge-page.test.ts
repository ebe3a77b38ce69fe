import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import vm from 'node:vm'

import { systemRandom } from '../core/clock.ts'
import type { Reply } from '../core/reply.ts'
import {
  answerChallenge,
  CHALLENGE_CSP,
  CHALLENGE_PATH,
  type ChallengeParts,
  challengeReply,
  passCookie,
  readChallengeAnswer,
  readPasses,
  samePath,
} from './challenge-page.ts'
import { SOLVER } from './challenge-script.ts'
import { CHALLENGE_RULES, DelayedGate, issueChallenge, verifyPass, verifySolution } from './proof-of-work.ts'

const NOW = Date.UTC(2026, 0, 1)
const IP = '192.0.2.7'
const client = { ip: IP, isHttps: true }

function parts(perNetwork = 20): ChallengeParts {
  const desk = { key: new Uint8Array(32).fill(7), rules: { ...CHALLENGE_RULES, bits: 12 } }
  return { desk, gate: new DelayedGate({ perNetwork, maxTokens: 100 }), random: systemRandom }
}

const solver = vm.runInNewContext(`(${SOLVER})`) as (
  seed: string,
  bits: number,
) => (from: number, count: number) => number

function textOf(reply: Reply): string {
  return Buffer.from(reply.body as Uint8Array).toString()
}

function field(html: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? assert.fail(`no field ${name}`)
}

test('the script of the page finds what the server accepts, first and nothing before it', () => {
  const { desk } = parts()
  for (const bits of [1, 8, 13]) {
    const { token, seed } = issueChallenge({ ...desk, rules: { ...desk.rules, bits } }, IP, NOW, systemRandom)
    const nonce = solver(seed, bits)(10_000_000, 1_000_000)
    const isGood = (n: number): boolean => verifySolution(desk, IP, { token, nonce: String(n) }, NOW).ok
    assert.equal(isGood(nonce), true)
    for (let n = 10_000_000; n < nonce; n++) assert.equal(isGood(n), false)
  }
})

test('the script stops at the last nonce of eight digits', () => {
  assert.equal(solver('a'.repeat(43), 22)(99_999_990, 1000), -1)
})

test('from the page to the pass and back to where one wanted to go', () => {
  const all = parts()
  const page = challengeReply(all, IP, '/shop?item=1&size=2', 429, NOW)
  assert.equal(page.status, 429)
  assert.equal(page.headers.get('cache-control'), 'no-store')
  const html = textOf(page)
  const token = field(html, 'token')
  const bits = Number(/data-bits="(\d+)"/.exec(html)?.[1])
  const nonce = String(solver(token.slice(-43), bits)(10_000_000, 10_000_000))
  const form = new URLSearchParams({ token, nonce, to: '/shop?item=1&size=2' }).toString()
  const answer = readChallengeAnswer(form) ?? assert.fail()
  const reply = answerChallenge(all, client, answer, NOW + 500)
  assert.equal(reply.status, 303)
  assert.equal(reply.headers.get('location'), '/shop?item=1&size=2')
  const cookie = reply.headers.get('set-cookie') ?? ''
  assert.match(
    cookie,
    /^__Host-ringwall-pass=[\w.-]+; Max-Age=14400; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
  )
  const [pass = ''] = readPasses([cookie.split(';')[0] as string], true)
  const verdict = verifyPass(all.desk, IP, pass, NOW + 1000)
  assert.equal(verdict.ok && verdict.kind, 'computed')
})

test('without scripts the page leads on after the delay, once, and to a shorter pass', () => {
  const all = parts()
  const html = textOf(challengeReply(all, IP, '/a?b=1&c="<x>', 403, NOW))
  const [, seconds, url = ''] =
    /<noscript><meta http-equiv="refresh" content="(\d+); url=([^"]*)">/.exec(html) ?? assert.fail(html)
  assert.equal(seconds, '9')
  const query = url.replaceAll('&amp;', '&').slice(CHALLENGE_PATH.length + 1)
  const answer = readChallengeAnswer(query) ?? assert.fail()
  assert.equal(answer.rawTo, '/a?b=1&c="<x>')

  const early = answerChallenge(all, client, answer, NOW + 7999)
  assert.equal(early.status, 403)
  assert.equal(early.headers.get('set-cookie'), undefined)
  const right = answerChallenge(all, client, answer, NOW + 8000)
  assert.equal(right.status, 303)
  assert.match(right.headers.get('set-cookie') ?? '', /Max-Age=600;/)
  const [pass = ''] = readPasses([right.headers.get('set-cookie')?.split(';')[0] ?? ''], true)
  const verdict = verifyPass(all.desk, IP, pass, NOW + 8000)
  assert.equal(verdict.ok && verdict.kind, 'waited')
  const again = answerChallenge(all, client, answer, NOW + 8001)
  assert.equal(again.status, 403)
  assert.equal(again.headers.get('set-cookie'), undefined)
})

test('waiting is not a source of passes: a network gets so many, then a page without a way on', () => {
  const all = parts(3)
  const statuses = Array.from({ length: 5 }, () => {
    const { token } = issueChallenge(all.desk, IP, NOW, systemRandom)
    return answerChallenge(all, client, { rawToken: token, rawNonce: '', rawTo: '/' }, NOW + 8000)
  })
  assert.deepEqual(
    statuses.map((reply) => reply.status),
    [303, 303, 303, 429, 429],
  )
  assert.equal(statuses[4]?.headers.get('retry-after'), '300')
  assert.doesNotMatch(textOf(statuses[4] ?? assert.fail()), /token|refresh/)
})

test('a wrong answer gets a new page and no pass', () => {
  const all = parts()
  const { token } = issueChallenge(all.desk, IP, NOW, systemRandom)
  for (const answer of [
    { rawToken: token, rawNonce: 'x', rawTo: '/' },
    { rawToken: 'x', rawNonce: '12345678', rawTo: '/' },
    { rawToken: '', rawNonce: '', rawTo: '/' },
  ]) {
    const reply = answerChallenge(all, client, answer, NOW + 8000)
    assert.equal(reply.status, 403)
    assert.equal(reply.headers.get('set-cookie'), undefined)
    assert.notEqual(field(textOf(reply), 'token'), token)
  }
})

const paths: readonly [string, string][] = [
  ['/', '/'],
  ['/a/b?c=d&e=%2f#f', '/a/b?c=d&e=%2f#f'],
  ['/.//other.example', '/.//other.example'],
  ['', '/'],
  ['a', '/'],
  ['//other.example', '/'],
  ['/\\other.example', '/'],
  ['/a\\b', '/'],
  ['/\t/other.example', '/'],
  ['/a b', '/'],
  ['/a\r\nSet-Cookie: x=y', '/'],
  ['/\u00e9', '/'],
  ['https://other.example/', '/'],
  ['javascript:alert(1)', '/'],
  [CHALLENGE_PATH, '/'],
  [`/${'a'.repeat(2048)}`, '/'],
]
for (const [raw, expected] of paths) {
  test(`the way back stays on this site: ${JSON.stringify(raw.slice(0, 40))}`, () => {
    assert.equal(samePath(raw), expected)
    const url = new URL(samePath(raw), 'https://shop.example/.well-known/')
    assert.equal(url.origin, 'https://shop.example')
  })
}

test('nothing that a client sends gets out of its attribute', () => {
  const html = textOf(challengeReply(parts(), IP, `/"><script>alert(1)</script>'&amp;`, 403, NOW))
  assert.equal(html.split('<script>').length, 2)
  assert.equal(field(html, 'to'), '/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;amp;')
})

test('the policy names exactly the script and the style of the page, and the page nothing outside', () => {
  const html = textOf(challengeReply(parts(), IP, '/', 403, NOW))
  for (const element of ['script', 'style']) {
    const found = [...html.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'))].map(
      (match) => match[1],
    )
    assert.equal(found.length, 1)
    const digest = createHash('sha256')
      .update(found[0] as string)
      .digest('base64')
    assert.ok(CHALLENGE_CSP.includes(`${element}-src 'sha256-${digest}'`), element)
  }
  assert.doesNotMatch(html, /(?:src|href|style|onload|onclick)=|https?:|url\(/)
  assert.equal(
    challengeReply(parts(), IP, '/', 403, NOW).headers.get('content-security-policy'),
    CHALLENGE_CSP,
  )
})

test('an answer is read within bounds', () => {
  assert.deepEqual(readChallengeAnswer('token=a&nonce=b&to=%2Fc'), {
    rawToken: 'a',
    rawNonce: 'b',
    rawTo: '/c',
  })
  assert.deepEqual(readChallengeAnswer('token=a&token=b'), { rawToken: 'a', rawNonce: '', rawTo: '/' })
  assert.equal(readChallengeAnswer('nonce=1'), undefined)
  assert.equal(readChallengeAnswer(`token=${'a'.repeat(4096)}`), undefined)
})

test('passes are found among other cookies, a few of them at most', () => {
  assert.deepEqual(readPasses(['a=b; __Host-ringwall-pass=x', '__Host-ringwall-pass=y'], true), ['x', 'y'])
  assert.deepEqual(readPasses(['ringwall-pass=x'], true), [])
  assert.deepEqual(readPasses(['ringwall-pass=x; __Host-ringwall-pass=y'], false), ['x'])
  assert.equal(
    readPasses(
      Array.from({ length: 100 }, () => 'ringwall-pass=x'),
      false,
    ).length,
    4,
  )
  assert.doesNotMatch(passCookie('x', 1, false), /Secure|__Host/)
})
