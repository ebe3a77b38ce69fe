import assert from 'node:assert/strict'
import test from 'node:test'

import { parseEntities } from '../cedar/entities-json.ts'
import type { Json } from '../cedar/json.ts'
import { parsePolicies } from '../cedar/parser.ts'
import { parseSchema } from '../cedar/schema-parser.ts'
import type { Answer, DecisionPoint, DecisionPointParts, ResultsBody } from './decision-point.ts'
import { type EntityStore, MemoryEntities } from './entity-store.ts'
import { clock, ENTITIES, pointOf, valueOf } from './testing.ts'

const ann = { type: 'user', id: 'ann' }
const one = { type: 'doc', id: '1' }
const read = { name: 'read' }
const names = (answer: Answer<ResultsBody>): readonly string[] | string =>
  answer.ok ? answer.body.results.map((found) => ('id' in found ? found.id : found.name)) : answer.reason

interface Search {
  readonly name: string
  readonly kind: 'searchSubject' | 'searchResource' | 'searchAction'
  readonly body: Json
  readonly parts?: Partial<DecisionPointParts>
  readonly want: readonly string[]
}

const SEARCHES: readonly Search[] = [
  {
    name: 'who may read, in the order of ids',
    kind: 'searchSubject',
    body: { subject: { type: 'user' }, action: read, resource: one },
    want: ['ann', 'ben'],
  },
  {
    name: 'the id of what is looked for is ignored, and its properties are',
    kind: 'searchSubject',
    body: {
      subject: { type: 'user', id: 'x', properties: { role: 'editor' } },
      action: { name: 'write' },
      resource: one,
    },
    want: ['ann'],
  },
  {
    name: 'what may be written: not what is locked, nor what might be',
    kind: 'searchResource',
    body: { subject: ann, action: { name: 'write' }, resource: { type: 'doc' } },
    want: ['1'],
  },
  {
    name: 'properties of the side that is given count',
    kind: 'searchResource',
    body: {
      subject: { type: 'user', id: 'ben', properties: { role: 'editor' } },
      action: { name: 'write' },
      resource: { type: 'doc' },
    },
    want: ['1'],
  },
  {
    name: 'properties of the action count',
    kind: 'searchResource',
    body: { subject: ann, action: { name: 'purge', properties: { soft: true } }, resource: { type: 'doc' } },
    want: ['1', '2', '3'],
  },
  {
    name: 'who is looked for may be the one who is given',
    kind: 'searchResource',
    body: { subject: ann, action: { name: 'see' }, resource: { type: 'user' } },
    want: ['ann'],
  },
  {
    name: 'and what is said of the one who is given counts then too, as in a decision',
    kind: 'searchSubject',
    body: {
      subject: { type: 'user' },
      action: { name: 'vet' },
      resource: { type: 'user', id: 'ben', properties: { role: 'editor' } },
    },
    want: ['ben'],
  },
  {
    name: 'what may be done, of what the policies name',
    kind: 'searchAction',
    body: { subject: ann, resource: one },
    want: ['read', 'write'],
  },
  {
    name: 'the context counts for actions',
    kind: 'searchAction',
    body: { subject: ann, resource: one, context: { days: 1 } },
    want: ['read', 'write', 'lend'],
  },
  {
    name: 'an action that is given is ignored',
    kind: 'searchAction',
    body: { subject: ann, resource: one, action: 7 },
    want: ['read', 'write'],
  },
  {
    name: 'actions that are listed, in their order',
    kind: 'searchAction',
    body: { subject: ann, resource: one },
    parts: { actions: ['write', 'fly', 'read'] },
    want: ['write', 'read'],
  },
  {
    name: 'actions of the schema that apply',
    kind: 'searchAction',
    body: { subject: ann, resource: one },
    parts: {
      schema: valueOf(
        parseSchema(`entity User, Doc;
          action write appliesTo { principal: User, resource: Doc };
          action read appliesTo { principal: Doc, resource: Doc };`),
      ),
    },
    want: ['write'],
  },
  {
    name: 'an unknown type is nothing',
    kind: 'searchSubject',
    body: { subject: { type: 'spaceship' }, action: read, resource: one },
    want: [],
  },
  {
    name: 'an unknown other side is nothing',
    kind: 'searchSubject',
    body: { subject: { type: 'user' }, action: read, resource: { type: 'doc', id: '9' } },
    want: [],
  },
  {
    name: 'an unknown type of the other side is nothing',
    kind: 'searchResource',
    body: { subject: { type: 'x', id: 'ann' }, action: read, resource: { type: 'doc' } },
    want: [],
  },
  {
    name: 'an unknown subject may do nothing',
    kind: 'searchAction',
    body: { subject: { type: 'user', id: 'nobody' }, resource: one },
    want: [],
  },
]

for (const { name, kind, body, parts, want } of SEARCHES) {
  test(`search: ${name}`, async () => {
    const answer = await pointOf(parts)[kind](body)
    assert.deepEqual(names(answer), want)
    assert.equal(
      answer.ok && answer.body.page,
      undefined,
      'what is whole has no page, unless one is asked for',
    )
  })
}

