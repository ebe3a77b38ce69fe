// What cannot be planned is said when it is read: the declaration, and policies that row-level security cannot express.
import assert from 'node:assert/strict'
import test from 'node:test'

import { RingwallError } from '../../core/errors.ts'
import { planPostgres } from './plan.ts'
import { planInput } from './plan-files.ts'
import { SHOP_MAPPING, shopPolicies, shopSchema } from './shop/testing.ts'

const select = { verb: 'select' } as const

for (const { name, database, want } of [
  { name: 'no verbs', database: {}, want: /database\.verbs: / },
  { name: 'a key nobody knows', database: { verbs: {}, rolls: {} }, want: /rolls/ },
  {
    name: 'a verb nobody knows',
    database: { verbs: { read: { verb: 'truncate' } } },
    want: /database\.verbs\.read/,
  },
  {
    name: 'an action nobody knows',
    database: { verbs: { reed: select } },
    want: /reed: the schema has no such action; did you mean `read`\?/,
  },
  {
    name: 'a resource that the action does not apply to',
    database: { verbs: { read: { ...select, resource: 'Team' } } },
    want: /does not apply to Team; it applies to Document/,
  },
  {
    name: 'two roles of one name',
    database: { verbs: {}, roles: { reader: 'app', writer: 'app' } },
    want: /four different names/,
  },
  {
    name: 'two actions that change different columns of one table',
    database: {
      verbs: { edit: { verb: 'update', columns: ['title'] }, remove: { verb: 'update', columns: ['level'] } },
    },
    want: /Action::"edit" and Action::"remove" update different columns of public\.documents; row-level security knows no columns/,
  },
]) {
  test(`a declaration is refused for: ${name}`, () => {
    const mapping = { ...SHOP_MAPPING, database }
    assert.throws(
      () => planInput(shopPolicies(), shopSchema(), mapping),
      (error: unknown) => {
        assert.ok(error instanceof RingwallError && want.test(error.message), String(error))
        return true
      },
    )
  })
}

test('a type without a table cannot be a verb', () => {
  const { Document: _gone, ...entities } = SHOP_MAPPING.entities
  assert.throws(
    () => planInput(shopPolicies(), shopSchema(), { ...SHOP_MAPPING, entities }),
    /Document has no table in the mapping/,
  )
})

for (const { name, policy, want } of [
  {
    name: 'asks for the parents of an entity that it names',
    policy: 'permit(principal, action, resource) when { User::"ann" in Team::"red" };',
    want: /ask for attributes or parents of User::"ann", which a database can change at any time/,
  },
  {
    name: 'asks for an attribute of an entity that it names',
    policy: 'permit(principal, action, resource) when { Team::"red".level > 1 };',
    want: /ask for attributes or parents of Team::"red"/,
  },
]) {
  test(`a policy is refused when it ${name}`, () => {
    const input = planInput(shopPolicies(policy), shopSchema(), SHOP_MAPPING)
    assert.throws(() => planPostgres(input), want)
  })
}

test('whether an action is in a group is known', () => {
  const input = planInput(
    shopPolicies('permit(principal, action in [Action::"read", Action::"edit"], resource);'),
    shopSchema(),
    SHOP_MAPPING,
  )
  assert.deepEqual(
    planPostgres(input).policies.map(({ name }) => name),
    ['ringwall_select', 'ringwall_update'],
  )
})

test('columns are the mapped ones unless they are named, and an update leaves the id alone', () => {
  const database = { verbs: { read: { verb: 'select', columns: ['title'] }, edit: { verb: 'update' } } }
  const { uses } = planInput(shopPolicies(), shopSchema(), { ...SHOP_MAPPING, database }).declaration
  assert.deepEqual(
    uses.map(({ verb, columns }) => [verb, ...columns]),
    [
      ['select', 'title'],
      ['update', 'folder_id', 'level', 'owner_id', 'public', 'team_id', 'title'],
    ],
  )
})
