import assert from 'node:assert/strict'
import test from 'node:test'

import { AccessDenied, type AccessModel, type Check, createAccess, Entities, EntityUid } from './index.ts'

const SCHEMA = `
  entity Role in [Role];
  entity Team { name: String };
  entity User in [Role] { org: String, boss?: User, teams: Set<Team> };
  entity Folder in [Folder] { owner: User };
  entity Document in [Folder] {
    owner: User, team?: Team, size: Long, label: { level: Long, by?: User }
  } tags String;
  entity Status enum ["draft", "final"];
  action any;
  action read in [any] appliesTo { principal: User, resource: [Document, Folder] };
  action publish in [any] appliesTo {
    principal: User, resource: Document, context: { hour: Long, note?: String, status: Status }
  };
`

const POLICIES = `
  @id("owner")
  permit(principal, action in Action::"any", resource is Document) when { resource.owner == principal };
  @id("team")
  permit(principal, action == Action::"read", resource is Document)
  when { resource has team && principal.teams.contains(resource.team) };
  @id("folder")
  permit(principal, action == Action::"read", resource) when { resource in Folder::"public" };
  @id("boss")
  permit(principal, action == Action::"read", resource is Document)
  when { resource.owner has boss && resource.owner.boss == principal };
  @id("admin")
  permit(principal in Role::"admin", action, resource);
  @id("night")
  forbid(principal, action == Action::"publish", resource) unless { context.hour >= 9 && context.hour <= 17 };
  @id("secret")
  forbid(principal, action, resource is Document)
  when { resource.label.level * 4611686018427387904 < 0 };
`

const doc = (attributes: object = {}): object => ({
  owner: 'alice',
  size: 5,
  label: { level: 1 },
  ...attributes,
})
const user = (id: string, more: object = {}): object => ({
  type: 'User',
  id,
  attributes: { org: 'o', teams: [] },
  ...more,
})

interface Case {
  readonly name: string
  readonly principal: object
  readonly action?: string
  readonly resource: object
  readonly context?: object
  readonly want: 'allow' | 'deny'
  readonly reasons?: readonly string[]
  readonly errors?: readonly string[]
}

