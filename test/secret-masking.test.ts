// Every secret that was loaded - by the real loader, from every provider - is masked in every sink, in every form that sinks write.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { pino } from 'pino'

import { queryAudit } from '../src/audit/index.ts'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { Secret } from '../src/core/secret.ts'
import {
  compileReplyMask,
  createLogMask,
  createMasker,
  createMaskStream,
  createTextMask,
  formatSecretsFile,
  generateAgeIdentity,
  maskBody,
  maskJsonReply,
  maskUrlText,
  newSecretsFile,
  type SecretRegistry,
  withValues,
} from '../src/data/index.ts'
import { awsVersion, startSecretsManager, startVault } from '../src/data/secrets/testing.ts'
import { ConfigError, loadConfig, openConfig, openKept, refuse, ringwall, type Wall } from '../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-masked-'))
after(() => rmSync(directory, { recursive: true, force: true }))

/** With characters that every encoding writes in its own way. */
const VALUES = {
  env: 'env "quoted" \\ p\u00e4ss/w+rd=1',
  file: 'file&<tag>\u2028secret-value',
  age: 'age-secret-value/with+signs==',
  vault: 'vault-secret-value-0123456789',
  aws: 'aws-secret~value!(of)-an-api',
  url: 'p@ss/word:of-a?database',
} as const

const vault = await startVault(() => Date.now())
after(() => vault.close())
vault.tokens.set('hvs.root-token-of-vault', { endMs: Infinity, maxMs: Infinity })
vault.secrets.set('app', [{ data: { key: VALUES.vault }, created: new Date().toISOString() }])
const aws = await startSecretsManager(new Map([['AKID', { secret: 'aws-secret-access-key-value' }]]))
after(() => aws.close())
aws.secrets.set('production/api', [awsVersion(JSON.stringify({ username: 'service', key: VALUES.aws }))])
const { identity, recipient } = await generateAgeIdentity(false)
const sealed = withValues(
  await newSecretsFile([recipient], systemRandom),
  new Map([['KEY', new Secret(VALUES.age)]]),
  systemClock.now(),
  systemRandom,
)
writeFileSync(join(directory, 'secrets.age'), formatSecretsFile(sealed))
writeFileSync(join(directory, 'file'), VALUES.file, { mode: 0o600 })
writeFileSync(join(directory, 'identity'), identity.reveal(), { mode: 0o600 })
writeFileSync(join(directory, 'vault-token'), 'hvs.root-token-of-vault', { mode: 0o600 })

const places = `
      age: { identity: "file:${directory}/identity" }
      aws: { region: eu-central-1, endpoint: "${aws.url}" }
      vault: { address: "${vault.url}", token: "file:${directory}/vault-token", dangerously_allow_http: true }`
