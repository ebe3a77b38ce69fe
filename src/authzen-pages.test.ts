// The decision point behind the walls of a gateway on real sockets.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { queryAudit } from './audit/index.ts'
import { type ConfigInput, openKept, completeConfig, ringwall } from './index.ts'
import { exchangeBytes } from './testing.ts'

const TOKEN = 'pep-0123456789abcdefghijklmnopqrstuvwxyz'
const directory = mkdtempSync(join(tmpdir(), 'ringwall-authzen-test-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

const token = `file:${file('token', TOKEN)}`
const POLICIES = file(
  'shop.cedar',
  '@id("readers") @reason("readers read")\npermit (principal in Role::"reader", action == Action::"read", resource);\n',
)
const ENTITIES = file(
  'entities.json',
  `[{"uid": {"type": "Role", "id": "reader"}, "attrs": {}, "parents": []},
    {"uid": {"type": "User", "id": "ann"}, "attrs": {}, "parents": [{"type": "Role", "id": "reader"}]},
    {"uid": {"type": "Doc", "id": "1"}, "attrs": {}, "parents": []}]`,
)
type Authzen = NonNullable<NonNullable<NonNullable<ConfigInput['security']>['authorization']>['authzen']>
const AUTHZEN: Authzen = {
  enabled: true,
  url: 'https://pdp.test/pdp',
  callers: { shop: { token, search: true } },
  policies: [POLICIES],
  entities: ENTITIES,
  types: { user: { entity: 'User' }, doc: { entity: 'Doc' } },
  annotations: ['reason'],
  max_body: '1KB',
}

function configOf(authzen: Authzen, store: string): ReturnType<typeof completeConfig> {
  return completeConfig({
    listen: { http: '127.0.0.1:0', https: 'off', operator: 'off' },
    store: { directory: store },
    security: { authorization: { authzen } },
  })
}

const QUESTION =
  '{"subject":{"type":"user","id":"ann"},"action":{"name":"read"},"resource":{"type":"doc","id":"1"}}'

function send(
  url: string,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; text: string; headers: http.IncomingHttpHeaders }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof send>>>()
  const request = http.request(url + path, { method: body === '' ? 'GET' : 'POST', headers }, (answer) => {
    let text = ''
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    answer.once('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }))
  })
  request.once('error', reject)
  request.end(body === '' ? undefined : body)
  return promise
}

test('the decision point answers behind all walls, and the audit log tells who asked, what was decided and who was refused', async () => {
  const config = configOf(AUTHZEN, join(directory, 'store'))
  const gateway = await ringwall(config)
  try {
    const { http: url = '' } = await gateway.listen()
    const json = { 'Content-Type': 'application/json' }
    const mine = { ...json, Authorization: `Bearer ${TOKEN}`, 'X-Request-ID': 'r-1' }
    const asked = await send(url, '/pdp/access/v1/evaluation', QUESTION, mine)
    assert.deepEqual(
      [asked.status, asked.text],
      [200, '{"decision":true,"context":{"reason":"readers read"}}'],
    )
    assert.equal(asked.headers['x-request-id'], 'r-1')
    assert.equal(asked.headers['content-type'], 'application/json')
    assert.ok(
      asked.headers['ringwall-id'] !== undefined && asked.headers['x-content-type-options'] === 'nosniff',
    )

    const metadata = await send(url, '/.well-known/authzen-configuration/pdp', '', {})
    assert.match(metadata.text, /"policy_decision_point":"https:\/\/pdp\.test\/pdp"/)
    assert.equal((await send(url, '/pdp/access/v1/evaluation', '{', mine)).status, 400)
    assert.equal((await send(url, '/pdp/access/v1/evaluation', `"${'x'.repeat(2000)}"`, mine)).status, 413)
    assert.equal(
      (await send(url, '/access/v1/evaluation', QUESTION, mine)).status,
      502,
      "that path is the application's",
    )

    const refused = await send(url, '/pdp/access/v1/search/subject', QUESTION, {
      ...json,
      Authorization: 'Bearer guess',
    })
    assert.equal(refused.status, 401)
    assert.equal(refused.headers['www-authenticate'], 'Bearer realm="https://pdp.test/pdp"')

    // The body of a refused request is left unread, so the connection ends, and nothing in the body is taken for a request.
    const inner = 'GET /.well-known/authzen-configuration/pdp HTTP/1.1\r\nHost: a\r\n\r\n'
    const bytes = await exchangeBytes(
      Number(new URL(url).port),
      `POST /pdp/access/v1/evaluation HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    )
    assert.equal(bytes.match(/HTTP\/1\.1 /g)?.length, 1)
    assert.match(bytes, /^HTTP\/1\.1 401 /)
    assert.match(bytes, /connection: close/i)
  } finally {
    await gateway.close()
  }
  const kept = await openKept(config)
  try {
    const events = await queryAudit(kept.store.database, { limit: 100 })
    const saw = events.flatMap(({ trace }) => (trace ?? []).flatMap((step) => step.saw ?? []))
    assert.ok(saw.includes('allow by readers; caller shop'), saw.join('\n'))
    const told = events.filter(({ kind }) => kind === 'access.caller-refused')
    assert.deepEqual(
      told.map(({ verdict, data }) => [verdict, data]),
      [
        ['failure', { caller: 'unknown', status: 401 }],
        ['failure', { caller: 'unknown', status: 401 }],
      ],
    )
    assert.doesNotMatch(JSON.stringify(events), new RegExp(TOKEN))
  } finally {
    await kept.close()
  }
})

test('page tokens are good after a reload, since their key is in the keyring', async () => {
  const policies = [file('all.cedar', 'permit (principal, action, resource);')]
  const entities = file(
    'two.json',
    `[{"uid": {"type": "Doc", "id": "1"}, "attrs": {}, "parents": []}, {"uid": {"type": "Doc", "id": "2"}, "attrs": {}, "parents": []}, {"uid": {"type": "User", "id": "ann"}, "attrs": {}, "parents": []}]`,
  )
  const config = configOf({ ...AUTHZEN, policies, entities, annotations: [] }, ':memory:')
  const gateway = await ringwall(config)
  const ask = async (page: object): Promise<{ page: { next_token: string }; results: { id: string }[] }> => {
    const answer = await gateway.fetch(
      new Request('https://pdp.test/pdp/access/v1/search/resource', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({
          subject: { type: 'user', id: 'ann' },
          action: { name: 'read' },
          resource: { type: 'doc' },
          page,
        }),
      }),
    )
    return (await answer.json()) as Awaited<ReturnType<typeof ask>>
  }
  try {
    const first = await ask({ limit: 1 })
    await gateway.reload(config)
    const second = await ask({ token: first.page.next_token })
    assert.deepEqual([first.results[0]?.id, second.results[0]?.id, second.page.next_token], ['1', '2', ''])
  } finally {
    await gateway.close()
  }
})

test('a decision point that is off answers nothing', async () => {
  const gateway = await ringwall(configOf({ ...AUTHZEN, enabled: false }, ':memory:'))
  try {
    const answer = await gateway.fetch(new Request('https://pdp.test/.well-known/authzen-configuration/pdp'))
    assert.equal(answer.status, 502)
  } finally {
    await gateway.close()
  }
})

const schema = file(
  'shop.cedarschema',
  'entity Role; entity User in [Role]; entity Doc; action read appliesTo { principal: User, resource: Doc };',
)

for (const { name, change, message } of [
  { name: 'no URL', change: { url: '' }, message: /cannot be the URL of a decision point/ },
  { name: 'no caller', change: { callers: {} }, message: /no caller may use it/ },
  {
    name: 'a file that is not there',
    change: { policies: ['/no/such.cedar'] },
    message: /`\/no\/such\.cedar` cannot be read/,
  },
  {
    name: 'a policy that cannot be read',
    change: { policies: [file('bad.cedar', 'permit (principal, action)')] },
    message: /bad\.cedar:1:\d+: .*expected/,
  },
  {
    name: 'a policy that does not fit the schema',
    change: {
      policies: [file('misfit.cedar', 'permit (principal, action, resource) when { principal.age > 3 };')],
      schema,
    },
    message: /misfit\.cedar:1:\d+: \S*misfit\.cedar#0: /,
  },
  {
    name: 'entities that do not fit the schema',
    change: {
      schema,
      entities: file('misfit.json', '[{"uid": {"type": "Cat", "id": "1"}, "attrs": {}, "parents": []}]'),
    },
    message: /misfit\.json: .*Cat/,
  },
  {
    name: 'two policies of one name',
    change: {
      policies: [
        file(
          'twice.cedar',
          '@id("a") permit (principal, action, resource); @id("a") permit (principal, action, resource);',
        ),
      ],
    },
    message: /two policies are called `a`/,
  },
  {
    name: 'a type that is no Cedar type',
    change: { types: { user: { entity: 'a b' } } },
    message: /type `user`: `a b` is no Cedar entity type/,
  },
] satisfies readonly { name: string; change: Authzen; message: RegExp }[]) {
  test(`configuration: ${name} stops the start with its place`, async () => {
    await assert.rejects(
      ringwall(configOf({ ...AUTHZEN, ...change }, ':memory:')),
      (thrown: Error & { line?: string }) => {
        assert.match(thrown.line ?? thrown.message, message)
        return true
      },
    )
  })
}
