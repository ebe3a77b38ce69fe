import {
  ElevatedPermissions,
  type Grant,
  OPERATOR_PERMISSIONS,
  OPERATOR_ROLES,
  Rbac,
} from './access/index.ts'
import type { Config } from './config/index.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { RingwallError } from './core/errors.ts'
import { parseDuration } from './core/units.ts'
import type { Account, Accounts } from './identity/index.ts'
import type { Kept } from './kept.ts'

type Authorization = Config['security']['authorization']

/** What something is given on: resources of a type, or one of them. Absent: everything. */
export interface GrantScope {
  readonly resourceType: string
  readonly resourceId?: string
}

/** What somebody is to be given. */
export interface Giving {
  readonly email: string
  readonly reason: string
  readonly on?: GrantScope
  readonly expiresMs?: number
}

/** One role or permission that an account has, from wherever. */
export interface Held {
  readonly email: string
  readonly kind: 'role' | 'permission'
  readonly name: string
  readonly on: string
  readonly source: 'account' | 'assigned' | 'elevation'
  readonly grantedBy: string | null
  readonly reason: string | null
  readonly expiresMs: number | null
  readonly lastUsedMs: number | null
  /** Of the grant; `account:ROLE` for a role of the account itself. */
  readonly id: string
}

/** Writes an event to the audit log; does not come back before it is there. */
export type RecordEvent = (
  kind: string,
  subject: string,
  data: Readonly<Record<string, string | number>>,
) => Promise<void>

/** What a desk is opened with. */
export interface GrantDeskParts {
  readonly authorization: Authorization
  readonly kept: Kept
  readonly realm: Account['realm']
  /** Who gives and takes. */
  readonly by: string
  readonly record: RecordEvent
  readonly clock?: Clock
}

/** The roles and permissions of a realm: those of the configuration for the site, fixed ones for operators. */
export function rolesOfRealm(
  authorization: Authorization,
  realm: Account['realm'],
): Pick<Authorization, 'roles' | 'permissions' | 'inherits'> {
  if (realm === 'site') return authorization
  const roles = Object.fromEntries(Object.entries(OPERATOR_ROLES).map(([role, given]) => [role, [...given]]))
  return { roles, permissions: [...OPERATOR_PERMISSIONS], inherits: {} }
}

/**
 * Where roles, permissions and elevations are given and taken back: the same for the command line, the operator's pages
 * and their API. Everything that it does is in the audit log before it says that it is done.
 */
export class GrantDesk {
  readonly accounts: Accounts
  readonly rbac: Rbac
  readonly realm: Account['realm']
  readonly by: string
  /** Every permission that can be given. */
  readonly permissions: readonly string[]
  readonly #elevation: Authorization['elevation']
  readonly #kept: Kept
  readonly #clock: Clock
  readonly #record: RecordEvent

  constructor({ authorization, kept, realm, by, record, clock = systemClock }: GrantDeskParts) {
    const { roles, permissions, inherits } = rolesOfRealm(authorization, realm)
    this.accounts = kept.accounts(realm)
    this.rbac = new Rbac(roles, permissions, inherits)
    this.realm = realm
    this.by = by
    this.permissions = permissions
    this.#elevation = authorization.elevation
    this.#kept = kept
    this.#clock = clock
    this.#record = (kind, subject, data) => record(kind, subject, { realm, by, ...data })
  }

  /** The account of this address. */
  async find(email: string): Promise<Account> {
    const account = await this.accounts.findByEmail(email)
    if (account) return account
    throw new RingwallError(
      'access.no-account',
      `there is no ${this.realm} account \`${email}\`; see ringwall user list`,
    )
  }

