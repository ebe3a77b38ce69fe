import { type Dialect, INT64, likePattern, quoter, separated, type Writer } from './dialect.ts'
import type { Bound, Format, Operand } from './predicate.ts'

/** Formats that a collation compares; two of them may be equal to it and yet differ. */
function isText({ format }: Operand): boolean {
  return format === 'text'
}

function isExact(operand: Operand): boolean {
  return operand.kind === 'column' && operand.isExact
}

/** A text as its bytes in UTF-8, which no collation folds and no padding changes. */
function bytes(writer: Writer, operand: Operand): void {
  const isColumn = operand.kind !== 'value'
  writer.text(isColumn ? 'CAST(CONVERT(' : 'CAST(')
  writer.operand(operand)
  writer.text(isColumn ? ' USING utf8mb4) AS BINARY)' : ' AS BINARY)')
}

/** Arithmetic of 64-bit integers fails on overflow; decimals do not, but end at 65 digits: one beyond 64 bits is enough. */
const [BELOW, ABOVE] = ['-9223372036854775809', '9223372036854775808']

/** Backslashes mean something or not as the server's mode has it; bytes always mean the same. */
function quoted(text: string): string {
  if (!text.includes('\\')) return `'${text.replaceAll("'", "''")}'`
  const hex = Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
  return `CONVERT(X'${hex}' USING utf8mb4)`
}

const CASTS: Readonly<Record<Format, string | undefined>> = {
  boolean: undefined,
  integer: 'SIGNED',
  text: undefined,
  uuid: undefined,
  timestamp: 'DATETIME(6)',
  numeric: 'DECIMAL(20,4)',
  inet: undefined,
}

/**
 * MySQL 8 and MariaDB 10.6. The connection must use utf8mb4; timestamps are DATETIME in UTC. A prepared statement takes
 * 65,535 parameters, so a principal in more than 30,000 groups of one type needs a mapping that asks the database.
 */
export const mysql: Dialect = {
  name: 'mysql',
  isNumbered: false,
  hasInfinity: false,
  uncached: ' AND RAND() >= 0',
  quote: quoter('`'),
  parameter(format) {
    const cast = CASTS[format]
    return cast === undefined ? ['', ''] : ['CAST(', ` AS ${cast})`]
  },
  bind: (value, format) => (format === 'timestamp' ? timeOf(String(value)) : String(value)),
  literal(value, format) {
    if (typeof value !== 'string') return String(value)
    const text = quoted(format === 'timestamp' ? timeOf(value) : value)
    const cast = CASTS[format]
    return cast === undefined ? text : `CAST(${text} AS ${cast})`
  },
  compare(writer, { operator, left, right, isLink }) {
    const sides = (write: (operand: Operand) => void): void => {
      write(left)
      writer.text(` ${operator} `)
      write(right)
    }
    const plain = (): void => sides((operand) => writer.operand(operand))
    if (!isText(left) || (isExact(left) && (isExact(right) || right.kind === 'value'))) return plain()
    // The first comparison is for the index; it holds wherever the second does.
    const isIndexed =
      isLink === true || (operator === '=' && left.kind === 'column' && right.kind === 'value')
    if (isIndexed) {
      writer.text('(')
      plain()
      writer.text(' AND ')
    }
    sides((operand) => bytes(writer, operand))
    if (isIndexed) writer.text(')')
  },
  oneOf(writer, { of, values, wanted }) {
    const list = (write: (value: Bound) => void): void => {
      writer.text(wanted ? ' IN (' : ' NOT IN (')
      separated(writer, values, ', ', write)
      writer.text(')')
    }
    const isPlain = !isText(of) || isExact(of)
    if (isPlain || wanted) {
      if (!isPlain) writer.text('(')
      writer.operand(of)
      list((value) => writer.value(value, of.format))
      if (isPlain) return
      writer.text(' AND ')
    }
    bytes(writer, of)
    list((value) => bytes(writer, { kind: 'value', value, format: of.format }))
    if (wanted) writer.text(')')
  },
  among(writer, of, select) {
    if (of.length > 1) writer.text('(')
    separated(writer, of, ', ', (operand) => this.amongColumn(writer, operand))
    writer.text(of.length > 1 ? ') IN (' : ' IN (')
    select()
    writer.text(')')
  },
  amongColumn(writer, operand) {
    if (isText(operand) && !isExact(operand)) bytes(writer, operand)
    else writer.operand(operand)
  },
  truth(writer, of, wanted) {
    writer.operand(of)
    writer.text(wanted ? ' <> 0' : ' = 0')
  },
  like(writer, { of, pattern, wanted }) {
    bytes(writer, of)
    writer.text(wanted ? ' LIKE ' : ' NOT LIKE ')
    bytes(writer, { kind: 'value', value: likePattern(pattern), format: 'text' })
    writer.text(" ESCAPE '!'")
  },
  arithmetic(writer, { operator, left, right }) {
    const decimal = (operand: Operand): void => {
      writer.text('CAST(')
      writer.operand(operand)
      writer.text(' AS DECIMAL(20,0))')
    }
    writer.text('LEAST(GREATEST(')
    decimal(left)
    writer.text(` ${operator} `)
    decimal(right)
    writer.text(`, ${BELOW}), ${ABOVE})`)
  },
  division(writer, { kind, of, by }) {
    writer.text('(')
    writer.operand(of)
    writer.text(kind === 'remainder' ? ` % ${by})` : ` DIV ${by})`)
  },
  whole(writer, of) {
    writer.text(of.format === 'timestamp' ? "FLOOR(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', " : '(')
    writer.operand(of)
    writer.text(of.format === 'timestamp' ? ') / 1000)' : ' * 10000)')
  },
  fits(writer, of) {
    writer.operand(of)
    writer.text(` BETWEEN ${INT64}`)
  },
  finite: (writer) => writer.text('TRUE'),
  special() {
    throw new Error('MySQL has no arrays and no type for addresses')
  },
  elements() {
    throw new Error('MySQL has no arrays')
  },
}

/** `2026-01-02T03:04:05.678Z` as MySQL writes it. */
function timeOf(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '')
}
