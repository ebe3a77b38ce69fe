import { OPPOSITE } from './comparison.ts'
import { RingwallError } from '../../core/errors.ts'
import type { RecordType } from '../cedar/types.ts'
import type { AttributeMapping, EntityMapping } from './mapping.ts'
import type { Comparison, Operand, Predicate, Select } from './predicate.ts'

/** How Prisma calls what the mapping names: fields by column, relations by the table that they lead to. */
export interface PrismaModel {
  /** Where the name differs from the column's. */
  readonly fields?: Readonly<Record<string, string>>
  readonly relations?: Readonly<Record<string, PrismaRelation>>
}

/** A list relation of the model, such as `shares DocumentShare[]`. */
export interface PrismaRelation {
  readonly field: string
  readonly fields?: Readonly<Record<string, string>>
}

/** A `where` of Prisma, as plain data. */
export type PrismaWhere = { readonly [key: string]: unknown }

/** What the renderer must know of the row's table. */
export interface PrismaTable {
  readonly model: PrismaModel
  readonly alias: string
  /** Columns that may be NULL; Prisma refuses to compare others with null. */
  readonly nullable: ReadonlySet<string>
}

const OPERATORS: Readonly<Record<Comparison, string>> = {
  '=': 'equals',
  '<>': 'not',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
}

/**
 * A condition as a `where` of Prisma. What can come here was judged when the policies were loaded (`judgeForPrisma`).
 * Prisma's NOT is SQL's, which forgets NULL, so nothing is left to it: each comparison is turned round by itself.
 */
export function renderPrisma(predicate: Predicate, table: PrismaTable): PrismaWhere {
  return render(predicate, { names: table.model.fields ?? {}, ...table })
}

interface Frame extends PrismaTable {
  readonly names: Readonly<Record<string, string>>
}

function render(predicate: Predicate, frame: Frame): PrismaWhere {
  switch (predicate.kind) {
    case 'true':
      return {}
    case 'false':
      return { OR: [] }
    case 'and':
    case 'or':
      return {
        [predicate.kind === 'and' ? 'AND' : 'OR']: predicate.terms
          .filter(({ kind }) => kind !== 'finite')
          .map((term) => render(term, frame)),
      }
    case 'not-true':
      return renderNotTrue(predicate.of, frame)
    case 'compare':
      return renderCompare(predicate, frame)
    case 'null':
      return { [fieldOf(predicate.of, frame)]: predicate.isNull ? null : { not: null } }
    case 'truth':
      return { [fieldOf(predicate.of, frame)]: predicate.wanted }
    case 'one-of': {
      const { of, values, wanted } = predicate
      return { [fieldOf(of, frame)]: { [wanted ? 'in' : 'notIn']: [...values] } }
    }
    case 'like':
      return renderLike(predicate, frame)
    case 'among':
      return renderRelation(predicate.select, 'some', frame)
    case 'finite':
      return {}
    case 'exists':
    case 'fits':
    case 'within':
    case 'family':
    case 'element':
    case 'overlap':
    case 'empty':
      return unforeseen(predicate.kind)
    default:
      return predicate satisfies never
  }
}

/** Where the predicate is false, or NULL. */
function renderNotTrue(predicate: Predicate, frame: Frame): PrismaWhere {
  const orNull = (of: Operand, where: PrismaWhere): PrismaWhere =>
    of.kind === 'column' && frame.nullable.has(of.name)
      ? { OR: [where, { [fieldOf(of, frame)]: null }] }
      : where
  switch (predicate.kind) {
    case 'true':
      return { OR: [] }
    case 'false':
      return {}
    case 'and':
    case 'or':
      return {
        [predicate.kind === 'and' ? 'OR' : 'AND']: predicate.terms
          .filter(({ kind }) => kind !== 'finite')
          .map((term) => renderNotTrue(term, frame)),
      }
    case 'not-true':
      return render(predicate.of, frame)
    case 'compare':
      return orNull(
        predicate.left.kind === 'whole' ? predicate.left.of : predicate.left,
        render({ ...predicate, operator: OPPOSITE[predicate.operator] }, frame),
      )
    case 'null':
      return render({ ...predicate, isNull: !predicate.isNull }, frame)
    case 'truth':
    case 'one-of':
    case 'like':
      return orNull(predicate.of, render({ ...predicate, wanted: !predicate.wanted }, frame))
    case 'among':
      return renderRelation(predicate.select, 'none', frame)
    case 'exists':
    case 'fits':
    case 'finite':
    case 'within':
    case 'family':
    case 'element':
    case 'overlap':
    case 'empty':
      return unforeseen(predicate.kind)
    default:
      return predicate satisfies never
  }
}

