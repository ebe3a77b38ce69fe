import assert from 'node:assert/strict'
import test from 'node:test'

import { Authorizer } from '../cedar/authorizer.ts'
import { Entities } from '../cedar/entities.ts'
import { contextFrom } from '../cedar/entities-json.ts'
import { EntityUid } from '../cedar/value.ts'
import type { Asked } from './case.ts'
import { diffPolicies } from './diff.ts'
import { DOCUMENTS, policiesOf, schemaOf } from './testing.ts'

const BASE = `
  @id("readers") permit(principal in Role::"reader", action == Action::"read", resource is Doc) when { resource.size < 10000 };
  @id("owners") permit(principal, action, resource is Doc) when { resource.owner == principal };
  @id("hours") forbid(principal, action == Action::"write", resource) unless { context.now.toTime() >= duration("9h") };
`

for (const { name, from, to, want, isComplete = true } of [
  {
    name: 'nothing, when only the layout changes',
    from: 'resource is Doc) when',
    to: 'resource is Doc)\n when',
    want: [],
  },
  {
    name: 'nothing, when the same is said otherwise',
    from: 'resource.size < 10000',
    to: 'resource.size <= 9999',
    want: [],
  },
  {
    name: 'a limit that is a little wider',
    from: '< 10000',
    to: '<= 10000',
    want: ['readers: deny -> allow'],
  },
  { name: 'a limit that is narrower', from: '< 10000', to: '< 9000', want: ['readers: allow -> deny'] },
  {
    name: 'a condition turned round',
    from: 'resource.size < 10000',
    to: 'resource.size > 10000',
    want: ['readers: allow -> deny', 'readers: deny -> allow'],
  },
  {
    name: 'a forbid that begins earlier',
    from: 'duration("9h")',
    to: 'duration("8h")',
    want: ['hours: deny -> allow'],
  },
  {
    name: 'a permit that becomes a forbid',
    from: '@id("readers") permit',
    to: '@id("readers") forbid',
    want: ['readers: allow -> deny'],
  },
  {
    name: 'a policy that is gone',
    from: /@id\("owners"\).*\n/,
    to: '',
    want: ['owners: allow -> deny', 'owners: allow -> deny'],
  },
  {
    name: 'a policy that is new',
    from: /$/,
    to: '@id("chiefs") permit(principal in Role::"chief", action == Action::"hire", resource);',
    want: ['chiefs: deny -> allow'],
  },
  {
    name: 'a new policy that changes nothing',
    from: /$/,
    to: '@id("chiefs") permit(principal in Role::"reader", action == Action::"read", resource is Doc) when { resource.size < 5 };',
    want: [],
  },
] as readonly {
  name: string
  from: string | RegExp
  to: string
  want: readonly string[]
  isComplete?: boolean
}[]) {
  test(`diff: ${name}`, () => {
    const before = policiesOf(BASE)
    const after = policiesOf(BASE.replace(from, to))
    const diff = diffPolicies(before, after, DOCUMENTS)
    assert.deepEqual(
      diff.changes.map((change) => `${change.policy}: ${change.from} -> ${change.to}`),
      want,
    )
    assert.equal(diff.isComplete, isComplete)
    assert.equal(diff.isCut, false)
    for (const { from: was, to: is, example } of diff.changes) {
      const [one, other] = [before, after].map((policies) =>
        new Authorizer(policies).isAllowed(example.request, example.entities) ? 'allow' : 'deny',
      )
      assert.deepEqual([one, other], [was, is])
    }
  })
}

test('diff: recorded requests are asked again, and counted', () => {
  const entities = Entities.of([
    { uid: new EntityUid('User', 'ann'), parents: [new EntityUid('Role', 'reader')] },
    ...DOCUMENTS.actions.values(),
  ])
  assert.ok(entities instanceof Entities)
  const recorded = [5, 20_000, 9999, 10_000].map((size): Asked => {
    const attributes = contextFrom({ size, owner: { __entity: { type: 'User', id: 'bob' } } })
    assert.ok(attributes.ok)
    const doc = { uid: new EntityUid('Doc', '1'), attributes: attributes.value, parents: [] }
    const all = Entities.of([
      doc,
      { uid: new EntityUid('User', 'ann'), parents: [new EntityUid('Role', 'reader')] },
      ...DOCUMENTS.actions.values(),
    ])
    assert.ok(all instanceof Entities)
    const action = new EntityUid('Action', 'read')
    return { request: { principal: new EntityUid('User', 'ann'), action, resource: doc.uid }, entities: all }
  })
  const { replay } = diffPolicies(
    policiesOf(BASE),
    policiesOf(BASE.replace('< 10000', '<= 10000')),
    DOCUMENTS,
    {
      recorded,
    },
  )
  assert.deepEqual(
    { ...replay, examples: replay.examples.map(({ name, expect }) => [name, expect]) },
    { total: 4, allowToDeny: 0, denyToAllow: 1, examples: [['recorded 4', 'allow']] },
  )
})

test('diff: it ends when the time is over, and says so', () => {
  let clock = 0
  const after = policiesOf(BASE.replaceAll('10000', '9000'))
  const diff = diffPolicies(policiesOf(BASE), after, DOCUMENTS, { budgetMs: 10, nowMs: () => (clock += 20) })
  assert.deepEqual([diff.isCut, diff.isComplete], [true, false])
})

test('diff: of a hundred policies, ten of them changed, each change is found', (t) => {
  const schema = schemaOf(`
    entity Role; entity User in [Role] = { level: Long, team: String };
    entity Order = { total: Long, owner: User, state: String };
    ${Array.from({ length: 10 }, (_, at) => `action a${at} appliesTo { principal: User, resource: Order, context: { hour: Long } };`).join('\n')}
  `)
  const write = (limit: (at: number) => number): string =>
    Array.from({ length: 100 }, (_, at) => {
      const effect = at % 5 === 4 ? 'forbid' : 'permit'
      return `@id("p${at}") ${effect}(principal in Role::"r${at % 7}", action == Action::"a${at % 10}", resource is Order)
        when { resource.total < ${limit(at)} && principal.level >= ${at % 4} && (context.hour > ${at % 24} || resource.state == "s${at}") };`
    }).join('\n')
  const before = policiesOf(write((at) => 1000 + at * 10))
  const after = policiesOf(write((at) => 1000 + at * 10 + (at % 10 === 3 ? 1 : 0)))
  const startedAt = performance.now()
  const diff = diffPolicies(before, after, schema, { budgetMs: 5000 })
  const tookMs = performance.now() - startedAt
  const found = new Set(diff.changes.map(({ policy }) => policy))
  assert.equal(found.size, 10, [...found].join())
  t.diagnostic(`${Math.round(tookMs)} ms`)
  assert.equal(diff.isCut, false)
})
