import { Datetime, Duration } from '../cedar/extensions/datetime.ts'
import { Decimal } from '../cedar/extensions/decimal.ts'
import { EntityUid, equal, Fault, type Long, type Outcome, type Value } from '../cedar/value.ts'
import type { Bound, Comparison, Operand, Predicate } from './predicate.ts'
import { and, compare, decide, FALSE, FAULT, not, or, type Rails } from './predicates.ts'
import {
  type EntityTerm,
  isDefined,
  known,
  railsOf,
  scalarName,
  type ScalarTerm,
  type Single,
  spread,
  storedOf,
  type Term,
} from './term.ts'

/** `==` of anything but two sets (`equality` of sets.ts): values of different types are never equal. */
export function equalityOfSingles(left: Single, right: Single): Rails {
  if (left.kind === 'known') {
    if (left.value instanceof Fault) return FAULT
    if (right.kind !== 'known') return equalsValue(right, left.value)
    if (right.value instanceof Fault) return FAULT
    return railsOf(known(equal(left.value, right.value)))
  }
  if (right.kind === 'known') return right.value instanceof Fault ? FAULT : equalsValue(left, right.value)
  if (left.kind === 'bool' && right.kind === 'bool') return sameAnswer(left, right)
  if (left.kind === 'scalar' && right.kind === 'scalar' && left.type === right.type)
    return ordered('=', left, right)
  if (left.kind === 'entity' && right.kind === 'entity' && left.type === right.type)
    return pair('=', left, right, left.operand, right.operand)
  return decide(FALSE, and(isDefined(left), isDefined(right)))
}

function sameAnswer(left: Rails, right: Rails): Rails {
  return {
    isTrue: or(and(left.isTrue, right.isTrue), and(left.isFalse, right.isFalse)),
    isFalse: or(and(left.isTrue, right.isFalse), and(left.isFalse, right.isTrue)),
    isTotal: left.isTotal && right.isTotal,
  }
}

function equalsValue(term: Exclude<Single, { kind: 'known' }>, value: Value): Rails {
  if (term.kind === 'bool') {
    if (typeof value === 'boolean') return value ? term : not(term)
  } else if (term.kind === 'entity') {
    const stored =
      value instanceof EntityUid && value.type === term.type
        ? storedOf(value, term.operand.format)
        : undefined
    if (stored !== undefined)
      return against('=', term, { kind: 'value', value: stored, format: term.operand.format })
  } else if (term.kind === 'scalar' && scalarName(value) === term.type) {
    return orderedValue('=', term, value)
  }
  return decide(FALSE, isDefined(term))
}

/** The operator that is TRUE exactly where the other is FALSE. */
export const OPPOSITE: Readonly<Record<Comparison, Comparison>> = {
  '=': '<>',
  '<>': '=',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
}

/** The same comparison with its sides exchanged. */
const MIRRORED: Readonly<Record<Comparison, Comparison>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

/** `<`, `<=`, `>`, `>=` of Longs, times and, as methods, decimals. */
export function order(operator: Comparison, left: Term, right: Term): Rails {
  return spread(left, right, (one, other) => orderOfEach(operator, one, other))
}

function orderOfEach(operator: Comparison, left: Single, right: Single): Rails {
  if (left.kind === 'known' && right.kind === 'known') return orderKnown(operator, left.value, right.value)
  if (left.kind === 'scalar' && right.kind === 'scalar')
    return left.type === right.type ? ordered(operator, left, right) : FAULT
  if (left.kind === 'scalar' && right.kind === 'known') return orderedWith(operator, left, right.value)
  if (left.kind === 'known' && right.kind === 'scalar')
    return orderedWith(MIRRORED[operator], right, left.value)
  return FAULT
}

