// Comparisons of numbers. The corpus counts in doubles, Cedar in whole numbers and in decimals with four places: what is
// not whole is solved for the one attribute that it asks about, by trying it in doubles.
import { operate, type Comparison } from './cel-value.ts'

/** A numeric expression without conditions. */
export type Numeric =
  | { readonly kind: 'constant'; readonly value: number }
  | {
      readonly kind: 'field'
      readonly text: string
      readonly type: 'Long' | 'decimal'
      readonly guards: readonly string[]
    }
  | {
      readonly kind: 'arithmetic'
      readonly operator: '+' | '-' | '*' | '/'
      readonly left: Numeric
      readonly right: Numeric
    }

type Field = Numeric & { kind: 'field' }

/** How far attributes are tried: a billion, and for decimals a hundred thousand. */
const LIMIT = 1_000_000_000

function fieldsIn(numeric: Numeric): readonly Field[] {
  if (numeric.kind === 'constant') return []
  return numeric.kind === 'field' ? [numeric] : [...fieldsIn(numeric.left), ...fieldsIn(numeric.right)]
}

/** The value, with attributes as they are given. */
function valueOf(numeric: Numeric, given: (field: Field) => number): number {
  if (numeric.kind === 'constant') return numeric.value
  if (numeric.kind === 'field') return given(numeric)
  const value = operate(numeric.operator, valueOf(numeric.left, given), valueOf(numeric.right, given))
  return value as number
}

/** What the comparison is in Cedar, and what must be there for it to have a value. */
export function compareNumbers(
  operator: Comparison,
  left: Numeric,
  right: Numeric,
): { readonly text: string; readonly guards: readonly string[] } {
  const fields = [
    ...new Map([...fieldsIn(left), ...fieldsIn(right)].map((field) => [field.text, field])).values(),
  ]
  const guards = [...new Set(fields.flatMap((field) => field.guards))]
  const [only, other] = fields
  const test = (given: (field: Field) => number): boolean =>
    operate(operator, valueOf(left, given), valueOf(right, given)) === true
  if (only === undefined) return { text: String(test(() => 0)), guards }
  if (isWhole(left) && isWhole(right))
    return { text: `${wholeText(left)} ${operator} ${wholeText(right)}`, guards }
  if (other !== undefined || countOf(left, right, only) > 1 || dividesByZero(left))
    return { text: bySigns(fields, test), guards }
  return {
    text: byBounds(only, operator, (value) => test(() => value), operatorIsEquality(operator)),
    guards,
  }
}

function operatorIsEquality(operator: Comparison): boolean {
  return operator === '==' || operator === '!='
}

function countOf(left: Numeric, right: Numeric, field: Field): number {
  return [...fieldsIn(left), ...fieldsIn(right)].filter((one) => one.text === field.text).length
}

function dividesByZero(numeric: Numeric): boolean {
  return (
    numeric.kind === 'arithmetic' &&
    numeric.operator === '/' &&
    numeric.right.kind === 'constant' &&
    numeric.right.value === 0
  )
}

/** Only Longs, whole constants and what Cedar computes. */
function isWhole(numeric: Numeric): boolean {
  if (numeric.kind === 'constant') return Number.isInteger(numeric.value)
  if (numeric.kind === 'field') return numeric.type === 'Long'
  return numeric.operator !== '/' && isWhole(numeric.left) && isWhole(numeric.right)
}

function wholeText(numeric: Numeric): string {
  if (numeric.kind === 'constant') return numeric.value < 0 ? `(${numeric.value})` : String(numeric.value)
  if (numeric.kind === 'field') return numeric.text
  return `(${wholeText(numeric.left)} ${numeric.operator} ${wholeText(numeric.right)})`
}

/** Quotients of attributes with each other or by zero, where only the signs matter. */
function bySigns(fields: readonly Field[], test: (given: (field: Field) => number) => boolean): string {
  const signs = fields.reduce<readonly (readonly number[])[]>(
    (found) => found.flatMap((one) => [-1, 0, 1].map((sign) => [...one, sign])),
    [[]],
  )
  const holds = (scale: number): readonly (readonly number[])[] =>
    signs.filter((one) =>
      test((field) => (one[fields.findIndex(({ text }) => text === field.text)] as number) * scale),
    )
  const found = holds(1)
  if (JSON.stringify(holds(3)) !== JSON.stringify(found)) throw new Error('more than the signs matter')
  const parts = found.map(
    (one) => `(${one.map((sign, at) => signText(fields[at] as Field, sign)).join(' && ')})`,
  )
  return parts.length === 0 ? 'false' : `(${parts.join(' || ')})`
}

function signText(field: Field, sign: number): string {
  return order(field, sign < 0 ? '<' : sign > 0 ? '>' : '==', 0)
}

function order({ text, type }: Field, operator: Comparison, units: number): string {
  if (type === 'Long') return `${text} ${operator} ${units < 0 ? `(${units})` : units}`
  const literal = `decimal("${decimalText(units)}")`
  if (operator === '==' || operator === '!=') return `${text} ${operator} ${literal}`
  const method = { '<': 'lessThan', '<=': 'lessThanOrEqual', '>': 'greaterThan', '>=': 'greaterThanOrEqual' }[
    operator
  ]
  return `${text}.${method}(${literal})`
}

function decimalText(units: number): string {
  const digits = String(Math.abs(units)).padStart(5, '0')
  return `${units < 0 ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}

/** What holds from some value on, up to one, or between two: found by halving. */
function byBounds(
  field: Field,
  operator: Comparison,
  test: (value: number) => boolean,
  isEquality: boolean,
): string {
  const scale = field.type === 'Long' ? 1 : 10_000
  const at = (units: number): boolean => test(units / scale)
  if (isEquality) {
    const wanted = operator === '=='
    const found: number[] = []
    // Where a monotone expression passes a value: the solution, if it is one that Cedar can write, is beside it.
    for (let units = -200 * scale; units <= 200 * scale; units++) if (at(units) === wanted) found.push(units)
    if (!wanted) return `!(${byBounds(field, '==', (value) => !test(value), true)})`
    return found.length === 0 ? 'false' : `(${found.map((units) => order(field, '==', units)).join(' || ')})`
  }
  const [low, high] = [at(-LIMIT), at(LIMIT)]
  if (low === high) return String(low)
  let [from, to] = [-LIMIT, LIMIT]
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (at(middle) === low) from = middle
    else to = middle
  }
  return low ? order(field, '<=', from) : order(field, '>=', to)
}
