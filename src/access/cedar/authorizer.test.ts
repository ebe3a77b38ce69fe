import assert from 'node:assert/strict'
import test from 'node:test'

import { Authorizer } from './authorizer.ts'
import { Entities, type EntitySource } from './entities.ts'
import { contextFrom, parseEntities } from './entities-json.ts'
import type { Json } from './json.ts'
import { ObjectEntities } from './objects.ts'
import { parsePolicies } from './parser.ts'
import { linkTemplate, renameByAnnotation } from './policy.ts'
import { parseSchema } from './schema-parser.ts'
import { EntityUid } from './value.ts'

const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)

function authorizer(text: string): Authorizer {
  const parsed = parsePolicies(text)
  assert.ok(parsed.ok)
  return new Authorizer(parsed.value)
}

function entitiesOf(drafts: Parameters<typeof Entities.of>[0]): Entities {
  const entities = Entities.of(drafts)
  assert.ok(entities instanceof Entities)
  return entities
}

const NOBODY = entitiesOf([])
const alice = uid('User', 'alice')
const view = uid('Action', 'view')
const doc = uid('Doc', '1')
const request = { principal: alice, action: view, resource: doc }
const ids = (decision: ReturnType<Authorizer['isAuthorized']>): unknown => [
  decision.decision,
  decision.reasons,
  decision.errors.map(({ policy }) => policy),
]

for (const { name, text, want } of [
  { name: 'nothing permits', text: '', want: ['deny', [], []] },
  {
    name: 'all that permit are reasons, in their order',
    text: 'permit(principal, action, resource); permit(principal is Other, action, resource); permit(principal == User::"alice", action, resource);',
    want: ['allow', ['policy0', 'policy2'], []],
  },
  {
    name: 'one forbid outweighs all permits and is the reason',
    text: 'permit(principal, action, resource); forbid(principal, action, resource == Doc::"1");',
    want: ['deny', ['policy1'], []],
  },
  {
    name: 'a policy that fails is left out and reported',
    text: 'permit(principal, action, resource) when { context.missing }; permit(principal, action, resource); forbid(principal, action, resource) unless { 1 + 9223372036854775807 == 1 };',
    want: ['allow', ['policy1'], ['policy0', 'policy2']],
  },
  {
    name: 'a condition that is no Bool is a fault',
    text: 'permit(principal, action, resource) when { 1 };',
    want: ['deny', [], ['policy0']],
  },
  {
    name: 'later conditions are not asked when one is false',
    text: 'permit(principal, action, resource) when { false } when { context.missing };',
    want: ['deny', [], []],
  },
  {
    name: 'a head that does not fit hides the fault of the body',
    text: 'permit(principal == User::"bob", action, resource) when { context.missing };',
    want: ['deny', [], []],
  },
  {
    name: 'templates take no part',
    text: 'permit(principal == ?principal, action, resource); permit(principal, action in [], resource);',
    want: ['deny', [], []],
  },
]) {
  test(`authorizer: ${name}`, () => {
    const judge = authorizer(text)
    const decision = judge.isAuthorized(request, NOBODY)
    assert.deepEqual(ids(decision), want)
    assert.equal(judge.isAllowed(request, NOBODY), decision.decision === 'allow')
  })
}

for (const { failedForbid, want } of [
  { failedForbid: 'skip', want: ['allow', ['policy0'], ['policy1']] },
  { failedForbid: 'deny', want: ['deny', ['policy1'], ['policy1']] },
] as const) {
  test(`authorizer: with failedForbid ${failedForbid}, a forbid that fails leads to ${want[0]}`, () => {
    const parsed = parsePolicies(
      'permit(principal, action, resource); forbid(principal, action, resource) when { context.missing };',
    )
    assert.ok(parsed.ok)
    const judge = new Authorizer(parsed.value, { failedForbid })
    assert.deepEqual(ids(judge.isAuthorized(request, NOBODY)), want)
    assert.equal(judge.isAllowed(request, NOBODY), want[0] === 'allow')
  })
}

test('authorizer: policies can be called by their annotation', () => {
  const parsed = parsePolicies(
    '@id("a") permit(principal, action, resource); permit(principal, action, resource);',
  )
  assert.ok(parsed.ok)
  const renamed = renameByAnnotation(parsed.value)
  assert.ok(typeof renamed !== 'string')
  assert.deepEqual(ids(new Authorizer(renamed).isAuthorized(request, NOBODY)), [
    'allow',
    ['a', 'policy1'],
    [],
  ])
  assert.equal(renameByAnnotation([...renamed, ...renamed]), 'two policies are called `a`')
})