const CASES: readonly Case[] = [
  {
    name: 'an entity attribute is named by its id',
    principal: user('alice'),
    resource: { type: 'Document', id: '1', attributes: doc() },
    want: 'allow',
    reasons: ['owner'],
  },
  {
    name: 'an entity attribute is named by type and id',
    principal: user('alice'),
    resource: { type: 'Document', id: '1', attributes: doc({ owner: { type: 'User', id: 'alice' } }) },
    want: 'allow',
    reasons: ['owner'],
  },
  {
    name: 'sets hold entities by their ids',
    principal: user('bob', { attributes: { org: 'o', teams: ['red', 'blue'] } }),
    resource: { type: 'Document', id: '1', attributes: doc({ team: 'blue' }) },
    want: 'allow',
    reasons: ['team'],
  },
  {
    name: 'null is an absent attribute',
    principal: user('bob'),
    resource: { type: 'Document', id: '1', attributes: doc({ team: null }) },
    want: 'deny',
  },
  {
    name: 'nothing permits: no reason',
    principal: user('eve'),
    resource: { type: 'Document', id: '1', attributes: doc() },
    want: 'deny',
    reasons: [],
  },
  {
    name: 'parents make a principal a member of a role',
    principal: user('eve', { parents: [{ type: 'Role', id: 'admin' }] }),
    resource: { type: 'Folder', id: 'f' },
    want: 'allow',
    reasons: ['admin'],
  },
  {
    name: 'parents are followed through what readers find',
    principal: user('eve'),
    resource: { type: 'Document', id: '1', attributes: doc(), parents: [{ type: 'Folder', id: 'inner' }] },
    want: 'allow',
    reasons: ['folder'],
  },
  {
    name: 'an attribute of an attribute is found by its reader',
    principal: user('carol'),
    resource: { type: 'Document', id: '1', attributes: doc() },
    want: 'allow',
    reasons: ['boss'],
  },
  {
    name: 'an object of the application goes through its accessors',
    principal: { type: 'User', object: { userId: 'alice', organisation: 'o', teamIds: [], roles: [] } },
    resource: { type: 'Document', id: '1', attributes: doc() },
    want: 'allow',
    reasons: ['owner'],
  },
  {
    name: 'roles of an object of the application',
    principal: { type: 'User', object: { userId: 'x', organisation: 'o', teamIds: [], roles: ['chief'] } },
    resource: { type: 'Folder', id: 'f' },
    want: 'allow',
    reasons: ['admin'],
  },
  {
    name: 'a forbid is the reason',
    principal: user('alice'),
    action: 'publish',
    resource: { type: 'Document', id: '1', attributes: doc() },
    context: { hour: 20, status: 'draft' },
    want: 'deny',
    reasons: ['night'],
  },
  {
    name: 'an attribute of the wrong type is an error of the policy',
    principal: user('alice'),
    resource: { type: 'Document', id: '1', attributes: doc({ label: { level: 'high' } }) },
    want: 'allow',
    reasons: ['owner'],
    errors: ['secret type'],
  },
  {
    name: 'a fraction is no Long',
    principal: user('alice'),
    resource: { type: 'Document', id: '1', attributes: doc({ label: { level: 0.5 } }) },
    want: 'allow',
    errors: ['secret data'],
  },
  {
    name: 'an action that does not exist is denied, even to an admin',
    principal: user('eve', { parents: [{ type: 'Role', id: 'admin' }] }),
    action: 'burn',
    resource: { type: 'Folder', id: 'f' },
    want: 'deny',
    errors: ['- request'],
  },
  {
    name: 'a group of actions cannot be asked for',
    principal: user('eve', { parents: [{ type: 'Role', id: 'admin' }] }),
    action: 'any',
    resource: { type: 'Folder', id: 'f' },
    want: 'deny',
    errors: ['- request'],
  },
  {
    name: 'a type that the action does not apply to is denied',
    principal: user('eve', { parents: [{ type: 'Role', id: 'admin' }] }),
    action: 'publish',
    resource: { type: 'Folder', id: 'f' },
    context: { hour: 10, status: 'draft' },
    want: 'deny',
    errors: ['- request'],
  },
  ...(
    [
      ['a context that is missing', undefined],
      ['a context attribute that is missing', { hour: 10 }],
      ['a context attribute of the wrong type', { hour: '10', status: 'draft' }],
      ['a context attribute that is not declared', { hour: 10, status: 'draft', nota: 'x' }],
      ['an id that an enumerated type does not have', { hour: 10, status: 'lost' }],
    ] as const
  ).map(([name, context]): Case => ({
    name: `${name} is denied, even to an admin`,
    principal: user('eve', { parents: [{ type: 'Role', id: 'admin' }] }),
    action: 'publish',
    resource: { type: 'Document', id: '1', attributes: doc() },
    ...(context === undefined ? {} : { context }),
    want: 'deny',
    errors: ['- request'],
  })),
  {
    name: 'an attribute of the prototype is no attribute',
    principal: user('bob'),
    resource: { type: 'Document', id: '1', attributes: Object.create(doc({ owner: 'bob' })) as object },
    want: 'deny',
    errors: ['owner attribute', 'boss attribute', 'secret attribute'],
  },
]

interface Row {
  readonly userId: string
  readonly organisation: string
  readonly teamIds: readonly string[]
  readonly roles: readonly string[]
  readonly boss?: string
}
interface Objects {
  readonly User: Row
  readonly Role: { readonly id: string }
  readonly Folder: { readonly id: string; readonly above?: string }
}

const USERS: Readonly<Record<string, Row>> = {
  alice: { userId: 'alice', organisation: 'o', teamIds: [], roles: [], boss: 'carol' },
}
const FOLDERS: Readonly<Record<string, Objects['Folder']>> = {
  inner: { id: 'inner', above: 'outer' },
  outer: { id: 'outer', above: 'public' },
}
const asked: string[] = []

