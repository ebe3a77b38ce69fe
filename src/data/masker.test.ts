import assert from 'node:assert/strict'
import test from 'node:test'

import { RingwallError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { maskBody, maskQuery, maskUrlText } from './mask-body.ts'
import { createMasker } from './masker.ts'

const TOKEN = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'
const masker = createMasker()

function circle(): unknown {
  const value: Record<string, unknown> = { password: 'leak-1' }
  value['self'] = value
  return value
}

/** Everything that a log may be given, each with leaks in it. */
const SHAPES: Readonly<Record<string, () => unknown>> = {
  'deep objects': () => ({ a: { b: [{ c: { password: 'leak-1', x: [{ apiKey: 'leak-2' }] } }] } }),
  'any case and separator': () => ({
    card_number: '4111111111111111',
    CardNumber: '4111111111111111',
    'card-number': '4111111111111111',
    'CARD NUMBER': '4111111111111111',
    'x-api-key': 'leak-1',
    DB_PASSWORD: 'leak-2',
    dbPassword: 'leak-3',
  }),
  'what is no string': () => ({ pin: 1234, cvv: 567n, secrets: ['leak-1'], credentials: { user: 'leak-2' } }),
  'a kind that is an object': () => ({
    card: { number: 4111111111111111, name: 'leak-1' },
    emails: ['leak-1@example.com'],
  }),
  'a Map': () =>
    new Map<string, unknown>([
      ['password', 'leak-1'],
      ['more', { token: 'leak-2' }],
    ]),
  'a Set': () => new Set([{ secret: 'leak-1' }, `t ${TOKEN}`]),
  'an Error with causes': () =>
    Object.assign(
      new Error('for leak-1@example.com', {
        cause: new AggregateError([new Error(`t ${TOKEN}`)], 'password=leak-2'),
      }),
      {
        config: { headers: { Authorization: 'Bearer leak-3' } },
      },
    ),
  Headers: () => new Headers({ authorization: 'Bearer leak-1', cookie: 'a=leak-2', 'x-api-key': 'leak-3' }),
  rawHeaders: () => ({ rawHeaders: ['Authorization', 'Bearer leak-1', 'Host', 'x'] }),
  entries: () => [
    ['authorization', 'leak-1'],
    ['x', { name: 'password', value: 'leak-2' }],
  ],
  'a URL': () => new URL('https://u:leak-1@example.com/?token=leak-2&q=leak-3@example.com'),
  'a URL as text': () => ({ url: 'https://u:leak-1@example.com/?token=leak-2&user[password]=leak-3' }),
  URLSearchParams: () => new URLSearchParams({ token: 'leak-1', x: 'leak-2@example.com' }),
  FormData: () => {
    const form = new FormData()
    form.set('password', 'leak-1')
    form.set('file', new Blob(['leak-2']), 'a')
    return form
  },
  'JSON in a string': () => ({
    body: JSON.stringify({ a: JSON.stringify({ credentials: { n: 'leak-1' } }) }),
  }),
  'a form in a string': () => ({ body: 'user=ann&password=leak-1&x=1' }),
  'a multipart body': () => ({
    body: '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nleak-1\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nleak-2\r\n--b--\r\n',
  }),
  bytes: () => ({ a: Buffer.from('leak-1'), b: new Uint8Array([1]).buffer }),
  'a Secret': () => ({ x: new Secret('leak-1') }),
  toJSON: () => ({
    x: { toJSON: () => ({ password: 'leak-1' }) },
    y: new (class A {
      toJSON(): string {
        return 'leak-1@example.com'
      }
    })(),
  }),
  'an instance': () =>
    new (class User {
      password = 'leak-1'
      name = 'ann'
    })(),
  'a boxed string': () => ({ x: Object('leak-1@example.com') as unknown }),
  'a null prototype': () => Object.assign(Object.create(null) as object, { password: 'leak-1' }),
  __proto__: () => JSON.parse('{"__proto__":{"password":"leak-1"}}') as unknown,
  'a circle': circle,
  'what throws': () => ({
    get password() {
      throw new Error('no')
    },
    x: 1,
  }),
  'a proxy that throws': () => ({
    x: new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('leak-1')
        },
      },
    ),
  }),
  'a name without end': () => ({ ['x'.repeat(500)]: 'leak-1' }),
}