test('authorizer: groups are followed upwards, for the principal, the action and the resource', () => {
  const judge = authorizer(
    'permit(principal in Group::"top", action in [Action::"all"], resource in Folder::"root") when { principal in Group::"mid" };',
  )
  const entities = entitiesOf([
    { uid: alice, parents: [uid('Group', 'mid')] },
    { uid: uid('Group', 'mid'), parents: [uid('Group', 'top')] },
    { uid: view, parents: [uid('Action', 'all')] },
    { uid: doc, parents: [uid('Folder', 'sub')] },
    { uid: uid('Folder', 'sub'), parents: [uid('Folder', 'root')] },
  ])
  assert.deepEqual(ids(judge.isAuthorized(request, entities)), ['allow', ['policy0'], []])
  assert.equal(judge.isAllowed(request, NOBODY), false)
})

test('authorizer: when the action groups change, so does the answer', () => {
  const judge = authorizer('permit(principal, action in Action::"all", resource);')
  const inAll = entitiesOf([{ uid: view, parents: [uid('Action', 'all')] }])
  const inOther = entitiesOf([{ uid: view, parents: [uid('Action', 'other')] }])
  for (const [entities, want] of [
    [inAll, true],
    [NOBODY, false],
    [inAll, true],
    [inOther, false],
  ] as const)
    assert.equal(judge.isAllowed(request, entities), want)
})

test('authorizer: the index finds what looking at every policy finds', () => {
  const heads = [
    'principal',
    'principal == User::"1"',
    'principal in Group::"2"',
    'principal is User',
    'principal is User in Group::"3"',
    'principal == Group::"1"',
  ]
  const actions = [
    'action',
    'action == Action::"a"',
    'action in Action::"g"',
    'action in [Action::"a", Action::"b"]',
  ]
  const tails = [
    'resource',
    'resource == Doc::"1"',
    'resource in Folder::"2"',
    'resource is Doc in Folder::"1"',
    'resource is Folder',
  ]
  const texts = heads.flatMap((head) =>
    actions.flatMap((action) => tails.map((tail) => `permit(${head}, ${action}, ${tail});`)),
  )
  const indexed = authorizer(texts.join('\n'))
  const single = texts.map((text) => authorizer(text))
  const entities = entitiesOf([
    { uid: uid('User', '1'), parents: [uid('Group', '2')] },
    { uid: uid('Group', '2'), parents: [uid('Group', '3')] },
    { uid: uid('Action', 'a'), parents: [uid('Action', 'g')] },
    { uid: uid('Doc', '1'), parents: [uid('Folder', '2')] },
    { uid: uid('Folder', '2'), parents: [uid('Folder', '1')] },
  ])
  for (const principal of [uid('User', '1'), uid('User', '2'), uid('Group', '1'), uid('Group', '2')]) {
    for (const action of [uid('Action', 'a'), uid('Action', 'b'), uid('Action', 'g'), uid('Action', 'z')]) {
      for (const resource of [uid('Doc', '1'), uid('Doc', '2'), uid('Folder', '2'), uid('Folder', '1')]) {
        const asked = { principal, action, resource }
        const want = single.flatMap((judge, at) => (judge.isAllowed(asked, entities) ? [`policy${at}`] : []))
        assert.deepEqual(indexed.isAuthorized(asked, entities).reasons, want)
      }
    }
  }
})

test('authorizer: a template is linked with values for its slots', () => {
  const parsed = parsePolicies('permit(principal in ?principal, action, resource is Doc in ?resource);')
  assert.ok(parsed.ok && parsed.value[0])
  const [template] = parsed.value
  const slots = { '?principal': uid('Group', 'g'), '?resource': doc }
  const linked = linkTemplate(template, 'link', slots)
  assert.ok(typeof linked !== 'string')
  const entities = entitiesOf([{ uid: alice, parents: [uid('Group', 'g')] }])
  assert.deepEqual(ids(new Authorizer([linked]).isAuthorized(request, entities)), ['allow', ['link'], []])
  assert.equal(
    linkTemplate(template, 'x', { '?principal': alice }),
    '`policy0` wants a value for the slot `?resource`',
  )
  assert.equal(linkTemplate(linked, 'x', {}), '`link` is no template: it has no slot')
})

const schema = parseSchema(`
  entity Group;
  entity User in [Group] = { boss?: User, address: ipaddr, joined?: datetime, roles: Set<String> };
  entity Doc = { owner: User, size: Long } tags Long;
  action view in [all] appliesTo { principal: User, resource: Doc };
  action all;
`)
assert.ok(schema.ok)

