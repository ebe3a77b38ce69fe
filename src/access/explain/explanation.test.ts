import assert from 'node:assert/strict'
import test from 'node:test'

import type { Expr, Policy } from '../cedar/ast.ts'
import { Authorizer } from '../cedar/authorizer.ts'
import { Entities } from '../cedar/entities.ts'
import { contextFrom } from '../cedar/entities-json.ts'
import { partsOf } from '../cedar/expression.ts'
import type { Json } from '../cedar/json.ts'
import { parseExpression, parsePolicies } from '../cedar/parser.ts'
import { renameByAnnotation } from '../cedar/policy.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import { EntityUid } from '../cedar/value.ts'
import { blame, choicesOf } from './blame.ts'
import { envOf } from '../cedar/environment.ts'
import { evaluate } from './evaluation.ts'
import { type BlameTree, Explainer } from './explanation.ts'
import { formatExplanation } from './explanation-text.ts'

const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)

function contextOf(json: Json): NonNullable<Parameters<Authorizer['isAuthorized']>[0]['context']> {
  const context = contextFrom(json)
  assert.ok(context.ok)
  return context.value
}

function policiesOf(text: string): readonly Policy[] {
  const parsed = parsePolicies(text)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const renamed = renameByAnnotation(parsed.value)
  assert.ok(typeof renamed !== 'string')
  return renamed
}

const entities = Entities.of([
  { uid: uid('User', 'ann'), parents: [uid('Role', 'customer')] },
  { uid: uid('Doc', '1'), parents: [] },
])
assert.ok(entities instanceof Entities)
const REQUEST = { principal: uid('User', 'ann'), action: uid('Action', 'read'), resource: uid('Doc', '1') }

/** A tree in one line: what is to blame, with what was found. */
function flat(tree: BlameTree | undefined): string {
  if (tree === undefined) return 'nothing'
  if (tree.kind === 'condition') return `${tree.text} is ${tree.found}`
  return `${tree.kind}(${tree.of.map(flat).join('; ')})`
}

for (const { name, when, context, want } of [
  {
    name: 'a false comparison',
    when: 'context.n <= 10',
    context: { n: 11 },
    want: 'context.n <= 10 is false',
  },
  {
    name: 'each of several that fail',
    when: 'context.n <= 10 && context.a && context.b',
    context: { n: 11, a: true, b: false },
    want: 'all(context.n <= 10 is false; context.b is false)',
  },
  {
    name: 'any of the alternatives',
    when: 'context.a || context.n <= 10',
    context: { n: 11, a: false },
    want: 'any(context.a is false; context.n <= 10 is false)',
  },
  {
    name: 'a fault in front of another condition, which alone could not help',
    when: 'context.missing || context.a',
    context: { a: false },
    want: 'context.missing is error',
  },
  {
    name: 'the true one inside a negation',
    when: '!(context.a && context.n > 10)',
    context: { n: 11, a: true },
    want: 'any(context.a is true; context.n > 10 is true)',
  },
  {
    name: 'both ways through an if',
    when: 'if context.a then context.n > 10 else context.n < 5',
    context: { n: 7, a: true },
    want: 'any(context.n > 10 is false; all(context.a is true; context.n < 5 is false))',
  },
  {
    name: 'a guard and what it guards',
    when: 'context has limit && context.n < context.limit',
    context: { n: 7 },
    want: 'all(context has limit is false; context.n < context.limit is error)',
  },
]) {
  test(`blame: ${name}`, () => {
    const explainer = new Explainer(policiesOf(`permit(principal, action, resource) when { ${when} };`), {
      mask: (text) => text,
    })
    const { decision, permits } = explainer.explain({ ...REQUEST, context: contextOf(context) }, entities)
    assert.equal(decision, 'deny')
    assert.equal(flat(permits[0]?.because), want)
  })
}

const SHOP = policiesOf(`
@id("managers")
permit(principal in Role::"manager", action == Action::"read", resource is Doc)
  when { context.total < 10000 };
@id("customers")
permit(principal in Role::"customer", action, resource)
  unless { context.total >= 10000 };
@id("other-action")
permit(principal, action == Action::"write", resource);
@id("hours") @advice("only between nine and five")
forbid(principal, action, resource) when { context.hour < 9 };
@id("broken")
forbid(principal, action, resource) when { context.nothing };
`)
const mask = (text: string): string => text.replaceAll('ann', '***')

test('explain: an allowed request names the permits, and the forbid that failed', () => {
  const found = new Explainer(SHOP, { mask }).explain(
    { ...REQUEST, context: contextOf({ total: 5, hour: 10 }) },
    entities,
  )
  assert.equal(found.decision, 'allow')
  assert.deepEqual(
    found.permits.map(({ policy, because }) => [policy, because]),
    [['customers', undefined]],
  )
  assert.deepEqual(
    found.forbids.map(({ policy, outcome }) => [policy, outcome]),
    [['broken', 'failed']],
  )
  assert.equal(found.elsewhere, 1)
})