const TESTS: Readonly<Record<Comparison, (left: Long, right: Long) => boolean>> = {
  '=': (left, right) => left === right,
  '<>': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

function orderKnown(operator: Comparison, left: Outcome, right: Outcome): Rails {
  if (left instanceof Fault || right instanceof Fault || scalarName(left) !== scalarName(right)) return FAULT
  const [one, other] = [wholeNumber(left), wholeNumber(right)]
  return one === undefined || other === undefined ? FAULT : railsOf(known(TESTS[operator](one, other)))
}

function orderedWith(operator: Comparison, term: ScalarTerm, value: Value | Fault): Rails {
  if (value instanceof Fault || scalarName(value) !== term.type) return FAULT
  return orderedValue(operator, term, value)
}

function ordered(operator: Comparison, left: ScalarTerm, right: ScalarTerm): Rails {
  const isAlike = left.operand.format === right.operand.format
  if (isAlike && left.operand.format !== 'timestamp')
    return pair(operator, left, right, left.operand, right.operand)
  return pair(operator, left, right, whole(left.operand), whole(right.operand))
}

/** Both as whole milliseconds or ten-thousandths, so that they can be compared. */
export function whole(operand: Operand): Operand {
  return operand.format === 'timestamp' || operand.format === 'numeric'
    ? { kind: 'whole', of: operand, format: 'integer' }
    : operand
}

function orderedValue(operator: Comparison, term: ScalarTerm, value: Value): Rails {
  const { operand } = term
  if (operand.format === 'timestamp' && value instanceof Datetime) return orderedTime(operator, term, value)
  const stored = storedOf(value, operand.format)
  if (stored === undefined) return decide(FALSE, isDefined(term))
  return against(operator, term, { kind: 'value', value: stored, format: operand.format })
}

/** The years that every database with timestamps can write. */
const [FIRST_MS, LAST_MS] = [Date.UTC(1000, 0, 1), Date.UTC(9999, 11, 31)]

/** A timestamp may be finer than Cedar's milliseconds, which count from its last whole one. */
function orderedTime(operator: Comparison, term: ScalarTerm, { ms }: Datetime): Rails {
  if (typeof ms !== 'number' || ms < FIRST_MS || ms >= LAST_MS)
    return against(operator, { ...term, operand: whole(term.operand) }, integer(ms))
  const test = (comparison: '<' | '>=', at: number): Predicate =>
    compare(comparison, term.operand, {
      kind: 'value',
      value: new Date(at).toISOString(),
      format: 'timestamp',
    })
  const isBefore = test('<', ms)
  const isAfter = test('>=', ms + 1)
  const [notBefore, notAfter] = [test('>=', ms), test('<', ms + 1)]
  const of = (isTrue: Predicate, isFalse: Predicate): Rails => ({
    isTrue: and(isTrue, term.guard),
    isFalse: and(isFalse, term.guard),
    isTotal: term.isTotal,
  })
  switch (operator) {
    case '<':
      return of(isBefore, notBefore)
    case '>=':
      return of(notBefore, isBefore)
    case '>':
      return of(isAfter, notAfter)
    case '<=':
      return of(notAfter, isAfter)
    case '=':
      return of(and(notBefore, notAfter), or(isBefore, isAfter))
    case '<>':
      return of(or(isBefore, isAfter), and(notBefore, notAfter))
    default:
      return operator satisfies never
  }
}

/** A known whole number. */
export function integer(value: Bound): Operand {
  return { kind: 'value', value, format: 'integer' }
}

function against(operator: Comparison, term: ScalarTerm | EntityTerm, value: Operand): Rails {
  return {
    isTrue: and(compare(operator, term.operand, value), term.guard),
    isFalse: and(compare(OPPOSITE[operator], term.operand, value), term.guard),
    isTotal: term.isTotal,
  }
}

function pair(
  operator: Comparison,
  left: ScalarTerm | EntityTerm,
  right: ScalarTerm | EntityTerm,
  one: Operand,
  other: Operand,
): Rails {
  const guard = and(left.guard, right.guard)
  return {
    isTrue: and(compare(operator, one, other), guard),
    isFalse: and(compare(OPPOSITE[operator], one, other), guard),
    isTotal: left.isTotal && right.isTotal,
  }
}

/** What a value with an order counts: itself, milliseconds or ten-thousandths. */
export function wholeNumber(value: Value): Long | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Decimal) return value.units
  return value instanceof Datetime || value instanceof Duration ? value.ms : undefined
}