function objects(
  users: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  asked: string[] = [],
): EntitySource {
  return new ObjectEntities(
    (wanted) => {
      asked.push(wanted.key)
      if (wanted.type === 'Group') return { attributes: {}, parents: [uid('Group', 'top')] }
      if (wanted.type === 'Doc') return { attributes: { owner: 'alice', size: 5 }, tags: { level: 3 } }
      const attributes = Object.hasOwn(users, wanted.id) ? users[wanted.id] : undefined
      return attributes && { attributes, parents: [uid('Group', 'low')] }
    },
    schema.ok ? schema.value : undefined,
  )
}

for (const { when, want } of [
  { when: 'resource.owner == principal', want: true },
  { when: 'principal.boss.roles.contains("chief")', want: true },
  { when: 'principal in Group::"top"', want: true },
  { when: 'principal.address.isInRange(ip("10.0.0.0/8"))', want: true },
  { when: 'principal.joined < datetime("2025-01-01")', want: true },
  { when: 'resource.getTag("level") == 3', want: true },
  { when: 'action in Action::"all"', want: true },
  { when: 'principal has nothing', want: false },
  { when: 'principal has undefinedOne', want: false },
  { when: 'principal has constructor', want: false },
  { when: 'principal has __proto', want: false },
  { when: 'principal.half == 1', want: 'data' },
  { when: 'principal.big == 9007199254740993', want: true },
  { when: 'principal.instance == 1', want: 'data' },
  { when: 'principal.nested.deep == {a: [1, 2]}', want: true },
  { when: 'principal.wrong.isIpv4()', want: 'type' },
]) {
  test(`objects: of an application's own objects, ${when} is ${want}`, () => {
    const users = {
      alice: {
        boss: 'carol',
        address: '10.1.2.3',
        joined: new Date('2024-05-01'),
        roles: ['user'],
        nothing: null,
        undefinedOne: undefined,
        half: 0.5,
        big: 9007199254740993n,
        instance: new Map(),
        nested: { deep: { a: [2, 1, 2] } },
        wrong: '10.1.2.3',
      },
      carol: { roles: new Set(['chief']), address: '::1' },
    }
    const decision = authorizer(`permit(principal, action, resource) when { ${when} };`).isAuthorized(
      request,
      objects(users),
    )
    const fault = decision.errors[0]?.fault.kind
    assert.equal(fault ?? decision.decision === 'allow', want)
  })
}

test('objects: what no policy asks for is neither looked up nor converted', () => {
  const asked: string[] = []
  const attributes = {
    roles: ['user'],
    get secret(): never {
      throw new Error('was read')
    },
  }
  const judge = authorizer(
    'permit(principal is User, action, resource is Doc) when { principal.roles.contains("user") };',
  )
  assert.equal(judge.isAllowed(request, objects({ alice: attributes }, asked)), true)
  assert.deepEqual(asked.toSorted(), [view.key, doc.key, alice.key].toSorted())
})

test('entities: a circle in the hierarchy is refused', () => {
  const json =
    '[{"uid":{"type":"A","id":"1"},"parents":[{"type":"A","id":"2"}]},{"uid":{"type":"A","id":"2"},"parents":[{"type":"A","id":"1"}]}]'
  const parsed = parseEntities(json)
  assert.match(parsed.ok ? '' : (parsed.errors[0]?.message ?? ''), /is above itself/)
})

test('entities: a hierarchy may be as deep and as wide as it likes, in any order', () => {
  const drafts = Array.from({ length: 1200 }, (_, at) => ({
    uid: uid('G', String(at)),
    parents: [uid('G', String(at + 1)), uid('G', String(Math.min(at + 2, 1200)))],
  }))
  for (const order of [drafts, drafts.toReversed()]) {
    const ancestors = entitiesOf(order).get(uid('G', '1190'))?.ancestors
    assert.deepEqual(ancestors?.size, 10)
  }
})

test('values: sets of sets are compared in time that grows with their size', () => {
  let deep = '1'
  for (let level = 0; level < 5; level++)
    deep = `[${Array.from({ length: 8 }, (_, at) => `[${at}, ${deep}]`).join()}]`
  const startedAt = performance.now()
  const judge = authorizer(`permit(principal, action, resource) when { context.a == context.b };`)
  const [a, b] = [JSON.parse(deep), JSON.parse(deep)] as [Json, Json]
  const context = contextFrom({ a, b })
  assert.ok(context.ok)
  assert.equal(judge.isAllowed({ ...request, context: context.value }, NOBODY), true)
  assert.ok(performance.now() - startedAt < 2000)
})
