import assert from 'node:assert/strict'
import test from 'node:test'

import { HeaderList } from '../core/headers.ts'
import { z } from '../core/schema.ts'
import {
  compileCookieFlags,
  compileCookieNames,
  compileCors,
  compileSecurityHeaders,
  edgeRouteKeys,
  edgeSchema,
  headersSchema,
  securityTxt,
} from './index.ts'
import { testFolder } from './testing.ts'

const folder = testFolder('headers')
const routeSchema = z.strictObject(edgeRouteKeys)
const headersFor = (route: z.input<typeof routeSchema>, config: z.input<typeof headersSchema> = {}) =>
  compileSecurityHeaders(headersSchema.parse(config), routeSchema.parse(route))

test('the modern headers have safe values, and a route may have its own', () => {
  const headers = new HeaderList(['Server', 'x', 'X-Powered-By', 'y'])
  headersFor({})(headers, true, false)
  for (const [name, value] of [
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Referrer-Policy', 'strict-origin-when-cross-origin'],
    ['Permissions-Policy', 'geolocation=(), microphone=(), camera=(), payment=()'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
  ] as const)
    assert.equal(headers.get(name), value)
  for (const name of ['server', 'x-powered-by', 'cross-origin-embedder-policy']) assert.ok(!headers.has(name))
  const own = new HeaderList()
  headersFor({
    opener_policy: 'unsafe-none',
    resource_policy: 'off',
    embedder_policy: 'require-corp',
    referrer_policy: 'no-referrer',
    permissions_policy: 'camera=(self)',
  })(own, false, false)
  assert.equal(own.get('cross-origin-opener-policy'), 'unsafe-none')
  assert.equal(own.get('cross-origin-embedder-policy'), 'require-corp')
  assert.equal(own.get('referrer-policy'), 'no-referrer')
  assert.equal(own.get('permissions-policy'), 'camera=(self)')
  assert.ok(!own.has('cross-origin-resource-policy') && !own.has('strict-transport-security'))
})

const cookies = edgeSchema.parse({ cookies: { host_prefix: ['sid'] } }).cookies

for (const [raw, https, want] of [
  ['sid=1', true, '__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax'],
  [
    'sid=1; Domain=shop.test; Path=/a; Secure; Max-Age=5',
    true,
    '__Host-sid=1; Max-Age=5; Path=/; Secure; HttpOnly; SameSite=Lax',
  ],
  ['sid=1', false, 'sid=1; HttpOnly; SameSite=Lax'],
  ['other=1', true, 'other=1; HttpOnly; SameSite=Lax; Secure'],
  ['SID=1', true, 'SID=1; HttpOnly; SameSite=Lax; Secure'],
] as const)
  test(`cookie \`${raw}\` over ${https ? 'HTTPS' : 'HTTP'}`, () =>
    assert.equal(compileCookieFlags(cookies)(raw, https), want))

test('the application gets its cookie back by its own name, and never one that another host could have set', () => {
  const restore = compileCookieNames(cookies)
  for (const [sent, want] of [
    ['__Host-sid=1; a=2', 'sid=1; a=2'],
    ['sid=evil; __Host-sid=1', 'sid=1'],
    ['__Host-sid=1; sid=evil', 'sid=1'],
    ['a=2', 'a=2'],
    ['__Host-other=3', '__Host-other=3'],
    ['sid=evil', undefined],
    ['sid', undefined],
  ] as const) {
    const headers = new HeaderList(['Cookie', sent])
    restore?.(headers)
    assert.equal(headers.get('cookie'), want, sent)
  }
  assert.equal(compileCookieNames(edgeSchema.parse({}).cookies), undefined)
})

test('other origins: no credentials with `*`, no origin `null`, and only what is an origin', () => {
  for (const cors of [
    { origins: ['*'], credentials: true },
    { origins: ['null'] },
    { origins: ['https://a.test/'] },
    { origins: ['a.test'] },
    { origins: [] },
  ])
    assert.equal(routeSchema.safeParse({ cors }).success, false, JSON.stringify(cors))
  const policy = compileCors(routeSchema.parse({ cors: { origins: ['*'] } }).cors ?? 'deny')
  assert.equal(policy.judge?.('null', 'GET', '').kind, 'refused')
  assert.equal(policy.judge?.('https://a.test', 'GET', 'Content-Type').kind, 'allowed')
  assert.equal(policy.judge?.('https://a.test', 'GET', 'x-a').kind, 'refused')
  const answer = new HeaderList(['Access-Control-Allow-Origin', 'https://evil.test'])
  policy.answer(answer, 'null')
  assert.ok(!answer.has('access-control-allow-origin'))
  const denied = new HeaderList([
    'Access-Control-Allow-Origin',
    '*',
    'Access-Control-Allow-Credentials',
    'true',
  ])
  compileCors('deny').answer(denied, 'https://evil.test')
  assert.deepEqual(denied.flat(), [])
})

test('security.txt is written from the keys, and a signed one is served as it is', () => {
  const parse = (keys: object) => edgeSchema.parse({ security_txt: keys }).security_txt
  const keys = parse({
    contact: ['mailto:security@shop.test', 'https://shop.test/report'],
    expires: '2027-06-30',
    preferred_languages: ['en', 'de'],
    canonical: ['https://shop.test/.well-known/security.txt'],
  })
  assert.equal(
    keys && securityTxt(keys),
    `Contact: mailto:security@shop.test
Contact: https://shop.test/report
Expires: 2027-06-30T00:00:00.000Z
Preferred-Languages: en, de
Canonical: https://shop.test/.well-known/security.txt
`,
  )
  for (const wrong of [
    { contact: [], expires: '2027-06-30' },
    { contact: ['mailto:a@b.test'] },
    { contact: ['http://a.test'], expires: '2027-06-30' },
    { contact: ['mailto:a@b.test\nExpires: x'], expires: '2027-06-30' },
    { contact: ['mailto:a@b.test'], expires: '2027-13-30' },
  ])
    assert.equal(edgeSchema.safeParse({ security_txt: wrong }).success, false, JSON.stringify(wrong))
  const text =
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nContact: mailto:a@b.test\nExpires: 2027-01-01T00:00:00Z\n-----BEGIN PGP SIGNATURE-----\n'
  const given = { contact: ['mailto:a@b.test'], expires: '2027-06-30' }
  const signed = parse({ ...given, signed_file: folder.write('signed.txt', text) })
  assert.equal(signed && securityTxt(signed), text)
  const other = parse({ ...given, signed_file: folder.write('unsigned.txt', 'Contact: x') })
  assert.throws(() => other && securityTxt(other), /not a cleartext-signed/)
})
