import type { Expr, Policy } from '../cedar/ast.ts'
import { actionExpression, scopeExpression } from '../cedar/head.ts'

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
    ['principal', scopeExpression(principal, 'principal')],
    ['action', actionExpression(action)],
    ['resource', scopeExpression(resource, 'resource')],
  ] as const
  return parts.flatMap(([part, expr]) => (expr === undefined ? [] : [{ part, expr, wanted: true }]))
}