const access = createAccess<AccessModel, Objects>({
  policies: POLICIES,
  schema: SCHEMA,
  objects: {
    User: {
      id: (row) => row.userId,
      attributes: { org: (row: Row) => row.organisation, teams: (row: Row) => row.teamIds },
      parents: (row) => row.roles.map((id) => ({ type: 'Role', id })),
      find: (id) => (asked.push(id), USERS[id]),
    },
    Role: {
      id: (row) => row.id,
      parents: ({ id }) => (id === 'chief' ? [{ type: 'Role', id: 'admin' }] : []),
      find: (id) => ({ id }),
    },
    Folder: {
      id: (row) => row.id,
      parents: ({ above }) => (above === undefined ? [] : [{ type: 'Folder', id: above }]),
      find: (id) => FOLDERS[id],
    },
  },
})

function ask({ principal, action = 'read', resource, context }: Case): Parameters<typeof access.check>[0] {
  return { principal, action, resource, ...(context === undefined ? {} : { context }) } as never
}

for (const one of CASES) {
  test(`check: ${one.name}`, () => {
    const check = access.check(ask(one))
    assert.equal(check.decision, one.want, JSON.stringify(check))
    assert.equal(check.isAllowed, one.want === 'allow')
    assert.equal(access.isAllowed(ask(one)), check.isAllowed)
    if (one.reasons) assert.deepEqual(check.reasons, one.reasons)
    assert.deepEqual(
      check.errors.map(({ policy = '-', kind }) => `${policy} ${kind}`),
      one.errors ?? [],
    )
    if (check.isAllowed) assert.deepEqual(access.require(ask(one)), check)
    else assert.throws(() => access.require(ask(one)), AccessDenied)
  })
}

test('checkAll gives what check gives, and finds each object once', () => {
  const requests = CASES.map(ask)
  const one = requests.map((request): Check => access.check(request))
  assert.deepEqual(access.checkAll(requests), one)
  const own = ask(CASES.find(({ name }) => name.startsWith('an attribute of an attribute')) as Case)
  asked.length = 0
  access.checkAll([own, own, own])
  assert.deepEqual(asked, ['alice'])
})

test('a refusal names who, what and why, for the log', () => {
  const refused = ask(CASES.find(({ name }) => name === 'a forbid is the reason') as Case)
  assert.throws(() => access.require(refused), {
    name: 'AccessDenied',
    code: 'access.denied',
    message: 'User::"alice" may not publish on Document::"1": forbidden by night',
  })
})

test('a forbid that cannot be evaluated forbids where that is asked for', () => {
  const strict = createAccess({ policies: POLICIES, schema: SCHEMA, failedForbid: 'deny' })
  const check = strict.check({
    principal: user('alice') as never,
    action: 'read',
    resource: { type: 'Document', id: '1', attributes: doc({ label: { level: 'high' } }) },
  })
  assert.deepEqual([check.decision, check.reasons], ['deny', ['secret']])
})

test('entities that are kept in memory are looked at where nothing nearer has one', () => {
  const uid = (type: string, id: string): EntityUid => new EntityUid(type, id)
  const kept = Entities.of([
    { uid: uid('Role', 'chief'), parents: [uid('Role', 'admin')] },
    { uid: uid('Role', 'admin'), parents: [] },
    { uid: uid('User', 'ann'), parents: [uid('Role', 'chief')] },
  ])
  assert.ok(kept instanceof Entities)
  const keeping = createAccess({ policies: POLICIES, schema: SCHEMA, entities: kept })
  const reasons = (principal: object): readonly string[] =>
    keeping.check({ principal: principal as never, action: 'read', resource: { type: 'Folder', id: 'f' } })
      .reasons
  assert.deepEqual(reasons({ type: 'User', id: 'ann' }), ['admin'])
  assert.deepEqual(reasons(user('ann')), [])
  assert.deepEqual(reasons(user('eve', { parents: [{ type: 'Role', id: 'chief' }] })), ['admin'])
  assert.deepEqual(reasons({ type: 'User', id: 'bob' }), [])
})
