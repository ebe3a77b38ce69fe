import type { EntityUid } from '../cedar/value.ts'
import type { Dialect } from './dialect.ts'
import type { EntityMapping } from './mapping.ts'
import type { Operand, Predicate } from './predicate.ts'
import { and, compare, FALSE } from './predicates.ts'
import { SqlCondition, type SqlText } from './sql-condition.ts'
import { storedOf } from './term.ts'

/** A query with one row for each action whose condition holds for one entity: its id, in the column `action`. */
export function actionsQuery(
  conditions: ReadonlyMap<string, Predicate>,
  entity: EntityMapping,
  resource: EntityUid,
  dialect: Dialect,
): SqlText {
  const { id, table } = entity
  if (table === undefined) throw new Error(`${entity.type} has no table`)
  const column: Operand = {
    kind: 'column',
    alias: table.name,
    name: id.column,
    format: id.format,
    isExact: id.isExact,
  }
  const stored = storedOf(resource, id.format)
  const isRow =
    stored === undefined ? FALSE : compare('=', column, { kind: 'value', value: stored, format: id.format })
  const schema = table.schema === undefined ? '' : `${dialect.quote(table.schema)}.`
  const from = `FROM ${schema}${dialect.quote(table.name)}`
  const parameters: unknown[] = []
  const parts = [...conditions].flatMap(([action, condition]) => {
    const isAllowed = and(isRow, condition)
    if (isAllowed.kind === 'false') return []
    const where = new SqlCondition(isAllowed, dialect).toSql({ firstParameter: parameters.length + 1 })
    parameters.push(...where.parameters)
    return [
      `SELECT ${dialect.literal(action, 'text')} AS ${dialect.quote('action')} ${from} WHERE ${where.text}`,
    ]
  })
  const nothing = `SELECT ${dialect.quote(id.column)} AS ${dialect.quote('action')} ${from} WHERE 1 = 0`
  return { text: parts.length === 0 ? nothing : parts.join(' UNION ALL '), parameters }
}
