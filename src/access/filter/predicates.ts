import type { ArrayOperand, Bound, Comparison, Operand, Predicate, Select } from './predicate.ts'

export const TRUE: Predicate = { kind: 'true' }
export const FALSE: Predicate = { kind: 'false' }

/** All of them. Constants are folded, and what is nested is joined. */
export function and(...terms: readonly Predicate[]): Predicate {
  const kept: Predicate[] = []
  for (const term of terms) {
    if (term.kind === 'false') return FALSE
    if (term.kind === 'and') kept.push(...term.terms)
    else if (term.kind !== 'true') kept.push(term)
  }
  return kept.length === 0 ? TRUE : kept.length === 1 ? (kept[0] as Predicate) : { kind: 'and', terms: kept }
}

/** Any of them. */
export function or(...terms: readonly Predicate[]): Predicate {
  const kept: Predicate[] = []
  for (const term of terms) {
    if (term.kind === 'true') return TRUE
    if (term.kind === 'or') kept.push(...term.terms)
    else if (term.kind !== 'false') kept.push(term)
  }
  return kept.length === 0 ? FALSE : kept.length === 1 ? (kept[0] as Predicate) : { kind: 'or', terms: kept }
}

/** TRUE where the other is FALSE or NULL. */
export function notTrue(of: Predicate): Predicate {
  if (of.kind === 'true') return FALSE
  if (of.kind === 'false') return TRUE
  return { kind: 'not-true', of }
}

export function compare(operator: Comparison, left: Operand, right: Operand): Predicate {
  return { kind: 'compare', operator, left, right }
}

/** That two columns of different tables are the same. */
export function link(left: Operand, right: Operand): Predicate {
  return { kind: 'compare', operator: '=', left, right, isLink: true }
}

export function isNull(of: Operand): Predicate {
  return { kind: 'null', of, isNull: true }
}

export function isNotNull(of: Operand): Predicate {
  return of.kind === 'value' ? TRUE : { kind: 'null', of, isNull: false }
}

/** One of the values, or (`wanted` false) there and none of them. */
export function oneOf(of: Operand, values: readonly Bound[], wanted: boolean): Predicate {
  if (values.length === 0) return wanted ? FALSE : isNotNull(of)
  if (values.length > 1) return { kind: 'one-of', of, values, wanted }
  const value: Operand = { kind: 'value', value: values[0] as Bound, format: of.format }
  return compare(wanted ? '=' : '<>', of, value)
}

export function among(of: Operand | readonly Operand[], select: Select): Predicate {
  return { kind: 'among', of: Array.isArray(of) ? of : [of as Operand], select }
}

export function exists(select: Select): Predicate {
  return select.where.kind === 'false' ? FALSE : { kind: 'exists', select }
}

export function elementOf(of: Operand, array: ArrayOperand): Predicate {
  return { kind: 'element', of, array }
}

/** The two predicates of a boolean expression. Where neither is TRUE, it has no value. */
export interface Rails {
  readonly isTrue: Predicate
  readonly isFalse: Predicate
  /** Exactly one of the two is TRUE, in every row that keeps to the schema. */
  readonly isTotal: boolean
}

export const ALWAYS: Rails = { isTrue: TRUE, isFalse: FALSE, isTotal: true }
export const NEVER: Rails = { isTrue: FALSE, isFalse: TRUE, isTotal: true }
/** Cedar has an error. */
export const FAULT: Rails = { isTrue: FALSE, isFalse: FALSE, isTotal: false }

/** Of a predicate that decides wherever its parts have values (`isDefined`). */
export function decide(isTrue: Predicate, isDefined: Predicate): Rails {
  if (isTrue.kind === 'false') return { isTrue, isFalse: isDefined, isTotal: isDefined.kind === 'true' }
  return {
    isTrue: and(isDefined, isTrue),
    isFalse: and(isDefined, notTrue(isTrue)),
    isTotal: isDefined.kind === 'true',
  }
}

/** `!`. */
export function not({ isTrue, isFalse, isTotal }: Rails): Rails {
  return { isTrue: isFalse, isFalse: isTrue, isTotal }
}

/** `&&`: the right side counts only where the left is true. */
export function both(left: Rails, right: Rails): Rails {
  if (left.isTrue.kind === 'false') return left
  return {
    isTrue: and(left.isTrue, right.isTrue),
    isFalse: or(left.isFalse, left.isTotal ? right.isFalse : and(left.isTrue, right.isFalse)),
    isTotal: left.isTotal && right.isTotal,
  }
}

/** `||`: the right side counts only where the left is false. */
export function either(left: Rails, right: Rails): Rails {
  if (left.isFalse.kind === 'false') return left
  return {
    isTrue: or(left.isTrue, left.isTotal ? right.isTrue : and(left.isFalse, right.isTrue)),
    isFalse: and(left.isFalse, right.isFalse),
    isTotal: left.isTotal && right.isTotal,
  }
}

/** `if test then yes else no`. */
export function choose(test: Rails, yes: Rails, no: Rails): Rails {
  return {
    isTrue: or(and(test.isTrue, yes.isTrue), and(test.isFalse, no.isTrue)),
    isFalse: or(and(test.isTrue, yes.isFalse), and(test.isFalse, no.isFalse)),
    isTotal: test.isTotal && yes.isTotal && no.isTotal,
  }
}

/** Where an expression has a value. */
export function hasValue({ isTrue, isFalse, isTotal }: Rails): Predicate {
  return isTotal ? TRUE : or(isTrue, isFalse)
}
