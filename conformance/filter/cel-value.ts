// What an expression of the corpus is for one row, by the rules of the language it is written in. This is what the
// translations are held against.
import type { Cel } from './cel.ts'

/** Plain data; a missing key is a missing attribute, null is the value null. */
export type CelValue =
  | number
  | string
  | boolean
  | null
  | Date
  | readonly CelValue[]
  | { readonly [key: string]: CelValue }

/** An error of the language: a missing attribute, an operator without a meaning for these types. */
export const ERROR = Symbol('error')
export type CelOutcome = CelValue | typeof ERROR

export type Names = Readonly<Record<string, CelValue>>

/** Evaluates an expression. `&&`, `||` and the macros absorb an error where another part decides. */
export function celValue(cel: Cel, names: Names): CelOutcome {
  switch (cel.kind) {
    case 'constant':
      return cel.value
    case 'list':
      return strict(
        cel.items.map((item) => celValue(item, names)),
        (items) => items,
      )
    case 'name':
      return Object.hasOwn(names, cel.name) ? (names[cel.name] as CelValue) : ERROR
    case 'select': {
      const of = celValue(cel.of, names)
      if (of === ERROR || of === null || typeof of !== 'object' || Array.isArray(of)) return ERROR
      return Object.hasOwn(of, cel.name) ? ((of as Names)[cel.name] as CelValue) : ERROR
    }
    case 'index': {
      const [of, at] = [celValue(cel.of, names), celValue(cel.at, names)]
      return Array.isArray(of) && typeof at === 'number' && at in of ? (of[at] as CelValue) : ERROR
    }
    case 'unary': {
      const of = celValue(cel.of, names)
      if (cel.operator === '!') return typeof of === 'boolean' ? !of : ERROR
      return typeof of === 'number' ? -of : ERROR
    }
    case 'choice': {
      const test = celValue(cel.test, names)
      return typeof test === 'boolean' ? celValue(test ? cel.yes : cel.no, names) : ERROR
    }
    case 'binary':
      if (cel.operator === '&&' || cel.operator === '||') return logic(cel, names)
      return strict([celValue(cel.left, names), celValue(cel.right, names)], ([left, right]) =>
        operate(cel.operator, left as CelValue, right as CelValue),
      )
    case 'call':
      return call(cel, names)
    default:
      return cel satisfies never
  }
}

function strict(
  outcomes: readonly CelOutcome[],
  make: (values: readonly CelValue[]) => CelOutcome,
): CelOutcome {
  return outcomes.includes(ERROR) ? ERROR : make(outcomes as readonly CelValue[])
}

function logic({ operator, left, right }: Cel & { kind: 'binary' }, names: Names): CelOutcome {
  const decides = operator === '||'
  const sides = [celValue(left, names), celValue(right, names)]
  if (sides.includes(decides)) return decides
  return sides.every((side) => side === !decides) ? !decides : ERROR
}

/** Operators that compare. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/** An operator on two values. */
export function operate(operator: string, left: CelValue, right: CelValue): CelOutcome {
  switch (operator) {
    case '==':
      return isSame(left, right)
    case '!=':
      return !isSame(left, right)
    case 'in':
      return Array.isArray(right) ? right.some((item: CelValue) => isSame(item, left)) : ERROR
    case '+':
      if (typeof left === 'string' && typeof right === 'string') return left + right
      return numbers(left, right, (a, b) => a + b)
    case '-':
      if (left instanceof Date && typeof right === 'number') return new Date(left.getTime() - right)
      return numbers(left, right, (a, b) => a - b)
    case '*':
      return numbers(left, right, (a, b) => a * b)
    case '/':
      return numbers(left, right, (a, b) => a / b)
    case '%':
      return numbers(left, right, (a, b) => a % b)
    default:
      return ordered(operator, left, right)
  }
}

function numbers(left: CelValue, right: CelValue, make: (a: number, b: number) => number): CelOutcome {
  return typeof left === 'number' && typeof right === 'number' ? make(left, right) : ERROR
}

