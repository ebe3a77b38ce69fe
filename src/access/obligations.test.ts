import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import test from 'node:test'

import { type Obligation, readObligation, signObligation } from './obligation.ts'
import { Obligations, type Row } from './obligations.ts'
import { PolicySet } from './policy-set.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = pair.privateKey.export({ format: 'jwk' })
const keys = [pair.publicKey.export({ format: 'jwk' })]
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  format: 'jwk',
})
const NOW = Date.UTC(2026, 0, 1)

const policy = (limit: number): PolicySet =>
  PolicySet.load({
    schema: {
      file: 's',
      text: `entity User { level: Long };
entity Order { email: String, total: Long };
action read appliesTo { principal: User, resource: Order, context: { https: Bool } };`,
    },
    policies: [
      {
        file: 'p',
        text: `permit (principal, action, resource) when { context.https && resource.total < ${limit} && principal.level > 1 };`,
      },
    ],
  })
const set = policy(100)
const obligation: Obligation = {
  id: 'x1',
  policyVersion: set.version,
  audience: 'shop',
  principal: { type: 'User', id: 'u1' },
  action: 'read',
  resource: { type: 'Order', id: '7' },
  context: { https: true },
}
const ROWS: Readonly<Record<string, Row>> = {
  'User u1': { attributes: { level: 2 } },
  'User u2': { attributes: { level: 1 } },
  'Order 7': { attributes: { email: 'a@b', total: 99 } },
  'Order 8': { attributes: { email: 'a@b', total: 100 } },
}
const obligations = (now = NOW, policySet = set): Obligations =>
  new Obligations({ set: policySet, keys: () => keys, audience: 'shop', now: () => now })
const fulfil = (change: Partial<Obligation>, by = obligations(), signer = key): unknown => {
  const done = by.fulfil(
    signObligation({ ...obligation, ...change }, signer, NOW),
    ({ type, id }) => ROWS[`${type} ${id}`],
  )
  return done.ok || done.why
}

for (const { name, got, want } of [
  { name: 'the row decides: allowed', got: () => fulfil({}), want: true },
  {
    name: 'the row decides: denied',
    got: () => fulfil({ resource: { type: 'Order', id: '8' } }),
    want: 'denied',
  },
  {
    name: 'the principal counts',
    got: () => fulfil({ principal: { type: 'User', id: 'u2' } }),
    want: 'denied',
  },
  { name: 'so does the context', got: () => fulfil({ context: { https: false } }), want: 'denied' },
  {
    name: 'a row that is not there',
    got: () => fulfil({ resource: { type: 'Order', id: '9' } }),
    want: 'denied',
  },
  { name: 'an action that is not there', got: () => fulfil({ action: 'write' }), want: 'denied' },
  { name: 'another policy', got: () => fulfil({}, obligations(NOW, policy(101))), want: 'other-policy' },
  { name: 'another application', got: () => fulfil({ audience: 'blog' }), want: 'other-audience' },
  { name: "somebody else's key", got: () => fulfil({}, obligations(), other), want: 'unknown-key' },
  { name: 'the last second', got: () => fulfil({}, obligations(NOW + 64_000)), want: true },
  { name: 'too late', got: () => fulfil({}, obligations(NOW + 65_000)), want: 'expired' },
  { name: 'from the future', got: () => fulfil({}, obligations(NOW - 6_000)), want: 'expired' },
  {
    name: 'none at all',
    got: () => {
      const done = obligations().fulfil(undefined, () => undefined)
      return done.ok || done.why
    },
    want: 'absent',
  },
]) {
  test(`an obligation: ${name}`, () => assert.equal(got(), want))
}

test('a token that was changed anywhere counts for nothing', () => {
  const token = signObligation(obligation, key, NOW)
  assert.equal(typeof readObligation(token, keys, 'shop', NOW), 'object')
  for (let i = 0; i < token.length; i++) {
    const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
    // The last character of the signature holds bits that base64url does not use.
    if (i === token.length - 1 && typeof readObligation(changed, keys, 'shop', NOW) === 'object') continue
    assert.equal(typeof readObligation(changed, keys, 'shop', NOW), 'string', `character ${i}`)
  }
  for (const text of ['', '..', 'a.b', 'a.b.c', `${token}.x`, 'x'.repeat(10_000)])
    assert.equal(readObligation(text, keys, 'shop', NOW), 'malformed')
})

test('an unsigned token, and one that names another algorithm, count for nothing', () => {
  const [, claims = '', signature = ''] = signObligation(obligation, key, NOW).split('.')
  for (const header of [{ alg: 'none' }, { alg: 'HS256' }, { alg: 'ES256' }]) {
    const made = Buffer.from(JSON.stringify(header)).toString('base64url')
    for (const end of ['', signature])
      assert.equal(readObligation(`${made}.${claims}.${end}`, keys, 'shop', NOW), 'malformed')
  }
})
