import { quote } from '../../src/access/cedar/escape.ts'
import type { Cel } from './cel.ts'
import type { Collection } from './cel-elements.ts'
import { type Field, fieldAt, pathOf } from './cel-fields.ts'
import type { Numeric } from './cel-numbers.ts'
import { NOW } from './cel-value.ts'
import { constantOf } from './cel-walk.ts'

/** The tags of a row. */
export const TAGS: Collection = { names: 'resource.tagNames', unnamed: 'resource.unnamedTags' }
/** That a row has its one category. */
export const HAS_CATEGORY = 'resource has mainCategory'

/** A field as an operand. */
export function numericField({ text, type, guards }: Field): Numeric & { kind: 'field' } {
  return { kind: 'field', text, type: type === 'decimal' ? 'decimal' : 'Long', guards }
}

/** How many tags have a name. */
export function countOf(name: string): string {
  return `(if resource.hasTag(${name}) then resource.getTag(${name}) else 0)`
}

/** A numeric expression; what Cedar cannot count is measured. */
export function numericOf(cel: Cel): Numeric | undefined {
  const value = constantOf(cel)
  if (typeof value === 'number') return { kind: 'constant', value }
  const field = fieldAt(cel)
  if (field !== undefined)
    return field.type === 'whole' || field.type === 'decimal' ? numericField(field) : undefined
  if (cel.kind === 'binary') return arithmeticOf(cel)
  if (cel.kind !== 'call' || cel.name !== 'size' || cel.arguments[0] === undefined) return undefined
  const [of] = cel.arguments
  const path = pathOf(of)?.join('.')
  const measured = (text: string, guards: readonly string[] = []): Numeric => ({
    kind: 'field',
    text,
    type: 'Long',
    guards,
  })
  if (path === 'tags') return measured('resource.tagCount')
  if (path === 'aString') return measured('resource.aStringSize')
  if (path === 'mainCategory.subCategories') return measured('resource.mainCategory.subCount', [HAS_CATEGORY])
  if (of.kind === 'select' && of.name === 'subCategories') return measured('resource.mainCategory.subCount')
  if (of.kind !== 'call' || of.name !== 'filter') return undefined
  const body = of.arguments[1]
  if (body?.kind !== 'binary' || body.operator !== '==') return undefined
  return measured(countOf(quote(String(constantOf(body.right)))), [`${TAGS.unnamed}.isEmpty()`])
}

function arithmeticOf({ operator, left, right }: Cel & { kind: 'binary' }): Numeric | undefined {
  if (operator === '%') {
    // Whole numbers are whole already; what is left of two is measured.
    const isOfTwo = left.kind === 'call' && left.name === 'int' && constantOf(right) === 2
    return isOfTwo ? { kind: 'field', text: 'resource.aNumberRest2', type: 'Long', guards: [] } : undefined
  }
  const [one, other] = [numericOf(left), numericOf(right)]
  if (one === undefined || other === undefined || !'+-*/'.includes(operator)) return undefined
  return { kind: 'arithmetic', operator: operator as '+', left: one, right: other }
}

/** A moment; what is known stands in the policy. */
export function timeOf(cel: Cel): { readonly text: string; readonly guards: readonly string[] } | undefined {
  if (cel.kind === 'call' && cel.name === 'timestamp' && cel.arguments[0] !== undefined) {
    const field = fieldAt(cel.arguments[0])
    if (field?.type === 'time') return { text: field.text, guards: field.guards }
    const text = constantOf(cel.arguments[0])
    return { text: `datetime(${quote(new Date(String(text)).toISOString())})`, guards: [] }
  }
  if (cel.kind === 'binary' && cel.operator === '-')
    return { text: `datetime(${quote(NOW.toISOString())}).offset(duration("-24h"))`, guards: [] }
  return undefined
}
