import assert from 'node:assert/strict'
import test from 'node:test'

import { AbacPolicy, type AccessContext, Authorizer, EntityUid, parsePolicies } from './index.ts'
import { ObjectEntities, recordOf, renameByAnnotation, roleUid } from './index.ts'

/** The guide's order_access_policy. */
const orders = new AbacPolicy({ resourceType: 'Order' })
  .addRule(
    'own orders only',
    'resource.user_id == principal.id || principal in Role::"support" || principal in Role::"admin"',
  )
  .addRule(
    'deletions in business hours only',
    'action != Action::"delete" || (9 <= context.hour && context.hour <= 17)',
  )
  .addRule(
    'high values need a manager',
    'resource.total < 10000 || principal in Role::"manager" || resource.manager_approved',
  )

/** The guide's own lambdas, for what they say of the same contexts. */
const lambdas = new AbacPolicy({ resourceType: 'Order' })
  .addRule('own', ({ user, resource }) => {
    const roles = user.roles ?? []
    return resource['user_id'] === user.id || roles.includes('support') || roles.includes('admin')
  })
  .addRule('hours', ({ action, environment }) => {
    const hour = environment['hour'] as number
    return action !== 'delete' || (hour >= 9 && hour <= 17)
  })
  .addRule('value', ({ user, resource }) => {
    const isLow = (resource['total'] as number) < 10_000
    return isLow || user.roles?.includes('manager') === true || resource['manager_approved'] === true
  })

const context = (more: {
  readonly user?: object
  readonly resource?: object
  readonly action?: string
  readonly environment?: object
}): AccessContext => ({
  user: { id: 'ann', roles: ['customer'], ...more.user },
  resource: { id: '7', user_id: 'ann', total: 10, manager_approved: false, ...more.resource },
  action: more.action ?? 'delete',
  environment: { hour: 12, ...more.environment },
})

const cedar = parsePolicies(`permit (principal, action, resource);\n${orders.toCedar()}`)
assert.ok(cedar.ok)
const named = renameByAnnotation(cedar.value)
assert.ok(typeof named !== 'string')
const authorizer = new Authorizer(named, { failedForbid: 'deny' })

function askCedar({ user, resource, action, environment }: AccessContext) {
  const principal = new EntityUid('User', user.id)
  const thing = new EntityUid('Order', resource.id)
  const entities = new ObjectEntities((uid) =>
    uid.key === principal.key
      ? { attributes: user, parents: (user.roles ?? []).map(roleUid) }
      : uid.key === thing.key
        ? { attributes: resource }
        : undefined,
  )
  const request = { principal, action: new EntityUid('Action', action), resource: thing }
  return authorizer.isAuthorized({ ...request, context: recordOf(environment) }, entities)
}

const OWN = 'own orders only'
const HOURS = 'deletions in business hours only'
const VALUE = 'high values need a manager'

for (const { name, asked, failures } of [
  { name: 'an own order at noon', asked: context({}), failures: [] },
  { name: "somebody else's order", asked: context({ resource: { user_id: 'max' } }), failures: [OWN] },
  {
    name: "somebody else's order, by support",
    asked: context({ user: { roles: ['support'] }, resource: { user_id: 'max' } }),
    failures: [],
  },
  { name: 'a deletion at 8', asked: context({ environment: { hour: 8 } }), failures: [HOURS] },
  { name: 'a deletion at 9', asked: context({ environment: { hour: 9 } }), failures: [] },
  { name: 'a deletion at 17', asked: context({ environment: { hour: 17 } }), failures: [] },
  { name: 'a deletion at 18', asked: context({ environment: { hour: 18 } }), failures: [HOURS] },
  { name: 'a reading at 18', asked: context({ action: 'read', environment: { hour: 18 } }), failures: [] },
  { name: 'a value of 9999', asked: context({ resource: { total: 9999 } }), failures: [] },
  { name: 'a value of 10000', asked: context({ resource: { total: 10_000 } }), failures: [VALUE] },
  {
    name: 'a value of 10000 that a manager approved',
    asked: context({ resource: { total: 10_000, manager_approved: true } }),
    failures: [],
  },
  {
    name: 'a value of 10000 for a manager',
    asked: context({ user: { roles: ['manager'] }, resource: { total: 10_000 } }),
    failures: [],
  },
  {
    name: 'everything wrong at once',
    asked: context({ resource: { user_id: 'max', total: 1e6 }, environment: { hour: 3 } }),
    failures: [OWN, HOURS, VALUE],
  },
]) {
  test(`all rules must pass: ${name} fails [${failures.join('; ')}]`, () => {
    assert.deepEqual(orders.failures(asked), failures)
    assert.equal(orders.evaluate(asked), failures.length === 0)
    assert.equal(lambdas.evaluate(asked), failures.length === 0, "the guide's lambdas")
    const { decision, reasons } = askCedar(asked)
    assert.equal(decision, failures.length === 0 ? 'allow' : 'deny', 'as Cedar')
    assert.deepEqual(decision === 'allow' ? [] : reasons, failures)
  })
}

