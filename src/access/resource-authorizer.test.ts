import assert from 'node:assert/strict'
import test from 'node:test'

import type { Holding } from '../core/holding.ts'
import {
  AbacPolicy,
  Authorizer,
  EntityUid,
  type FilterQuestion,
  ObjectEntities,
  parsePolicies,
  rbacToCedar,
  ResourceAuthorizer,
  type ResourceFacts,
  type ResourceUser,
} from './index.ts'

const DOCUMENTS: readonly ResourceFacts[] = [
  { id: 'own', owner: 'ann' },
  { id: 'shared', owner: 'max' },
  { id: 'team', owner: 'max', team: 'red', teamVisible: true },
  { id: 'team by default', owner: 'max', team: 'red' },
  { id: 'hidden from the team', owner: 'max', team: 'red', teamVisible: false },
  { id: 'other team', owner: 'max', team: 'blue', teamVisible: true },
  { id: 'public', owner: 'max', organisation: 'acme', orgPublic: true },
  { id: 'not public', owner: 'max', organisation: 'acme', orgPublic: false },
  { id: 'elsewhere', owner: 'max', organisation: 'other', orgPublic: true },
  { id: 'nobody’s', owner: null, team: null, organisation: null, orgPublic: true },
]
const SHARES = [{ id: 'shared', userId: 'ann', action: 'document:read' }]
const source = {
  find: async (id: string) => DOCUMENTS.find((one) => one.id === id),
  isShared: async (id: string, userId: string, action: string) =>
    SHARES.some((share) => share.id === id && share.userId === userId && share.action === action),
}
const ACTIONS = ['document:read', 'document:write', 'document:delete']
const documents = new ResourceAuthorizer({ type: 'Document', source, actions: ACTIONS })
const ann: ResourceUser = { id: 'ann', teams: ['red'], organisation: 'acme' }
const READABLE = ['own', 'shared', 'team', 'team by default', 'public']

for (const { id } of [...DOCUMENTS, { id: 'no such document' }]) {
  const want = READABLE.includes(id)
  test(`ann ${want ? 'may' : 'may not'} read the document \`${id}\``, async () => {
    assert.equal(await documents.canAccess(ann, id, 'document:read'), want)
  })
  test(`ann ${id === 'own' ? 'may' : 'may not'} delete the document \`${id}\``, async () => {
    assert.equal(await documents.canAccess(ann, id, 'document:delete'), id === 'own')
  })
}

for (const { name, user, id } of [
  { name: 'without teams or organisation, null matches nothing', user: { id: 'eve' }, id: 'nobody’s' },
  { name: 'with a team called null', user: { id: 'eve', teams: ['null', ''] }, id: 'nobody’s' },
  {
    name: 'with an organisation called undefined',
    user: { id: 'eve', organisation: 'undefined' },
    id: 'own',
  },
  { name: 'with the name of a team as id', user: { id: 'red' }, id: 'team' },
  { name: 'with an id that would be more than an id', user: { id: 'ann" || true' }, id: 'own' },
]) {
  test(`a stranger ${name}, and reads nothing`, async () => {
    assert.equal(await documents.canAccess(user, id, 'document:read'), false)
  })
}

test('the decision says what made it', async () => {
  assert.deepEqual((await documents.decide(ann, 'own', 'document:write')).reasons, ['owner'])
  assert.deepEqual((await documents.decide(ann, 'shared', 'document:read')).reasons, ['share'])
  assert.deepEqual((await documents.decide(ann, 'public', 'document:read')).reasons, ['organisation'])
})

test('an action that is not among them is nobody’s, not even the owner’s', async () => {
  assert.equal(await documents.canAccess(ann, 'own', 'document:sell'), false)
})

test('actions of each relation can be told apart', async () => {
  const wide = new ResourceAuthorizer({
    type: 'Document',
    source,
    actions: {
      owner: ['document:delete'],
      share: [],
      team: ['document:write'],
      organisation: ['document:read'],
    },
  })
  const may = (id: string, action: string): Promise<boolean> => wide.canAccess(ann, id, action)
  assert.equal(await may('team', 'document:write'), true)
  assert.equal(await may('team', 'document:read'), false)
  assert.equal(await may('shared', 'document:read'), false)
  assert.equal(await may('own', 'document:read'), false)
  assert.equal(await may('public', 'document:read'), true)
})

