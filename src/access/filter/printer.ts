import type { Dialect, Writer } from './dialect.ts'
import { separated } from './dialect.ts'
import type { Bound, Closure, Format, Operand, Predicate, Select, Source } from './predicate.ts'

/** SQL in pieces: a value stands between each two of them. */
export interface Printed {
  readonly pieces: readonly string[]
  readonly values: readonly { readonly value: Bound; readonly format: Format }[]
}

/** A select, and whether it reads text of a row outside. */
interface Frame {
  readonly aliases: readonly string[]
  readsOutside: boolean
}

/** Writes a predicate in the SQL of one database. With `inline`, values are literals, for DDL. */
export function print(predicate: Predicate, dialect: Dialect, inline = false): Printed {
  const printer = new Printer(dialect, inline)
  printer.predicate(predicate)
  return printer.end()
}

class Printer implements Writer {
  readonly #dialect: Dialect
  readonly #inline: boolean
  readonly #pieces: string[] = []
  readonly #values: { value: Bound; format: Format }[] = []
  #current = ''
  /** The selects that are being written, the innermost last. */
  readonly #frames: Frame[] = []

  constructor(dialect: Dialect, inline: boolean) {
    this.#dialect = dialect
    this.#inline = inline
  }

  end(): Printed {
    return { pieces: [...this.#pieces, this.#current], values: this.#values }
  }

  text(sql: string): void {
    this.#current += sql
  }

  value(value: Bound, format: Format, after?: string): void {
    if (this.#inline) {
      this.#current += this.#dialect.literal(value, format) + (after ?? '')
      return
    }
    const [before, behind] = this.#dialect.parameter(format)
    this.#pieces.push(this.#current + before)
    this.#values.push({ value, format })
    this.#current = after ?? behind
  }

  operand(operand: Operand): void {
    switch (operand.kind) {
      case 'column':
        if (operand.format === 'text' && !operand.isExact) this.#noteReading(operand.alias)
        this.#current += `${this.#dialect.quote(operand.alias)}.${this.#dialect.quote(operand.name)}`
        return
      case 'value':
        this.value(operand.value, operand.format)
        return
      case 'raw':
        this.#current += `(${operand.text})`
        return
      case 'arithmetic':
        this.#dialect.arithmetic(this, operand)
        return
      case 'remainder':
      case 'quotient':
        this.#dialect.division(this, operand)
        return
      case 'whole':
        this.#dialect.whole(this, operand.of)
        return
      case 'lookup':
        this.#current += '('
        this.#select(operand.select, false)
        this.#current += ')'
        return
      default:
        operand satisfies never
    }
  }

  predicate(predicate: Predicate): void {
    switch (predicate.kind) {
      case 'true':
        // SQLite and MySQL know TRUE as 1, and so do all of their versions.
        this.#current += this.#dialect.name === 'postgres' ? 'TRUE' : '(1 = 1)'
        return
      case 'false':
        this.#current += this.#dialect.name === 'postgres' ? 'FALSE' : '(1 = 0)'
        return
      case 'and':
      case 'or':
        this.#current += '('
        separated(
          this,
          this.#needed(predicate.terms),
          predicate.kind === 'and' ? ' AND ' : ' OR ',
          (term) => {
            this.predicate(term)
          },
        )
        this.#current += ')'
        return
      case 'not-true':
        this.#current += '('
        this.predicate(predicate.of)
        this.#current += ') IS NOT TRUE'
        return
      case 'compare':
        this.#dialect.compare(this, predicate)
        return
      case 'null':
        this.operand(predicate.of)
        this.#current += predicate.isNull ? ' IS NULL' : ' IS NOT NULL'
        return
      case 'truth':
        this.#dialect.truth(this, predicate.of, predicate.wanted)
        return
      case 'like':
        this.#dialect.like(this, predicate)
        return
      case 'one-of':
        this.#dialect.oneOf(this, predicate)
        return
      case 'among':
        this.#dialect.among(this, predicate.of, () => this.#select(predicate.select, true))
        return
      case 'exists':
        this.#current += 'EXISTS ('
        this.#select(predicate.select, false)
        this.#current += ')'
        return
      case 'fits':
        this.#dialect.fits(this, predicate.of)
        return
      case 'finite':
        this.#dialect.finite(this, predicate.of)
        return
      case 'within':
      case 'family':
      case 'element':
      case 'overlap':
      case 'empty':
        this.#dialect.special(this, predicate)
        return
      default:
        predicate satisfies never
    }
  }

  #select({ columns, from, where }: Select, isAmong: boolean): void {
    for (const source of from) if (source.kind === 'closure') this.#closure(source.closure)
    this.#current += 'SELECT '
    if (columns.length === 0) this.#current += '1'
    separated(this, columns, ', ', (column) => {
      if (isAmong) this.#dialect.amongColumn(this, column)
      else this.operand(column)
    })
    this.#current += ' FROM '
    separated(this, from, ', ', (source) => {
      this.#source(source)
    })
    if (where.kind === 'true') return
    const { uncached } = this.#dialect
    const frame: Frame = { aliases: from.map(({ alias }) => alias), readsOutside: false }
    this.#frames.push(frame)
    this.#current += ' WHERE '
    this.predicate(where)
    this.#frames.pop()
    if (frame.readsOutside && uncached !== undefined) this.#current += uncached
  }

  #noteReading(alias: string): void {
    for (let at = this.#frames.length - 1; at >= 0; at--) {
      const frame = this.#frames[at] as Frame
      if (frame.aliases.includes(alias)) return
      frame.readsOutside = true
    }
  }

  /** Without what is always true in this database, unless nothing else is there. */
  #needed(terms: readonly Predicate[]): readonly Predicate[] {
    if (this.#dialect.hasInfinity) return terms
    const needed = terms.filter(({ kind }) => kind !== 'finite')
    return needed.length === 0 ? terms : needed
  }

  #source(source: Source): void {
    const alias = this.#dialect.quote(source.alias)
    if (source.kind === 'elements') {
      this.#dialect.elements(this, source.array, source.alias)
    } else if (source.kind === 'table') {
      const { schema, name } = source.table
      if (schema !== undefined) this.#current += `${this.#dialect.quote(schema)}.`
      this.#current += `${this.#dialect.quote(name)} AS ${alias}`
    } else this.#current += alias
  }

  #closure({ alias, columns, base, step }: Closure): void {
    const names = columns.map((column) => this.#dialect.quote(column)).join(', ')
    this.#current += `WITH RECURSIVE ${this.#dialect.quote(alias)}(${names}) AS (`
    // UNION must not take two ids for one that a collation takes for equal.
    this.#select(base, true)
    this.#current += ' UNION '
    this.#select(step, true)
    this.#current += ') '
  }
}
