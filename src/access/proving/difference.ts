import type { Policy } from '../cedar/ast.ts'
import type { RequestType } from '../cedar/validation.ts'
import type { Effort, Explorer, Search } from './exploration.ts'
import { isSatisfied, SearchedPolicies } from './searched-policies.ts'
import type { Situation } from './situation.ts'

/** A set of policies and the same with one of them changed. */
export interface Alteration {
  readonly before: SearchedPolicies
  readonly after: SearchedPolicies
  readonly policy: Policy
  /** Undefined: it was removed. */
  readonly variant: Policy | undefined
}

/** Changes one policy of a set. */
export function alter(before: SearchedPolicies, policy: Policy, variant: Policy | undefined): Alteration {
  const after = before.policies.flatMap((one) => (one === policy ? (variant ?? []) : [one]))
  return { before, after: new SearchedPolicies(after), policy, variant }
}

/** A search for a request that is decided otherwise, and whether the other policies ever mattered. */
export interface DifferenceSearch extends Search {
  readonly isLocal: boolean
}

/**
 * Looks for a request of a type that an alteration decides otherwise. First the altered policy alone is asked, so
 * that the others are looked at only where it differs.
 */
export function findDifference(
  explorer: Explorer,
  { before, after, policy, variant }: Alteration,
  type: RequestType,
  effort?: Effort,
): DifferenceSearch {
  let isLocal = true
  const hasSameEffect = variant === undefined || variant.effect === policy.effect
  const search = explorer.find(
    type,
    (situation) => {
      if (hasSameEffect && !differs(situation, policy, variant)) return false
      isLocal = false
      const one = before.isAllowed(situation, type)
      if (one === undefined) return false
      const other = after.isAllowed(situation, type)
      return other !== undefined && one !== other
    },
    effort,
    () => isLocal,
  )
  return { ...search, isLocal }
}

/** Whether one policy is satisfied and the other is not; false also while that is open. */
function differs(situation: Situation, policy: Policy, variant: Policy | undefined): boolean {
  const one = isSatisfied(policy, situation)
  if (situation.open !== undefined) return false
  const other = variant !== undefined && isSatisfied(variant, situation)
  return situation.open === undefined && one !== other
}