for (const [name, make] of Object.entries(SHAPES)) {
  test(`nothing leaks from ${name}`, () => {
    const value = make()
    const before = name === 'what throws' ? '' : inspect(value)
    const masked = masker.value(value)
    assert.doesNotMatch(inspect(masked), /leak|4111111|ghp_a|1234|567/)
    if (before !== '') assert.equal(inspect(value), before, 'the value itself was changed')
    assert.equal(({} as Record<string, unknown>)['password'], undefined)
  })
}

/** All of a value as text. */
function inspect(value: unknown): string {
  const seen = new Set<unknown>()
  const text = (one: unknown): string => {
    if (typeof one !== 'object' || one === null) return String(one)
    if (seen.has(one)) return 'seen'
    seen.add(one)
    if (
      one instanceof Map ||
      one instanceof Set ||
      one instanceof Headers ||
      one instanceof URLSearchParams ||
      one instanceof FormData
    )
      return [...one].map(text).join()
    if (one instanceof URL) return one.href
    if (Object.prototype.toString.call(one) === '[object String]')
      return [...(one as unknown as string)].join('')
    try {
      return Object.getOwnPropertyNames(one)
        .map((key) => `${key}:${text((one as Record<string, unknown>)[key])}`)
        .join()
    } catch {
      return 'throws'
    }
  }
  return text(value)
}

test('what holds nothing comes back as it is', () => {
  const value = { id: 7, list: [1, { name: 'ann', at: new Date(0), passwordResetAt: 1, password: null }] }
  assert.equal(masker.value(value), value)
})

test('depth and number are bounded, and shared parts cost no more than that', () => {
  let deep: unknown = { password: 'x' }
  for (let i = 0; i < 50; i++) deep = { deep }
  assert.match(JSON.stringify(masker.value(deep)), /\[deep\]/)
  let wide: unknown = { password: 'x' }
  for (let i = 0; i < 25; i++) wide = [wide, wide]
  assert.match(JSON.stringify(createMasker({ maxNodes: 1000 }).value(wide)), /\[cut\]/)
})

test('fields of ones own, and fields that are open', () => {
  const own = createMasker({ fields: { shoe_size: 'hidden', contact: 'email' }, openFields: ['session_id'] })
  assert.deepEqual(
    own.value({ shoeSize: 43, customerContact: 'ann@example.com', sessionId: 's-1', token: 't' }),
    {
      shoeSize: '***',
      customerContact: 'a*n@example.com',
      sessionId: 's-1',
      token: '***',
    },
  )
})

test('each action writes what it says', () => {
  const key = new Secret('key-key-key')
  const text = 'card 4111 1111 1111 1111'
  const by = (action: NonNullable<Parameters<typeof createMasker>[0]>['actions']): string =>
    createMasker({ ...(action && { actions: action }) }).text(text)
  assert.equal(by({ card: 'drop' }), 'card ')
  assert.equal(by({ card: { keepLast: 4 } }), 'card **** **** **** 1111')
  assert.equal(by({ card: { keepLast: 60 } }), 'card **** **** 1111 1111', 'never more than half')
  assert.match(by({ default: { hash: key } }), /^card \[card:[0-9a-f]{32}\]$/)
  assert.match(by({ default: { token: key } }), /^card \[card:[0-9a-z]{12}\]$/)
})

test('a token is the same for one value in a scope, however it is written, and another elsewhere', () => {
  const at = (scope: string, text: string): string =>
    createMasker({ actions: { default: { token: new Secret('key-key-key'), scope } } }).text(text)
  assert.equal(at('a', '4111 1111 1111 1111'), at('a', '4111111111111111'))
  assert.equal(at('a', 'Ann@example.com'), at('a', 'ann@example.com'))
  assert.notEqual(at('a', 'ann@example.com'), at('b', 'ann@example.com'))
})

