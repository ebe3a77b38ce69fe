import type { Policy } from './ast.ts'
import { ConditionIndex } from './condition-index.ts'
import type { Env } from './environment.ts'
import { allowsType } from './head.ts'
import { allowsAction, compilePolicy, type CompiledPolicy, targetOf } from './policy.ts'
import { EntityUid } from './value.ts'

/** What all slices may hold together; types and actions come from requests, so there must be a bound. */
const MAX_HELD = 1_000_000

/** What a slice costs beside its policies, counted in policies. */
const SLICE_COST = 100

const NO_ANCESTORS: ReadonlySet<string> = new Set()

/**
 * Finds the policies that could apply to a request without looking at the others: first by action and the
 * types of principal and resource, then by the one entity that the policy's head names, or else by the first
 * thing that its conditions ask.
 */
export class PolicyIndex {
  readonly #policies: readonly CompiledPolicy[]
  /** By action, type of principal and type of resource. */
  readonly #slices = new Map<string, Map<string, Map<string, Slice>>>()
  #held = 0
  #last: Slice | undefined

  constructor(policies: readonly Policy[]) {
    this.#policies = policies.map(compilePolicy)
  }

  /** In no order; heads are yet to be tested. */
  candidates(env: Env): readonly CompiledPolicy[] {
    const { action, principal, resource } = env
    const ancestors = env.entities.get(action)?.ancestors ?? NO_ANCESTORS
    const last = this.#last
    if (last?.fits(action.key, principal.type, resource.type, ancestors) === true) return last.candidates(env)
    const known = this.#slices.get(action.key)?.get(principal.type)?.get(resource.type)
    const slice =
      known?.fits(action.key, principal.type, resource.type, ancestors) === true
        ? known
        : this.#slice(env, ancestors)
    this.#last = slice
    return slice.candidates(env)
  }

  #slice(env: Env, ancestors: ReadonlySet<string>): Slice {
    const { action, principal, resource } = env
    const slice = new Slice(
      this.#policies.filter(({ policy }) =>
        isPossible(policy, principal.type, action.key, ancestors, resource.type),
      ),
      env,
      ancestors,
    )
    this.#held += slice.size + SLICE_COST
    if (this.#held > MAX_HELD) {
      this.#slices.clear()
      this.#held = slice.size + SLICE_COST
    }
    const byAction = this.#slices.getOrInsertComputed(action.key, () => new Map())
    byAction.getOrInsertComputed(principal.type, () => new Map()).set(resource.type, slice)
    return slice
  }
}

function sameKeys(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  if (left === right) return true
  if (left.size !== right.size) return false
  for (const key of left) if (!right.has(key)) return false
  return true
}

/** Whether a policy could apply to a request of an action with these types. */
export function isPossible(
  policy: Policy,
  principalType: string,
  actionKey: string,
  ancestors: ReadonlySet<string>,
  resourceType: string,
): boolean {
  return (
    allowsType(policy.principal, principalType) &&
    allowsType(policy.resource, resourceType) &&
    allowsAction(policy.action, actionKey, ancestors)
  )
}

type ByTarget = ReadonlyMap<string, readonly CompiledPolicy[]>

/** Below this size all policies of a slice are candidates: to test a head costs less than to look it up. */
const SMALL = 8

/** The policies of one action and pair of types, sorted by the entity that they name. */
class Slice {
  readonly #action: string
  readonly #principal: string
  readonly #resource: string
  readonly #ancestors: ReadonlySet<string>
  readonly size: number
  readonly #rest: readonly CompiledPolicy[]
  readonly #conditions: ConditionIndex
  readonly #principals: ByTarget
  readonly #resources: ByTarget
  /** Nothing is to be found beside the rest. */
  readonly #isWhole: boolean

  constructor(policies: readonly CompiledPolicy[], env: Env, ancestors: ReadonlySet<string>) {
    this.#action = env.action.key
    this.#principal = env.principal.type
    this.#resource = env.resource.type
    this.#ancestors = ancestors
    this.size = policies.length
    const rest: CompiledPolicy[] = []
    const principals = new Map<string, CompiledPolicy[]>()
    const resources = new Map<string, CompiledPolicy[]>()
    for (const policy of policies) {
      const principal = targetOf(policy.policy.principal)
      const resource = targetOf(policy.policy.resource)
      if (policies.length <= SMALL) rest.push(policy)
      else if (principal instanceof EntityUid) file(principals, principal.key, policy)
      else if (resource instanceof EntityUid) file(resources, resource.key, policy)
      else rest.push(policy)
    }
    this.#conditions = new ConditionIndex(policies.length <= SMALL ? [] : rest)
    this.#rest = policies.length <= SMALL ? rest : this.#conditions.rest
    this.#isWhole = principals.size === 0 && resources.size === 0 && this.#conditions.isEmpty
    this.#principals = principals
    this.#resources = resources
  }

  /** Whether this is the slice of such a request; the action may have got other groups since. */
  fits(action: string, principal: string, resource: string, ancestors: ReadonlySet<string>): boolean {
    return (
      this.#action === action &&
      this.#principal === principal &&
      this.#resource === resource &&
      sameKeys(this.#ancestors, ancestors)
    )
  }

  candidates(env: Env): readonly CompiledPolicy[] {
    if (this.#isWhole) return this.#rest
    const found = [...this.#rest]
    this.#conditions.collect(env, found)
    collect(found, this.#principals, env.principal, env.principalEntity?.ancestors)
    collect(found, this.#resources, env.resource, env.resourceEntity?.ancestors)
    return found
  }
}

function file(map: Map<string, CompiledPolicy[]>, key: string, policy: CompiledPolicy): void {
  const filed = map.get(key)
  if (filed === undefined) map.set(key, [policy])
  else filed.push(policy)
}

function collect(
  found: CompiledPolicy[],
  byTarget: ByTarget,
  uid: EntityUid,
  ancestors: ReadonlySet<string> | undefined,
): void {
  if (byTarget.size === 0) return
  const add = (key: string): void => {
    for (const policy of byTarget.get(key) ?? []) found.push(policy)
  }
  add(uid.key)
  if (ancestors === undefined) return
  if (ancestors.size <= byTarget.size) {
    for (const key of ancestors) if (key !== uid.key) add(key)
  } else for (const key of byTarget.keys()) if (key !== uid.key && ancestors.has(key)) add(key)
}