  /** Gives a role beside those of the account. */
  async assign(name: string, { email, reason, on, expiresMs }: Giving): Promise<Grant> {
    const account = await this.find(email)
    if (!this.rbac.isRole(name))
      throw new RingwallError('access.no-role', `no role \`${name}\`; there is ${this.rbac.roles.join(', ')}`)
    if (on === undefined && expiresMs === undefined && account.roles.includes(name))
      throw new RingwallError('access.already-granted', `${account.email} has \`${name}\` already`)
    return this.#give('role', name, account, { reason, on, expiresMs }, 'access.role-assigned')
  }

  /** Gives one account a permission directly. */
  async grant(name: string, { email, reason, on, expiresMs }: Giving): Promise<Grant> {
    const account = await this.find(email)
    this.#requirePermission(name)
    return this.#give('permission', name, account, { reason, on, expiresMs }, 'access.granted')
  }

  /** Gives roles and permissions for a short time; all of them, or none. */
  async elevate(
    names: readonly string[],
    { email, reason, on, expiresMs, approvedBy }: Giving & { readonly approvedBy?: string },
  ): Promise<readonly Grant[]> {
    const account = await this.find(email)
    const roles = names.filter((name) => this.rbac.isRole(name))
    const permissions = names.filter((name) => !this.rbac.isRole(name))
    for (const name of permissions) this.#requirePermission(name)
    const { default_ttl: defaultMs, max_ttl: maxMs, approval } = this.#elevation
    const limits = { defaultMs, maxMs, approval }
    const elevated = new ElevatedPermissions(this.#kept.grants, this.rbac, this.#clock, limits)
    const made = await elevated.elevate({
      subject: account.id,
      subjectNames: [account.email],
      roles,
      permissions,
      reason,
      by: this.by,
      ...on,
      ...(approvedBy !== undefined && { approvedBy }),
      ...(expiresMs !== undefined && { ttlMs: expiresMs - this.#clock.now() }),
    })
    await this.#recordMade('access.elevated', made)
    return made
  }

  /** Takes one grant, assignment or elevation back, from the next request on. */
  async revoke(id: string, reason?: string): Promise<Grant> {
    const known = await this.#kept.grants.find(id)
    if (!known)
      throw new RingwallError('access.no-grant', `there is no grant \`${id}\`; see ringwall grant list`)
    if (!(await this.#kept.grants.revoke(id, this.by)))
      throw new RingwallError('access.no-grant', `\`${id}\` was revoked before`)
    await this.#record('access.grant-revoked', known.subject, {
      grant: id,
      [known.kind]: known.name,
      on: scopeOf(known),
      ...(reason !== undefined && { reason }),
    })
    return known
  }

  /**
   * Takes a role away wherever it came from; says from where.
   * INVARIANT: afterwards nothing gives the role on that scope any more: no assignment, no elevation, not the account.
   */
  async revokeRole(
    email: string,
    name: string,
    on?: GrantScope,
    reason?: string,
  ): Promise<readonly string[]> {
    const account = await this.find(email)
    const scope = scopeOf(on ?? {})
    const taken: string[] = []
    for (const grant of await this.#inForce(account)) {
      if (grant.kind !== 'role' || grant.name !== name || scopeOf(grant) !== scope) continue
      if (await this.#kept.grants.revoke(grant.id, this.by)) taken.push(grant.id)
    }
    if (on === undefined && account.roles.includes(name)) {
      const rest = account.roles.filter((role) => role !== name)
      await this.accounts.setRoles(account, rest)
      taken.push('of the account; its sessions ended')
      await this.#record('identity.roles-changed', account.id, { roles: rest.join(',') })
    }
    if (taken.length === 0)
      throw new RingwallError(
        'access.no-grant',
        `${account.email} has no role \`${name}\` on ${scope}; see ringwall role list`,
      )
    const why = reason !== undefined && { reason }
    await this.#record('access.role-revoked', account.id, { role: name, on: scope, ...why })
    return taken
  }

  /** Everything that an account has, or that all have. */
  async held(email?: string): Promise<readonly Held[]> {
    const accounts = email === undefined ? await this.accounts.list(100_000) : [await this.find(email)]
    return (await Promise.all(accounts.map((account) => this.#heldBy(account)))).flat()
  }

  async #heldBy(account: Account): Promise<readonly Held[]> {
    const { email } = account
    const own = account.roles.map((name): Held => ({
      email,
      kind: 'role',
      name,
      on: 'everything',
      source: 'account',
      grantedBy: null,
      reason: null,
      expiresMs: null,
      lastUsedMs: null,
      id: `account:${name}`,
    }))
    const given = (await this.#inForce(account)).map((grant): Held => ({
      email,
      kind: grant.kind,
      name: grant.name,
      on: scopeOf(grant),
      source: grant.isElevation ? 'elevation' : 'assigned',
      grantedBy: grant.grantedBy,
      reason: grant.reason,
      expiresMs: grant.expiresMs,
      lastUsedMs: grant.lastUsedMs,
      id: grant.id,
    }))
    return [...own, ...given]
  }

  #inForce({ id }: Account): Promise<readonly Grant[]> {
    return this.#kept.grants.list({ subject: id, pendingOrInForceMs: this.#clock.now() })
  }

  async #give(
    kind: Grant['kind'],
    name: string,
    account: Account,
    {
      reason,
      on,
      expiresMs,
    }: Pick<Giving, 'reason'> & { on: GrantScope | undefined; expiresMs: number | undefined },
    event: string,
  ): Promise<Grant> {
    const made = await this.#kept.grants.add({
      kind,
      name,
      subject: account.id,
      reason,
      by: this.by,
      ...on,
      ...(expiresMs !== undefined && { expiresMs }),
    })
    await this.#recordMade(event, [made])
    return made
  }

