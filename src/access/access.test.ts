import assert from 'node:assert/strict'
import test from 'node:test'

import {
  accessWall,
  authorizationSchema,
  GUIDE_ROLES,
  PermissionDenied,
  Rbac,
  requirePermission,
} from './index.ts'

const rbac = new Rbac(GUIDE_ROLES)

for (const { roles, permission, want } of [
  { roles: ['customer'], permission: 'order:read', want: true },
  { roles: ['customer'], permission: 'user:write', want: false },
  { roles: ['support'], permission: 'order:write', want: true },
  { roles: ['support'], permission: 'order:delete', want: false },
  { roles: ['manager'], permission: 'order:delete', want: true },
  { roles: ['manager'], permission: 'system:config', want: false },
  { roles: ['admin'], permission: 'system:config', want: true },
  { roles: ['customer', 'manager'], permission: 'audit:read', want: true },
  { roles: [], permission: 'order:read', want: false },
  { roles: ['nobody'], permission: 'order:read', want: false },
  { roles: ['__proto__', 'constructor'], permission: 'order:read', want: false },
  { roles: ['admin'], permission: 'no:such', want: false },
]) {
  test(`rbac: [${roles.join()}] ${want ? 'may' : 'may not'} ${permission}`, () => {
    assert.equal(rbac.hasPermission(roles, permission), want)
  })
}

test('permissions of several roles add up', () => {
  assert.deepEqual([...rbac.permissionsOf(['customer', 'support'])].toSorted(), [
    'order:read',
    'order:write',
    'user:read',
  ])
  assert.equal(rbac.permissionsOf(['admin']).size, 8)
})

test('a permission that does not exist stops the start, in a role and on a route', () => {
  assert.throws(() => new Rbac({ x: ['order:reed'] }), /no permission `order:reed`; there is user:read/)
  assert.throws(
    () => accessWall(authorizationSchema.parse({}), { name: 'r', path: '/', permission: 'order:reed' }),
    /route `r`/,
  )
})

test("the guide's decorator: the function runs only with the permission", () => {
  let roles = ['customer']
  const update = requirePermission(
    rbac,
    'user:write',
    () => roles,
    (id: number) => `updated ${id}`,
  )
  assert.throws(() => update(7), PermissionDenied)
  roles = ['manager']
  assert.equal(update(7), 'updated 7')
})
