import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { type DecisionPointUrl, withDecisionPoint } from './gateway.ts'
import { misfit, searchMisfit } from './shapes.ts'

/** One case and what is wrong with our answer. */
export interface Verdict {
  readonly id: string
  readonly wrong: string | undefined
}

interface Case {
  readonly request: object
  readonly expected: unknown
}

interface Cases {
  readonly evaluation: readonly Case[]
}

type Kind = 'subject' | 'resource' | 'action'
type Schemas = Readonly<Record<'request' | 'response', object>>
type Row = Readonly<Record<string, unknown>>

const HERE = import.meta.dirname

/** The decisions of the four interop scenarios: 40 and 3, 25, 60 and 18 and 120, 6. */
export async function runInterop(root: string, schemas: Schemas): Promise<readonly Verdict[]> {
  const read = (...path: string[]): never =>
    JSON.parse(readFileSync(join(root, 'interop', ...path), 'utf8')) as never
  const here = (file: string): string => readFileSync(join(HERE, file), 'utf8')

  const todo: Record<'evaluation' | 'evaluations', readonly Case[]> = read(
    'authzen-todo-backend',
    'test',
    'decisions-authorization-api-1_0-02.json',
  )
  const todos = await withDecisionPoint(
    {
      policies: [join(HERE, 'todo.cedar')],
      schema: join(HERE, 'todo.cedarschema'),
      namespace: 'Todo',
      // To-dos, and people who are looked at, are known to the application alone.
      types: {
        user: { entity: 'Todo::User', must_exist: false },
        todo: { entity: 'Todo::Item', must_exist: false },
      },
    },
    here('todo.entities.json'),
    async (point) => [
      ...(await decisions(point, 'todo', todo.evaluation, schemas)),
      ...(await batches(point, 'todo-batch', todo.evaluations, schemas)),
    ],
  )

  const gateway: Cases = read('authzen-api-gateways', 'test-harness', 'test', 'decisions.json')
  const routes = await withDecisionPoint(
    {
      policies: [join(HERE, 'gateway.cedar')],
      types: { identity: { entity: 'identity' }, route: { entity: 'route', must_exist: false } },
    },
    here('gateway.entities.json'),
    (point) => decisions(point, 'gateway', gateway.evaluation, schemas),
  )

  const found = (kind: Kind): readonly Case[] => {
    const { evaluation }: Cases = read('authzen-search-demo', 'test', kind, 'results.json')
    return evaluation
  }
  const searched = await withDecisionPoint(
    {
      policies: [join(HERE, 'search.cedar')],
      schema: join(HERE, 'search.cedarschema'),
      types: { user: { entity: 'User' }, record: { entity: 'Record' } },
    },
    entitiesFrom(
      'User',
      'Record',
      read('authzen-search-demo', 'data', 'users.json'),
      read('authzen-search-demo', 'data', 'records.json'),
    ),
    async (point) => [
      ...(await searches(point, 'search', 'subject', found('subject'))),
      ...(await searches(point, 'search', 'resource', found('resource'))),
      ...(await searches(point, 'search', 'action', found('action'))),
    ],
  )

  const idp: { search: readonly Case[] } = read('authzen-idp', 'test-harness', 'src', 'results.json')
  const owned = await withDecisionPoint(
    { policies: [join(HERE, 'idp.cedar')] },
    entitiesFrom(
      'user',
      'record',
      read('authzen-idp', 'data', 'users.json'),
      read('authzen-idp', 'data', 'records.json'),
    ),
    (point) => searches(point, 'idp', 'resource', idp.search),
  )
  return [...todos, ...routes, ...searched, ...owned]
}

/** The published users and records as Cedar entities: an owner is a user, an id a text, and passwords are nobody's business. */
function entitiesFrom(user: string, record: string, users: readonly Row[], records: readonly Row[]): string {
  const entity = (type: string, { id, owner, password: _password, ...attrs }: Row): object => ({
    uid: { type, id: String(id) },
    attrs: owner === undefined ? attrs : { ...attrs, owner: { __entity: { type: user, id: owner } } },
    parents: [],
  })
  return JSON.stringify([
    ...users.map((row) => entity(user, row)),
    ...records.map((row) => entity(record, row)),
  ])
}

async function decisions(
  point: DecisionPointUrl,
  name: string,
  cases: readonly Case[],
  { request: asked, response }: Schemas,
): Promise<readonly Verdict[]> {
  return judgeAll(name, cases, async ({ request, expected }) => {
    const unfit = misfit(request, asked)
    if (unfit !== undefined) return `the case itself does not fit the schema: ${unfit}`
    const { status, text, json } = await point.ask('/access/v1/evaluation', { body: request })
    const wrong = status === 200 ? misfit(json, response) : `status ${status}: ${text}`
    return wrong ?? difference((json as { decision: boolean }).decision, expected)
  })
}

async function batches(
  point: DecisionPointUrl,
  name: string,
  cases: readonly Case[],
  { response }: Schemas,
): Promise<readonly Verdict[]> {
  return judgeAll(name, cases, async ({ request, expected }) => {
    const { status, text, json } = await point.ask('/access/v1/evaluations', { body: request })
    if (status !== 200) return `status ${status}: ${text}`
    const { evaluations } = json as { evaluations: readonly unknown[] }
    const wrong = evaluations.map((one) => misfit(one, response)).find((one) => one !== undefined)
    return wrong ?? difference(evaluations, expected)
  })
}

async function searches(
  point: DecisionPointUrl,
  name: string,
  kind: Kind,
  cases: readonly Case[],
): Promise<readonly Verdict[]> {
  return judgeAll(`${name}-${kind}`, cases, async ({ request, expected }) => {
    const { status, text, json } = await point.ask(`/access/v1/search/${kind}`, { body: request })
    const wrong = status === 200 ? searchMisfit(json, kind) : `status ${status}: ${text}`
    // The whole body, in the order that the suite has it in.
    return wrong ?? difference(json, expected)
  })
}

async function judgeAll(
  name: string,
  cases: readonly Case[],
  judge: (one: Case) => Promise<string | undefined>,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  for (const [at, one] of cases.entries()) verdicts.push({ id: `${name}-${at + 1}`, wrong: await judge(one) })
  return verdicts
}

function difference(got: unknown, want: unknown): string | undefined {
  return isDeepStrictEqual(got, want)
    ? undefined
    : `got ${JSON.stringify(got)}, expected ${JSON.stringify(want)}`
}
