import assert from 'node:assert/strict'
import test from 'node:test'

import type { Policy } from '../cedar/ast.ts'
import { Authorizer } from '../cedar/authorizer.ts'
import { Entities } from '../cedar/entities.ts'
import { contextFrom } from '../cedar/entities-json.ts'
import { policyToText } from '../cedar/policy-text.ts'
import { EntityUid } from '../cedar/value.ts'
import { generateCases } from './boundary.ts'
import type { Asked } from './case.ts'
import { coverClauses } from './coverage.ts'
import { type Random, seededRandom } from './exploration.ts'
import { mutantsOf } from './mutants.ts'
import { scoreMutants } from './mutation-score.ts'
import { DOCUMENTS, policiesOf } from './testing.ts'

for (const { text, want } of [
  {
    text: 'permit(principal in Role::"a", action in [Action::"read", Action::"write"], resource is Doc);',
    want: [
      'the policy is missing',
      'permit became forbid',
      'any principal',
      'principal == instead of in',
      'any resource',
      'any action',
      'without Action::"read"',
      'without Action::"write"',
    ],
  },
  {
    text: 'forbid(principal, action, resource) unless { context.n < 5 && !context.b };',
    want: [
      'the policy is missing',
      'forbid became permit',
      'unless dropped',
      'unless became when',
      'context.n < 5 && !context.b became !(context.n < 5 && !context.b)',
      'context.n < 5 && !context.b became context.n < 5 || !context.b',
      'context.n < 5 && !context.b became !context.b',
      'context.n < 5 && !context.b became context.n < 5',
      'context.n < 5 became context.n <= 5',
      'context.n < 5 became context.n >= 5',
      'context.n < 5 became context.n > 5',
      '5 became 4',
      '5 became 6',
      '!context.b became context.b',
    ],
  },
  {
    text: 'permit(principal, action, resource) when { context.now.toTime() <= duration("17h") };',
    want: [
      'the policy is missing',
      'permit became forbid',
      'when dropped',
      'when became unless',
      ...['<', '>', '>='].map(
        (other) =>
          `context.now.toTime() <= duration("17h") became context.now.toTime() ${other} duration("17h")`,
      ),
      'duration("17h") became duration("61199999ms")',
      'duration("17h") became duration("61200001ms")',
      '"17h" became "17hx"',
    ],
  },
]) {
  test(`mutants of ${text}`, () => {
    const [policy] = policiesOf(text)
    assert.ok(policy)
    assert.deepEqual(
      mutantsOf(policy).map(({ what }) => what),
      want,
    )
  })
}

test('mutants have the place of what was changed', () => {
  const [policy] = policiesOf('permit(principal, action, resource)\nwhen { context.n < 5 };')
  assert.ok(policy)
  const places = new Map(mutantsOf(policy).map(({ what, at }) => [what, at]))
  assert.deepEqual(places.get('5 became 6'), { line: 2, column: 20 })
})

test('coverage: what is behind a false condition is not seen, and what cannot be false need not be', () => {
  const policies = policiesOf(
    'permit(principal, action == Action::"read", resource is Doc) when { context.b && context.n < 5 };',
  )
  const cases = generateCases(policies, DOCUMENTS)
  const all = coverClauses(policies, cases, DOCUMENTS)
  assert.equal(all.percent, 100)
  const few = coverClauses(
    policies,
    cases.filter(({ expect, request }) => expect === 'deny' && request.action.id === 'read'),
    DOCUMENTS,
  )
  assert.deepEqual(
    few.clauses.map(({ text, seenTrue, seenFalse, canBeFalse }) => [
      text,
      seenTrue > 0,
      seenFalse > 0,
      canBeFalse,
    ]),
    [
      ['action == Action::"read"', true, false, true],
      ['resource is Doc', true, false, false],
      ['context.b && context.n < 5', false, true, true],
      ['context.b', true, true, true],
      ['context.n < 5', false, true, true],
    ],
  )
})

test('coverage: a condition that fails is seen to fail', () => {
  const policies = policiesOf('permit(principal, action, resource) when { context.o };')
  const cases = generateCases(policies, DOCUMENTS)
  const body = coverClauses(policies, cases, DOCUMENTS).clauses.at(-1)
  assert.ok(body && body.seenTrue > 0 && body.seenFalse > 0 && body.seenError > 0)
})

test('mutation score: one case leaves mistakes unnoticed, each with a request that would notice it', () => {
  const policies = policiesOf(
    'permit(principal in Role::"reader", action == Action::"read", resource is Doc) when { context.n < 5 };',
  )
  const cases = generateCases(policies, DOCUMENTS)
  const first = cases.filter(({ expect }) => expect === 'allow').slice(0, 1)
  const weak = scoreMutants(policies, first, DOCUMENTS)
  assert.ok(weak.percent < 60)
  const added = weak.survivors.flatMap(({ missing }) => missing ?? [])
  assert.equal(added.length, weak.survivors.length)
  assert.equal(scoreMutants(policies, [...first, ...added], DOCUMENTS).percent, 100)
  assert.equal(scoreMutants(policies, cases, DOCUMENTS).percent, 100)
  assert.deepEqual(
    weak.equivalent.map(({ what }) => what),
    ['any resource'],
  )
})

