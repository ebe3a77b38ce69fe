import type { Clock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { Holding, SessionBinding } from '../core/holding.ts'
import type { Grant, Grants } from './grants.ts'
import type { Rbac } from './rbac.ts'

/** How long elevations may be, and whether somebody else must agree. */
export interface ElevationLimits {
  readonly defaultMs: number
  readonly maxMs: number
  readonly approval: 'optional' | 'required'
}

/** The guide's 15 minutes; at most a working day. */
export const ELEVATION_LIMITS: ElevationLimits = {
  defaultMs: 15 * 60_000,
  maxMs: 8 * 3_600_000,
  approval: 'optional',
}

/** More rights for a task: which, for whom, why, and for how long. */
export interface ElevationRequest {
  readonly subject: string
  /** What else the subject is called, such as the e-mail address: approvers are told apart by it. */
  readonly subjectNames?: readonly string[]
  readonly roles?: readonly string[]
  readonly permissions?: readonly string[]
  /** Only for these resources. */
  readonly resourceType?: string
  readonly resourceId?: string
  readonly reason: string
  readonly by: string
  readonly approvedBy?: string
  readonly ttlMs?: number
  /** Only in this session, while its version lasts. */
  readonly session?: SessionBinding
}

/**
 * Elevated rights for a short time (the guide's TemporaryAccessToken), kept in the store in place of a token: so they
 * can be ended early, and count wherever the subject's holdings count - at the gateway, in a check, in a filter, in the
 * database - and nowhere any more from the millisecond of their end.
 */
export class ElevatedPermissions {
  readonly #grants: Grants
  readonly #rbac: Rbac
  readonly #clock: Clock
  readonly #limits: ElevationLimits

  constructor(grants: Grants, rbac: Rbac, clock: Clock, limits: Partial<ElevationLimits> = {}) {
    this.#grants = grants
    this.#rbac = rbac
    this.#clock = clock
    this.#limits = { ...ELEVATION_LIMITS, ...limits }
  }

  /** Gives the rights from now on; all of them, or none. */
  async elevate(request: ElevationRequest): Promise<readonly Grant[]> {
    const {
      subject,
      roles = [],
      permissions = [],
      reason,
      by,
      approvedBy,
      resourceType,
      resourceId,
      session,
    } = request
    const ttlMs = this.#checkTtl(request.ttlMs ?? this.#limits.defaultMs)
    this.#checkApproval(request)
    const wanted = [...this.#known('role', roles), ...this.#known('permission', permissions)]
    if (wanted.length === 0) throw wrong('name a role or a permission')
    const expiresMs = this.#clock.now() + ttlMs
    const given: Grant[] = []
    try {
      for (const { kind, name } of wanted) {
        given.push(
          await this.#grants.add({
            kind,
            name,
            subject,
            reason,
            by,
            expiresMs,
            isElevation: true,
            ...(approvedBy !== undefined && { approvedBy }),
            ...(resourceType !== undefined && { resourceType }),
            ...(resourceId !== undefined && { resourceId }),
            ...(session && { session }),
          }),
        )
      }
    } catch (thrown) {
      for (const { id } of given) await this.#grants.revoke(id, by)
      throw thrown
    }
    return given
  }

  /** The elevations of a subject that count now. */
  async of(subject: string): Promise<readonly Grant[]> {
    const nowMs = this.#clock.now()
    const grants = await this.#grants.list({ subject, pendingOrInForceMs: nowMs })
    return grants.filter((grant) => grant.isElevation && grant.notBeforeMs <= nowMs)
  }

  /** Ends all elevations of a subject before their time; gives how many. */
  async end(subject: string, by: string): Promise<number> {
    const ended = (await this.of(subject)).map(({ id }) => this.#grants.revoke(id, by))
    return (await Promise.all(ended)).filter(Boolean).length
  }

  #checkTtl(ttlMs: number): number {
    const { maxMs } = this.#limits
    if (Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= maxMs) return ttlMs
    throw wrong(
      `it must end within ${maxMs / 60_000} minutes; what is needed for longer is a role or a grant`,
    )
  }

  /** Nobody approves what is for himself or what he gives himself (separation of duties, NIST SP 800-53 AC-5). */
  #checkApproval({ subject, subjectNames = [], by, approvedBy }: ElevationRequest): void {
    if (approvedBy === undefined) {
      if (this.#limits.approval === 'required') throw wrong('somebody else must approve it; name who did')
    } else if ([subject, ...subjectNames, by].some((name) => isSameName(name, approvedBy))) {
      throw wrong('the approver must be somebody else than who gets it and who gives it')
    }
  }

  #known(kind: Holding['kind'], names: readonly string[]): readonly Pick<Holding, 'kind' | 'name'>[] {
    return names.map((name) => {
      if (kind === 'role' ? this.#rbac.isRole(name) : this.#rbac.isPermission(name)) return { kind, name }
      throw wrong(`there is no ${kind} \`${name}\``)
    })
  }
}

function isSameName(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase()
}

function wrong(message: string): RingwallError {
  return new RingwallError('access.elevation-refused', message)
}