test('search: whatever is found is permitted when asked about alone', async () => {
  const point = pointOf()
  for (const name of ['read', 'write', 'lend', 'see']) {
    const rest = { action: { name }, resource: one, context: { days: 3 } }
    const answer = await point.searchSubject({ subject: { type: 'user' }, ...rest })
    for (const id of names(answer) as readonly string[]) {
      const decided = await point.evaluate({ subject: { type: 'user', id }, ...rest })
      assert.equal(decided.ok && decided.body.decision, true, `${id} ${name}`)
    }
  }
})

/** Twenty users, of whom the even ones may read. */
const many = (count = 20): DecisionPointParts['entities'] => {
  const users = Array.from({ length: count }, (_, at) => ({
    uid: { type: 'User', id: String(at).padStart(5, '0') },
    attrs: {},
    parents: at % 2 === 0 ? [{ type: 'Group', id: 'staff' }] : [],
  }))
  const kept = (JSON.parse(ENTITIES) as { uid: { type: string } }[]).filter(({ uid }) => uid.type !== 'User')
  return new MemoryEntities(valueOf(parseEntities(JSON.stringify([...kept, ...users]))))
}
const readers = { subject: { type: 'user' }, action: read, resource: one }

async function pagesOf(point: DecisionPoint, body: Record<string, Json>, page: Record<string, Json>) {
  const pages: { ids: readonly string[]; count: number | undefined }[] = []
  let token: string | undefined = ''
  do {
    const answer = await point.searchSubject({ ...body, page: { ...page, token: token ?? '' } })
    assert.ok(answer.ok)
    const { page: given, results } = answer.body
    pages.push({ ids: results.map((found) => ('id' in found ? found.id : '')), count: given?.count })
    token = given?.next_token
  } while (token !== '' && token !== undefined && pages.length < 100)
  return pages
}

for (const { limit, sizes } of [
  { limit: 1, sizes: Array.from({ length: 10 }, () => 1) },
  { limit: 3, sizes: [3, 3, 3, 1] },
  { limit: 5, sizes: [5, 5] },
  { limit: 10, sizes: [10] },
  { limit: 99, sizes: [10] },
]) {
  test(`pages of ${limit} are ${sizes.join(', ')} and all together nothing twice`, async () => {
    const pages = await pagesOf(pointOf({ entities: many() }), readers, { limit })
    assert.deepEqual(
      pages.map(({ ids }) => ids.length),
      sizes,
    )
    assert.deepEqual(
      pages.map(({ count }) => count),
      sizes,
    )
    const ids = pages.flatMap((page) => page.ids)
    assert.deepEqual(
      ids,
      Array.from({ length: 10 }, (_, at) => String(at * 2).padStart(5, '0')),
    )
  })
}

test('a search looks at so many entities and no more: pages may be empty, and it ends', async () => {
  const point = pointOf({ entities: many(), limits: { maxExamined: 1 } })
  const pages = await pagesOf(point, readers, { limit: 5 })
  assert.deepEqual(
    pages.map(({ ids }) => ids.length),
    [...Array.from({ length: 20 }, (_, at) => (at + 1) % 2), 0],
  )
})

test('a page is as large as it may be, whatever is asked for', async () => {
  const point = pointOf({ entities: many(), limits: { maxPageSize: 4, pageSize: 2 } })
  assert.deepEqual(
    (await pagesOf(point, readers, { limit: 1e9 })).map(({ count }) => count),
    [4, 4, 2],
  )
  const plain = await point.searchSubject(readers)
  assert.equal(plain.ok && plain.body.page?.count, 2, 'there is more, so there is a page')
})

test('a limit of nothing finds nothing and says that there is more', async () => {
  const answer = await pointOf().searchSubject({ ...readers, page: { limit: 0 } })
  assert.deepEqual(answer.ok && answer.body.results, [])
  assert.notEqual(answer.ok && answer.body.page?.next_token, '')
})

test('actions have pages too', async () => {
  const point = pointOf()
  const first = await point.searchAction({ subject: ann, resource: one, page: { limit: 1 } })
  assert.ok(first.ok)
  const token = first.body.page?.next_token ?? ''
  const second = await point.searchAction({ subject: ann, resource: one, page: { token } })
  assert.deepEqual([names(first), names(second)], [['read'], ['write']])
  assert.equal(second.ok && second.body.page?.next_token, '')
})

const flip = (token: string, at: number): string =>
  token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)