function ordered(operator: string, left: CelValue, right: CelValue): CelOutcome {
  const [a, b] = [left, right].map((value) => (value instanceof Date ? value.getTime() : value))
  const isAlike = left instanceof Date === right instanceof Date
  if (!isAlike || typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) return ERROR
  const [one, other] = [a, b] as [number, number]
  if (operator === '<') return one < other
  if (operator === '<=') return one <= other
  return operator === '>' ? one > other : one >= other
}

function isSame(left: CelValue, right: CelValue): boolean {
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime()
  if (Array.isArray(left) && Array.isArray(right))
    return (
      left.length === right.length && left.every((item: CelValue, at) => isSame(item, right[at] as CelValue))
    )
  return left === right
}

const MACROS = new Set(['exists', 'all', 'exists_one', 'filter', 'map'])

function call(cel: Cel & { kind: 'call' }, names: Names): CelOutcome {
  const { name, of } = cel
  if (of !== undefined && MACROS.has(name)) return macro(name, of, cel.arguments, names)
  const given = [...(of === undefined ? [] : [of]), ...cel.arguments].map((argument) =>
    celValue(argument, names),
  )
  return strict(given, ([first, second]) => {
    switch (name) {
      case 'size':
        return typeof first === 'string' ? [...first].length : Array.isArray(first) ? first.length : ERROR
      case 'contains':
        return texts(first, second, (a, b) => a.includes(b))
      case 'startsWith':
        return texts(first, second, (a, b) => a.startsWith(b))
      case 'endsWith':
        return texts(first, second, (a, b) => a.endsWith(b))
      case 'hasIntersection':
        return Array.isArray(first) && Array.isArray(second)
          ? first.some((a: CelValue) => (second as readonly CelValue[]).some((b) => isSame(a, b)))
          : ERROR
      case 'string':
        return typeof first === 'number' || typeof first === 'boolean' ? String(first) : ERROR
      case 'int':
        return typeof first === 'number' ? Math.trunc(first) : ERROR
      case 'timestamp':
        return typeof first === 'string' ? timeOf(first) : ERROR
      case 'duration':
        return first === '24h' ? 86_400_000 : ERROR
      case 'now':
        return NOW
      case 'hierarchy':
        return Array.isArray(first)
          ? first
          : typeof first === 'string'
            ? first.split((second as string | undefined) ?? '.')
            : ERROR
      case 'ancestorOf':
        return isBelow(second, first)
      case 'descendentOf':
        return isBelow(first, second)
      case 'overlaps':
        return (
          isBelow(first, second) || isBelow(second, first) || isSame(first as CelValue, second as CelValue)
        )
      default:
        throw new Error(`no function ${name}`)
    }
  })
}

/** When the corpus is run; between the two groups of its times. */
export const NOW = new Date('2026-01-01T00:00:00Z')

/** To the millisecond, which no comparison of the corpus goes below. */
function timeOf(text: string): CelOutcome {
  const time = new Date(text.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(time.getTime()) ? ERROR : time
}

function texts(
  a: CelValue | undefined,
  b: CelValue | undefined,
  test: (a: string, b: string) => boolean,
): CelOutcome {
  return typeof a === 'string' && typeof b === 'string' ? test(a, b) : ERROR
}

function isBelow(low: CelValue | undefined, high: CelValue | undefined): boolean {
  const [below, above] = [low, high] as [readonly string[], readonly string[]]
  return below.length > above.length && above.every((part, at) => below[at] === part)
}

function macro(name: string, of: Cel, [variable, body]: readonly Cel[], names: Names): CelOutcome {
  const list = celValue(of, names)
  if (!Array.isArray(list) || variable?.kind !== 'name' || body === undefined) return ERROR
  const outcomes = list.map((item: CelValue) => celValue(body, { ...names, [variable.name]: item }))
  if (name === 'exists' || name === 'all') {
    const decides = name === 'exists'
    if (outcomes.includes(decides)) return decides
    return outcomes.every((outcome) => outcome === !decides) ? !decides : ERROR
  }
  return strict(outcomes, (values) => {
    if (name === 'map') return values
    const kept = list.filter((_: CelValue, at: number) => values[at] === true)
    return name === 'filter' ? kept : kept.length === 1
  })
}
