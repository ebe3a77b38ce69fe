import assert from 'node:assert/strict'
import test from 'node:test'

import type { PolicyCase } from './case.ts'
import { generateCases } from './boundary.ts'
import { readUid, writeUid } from './plain-values.ts'
import { readEntities, readRequest, readTests } from './test-file.ts'
import { caseToPlain, runCases } from './test-run.ts'
import { DOCUMENTS, policiesOf, schemaOf } from './testing.ts'

const SHOP = schemaOf(`
  namespace Shop {
    entity Role enum ["clerk"];
    entity User in [Role] tags Long;
    entity Order = { owner: User, total: Long, at?: datetime, from?: ipaddr };
    action "order:read", "order:write" appliesTo { principal: User, resource: Order, context: { now?: datetime } };
  }
`)
const POLICIES = policiesOf(`
  @id("own") permit(principal, action, resource is Shop::Order) when { resource.owner == principal };
  @id("clerks") permit(principal in Shop::Role::"clerk", action == Shop::Action::"order:read", resource)
    when { resource.total <= 100 };
`)
const ENTITIES = {
  'Shop::User::ann': { tags: { level: 3 } },
  'Shop::User::bob': { in: 'Shop::Role::clerk' },
  'Shop::Order::1': { attributes: { owner: 'ann', total: 50, at: '2026-01-01', from: '10.0.0.1' } },
}

function casesOf(data: unknown): readonly PolicyCase[] {
  const read = readTests(data, { schema: SHOP })
  assert.ok(read.ok, JSON.stringify(read))
  return read.cases
}

function results(data: unknown): readonly string[] {
  return runCases(POLICIES, casesOf(data)).map(
    ({ case: { name }, message }) => `${name}: ${message ?? 'passed'}`,
  )
}

test('test file: cases with short names, entities of their own, and reasons', () => {
  const read = { principal: 'ann', action: 'order:read', resource: '1' }
  assert.deepEqual(
    results({
      entities: ENTITIES,
      cases: [
        { name: 'owner', ...read, expect: 'allow', reasons: ['own'] },
        { name: 'wrong', ...read, expect: 'deny' },
        { name: 'other reason', ...read, expect: 'allow', reasons: ['clerks'] },
        {
          name: 'dearer for this case',
          ...read,
          principal: 'Shop::User::bob',
          entities: { 'Shop::Order::1': { attributes: { total: 101 } } },
          expect: 'deny',
          reasons: [],
        },
      ],
    }),
    [
      'owner: passed',
      'wrong: expected deny, got allow',
      'other reason: expected it because of [clerks], got it because of [own]',
      'dearer for this case: passed',
    ],
  )
})

test('test file: a table of actions and principals, and a table of columns', () => {
  assert.deepEqual(
    results({
      entities: ENTITIES,
      tables: [
        {
          name: 'who',
          resource: '1',
          principals: ['ann', 'bob'],
          rows: { 'order:read': ['allow', 'allow'], 'order:write': [true, false] },
        },
        {
          name: 'limit',
          principal: 'bob',
          action: 'order:read',
          resource: 'Shop::Order::1',
          columns: ['resource.total', 'context.now', 'expect'],
          rows: [
            [100, null, 'allow'],
            [101, '2026-01-01T10:00:00Z', 'deny'],
          ],
        },
      ],
    }),
    [
      'who: ann order:read: passed',
      'who: bob order:read: passed',
      'who: ann order:write: passed',
      'who: bob order:write: passed',
      'limit: 100, null, allow: passed',
      'limit: 101, 2026-01-01T10:00:00Z, deny: passed',
    ],
  )
})

