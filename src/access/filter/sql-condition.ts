import type { Dialect } from './dialect.ts'
import type { Predicate } from './predicate.ts'
import { print, type Printed } from './printer.ts'

/** SQL with its parameters, for a driver. */
export interface SqlText {
  readonly text: string
  readonly parameters: readonly unknown[]
}

/** How SQL is written. */
export interface SqlOptions {
  /** PostgreSQL: the number of the first parameter, where the query has others before it. 1 unless said. */
  readonly firstParameter?: number
  /** `bound` unless said. `inline` writes values as quoted literals, for DDL, which takes no parameters. */
  readonly literals?: 'bound' | 'inline'
}

/** A template tag such as Kysely's, Drizzle's or Prisma's `sql`. */
export type SqlTag<T> = (strings: TemplateStringsArray, ...values: unknown[]) => T

/** A condition for WHERE. `all` and `none` need no query to be known. */
export class SqlCondition {
  readonly verdict: 'all' | 'none' | 'some'
  readonly predicate: Predicate
  readonly #dialect: Dialect

  constructor(predicate: Predicate, dialect: Dialect) {
    this.predicate = predicate
    this.#dialect = dialect
    this.verdict = predicate.kind === 'true' ? 'all' : predicate.kind === 'false' ? 'none' : 'some'
  }

  /** SQL text with `$1` or `?`, and the values. */
  toSql({ firstParameter = 1, literals = 'bound' }: SqlOptions = {}): SqlText {
    const { pieces, values } = print(this.predicate, this.#dialect, literals === 'inline')
    let text = pieces[0] as string
    const parameters: unknown[] = []
    const seen = new Map<string, number>()
    for (const [index, { value, format }] of values.entries()) {
      if (this.#dialect.isNumbered) {
        const key = `${format} ${value}`
        let number = seen.get(key)
        if (number === undefined) {
          parameters.push(this.#dialect.bind(value, format))
          number = firstParameter + parameters.length - 1
          seen.set(key, number)
        }
        text += `$${number}`
      } else {
        parameters.push(this.#dialect.bind(value, format))
        text += '?'
      }
      text += pieces[index + 1] as string
    }
    return { text, parameters }
  }

  /** The same through a template tag, which knows how its own parameters are written. */
  toTagged<T>(tag: SqlTag<T>): T {
    const { pieces, values }: Printed = print(this.predicate, this.#dialect)
    const strings = Object.assign([...pieces], { raw: [...pieces] }) as TemplateStringsArray
    return tag(strings, ...values.map(({ value, format }) => this.#dialect.bind(value, format)))
  }
}
