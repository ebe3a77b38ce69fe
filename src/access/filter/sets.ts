import { CedarSet, Fault, type Value } from '../cedar/value.ts'
import { equalityOfSingles } from './comparison.ts'
import type { Bound, Format, Operand, Predicate, Select } from './predicate.ts'
import {
  among,
  and,
  both,
  choose,
  decide,
  elementOf,
  exists,
  FALSE,
  FAULT,
  link,
  notTrue,
  oneOf,
  or,
  type Rails,
  TRUE,
} from './predicates.ts'
import {
  isDefined,
  known,
  railsOf,
  type SetRows,
  type SetTerm,
  type Single,
  spread,
  storedOf,
  type Term,
  termOf,
} from './term.ts'

/** `==`. */
export function equality(left: Term, right: Term): Rails {
  return spread(left, right, equalityOfEach)
}

function equalityOfEach(left: Single, right: Single): Rails {
  const isPair = isSet(left) && isSet(right) && (left.kind === 'set' || right.kind === 'set')
  return isPair ? both(containsAll(left, right), containsAll(right, left)) : equalityOfSingles(left, right)
}

/** `set.contains(element)`. */
export function contains(set: Term, element: Term): Rails {
  return spread(set, element, containsOfEach)
}

function containsOfEach(set: Single, element: Single): Rails {
  if (!isSet(set) || isFault(element)) return FAULT
  if (set.kind === 'known' && element.kind === 'known')
    return railsOf(known(set.value.has(element.value as Value)))
  if (set.kind === 'known') return memberOf(element, set.value.elements)
  return decide(holds(set, element), and(isDefined(set), isDefined(element)))
}

/** `set.containsAll(others)`. */
export function containsAll(set: Term, others: Term): Rails {
  return spread(set, others, containsAllOfEach)
}

function containsAllOfEach(set: Single, others: Single): Rails {
  if (!isSet(set) || !isSet(others)) return FAULT
  const isSound = and(isDefined(set), isDefined(others))
  const listed = elementsOf(others)
  if (listed !== undefined) return decide(and(...listed.map((element) => holds(set, element))), isSound)
  const isOutside = (element: Term): Predicate => notTrue(holds(set, element))
  return decide(notTrue(someElement(others as SetTerm, isOutside)), isSound)
}

/** `set.containsAny(others)`. */
export function containsAny(set: Term, others: Term): Rails {
  return spread(set, others, containsAnyOfEach)
}

function containsAnyOfEach(set: Single, others: Single): Rails {
  if (!isSet(set) || !isSet(others)) return FAULT
  const isSound = and(isDefined(set), isDefined(others))
  if (set.kind === 'known') return decide(someIn(others, set), isSound)
  return decide(someIn(set, others), isSound)
}

/** `set.isEmpty()`. */
export function isEmpty(set: Term): Rails {
  if (set.kind === 'choice') return choose(set.test, isEmpty(set.yes), isEmpty(set.no))
  if (!isSet(set)) return FAULT
  if (set.kind === 'known') return railsOf(known(set.value.size === 0))
  const { members } = set
  if (members.kind === 'listed') return decide(members.elements.length === 0 ? TRUE : FALSE, isDefined(set))
  if (members.kind === 'array')
    return decide({ kind: 'empty', array: members.array, wanted: true }, isDefined(set))
  return decide(notTrue(someElement(set, () => TRUE)), isDefined(set))
}

/** Whether something is one of known values: one list where the database can look it up in an index. */
export function memberOf(term: Term, values: readonly Value[]): Rails {
  if (term.kind === 'choice') return choose(term.test, memberOf(term.yes, values), memberOf(term.no, values))
  if ((term.kind === 'scalar' || term.kind === 'entity') && term.operand.format !== 'timestamp') {
    const { operand, guard, isTotal } = term
    const stored: Bound[] = []
    for (const value of values) {
      // Another type, or another entity type, equals nothing here.
      const isAlike = equality(term, known(value)).isTrue.kind !== 'false'
      const bound = isAlike ? storedOf(value, operand.format) : undefined
      if (bound !== undefined) stored.push(bound)
    }
    if (stored.length === 0) return decide(FALSE, isDefined(term))
    return {
      isTrue: and(oneOf(operand, stored, true), guard),
      isFalse: and(oneOf(operand, stored, false), guard),
      isTotal,
    }
  }
  if (values.length === 0) return decide(FALSE, isDefined(term))
  const tests = values.map((value) => equality(term, known(value)))
  return {
    isTrue: or(...tests.map((test) => test.isTrue)),
    isFalse: and(...tests.map((test) => test.isFalse)),
    isTotal: tests.every((test) => test.isTotal),
  }
}

type SetLike = SetTerm | { readonly kind: 'known'; readonly value: CedarSet }

