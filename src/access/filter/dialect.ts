import type { DialectName } from './mapping-reader.ts'
import type { ArrayOperand, Bound, Format, Operand, Predicate } from './predicate.ts'

/** Takes SQL as it is written: text, and values that become parameters or literals. */
export interface Writer {
  text(sql: string): void
  /** `after` stands behind a parameter in place of what its format wants. */
  value(value: Bound, format: Format, after?: string): void
  operand(operand: Operand): void
  predicate(predicate: Predicate): void
}

type Compare = Predicate & { kind: 'compare' }
type OneOf = Predicate & { kind: 'one-of' }
type Like = Predicate & { kind: 'like' }
type Arithmetic = Operand & { kind: 'arithmetic' }
type Division = Operand & { kind: 'remainder' | 'quotient' }

/** What differs from database to database. */
export interface Dialect {
  readonly name: DialectName
  /** Parameters are numbered and may be used again. */
  readonly isNumbered: boolean
  /** Timestamps may be infinite. */
  readonly hasInfinity: boolean
  /**
   * What is added to a sub-select that reads text of the row outside. MariaDB keeps the results of such sub-selects by
   * that text, and takes texts that its collation folds for the same; what is random is not kept.
   */
  readonly uncached: string | undefined
  quote(name: string): string
  /** What stands around a parameter of a format. */
  parameter(format: Format): readonly [before: string, after: string]
  /** The value as drivers take it. */
  bind(value: Bound, format: Format): unknown
  /** The value as SQL. */
  literal(value: Bound, format: Format): string
  compare(writer: Writer, compare: Compare): void
  oneOf(writer: Writer, oneOf: OneOf): void
  /** `of` is among what a select gives; `select` writes it. */
  among(writer: Writer, of: readonly Operand[], select: () => void): void
  /** An operand as a column of a select that `among` asks. */
  amongColumn(writer: Writer, operand: Operand): void
  truth(writer: Writer, of: Operand, wanted: boolean): void
  like(writer: Writer, like: Like): void
  arithmetic(writer: Writer, arithmetic: Arithmetic): void
  division(writer: Writer, division: Division): void
  whole(writer: Writer, of: Operand): void
  fits(writer: Writer, of: Operand): void
  finite(writer: Writer, of: Operand): void
  /** PostgreSQL only: addresses and arrays. */
  special(
    writer: Writer,
    predicate: Predicate & { kind: 'within' | 'family' | 'element' | 'overlap' | 'empty' },
  ): void
  elements(writer: Writer, array: ArrayOperand, alias: string): void
}

/** Puts quotes around names, each of which is looked at once. */
export function quoter(quote: string): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const quoted = `${quote}${name.replaceAll(quote, quote + quote)}${quote}`
    if (known.size < MAX_NAMES) known.set(name, quoted)
    return quoted
  }
}

const MAX_NAMES = 10_000

/** The least and the greatest of 64 bits, as SQL. */
export const INT64 = '-9223372036854775808 AND 9223372036854775807'

/** A pattern for LIKE, with `!` before what is not a wildcard. */
export function likePattern(pattern: readonly string[]): string {
  return pattern.map((piece) => piece.replace(/[!%_]/g, '!$&')).join('%')
}

/** Writes things with something between them. */
export function separated<T>(
  writer: Writer,
  items: readonly T[],
  between: string,
  write: (item: T) => void,
): void {
  for (const [index, item] of items.entries()) {
    if (index > 0) writer.text(between)
    write(item)
  }
}
