import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { type DecisionPointUrl, type Reply, withDecisionPoint } from './gateway.ts'
import type { Verdict } from './interop.ts'
import type { Scenario } from './scenario.ts'
import { misfit, searchMisfit } from './shapes.ts'

const HERE = import.meta.dirname
const PATHS = {
  evaluation: '/access/v1/evaluation',
  evaluations: '/access/v1/evaluations',
  subject: '/access/v1/search/subject',
  resource: '/access/v1/search/resource',
  action: '/access/v1/search/action',
} as const

type Api = keyof typeof PATHS

/** What the scenario expects of one request of a section. */
interface Expectation {
  readonly api: Api
  readonly status?: 400
  readonly decision?: boolean
  /** Of a batch: each decision, or `any` where the scenario leaves it to the implementer. */
  readonly decisions?: readonly (boolean | 'any')[]
  /** Ids or names that must be among the results, and their type. */
  readonly includes?: readonly string[]
  readonly type?: string
  readonly isEmpty?: true
  /** The section whose request must have the same results. */
  readonly sameAs?: string
}

const bad = (api: Api, count: number): readonly Expectation[] =>
  Array.from({ length: count }, () => ({ api, status: 400 }) as const)
const decides = (decision: boolean, api: Api = 'evaluation'): readonly Expectation[] => [{ api, decision }]
const batch = (...decisions: readonly (boolean | 'any')[]): readonly Expectation[] => [
  { api: 'evaluations', decisions },
]
const finds = (
  api: Api,
  type: string | undefined,
  includes: readonly string[],
  sameAs?: string,
): readonly Expectation[] => [
  { api, includes, ...(type !== undefined && { type }), ...(sameAs !== undefined && { sameAs }) },
]

/** Section by section, in the order of its requests. */
const SECTIONS: Readonly<Record<string, readonly Expectation[]>> = {
  'c-2-2-1': decides(true),
  'c-2-2-2': decides(false),
  'c-2-2-3': decides(true),
  'c-2-2-4': decides(false),
  'c-2-2-5': decides(true),
  'c-2-2-6': decides(true),
  'c-2-2-7': decides(false),
  'c-2-2-8': decides(true),
  'c-2-2-9': decides(true),
  'c-2-4-1': bad('evaluation', 3),
  'c-2-4-2': bad('evaluation', 5),
  'c-2-4-6': bad('evaluation', 2),
  'c-3-2-1': batch('any', 'any'),
  'c-3-2-2': batch(true, false),
  'c-3-2-3': batch(true, false),
  'c-3-2-4': batch(false, true),
  'c-3-2-5': batch(true, false),
  'c-3-2-6': batch('any', 'any'),
  'c-3-2-7': batch(true, false),
  'c-3-4-1': batch(true, false),
  'c-3-4-2': decides(true, 'evaluations'),
  'c-3-4-3': decides(true, 'evaluations'),
  'c-4-2-1': finds('subject', 'user', ['alice', 'bob']),
  'c-4-2-2': finds('subject', 'user', ['alice', 'bob'], 'c-4-2-1'),
  'c-4-2-3': finds('subject', 'user', ['alice', 'bob'], 'c-4-2-1'),
  'c-4-2-4': finds('subject', 'user', ['bob']),
  'c-4-3-1': finds('resource', 'record', ['record-1']),
  'c-4-3-2': finds('resource', 'record', ['record-1'], 'c-4-3-1'),
  'c-4-3-3': finds('resource', 'record', ['record-1'], 'c-4-3-1'),
  'c-4-3-4': finds('resource', 'record', ['record-2']),
  'c-4-4-1': finds('action', undefined, ['read', 'write']),
  'c-4-4-2': finds('action', undefined, ['read', 'write'], 'c-4-4-1'),
  'c-4-4-3': finds('action', undefined, ['write']),
  'c-4-5-1': finds('subject', 'user', []),
  'c-4-6-1': [{ api: 'action', isEmpty: true }],
  'c-4-6-2': [{ api: 'subject', isEmpty: true }],
  'c-4-7-1': [...bad('subject', 1), ...bad('resource', 1), ...bad('action', 1)],
  'c-4-7-2': [...bad('subject', 1), ...bad('resource', 1), ...bad('action', 1)],
}

/** The sections whose requests the checks below send themselves. */
const ELSEWHERE: readonly string[] = ['c-4-5-2']