function isSet(term: Term): term is SetLike {
  return term.kind === 'set' || (term.kind === 'known' && term.value instanceof CedarSet)
}

function isFault(term: Term): boolean {
  return term.kind === 'known' && term.value instanceof Fault
}

/** The elements one by one, where that is possible. */
function elementsOf(set: SetLike): readonly Term[] | undefined {
  if (set.kind === 'known') return set.value.elements.map(known)
  return set.members.kind === 'listed' ? set.members.elements : undefined
}

/** TRUE exactly where a set that is there holds an element that has a value. */
function holds(set: SetLike, element: Term): Predicate {
  if (set.kind === 'known') {
    if (element.kind === 'known') return contains(set, element).isTrue
    return memberOf(element, set.value.elements).isTrue
  }
  const { members } = set
  if (members.kind === 'array') {
    const operand = operandIn(element, members.array.format, set)
    if (operand !== undefined) return elementOf(operand, members.array)
  }
  return someElement(set, (other) => equality(other, element).isTrue, element.kind === 'known')
}

/** Formats whose values are not compared as they are kept. */
const UNLISTED: ReadonlySet<Format> = new Set(['timestamp', 'boolean'])

/** What can be looked for in an array as it is. */
function operandIn(element: Term, format: Format, set: SetTerm): Operand | undefined {
  if (UNLISTED.has(format)) return undefined
  if (element.kind === 'known') {
    const probe = termOf(set.element, { kind: 'raw', text: '', format }, 1, true)
    if (equality(probe, element).isTrue.kind === 'false') return undefined
    const stored = storedOf(element.value as Value, format)
    return stored === undefined ? undefined : { kind: 'value', value: stored, format }
  }
  if ((element.kind !== 'scalar' && element.kind !== 'entity') || !isElement(element, set)) return undefined
  return element.operand.format === format ? element.operand : undefined
}

function isElement(term: Term, { element }: SetTerm): boolean {
  if (term.kind === 'entity') return element.kind === 'entity' && element.names[0] === term.type
  if (term.kind !== 'scalar') return false
  return element.kind === 'extension' ? element.name === term.type : element.kind === term.type
}

/** TRUE exactly where one element of `some` is in `set`. */
function someIn(some: SetLike, set: SetLike): Predicate {
  const listed = elementsOf(set)
  if (listed === undefined) {
    const others = elementsOf(some)
    if (others !== undefined) return or(...others.map((element) => holds(set, element)))
    return someElement(some as SetTerm, (element) => holds(set, element))
  }
  if (some.kind === 'known') return or(...listed.map((element) => holds(some, element)))
  if (set.kind === 'known') {
    if (set.value.size === 0) return FALSE
    const { members } = some
    if (members.kind === 'array' && !UNLISTED.has(members.array.format)) {
      const found = set.value.elements.map((value) => operandIn(known(value), members.array.format, some))
      const values = found.flatMap((operand) => (operand?.kind === 'value' ? [operand.value] : []))
      return values.length === 0 ? FALSE : { kind: 'overlap', array: members.array, values }
    }
    return someElement(some, (element) => memberOf(element, set.value.elements).isTrue, true)
  }
  return or(...listed.map((element) => holds(some, element)))
}

/** `isAlone`: the test does not look at the row outside, so that the rows can be found once for all. */
export function someElement(
  { members, element }: SetTerm,
  test: (element: Term) => Predicate,
  isAlone = false,
): Predicate {
  if (members.kind === 'listed') return or(...members.elements.map(test))
  if (members.kind === 'array') {
    const { array, alias } = members
    const operand: Operand = {
      kind: 'column',
      alias,
      name: 'element',
      format: array.format,
      isExact: false,
    }
    const where = test(termOf(element, operand, 1, true))
    return exists({ kind: 'select', columns: [], from: [{ kind: 'elements', array, alias }], where })
  }
  const { rows } = members
  const test1 = test(termOf(element, valueOf(rows), rows.valueScale, rows.valueScale === 1))
  if (test1.kind === 'false') return FALSE
  const select = selectFrom(rows, test1, isAlone)
  return isAlone ? among(rows.owner, select) : exists(select)
}

function valueOf({ alias, valueColumn, valueFormat }: SetRows): Operand {
  return { kind: 'column', alias, name: valueColumn, format: valueFormat, isExact: false }
}

function selectFrom(rows: SetRows, test: Predicate, isAlone: boolean): Select {
  const owner: Operand = {
    kind: 'column',
    alias: rows.alias,
    name: rows.ownerColumn,
    format: rows.ownerFormat,
    isExact: false,
  }
  const from = [{ kind: 'table', table: rows.table, alias: rows.alias } as const]
  if (isAlone) return { kind: 'select', columns: [owner], from, where: test }
  return { kind: 'select', columns: [], from, where: and(link(owner, rows.owner), test) }
}