  /** What cannot be recorded is taken back, since nobody could answer for it. */
  async #recordMade(event: string, grants: readonly Grant[]): Promise<void> {
    try {
      for (const grant of grants) await this.#record(event, grant.subject, eventData(grant))
    } catch (thrown) {
      for (const { id } of grants) await this.#kept.grants.revoke(id, this.by)
      throw thrown
    }
  }

  #requirePermission(name: string): void {
    if (this.rbac.isPermission(name)) return
    throw new RingwallError(
      'access.no-permission',
      `no permission \`${name}\`; there is ${this.permissions.join(', ')}`,
    )
  }
}

/** A moment to come: `15m` from now, or a date. Undefined where the text is neither. */
export function readEnd(text: string, nowMs: number): number | undefined {
  const inMs = parseDuration(text)
  const at = inMs === undefined ? Date.parse(text) : nowMs + inMs
  return Number.isNaN(at) || at <= nowMs ? undefined : at
}

/** `Order::7` or `Order::*`. Undefined where the text is neither. */
export function readScope(text: string): GrantScope | undefined {
  const [, resourceType = '', resourceId = ''] = /^([\w:]{1,200})::([^:].{0,200})$/.exec(text) ?? []
  if (resourceType === '') return undefined
  return resourceId === '*' ? { resourceType } : { resourceType, resourceId }
}

/** What a grant is for: everything, a type, or one resource. */
export function scopeOf({
  resourceType,
  resourceId,
}: {
  readonly resourceType?: string | null
  readonly resourceId?: string | null
}): string {
  if (resourceType === undefined || resourceType === null) return 'everything'
  return `${resourceType}::${resourceId ?? '*'}`
}

/** A time in a table: to the second, in UTC. */
export function when(ms: number | null | undefined, otherwise: string): string {
  return ms === null || ms === undefined ? otherwise : new Date(ms).toISOString().slice(0, 19).concat('Z')
}

function eventData(grant: Grant): Readonly<Record<string, string>> {
  return {
    grant: grant.id,
    [grant.kind]: grant.name,
    on: scopeOf(grant),
    reason: grant.reason,
    expires: when(grant.expiresMs, 'never'),
    ...(grant.approvedBy !== null && { approved_by: grant.approvedBy }),
  }
}
