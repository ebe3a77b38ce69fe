import { Datetime, Duration } from '../cedar/extensions/datetime.ts'
import { Decimal } from '../cedar/extensions/decimal.ts'
import { IpAddress } from '../cedar/extensions/ipaddr.ts'
import type { Type } from '../cedar/types.ts'
import { EntityUid, Fault, type Outcome, type Value } from '../cedar/value.ts'
import type { IdFormat, TableName } from './mapping.ts'
import type { ArrayOperand, Bound, Format, Operand, Predicate } from './predicate.ts'
import { ALWAYS, and, choose, FAULT, hasValue, isNotNull, NEVER, or, type Rails, TRUE } from './predicates.ts'

/** Types of values that one operand holds, but for entities and booleans. */
export type ScalarName = 'Long' | 'String' | 'decimal' | 'ipaddr' | 'datetime' | 'duration'

/** What an expression is once everything that is known was put in. */
export type Term =
  | Single
  | { readonly kind: 'choice'; readonly test: Rails; readonly yes: Term; readonly no: Term }

/** A term that is not one of two, as the database decides. */
export type Single =
  | { readonly kind: 'known'; readonly value: Outcome }
  | ({ readonly kind: 'bool' } & Rails)
  | ScalarTerm
  | EntityTerm
  | SetTerm

/** Asks a question of every pair that two terms may be. */
export function spread(left: Term, right: Term, ask: (left: Single, right: Single) => Rails): Rails {
  if (left.kind === 'choice')
    return choose(left.test, spread(left.yes, right, ask), spread(left.no, right, ask))
  if (right.kind === 'choice')
    return choose(right.test, spread(left, right.yes, ask), spread(left, right.no, ask))
  return ask(left, right)
}

/** Makes a term of every pair that two terms may be. */
export function spreadTerm(left: Term, right: Term, make: (left: Single, right: Single) => Term): Term {
  if (left.kind === 'choice') {
    const [yes, no] = [spreadTerm(left.yes, right, make), spreadTerm(left.no, right, make)]
    return { kind: 'choice', test: left.test, yes, no }
  }
  if (right.kind === 'choice') {
    const [yes, no] = [spreadTerm(left, right.yes, make), spreadTerm(left, right.no, make)]
    return { kind: 'choice', test: right.test, yes, no }
  }
  return make(left, right)
}

/** `operand` is NULL, or `guard` is not TRUE, exactly where the expression has no value. */
export interface ScalarTerm {
  readonly kind: 'scalar'
  readonly type: ScalarName
  readonly operand: Operand
  readonly guard: Predicate
  /** It has a value in every row that keeps to the schema. */
  readonly isTotal: boolean
}

export interface EntityTerm {
  readonly kind: 'entity'
  readonly type: string
  readonly operand: Operand
  readonly guard: Predicate
  readonly isTotal: boolean
}

/** A set whose elements are not all known. */
export interface SetTerm {
  readonly kind: 'set'
  readonly element: Type
  readonly members:
    | { readonly kind: 'listed'; readonly elements: readonly Term[] }
    | { readonly kind: 'rows'; readonly rows: SetRows }
    | { readonly kind: 'array'; readonly array: ArrayOperand; readonly alias: string }
  readonly guard: Predicate
  readonly isTotal: boolean
}

/** A set as rows of a table. */
export interface SetRows {
  /** The id of the entity whose set it is. */
  readonly owner: Operand
  readonly table: TableName
  readonly ownerColumn: string
  readonly ownerFormat: IdFormat
  readonly valueColumn: string
  readonly valueFormat: Format
  readonly valueScale: number
  /** What the table is called where the compiler asks it. */
  readonly alias: string
}

/** A boolean expression's two predicates. What is no boolean has none. */
export function railsOf(term: Term): Rails {
  if (term.kind === 'bool') return term
  if (term.kind === 'choice') return choose(term.test, railsOf(term.yes), railsOf(term.no))
  if (term.kind !== 'known') return FAULT
  return term.value === true ? ALWAYS : term.value === false ? NEVER : FAULT
}

export function boolOf({ isTrue, isFalse, isTotal }: Rails): Term {
  return { kind: 'bool', isTrue, isFalse, isTotal }
}

export function known(value: Outcome): Term {
  return { kind: 'known', value }
}

