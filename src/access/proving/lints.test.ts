import assert from 'node:assert/strict'
import test from 'node:test'

import { Authorizer } from '../cedar/authorizer.ts'
import { Entities } from '../cedar/entities.ts'
import { EMPTY_RECORD, EntityUid } from '../cedar/value.ts'
import { lintPolicies } from './lints.ts'
import { whatMay, whoMay } from './listing.ts'
import { DOCUMENTS, policiesOf } from './testing.ts'

const READ = 'permit(principal in Role::"reader", action, resource)'

for (const { name, text, want } of [
  { name: 'nothing', text: `${READ} when { context.b };`, want: [] },
  {
    name: 'a permit for everything',
    text: 'permit(principal, action, resource);',
    want: ['permits-everything'],
  },
  {
    name: 'a permit that does not say for whom',
    text: 'permit(principal, action in [Action::"read", Action::"write", Action::"hire"], resource) when { resource has owner };',
    want: ['any-principal'],
  },
  {
    name: 'an attribute that does not exist',
    text: `${READ} when { context.nn == 1 };`,
    want: ['no-attribute'],
  },
  {
    name: 'a condition that no request can meet',
    text: `${READ} when { context.n < 3 && context.n > 5 };`,
    want: ['never-satisfied'],
  },
  {
    name: 'a policy that the types rule out',
    text: `${READ} when { resource is Doc && resource is User };`,
    want: ['never-satisfied'],
  },
  {
    name: 'a condition that every request meets',
    text: `${READ} when { context.n < 3 || context.n >= 3 };`,
    want: ['always-true'],
  },
  {
    name: 'a part of a condition that is always so',
    text: `${READ} when { context.b && (context.n < 3 || context.n >= 3) && !(principal is Role) };`,
    want: ['constant-condition'],
  },
  {
    name: 'a forbid that an absent attribute undoes',
    text: `${READ} when { context.b }; forbid(principal, action, resource) when { context.o };`,
    want: ['optional-attribute'],
  },
  {
    name: 'a forbid that an overflow undoes',
    text: `${READ} when { context.b }; forbid(principal, action, resource) when { context.n + context.m > 5 };`,
    want: ['forbid-can-fail'],
  },
  {
    name: 'a permit that another makes needless',
    text: `${READ} when { context.n < 10 }; ${READ} when { context.n < 5 };`,
    want: ['shadowed-permit'],
  },
  {
    name: 'a permit that is there twice',
    text: `${READ} when { context.b }; ${READ} when { context.b };`,
    want: ['shadowed-permit'],
  },
  {
    name: 'a permit with one condition more than another',
    text: `${READ} when { context.ip.isLoopback() }; ${READ} when { context.ip.isLoopback() && context.b };`,
    want: ['shadowed-permit'],
  },
  {
    name: 'permits that only overlap',
    text: `${READ} when { context.n < 10 }; ${READ} when { context.n > 5 };`,
    want: [],
  },
  {
    name: 'an action that nobody can do',
    text: 'permit(principal in Role::"reader", action in [Action::"read", Action::"write"], resource is Doc);',
    want: ['action-without-policy'],
  },
]) {
  test(`lints: ${name}`, () => {
    const found = lintPolicies(policiesOf(text), DOCUMENTS)
    const ids = found.map(({ id }) => id).filter((id) => id !== 'any-resource' && id !== 'any-action')
    assert.deepEqual(ids, want, JSON.stringify(found, null, 1))
  })
}

test('lints: open scopes are advice where roles limit them', () => {
  const found = lintPolicies(policiesOf(`${READ};`), DOCUMENTS)
  assert.deepEqual(
    found.map(({ id, level }) => [id, level]),
    [
      ['any-resource', 'advice'],
      ['any-action', 'advice'],
    ],
  )
})

test('lints: without a schema an attribute that is not asked for with has counts as one that can be absent', () => {
  const text = `
    forbid(principal, action, resource) when { resource.locked };
    forbid(principal, action, resource) when { resource has secret && resource.secret };`
  const found = lintPolicies(policiesOf(text))
  assert.deepEqual(
    found.map(({ id, policy, at }) => [id, policy, at]),
    [['forbid-can-fail', 'policy0', { line: 2, column: 48 }]],
  )
})

test('listing: who may do something, and what somebody may do', () => {
  const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)
  const entities = Entities.of([
    { uid: uid('User', 'ann'), parents: [uid('Role', 'reader')] },
    { uid: uid('User', 'bob'), parents: [uid('Role', 'chief')] },
    { uid: uid('User', 'cyd'), parents: [] },
    { uid: uid('Doc', '1'), parents: [] },
    { uid: uid('Doc', '2'), parents: [] },
    ...DOCUMENTS.actions.values(),
  ])
  assert.ok(entities instanceof Entities)
  const policies = policiesOf(`
    permit(principal in Role::"reader", action == Action::"read", resource);
    permit(principal in Role::"chief", action, resource) unless { resource == Doc::"2" };`)
  const base = { authorizer: new Authorizer(policies), entities, schema: DOCUMENTS, context: EMPTY_RECORD }
  const [read, write, hire] = ['read', 'write', 'hire'].map((id) => uid('Action', id)) as [
    EntityUid,
    EntityUid,
    EntityUid,
  ]
  const ids = (uids: readonly EntityUid[]): readonly string[] => uids.map(({ id }) => id)
  assert.deepEqual(ids(whoMay(base, read, uid('Doc', '1'))), ['ann', 'bob'])
  assert.deepEqual(ids(whoMay(base, read, uid('Doc', '2'))), ['ann'])
  assert.deepEqual(ids(whoMay(base, hire, uid('User', 'cyd'))), ['bob'])
  assert.deepEqual(
    whatMay(base, uid('User', 'bob'), [read, write, hire]).map(
      ({ action, resource }) => `${action.id} ${resource.id}`,
    ),
    ['read 1', 'write 1', 'hire ann', 'hire bob', 'hire cyd'],
  )
})