const text = `
store: { directory: ":memory:" }
listen: { http: off, https: off, operator: off }
security:
  data:
    secrets:${places}
      required: ["\${env:APP_KEY}", "\${env:APP_URL}", "file:${directory}/file", "age:${directory}/secrets.age#KEY", "vault:secret/app#key", "aws:production/api"]
`
Object.assign(process.env, {
  APP_KEY: VALUES.env,
  APP_URL: `postgres://app:${encodeURIComponent(VALUES.url)}@db.example.com/app`,
  AWS_ACCESS_KEY_ID: 'AKID',
  AWS_SECRET_ACCESS_KEY: 'aws-secret-access-key-value',
})
after(() => {
  for (const name of ['APP_KEY', 'APP_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    delete process.env[name]
})

const json = (value: string): string => JSON.stringify(value).slice(1, -1)
const FORMS: Readonly<Record<string, (value: string) => string>> = {
  'as it is': (value) => value,
  JSON: json,
  'JSON within JSON': (value) => json(json(value)),
  base64: (value) => Buffer.from(value).toString('base64'),
  'base64 of a longer text': (value) => Buffer.from(`user:${value}@`).toString('base64'),
  base64url: (value) => Buffer.from(value).toString('base64url'),
  hexadecimal: (value) => Buffer.from(value).toString('hex'),
  'percent encoding': encodeURIComponent,
  'a form': (value) => new URLSearchParams({ k: value }).toString().slice(2),
  HTML: (value) =>
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
}

/** What must not be in a text: the longest piece of any form that no frame around it changes. */
function leaks(said: string, value: string): boolean {
  return Object.values(FORMS).some((form) => {
    const written = form(value)
    return said.includes(written.slice(2, -2))
  })
}

const SINKS: Readonly<Record<string, (secrets: SecretRegistry, shown: string) => string>> = {
  'the text mask of the audit log': (secrets, shown) => createTextMask(secrets)(`x ${shown} y`),
  'a masker of text': (secrets, shown) => createMasker({ secrets }).text(shown),
  'a masker of objects': (secrets, shown) =>
    JSON.stringify(createMasker({ secrets }).value({ a: [{ b: shown }] })),
  'an error with its cause': (secrets, shown) => {
    const masked = createMasker({ secrets }).value({ error: new Error(shown, { cause: new Error(shown) }) })
    return JSON.stringify(masked)
  },
  'a stream in pieces of seven': (secrets, shown) => {
    const stream = createMaskStream(createMasker({ secrets }))
    const pieces = `before ${shown} after`.match(/[^]{1,7}/g) ?? []
    return pieces.map((piece) => stream.write(piece)).join('') + stream.end()
  },
  'a body of JSON': (secrets, shown) =>
    maskBody(JSON.stringify({ a: shown }), 'application/json', createMasker({ secrets })),
  'a body of plain text': (secrets, shown) => maskBody(shown, 'text/plain', createMasker({ secrets })),
  'the path of a URL': (secrets, shown) =>
    maskUrlText(`/a/${encodeURIComponent(shown)}?k=${encodeURIComponent(shown)}`, createMasker({ secrets })),
  'an answer of the application': (secrets, shown) => {
    const mask = compileReplyMask(
      { mode: 'mask', fields: [], text: true, csv: false, pass_types: [], reveal: {} },
      secrets,
    )
    const masked = maskJsonReply(JSON.stringify({ a: shown }), mask, [])
    return masked.ok ? masked.text : ''
  },
  'pino, as a field and in the message': (secrets, shown) => {
    let said = ''
    const log = pino({ ...createLogMask({ secrets }) }, { write: (line: string) => void (said += line) })
    log.info({ a: { b: shown } }, `connecting with ${shown}`)
    log.error(new Error(shown))
    return said
  },
}

const kept = await openKept(await openConfig(text))
after(() => kept.close())

for (const [sink, show] of Object.entries(SINKS)) {
  test(`masked in ${sink}, from every provider and in ${Object.keys(FORMS).length} forms`, () => {
    for (const [provider, value] of Object.entries(VALUES))
      for (const [name, form] of Object.entries(FORMS)) {
        const said = show(kept.secrets.registry, form(value))
        assert.ok(!leaks(said, value), `${provider}, ${name}: ${said}`)
      }
    assert.ok(show(kept.secrets.registry, 'ordinary').includes('ordinary'))
  })
}

test('masked in the audit log of the gateway itself', async () => {
  const loud: Wall = {
    name: 'application',
    layer: 5,
    head: () => refuse('application.cross-site-request', `with ${Object.values(VALUES).join(' and ')}`),
  }
  const gate = await ringwall(await openConfig(text.replace('":memory:"', join(directory, 'state'))), {
    walls: (walls) => [...walls, loud],
  })
  try {
    const answer = await gate.fetch(new Request('http://a.test/'), {
      app: () => new Response(''),
      peer: '192.0.2.1',
    })
    assert.equal(answer.status, 403)
  } finally {
    await gate.close()
  }
  const reader = await openKept(await openConfig(text.replace('":memory:"', join(directory, 'state'))))
  const [event] = await queryAudit(reader.store.database, { code: 'application.cross-site-request' })
  await reader.close()
  assert.match(event?.detail ?? '', /^with /)
  for (const value of Object.values(VALUES))
    assert.ok(!leaks(JSON.stringify(event), value), event?.detail ?? '')
})

test('a start lists everything at once: mistakes and every missing secret of every provider, each with its line', async () => {
  const broken = `store: { directory: ":memory:", postgres: "vault:secret/none#url", redis: "\${env:NO_REDIS}" }
security:
  heders: {}
  data:
    secrets:${places}
      required:
        - "vault:secret/app#nothing"
        - "aws:nothing"
        - "age:${directory}/secrets.age#NOTHING"
        - "file:${directory}/nothing"
        - "vault:secret/app#key"
`
  await assert.rejects(openConfig(broken, { file: 'f.yaml' }), (error: ConfigError) => {
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(error.mistakes.map(({ path, at }) => `${at.line} ${path}`).toSorted(), [
      '1 store.postgres',
      '1 store.redis',
      '10 security.data.secrets.required.0',
      '11 security.data.secrets.required.1',
      '12 security.data.secrets.required.2',
      '13 security.data.secrets.required.3',
      '3 security.heders',
    ])
    return true
  })
})

test('a configuration that was loaded without its secrets gets them when it is opened, and says so before', async () => {
  const own = text.replace('":memory:"', '":memory:", redis: "vault:secret/app#key"')
  const loaded = loadConfig(own)
  assert.throws(() => loaded.store.redis?.reveal(), { code: 'secret.not-loaded' })
  const opened = await openConfig(own)
  assert.equal(opened.store.redis?.reveal(), VALUES.vault)
})
