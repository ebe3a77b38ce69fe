// How mistakes in the one file are told: each with its place, all at once, and quickly even where the file is hostile.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { ConfigError, loadConfig, type Mistake } from '../src/config/index.ts'

function mistakesIn(text: string, env: Record<string, string> = {}): readonly Mistake[] {
  try {
    loadConfig(text, { file: 'f.yaml', env })
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.mistakes
    throw thrown
  }
  return assert.fail(`nothing is wrong with\n${text.slice(0, 500)}`)
}

const TWO = 'upstreams: { shop: "http://a:1", blog: "http://b:1" }\n'

for (const { name, text, at, path, says } of [
  {
    name: 'a key at the top',
    text: 'securty: {}',
    at: '1:1',
    path: 'securty',
    says: /did you mean `security`\?/,
  },
  {
    name: 'a nested key',
    text: 'security:\n  headers:\n    hst_max_age: 3',
    at: '3:5',
    path: 'security.headers.hst_max_age',
    says: /did you mean `hsts_max_age`/,
  },
  {
    name: 'a key with swapped letters',
    text: 'listen:\n  htpt: off',
    at: '2:3',
    path: 'listen.htpt',
    says: /did you mean `http`/,
  },
  {
    name: 'a key of a route',
    text: 'routes:\n  - path: /\n    methds: [GET]',
    at: '3:5',
    path: 'routes.0.methds',
    says: /did you mean `methods`/,
  },
  {
    name: 'a key of the second route',
    text: 'routes:\n  - path: /\n  - path: /b\n    permision: order:read',
    at: '4:5',
    path: 'routes.1.permision',
    says: /did you mean `permission`/,
  },
  {
    name: "a key of a route's own limit",
    text: 'routes:\n  - path: /\n    rate_limit:\n      requests: 3\n      period: hour\n      perod: 4',
    at: '6:7',
    path: 'routes.0.rate_limit.perod',
    says: /did you mean `period`/,
  },
  {
    name: 'a key of an upstream',
    text: 'upstreams:\n  a:\n    url: http://a:1\n    time_out: 3s',
    at: '4:5',
    path: 'upstreams.a.time_out',
    says: /did you mean `timeout`/,
  },
  {
    name: 'a key of a limit of the guide',
    text: 'security: { rate_limiting: { login: { requsts: 3 } } }',
    at: '1:39',
    path: 'security.rate_limiting.login.requsts',
    says: /did you mean `requests`/,
  },
  {
    name: 'a key that is near to none',
    text: 'kubernetes: 1',
    at: '1:1',
    path: 'kubernetes',
    says: /known keys are profile, listen/,
  },
  { name: 'a key that is a list', text: '? [a, b]\n: 1', at: '1:1', path: '[ a, b ]', says: /unknown key/ },
  {
    name: 'a key in a file with CRLF',
    text: 'listen:\r\n  htp: off\r\n',
    at: '2:3',
    path: 'listen.htp',
    says: /did you mean `http`/,
  },
  { name: 'a merge key', text: 'security:\n  <<: {}', at: '2:3', path: 'security.<<', says: /unknown key/ },
  { name: 'a list in place of the file', text: '- a', at: '1:1', path: 'file', says: /must be a section/ },
  { name: 'a text in place of the file', text: 'hello', at: '1:1', path: 'file', says: /must be a section/ },
  {
    name: 'a section without content',
    text: 'security:\n',
    at: '1:10',
    path: 'security',
    says: /must be a section/,
  },
  {
    name: 'a section in place of a list',
    text: 'routes: { path: / }',
    at: '1:9',
    path: 'routes',
    says: /must be a list/,
  },
  {
    name: 'a text in place of a number',
    text: 'security: { headers: { hsts_max_age: long } }',
    at: '1:38',
    path: 'security.headers.hsts_max_age',
    says: /must be a number/,
  },
  {
    name: 'not a number',
    text: 'security: { headers: { hsts_max_age: .nan } }',
    at: '1:38',
    path: 'security.headers.hsts_max_age',
    says: /must be a number/,
  },
  {
    name: 'infinity',
    text: 'security: { headers: { hsts_max_age: .inf } }',
    at: '1:38',
    path: 'security.headers.hsts_max_age',
    says: /must be a number/,
  },
  {
    name: 'a fraction',
    text: 'security: { headers: { hsts_max_age: 1.5 } }',
    at: '1:38',
    path: 'security.headers.hsts_max_age',
    says: /whole number/,
  },
  {
    name: 'a number that is too small',
    text: 'security: { authentication: { password: { min_length: 3 } } }',
    at: '1:55',
    path: 'security.authentication.password.min_length',
    says: /must be at least 8/,
  },
  {
    name: 'a number that is too large',
    text: 'security: { authentication: { password: { min_length: 300 } } }',
    at: '1:55',
    path: 'security.authentication.password.min_length',
    says: /must be at most 128/,
  },
  {
    name: 'yes in place of true',
    text: 'security: { headers: { csp_enabled: yes } }',
    at: '1:37',
    path: 'security.headers.csp_enabled',
    says: /must be true or false/,
  },
  {
    name: 'true in quotes',
    text: 'security: { headers: { csp_enabled: "true" } }',
    at: '1:37',
    path: 'security.headers.csp_enabled',
    says: /must be true or false/,
  },
  {
    name: 'a word that is not among those',
    text: 'profile: guid',
    at: '1:10',
    path: 'profile',
    says: /`guide` or `nist-800-63b-4` or `asvs-l3`/,
  },
  {
    name: 'a cipher other than the one',
    text: 'security: { encryption: { algorithm: DES } }',
    at: '1:38',
    path: 'security.encryption.algorithm',
    says: /`AES-256-GCM`/,
  },
  {
    name: 'an address in place of the domain of passkeys',
    text: 'security: { authentication: { passkeys: { rp_id: "https://a.test" } } }',
    at: '1:50',
    path: 'security.authentication.passkeys.rp_id',
    says: /must be a domain such as example\.com/,
  },
  {
    name: 'a size without its unit',
    text: 'security: { gateway: { max_body: 10 } }',
    at: '1:34',
    path: 'security.gateway.max_body',
    says: /size such as .* with its unit, not 10$/,
  },
  {
    name: 'a size in lower case',
    text: 'security: { gateway: { max_body: 10mb } }',
    at: '1:34',
    path: 'security.gateway.max_body',
    says: /not `10mb`/,
  },
  {
    name: 'a size beyond its bound',
    text: 'security: { gateway: { max_body: 101GB } }',
    at: '1:34',
    path: 'security.gateway.max_body',
    says: /at most 100GB/,
  },
  {
    name: 'a duration without its unit',
    text: 'security: { gateway: { body_timeout: 30 } }',
    at: '1:38',
    path: 'security.gateway.body_timeout',
    says: /duration such as/,
  },
  {
    name: 'a duration of zero',
    text: 'security: { gateway: { body_timeout: 0s } }',
    at: '1:38',
    path: 'security.gateway.body_timeout',
    says: /at least 1s/,
  },
  {
    name: 'a negative duration',
    text: 'security: { gateway: { body_timeout: -1s } }',
    at: '1:38',
    path: 'security.gateway.body_timeout',
    says: /not `-1s`/,
  },
  {
    name: 'a port as a number',
    text: 'listen: { http: 8080 }',
    at: '1:17',
    path: 'listen.http',
    says: /`off` .*host:port such as/,
  },
  {
    name: 'a port that does not exist',
    text: 'listen: { http: "127.0.0.1:99999" }',
    at: '1:17',
    path: 'listen.http',
    says: /host:port .* not `127\.0\.0\.1:99999`/,
  },
  {
    name: 'a limit that is neither name nor section',
    text: 'routes: [{ path: /, rate_limit: 5 }]',
    at: '1:33',
    path: 'routes.0.rate_limit',
    says: /a text or a list or a section/,
  },
  {
    name: 'a network with host bits',
    text: 'security: { perimeter: { deny: [10.0.0.1/8] } }',
    at: '1:33',
    path: 'security.perimeter.deny.0',
    says: /no host bits/,
  },
  {
    name: 'a method in lower case',
    text: 'routes: [{ path: /, methods: [get] }]',
    at: '1:31',
    path: 'routes.0.methods.0',
    says: /upper-case/,
  },
  {
    name: 'a header of two lines',
    text: 'security: { headers: { csp: "a\\r\\nSet-Cookie: b" } }',
    at: '1:29',
    path: 'security.headers.csp',
    says: /one line/,
  },
  {
    name: 'an upstream with a path',
    text: 'upstreams: { a: "http://a:1/app" }',
    at: '1:17',
    path: 'upstreams.a.url',
    says: /without a path/,
  },
  {
    name: 'an upstream that is not HTTP',
    text: 'upstreams: { a: "file:///etc/passwd" }',
    at: '1:17',
    path: 'upstreams.a.url',
    says: /http:\/\/host:port/,
  },
  { name: 'a key twice', text: 'profile: guide\nprofile: guide', at: '2:1', path: 'yaml', says: /twice/ },
  {
    name: 'a nested key twice',
    text: 'listen:\n  http: off\n  http: off',
    at: '3:3',
    path: 'yaml',
    says: /twice/,
  },
  { name: 'a tab', text: 'security:\n\theaders: {}', at: '2:1', path: 'yaml', says: /Tabs/ },
  {
    name: 'a bracket that is not closed',
    text: 'routes: [',
    at: '1:10',
    path: 'yaml',
    says: /must be sufficiently indented and end with a \]|flow/i,
  },
  {
    name: 'two documents',
    text: 'profile: guide\n---\nprofile: guide\n',
    at: '2:1',
    path: 'yaml',
    says: /a configuration is one/,
  },
  { name: 'a tag', text: 'profile: !!js/function "x"', at: '1:10', path: 'yaml', says: /Unresolved tag/ },
  {
    name: 'an alias without an anchor',
    text: 'profile: *gone',
    at: '1:1',
    path: 'yaml',
    says: /Unresolved alias/,
  },
  {
    name: 'an alias that holds itself',
    text: 'routes: &a [*a, *a, *a]',
    at: '1:13',
    path: 'routes.0',
    says: /must be a section/,
  },
  {
    name: 'an unknown upstream',
    text: `${TWO}routes:\n  - path: /\n    upstream: shpo`,
    at: '4:15',
    path: 'routes.0.upstream',
    says: /no upstream `shpo`; did you mean `shop`\?/,
  },
  {
    name: 'a route to an upstream where there is none',
    text: 'routes: [{ path: /, upstream: x }]',
    at: '1:31',
    path: 'routes.0.upstream',
    says: /there is none/,
  },
  {
    name: 'a route that does not say to which of two upstreams',
    text: `${TWO}routes:\n  - path: /`,
    at: '3:5',
    path: 'routes.0',
    says: /name one of the upstreams shop, blog/,
  },
  { name: 'two upstreams without routes', text: TWO, at: '1:12', path: 'upstreams', says: /no `routes`/ },
  {
    name: 'a certificate without its key',
    text: 'listen: { certificate: a.pem }',
    at: '1:9',
    path: 'listen',
    says: /go together/,
  },
  {
    name: 'a limit that is not there',
    text: 'routes: [{ path: /, rate_limit: logn }]',
    at: '1:33',
    path: 'routes.0.rate_limit',
    says: /no limit `logn`; did you mean `login`/,
  },
  {
    name: 'a permission of a route that is not there',
    text: 'routes: [{ path: /, permission: "order:reed" }]',
    at: '1:33',
    path: 'routes.0.permission',
    says: /did you mean `order:read`/,
  },
  {
    name: 'a permission of a role that is not there',
    text: 'security: { authorization: { roles: { a: ["x:y"] } } }',
    at: '1:43',
    path: 'security.authorization.roles.a.0',
    says: /no permission `x:y`/,
  },
  {
    name: '__proto__ at the top',
    text: '__proto__: { a: 1 }',
    at: '1:1',
    path: '__proto__',
    says: /not a name/,
  },
  {
    name: '__proto__ in a section',
    text: 'security: { __proto__: { a: 1 } }',
    at: '1:13',
    path: 'security.__proto__',
    says: /not a name/,
  },
  {
    name: 'an upstream named __proto__',
    text: 'upstreams: { __proto__: "http://a:1" }',
    at: '1:14',
    path: 'upstreams.__proto__',
    says: /not a name/,
  },
  {
    name: 'a role named __proto__',
    text: 'security: { authorization: { roles: { __proto__: ["*"] } } }',
    at: '1:39',
    path: 'security.authorization.roles.__proto__',
    says: /not a name/,
  },
  {
    name: '__proto__ in a route',
    text: 'routes:\n  - path: /\n    __proto__: {}',
    at: '3:5',
    path: 'routes.0.__proto__',
    says: /not a name/,
  },
]) {
  test(`mistake: ${name} is told with its place`, () => {
    const mistakes = mistakesIn(text)
    assert.equal(mistakes[0]?.path, path, JSON.stringify(mistakes))
    assert.equal(`${mistakes[0]?.at.line}:${mistakes[0]?.at.column}`, at, JSON.stringify(mistakes))
    assert.match(mistakes[0]?.message ?? '', says)
    assert.equal(mistakes[0]?.at.file, 'f.yaml')
    assert.equal(({} as Record<string, unknown>)['a'], undefined)
  })
}

