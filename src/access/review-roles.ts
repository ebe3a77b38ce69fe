import type { Holding } from '../core/holding.ts'
import { covers } from './grants-in-force.ts'
import { Rbac, type RoleHierarchy } from './rbac.ts'
import { decideByRoles } from './review.ts'
import { type DecisionTally, holdingsIn, type TalliedDecision } from './review-log.ts'

/** What of one role was used in the time looked at. */
export interface RoleUse {
  readonly role: string
  /** How often each permission that the role has of its own was used through it. */
  readonly uses: Readonly<Record<string, number>>
  /** Permissions that nobody used through it. */
  readonly unused: readonly string[]
}

/** The roles without what nobody used, and what the recorded decisions would be with them. */
export interface RoleReview {
  readonly roles: readonly RoleUse[]
  /** `security.authorization.roles` with only what was used. */
  readonly suggested: Readonly<Record<string, readonly string[]>>
  /** Recorded decisions that would be others with the suggested roles. Always 0, or something is wrong. */
  readonly otherWithSuggested: number
  /** Whether every recorded decision is here with everything that it rested on; else nothing is proven. */
  readonly isProven: boolean
}

/** Finds what roles give that nobody used: least privilege from observed use (NIST SP 800-53 AC-6). */
export function reviewRoles({
  roles,
  permissions,
  inherits = {},
  decisions,
  known,
}: {
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly permissions: readonly string[]
  readonly inherits?: RoleHierarchy
  readonly decisions: DecisionTally
  readonly known: ReadonlyMap<string, Holding>
}): RoleReview {
  const today = new Rbac(roles, permissions, inherits)
  const all = [...decisions.bySubject().values()].flat()
  const used = Object.entries(roles).map(([role, given]): RoleUse => {
    const own = given.includes('*') ? permissions : given
    const uses = Object.fromEntries(
      own.map((permission) => [permission, usesThrough(today, role, permission, all, known)]),
    )
    return { role, uses, unused: own.filter((permission) => uses[permission] === 0) }
  })
  const suggested = Object.fromEntries(
    used.map(({ role, uses, unused }) => [
      role,
      Object.keys(uses).filter((permission) => !unused.includes(permission)),
    ]),
  )
  const [before, after] = [decideByRoles(today), decideByRoles(new Rbac(suggested, permissions, inherits))]
  const otherWithSuggested = all
    .filter(({ decision }) => {
      const holdings = holdingsIn(decision, known) ?? []
      return before(holdings, decision) !== after(holdings, decision)
    })
    .reduce((sum, { count }) => sum + count, 0)
  const isProven = decisions.isWhole && all.every(({ decision }) => holdingsIn(decision, known) !== undefined)
  return { roles: used, suggested, otherWithSuggested, isProven }
}

/** How often a permission was asked for by somebody who held the role, or one that inherits it, for that resource. */
function usesThrough(
  rbac: Rbac,
  role: string,
  permission: string,
  all: readonly TalliedDecision[],
  known: ReadonlyMap<string, Holding>,
): number {
  return all
    .filter(
      ({ decision }) =>
        decision.permission === permission &&
        holdingsIn(decision, known)?.some(
          (holding) =>
            holding.kind === 'role' &&
            rbac.hasAnyRole([holding.name], [role]) &&
            covers(holding, decision.resource),
        ) === true,
    )
    .reduce((sum, { count }) => sum + count, 0)
}
