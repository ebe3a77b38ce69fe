import { type Dialect, quoter, separated } from './dialect.ts'
import type { Bound, Operand } from './predicate.ts'

function isText({ format }: Operand): boolean {
  return format === 'text' || format === 'uuid'
}

/** A pattern for GLOB, which unlike LIKE knows upper from lower case. */
function globPattern(pattern: readonly string[]): string {
  return pattern.map((piece) => piece.replace(/[*?[]/g, '[$&]')).join('*')
}

/** From here on values are one parameter; SQLite takes 32,766 of them. */
const MANY = 500

function jsonOf(values: readonly Bound[]): string {
  return `[${values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value))).join(',')}]`
}

/** SQLite 3.38 and newer. Texts must not hold the character NUL: GLOB ends there. */
export const sqlite: Dialect = {
  name: 'sqlite',
  isNumbered: false,
  hasInfinity: false,
  uncached: undefined,
  quote: quoter('"'),
  parameter: (format) => (format === 'integer' ? ['CAST(', ' AS INTEGER)'] : ['', '']),
  bind: (value) => value,
  literal: (value) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)),
  compare(writer, { operator, left, right }) {
    writer.operand(left)
    writer.text(` ${operator} `)
    writer.operand(right)
    if (isText(left)) writer.text(' COLLATE BINARY')
  },
  oneOf(writer, { of, values, wanted }) {
    this.amongColumn(writer, of)
    writer.text(wanted ? ' IN (' : ' NOT IN (')
    if (values.length > MANY) {
      writer.text('SELECT value FROM json_each(')
      writer.value(jsonOf(values), 'text')
      writer.text('))')
      return
    }
    separated(writer, values, ', ', (value) => writer.value(value, of.format))
    writer.text(')')
  },
  among(writer, of, select) {
    if (of.length > 1) writer.text('(')
    separated(writer, of, ', ', (operand) => this.amongColumn(writer, operand))
    writer.text(of.length > 1 ? ') IN (' : ' IN (')
    select()
    writer.text(')')
  },
  amongColumn(writer, operand) {
    writer.operand(operand)
    if (isText(operand)) writer.text(' COLLATE BINARY')
  },
  truth(writer, of, wanted) {
    writer.operand(of)
    writer.text(wanted ? ' <> 0' : ' = 0')
  },
  like(writer, { of, pattern, wanted }) {
    writer.operand(of)
    writer.text(wanted ? ' GLOB ' : ' NOT GLOB ')
    writer.value(globPattern(pattern), 'text')
  },
  arithmetic(writer, { operator, left, right }) {
    writer.text('(')
    writer.operand(left)
    writer.text(` ${operator} `)
    writer.operand(right)
    writer.text(')')
  },
  division(writer, { kind, of, by }) {
    writer.text('(')
    writer.operand(of)
    writer.text(kind === 'remainder' ? ` % ${by})` : ` / ${by})`)
  },
  whole() {
    throw new Error('SQLite keeps times and decimals as whole numbers')
  },
  // What overflows 64 bits becomes a floating-point number.
  fits(writer, of) {
    writer.text('typeof(')
    writer.operand(of)
    writer.text(") = 'integer'")
  },
  finite: (writer) => writer.text('TRUE'),
  special() {
    throw new Error('SQLite has no arrays and no type for addresses')
  },
  elements() {
    throw new Error('SQLite has no arrays')
  },
}
