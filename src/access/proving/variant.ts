import type { Expr, Policy } from '../cedar/ast.ts'
import type { Clause } from '../explain/clause.ts'
import { clausesOf } from '../explain/clause.ts'
import { constantOf } from '../explain/evaluation.ts'

/** An expression in which one part is another. */
export function replacePart(expr: Expr, part: Expr, by: Expr): Expr {
  if (expr === part) return by
  const inner = (one: Expr): Expr => replacePart(one, part, by)
  switch (expr.kind) {
    case 'literal':
    case 'variable':
    case 'slot':
      return expr
    case 'not':
    case 'negate':
    case 'isEmpty':
    case 'attribute':
    case 'has':
    case 'like':
      return changed(expr, { of: inner(expr.of) })
    case 'is':
      return changed(expr, { of: inner(expr.of), within: expr.within && inner(expr.within) })
    case 'and':
    case 'or':
      return changed(expr, { terms: same(expr.terms, expr.terms.map(inner)) })
    case 'binary':
      return changed(expr, { left: inner(expr.left), right: inner(expr.right) })
    case 'if':
      return changed(expr, { test: inner(expr.test), yes: inner(expr.yes), no: inner(expr.no) })
    case 'set':
      return changed(expr, { elements: same(expr.elements, expr.elements.map(inner)) })
    case 'record': {
      const values = same(
        expr.fields.map(({ value }) => value),
        expr.fields.map(({ value }) => inner(value)),
      )
      const isSame = values.every((value, at) => value === expr.fields[at]?.value)
      if (isSame) return expr
      return { ...expr, fields: expr.fields.map(({ name }, at) => ({ name, value: values[at] as Expr })) }
    }
    case 'call':
      return changed(expr, { arguments: same(expr.arguments, expr.arguments.map(inner)) })
    default:
      return expr satisfies never
  }
}

/** The same object where nothing changed, so that what is compiled stays known. */
function changed<E extends Expr>(expr: E, by: Partial<E>): E {
  const isSame = Object.entries(by).every(([name, value]) => expr[name as keyof E] === value)
  return isSame ? expr : { ...expr, ...by }
}

function same(before: readonly Expr[], after: readonly Expr[]): readonly Expr[] {
  return before.every((one, at) => one === after[at]) ? before : after
}

/** A policy in whose conditions one part is another. */
export function withPart(policy: Policy, part: Expr, by: Expr): Policy {
  return {
    ...policy,
    conditions: policy.conditions.map((condition) => ({
      ...condition,
      body: replacePart(condition.body, part, by),
    })),
  }
}

/** `true` or `false` as an expression. */
export function truth(value: boolean): Expr {
  return { kind: 'literal', at: -1, value }
}

/** A condition without `&&`, `||`, `!` or `if` of its own, and the clause that it stands in. */
export interface Atom {
  readonly expr: Expr
  readonly clause: Clause
}

/** The smallest conditions of a policy, head first; those that no request can change are left out. */
export function atomsOf(policy: Policy): readonly Atom[] {
  return clausesOf(policy).flatMap((clause) =>
    atomsIn(clause.expr)
      .filter((expr) => constantOf(expr) === undefined)
      .map((expr) => ({ expr, clause })),
  )
}

function atomsIn(expr: Expr): readonly Expr[] {
  const inner = conditionsIn(expr)
  return inner.length === 0 ? [expr] : inner.flatMap(atomsIn)
}

/** The conditions that a condition is made of. */
export function conditionsIn(expr: Expr): readonly Expr[] {
  if (expr.kind === 'and' || expr.kind === 'or') return expr.terms
  if (expr.kind === 'if') return [expr.test, expr.yes, expr.no]
  return expr.kind === 'not' ? [expr.of] : []
}

/** The policy as it would be if one of its atoms were always true, or always false. */
export function withAtom(policy: Policy, { expr, clause }: Atom, value: boolean): Policy {
  if (clause.part === 'when' || clause.part === 'unless') return withPart(policy, expr, truth(value))
  if (value) return { ...policy, [clause.part]: { kind: 'any' } }
  return { ...policy, conditions: [{ kind: 'when', body: truth(false), at: -1 }] }
}