const TOKENS: readonly {
  readonly name: string
  readonly body?: object
  readonly page?: (token: string) => Json
  readonly caller?: string
  readonly afterMs?: number
  readonly reason?: RegExp
}[] = [
  { name: 'with the same limit is taken', page: (token) => ({ token, limit: 1 }) },
  { name: 'without the limit is taken', page: (token) => ({ token }) },
  { name: 'beside other members in another order is taken', body: { resource: one, action: read, extra: 1 } },
  { name: 'with another limit is refused', page: (token) => ({ token, limit: 2 }), reason: /^page\.limit/ },
  {
    name: 'of another resource is refused',
    body: { resource: { type: 'doc', id: '2' } },
    reason: /not given for this search/,
  },
  {
    name: 'of another action is refused',
    body: { action: { name: 'write' } },
    reason: /not given for this search/,
  },
  {
    name: 'with another property is refused',
    body: { resource: { ...one, properties: { a: 1 } } },
    reason: /not given/,
  },
  { name: 'of another context is refused', body: { context: { a: 1 } }, reason: /not given for this search/ },
  { name: 'of another caller is refused', caller: 'other', reason: /not given for this search/ },
  { name: 'that is too old is refused', afterMs: 3_600_000, reason: /too old/ },
  {
    name: 'with another first byte is refused',
    page: (token) => ({ token: flip(token, 0) }),
    reason: /not given/,
  },
  {
    name: 'with another place is refused',
    page: (token) => ({ token: flip(token, 20) }),
    reason: /not given/,
  },
  { name: 'that is cut is refused', page: (token) => ({ token: token.slice(0, -4) }), reason: /not given/ },
  { name: 'that is very short is refused', page: () => ({ token: 'A' }), reason: /not given/ },
  { name: 'of zeros is refused', page: () => ({ token: 'A'.repeat(80) }), reason: /not given/ },
  { name: 'that is no base64url is refused', page: (token) => ({ token: `${token}=` }), reason: /not given/ },
  { name: 'that is very long is refused', page: () => ({ token: 'A'.repeat(100_000) }), reason: /not given/ },
  {
    name: 'that is a number is refused',
    page: () => ({ token: 7 }),
    reason: /^page\.token: expected a string/,
  },
  {
    name: 'beside a negative limit is refused',
    page: (token) => ({ token, limit: -1 }),
    reason: /^page\.limit/,
  },
  {
    name: 'beside half a limit is refused',
    page: (token) => ({ token, limit: 0.5 }),
    reason: /^page\.limit/,
  },
  { name: 'in a page that is a list is refused', page: (token) => [token], reason: /^page/ },
]

for (const {
  name,
  body,
  page = (token: string): Json => ({ token }),
  caller = 'pep',
  afterMs = 0,
  reason,
} of TOKENS) {
  test(`page token: one ${name}`, async () => {
    const point = pointOf()
    const first = await point.searchSubject({ ...readers, page: { limit: 1 } }, 'pep')
    assert.ok(first.ok)
    clock.advance(afterMs)
    const asked = { ...readers, ...body, page: page(first.body.page?.next_token ?? '') } as Json
    const answer = await point.searchSubject(asked, caller)
    if (reason === undefined) assert.deepEqual(names(answer), ['ben'])
    else assert.match(answer.ok ? 'taken' : answer.reason, reason)
  })
}

test('page token: one of another kind of search, or of a gateway with another key, is refused', async () => {
  const body = { subject: ann, action: read, resource: one }
  const first = await pointOf().searchResource({ ...body, page: { limit: 1 } })
  assert.ok(first.ok)
  const page = { token: first.body.page?.next_token ?? '' }
  const other = pointOf({ pageKey: new Uint8Array(32) })
  for (const answer of [
    await pointOf().searchSubject({ ...body, page }),
    await other.searchResource({ ...body, page }),
  ])
    assert.match(answer.ok ? 'taken' : answer.reason, /not given for this search/)
})

test('page token: it does not show where the search stands', async () => {
  const first = await pointOf().searchSubject({ ...readers, page: { limit: 1 } })
  const token = (first.ok && first.body.page?.next_token) || ''
  assert.doesNotMatch(Buffer.from(token, 'base64url').toString('latin1'), /ann/)
})

test('a store that answers later, and leaves out who will not do, finds the same; what it adds is not let through', async () => {
  const entities = valueOf(parseEntities(ENTITIES))
  const wanted: unknown[] = []
  const later: EntityStore = {
    open: async () => entities,
    async *candidates({ type, afterId, limit }) {
      wanted.push([type, afterId, limit])
      for (const entity of entities) if (entity.uid.type === type && entity.uid.id !== 'ben') yield entity
    },
  }
  assert.deepEqual(names(await pointOf({ entities: later }).searchSubject(readers)), ['ann'])
  assert.deepEqual(wanted, [['User', undefined, 5000]])
})

test('a search of many entities lets others have their turn', async () => {
  const policies = valueOf(parsePolicies('permit (principal, action, resource);'))
  const point = pointOf({ policies, entities: many(3000), limits: { pageSize: 1000 } })
  let turns = 0
  const turn = (): void => {
    turns++
    timer = setImmediate(turn)
  }
  let timer = setImmediate(turn)
  const answer = await point.searchSubject(readers)
  clearImmediate(timer)
  assert.equal(answer.ok && answer.body.results.length, 1000)
  assert.ok(turns >= 3, `${turns} turns`)
})
