// The one file: what it may say, what it means, and how mistakes are told.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'
import { inspect } from 'node:util'

import {
  completeConfig,
  type Config,
  ConfigError,
  lintConfig,
  loadConfig,
  type Mistake,
  printConfig,
  secretsOf,
} from '../src/config/index.ts'
import { notHere } from '../src/store/testing.ts'

/** The guide's template, keys and values. */
const TEMPLATE = `
security:
  authentication:
    password: { min_length: 12, require_uppercase: true, require_lowercase: true, require_digit: true, require_special: true, max_age_days: 90 }
    session: { ttl_seconds: 3600, refresh_threshold: 300, secure_cookie: true, same_site: strict }
    mfa: { required: false, totp_window: 1, backup_codes_count: 10 }
    lockout: { max_attempts: 5, lockout_duration_minutes: 15 }
  rate_limiting:
    login: { requests: 5, period: minute }
    api: { requests: 100, period: minute }
    password_reset: { requests: 3, period: hour }
  headers: { hsts_max_age: 31536000, csp_enabled: true, frame_options: DENY }
  encryption: { algorithm: AES-256-GCM, key_rotation_days: 90 }
`

/** Every key of the template with its value there, and another value that the key may have. */
const TEMPLATE_KEYS: readonly (readonly [path: string, value: unknown, other: unknown])[] = [
  ['authentication.password.min_length', 12, 16],
  ['authentication.password.require_uppercase', true, false],
  ['authentication.password.require_lowercase', true, false],
  ['authentication.password.require_digit', true, false],
  ['authentication.password.require_special', true, false],
  ['authentication.password.max_age_days', 90, 0],
  ['authentication.session.ttl_seconds', 3600, 900],
  ['authentication.session.refresh_threshold', 300, 60],
  ['authentication.session.secure_cookie', true, false],
  ['authentication.session.same_site', 'strict', 'lax'],
  ['authentication.mfa.required', false, undefined],
  ['authentication.mfa.totp_window', 1, 2],
  ['authentication.mfa.backup_codes_count', 10, 8],
  ['authentication.lockout.max_attempts', 5, 3],
  ['authentication.lockout.lockout_duration_minutes', 15, 30],
  ['rate_limiting.login.requests', 5, 7],
  ['rate_limiting.login.period', 'minute', 'hour'],
  ['rate_limiting.api.requests', 100, 50],
  ['rate_limiting.api.period', 'minute', 'second'],
  ['rate_limiting.password_reset.requests', 3, 4],
  ['rate_limiting.password_reset.period', 'hour', 'day'],
  ['headers.hsts_max_age', 31_536_000, 63_072_000],
  ['headers.csp_enabled', true, false],
  ['headers.frame_options', 'DENY', 'SAMEORIGIN'],
  ['encryption.algorithm', 'AES-256-GCM', undefined],
  ['encryption.key_rotation_days', 90, 30],
]

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner, key) => (inner as Record<string, unknown>)[key], value)
}

/** `a.b.c` with a value, as nested sections. */
function nested(path: string, value: unknown): unknown {
  return path.split('.').reduceRight((inner, key) => ({ [key]: inner }), value)
}

function mistakesIn(text: string, env: Record<string, string> = {}): readonly Mistake[] {
  try {
    loadConfig(text, { file: 'f.yaml', env })
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.mistakes
    throw thrown
  }
  return assert.fail(`nothing is wrong with\n${text.slice(0, 500)}`)
}

test("the guide's template loads and each of its values takes effect", () => {
  const { security } = loadConfig(TEMPLATE)
  for (const [path, value, other] of TEMPLATE_KEYS) {
    assert.equal(valueAt(security, path), value, path)
    const changed = completeConfig({ security: nested(path, other) }).security
    if (other !== undefined) assert.equal(valueAt(changed, path), other, path)
  }
})

test("the template as it stands in the guide's text loads and is the same", (context) => {
  const file =
    process.env['RINGWALL_GUIDE'] ??
    resolve(import.meta.dirname, '../../shared/guide/security-best-practices.md')
  if (!existsSync(file))
    return notHere(context, 'the guide', 'RINGWALL_GUIDE=/path/to/security-best-practices.md npm test')
  const fence = /### Security Configuration Template\s+```yaml\n([\s\S]*?)```/.exec(
    readFileSync(file, 'utf8'),
  )
  assert.ok(fence, `${file} has no template`)
  assert.deepEqual(loadConfig(fence[1] as string), loadConfig(TEMPLATE))
})

