import { type Dialect, INT64, likePattern, quoter, separated } from './dialect.ts'
import type { Bound, Format, Operand } from './predicate.ts'

const TYPES: Readonly<Record<Format, string>> = {
  boolean: 'boolean',
  integer: 'bigint',
  text: 'text',
  uuid: 'uuid',
  timestamp: 'timestamptz',
  numeric: 'numeric',
  inet: 'inet',
}

/** A value as an element of an array literal. */
function element(value: Bound): string {
  return typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value)
}

/** One parameter for any number of values, so that the text of the query stays the same. */
function arrayOf(values: readonly Bound[]): string {
  return `{${values.map(element).join(',')}}`
}

/** A quoted text; the `E` form means the same whatever `standard_conforming_strings` says. */
function quoted(text: string): string {
  const doubled = text.replaceAll("'", "''")
  return doubled.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

/** PostgreSQL 15 and newer. Texts compare by the column's collation, which must be deterministic (as all are unless made otherwise). */
export const postgres: Dialect = {
  name: 'postgres',
  isNumbered: true,
  hasInfinity: true,
  uncached: undefined,
  quote: quoter('"'),
  parameter: (format) => ['', `::${TYPES[format]}`],
  bind: (value) => (typeof value === 'bigint' ? value.toString() : value),
  literal(value, format) {
    if (typeof value !== 'string') return value < 0 ? `(${value})` : String(value)
    return format === 'text' ? quoted(value) : `${quoted(value)}::${TYPES[format]}`
  },
  compare(writer, { operator, left, right }) {
    writer.operand(left)
    writer.text(` ${operator} `)
    writer.operand(right)
  },
  oneOf(writer, { of, values, wanted }) {
    writer.operand(of)
    writer.text(wanted ? ' = ANY (' : ' <> ALL (')
    writer.value(arrayOf(values), 'text', `::${TYPES[of.format]}[]`)
    writer.text(')')
  },
  among(writer, of, select) {
    const [only] = of
    if (of.length === 1 && only !== undefined) {
      // Run once, and met by an index even below OR.
      writer.operand(only)
      writer.text(' = ANY (ARRAY(')
      select()
      writer.text('))')
      return
    }
    writer.text('(')
    separated(writer, of, ', ', (operand) => writer.operand(operand))
    writer.text(') IN (')
    select()
    writer.text(')')
  },
  amongColumn: (writer, operand) => writer.operand(operand),
  truth(writer, of, wanted) {
    if (!wanted) writer.text('NOT ')
    writer.operand(of)
  },
  like(writer, { of, pattern, wanted }) {
    writer.operand(of)
    writer.text(wanted ? ' LIKE ' : ' NOT LIKE ')
    writer.value(likePattern(pattern), 'text')
    writer.text(" ESCAPE '!'")
  },
  arithmetic(writer, { operator, left, right }) {
    writer.text('(')
    numeric(left)
    writer.text(` ${operator} `)
    numeric(right)
    writer.text(')')
    function numeric(operand: Operand): void {
      writer.operand(operand)
      writer.text('::numeric')
    }
  },
  division(writer, { kind, of, by }) {
    writer.text(kind === 'remainder' ? 'mod(' : 'div(')
    writer.operand(of)
    writer.text(`::numeric, ${by})`)
  },
  whole(writer, of) {
    writer.text(of.format === 'timestamp' ? 'floor(extract(epoch FROM ' : '(')
    writer.operand(of)
    writer.text(of.format === 'timestamp' ? ') * 1000)' : ' * 10000)')
  },
  fits(writer, of) {
    writer.operand(of)
    writer.text(` BETWEEN ${INT64}`)
  },
  finite(writer, of) {
    writer.text('isfinite(')
    writer.operand(of)
    writer.text(')')
  },
  special(writer, predicate) {
    switch (predicate.kind) {
      case 'within':
        writer.text(predicate.wanted ? '(' : 'NOT (')
        writer.operand(predicate.of)
        writer.text(' <<= ')
        writer.operand(predicate.network)
        writer.text(')')
        return
      case 'family':
        writer.text('family(')
        writer.operand(predicate.of)
        writer.text(predicate.isV4 ? ') = 4' : ') = 6')
        return
      case 'element':
        if (predicate.array.operand.kind === 'column') {
          // What an index on the array's column serves; any other array is met by an index on the element.
          writer.operand(predicate.array.operand)
          writer.text(' @> ARRAY[')
          writer.operand(predicate.of)
          writer.text(`]::${TYPES[predicate.array.format]}[]`)
          return
        }
        writer.operand(predicate.of)
        writer.text(' = ANY (')
        writer.operand(predicate.array.operand)
        // The cast keeps a select in parentheses from being read as a set of rows.
        writer.text(`::${TYPES[predicate.array.format]}[])`)
        return
      case 'overlap':
        writer.operand(predicate.array.operand)
        writer.text(' && ')
        writer.value(arrayOf(predicate.values), 'text', `::${TYPES[predicate.array.format]}[]`)
        return
      case 'empty':
        writer.text('cardinality(')
        writer.operand(predicate.array.operand)
        writer.text(predicate.wanted ? ') = 0' : ') > 0')
        return
      default:
        predicate satisfies never
    }
  },
  elements(writer, array, alias) {
    writer.text('unnest(')
    writer.operand(array.operand)
    writer.text(`) AS ${this.quote(alias)}("element")`)
  },
}
