import { type Policy, slotsOf } from '../cedar/ast.ts'
import type { Env } from '../cedar/environment.ts'
import { compilePolicy, type CompiledPolicy } from '../cedar/policy.ts'
import type { RequestType } from '../cedar/validation.ts'
import type { Situation } from './situation.ts'
import { couldApply } from '../cedar/request-types.ts'

/** Policies as a question can be asked of them, one at a time, so that a search can stop between two. */
export class SearchedPolicies {
  readonly policies: readonly Policy[]
  readonly #compiled: readonly CompiledPolicy[]
  readonly #near = new Map<RequestType, readonly CompiledPolicy[]>()

  /** Templates take no part. */
  constructor(policies: readonly Policy[]) {
    this.policies = policies.filter((policy) => slotsOf(policy).length === 0)
    this.#compiled = this.policies.map((policy, at) => compiledOnce(policy, at))
  }

  /** The policies that could apply to requests of a type. */
  near(type: RequestType): readonly CompiledPolicy[] {
    return this.#near.getOrInsertComputed(type, () =>
      this.#compiled.filter(({ policy }) => couldApply(policy, type)),
    )
  }

  /** Whether a request is allowed; undefined where that is still open. */
  isAllowed(situation: Situation, type: RequestType): boolean | undefined {
    let isPermitted = false
    for (const compiled of this.near(type)) {
      if (compiled.isPermit && isPermitted) continue
      const isSatisfied = satisfies(compiled, situation.env)
      if (situation.open !== undefined) return undefined
      if (isSatisfied && !compiled.isPermit) return false
      isPermitted ||= isSatisfied
    }
    return isPermitted
  }
}

const COMPILED = new WeakMap<Policy, CompiledPolicy>()

function compiledOnce(policy: Policy, order: number): CompiledPolicy {
  const known = COMPILED.get(policy)
  if (known !== undefined) return known
  const compiled = compilePolicy(policy, order)
  COMPILED.set(policy, compiled)
  return compiled
}

/** Whether one policy is satisfied, once action and types are known to fit; one that fails is not. */
export function satisfies(compiled: CompiledPolicy, env: Env): boolean {
  return compiled.isApplicable(env) && compiled.isSatisfied(env) === true
}

/** The same for a policy that may not fit at all. */
export function isSatisfied(policy: Policy, situation: Situation): boolean {
  return couldApply(policy, situation.cast.type) && satisfies(compiledOnce(policy, 0), situation.env)
}
