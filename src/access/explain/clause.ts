import type { ActionScope, Expr, Policy, Scope, Target } from '../cedar/ast.ts'
import { EntityUid } from '../cedar/value.ts'

/** Where in a policy a clause stands. */
export type Part = 'principal' | 'action' | 'resource' | 'when' | 'unless'

/** One thing that a policy asks for: a policy is satisfied when each of its clauses is as wanted. */
export interface Clause {
  readonly part: Part
  readonly expr: Expr
  /** False for `unless`. */
  readonly wanted: boolean
}

const CLAUSES = new WeakMap<Policy, readonly Clause[]>()

/**
 * Head and conditions of a policy, in the order in which Cedar looks at them. Made once, so that what is compiled
 * of them stays known.
 */
export function clausesOf(policy: Policy): readonly Clause[] {
  const known = CLAUSES.get(policy)
  if (known !== undefined) return known
  const clauses = [
    ...headClauses(policy),
    ...policy.conditions.map(({ kind, body }) => ({ part: kind, expr: body, wanted: kind === 'when' })),
  ]
  CLAUSES.set(policy, clauses)
  return clauses
}

/** What the head asks of principal, action and resource; nothing for a part without a constraint. */
function headClauses({ principal, action, resource }: Policy): readonly Clause[] {
  const parts = [
    ['principal', scopeTest(principal, 'principal')],
    ['action', actionTest(action)],
    ['resource', scopeTest(resource, 'resource')],
  ] as const
  return parts.flatMap(([part, expr]) => (expr === undefined ? [] : [{ part, expr, wanted: true }]))
}

function scopeTest(scope: Scope, name: 'principal' | 'resource'): Expr | undefined {
  if (scope.kind === 'any') return undefined
  const { at } = scope
  const variable: Expr = { kind: 'variable', at, name }
  if (scope.kind === 'is') {
    const within = scope.within === undefined ? undefined : targetExpr(scope.within, at)
    return { kind: 'is', at, of: variable, type: scope.type, within }
  }
  const operator = scope.kind === 'equals' ? '==' : 'in'
  return { kind: 'binary', at, operator, left: variable, right: targetExpr(scope.target, at) }
}

function actionTest(scope: ActionScope): Expr | undefined {
  if (scope.kind === 'any') return undefined
  const { at } = scope
  const left: Expr = { kind: 'variable', at, name: 'action' }
  const right: Expr =
    scope.kind === 'inAny'
      ? { kind: 'set', at, elements: scope.targets.map((target) => targetExpr(target, at)) }
      : targetExpr(scope.target, at)
  return { kind: 'binary', at, operator: scope.kind === 'equals' ? '==' : 'in', left, right }
}

function targetExpr(target: Target, at: number): Expr {
  return target instanceof EntityUid
    ? { kind: 'literal', at, value: target }
    : { kind: 'slot', at, name: target }
}

/** Whether a head allows entities of a type at all. */
export function allowsType(scope: Scope, type: string): boolean {
  if (scope.kind === 'is') return scope.type === type
  return scope.kind !== 'equals' || (scope.target instanceof EntityUid && scope.target.type === type)
}
