import { RingwallError } from '../core/errors.ts'
import { isForEverything, type Holding, isInForce } from '../core/holding.ts'
import type { Policy } from './cedar/ast.ts'
import { quote } from './cedar/escape.ts'
import type { FindEntity, PlainEntity } from './cedar/objects.ts'
import { parsePolicies } from './cedar/parser.ts'
import { renameByAnnotation } from './cedar/policy.ts'
import { EntityUid } from './cedar/value.ts'
import { PERMISSIONS, Rbac, type RoleHierarchy } from './rbac.ts'

/** Roles and permissions as Cedar: what stands in the policies, and what stands in the entities. */
export interface CedarRoles {
  /** Cedar text: a `permit` for each role, and for each permission those for stored grants of it. */
  readonly text: string
  /** The same, read. */
  readonly policies: readonly Policy[]
  /** Finds the entities of the roles; those that a role inherits are its parents. */
  readonly find: FindEntity
  /**
   * What the holdings make of their subject: parents for roles and grants, and `granted`, the single resources of each
   * permission. Made for one moment; what has expired by then is not in it.
   */
  readonly principal: (
    holdings: readonly Holding[],
    nowMs: number,
    attributes?: Readonly<Record<string, unknown>>,
  ) => PlainEntity
}

/** What is not asked of the roles themselves. */
export interface CedarRolesOptions {
  readonly inherits?: RoleHierarchy
  /** The types for all of whose resources a grant may be: `order:read` on `Order`. */
  readonly resourceTypes?: readonly string[]
}

/** `Role::"manager"`. */
export function roleUid(name: string): EntityUid {
  return new EntityUid('Role', name)
}

/** `Action::"order:read"`: a permission is an action. */
export function actionUid(permission: string): EntityUid {
  return new EntityUid('Action', permission)
}

/** What a stored grant of a permission makes its subject a member of: `Permission::"order:read"`, `Permission::Order::"order:read"`. */
function permissionUid(permission: string, resourceType?: string): EntityUid {
  return new EntityUid(resourceType === undefined ? 'Permission' : `Permission::${resourceType}`, permission)
}

/** Roles and permissions as Cedar policies that give the same answers as `Rbac` and `giversOf`. */
export function rbacToCedar(
  roles: Readonly<Record<string, readonly string[]>>,
  permissions: readonly string[] = PERMISSIONS,
  { inherits = {}, resourceTypes = [] }: CedarRolesOptions = {},
): CedarRoles {
  const rbac = new Rbac(roles, permissions, inherits)
  const text = [
    ...Object.entries(roles).map(([role, given]) =>
      rolePolicy(role, given.includes('*') ? permissions : given),
    ),
    ...permissions.flatMap((permission) => grantPolicies(permission, resourceTypes)),
  ].join('')
  return {
    text,
    policies: read(text),
    find: (uid) =>
      uid.type === 'Role' && rbac.isRole(uid.id)
        ? {
            attributes: {},
            parents: (Object.hasOwn(inherits, uid.id) ? inherits[uid.id] : undefined)?.map(roleUid) ?? [],
          }
        : undefined,
    principal: (holdings, nowMs, attributes = {}) => principalOf(rbac, holdings, nowMs, attributes),
  }
}

/** A role without permissions needs no policy. */
function rolePolicy(role: string, given: readonly string[]): string {
  if (given.length === 0) return ''
  const actions = given.map((permission) => actionUid(permission).toString()).join(', ')
  return `@id(${quote(`role ${role}`)})\npermit (principal in ${roleUid(role).toString()}, action in [${actions}], resource);\n`
}

function grantPolicies(permission: string, resourceTypes: readonly string[]): readonly string[] {
  const action = actionUid(permission).toString()
  const name = quote(permission)
  const permit = (id: string, principal: string, resource: string, condition = ''): string =>
    `@id(${quote(id)})\npermit (${principal}, action == ${action}, ${resource})${condition};\n`
  return [
    permit(`grant ${permission}`, `principal in ${permissionUid(permission).toString()}`, 'resource'),
    ...resourceTypes.map((type) =>
      permit(
        `grant ${permission} on ${type}`,
        `principal in ${permissionUid(permission, type).toString()}`,
        `resource is ${type}`,
      ),
    ),
    permit(
      `grant ${permission} on one`,
      'principal',
      'resource',
      `\nwhen { principal has granted && principal.granted has ${name} && principal.granted[${name}].contains(resource) }`,
    ),
  ]
}

function read(text: string): readonly Policy[] {
  const parsed = parsePolicies(text)
  if (!parsed.ok) {
    const [first] = parsed.errors
    throw new RingwallError(
      'access.not-cedar',
      `a role, permission or resource type is no Cedar name: ${first?.message}`,
    )
  }
  const renamed = renameByAnnotation(parsed.value)
  if (typeof renamed === 'string') throw new RingwallError('access.not-cedar', renamed)
  return renamed
}

function principalOf(
  rbac: Rbac,
  holdings: readonly Holding[],
  nowMs: number,
  attributes: Readonly<Record<string, unknown>>,
): PlainEntity {
  const parents: EntityUid[] = []
  const granted: Record<string, EntityUid[]> = Object.create(null) as Record<string, EntityUid[]>
  for (const holding of holdings) {
    if (!isInForce(holding, nowMs)) continue
    if (isForEverything(holding)) {
      if (holding.kind === 'permission') parents.push(permissionUid(holding.name))
      else if (rbac.isRole(holding.name)) parents.push(roleUid(holding.name))
      continue
    }
    const { resourceType: type, resourceId: id } = holding
    if (type === undefined) continue
    for (const permission of holding.kind === 'role' ? rbac.permissionsOf([holding.name]) : [holding.name]) {
      if (id === undefined) parents.push(permissionUid(permission, type))
      else (granted[permission] ??= []).push(new EntityUid(type, id))
    }
  }
  // INVARIANT: `granted` comes from holdings alone, whatever the application's own attributes are.
  return { attributes: { ...attributes, granted }, parents }
}
