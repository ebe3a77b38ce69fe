import type { TableName } from '../filter/mapping.ts'
import type { Operand, Predicate } from '../filter/predicate.ts'
import { mapOperand, mapPredicate, mapSelect, tablesOf, type Walk } from '../filter/predicate-walk.ts'

/** A column that a policy finds rows by. */
export interface ComparedColumn {
  /** `schema.name`. */
  readonly table: string
  readonly column: string
}

/**
 * The columns by which a condition finds rows: those that it holds against one value or a list of them. An index on each
 * lets the database find the rows; without one it reads the whole table. What is below NOT helps to find nothing.
 */
export function comparedColumns(predicate: Predicate, row: TableName): ComparedColumn[] {
  const found = new Map<string, ComparedColumn>()
  const scopes: ReadonlyMap<string, TableName>[] = [new Map([[row.name, row]])]
  const note = (operand: Operand): void => {
    if (operand.kind !== 'column') return
    const table = scopes.findLast((scope) => scope.has(operand.alias))?.get(operand.alias)
    if (table === undefined) return
    const one = { table: `${table.schema}.${table.name}`, column: operand.name }
    found.set(`${one.table}\n${one.column}`, one)
  }
  const walk: Walk = {
    predicate: (of) => {
      if (of.kind === 'not-true') return of
      if (of.kind === 'compare' && of.operator === '=') [of.left, of.right].forEach(note)
      if (of.kind === 'one-of' && of.wanted) note(of.of)
      if (of.kind === 'element') note(of.of)
      if (of.kind === 'among') of.of.forEach(note)
      return mapPredicate(of, walk)
    },
    operand: (of) => mapOperand(of, walk),
    select: (of) => {
      scopes.push(tablesOf(of))
      mapSelect(of, walk)
      scopes.pop()
      return of
    },
  }
  walk.predicate(predicate)
  return [...found.values()]
}