const ATOMS = [
  'context.n < 3',
  'context.n >= 4',
  'context.n == context.m',
  'context.n + 1 > context.m',
  'context.b',
  '(context has o && context.o)',
  'context.s == "a"',
  'context.s like "a*"',
  '["a", "b"].contains(context.s)',
  'context.tags.contains("a")',
  'context.tags.containsAny(["a", "b"])',
  'context.now.toTime().toHours() >= 9',
  'context.now < datetime("2026-06-15T12:00:00Z")',
  'principal in Role::"writer"',
  'principal in [Role::"reader", Role::"chief"]',
  'resource.owner == principal',
  'resource.shared.contains(principal)',
  'resource.owner in Role::"chief"',
] as const

function randomPolicies(random: Random): readonly Policy[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const body = (depth: number): string => {
    if (depth === 0 || random() < 0.3) return random() < 0.2 ? `!(${pick(ATOMS)})` : pick(ATOMS)
    return `(${body(depth - 1)} ${pick(['&&', '||'])} ${body(depth - 1)})`
  }
  return policiesOf(
    [0, 1]
      .map((at) => {
        const effect = at === 0 ? 'permit' : pick(['permit', 'forbid'])
        const head = `principal, ${pick(['action', 'action == Action::"read"'])}, resource is Doc`
        return `${effect}(${head}) ${pick(['when', 'unless'])} { ${body(2)} };`
      })
      .join('\n'),
  )
}

function randomRequest(random: Random): Asked {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const some = <T>(items: readonly T[]): readonly T[] => items.filter(() => random() < 0.4)
  const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)
  const roles = (): EntityUid[] => some(['reader', 'writer', 'chief']).map((id) => uid('Role', id))
  const hour = String(Math.floor(random() * 24)).padStart(2, '0')
  const action = uid('Action', pick(['read', 'write']))
  const context = contextFrom(
    {
      n: Math.floor(random() * 8),
      m: Math.floor(random() * 8),
      s: pick(['a', 'b', 'c', 'ab', 'A', '', 'ax', 'ba']),
      b: random() < 0.5,
      ...(random() < 0.6 && { o: random() < 0.5 }),
      now: `2026-06-15T${hour}:${pick(['00', '30', '59'])}:00Z`,
      tags: some(['a', 'b', 'c', 'ax']),
    },
    DOCUMENTS,
    action,
  )
  const owners = ['ann', 'bob'].map((id) => uid('User', id))
  const doc = contextFrom({ owner: { __entity: { type: 'User', id: pick(['ann', 'bob']) } }, size: 1 })
  const shared = contextFrom({ shared: some(owners).map(({ type, id }) => ({ __entity: { type, id } })) })
  assert.ok(context.ok && doc.ok && shared.ok)
  const [record, with_] = [doc.value, shared.value]
  const attributes = new (record.constructor as typeof import('../cedar/value.ts').CedarRecord)(
    new Map(
      [...record.names, 'shared'].map(
        (name) => [name, record.get(name) ?? with_.get(name) ?? false] as const,
      ),
    ),
  )
  const entities = Entities.of([
    ...owners.map((owner) => ({ uid: owner, parents: roles() })),
    { uid: uid('Doc', '1'), attributes, parents: [] },
    ...DOCUMENTS.actions.values(),
  ])
  assert.ok(entities instanceof Entities)
  return {
    request: { principal: uid('User', 'ann'), action, resource: uid('Doc', '1'), context: context.value },
    entities,
  }
}

test('mutation score: of random policies, what is proved to change nothing changes none of 400 random requests', () => {
  const random = seededRandom(3)
  const asked = Array.from({ length: 400 }, () => randomRequest(random))
  let proved = 0
  let told = 0
  for (let round = 0; round < 12; round++) {
    const policies = randomPolicies(random)
    const { equivalent, survivors } = scoreMutants(policies, [], DOCUMENTS)
    const judge = new Authorizer(policies)
    const withVariant = (policy: Policy, variant: Policy | undefined): Authorizer =>
      new Authorizer(policies.flatMap((one) => (one === policy ? (variant ?? []) : [one])))
    for (const { policy, variant, what } of equivalent) {
      proved++
      const other = withVariant(policy, variant)
      for (const { request, entities } of asked)
        assert.equal(
          other.isAllowed(request, entities),
          judge.isAllowed(request, entities),
          `${what} in\n${policies.map(policyToText).join('')}`,
        )
    }
    for (const { mutant, missing } of survivors) {
      if (missing === undefined) continue
      told++
      const { request, entities } = missing
      assert.notEqual(
        withVariant(mutant.policy, mutant.variant).isAllowed(request, entities),
        judge.isAllowed(request, entities),
      )
    }
  }
  assert.ok(proved > 15 && told > 150, `${proved} proved, ${told} told`)
})