/** Runs every level of the scenario. A section that the document has and this table has not is a failure. */
export function runCertification(scenario: Scenario, response: object): Promise<readonly Verdict[]> {
  const entities = readFileSync(join(HERE, 'certification.entities.json'), 'utf8')
  const settings = { policies: [join(HERE, 'certification.cedar')], annotations: ['reason'] }
  return withDecisionPoint(settings, entities, async (point) => {
    const verdicts: Verdict[] = []
    const replies: Reply[] = []
    const ask: DecisionPointUrl['ask'] = async (path, sending) => {
      const reply = await point.ask(path, sending)
      replies.push(reply)
      return reply
    }
    const known = new Set([...Object.keys(SECTIONS), ...ELSEWHERE])
    for (const section of scenario.keys())
      if (!known.has(section)) verdicts.push({ id: section, wrong: 'this section is not run' })
    const results = new Map<string, string>()
    for (const [section, expectations] of Object.entries(SECTIONS)) {
      const requests = scenario.get(section) ?? []
      for (const [at, expected] of expectations.entries()) {
        const id = expectations.length === 1 ? section : `${section}.${at + 1}`
        const body = requests[at]
        if (body === undefined || requests.length !== expectations.length) {
          verdicts.push({ id, wrong: `the document has ${requests.length} requests here` })
          continue
        }
        const reply = await ask(PATHS[expected.api], { body })
        results.set(section, JSON.stringify((reply.json as { results?: unknown }).results))
        const wrong = judge(reply, expected, response)
        const isSame = expected.sameAs === undefined || results.get(section) === results.get(expected.sameAs)
        verdicts.push({ id, wrong: wrong ?? (isSame ? undefined : `not the results of ${expected.sameAs}`) })
      }
    }
    for (const [id, check] of Object.entries(CHECKS))
      verdicts.push({ id, wrong: await check({ ask, url: point.url, scenario, replies }) })
    return verdicts
  })
}

function judge(
  { status, text, json, headers }: Reply,
  expected: Expectation,
  response: object,
): string | undefined {
  if (status !== (expected.status ?? 200)) return `status ${status}: ${text}`
  if (status !== 200) return typeof json === 'string' && json !== '' ? undefined : `no message: ${text}`
  if (headers['content-type'] !== 'application/json') return `Content-Type ${String(headers['content-type'])}`
  if (expected.decision !== undefined) return decisionMisfit(json, expected.decision, response)
  if (expected.decisions !== undefined) {
    const { evaluations, decision } = json as { evaluations?: readonly unknown[]; decision?: unknown }
    if (evaluations?.length !== expected.decisions.length || decision !== undefined) return `got ${text}`
    return expected.decisions
      .map((one, at) => decisionMisfit(evaluations[at], one, response))
      .find((one) => one !== undefined)
  }
  const kind = expected.api as 'subject' | 'resource' | 'action'
  const wrong = searchMisfit(json, kind, expected.type)
  if (wrong !== undefined) return wrong
  const { results } = json as { results: readonly { id?: string; name?: string }[] }
  if (expected.isEmpty === true && results.length > 0) return `got ${text}`
  const found = results.map(({ id, name }) => id ?? name)
  const missing = expected.includes?.find((one) => !found.includes(one))
  return missing === undefined ? undefined : `${missing} is not in ${text}`
}

function decisionMisfit(json: unknown, want: boolean | 'any', response: object): string | undefined {
  const wrong = misfit(json, response)
  if (wrong !== undefined || want === 'any') return wrong
  const { decision } = json as { decision: boolean }
  return decision === want ? undefined : `decision ${decision}`
}

interface Bench {
  readonly ask: DecisionPointUrl['ask']
  readonly url: string
  readonly scenario: Scenario
  /** Every answer so far. */
  readonly replies: readonly Reply[]
}

type Check = (bench: Bench) => Promise<string | undefined>

const unless = (isRight: boolean, wrong: () => string): string | undefined => (isRight ? undefined : wrong())
const fixture = ({ scenario }: Bench, section = 'c-2-2-1'): object => scenario.get(section)?.[0] as object
const searchBodies = (bench: Bench): Readonly<Record<'subject' | 'resource' | 'action', object>> => ({
  subject: fixture(bench, 'c-4-2-1'),
  resource: fixture(bench, 'c-4-3-1'),
  action: fixture(bench, 'c-4-4-1'),
})
const allApis = (bench: Bench): readonly (readonly [Api, object])[] => [
  ['evaluation', fixture(bench)],
  ['evaluations', fixture(bench, 'c-3-2-1')],
  ...(Object.entries(searchBodies(bench)) as [Api, object][]),
]
const rejects =
  (sending: Parameters<DecisionPointUrl['ask']>[1]): Check =>
  async ({ ask }) => {
    const { status, text } = await ask(PATHS.evaluation, sending)
    return unless(status === 400, () => `status ${status}: ${text}`)
  }