test('many mistakes are told at once, each with its line', () => {
  const text = [
    'profile: guid',
    'listen: { htp: off }',
    'security:',
    '  headers:',
    '    hsts_max_age: -1',
    '    csp_enabld: true',
    '  gateway: { max_body: 10 }',
    'routes:',
    '  - path: 7',
    '  - methods: [get]',
  ].join('\n')
  const mistakes = mistakesIn(text)
  const lines = mistakes.map((mistake) => mistake.at.line)
  assert.deepEqual(
    lines.toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    [1, 2, 5, 6, 7, 9, 10, 10],
    JSON.stringify(mistakes, null, 1),
  )
})

test('a ConfigError is one line for people and a list for programs', () => {
  assert.throws(
    () => loadConfig('profile: x\nlisten: 1', { file: 'my.yaml' }),
    (thrown: unknown) => {
      assert.ok(thrown instanceof ConfigError)
      assert.equal(thrown.code, 'config.invalid')
      assert.match(
        thrown.line,
        /^my\.yaml:1:10: profile: must be .*; listen: must be a section.*\(config\.invalid\)$/,
      )
      assert.equal(thrown.mistakes.length, 2)
      return true
    },
  )
})

for (const { name, text, says } of [
  {
    name: 'aliases that grow without end',
    text: Array.from({ length: 10 }, (_, i) =>
      i === 0
        ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]'
        : `a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(',')}]`,
    ).join('\n'),
    says: /aliases/,
  },
  {
    name: 'an alias that holds itself many times',
    text: `routes: &a [${Array(90).fill('*a').join(',')}]`,
    says: /must be a section/,
  },
  { name: '20,000 open brackets', text: '['.repeat(20_000), says: /nested too deeply/ },
  {
    name: '5,000 closed brackets',
    text: `profile: ${'['.repeat(5000)}${']'.repeat(5000)}`,
    says: /nested too deeply/,
  },
  { name: '20,000 open braces', text: `a: ${'{a: '.repeat(20_000)}`, says: /nested too deeply/ },
  { name: '20,000 dashes', text: `profile:\n${'- '.repeat(20_000)}`, says: /nested too deeply/ },
  {
    name: '1,300 levels of indentation',
    text: Array.from({ length: 1300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    says: /nested too deeply/,
  },
  { name: 'a byte more than 1 MB', text: `#${'x'.repeat(1024 * 1024)}`, says: /larger than 1048576 bytes/ },
  {
    name: 'more than 1 MB in fewer characters',
    text: `#${'\u00e9'.repeat(600 * 1024)}`,
    says: /larger than/,
  },
  {
    name: '50,000 unknown keys',
    text: Array.from({ length: 50_000 }, (_, i) => `key${i}: 1`).join('\n'),
    says: /unknown key/,
  },
]) {
  test(`hostile: ${name} is refused quickly`, () => {
    const startedAt = performance.now()
    assert.match(mistakesIn(text)[0]?.message ?? '', says)
    assert.ok(performance.now() - startedAt < 10_000, `${performance.now() - startedAt} ms`)
  })
}

test('a hundred mistakes are told, more are cut off', () => {
  const text = Array.from({ length: 150 }, (_, i) => `key${i}: 1`).join('\n')
  assert.equal(mistakesIn(text).length, 100)
})

const SHOP_POLICY = `security:
  authorization:
    policy:
      policies: examples/documents/policy.cedar
      schema: examples/documents/schema.cedarschema
`

for (const { name, policy, at, path, says } of [
  {
    name: 'a key of the mapping that is none',
    policy: '      mapping:\n        entities:\n          Document: { tabel: documents }',
    at: '8:23',
    path: 'security.authorization.policy.mapping.entities.Document.tabel',
    says: /did you mean `table`/,
  },
  {
    name: 'an attribute that the schema has not',
    policy:
      '      mapping:\n        entities:\n          Document:\n            table: documents\n            attributes:\n              ownr: owner_id',
    at: '11:15',
    path: 'security.authorization.policy.mapping.entities.Document.attributes.ownr',
    says: /the schema has no such attribute; there is owner, sharedWith/,
  },
  {
    name: 'an action that the schema has not',
    policy:
      '      mapping: examples/documents/mapping.yaml\n      database:\n        verbs:\n          document:raed: { verb: select }',
    at: '9:11',
    path: 'security.authorization.policy.database.verbs.document:raed',
    says: /the schema has no such action; did you mean `document:read`/,
  },
  {
    name: 'a verb that is none',
    policy:
      '      mapping: examples/documents/mapping.yaml\n      database:\n        verbs:\n          document:read: { verb: selec }',
    at: '9:34',
    path: 'security.authorization.policy.database.verbs.document:read.verb',
    says: /must be `select` or `insert`/,
  },
  {
    name: 'the secret itself',
    policy: '      mapping: examples/documents/mapping.yaml\n      database: { url: "postgres://u:p@h/d" }',
    at: '7:24',
    path: 'security.authorization.policy.database.url',
    says: /must be a reference, not the secret itself/,
  },
  {
    name: 'a database without tables',
    policy: '      database: { server: postgres }',
    at: '6:7',
    path: 'security.authorization.policy.database',
    says: /needs the tables of the entities; add `mapping`/,
  },
  {
    name: 'a mapping file that is not there',
    policy: '      mapping: no.yaml',
    at: undefined,
    path: 'security.authorization.policy.mapping',
    says: /the mapping cannot be read: .*ENOENT/,
  },
]) {
  test(`where entities are: ${name}`, () => {
    const [mistake, ...more] = mistakesIn(`${SHOP_POLICY}${policy}\n`)
    assert.deepEqual(more, [])
    assert.equal(mistake?.path, path)
    assert.match(mistake.message, says)
    if (at !== undefined) assert.equal(`${mistake.at.line}:${mistake.at.column}`, at)
  })
}

test('a mapping in a file of its own is told by its own lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringwall-mapping-'))
  try {
    const file = join(folder, 'mapping.yaml')
    writeFileSync(file, 'entities:\n  User: { table: users }\n  Docment: { table: documents }\n')
    const [mistake] = mistakesIn(`${SHOP_POLICY}      mapping: ${file}\n`)
    assert.deepEqual(mistake?.at, { file, line: 3, column: 3 })
    assert.match(mistake.message, /no such entity type; there is Organisation, Team, User, Document/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('references of the database are not read when the configuration is', () => {
  const database = '      database: { url: "${env:NOT_SET}", key: "file:/no/such" }\n'
  const { security } = loadConfig(
    `${SHOP_POLICY}      mapping: examples/documents/mapping.yaml\n${database}`,
    {
      env: {},
    },
  )
  assert.equal(security.authorization.policy?.database?.url, '${env:NOT_SET}')
})