test('an empty file is valid and safe', () => {
  for (const text of ['', '# nothing yet\n', '---\n', '{}']) {
    const config = loadConfig(text)
    assert.deepEqual(config, loadConfig(''))
    assert.equal(config.listen.http?.host, '127.0.0.1')
    assert.equal(config.security.audit.on_failure, 'refuse')
    assert.equal(config.security.perimeter.rules.SQL_INJECTION.action, 'BLOCK')
    assert.deepEqual(
      lintConfig(config).filter((finding) => finding.level === 'risk'),
      [],
    )
  }
})

const TWO = 'upstreams: { shop: "http://a:1", blog: "http://b:1" }\n'

test('a comment of exactly 1 MB is a valid file', () => {
  assert.deepEqual(loadConfig(`#${'x'.repeat(1024 * 1024 - 1)}`), loadConfig(''))
})

test('upstreams and roles may have the names of what every object has', () => {
  const config = loadConfig(
    'upstreams: { constructor: "http://a:1" }\nsecurity: { authorization: { roles: { toString: [] } } }',
  )
  assert.deepEqual(Object.keys(config.upstreams), ['constructor'])
  assert.deepEqual(config.security.authorization.roles['toString'], [])
  // The walk over routes does not find what only the prototype has.
  assert.match(mistakesIn('routes: [{ path: /, upstream: toString }]')[0]?.message ?? '', /no upstream/)
})

const URL_WITH_PASSWORD = 'postgres://root:hunter2@db/app'

for (const { name, text } of [
  { name: 'postgres', text: `store: { postgres: "${URL_WITH_PASSWORD}" }` },
  { name: 'redis', text: 'store: { redis: "redis://:hunter2@cache" }' },
  { name: 'an upstream', text: 'upstreams: { a: "http://root:hunter2@a:1" }' },
]) {
  test(`secrets: a password in the URL of ${name} is refused and not repeated`, () => {
    const mistakes = mistakesIn(text)
    assert.equal(mistakes.length, 1)
    assert.ok(!JSON.stringify(mistakes).includes('hunter2'), JSON.stringify(mistakes))
  })
}

