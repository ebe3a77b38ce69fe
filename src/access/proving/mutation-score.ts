import { type Policy, slotsOf } from '../cedar/ast.ts'
import { Authorizer } from '../cedar/authorizer.ts'
import type { Env } from '../cedar/environment.ts'
import { allowsAction, compilePolicy } from '../cedar/policy.ts'
import type { Schema } from '../cedar/schema.ts'
import { allowsType } from '../cedar/head.ts'
import { envOf } from '../cedar/environment.ts'
import { type PolicyCase, realize } from './case.ts'
import { isDecidable } from './decidable.ts'
import { alter, findDifference } from './difference.ts'
import { Explorer } from './exploration.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { isSameFor } from './normal-form.ts'
import { SearchedPolicies } from './searched-policies.ts'
import { requestTypesOf } from '../cedar/request-types.ts'

/** A mutant that no case told from the policies. */
export interface Survivor {
  readonly mutant: Mutant
  /** A request that would tell it, if one was found. */
  readonly missing?: PolicyCase
}

/** How well cases tell policies from policies with a mistake in them. */
export interface MutationScore {
  readonly total: number
  readonly killed: number
  /** Proved to decide every request as the policies do; they count neither way. */
  readonly equivalent: readonly Mutant[]
  readonly survivors: readonly Survivor[]
  /** Killed per hundred of those that are not equivalent. */
  readonly percent: number
}

/** Holds every mutant of every policy against the cases; with a schema, survivors are looked into. */
export function scoreMutants(
  policies: readonly Policy[],
  cases: readonly PolicyCase[],
  schema?: Schema,
): MutationScore {
  const linked = policies.filter((policy) => slotsOf(policy).length === 0)
  const judged = cases.map((one) => judgeCase(linked, one))
  const all = linked.flatMap((policy, at) => mutantsOf(policy).map((mutant) => ({ mutant, at })))
  const alive = all.filter(({ mutant, at }) => !judged.some((one) => isKilled(one, mutant, at)))
  const set = new SearchedPolicies(linked)
  const equivalent: Mutant[] = []
  const survivors: Survivor[] = []
  for (const { mutant } of alive) {
    const fate = schema === undefined ? undefined : lookInto(schema, set, mutant)
    if (fate === 'equivalent') equivalent.push(mutant)
    else survivors.push(fate === undefined ? { mutant } : { mutant, missing: fate })
  }
  const counted = all.length - equivalent.length
  const killed = all.length - alive.length
  const percent = counted === 0 ? 100 : (100 * killed) / counted
  return { total: all.length, killed, equivalent, survivors, percent }
}

interface JudgedCase {
  readonly env: Env
  readonly ancestors: ReadonlySet<string>
  readonly isAllowed: boolean
  readonly isSatisfied: readonly boolean[]
  readonly permits: number
  readonly forbids: number
}

function judgeCase(policies: readonly Policy[], { request, entities }: PolicyCase): JudgedCase {
  const env = envOf(request, entities)
  const ancestors = entities.get(request.action)?.ancestors ?? new Set<string>()
  const isSatisfied = policies.map((policy) => satisfied(policy, env, ancestors))
  const count = (effect: string): number =>
    policies.filter((policy, at) => policy.effect === effect && isSatisfied[at] === true).length
  const [permits, forbids] = [count('permit'), count('forbid')]
  return { env, ancestors, isSatisfied, permits, forbids, isAllowed: permits > 0 && forbids === 0 }
}

function satisfied(policy: Policy, env: Env, ancestors: ReadonlySet<string>): boolean {
  if (!allowsType(policy.principal, env.principal.type) || !allowsType(policy.resource, env.resource.type))
    return false
  if (!allowsAction(policy.action, env.action.key, ancestors)) return false
  const compiled = compilePolicy(policy, 0)
  return compiled.isApplicable(env) && compiled.isSatisfied(env) === true
}

/** Whether a case is decided otherwise with the mutant in the place of its policy. */
function isKilled(one: JudgedCase, { policy, variant }: Mutant, at: number): boolean {
  const was = one.isSatisfied[at] === true
  const is = variant !== undefined && satisfied(variant, one.env, one.ancestors)
  const delta = (effect: Policy['effect']): number =>
    (is && variant.effect === effect ? 1 : 0) - (was && policy.effect === effect ? 1 : 0)
  const isAllowed = one.permits + delta('permit') > 0 && one.forbids + delta('forbid') === 0
  return isAllowed !== one.isAllowed
}

/** The mutant's own literals matter as much as those of the policies. */
function lookInto(
  schema: Schema,
  set: SearchedPolicies,
  mutant: Mutant,
): PolicyCase | 'equivalent' | undefined {
  const { policy, variant } = mutant
  const explorer = new Explorer(schema, variant === undefined ? [policy] : [policy, variant], {
    others: set.policies,
  })
  const alteration = alter(set, policy, variant)
  let isProved = true
  for (const type of requestTypesOf(schema)) {
    if (variant !== undefined && isSameFor(policy, variant, type)) continue
    const search = findDifference(explorer, alteration, type)
    const { witness, isLocal, isExhausted } = search
    if (witness !== undefined) {
      const asked = realize(explorer, set, witness)
      if (asked === undefined) return undefined
      const { decision } = new Authorizer(set.policies).isAuthorized(asked.request, asked.entities)
      return { name: `${policy.id}: not ${mutant.what}`, ...asked, expect: decision }
    }
    const others = [...set.near(type), ...alteration.after.near(type)].map((one) => one.policy)
    const involved = isLocal ? [policy, variant ?? policy] : others
    isProved &&= isExhausted && isDecidable(involved, type, schema)
  }
  return isProved ? 'equivalent' : undefined
}
