// The two ways to ask about roles and grants - the classes, and the generated Cedar policy - give one answer.
import assert from 'node:assert/strict'
import test from 'node:test'

import type { Holding } from '../core/holding.ts'
import {
  Authorizer,
  EntityUid,
  formatPolicies,
  giversOf,
  GUIDE_ROLES,
  holdingsOf,
  ObjectEntities,
  PERMISSIONS,
  Rbac,
  rbacToCedar,
} from './index.ts'

const NOW = 1_000_000
const ANN = new EntityUid('User', 'ann')

function decide(
  cedar: ReturnType<typeof rbacToCedar>,
  authorizer: Authorizer,
  holdings: readonly Holding[],
  permission: string,
  resource: { readonly type: string; readonly id: string },
  nowMs: number,
): boolean {
  const principal = cedar.principal(holdings, nowMs, {
    granted: { 'order:read@Order': [new EntityUid('Order', '9')] },
  })
  const entities = new ObjectEntities((uid) => (uid.key === ANN.key ? principal : cedar.find(uid)))
  const request = {
    principal: ANN,
    action: new EntityUid('Action', permission),
    resource: new EntityUid(resource.type, resource.id),
  }
  const { decision, errors } = authorizer.isAuthorized(request, entities)
  assert.deepEqual(errors, [])
  assert.equal(authorizer.isAllowed(request, entities), decision === 'allow')
  return decision === 'allow'
}