test('the list that a filter describes is the list of what the check allows', async () => {
  // The simplest compiler of filters there can be: every row, asked one by one.
  const brute = ({ policies, principal, action, resourceType, context, entities }: FilterQuestion) => {
    const authorizer = new Authorizer(policies, { failedForbid: 'deny' })
    return (facts: ResourceFacts, sharedWith: readonly string[]): boolean => {
      const resource = new EntityUid(resourceType, facts.id)
      const known = (type: string, id: string | null | undefined) =>
        typeof id === 'string' ? new EntityUid(type, id) : undefined
      const attributes = {
        owner: known('User', facts.owner),
        sharedWith: sharedWith.map((id) => new EntityUid('User', id)),
        team: known('Team', facts.team),
        teamVisible: facts.teamVisible,
        organisation: known('Organisation', facts.organisation),
        orgPublic: facts.orgPublic,
      }
      const rows = new ObjectEntities((uid) => (uid.key === resource.key ? { attributes } : undefined))
      const both = { get: (uid: EntityUid) => rows.get(uid) ?? entities.get(uid) }
      return authorizer.isAllowed({ principal, action, resource, context }, both)
    }
  }
  const isListed = documents.filter(ann, 'document:read', brute)
  const listed = DOCUMENTS.filter((one) =>
    isListed(
      one,
      SHARES.filter((share) => share.id === one.id).map((share) => share.userId),
    ),
  )
  assert.deepEqual(
    listed.map(({ id }) => id),
    READABLE,
  )
})

test('roles, elevations and requirements stand beside the relations', async () => {
  const roles = rbacToCedar({ auditor: ['document:read'] }, ACTIONS, { resourceTypes: ['Document'] })
  const requirements = new AbacPolicy({ resourceType: 'Document' }).addRule(
    'nothing public is deleted',
    'action != Action::"document:delete" || !(resource has orgPublic) || !resource.orgPublic',
  )
  const forbids = parsePolicies(requirements.toCedar())
  assert.ok(forbids.ok)
  const wide = new ResourceAuthorizer({
    type: 'Document',
    source,
    actions: ACTIONS,
    policies: [...roles.policies, ...forbids.value],
    find: roles.find,
  })
  const eve = (nowMs: number, ...holdings: readonly Holding[]): ResourceUser => ({
    id: 'eve',
    holds: roles.principal(holdings, nowMs),
  })
  const auditor: Holding = { id: 'a', kind: 'role', name: 'auditor' }
  const elevated: Holding = { id: 'e', kind: 'permission', name: 'document:delete', expiresMs: 1000 }
  const single: Holding = { ...elevated, resourceType: 'Document', resourceId: 'team' }
  assert.equal(await wide.canAccess(eve(0), 'own', 'document:read'), false)
  assert.equal(await wide.canAccess(eve(0, auditor), 'own', 'document:read'), true)
  assert.equal(await wide.canAccess(eve(0, auditor), 'own', 'document:delete'), false)
  assert.equal(await wide.canAccess(eve(999, elevated), 'own', 'document:delete'), true)
  assert.equal(await wide.canAccess(eve(1000, elevated), 'own', 'document:delete'), false, 'at its end')
  assert.equal(await wide.canAccess(eve(999, single), 'team', 'document:delete'), true)
  assert.equal(await wide.canAccess(eve(999, single), 'own', 'document:delete'), false, 'for another')
  assert.equal(await wide.canAccess(eve(999, elevated), 'public', 'document:delete'), false, 'forbidden')
  assert.equal(await wide.canAccess(eve(999, elevated), 'no such document', 'document:delete'), false)
})

test('a type that is no name of Cedar stops the start', () => {
  assert.throws(
    () => new ResourceAuthorizer({ type: 'no type', source, actions: ACTIONS }),
    /cannot be a type/,
  )
})