test('secrets: by environment and by file, hidden in every sink', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringwall-config-'))
  try {
    const file = join(directory, 'url')
    writeFileSync(file, 'redis://:hunter3@cache\n', { mode: 0o600 })
    const config = loadConfig(`store: { postgres: "\${env:DB_URL}", redis: "file:${file}" }`, {
      env: { DB_URL: URL_WITH_PASSWORD },
    })
    assert.equal(config.store.postgres?.reveal(), URL_WITH_PASSWORD)
    assert.equal(config.store.redis?.reveal(), 'redis://:hunter3@cache')
    assert.deepEqual(
      secretsOf(config).map((secret) => secret.reveal()),
      [URL_WITH_PASSWORD, 'redis://:hunter3@cache'],
    )
    for (const shown of [printConfig(config), JSON.stringify(config), inspect(config, { depth: 9 })]) {
      assert.ok(!/hunter/.test(shown), shown)
      assert.ok(shown.includes('[secret]'))
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('secrets: all that are missing are listed at once', () => {
  const mistakes = mistakesIn('store:\n  postgres: ${env:NO_SUCH}\n  redis: file:/no/such/file')
  assert.deepEqual(
    mistakes.map(({ path, at }) => [path, at.line]),
    [
      ['store.postgres', 2],
      ['store.redis', 3],
    ],
  )
  assert.match(mistakes[0]?.message ?? '', /environment variable NO_SUCH is not set/)
  assert.match(mistakes[1]?.message ?? '', /\/no\/such\/file/)
  assert.match(
    mistakesIn('store: { postgres: "${env:EMPTY}" }', { EMPTY: '' })[0]?.message ?? '',
    /EMPTY is not set/,
  )
})

test('the result is frozen in depth', () => {
  const config = loadConfig(
    `${TWO}routes: [{ path: /, upstream: shop, methods: [GET], rate_limit: { requests: 1, period: hour } }]`,
  )
  const thawed: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    if (!Object.isFrozen(value)) thawed.push(path)
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`)
  }
  visit(config, 'config')
  assert.deepEqual(thawed, [])
  assert.throws(() => (config.routes as unknown[]).push({}), TypeError)
  assert.throws(() => Object.assign(config.security.headers, { csp_enabled: false }), TypeError)
  // What is frozen is ours: the defaults of one configuration are not those of another.
  assert.deepEqual(loadConfig(''), loadConfig(''))
})

for (const { name, text, path, want } of [
  { name: 'the guide asks for 12', text: '', path: 'password.min_length', want: 12 },
  {
    name: 'the guide asks for a change after 90 days',
    text: 'profile: guide',
    path: 'password.max_age_days',
    want: 90,
  },
  { name: 'NIST asks for 15', text: 'profile: nist-800-63b-4', path: 'password.min_length', want: 15 },
  {
    name: 'NIST asks for no special characters',
    text: 'profile: nist-800-63b-4',
    path: 'password.require_special',
    want: false,
  },
  {
    name: 'NIST asks for no periodic change',
    text: 'profile: nist-800-63b-4',
    path: 'password.max_age_days',
    want: 0,
  },
  {
    name: 'NIST leaves the session as it is',
    text: 'profile: nist-800-63b-4',
    path: 'session.ttl_seconds',
    want: 3600,
  },
  { name: 'ASVS shortens the session', text: 'profile: asvs-l3', path: 'session.ttl_seconds', want: 900 },
  {
    name: "the file's own value stays",
    text: 'profile: nist-800-63b-4\nsecurity: { authentication: { password: { min_length: 20 } } }',
    path: 'password.min_length',
    want: 20,
  },
  {
    name: 'and the profile still fills the rest',
    text: 'profile: nist-800-63b-4\nsecurity: { authentication: { password: { min_length: 20 } } }',
    path: 'password.require_digit',
    want: false,
  },
  {
    name: "the file's own section beside it stays",
    text: 'profile: asvs-l3\nsecurity: { authentication: { session: { ttl_seconds: 60 } } }',
    path: 'session.ttl_seconds',
    want: 60,
  },
]) {
  test(`profile: ${name}`, () => {
    assert.equal(valueAt(loadConfig(text).security.authentication, path), want)
  })
}

test('profile: a section of the wrong kind is still a mistake at its place', () => {
  const [mistake] = mistakesIn('profile: asvs-l3\nsecurity: { authentication: { password: 7 } }')
  assert.equal(mistake?.path, 'security.authentication.password')
  assert.equal(mistake?.at.line, 2)
})

for (const { name, text } of [
  { name: 'the empty file', text: '' },
  { name: "the guide's template", text: TEMPLATE },
  { name: 'doors that are off', text: 'listen: { http: off, https: false, operator: off }' },
  { name: 'IPv6 addresses', text: 'listen: { http: "[::1]:8080", https: "[::]:443" }' },
  {
    name: 'odd units',
    text: 'security: { gateway: { max_body: 1537B, body_timeout: 1501ms }, audit: { flush: 90ms } }',
  },
  {
    name: 'everything a route can have',
    text: `${TWO}routes: [{ name: n, path: "/a/{id}", hosts: ["*.example.com"], methods: [GET, POST], upstream: shop, inspect: detect, csp: "default-src 'none'", frame_options: SAMEORIGIN, max_body: 3KB, rate_limit: { requests: 2, period: day }, sign_in: required, permission: "order:read", cross_site: allow, content_types: [application/json], data_role: reader, require_https: always, opener_policy: unsafe-none, cors: { origins: ["https://a.test"], max_age: 90s } }]`,
  },
  { name: 'a route with a long pattern and no name', text: `routes: [{ path: "/${'a/'.repeat(200)}" }]` },
  {
    name: 'limits of other names',
    text: 'security: { rate_limiting: { search: { requests: 9, period: second } } }',
  },
  {
    name: 'a header that YAML would misread',
    text: 'security: { headers: { permissions_policy: "# : - {" } }',
  },
  { name: 'a profile', text: 'profile: asvs-l3' },
]) {
  test(`print: ${name} loads again and is the same`, () => {
    const config = loadConfig(text)
    assert.deepEqual(loadConfig(printConfig(config)), config)
  })
}

const BAD_AND_MENDED: Readonly<Record<string, readonly [bad: string, mended: string]>> = {
  'password-age': ['', 'security: { authentication: { password: { max_age_days: 0 } } }'],
  'password-classes': ['', 'profile: nist-800-63b-4'],
  'password-length': [
    'security: { authentication: { password: { min_length: 11 } } }',
    'security: { authentication: { password: { min_length: 12 } } }',
  ],
  'secure-cookie': ['security: { authentication: { session: { secure_cookie: false } } }', ''],
  'csp-off': ['security: { headers: { csp_enabled: false } }', ''],
  'csp-inline-scripts': [
    `routes: [{ path: /, csp: "script-src 'self' 'unsafe-inline'" }]`,
    `routes: [{ path: /, csp: "script-src 'self'; style-src 'unsafe-inline'" }]`,
  ],
  'hsts-off': [
    'security: { headers: { hsts_max_age: 3600 } }',
    'security: { headers: { hsts_max_age: 15768000 } }',
  ],
  'hsts-preload': ['security: { headers: { hsts_preload: true } }', ''],
  'hsts-preload-refused': [
    'security: { headers: { hsts_preload: true, hsts_max_age: 31535999 } }',
    'security: { headers: { hsts_preload: true } }',
  ],
  'acme-ports': [
    'listen: { http: off }\nsecurity: { tls: { acme: { certificates: { a: [a.test] }, agree_to_terms: true } } }',
    'listen: { http: off }\nsecurity: { tls: { acme: { certificates: { a: [a.test] }, agree_to_terms: true, challenge: tls-alpn-01 } } }',
  ],
  'cors-everyone': [
    'routes: [{ path: /, cors: { origins: ["*"] } }]',
    'routes: [{ path: /, cors: { origins: ["https://a.test"] } }]',
  ],
  'xss-protection': ['security: { headers: { xss_protection: "1; mode=block" } }', ''],
  'trust-everyone': [
    'security: { network: { trusted_proxies: [10.0.0.0/8, "::/0"] } }',
    'security: { network: { trusted_proxies: [10.0.0.0/8] } }',
  ],
  'proxy-protocol-everyone': [
    'security: { network: { proxy_protocol: ["0.0.0.0/0"] } }',
    'security: { network: { proxy_protocol: [10.0.0.0/8] } }',
  ],
  'plain-listen': ['listen: { http: "0.0.0.0:80", https: off }', 'listen: { http: "0.0.0.0:80" }'],
  'operator-listen': ['listen: { operator: "0.0.0.0:8090" }', 'listen: { operator: "[::1]:8090" }'],
  'development-certificate': [
    'listen: { https: "0.0.0.0:443" }',
    'listen: { https: "0.0.0.0:443", certificate: a.pem, key: a.key }',
  ],
  'no-upstream': ['', 'upstreams: { a: "http://a:1" }'],
  'attack-rule-off': [
    'security: { perimeter: { rules: { XSS: { action: COUNT } } } }',
    'security: { perimeter: { rules: { XSS: { action: BLOCK } } } }',
  ],
  'inspection-off': ['routes: [{ path: /, inspect: detect }]', 'routes: [{ path: /, inspect: enforce }]'],
  'cross-site-allowed': [
    'routes: [{ path: /, cross_site: allow }]',
    'routes: [{ path: /, cross_site: refuse }]',
  ],
  'limit-off': ['routes: [{ path: /, rate_limit: off }]', 'routes: [{ path: /, rate_limit: api }]'],
  'limit-shadow': ['security: { rate_limiting: { login: { mode: shadow } } }', ''],
  'limits-open': [
    'security: { gateway: { limits_without_redis: open } }',
    'security: { gateway: { limits_without_redis: closed } }',
  ],
  'identifier-without-permission': [
    'routes: [{ path: "/orders/{id}" }]',
    'routes: [{ path: "/orders/{id}", permission: "order:read" }]',
  ],
  'errors-pass': ['security: { application: { errors: pass } }', ''],
  'audit-optional': ['security: { audit: { on_failure: serve_and_alarm } }', ''],
  'logs-unmasked': ['security: { data: { mask_logs: false } }', ''],
}

function findingIds(config: Config): readonly string[] {
  return lintConfig(config).map((finding) => finding.id)
}

for (const [id, [bad, mended]] of Object.entries(BAD_AND_MENDED)) {
  test(`check: ${id} is found, and not where it is mended`, () => {
    assert.ok(findingIds(loadConfig(bad)).includes(id))
    assert.ok(!findingIds(loadConfig(mended)).includes(id))
  })
}

test('check: every rule has its row above, ids are unique, and each finding names a key and its source', () => {
  const source = readFileSync(join(import.meta.dirname, '../src/config/lint.ts'), 'utf8')
  const ids = [...source.matchAll(/^ {2}'([a-z-]+)': \(/gm)].map((match) => match[1] as string)
  assert.deepEqual(ids.toSorted(), Object.keys(BAD_AND_MENDED).toSorted())
  assert.equal(new Set(ids).size, ids.length)
  for (const [bad] of Object.values(BAD_AND_MENDED)) {
    const findings = lintConfig(loadConfig(bad))
    assert.equal(new Set(findings.map((finding) => finding.id)).size, findings.length)
    for (const { path, message, source } of findings) {
      assert.match(path, /^(security\.|listen\.|routes|upstreams)/)
      assert.ok(message.length > 20 && source.length > 3)
    }
  }
})
