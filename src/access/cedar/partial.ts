import { type Policy, type Scope, slotsOf } from './ast.ts'
import { type Request } from './authorizer.ts'
import { type EntitySource, unknownEntity } from './entities.ts'
import { type Env, envOf, isIn } from './environment.ts'
import { allowsAction, compilePolicy, type CompiledPolicy, targetOf } from './policy.ts'
import { EntityUid, Fault } from './value.ts'

/** A decision where not everything is known that could be asked for. */
export interface PartialDecision {
  /** `residual`: it depends on what is not known, such as the resource itself, and must be made by somebody who has it. */
  readonly decision: 'allow' | 'deny' | 'residual'
  /** The ids of the policies that made it: those that are satisfied, or for `residual` those that are open. */
  readonly reasons: readonly string[]
}

/** What a policy is, as far as is known: decided, failed, or open. */
type State = 'satisfied' | 'not' | 'failed' | 'open'

/**
 * Decides without the resource, or with less than all that an application knows, where that can be done.
 *
 * INVARIANT: `allow` and `deny` stay the same whatever the unknown turns out to be. Evaluation goes from left to right and
 * stops where Cedar's does; a policy that comes upon something unknown is open, and nothing that is open decides. A
 * `forbid` that fails denies: here entities are missing that others may have.
 */
export class PartialAuthorizer {
  readonly #policies: readonly CompiledPolicy[]

  /** Templates take no part; link them first. */
  constructor(policies: readonly Policy[]) {
    this.#policies = policies.filter((policy) => slotsOf(policy).length === 0).map(compilePolicy)
  }

  /** The decision for any resource that has this name, where `entities` does not have it. */
  decide(request: Request, entities: EntitySource): PartialDecision {
    const { action, resource } = request
    const resourceEntity = entities.get(resource) ?? unknownEntity(resource)
    const env = envOf(request, {
      get: (uid) => (uid.key === resource.key ? resourceEntity : entities.get(uid)),
    })
    const ancestors = entities.get(action)?.ancestors ?? NONE
    const found: Record<'permit' | 'forbid', Record<State, string[]>> = {
      permit: { satisfied: [], not: [], failed: [], open: [] },
      forbid: { satisfied: [], not: [], failed: [], open: [] },
    }
    for (const compiled of this.#policies) {
      const { policy } = compiled
      if (allowsAction(policy.action, action.key, ancestors))
        found[policy.effect][stateOf(compiled, env)].push(policy.id)
    }
    const { permit, forbid } = found
    const against = [...forbid.satisfied, ...forbid.failed]
    if (against.length > 0) return { decision: 'deny', reasons: against }
    if (permit.satisfied.length > 0 && forbid.open.length === 0)
      return { decision: 'allow', reasons: permit.satisfied }
    if (permit.satisfied.length + permit.open.length === 0) return { decision: 'deny', reasons: [] }
    return { decision: 'residual', reasons: [...permit.open, ...forbid.open] }
  }
}

const NONE: ReadonlySet<string> = new Set()

function stateOf({ policy, isSatisfied }: CompiledPolicy, env: Env): State {
  const principal = scopeState(policy.principal, env.principal, env)
  const resource = scopeState(policy.resource, env.resource, env)
  if (principal === false || resource === false) return 'not'
  const outcome = isSatisfied(env)
  if (outcome === false) return 'not'
  const isOpen = outcome instanceof Fault && outcome.kind === 'unknown'
  if (principal !== true || resource !== true || isOpen) return 'open'
  return outcome === true ? 'satisfied' : 'failed'
}

function scopeState(scope: Scope, uid: EntityUid, env: Env): boolean | Fault {
  if (scope.kind === 'is' && scope.type !== uid.type) return false
  const target = targetOf(scope)
  if (target === undefined) return true
  if (!(target instanceof EntityUid)) return false
  return scope.kind === 'equals' ? target.key === uid.key : isIn(env, uid, target)
}