/** A small generator of numbers that is the same on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return state % below
  }
}

test('the classes and the generated policy answer alike, for any roles, hierarchies and grants', () => {
  const seen = { allow: 0, deny: 0 }
  for (let round = 0; round < 200; round++) {
    const next = numbers(round * 7919 + 1)
    const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T
    const names = ['alpha', 'b"eta', '__proto__', 'delta', '\u00e9psilon']
    const given = (): string[] => [
      ...new Set(Array.from({ length: next(3) }, () => (next(12) === 0 ? '*' : pick(PERMISSIONS)))),
    ]
    const roles = Object.fromEntries(names.map((name) => [name, given()]))
    // Only earlier roles are inherited, so there is no circle.
    const inherits = Object.fromEntries(
      names.map((name, i) => [name, names.slice(0, i).filter(() => next(4) === 0)]),
    )
    const rbac = new Rbac(roles, PERMISSIONS, inherits)
    const cedar = rbacToCedar(roles, PERMISSIONS, { inherits, resourceTypes: ['Order', 'Shop::Document'] })
    const authorizer = new Authorizer(cedar.policies)
    for (let i = 0; i < 40; i++) {
      const holding = (id: number): Holding => ({
        id: String(id),
        ...(next(2) === 0
          ? { kind: 'role', name: pick([...names, 'nobody']) }
          : { kind: 'permission', name: pick([...PERMISSIONS, 'no:such']) }),
        ...(next(2) === 0 && { resourceType: pick(['Order', 'Shop::Document']) }),
        ...(next(3) === 0 && { resourceId: pick(['7', '8']) }),
        ...(next(3) === 0 && { expiresMs: NOW - 1 + next(3) }),
      })
      const holdings = Array.from({ length: next(3) }, (_, id) => holding(id))
      const permission = pick([...PERMISSIONS, 'no:such'])
      const resource = { type: pick(['Order', 'Shop::Document']), id: pick(['7', '8', '9']) }
      const want = giversOf(rbac, holdings, { permission, resource, nowMs: NOW }).length > 0
      const got = decide(cedar, authorizer, holdings, permission, resource, NOW)
      assert.equal(got, want, JSON.stringify({ roles, inherits, holdings, permission, resource }))
      seen[got ? 'allow' : 'deny']++
    }
  }
  assert.ok(seen.allow > 500 && seen.deny > 500, JSON.stringify(seen))
})

test("the guide's roles answer alike, for every role and permission", () => {
  const rbac = new Rbac(GUIDE_ROLES)
  const cedar = rbacToCedar(GUIDE_ROLES)
  const authorizer = new Authorizer(cedar.policies)
  for (const role of [...Object.keys(GUIDE_ROLES), 'nobody'])
    for (const permission of PERMISSIONS)
      assert.equal(
        decide(cedar, authorizer, holdingsOf({ roles: [role] }), permission, { type: 'Order', id: '7' }, NOW),
        rbac.hasPermission([role], permission),
        `${role} ${permission}`,
      )
})

test('the generated policy is readable, and is named after what it came from', () => {
  const { text, policies } = rbacToCedar({ clerk: ['order:read'], guest: [] }, ['order:read'], {
    resourceTypes: ['Order'],
  })
  assert.deepEqual(
    policies.map(({ id }) => id),
    ['role clerk', 'grant order:read', 'grant order:read on Order', 'grant order:read on one Order'],
  )
  assert.match(text, /permit \(principal in Role::"clerk", action in \[Action::"order:read"\], resource\);/)
  assert.ok(formatPolicies(text).ok)
})

for (const { name, run, want } of [
  {
    name: 'a resource type that is no name of Cedar stops the start',
    run: () =>
      rbacToCedar({}, ['a:b'], {
        resourceTypes: ['Order) when { true }; permit (principal, action, resource'],
      }),
    want: /no Cedar name/,
  },
  {
    name: 'a permission that does not exist stops the start',
    run: () => rbacToCedar({ x: ['a:b'] }, ['c:d']),
    want: /no permission `a:b`/,
  },
  {
    name: 'a role that inherits from nowhere stops the start',
    run: () => new Rbac({ x: [] }, [], { x: ['y'] }),
    want: /`inherits` has no role `y`; there is x/,
  },
  {
    name: 'a role that is not there inherits nothing',
    run: () => new Rbac({ x: [] }, [], { y: ['x'] }),
    want: /`inherits` has no role `y`/,
  },
  {
    name: 'roles that inherit each other stop the start',
    run: () => new Rbac({ x: [], y: [], z: [] }, [], { x: ['y'], y: ['z'], z: ['x'] }),
    want: /inherits itself/,
  },
  {
    name: 'a role that inherits itself stops the start',
    run: () => new Rbac({ x: [] }, [], { x: ['x'] }),
    want: /role `x` inherits itself/,
  },
]) {
  test(name, () => assert.throws(run, want))
}

const house = new Rbac({ clerk: ['order:read'], manager: ['order:write'], chief: [] }, undefined, {
  manager: ['clerk'],
  chief: ['manager'],
})

for (const { roles, wanted, want } of [
  { roles: ['chief'], wanted: ['clerk'], want: true },
  { roles: ['clerk'], wanted: ['manager', 'chief'], want: false },
  { roles: ['nobody', 'manager'], wanted: ['chief', 'clerk'], want: true },
  { roles: ['nobody'], wanted: ['nobody'], want: false },
  { roles: [], wanted: ['clerk'], want: false },
  { roles: ['clerk'], wanted: [], want: false },
]) {
  test(`[${roles.join()}] ${want ? 'counts' : 'does not count'} as any of [${wanted.join()}]`, () => {
    assert.equal(house.hasAnyRole(roles, wanted), want)
  })
}

test('what is inherited is given, through several roles', () => {
  assert.deepEqual([...house.permissionsOf(['chief'])].toSorted(), ['order:read', 'order:write'])
  assert.equal(house.hasPermission(['clerk'], 'order:write'), false)
})

const HELD: Holding = { id: 'g', kind: 'permission', name: 'order:read' }
for (const { name, holding, resource, want } of [
  { name: 'for everything counts where no resource is named', holding: HELD, want: true },
  { name: 'for one type does not', holding: { ...HELD, resourceType: 'Order' }, want: false },
  {
    name: 'for one type counts for each of it',
    holding: { ...HELD, resourceType: 'Order' },
    resource: { type: 'Order', id: '1' },
    want: true,
  },
  {
    name: 'for one resource does not count for another',
    holding: { ...HELD, resourceType: 'Order', resourceId: '2' },
    resource: { type: 'Order', id: '1' },
    want: false,
  },
  {
    name: 'an id without a type counts for nothing',
    holding: { ...HELD, resourceId: '1' },
    resource: { type: 'Order', id: '1' },
    want: false,
  },
  { name: 'one millisecond before its end counts', holding: { ...HELD, expiresMs: NOW + 1 }, want: true },
  { name: 'at its end does not', holding: { ...HELD, expiresMs: NOW }, want: false },
]) {
  test(`a grant ${name}`, () => {
    const question = { permission: 'order:read', nowMs: NOW, ...(resource && { resource }) }
    assert.equal(giversOf(house, [holding], question).length > 0, want)
  })
}