test('what cannot be evaluated does not pass, and Cedar is told to read it so', () => {
  const { manager_approved: _gone, ...bare } = context({ resource: { total: 10_000 } }).resource
  const asked = { ...context({}), resource: { ...bare, id: '7' }, environment: {} }
  assert.deepEqual(orders.failures(asked), [HOURS, VALUE])
  const { decision, reasons, errors } = askCedar(asked)
  assert.equal(decision, 'deny')
  assert.deepEqual(reasons, [HOURS, VALUE])
  assert.equal(errors.length, 2)
})

/** Every way to take one of each. */
function combinations(choices: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  const [first, ...rest] = choices
  return first ? first.flatMap((one) => combinations(rest).map((others) => [one, ...others])) : [[]]
}

test('rules and Cedar answer alike on every combination', () => {
  const all = combinations([
    [[], ['customer'], ['support'], ['manager'], ['admin', 'manager'], undefined],
    ['ann', 'max', undefined, 7],
    [9999, 10_000, 'many', undefined],
    [true, false, undefined, 1],
    ['delete', 'read'],
    [8, 9, 17, 18, undefined, 9.5],
  ]).map(([roles, user_id, total, manager_approved, action, hour]) =>
    context({
      user: { roles },
      resource: { user_id, total, manager_approved },
      action: action as string,
      environment: { hour },
    }),
  )
  const passing = all.filter((one) => orders.evaluate(one))
  assert.deepEqual(
    all.filter((one) => askCedar(one).decision === 'allow'),
    passing,
  )
  assert.ok(passing.length > 300 && all.length - passing.length > 1000, `${passing.length} of ${all.length}`)
})

test('a policy without rules stands in nobody’s way, as the guide defines it', () => {
  assert.equal(new AbacPolicy().evaluate(context({})), true)
  assert.equal(new AbacPolicy().toCedar(), '')
})

for (const { name, rule } of [
  { name: 'throws', rule: () => JSON.parse('{') as boolean },
  { name: 'gives a promise', rule: (() => Promise.resolve(true)) as unknown as () => boolean },
  { name: 'gives 1', rule: (() => 1) as unknown as () => boolean },
]) {
  test(`a function that ${name} does not pass`, () => {
    assert.equal(new AbacPolicy().addRule('x', rule).evaluate(context({})), false)
  })
}

for (const { name, run, want } of [
  {
    name: 'a condition that cannot be read',
    run: () => new AbacPolicy().addRule('x', 'resource.'),
    want: /rule `x`: /,
  },
  {
    name: 'a condition that would end its policy and begin another',
    run: () => new AbacPolicy().addRule('x', 'true }; permit (principal, action, resource) when { true'),
    want: /rule `x`: /,
  },
  {
    name: 'a second rule of the same name',
    run: () => new AbacPolicy().addRule('x', 'true').addRule('x', 'false'),
    want: /two rules/,
  },
  {
    name: 'a function that should become Cedar',
    run: () => new AbacPolicy().addRule('x', () => true).toCedar(),
    want: /write it as a Cedar condition/,
  },
]) {
  test(`${name} is told`, () => assert.throws(run, want))
}

test('the roles that a role inherits count, where they are given', () => {
  const find = (uid: EntityUid) =>
    uid.key === roleUid('chief').key ? { attributes: {}, parents: [roleUid('support')] } : undefined
  const asked = context({ user: { roles: ['chief'] }, resource: { user_id: 'max' } })
  const rule = 'principal in Role::"support"'
  assert.equal(new AbacPolicy({ find }).addRule('x', rule).evaluate(asked), true)
  assert.equal(new AbacPolicy().addRule('x', rule).evaluate(asked), false)
})
