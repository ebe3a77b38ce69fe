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

/** Role-based access control: any of a subject's roles may give the permission (the guide's RBACManager). */
export class Rbac {
  readonly #roles: ReadonlyMap<string, ReadonlySet<string>>
  readonly #known: ReadonlySet<string>

  constructor(
    roles: Readonly<Record<string, readonly string[]>>,
    permissions: readonly string[] = PERMISSIONS,
  ) {
    this.#known = new Set(permissions)
    this.#roles = new Map(Object.entries(roles).map(([role, given]) => [role, this.#expand(role, given)]))
  }

  hasPermission(roles: readonly string[], permission: string): boolean {
    return roles.some((role) => this.#roles.get(role)?.has(permission) === true)
  }

  /** All permissions of all roles. */
  permissionsOf(roles: readonly string[]): ReadonlySet<string> {
    return new Set(roles.flatMap((role) => [...(this.#roles.get(role) ?? [])]))
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