test('a role sees what it may, and never secrets', () => {
  const roles = createMasker({
    reveal: { support: ['email', 'dob'], auditor: ['financial'] },
    secrets: [new Secret('hunter2-hunter2')],
  })
  const record = {
    email: 'ann@example.com',
    dob: '1985-07-30',
    card: '4111 1111 1111 1111',
    password: 'x',
    n: 'hunter2-hunter2',
  }
  const seen = (...names: string[]): unknown => Object.values(roles.unmaskFor(names).value(record) as object)
  const hidden = ['a*n@example.com', '***', '************1111', '***', '[secret]']
  assert.deepEqual(seen(), hidden)
  assert.deepEqual(seen('constructor', 'stranger'), hidden)
  assert.deepEqual(seen('support'), ['ann@example.com', '1985-07-30', ...hidden.slice(2)])
  assert.deepEqual(seen('support', 'auditor'), [
    'ann@example.com',
    '1985-07-30',
    '4111 1111 1111 1111',
    '***',
    '[secret]',
  ])
  assert.equal(
    roles.unmaskFor(['support']).text('ann@example.com 4111 1111 1111 1111'),
    'ann@example.com ************1111',
  )
  for (const name of ['secret', 'jwt', 'password', 'authorization'])
    assert.throws(() => createMasker({ reveal: { admin: [name] } }), RingwallError)
})

test('queries, URLs and bodies by their names', () => {
  assert.equal(
    maskQuery('?a=1&user%5Bpassword%5D=x&q=ann%40example.com&c=%zz', masker),
    '?a=1&user%5Bpassword%5D=***&q=a*n%40example.com&c=%zz',
  )
  assert.equal(
    maskUrlText('https://u:p@h.example/?token=x#f', masker),
    'https://u:***@h.example/?token=***#f',
  )
  assert.equal(
    maskBody('{"password":"x","n":1}', 'application/json; charset=utf-8', masker),
    '{"password":"***","n":1}',
  )
  assert.equal(maskBody('{"password":"x"', 'application/json', masker), '{"password":"***"')
  assert.equal(maskBody('password=x&n=1', 'application/x-www-form-urlencoded', masker), 'password=***&n=1')
})

// Of lists those of numbers alone: among other things a bare number in a text cannot be told from one in a string.
test('JSON stays JSON, whatever is masked in it', () => {
  let seed = 11
  const random = (below: number): number =>
    Math.floor(((seed = (seed * 48271) % 2147483647) / 2147483647) * below)
  const pieces = [
    'password',
    'pin',
    '\n',
    '"',
    '\\',
    '=',
    ':',
    ' ',
    'ab@example.com',
    '4111111111111111',
    'Authorization: Bearer abcdef123',
    '{',
    '[',
    ',',
    "'",
    '\u00e9',
    'Cookie: a="b"',
    '-----BEGIN PRIVATE KEY-----',
    '<token>',
    '+49 30 1234567',
    '--token x',
  ]
  const word = (): string =>
    Array.from({ length: 1 + random(4) }, () => pieces[random(pieces.length)]).join('')
  const value = (depth: number): unknown => {
    const kind = random(depth > 3 ? 3 : 6)
    if (kind === 0) return word()
    if (kind === 1) return 4111111111111111
    if (kind === 2) return [null, true, 1234, -5.5][random(4)]
    if (kind === 3)
      return random(2) === 0
        ? [1234, 4111111111111111, 5]
        : Array.from({ length: random(4) }, () => ({ a: value(depth + 1) }))
    return Object.fromEntries(Array.from({ length: random(4) }, () => [word(), value(depth + 1)]))
  }
  const strict = [
    masker,
    createMasker({ actions: { default: { keepLast: 3 } } }),
    createMasker({ actions: { default: 'drop' } }),
  ]
  for (let i = 0; i < 2000; i++) {
    const text = JSON.stringify({ value: value(0) })
    for (const one of strict)
      assert.doesNotThrow(() => JSON.parse(one.text(text)), `${text}\n${one.text(text)}`)
  }
})