const CASE = { principal: 'ann', action: 'order:read', resource: '1', expect: 'allow' }
for (const { name, data, want } of [
  { name: 'a mistyped key', data: { casez: [] }, want: 'casez: no such key; did you mean `cases`?' },
  {
    name: 'a mistyped key of a case',
    data: { cases: [{ ...CASE, expct: 'deny' }] },
    want: 'cases.0.expct: no such key; did you mean `expect`?',
  },
  { name: 'no list', data: { cases: {} }, want: 'cases: expected a list' },
  {
    name: 'an expectation that is none',
    data: { entities: ENTITIES, cases: [{ ...CASE, expect: 'alow' }] },
    want: 'cases.0.expect: expected `allow` or `deny`',
  },
  {
    name: 'a missing principal',
    data: { cases: [{ ...CASE, principal: undefined }] },
    want: 'cases.0.principal: is missing',
  },
  {
    name: 'an action that the schema does not know',
    data: {
      cases: [{ ...CASE, principal: 'Shop::User::a', resource: 'Shop::Order::1', action: 'order:reed' }],
    },
    want: 'cases.0: the schema has no action `Action::"order:reed"`',
  },
  {
    name: 'an entity without a type',
    data: { entities: { ann: {} } },
    want: undefined,
  },
  {
    name: 'an attribute of the wrong type',
    data: {
      entities: { 'Shop::Order::1': { attributes: { owner: 'ann', total: 'much' } } },
      cases: [CASE],
    },
    want: 'entities.Shop::Order::1: `Shop::Order::"1"`.total: expected Long, found String',
  },
  {
    name: 'a date that is none',
    data: {
      entities: { 'Shop::Order::1': { attributes: { owner: 'ann', total: 1, at: 'soon' } } },
      cases: [CASE],
    },
    want: 'entities.Shop::Order::1.attributes: at: expected what `datetime` can read',
  },
  {
    name: 'a fraction',
    data: { entities: { 'Shop::Order::1': { attributes: { owner: 'ann', total: 1.5 } } }, cases: [CASE] },
    want: 'entities.Shop::Order::1.attributes: total: expected a whole number of 64 bits',
  },
  {
    name: 'a row that is too short',
    data: { tables: [{ principals: ['ann', 'bob'], resource: '1', rows: { 'order:read': ['allow'] } }] },
    want: 'tables.0.rows.order:read: 1 answers for 2 principals',
  },
  {
    name: 'a column that says nothing',
    data: { tables: [{ columns: ['colour'], rows: [['red']] }] },
    want: 'tables.0.columns.0: expected principal, action, resource, expect, name, context.NAME, principal.NAME or resource.NAME',
  },
  {
    name: 'a table that is neither',
    data: { tables: [{ rows: [] }] },
    want: 'tables.0: a table has either `principals` or `columns`',
  },
  {
    name: 'a group above itself',
    data: { entities: { 'Shop::User::a': { in: ['Shop::User::a'] } }, cases: [CASE] },
    want: 'entities: `Shop::User::"a"` is above itself',
  },
]) {
  test(`test file: ${name} is told`, () => {
    const read = readTests(data, { schema: SHOP, placeOf: (path) => ({ line: path.length }) })
    assert.ok(!read.ok)
    const [first] = read.mistakes
    assert.ok(first)
    assert.equal(
      `${first.path}: ${first.message}`,
      want ?? 'entities.ann: `ann` wants a type: write Type::ann',
    )
    assert.ok(first.at?.line !== undefined)
  })
}

test('test file: data that holds itself is refused, not followed for ever', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const read = readTests({ cases: [{ ...CASE, context: circle }] })
  assert.ok(!read.ok)
  assert.match(read.mistakes[0]?.message ?? '', /wants a type|at most 200 levels/)
})

test('entities and requests are read alone', () => {
  const entities = readEntities(ENTITIES, { schema: SHOP })
  assert.ok(entities.ok && entities.entities.size > 3)
  const request = readRequest({ principal: 'ann', action: 'order:read', resource: '1' }, { schema: SHOP })
  assert.ok(request.ok)
  assert.equal(request.request.resource.toString(), 'Shop::Order::"1"')
  assert.ok(!readRequest({ principal: 'ann', action: 'order:read', resource: '1' }).ok)
})

for (const { text, want } of [
  { text: 'User::ann', want: 'User::ann' },
  { text: 'A::B::c', want: 'A::B::c' },
  { text: 'User::"a::b"', want: 'User::"a::b"' },
  { text: 'User::"say \\"x\\""', want: 'User::"say \\"x\\""' },
  { text: 'User::a b', want: 'User::a b' },
]) {
  test(`an entity is written as it is read: ${text}`, () => {
    const uid = readUid(text)
    assert.ok(typeof uid !== 'string')
    assert.equal(writeUid(uid), want)
  })
}

test('generated cases are read back as they were', () => {
  const policies = policiesOf(
    'permit(principal in Role::"chief", action, resource is Doc) when { context.price.lessThan(decimal("2.5")) && context.ip.isInRange(ip("10.0.0.0/8")) && resource.shared.contains(principal) && context.now < context.until };',
  )
  const cases = generateCases(policies, DOCUMENTS)
  const read = readTests({ cases: cases.map(caseToPlain) }, { schema: DOCUMENTS })
  assert.ok(read.ok, JSON.stringify(read))
  assert.ok(cases.length > 20)
  assert.deepEqual(
    runCases(policies, read.cases).filter(({ isPassed }) => !isPassed),
    [],
  )
})
