import { type Policy, slotsOf } from './ast.ts'
import type { EntitySource } from './entities.ts'
import { envOf } from './environment.ts'
import type { CompiledPolicy } from './policy.ts'
import { PolicyIndex } from './policy-index.ts'
import type { CedarRecord, EntityUid, Fault } from './value.ts'

/** May this principal do this action on this resource? */
export interface Request {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context?: CedarRecord
}

/** A policy that could not be evaluated; it counts as not satisfied. */
export interface PolicyError {
  readonly policy: string
  readonly fault: Fault
}

/** What differs from Cedar's own rules; nothing by default. */
export interface AuthorizerOptions {
  /** What a `forbid` does that cannot be evaluated: `skip` is Cedar's rule, `deny` is on the safe side. */
  readonly failedForbid?: 'skip' | 'deny'
}

/** The answer to a request, and what led to it. */
export interface Decision {
  readonly decision: 'allow' | 'deny'
  /** The ids of the policies that made the decision; none where nothing permits. */
  readonly reasons: readonly string[]
  readonly errors: readonly PolicyError[]
}

/**
 * Cedar's decision: allow when a `permit` is satisfied and no `forbid` is. Policies that fail are skipped
 * and reported, as the language defines it.
 */
export class Authorizer {
  readonly #index: PolicyIndex
  readonly #failedForbidDenies: boolean

  /** Templates take no part; link them first. */
  constructor(policies: readonly Policy[], { failedForbid = 'skip' }: AuthorizerOptions = {}) {
    this.#failedForbidDenies = failedForbid === 'deny'
    this.#index = new PolicyIndex(policies.filter((policy) => slotsOf(policy).length === 0))
  }

  /** The decision with everything that led to it. */
  isAuthorized(request: Request, entities: EntitySource): Decision {
    const env = envOf(request, entities)
    let permits: CompiledPolicy[] | undefined
    let forbids: CompiledPolicy[] | undefined
    let failed: Failed[] | undefined
    for (const policy of this.#index.candidates(env)) {
      if (!policy.isApplicable(env)) continue
      const outcome = policy.isSatisfied(env)
      if (outcome === true) {
        if (policy.isPermit) (permits ??= []).push(policy)
        else (forbids ??= []).push(policy)
      } else if (outcome !== false) {
        ;(failed ??= []).push({ policy, fault: outcome })
        if (this.#failedForbidDenies && !policy.isPermit) (forbids ??= []).push(policy)
      }
    }
    const isAllowed = forbids === undefined && permits !== undefined
    return {
      decision: isAllowed ? 'allow' : 'deny',
      reasons: idsOf(isAllowed ? permits : forbids),
      errors: errorsOf(failed),
    }
  }

  /** The same decision alone: stops at the first `forbid`. */
  isAllowed(request: Request, entities: EntitySource): boolean {
    const env = envOf(request, entities)
    let isPermitted = false
    for (const policy of this.#index.candidates(env)) {
      if (policy.isPermit && isPermitted) continue
      if (!policy.isApplicable(env)) continue
      const outcome = policy.isSatisfied(env)
      if (outcome === false) continue
      if (policy.isPermit) isPermitted = outcome === true
      else if (outcome === true || this.#failedForbidDenies) return false
    }
    return isPermitted
  }
}

interface Failed {
  readonly policy: CompiledPolicy
  readonly fault: Fault
}

const NONE: readonly never[] = Object.freeze([])

function idsOf(policies: CompiledPolicy[] | undefined): readonly string[] {
  if (policies === undefined) return NONE
  const [only] = policies
  if (only !== undefined && policies.length === 1) return only.reason
  if (!isInOrder(policies)) policies.sort((a, b) => a.order - b.order)
  return policies.map(({ policy }) => policy.id)
}

function isInOrder(policies: readonly CompiledPolicy[]): boolean {
  let last = -1
  for (const { order } of policies) {
    if (order < last) return false
    last = order
  }
  return true
}

function errorsOf(failed: Failed[] | undefined): readonly PolicyError[] {
  if (failed === undefined) return NONE
  if (failed.length > 1) failed.sort((a, b) => a.policy.order - b.policy.order)
  return failed.map(({ policy, fault }) => ({ policy: policy.policy.id, fault }))
}