/** An empty result for an unknown name, in each of the searches. */
const finds0 =
  (api: Api, change: (body: Record<string, object>) => object): Check =>
  async (bench) => {
    const body = change(searchBodies(bench)[api as 'subject'] as Record<string, object>)
    return judge(await bench.ask(PATHS[api], { body }), { api, isEmpty: true }, {})
  }
const endpointOf = (api: Api): string =>
  api === 'evaluation' || api === 'evaluations' ? `access_${api}_endpoint` : `search_${api}_endpoint`
const metadata = (bench: Bench): Promise<Reply> =>
  bench.ask('/.well-known/authzen-configuration', { method: 'GET', headers: { Authorization: '' } })

/** What the scenario asks for in words. */
const CHECKS: Readonly<Record<string, Check>> = {
  'c-2-3-1': async ({ replies }) => {
    const decided = replies.filter(({ text }) => text.startsWith('{"decision"'))
    const wrong = decided.find(({ json }) => typeof (json as { decision: unknown }).decision !== 'boolean')
    return unless(decided.length >= 11 && wrong === undefined, () => `${decided.length} decisions`)
  },
  'c-2-3-2': async ({ replies }) => {
    const contexts = replies.map(({ json }) => (json as { context?: unknown } | undefined)?.context)
    const given = contexts.filter((context) => context !== undefined)
    return unless(
      given.length > 0 && given.every((one) => typeof one === 'object'),
      () => 'a context is no object',
    )
  },
  'c-2-4-3.text': rejects({ rawBody: '{}', headers: { 'Content-Type': 'text/plain' } }),
  'c-2-4-3.form': async (bench) =>
    rejects({ body: fixture(bench), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })(
      bench,
    ),
  'c-2-4-4': rejects({ rawBody: '{"subject": {' }),
  'c-2-4-5': rejects({ rawBody: '' }),
  'c-2-5-1': async (bench) => {
    const id = 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716'
    const { headers } = await bench.ask(PATHS.evaluation, {
      body: fixture(bench),
      headers: { 'X-Request-ID': id },
    })
    return unless(headers['x-request-id'] === id, () => `got ${String(headers['x-request-id'])}`)
  },
  'c-2-5-2': async (bench) => {
    const { status, headers } = await bench.ask(PATHS.evaluation, { body: fixture(bench) })
    return unless(status === 200 && headers['x-request-id'] === undefined, () => `status ${status}`)
  },
  'c-2-6': async (bench) => {
    const decisions = new Set<string>()
    for (let round = 0; round < 5; round++)
      decisions.add((await bench.ask(PATHS.evaluation, { body: fixture(bench) })).text)
    return unless(decisions.size === 1, () => [...decisions].join(' '))
  },
  'c-3-3-1': async (bench) => {
    const items = Array.from({ length: 20 }, (_, at) => ({
      resource: { type: 'record', id: `record-${at}` },
    }))
    const body = { ...fixture(bench, 'c-3-2-1'), evaluations: items }
    const { json } = await bench.ask(PATHS.evaluations, { body })
    const { length } = (json as { evaluations: readonly unknown[] }).evaluations
    return unless(length === 20, () => `${length} answers`)
  },
  'c-3-3-2': async (bench) => {
    const names = ['write', 'read', 'read', 'write', 'read']
    const body = { ...fixture(bench, 'c-3-2-2'), evaluations: names.map((name) => ({ action: { name } })) }
    const { json } = await bench.ask(PATHS.evaluations, { body })
    const got = (json as { evaluations: readonly { decision: boolean }[] }).evaluations
    return unless(got.map(({ decision }) => (decision ? 'read' : 'write')).join() === names.join(), () =>
      JSON.stringify(got),
    )
  },
  'c-3-3-3': async ({ replies }) => {
    const answers = replies.flatMap(
      ({ json }) =>
        (json as { evaluations?: readonly { decision?: unknown }[] } | undefined)?.evaluations ?? [],
    )
    const isRight = answers.length > 0 && answers.every(({ decision }) => typeof decision === 'boolean')
    return unless(isRight, () => `${answers.length} answers`)
  },
  'c-3-3-4': async ({ replies }) => {
    const both = replies.find(({ json }) => {
      const body = json as { evaluations?: unknown; decision?: unknown } | undefined
      return body?.evaluations !== undefined && body.decision !== undefined
    })
    return unless(both === undefined, () => String(both?.text))
  },
  'c-4-5-2': async (bench) => {
    const first = await bench.ask(PATHS.subject, { body: fixture(bench, 'c-4-5-1') })
    const { page } = first.json as { page?: { next_token?: string } }
    if (typeof page?.next_token !== 'string' || page.next_token === '') return `no token: ${first.text}`
    const asked = { ...fixture(bench, 'c-4-5-2'), page: { token: page.next_token } }
    const second = await bench.ask(PATHS.subject, { body: asked })
    const wrong = judge(second, { api: 'subject', includes: ['bob'], type: 'user' }, {})
    const last = (second.json as { page?: { next_token?: unknown } }).page
    return wrong ?? unless(last?.next_token === '', () => `not the end: ${second.text}`)
  },
  'c-4-5-3': async ({ replies }) => {
    const pages = replies.flatMap(
      ({ json }) => (json as { page?: { next_token?: unknown } } | undefined)?.page ?? [],
    )
    const isRight = pages.length > 0 && pages.every(({ next_token: token }) => typeof token === 'string')
    return unless(isRight, () => JSON.stringify(pages))
  },
  'c-4-5-4': async (bench) => {
    const { json, text } = await bench.ask(PATHS.subject, { body: fixture(bench, 'c-4-2-1') })
    const { page, results } = json as { page?: unknown; results: readonly unknown[] }
    return unless(page === undefined && results.length === 2, () => text)
  },
  'c-4-6-1.subject': finds0('subject', (body) => ({
    ...body,
    resource: { type: 'record', id: 'nonexistent' },
  })),
  'c-4-6-1.resource': finds0('resource', (body) => ({
    ...body,
    subject: { type: 'user', id: 'nonexistent' },
  })),
  'c-4-6-2.resource': finds0('resource', (body) => ({ ...body, resource: { type: 'spaceship' } })),
  'c-4-6-2.action': finds0('action', (body) => ({ ...body, subject: { type: 'spaceship', id: 'alice' } })),
  'c-5-1': async ({ url }) => unless(url.startsWith('https://'), () => url),
  'c-5-2': async ({ replies }) => {
    const wrong = replies.find(
      ({ status, headers }) => status === 200 && headers['content-type'] !== 'application/json',
    )
    return unless(wrong === undefined, () => String(wrong?.text))
  },
  'c-5-3': async (bench) => {
    for (const [api] of allApis(bench)) {
      const { status } = await bench.ask(PATHS[api], { body: {} })
      if (status !== 400) return `${api}: status ${status}`
    }
    return undefined
  },
  'c-5-4': async (bench) => {
    for (const [api, body] of [...allApis(bench), ['evaluation', {}] as const]) {
      const { headers } = await bench.ask(PATHS[api], { body, headers: { 'X-Request-ID': api } })
      if (headers['x-request-id'] !== api) return `${api}: ${String(headers['x-request-id'])}`
    }
    return undefined
  },
  'c-5-5': async (bench) => {
    for (const [api, body] of allApis(bench)) {
      const plain = await bench.ask(PATHS[api], { body })
      const odd = await bench.ask(PATHS[api], { body: { ...body, foo: 'bar', future: { nested: [true] } } })
      if (odd.status !== 200 || odd.text !== plain.text) return `${api}: ${odd.text}`
    }
    return undefined
  },
  'c-6-1': async (bench) => {
    const { status, headers, json } = await metadata(bench)
    const isRight = status === 200 && headers['content-type'] === 'application/json' && json !== undefined
    return unless(isRight, () => `status ${status}`)
  },
  'c-6-3': async (bench) => {
    const { json, text } = await metadata(bench)
    const { policy_decision_point: id } = json as { policy_decision_point?: unknown }
    return unless(id === bench.url, () => text)
  },
  'c-6-4': async (bench) => {
    const { json } = await metadata(bench)
    const given = json as Readonly<Record<string, string>>
    const wrong = allApis(bench).find(([api]) => {
      const endpoint = URL.parse(given[endpointOf(api)] ?? '')
      return endpoint?.protocol !== 'https:' || endpoint.pathname !== PATHS[api]
    })
    return unless(wrong === undefined, () => `${wrong?.[0]}: ${given[endpointOf(wrong?.[0] ?? 'action')]}`)
  },
  'c-6-5': async (bench) => {
    const { json } = await metadata(bench)
    const { capabilities, signed_metadata: signed } = json as Readonly<Record<string, unknown>>
    // Both may be left out, and are: nothing is registered that we could do, and TLS says whose answer it is.
    return unless(capabilities === undefined && signed === undefined, () => JSON.stringify(json))
  },
}
