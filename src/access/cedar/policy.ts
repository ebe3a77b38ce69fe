import {
  type ActionScope,
  type Condition,
  type Policy,
  type Scope,
  slotsOf,
  type SlotName,
  type Target,
} from './ast.ts'
import { type Env, isIn } from './environment.ts'
import { compile } from './evaluator.ts'
import { type EntityUid, Fault } from './value.ts'

/** A policy ready to be asked. */
export interface CompiledPolicy {
  readonly policy: Policy
  /** Its place among all policies; reasons and errors are given in this order. */
  readonly order: number
  readonly isPermit: boolean
  /** The reason where this policy alone decides. */
  readonly reason: readonly string[]
  /** Whether the head fits, once the action and the types are known to fit. */
  readonly isApplicable: (env: Env) => boolean
  /** True: satisfied. False: not. A fault: the policy is left out and reported. */
  readonly isSatisfied: (env: Env) => boolean | Fault
}

/** Compiles a policy without slots. */
export function compilePolicy(policy: Policy, order: number): CompiledPolicy {
  const principal = scopeTest(policy.principal, (env) => env.principal)
  const resource = scopeTest(policy.resource, (env) => env.resource)
  return {
    policy,
    order,
    isPermit: policy.effect === 'permit',
    reason: Object.freeze([policy.id]),
    isApplicable: both(principal, resource),
    isSatisfied: conditionTest(policy),
  }
}

type Test = (env: Env) => boolean

function both(left: Test | undefined, right: Test | undefined): Test {
  if (left === undefined) return right ?? (() => true)
  return right === undefined ? left : (env) => left(env) && right(env)
}

function scopeTest(scope: Scope, of: (env: Env) => EntityUid): Test | undefined {
  const target = targetOf(scope)
  if (target === undefined) return undefined
  if (typeof target === 'string') return () => false
  return scope.kind === 'equals'
    ? (env) => of(env).equals(target)
    : (env) => isIn(env, of(env), target) === true
}

/** The entity that a scope compares with, if any. */
export function targetOf(scope: Scope): Target | undefined {
  if (scope.kind === 'any') return undefined
  return scope.kind === 'is' ? scope.within : scope.target
}

function conditionTest(policy: Policy): (env: Env) => boolean | Fault {
  const [only, ...more] = policy.conditions.map(oneConditionTest)
  if (only === undefined) return () => true
  if (more.length === 0) return only
  return (env) => {
    const first = only(env)
    if (first !== true) return first
    for (const test of more) {
      const outcome = test(env)
      if (outcome !== true) return outcome
    }
    return true
  }
}

function oneConditionTest({ kind, body, at }: Condition): (env: Env) => boolean | Fault {
  const { run } = compile(body)
  const wanted = kind === 'when'
  const wrong = new Fault('type', `expected Bool in \`${kind}\``, at)
  return (env) => {
    const value = run(env)
    if (typeof value === 'boolean') return value === wanted
    return value instanceof Fault ? value : wrong
  }
}

/** Whether an action fits; `ancestors` are the keys above it. */
export function allowsAction(scope: ActionScope, key: string, ancestors: ReadonlySet<string>): boolean {
  if (scope.kind === 'any') return true
  if (scope.kind === 'equals') return scope.target.key === key
  const targets = scope.kind === 'inAny' ? scope.targets : [scope.target]
  return targets.some((target) => target.key === key || ancestors.has(target.key))
}

/** Fills a template's slots. Text: what does not fit. */
export function linkTemplate(
  template: Policy,
  id: string,
  values: { readonly [slot in SlotName]?: EntityUid },
): Policy | string {
  const slots = slotsOf(template)
  const missing = slots.find((slot) => values[slot] === undefined)
  if (slots.length === 0) return `\`${template.id}\` is no template: it has no slot`
  if (missing !== undefined) return `\`${template.id}\` wants a value for the slot \`${missing}\``
  const extra = Object.keys(values).find((slot) => !slots.includes(slot as SlotName))
  if (extra !== undefined) return `\`${template.id}\` has no slot \`${extra}\``
  const fill = (scope: Scope): Scope => {
    const target = targetOf(scope)
    if (typeof target !== 'string') return scope
    const uid = values[target] as EntityUid
    return scope.kind === 'is'
      ? { ...scope, within: uid }
      : { ...(scope as Scope & { kind: 'in' }), target: uid }
  }
  return { ...template, id, principal: fill(template.principal), resource: fill(template.resource) }
}

/** Calls policies by their `@id("...")`, where they have one. Text: two would have the same name. */
export function renameByAnnotation(policies: readonly Policy[]): readonly Policy[] | string {
  const renamed = policies.map((policy) => ({ ...policy, id: policy.annotations.get('id') ?? policy.id }))
  const seen = new Set<string>()
  for (const { id } of renamed) {
    if (seen.has(id)) return `two policies are called \`${id}\``
    seen.add(id)
  }
  return renamed
}
