import { type Expr, type Policy, type Scope, slotsOf, type Target } from '../cedar/ast.ts'
import type { Entity, EntitySource } from '../cedar/entities.ts'
import type { Env } from '../cedar/environment.ts'
import { allowsAction } from '../cedar/policy.ts'
import type { Schema } from '../cedar/schema.ts'
import { type CedarRecord, EMPTY_RECORD, EntityUid } from '../cedar/value.ts'
import { RingwallError } from '../../core/errors.ts'
import type { Binding } from './binding.ts'
import { SqlCondition } from './sql-condition.ts'
import type { Dialect } from './dialect.ts'
import type { Party } from './party.ts'
import type { Predicate } from './predicate.ts'
import { ALWAYS, and, both, FALSE, not, notTrue, or, type Rails } from './predicates.ts'
import { stage } from './stage.ts'
import { rails, Refusal, type Scene, type Untranslatable, untranslatable } from './staged.ts'

/** What is known when a plan is bound. */
export interface Known {
  /** Of the type that the plan was made for; where the principal is `known`. */
  readonly principal?: EntityUid
  readonly resource?: EntityUid
  readonly context?: CedarRecord
  /** Where the entities are that the policies ask about: the known principal and resource, and what they refer to. */
  readonly entities?: EntitySource
}

/** Policies made ready for one action and one arrangement of what is known. */
export interface Plan {
  /** Never fails but where `known` lacks what the plan was made for. */
  bind(known?: Known): SqlCondition
}

/** One policy, ready: TRUE where it is satisfied (or, where asked for, where a forbid fails). */
interface StagedPolicy {
  readonly isPermit: boolean
  readonly bind: (binding: Binding) => Predicate
}

/** What a plan is made of. */
export interface PlanParts {
  readonly policies: readonly Policy[]
  readonly failedForbidDenies: boolean
  readonly dialect: Dialect
}

/** Makes the policies of one action ready; all that cannot be translated is given instead. */
export function makePlan(scene: Scene, parts: PlanParts): Plan | readonly Untranslatable[] {
  const staged: StagedPolicy[] = []
  const wrong: Untranslatable[] = []
  for (const policy of parts.policies) {
    if (!couldApply(policy, scene)) continue
    try {
      staged.push(stagePolicy(policy, scene, parts.failedForbidDenies))
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown
      wrong.push(untranslatable(policy, thrown))
    }
  }
  if (wrong.length > 0) return wrong
  const permits = staged.filter(({ isPermit }) => isPermit)
  const forbids = staged.filter(({ isPermit }) => !isPermit)
  return {
    bind(known = {}) {
      const binding = bindingOf(known, scene)
      const isPermitted = any(permits, binding)
      if (isPermitted.kind === 'false') return new SqlCondition(isPermitted, parts.dialect)
      const isForbidden = any(forbids, binding)
      return new SqlCondition(and(isPermitted, notTrue(isForbidden)), parts.dialect)
    },
  }
}

function any(policies: readonly StagedPolicy[], binding: Binding): Predicate {
  const found: Predicate[] = []
  for (const { bind } of policies) {
    const predicate = bind(binding)
    if (predicate.kind === 'true') return predicate
    if (predicate.kind !== 'false') found.push(predicate)
  }
  return found.length === 0 ? FALSE : or(...found)
}

function couldApply(policy: Policy, { action, principal, resource }: Scene): boolean {
  return (
    slotsOf(policy).length === 0 &&
    allowsAction(policy.action, action.uid.key, action.ancestors) &&
    allowsType(policy.principal, principal.type) &&
    allowsType(policy.resource, resource.type)
  )
}

function allowsType(scope: Scope, type: string): boolean {
  if (scope.kind === 'is') return scope.type === type
  return scope.kind !== 'equals' || (scope.target instanceof EntityUid && scope.target.type === type)
}

function stagePolicy(policy: Policy, scene: Scene, failedForbidDenies: boolean): StagedPolicy {
  const isPermit = policy.effect === 'permit'
  const head = [
    stageScope(policy.principal, 'principal', scene),
    stageScope(policy.resource, 'resource', scene),
  ].filter((test) => test !== undefined)
  const conditions = policy.conditions.map(({ kind, body, at }) => {
    scene.judge?.(body, scene)
    const bind = rails(stage(body, scene), at, `in \`${kind}\``)
    return kind === 'when' ? bind : (binding: Binding) => not(bind(binding))
  })
  const denies = !isPermit && failedForbidDenies
  return {
    isPermit,
    bind(binding) {
      const applies = chain(head, binding, 0).isTrue
      if (applies.kind === 'false') return FALSE
      const { isTrue, isFalse } = chain(conditions, binding, 0)
      return and(applies, denies ? notTrue(isFalse) : isTrue)
    },
  }
}

type Bind = (binding: Binding) => Rails

function chain(tests: readonly Bind[], binding: Binding, at: number): Rails {
  const test = tests[at]
  if (test === undefined) return ALWAYS
  const left = test(binding)
  if (at === tests.length - 1 || left.isTrue.kind === 'false') return left
  return both(left, chain(tests, binding, at + 1))
}

/** The head of a policy is an expression that never fails. */
function stageScope(scope: Scope, name: 'principal' | 'resource', scene: Scene): Bind | undefined {
  const literal = (value: Target): Expr => {
    if (!(value instanceof EntityUid)) throw new Error('a template is never made ready')
    return { kind: 'literal', at: -1, value }
  }
  if (scope.kind === 'any') return undefined
  const { at } = scope
  const left: Expr = { kind: 'variable', at, name }
  if (scope.kind === 'is') {
    // That the type fits is known already.
    if (scope.within === undefined) return undefined
    const within: Expr = { kind: 'binary', at, operator: 'in', left, right: literal(scope.within) }
    scene.judge?.(within, scene)
    return rails(stage(within, scene), at, 'in the head')
  }
  const operator = scope.kind === 'equals' ? '==' : 'in'
  const test: Expr = { kind: 'binary', at, operator, left, right: literal(scope.target) }
  scene.judge?.(test, scene)
  return rails(stage(test, scene), at, 'in the head')
}

const NO_ENTITIES: EntitySource = { get: () => undefined }

function bindingOf(known: Known, scene: Scene): Binding {
  const principal = uidOf(known.principal, scene.principal, 'principal')
  const resource = uidOf(known.resource, scene.resource, 'resource')
  const { schema } = scene
  const source = known.entities ?? NO_ENTITIES
  const entities: EntitySource = { get: (uid) => source.get(uid) ?? actionEntity(uid, schema) }
  const env: Env = {
    principal,
    action: scene.action.uid,
    resource,
    context: known.context ?? EMPTY_RECORD,
    entities,
    principalEntity: scene.principal.kind === 'known' ? source.get(principal) : undefined,
    resourceEntity: scene.resource.kind === 'known' ? source.get(resource) : undefined,
  }
  let aliases = 0
  return { env, alias: () => `rw${++aliases}` }
}

function uidOf(uid: EntityUid | undefined, party: Party, name: string): EntityUid {
  if (party.kind !== 'known') return new EntityUid(party.type, '')
  if (uid?.type === party.type) return uid
  const found = uid === undefined ? 'none was given' : `${uid.toString()} was given`
  throw new RingwallError(
    'access.filter-question',
    `this plan wants a ${name} of type ${party.type}; ${found}`,
  )
}

/** The schema's actions need no entity of their own. */
function actionEntity(uid: EntityUid, schema: Schema): Entity | undefined {
  const action = schema.actions.get(uid.key)
  return action && { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors: action.ancestors }
}