function renderCompare(
  { operator, left, right }: Predicate & { kind: 'compare' },
  frame: Frame,
): PrismaWhere {
  if (left.kind === 'whole' && right.kind === 'value')
    return { [fieldOf(left.of, frame)]: momentTest(operator, Number(right.value)) }
  return { [fieldOf(left, frame)]: { [OPERATORS[operator]]: valueOf(right) } }
}

/** The last moment that a Date can be. */
const LAST_DATE_MS = 8_640_000_000_000_000

/** Against a moment that timestamps of other databases cannot be written as; they may be finer than a millisecond. */
function momentTest(operator: Comparison, ms: number): PrismaWhere {
  const at = (moment: number): Date => new Date(Math.max(-LAST_DATE_MS, Math.min(LAST_DATE_MS, moment)))
  switch (operator) {
    case '<':
      return { lt: at(ms) }
    case '<=':
      return { lt: at(ms + 1) }
    case '>':
      return { gte: at(ms + 1) }
    case '>=':
      return { gte: at(ms) }
    case '=':
      return { gte: at(ms), lt: at(ms + 1) }
    case '<>':
      return { not: { gte: at(ms), lt: at(ms + 1) } }
    default:
      return operator satisfies never
  }
}

function renderLike(predicate: Predicate & { kind: 'like' }, frame: Frame): PrismaWhere {
  const { of, pattern, wanted } = predicate
  const [first = '', second = '', third] = pattern
  const field = fieldOf(of, frame)
  const test =
    pattern.length === 1
      ? { equals: first }
      : third !== undefined
        ? { contains: second }
        : first === ''
          ? { endsWith: second }
          : { startsWith: first }
  // In both there is a text: what is NULL is neither like the pattern nor unlike it.
  return wanted ? { [field]: test } : { [field]: { not: test } }
}

function renderRelation({ from, where }: Select, quantifier: 'some' | 'none', frame: Frame): PrismaWhere {
  const [source] = from
  const relation = source?.kind === 'table' ? frame.model.relations?.[source.table.name] : undefined
  if (source === undefined || relation === undefined) return unforeseen('a table without a relation')
  const inner: Frame = {
    model: {},
    alias: source.alias,
    names: relation.fields ?? {},
    nullable: new Set(),
  }
  return { [relation.field]: { [quantifier]: render(where, inner) } }
}

function fieldOf(operand: Operand, { alias, names }: Frame): string {
  if (operand.kind !== 'column' || operand.alias !== alias) return unforeseen('an operand that is no column')
  return Object.hasOwn(names, operand.name) ? (names[operand.name] as string) : operand.name
}

function valueOf(operand: Operand): unknown {
  if (operand.kind !== 'value') return unforeseen('a comparison of two columns')
  return operand.format === 'timestamp' ? new Date(operand.value as string) : operand.value
}

function unforeseen(what: string): never {
  throw new RingwallError('access.filter-prisma', `Prisma has no condition for ${what}`)
}

/** The columns that are NULL where an optional attribute is absent, and those of parents that are no attributes. */
export function nullableColumns(entity: EntityMapping, type: RecordType): ReadonlySet<string> {
  const required = new Set<string>([entity.id.column])
  const nullable = new Set<string>()
  const collect = (
    fields: ReadonlyMap<string, AttributeMapping>,
    record: RecordType,
    isThere: boolean,
  ): void => {
    for (const [name, field] of fields) {
      const attribute = record.attributes.get(name)
      const isRequired = isThere && attribute?.isRequired === true
      if (field.kind === 'column') (isRequired ? required : nullable).add(field.column)
      if (field.kind === 'record' && attribute?.type.kind === 'record')
        collect(field.fields, attribute.type, isRequired)
    }
  }
  collect(entity.attributes, type, true)
  for (const parent of entity.parents) if (parent.kind === 'column') nullable.add(parent.column)
  return nullable.difference(required)
}
