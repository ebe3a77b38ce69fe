import assert from 'node:assert/strict'
import test from 'node:test'

import { type AccessModel, createAccess, type Wanted } from './index.ts'

const SCHEMA = `
  entity Role in [Role];
  entity Team { lead: User, plan: { owner?: User } };
  entity User in [Role] { name: String, team?: Team, secret: String };
  entity Document { owner: User, team: Team, size: Long } tags User;
  action read, write, tag, borrow appliesTo { principal: User, resource: Document, context: { by?: User } };
`

const POLICIES = `
  @id("lead")
  permit(principal, action == Action::"read", resource) when { resource.team.lead == principal };
  @id("team")
  permit(principal, action == Action::"read", resource)
  when { principal has team && principal.team == resource.team };
  @id("deputy")
  permit(principal, action == Action::"read", resource)
  when { context has by && context.by has team && context.by.team.lead.name == "Ann" };
  @id("planner")
  permit(principal, action == Action::"write", resource)
  when {
    (if resource.size > 3 then resource.team else Team::"default").plan has owner.name &&
    {x: resource.owner}.x.name == "Ann"
  };
  @id("writer") permit(principal in Role::"writers", action == Action::"write", resource);
  @id("tagged")
  permit(principal, action == Action::"tag", resource)
  when { resource.hasTag("reviewer") && resource.getTag("reviewer").name == "Ann" };
`

interface Row {
  readonly id: string
  readonly name?: string
  readonly team?: string
  readonly lead?: string
  readonly plan?: object
  readonly owner?: string
  readonly size?: number
  readonly roles?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
}

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  Role: [
    { id: 'interns', roles: ['staff'] },
    { id: 'staff', roles: ['writers'] },
    { id: 'writers', roles: ['interns'] },
  ],
  Team: [
    { id: 'red', lead: 'ann', plan: { owner: 'ann' } },
    { id: 'blue', lead: 'bob', plan: {} },
    { id: 'default', lead: 'bob', plan: { owner: 'bob' } },
  ],
  User: [
    { id: 'ann', name: 'Ann', team: 'red' },
    { id: 'bob', name: 'Bob', team: 'blue' },
    { id: 'cid', name: 'Cid', roles: ['interns'] },
  ],
  Document: [
    { id: '1', owner: 'ann', team: 'red', size: 5 },
    { id: '2', owner: 'ann', team: 'blue', size: 1 },
    { id: '3', owner: 'bob', team: 'blue', size: 5, tags: { reviewer: 'ann' } },
  ],
}

/** Rows by table, and a note of what was asked for. */
function accessOver(asked: string[]) {
  const reader = (type: string) => ({
    id: (row: Row) => row.id,
    parents: (row: Row) => (row.roles ?? []).map((id) => ({ type: 'Role', id })),
    tags: (row: Row) => row.tags ?? {},
    load: (ids: readonly string[], wanted: Wanted) => {
      const extra = [wanted.parents ? '^' : '', wanted.tags ? '#' : ''].join('')
      asked.push(`${type}[${ids.toSorted().join()}].${wanted.attributes.join()}${extra}`)
      return Promise.resolve(TABLES[type]?.filter(({ id }) => ids.includes(id)) ?? [])
    },
  })
  type Objects = { readonly [T in 'Role' | 'Team' | 'User' | 'Document']: Row }
  return createAccess<AccessModel, Objects>({
    policies: POLICIES,
    schema: SCHEMA,
    objects: {
      Role: reader('Role'),
      Team: reader('Team'),
      User: reader('User'),
      Document: reader('Document'),
    },
  })
}

const named = (type: string, id: string): { readonly type: string; readonly id: string } => ({ type, id })

