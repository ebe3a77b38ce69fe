import type { Expr, Policy, Scope } from '../cedar/ast.ts'
import { partsOf } from '../cedar/expression.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import type { RequestType } from '../cedar/validation.ts'
import { type Clause, clausesOf } from '../explain/clause.ts'
import { couldApply } from '../cedar/request-types.ts'

/**
 * By Cedar's rules, where a policy that fails is a policy that is not satisfied: whether two policies with the same effect are satisfied by the same requests of a type, as far as their texts
 * show. Not "the same" may still be the same.
 */
export function isSameFor(one: Policy, other: Policy, type: RequestType): boolean {
  return one.effect === other.effect && normalForm(one, type) === normalForm(other, type)
}

/** A text that policies share only if they are satisfied by the same requests of a type. */
export function normalForm(policy: Policy, type: RequestType): string {
  if (!couldApply(policy, type)) return 'never'
  const clauses = clausesOf(policy).filter(({ part }) => !isDecidedByType(policy, part))
  const terms = clauses.flatMap(({ expr, wanted }) => termsOf(expr, wanted))
  const needed = terms.filter((term) => !isImplied(term, terms))
  return [
    ...new Set(needed.map(({ expr, wanted }) => `${wanted ? '' : 'not '}${expressionToText(expr)}`)),
  ].join('\n')
}

/** The action, and a head that asks only for a type. */
function isDecidedByType(policy: Policy, part: Clause['part']): boolean {
  if (part === 'action') return true
  if (part === 'when' || part === 'unless') return false
  const scope: Scope = policy[part]
  return scope.kind === 'is' && scope.within === undefined
}

interface Term {
  readonly expr: Expr
  readonly wanted: boolean
}

/** What must all be as wanted. For a policy to be satisfied, false and failing are the same. */
function termsOf(expr: Expr, wanted: boolean): readonly Term[] {
  if (expr.kind === 'not') return termsOf(expr.of, !wanted)
  if (expr.kind === 'and' && wanted) return expr.terms.flatMap((term) => termsOf(term, true))
  if (expr.kind === 'or' && !wanted) return expr.terms.flatMap((term) => termsOf(term, false))
  return expr.kind === 'literal' && expr.value === wanted ? [] : [{ expr, wanted }]
}

/** `x has a` says nothing beside a term that has no value without `x.a`. */
function isImplied({ expr, wanted }: Term, terms: readonly Term[]): boolean {
  if (expr.kind !== 'has' || !wanted || expr.path.length > 1) return false
  const [name] = expr.path
  const text = expressionToText({ kind: 'attribute', at: -1, of: expr.of, name: name as string })
  return terms.some((term) => reads(term.expr, text))
}

/** Whether an expression has no value where this attribute has none. */
function reads(expr: Expr, attribute: string): boolean {
  if (expr.kind === 'attribute' && expressionToText(expr) === attribute) return true
  if (expr.kind === 'and' || expr.kind === 'or') return reads(expr.terms[0] as Expr, attribute)
  if (expr.kind === 'if') return reads(expr.test, attribute)
  if (expr.kind === 'is') return reads(expr.of, attribute)
  return partsOf(expr).some((part) => reads(part, attribute))
}