test('explain: a failed forbid forbids where the authorizer has it so', () => {
  const options = { mask, failedForbid: 'deny' } as const
  const request = { ...REQUEST, context: contextOf({ total: 5, hour: 10 }) }
  assert.equal(new Explainer(SHOP, options).explain(request, entities).decision, 'deny')
  assert.equal(new Authorizer(SHOP, options).isAllowed(request, entities), false)
})

test('explain: a refusal as text has places, values that are masked, groups, and what is nearest first', () => {
  const found = new Explainer(SHOP, { mask }).explain(
    { ...REQUEST, context: contextOf({ total: 10_000, hour: 8 }) },
    entities,
  )
  assert.equal(
    formatExplanation(found, { fileOf: () => 'shop.cedar' }),
    `deny: User::"***" Action::"read" Doc::"1"
  forbidden by hours (shop.cedar:10:1)
    "only between nine and five"
    when: context.hour < 9  is true  [shop.cedar:11:44]
      context.hour = 8
  failed forbid broken (shop.cedar:12:1)
    when: context.nothing  cannot be known: the attribute \`nothing\` is absent  [shop.cedar:13:44]
      context.nothing = (the attribute \`nothing\` is absent)
  not permitted by customers (shop.cedar:5:1)
    unless: context.total >= 10000  is true  [shop.cedar:7:12]
      context.total = 10000
  not permitted by managers (shop.cedar:2:1)
    all of these:
      principal: principal in Role::"manager"  is false  [shop.cedar:3:8]
        principal = User::"***", which is in Role::"customer"
      when: context.total < 10000  is false  [shop.cedar:4:10]
        context.total = 10000
  1 policy is about something else`,
  )
  assert.deepEqual(JSON.parse(JSON.stringify(found)), found)
})

/** The same numbers in every run. */
function* dice(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

function randomExpression(roll: () => number, depth: number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(roll() * items.length)] as T
  if (depth === 0 || roll() < 0.2)
    return pick([
      'context.a',
      'context.missing',
      'context.n < 3',
      'context has missing',
      'principal in Role::"customer"',
      'context.s like "x*"',
      'context.n + 1 == 2',
      'resource == Doc::"2"',
    ])
  const inner = (): string => randomExpression(roll, depth - 1)
  return pick([
    () => `(${inner()} && ${inner()} && ${inner()})`,
    () => `(${inner()} || ${inner()})`,
    () => `!(${inner()})`,
    () => `(if ${inner()} then ${inner()} else ${inner()})`,
  ])()
}

/** The expression with some of its parts replaced by truth values. */
function replace(expr: Expr, by: ReadonlyMap<Expr, boolean>): Expr {
  const value = by.get(expr)
  if (value !== undefined) return { kind: 'literal', at: -1, value }
  if (expr.kind === 'and' || expr.kind === 'or')
    return { ...expr, terms: expr.terms.map((term) => replace(term, by)) }
  if (expr.kind === 'not') return { ...expr, of: replace(expr.of, by) }
  if (expr.kind === 'if') {
    const [one, yes, no] = partsOf(expr).map((part) => replace(part, by)) as [Expr, Expr, Expr]
    return { ...expr, test: one, yes, no }
  }
  return expr
}

test('blame: in 3,000 random conditions, to change what is reported flips the outcome, and less does not', () => {
  const generator = dice(7)
  const roll = (): number => generator.next().value
  let judged = 0
  for (let round = 0; round < 3000; round++) {
    const parsed = parseExpression(randomExpression(roll, 3))
    assert.ok(parsed.ok)
    const expr = parsed.value
    const context = contextOf({ a: roll() < 0.5, n: Math.floor(roll() * 5), s: roll() < 0.5 ? 'xy' : 'y' })
    const env = envOf({ ...REQUEST, context }, entities)
    const wanted = roll() < 0.7
    const found = blame(expr, wanted, env)
    assert.equal(found === undefined, evaluate(expr, env) === wanted)
    for (const choice of found === undefined ? [] : choicesOf(found, 8)) {
      const changes = new Map(choice.map((condition) => [condition.expr, condition.wanted]))
      const text = `${expressionToText(expr)} with ${choice.map((one) => expressionToText(one.expr)).join(', ')}`
      assert.equal(evaluate(replace(expr, changes), env), wanted, text)
      for (const one of choice) {
        const fewer = new Map([...changes].filter(([part]) => part !== one.expr))
        assert.notEqual(evaluate(replace(expr, fewer), env), wanted, `${text}: without one`)
      }
      judged++
    }
  }
  assert.ok(judged > 2000, `only ${judged} choices were judged`)
})
