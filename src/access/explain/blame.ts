import type { Expr } from '../cedar/ast.ts'
import type { Env } from '../cedar/environment.ts'
import { Fault, type Outcome } from '../cedar/value.ts'
import { evaluate } from './evaluation.ts'

/**
 * What would have to be otherwise for an expression to be as wanted: one condition, all of several, or any one
 * of several. A condition holds no `&&`, `||`, `!` or `if` of its own that could be blamed instead.
 */
export type Blame =
  | { readonly kind: 'condition'; readonly expr: Expr; readonly wanted: boolean; readonly found: Outcome }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Blame[] }

/**
 * Finds the smallest conditions to blame; undefined when the expression is as wanted.
 * INVARIANT: to make every condition of one choice as wanted makes the expression as wanted, and to leave one
 * of them as it is does not.
 */
export function blame(expr: Expr, wanted: boolean, env: Env): Blame | undefined {
  const found = evaluate(expr, env)
  if (found === wanted) return undefined
  if (expr.kind === 'not') return blame(expr.of, !wanted, env)
  if (expr.kind === 'and' || expr.kind === 'or')
    return (expr.kind === 'and') === wanted
      ? everyTerm(expr.terms, wanted, env)
      : oneTerm(expr.terms, wanted, env)
  if (expr.kind === 'if')
    return smallest([
      allOf([blame(expr.test, true, env), blame(expr.yes, wanted, env)]),
      allOf([blame(expr.test, false, env), blame(expr.no, wanted, env)]),
    ])
  return { kind: 'condition', expr, wanted, found }
}

function everyTerm(terms: readonly Expr[], wanted: boolean, env: Env): Blame | undefined {
  return allOf(terms.map((term) => blame(term, wanted, env)))
}

/** A term behind one that fails is asked only when that one has a value, whichever it is. */
function oneTerm(terms: readonly Expr[], wanted: boolean, env: Env): Blame | undefined {
  const repaired: (Blame | undefined)[] = []
  const choices: (Blame | undefined)[] = []
  for (const term of terms) {
    choices.push(allOf([...repaired, blame(term, wanted, env)]))
    if (isFailure(evaluate(term, env))) repaired.push(blame(term, !wanted, env))
  }
  return repaired.length === 0 ? anyOf(choices) : smallest(choices)
}

/** How many choices are compared with each other. */
const MAX_CHOICES = 64

/** Any of these, without those that ask for all that another asks for, and more. */
function smallest(blames: readonly (Blame | undefined)[]): Blame | undefined {
  const known = blames.flatMap((part) => (part === undefined ? [] : [part]))
  const kept: (readonly Blamed[])[] = []
  const choices = known.flatMap((part) => choicesOf(part, MAX_CHOICES))
  for (const choice of choices.sort((a, b) => a.length - b.length).slice(0, MAX_CHOICES)) {
    const isLarger = kept.some((other) => other.every(({ expr }) => choice.some((one) => one.expr === expr)))
    if (!isLarger) kept.push(choice)
  }
  return anyOf(kept.map(allOf))
}

/** All of these; nothing where nothing has to change. */
export function allOf(blames: readonly (Blame | undefined)[]): Blame | undefined {
  const of = blames.flatMap((part) => (part === undefined ? [] : part.kind === 'all' ? [...part.of] : [part]))
  return of.length > 1 ? { kind: 'all', of } : of[0]
}

function anyOf(blames: readonly (Blame | undefined)[]): Blame | undefined {
  const of = blames.flatMap((part) => (part === undefined ? [] : part.kind === 'any' ? [...part.of] : [part]))
  return of.length > 1 ? { kind: 'any', of } : of[0]
}

type Blamed = Blame & { readonly kind: 'condition' }

/** How many conditions the cheapest choice has. */
export function sizeOf(part: Blame | undefined): number {
  if (part === undefined) return 0
  if (part.kind === 'condition') return 1
  const sizes = part.of.map(sizeOf)
  return part.kind === 'any' ? Math.min(...sizes) : sizes.reduce((sum, size) => sum + size, 0)
}

/** The choices as lists of conditions, the smallest first, at most so many. */
export function choicesOf(part: Blame, most: number): readonly (readonly Blamed[])[] {
  if (part.kind === 'condition') return [[part]]
  if (part.kind === 'any')
    return part.of
      .flatMap((choice) => choicesOf(choice, most))
      .sort((a, b) => a.length - b.length)
      .slice(0, most)
  let choices: (readonly Blamed[])[] = [[]]
  for (const inner of part.of) {
    const more = choicesOf(inner, most)
    choices = choices.flatMap((choice) => more.map((added) => [...choice, ...added])).slice(0, most)
  }
  return choices
}

/** Whether an outcome is no truth value: a fault, or a value of another type. */
export function isFailure(outcome: Outcome): boolean {
  return outcome instanceof Fault || typeof outcome !== 'boolean'
}
