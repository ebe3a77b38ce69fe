import type { TableName } from './mapping.ts'
import type { ArrayOperand, Column, Operand, Predicate, Select, Source } from './predicate.ts'

/** What is done with each part of a condition. */
export interface Walk {
  predicate(of: Predicate): Predicate
  operand(of: Operand): Operand
  select(of: Select): Select
  array?(of: ArrayOperand): ArrayOperand
}

function mapArray(of: ArrayOperand, walk: Walk): ArrayOperand {
  return walk.array?.(of) ?? { ...of, operand: walk.operand(of.operand) }
}

/** The same predicate, with each of its parts as the walk leaves it. */
export function mapPredicate(of: Predicate, walk: Walk): Predicate {
  switch (of.kind) {
    case 'true':
    case 'false':
      return of
    case 'and':
    case 'or':
      return { ...of, terms: of.terms.map((term) => walk.predicate(term)) }
    case 'not-true':
      return { ...of, of: walk.predicate(of.of) }
    case 'compare':
      return { ...of, left: walk.operand(of.left), right: walk.operand(of.right) }
    case 'among':
      return { ...of, of: of.of.map((operand) => walk.operand(operand)), select: walk.select(of.select) }
    case 'exists':
      return { ...of, select: walk.select(of.select) }
    case 'within':
      return { ...of, of: walk.operand(of.of), network: walk.operand(of.network) }
    case 'element':
      return { ...of, of: walk.operand(of.of), array: mapArray(of.array, walk) }
    case 'overlap':
    case 'empty':
      return { ...of, array: mapArray(of.array, walk) }
    case 'null':
    case 'truth':
    case 'like':
    case 'one-of':
    case 'fits':
    case 'finite':
    case 'family':
      return { ...of, of: walk.operand(of.of) }
    default:
      return of satisfies never
  }
}

/** The same of an operand. */
export function mapOperand(of: Operand, walk: Walk): Operand {
  switch (of.kind) {
    case 'column':
    case 'value':
    case 'raw':
      return of
    case 'arithmetic':
      return { ...of, left: walk.operand(of.left), right: walk.operand(of.right) }
    case 'remainder':
    case 'quotient':
    case 'whole':
      return { ...of, of: walk.operand(of.of) }
    case 'lookup':
      return { ...of, select: walk.select(of.select) }
    default:
      return of satisfies never
  }
}

/** The same of a select and all inside it. */
export function mapSelect(of: Select, walk: Walk): Select {
  return {
    ...of,
    columns: of.columns.map((column) => walk.operand(column)),
    from: of.from.map((source) => mapSource(source, walk)),
    where: walk.predicate(of.where),
  }
}

function mapSource(of: Source, walk: Walk): Source {
  if (of.kind === 'table' || of.kind === 'closure-step') return of
  if (of.kind === 'elements') return { ...of, array: mapArray(of.array, walk) }
  const { base, step } = of.closure
  return { ...of, closure: { ...of.closure, base: walk.select(base), step: walk.select(step) } }
}

/** Whether any operand in a predicate is so. */
export function mentions(predicate: Predicate, isSo: (operand: Operand) => boolean): boolean {
  let found = false
  const walk: Walk = {
    predicate: (of) => mapPredicate(of, walk),
    operand: (of) => {
      found ||= isSo(of)
      return mapOperand(of, walk)
    },
    select: (of) => mapSelect(of, walk),
  }
  walk.predicate(predicate)
  return found
}

/** Whether a select, or one inside it, reads a table. */
export function readsTables(select: Select): boolean {
  return tablesOf(select).size > 0
}

/** Every table that a select or one inside it reads, by alias. */
export function tablesOf(select: Select): Map<string, TableName> {
  const found = new Map<string, TableName>()
  visit(
    select,
    (source) => source.kind === 'table' && found.set(source.alias, source.table),
    () => undefined,
  )
  return found
}

/** Shows every source and every column of a select and of all inside it. */
export function visit(
  select: Select,
  source: (of: Source) => unknown,
  column: (of: Column) => unknown,
): void {
  const walk: Walk = {
    predicate: (of) => mapPredicate(of, walk),
    operand: (of) => {
      if (of.kind === 'column') column(of)
      return mapOperand(of, walk)
    },
    select: (of) => {
      for (const one of of.from) source(one)
      return mapSelect(of, walk)
    },
  }
  walk.select(select)
}
