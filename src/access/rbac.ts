import { RingwallError } from '../core/errors.ts'

/** The guide's permissions. */
export const PERMISSIONS = [
  'user:read',
  'user:write',
  'user:delete',
  'order:read',
  'order:write',
  'order:delete',
  'system:config',
  'audit:read',
] as const

/** The guide's roles. `*` stands for all permissions. */
export const GUIDE_ROLES = {
  customer: ['user:read', 'order:read', 'order:write'],
  support: ['user:read', 'order:read', 'order:write'],
  manager: ['user:read', 'user:write', 'order:read', 'order:write', 'order:delete', 'audit:read'],
  admin: ['*'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** The roles from which each role has everything that they have, in turn. */
export type RoleHierarchy = Readonly<Record<string, readonly string[]>>

const NONE: ReadonlySet<string> = new Set()

/** Role-based access control: any of a subject's roles may give the permission (the guide's RBACManager). */
export class Rbac {
  /** What each role gives of itself and through the roles that it inherits. */
  readonly #roles: ReadonlyMap<string, ReadonlySet<string>>
  /** Each role, and all that it inherits: what it counts as. */
  readonly #counts: ReadonlyMap<string, ReadonlySet<string>>
  readonly #known: ReadonlySet<string>

  constructor(
    roles: Readonly<Record<string, readonly string[]>>,
    permissions: readonly string[] = PERMISSIONS,
    inherits: RoleHierarchy = {},
  ) {
    this.#known = new Set(permissions)
    const own = new Map(Object.entries(roles).map(([role, given]) => [role, this.#expand(role, given)]))
    const parents = new Map(Object.entries(inherits))
    checkHierarchy(own, parents)
    this.#counts = new Map([...own.keys()].map((role) => [role, closureOf(role, parents)]))
    this.#roles = new Map(
      [...this.#counts].map(([role, all]) => [
        role,
        new Set([...all].flatMap((one) => [...(own.get(one) ?? NONE)])),
      ]),
    )
  }

  hasPermission(roles: readonly string[], permission: string): boolean {
    return roles.some((role) => this.#roles.get(role)?.has(permission) === true)
  }

  /** Whether any of the roles is one of the wanted, or inherits one. */
  hasAnyRole(roles: readonly string[], wanted: readonly string[]): boolean {
    return roles.some((role) => wanted.some((one) => this.#counts.get(role)?.has(one) === true))
  }

  /** The roles, and all that they inherit. */
  countsAs(roles: readonly string[]): ReadonlySet<string> {
    return new Set(roles.flatMap((role) => [role, ...(this.#counts.get(role) ?? NONE)]))
  }

  /** All permissions of all roles. */
  permissionsOf(roles: readonly string[]): ReadonlySet<string> {
    return new Set(roles.flatMap((role) => [...(this.#roles.get(role) ?? NONE)]))
  }

  isPermission(name: string): boolean {
    return this.#known.has(name)
  }

  isRole(name: string): boolean {
    return this.#roles.has(name)
  }

  get roles(): readonly string[] {
    return [...this.#roles.keys()]
  }

  #expand(role: string, given: readonly string[]): ReadonlySet<string> {
    for (const permission of given) {
      if (permission !== '*' && !this.#known.has(permission)) {
        const known = [...this.#known].join(', ')
        throw new RingwallError(
          'access.permission-unknown',
          `role \`${role}\`: no permission \`${permission}\`; there is ${known}`,
        )
      }
    }
    return new Set(given.includes('*') ? this.#known : given)
  }
}

/** Every role in it must exist, and none may inherit itself. */
function checkHierarchy(
  roles: ReadonlyMap<string, unknown>,
  parents: ReadonlyMap<string, readonly string[]>,
): void {
  for (const [role, above] of parents) {
    const unknown = [role, ...above].find((one) => !roles.has(one))
    if (unknown !== undefined) {
      const known = [...roles.keys()].join(', ')
      throw new RingwallError(
        'access.role-unknown',
        `\`inherits\` has no role \`${unknown}\`; there is ${known}`,
      )
    }
    if (above.some((one) => closureOf(one, parents).has(role)))
      throw new RingwallError(
        'access.role-circle',
        `role \`${role}\` inherits itself; take it out of \`inherits\``,
      )
  }
}

/** A role and everything that it inherits. */
function closureOf(role: string, parents: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>()
  const rest = [role]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (found.has(next)) continue
    found.add(next)
    rest.push(...(parents.get(next) ?? []))
  }
  return found
}

/** Thrown by `requirePermission` when none of the roles has it. */
export class PermissionDenied extends Error {
  readonly permission: string

  constructor(permission: string) {
    super(`permission ${permission} required`)
    this.name = 'PermissionDenied'
    this.permission = permission
  }
}

/** Wraps a function so that it runs only for roles with the permission (the guide's require_permission). */
export function requirePermission<Args extends readonly unknown[], Result>(
  rbac: Rbac,
  permission: string,
  currentRoles: () => readonly string[],
  run: (...args: Args) => Result,
): (...args: Args) => Result {
  if (!rbac.isPermission(permission))
    throw new RingwallError('access.permission-unknown', `no permission \`${permission}\``)
  return (...args) => {
    if (!rbac.hasPermission(currentRoles(), permission)) throw new PermissionDenied(permission)
    return run(...args)
  }
}