for (const { name, request, want, asked } of [
  {
    name: 'what policies look into, in rounds',
    request: { principal: named('User', 'ann'), action: 'read', resource: named('Document', '1') },
    want: ['lead', 'team'],
    asked: ['User[ann].name,team', 'Document[1].team', 'Team[red].lead'],
  },
  {
    name: 'what the request brings is not loaded',
    request: {
      principal: { type: 'User', id: 'eve', attributes: { name: 'Eve', secret: '' } },
      action: 'read',
      resource: { type: 'Document', object: { id: '9', owner: 'bob', team: 'red', size: 1 } },
    },
    want: [],
    asked: ['Team[red].lead'],
  },
  {
    name: 'entities of the context are followed',
    request: {
      principal: { type: 'User', id: 'eve', attributes: { name: 'Eve', secret: '' } },
      action: 'read',
      resource: { type: 'Document', object: { id: '9', owner: 'bob', team: 'blue', size: 1 } },
      context: { by: 'ann' },
    },
    want: ['deputy'],
    asked: ['User[ann].name,team', 'Team[blue,red].lead'],
  },
  {
    name: 'both branches of a condition, and entities that a policy names',
    request: { principal: named('User', 'bob'), action: 'write', resource: named('Document', '1') },
    want: ['planner'],
    asked: [
      'User[bob].name^',
      'Document[1].owner,size,team',
      'Team[default].plan',
      'User[ann].name^',
      'Team[red].plan',
    ],
  },
  {
    name: 'a hierarchy to its top, even if it is a circle',
    request: { principal: named('User', 'cid'), action: 'write', resource: named('Document', '3') },
    want: ['writer'],
    asked: [
      'Document[3].owner,size,team',
      'Role[interns].^',
      'Role[staff].^',
      'Role[writers].^',
      'Team[blue].plan',
      'Team[default].plan',
      'User[bob].name^',
      'User[cid].name^',
    ],
  },
  {
    name: 'entities behind tags',
    request: { principal: named('User', 'cid'), action: 'tag', resource: named('Document', '3') },
    want: ['tagged'],
    asked: ['Document[3].#', 'User[ann].name'],
  },
  {
    name: 'what no policy asks for is not loaded',
    request: { principal: named('User', 'cid'), action: 'borrow', resource: named('Document', '3') },
    want: [],
    asked: [],
  },
  {
    name: 'what does not exist is asked for once',
    request: { principal: named('User', 'nobody'), action: 'tag', resource: named('Document', '77') },
    want: [],
    asked: ['Document[77].#'],
  },
]) {
  test(`loading: ${name}`, async () => {
    const seen: string[] = []
    const check = await accessOver(seen).loadAndCheck(request)
    assert.deepEqual(check.reasons, want, JSON.stringify(check))
    assert.deepEqual(seen.toSorted(), asked.toSorted())
  })
}

test('loading: many requests ask each loader once a round', async () => {
  const seen: string[] = []
  const access = accessOver(seen)
  const requests = ['1', '2', '3'].map((id) => ({
    principal: named('User', 'ann'),
    action: 'read',
    resource: named('Document', id),
  }))
  const loaded = await access.load(requests)
  const checks = access.checkAll(requests, loaded)
  assert.deepEqual(
    checks.map(({ reasons }) => reasons.join()),
    ['lead,team', '', ''],
  )
  assert.deepEqual(seen, ['User[ann].name,team', 'Document[1,2,3].team', 'Team[blue,red].lead'])
})

test('loading: what an action looks at is known without a request', () => {
  const access = accessOver([])
  assert.deepEqual(Object.fromEntries(access.wanted('tag', 'User', 'Document')), {
    Document: { attributes: [], parents: false, tags: true },
    User: { attributes: ['name'], parents: false, tags: false },
  })
  assert.deepEqual(access.warnings, [])
})

test('loading: entities that nobody can find are a warning', () => {
  const access = createAccess({ policies: POLICIES, schema: SCHEMA })
  assert.deepEqual(access.warnings, ['policies look into `Team`, but `objects` cannot find or load one'])
})