/** Where an expression has a value. */
export function isDefined(term: Term): Predicate {
  switch (term.kind) {
    case 'known':
      return term.value instanceof Fault ? FAULT.isTrue : TRUE
    case 'bool':
      return hasValue(term)
    case 'choice':
      return or(and(term.test.isTrue, isDefined(term.yes)), and(term.test.isFalse, isDefined(term.no)))
    case 'set':
      return term.isTotal ? TRUE : term.guard
    case 'scalar':
    case 'entity':
      return term.isTotal ? TRUE : and(isNotNull(term.operand), term.guard)
    default:
      return term satisfies never
  }
}

/** The term of SQL for a value of a type. `scale`: by how much a whole number is multiplied to count milliseconds. */
export function termOf(type: Type, operand: Operand, scale: number, isTotal: boolean): Term {
  const { format } = operand
  switch (type.kind) {
    case 'true':
    case 'false':
    case 'Bool':
      return {
        kind: 'bool',
        isTrue: { kind: 'truth', of: operand, wanted: true },
        isFalse: { kind: 'truth', of: operand, wanted: false },
        isTotal,
      }
    case 'entity':
      return { kind: 'entity', type: type.names[0] as string, operand, guard: TRUE, isTotal }
    case 'Long':
    case 'String':
      return { kind: 'scalar', type: type.kind, operand, guard: TRUE, isTotal }
    case 'extension': {
      if (scale !== 1) {
        const by: Operand = { kind: 'value', value: scale, format: 'integer' }
        const product: Operand = {
          kind: 'arithmetic',
          operator: '*',
          left: operand,
          right: by,
          format: 'integer',
        }
        const guard: Predicate = { kind: 'fits', of: product }
        return { kind: 'scalar', type: type.name, operand: product, guard, isTotal: false }
      }
      const guard: Predicate = format === 'timestamp' ? { kind: 'finite', of: operand } : TRUE
      return { kind: 'scalar', type: type.name, operand, guard, isTotal: isTotal && guard === TRUE }
    }
    case 'never':
    case 'set':
    case 'record':
      return known(new Fault('type', 'no single value'))
    default:
      return type satisfies never
  }
}

/** The same term, with a value only where the guard is TRUE. */
export function guarded(term: Term, guard: Predicate): Term {
  if (guard.kind === 'true' || term.kind === 'known') return term
  if (term.kind === 'choice') return { ...term, yes: guarded(term.yes, guard), no: guarded(term.no, guard) }
  if (term.kind === 'bool')
    return { ...term, isTrue: and(guard, term.isTrue), isFalse: and(guard, term.isFalse), isTotal: false }
  return { ...term, guard: and(guard, term.guard), isTotal: false }
}

/** Whether a database can hold a text at all; what it cannot hold equals nothing in it. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** A known value as a format keeps it; undefined where no value of the format equals it. */
export function storedOf(value: Value, format: Format): Bound | undefined {
  if (value instanceof EntityUid) return storedId(value.id, format)
  if (typeof value === 'string') return format === 'text' && isStorable(value) ? value : undefined
  if (typeof value === 'number' || typeof value === 'bigint') return format === 'integer' ? value : undefined
  if (value instanceof Decimal) return format === 'numeric' ? value.toString() : wholeOf(value.units, format)
  if (value instanceof Datetime || value instanceof Duration) return wholeOf(value.ms, format)
  if (value instanceof IpAddress) return format === 'inet' ? value.toString() : undefined
  return undefined
}

function wholeOf(value: number | bigint, format: Format): Bound | undefined {
  return format === 'integer' ? value : undefined
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const WHOLE = /^(?:0|-?[1-9][0-9]{0,18})$/
const MAX_LONG = 2n ** 63n - 1n

/** Only the one way in which a database writes an id is that id. */
function storedId(id: string, format: Format): Bound | undefined {
  if (format === 'uuid') return UUID.test(id) ? id : undefined
  if (format !== 'integer') return isStorable(id) ? id : undefined
  if (!WHOLE.test(id)) return undefined
  const whole = BigInt(id)
  return whole > MAX_LONG || whole < -MAX_LONG - 1n ? undefined : whole
}

/** The type of a known value among the scalars; undefined for all others. */
export function scalarName(value: Value): ScalarName | undefined {
  if (typeof value === 'string') return 'String'
  if (typeof value === 'number' || typeof value === 'bigint') return 'Long'
  if (value instanceof Decimal || value instanceof IpAddress) return value.type
  return value instanceof Datetime || value instanceof Duration ? value.type : undefined
}
