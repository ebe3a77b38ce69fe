import { RingwallError } from '../core/errors.ts'
import { isForEverything, type Holding, isInForce } from '../core/holding.ts'
import type { Policy } from './cedar/ast.ts'
import { quote } from './cedar/escape.ts'
import type { FindEntity, PlainEntity } from './cedar/objects.ts'
import { parsePolicies } from './cedar/parser.ts'
import { renameByAnnotation } from './cedar/policy.ts'
import { EntityUid } from './cedar/value.ts'
import { isTypeName } from './grants-draft.ts'
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
  /** The types of resources that a grant may be limited to. A grant for one of another type gives nothing. */
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

/** What a stored grant of a permission makes its subject a member of. */
function permissionUid(permission: string): EntityUid {
  return new EntityUid('Permission', permission)
}

/** The same for all resources of a type. */
function typedPermissionUid(permission: string, resourceType: string): EntityUid {
  return new EntityUid('TypedPermission', keyOf(permission, resourceType))
}

/** `order:read@Order`. A type has no `@` in it, so two pairs never have the same key. */
function keyOf(permission: string, resourceType: string): string {
  return `${permission}@${resourceType}`
}

/** Roles and permissions as Cedar policies that give the same answers as `Rbac` and `giversOf`. */
export function rbacToCedar(
  roles: Readonly<Record<string, readonly string[]>>,
  permissions: readonly string[] = PERMISSIONS,
  { inherits = {}, resourceTypes = [] }: CedarRolesOptions = {},
): CedarRoles {
  const rbac = new Rbac(roles, permissions, inherits)
  const types = new Set(resourceTypes)
  const wrong = resourceTypes.find((type) => !isTypeName(type))
  if (wrong !== undefined)
    throw new RingwallError('access.not-cedar', `\`${wrong}\` is no Cedar name of a type`)
  const text = [
    ...Object.entries(roles).map(([role, given]) =>
      rolePolicy(role, given.includes('*') ? permissions : given),
    ),
    ...permissions.flatMap((permission) => grantPolicies(permission, types)),
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
    principal: (holdings, nowMs, attributes = {}) =>
      principalOf(
        rbac,
        types,
        holdings.filter((holding) => isInForce(holding, nowMs)),
        attributes,
      ),
  }
}

/** A role without permissions needs no policy. */
function rolePolicy(role: string, given: readonly string[]): string {
  if (given.length === 0) return ''
  const actions = given.map((permission) => actionUid(permission).toString()).join(', ')
  return `@id(${quote(`role ${role}`)})\npermit (principal in ${roleUid(role).toString()}, action in [${actions}], resource);\n`
}

function grantPolicies(permission: string, resourceTypes: ReadonlySet<string>): readonly string[] {
  const action = `action == ${actionUid(permission).toString()}`
  const permit = (id: string, principal: string, resource: string, condition = ''): string =>
    `@id(${quote(id)})\npermit (${principal}, ${action}, ${resource})${condition};\n`
  const ofType = (type: string): readonly string[] => {
    const key = quote(keyOf(permission, type))
    const uid = typedPermissionUid(permission, type).toString()
    const isOne = `principal has granted && principal.granted has ${key} && principal.granted[${key}].contains(resource)`
    return [
      permit(`grant ${permission} on ${type}`, `principal in ${uid}`, `resource is ${type}`),
      permit(`grant ${permission} on one ${type}`, 'principal', `resource is ${type}`, `\nwhen { ${isOne} }`),
    ]
  }
  return [
    permit(`grant ${permission}`, `principal in ${permissionUid(permission).toString()}`, 'resource'),
    ...[...resourceTypes].flatMap(ofType),
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
  types: ReadonlySet<string>,
  holdings: readonly Holding[],
  attributes: Readonly<Record<string, unknown>>,
): PlainEntity {
  const parents: EntityUid[] = []
  const granted: Record<string, EntityUid[]> = Object.create(null) as Record<string, EntityUid[]>
  for (const holding of holdings) {
    const { kind, name, resourceType: type, resourceId: id } = holding
    if (kind === 'role' ? !rbac.isRole(name) : !rbac.isPermission(name)) continue
    if (isForEverything(holding)) parents.push(kind === 'role' ? roleUid(name) : permissionUid(name))
    if (type === undefined || !types.has(type)) continue
    for (const permission of kind === 'role' ? rbac.permissionsOf([name]) : [name]) {
      if (id === undefined) parents.push(typedPermissionUid(permission, type))
      else (granted[keyOf(permission, type)] ??= []).push(new EntityUid(type, id))
    }
  }
  // INVARIANT: `granted` comes from holdings alone, whatever the application's own attributes are.
  return { attributes: { ...attributes, granted }, parents }
}
