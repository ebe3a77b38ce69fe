import { createHash } from 'node:crypto'

import type { Column, Format, Operand, Predicate, Select } from '../filter/predicate.ts'
import {
  mapOperand,
  mapPredicate,
  mapSelect,
  mentions,
  readsTables,
  tablesOf,
  visit,
  type Walk,
} from '../filter/predicate-walk.ts'
import { and, compare } from '../filter/predicates.ts'
import type { Lookup } from './lookup.ts'

/** How a condition becomes SQL. */
export type Print = (predicate: Predicate) => string

const TYPES: Readonly<Record<Format, string>> = {
  boolean: 'boolean',
  integer: 'bigint',
  text: 'text',
  uuid: 'uuid',
  timestamp: 'timestamp with time zone',
  numeric: 'numeric',
  inet: 'inet',
}

/**
 * Puts functions in the place of everything that a condition reads beyond its own row. What does not depend on the
 * row is asked once per query; what does gets the columns it needs as arguments.
 */
export class LookupExtraction {
  readonly #rowAlias: string
  readonly #print: Print
  readonly #found = new Map<string, Lookup>()

  constructor(rowAlias: string, print: Print) {
    this.#rowAlias = rowAlias
    this.#print = print
  }

  get lookups(): readonly Lookup[] {
    return [...this.#found.values()]
  }

  /** The same condition, which reads its row and calls functions. */
  predicate(of: Predicate): Predicate {
    if (of.kind === 'exists' && readsTables(of.select)) return this.#exists(of.select)
    if (of.kind === 'among' && readsTables(of.select)) return this.#among(of.of, of.select)
    return mapPredicate(of, this.#walk)
  }

  readonly #walk: Walk = {
    predicate: (of) => this.predicate(of),
    operand: (of) => this.#operand(of),
    select: (of) => of,
  }

  #operand(of: Operand): Operand {
    if (of.kind !== 'lookup' || !readsTables(of.select)) return mapOperand(of, this.#walk)
    const { body, params } = this.#parameterize(of.select)
    const text = this.#call(`SELECT ${this.#select(body)}`, TYPES[of.format], params, of.select)
    return { kind: 'raw', text, format: of.format }
  }

  #exists(select: Select): Predicate {
    const once = this.#asList(select)
    if (once !== undefined) return this.#among([once.row], once.select)
    const { body, params } = this.#parameterize(select)
    const sql = `SELECT ${this.#print({ kind: 'exists', select: body })}`
    return truth(this.#call(sql, 'boolean', params, select))
  }

  /**
   * The same question the other way round: which rows does the principal reach? One list per query instead of one
   * call per row, and an index of the row's column serves it. Only where the principal narrows the list.
   */
  #asList(select: Select): { readonly row: Column; readonly select: Select } | undefined {
    const terms = select.where.kind === 'and' ? select.where.terms : [select.where]
    const isBound = (of: Predicate): boolean => mentions(of, (operand) => this.#isRow(operand))
    const [link, ...more] = terms.filter(isBound)
    if (link?.kind !== 'compare' || link.operator !== '=' || more.length > 0) return undefined
    const [row, own] = this.#isRow(link.left) ? [link.left, link.right] : [link.right, link.left]
    if (row.kind !== 'column' || own.kind !== 'column' || !this.#isRow(row) || this.#isRow(own))
      return undefined
    const rest = terms.filter((term) => term !== link)
    if (!rest.some((term) => mentions(term, ({ kind }) => kind === 'raw'))) return undefined
    const isOther = select.from.some((source) => source.kind !== 'table')
    return isOther ? undefined : { row, select: { ...select, columns: [own], where: and(...rest) } }
  }

  #isRow(operand: Operand): boolean {
    return operand.kind === 'column' && operand.alias === this.#rowAlias
  }

  #among(of: readonly Operand[], select: Select): Predicate {
    const { body, params } = this.#parameterize(select)
    const [only, ...more] = of
    if (params.columns.length === 0 && only !== undefined) {
      if (more.length === 0) return this.#inList(only, select)
      const ofRow = of.filter((operand) => this.#dependsOnRow(operand))
      // Pairs of which one side is the same for every row: a list for the other side.
      if (ofRow.length === 1) return this.#inList(ofRow[0] as Operand, this.#narrow(of, select))
    }
    const inside = of.map((operand) => params.walk.operand(operand))
    const sql = `SELECT ${this.#print({ kind: 'among', of: inside, select: body })}`
    return truth(this.#call(sql, 'boolean', params, select))
  }

  /** A list per query, which an index of the row's column serves. */
  #inList(row: Operand, select: Select): Predicate {
    const { body, params } = this.#parameterize(select)
    const type = TYPES[(select.columns[0] as Operand).format]
    const list = this.#call(`SELECT ARRAY${this.#select(body)}`, `${type}[]`, params, select)
    return truth(`${this.#text(this.#operand(row))} = ANY (${list}::${type}[])`)
  }

  #narrow(of: readonly Operand[], select: Select): Select {
    const at = of.findIndex((operand) => this.#dependsOnRow(operand))
    const others = of.flatMap((operand, index) =>
      index === at ? [] : [compare('=', select.columns[index] as Operand, operand)],
    )
    return { ...select, columns: [select.columns[at] as Operand], where: and(select.where, ...others) }
  }

  #dependsOnRow(operand: Operand): boolean {
    return mentions({ kind: 'null', of: operand, isNull: true }, (part) => this.#isRow(part))
  }

  /** With its parentheses. */
  #select(select: Select): string {
    return this.#text({ kind: 'lookup', select, format: 'text' })
  }

  #text(operand: Operand): string {
    const text = this.#print({ kind: 'null', of: operand, isNull: true })
    return text.slice(0, text.lastIndexOf(' IS NULL'))
  }

  #parameterize(select: Select): { readonly body: Select; readonly params: Parameters } {
    const params = new Parameters(this.#rowAlias)
    return { body: mapSelect(select, params.walk), params }
  }

  /** A call of the function, in a select of its own where it is the same for every row. */
  #call(body: string, returns: string, params: Parameters, reads: Select): string {
    const types = params.columns.map(({ type }) => type)
    const digest = createHash('sha256')
      .update([returns, ...types, body].join('\n'))
      .digest('hex')
    const name = `ringwall.lookup_${digest.slice(0, 16)}`
    const signature = `${name}(${types.join(', ')})`
    this.#found.set(signature, { signature, returns, body, reads: readsOf(reads) })
    const columns = params.columns.map(({ column }) => this.#text(column))
    return columns.length === 0 ? `(SELECT ${name}())` : `${name}(${columns.join(', ')})`
  }
}

function truth(text: string): Predicate {
  return { kind: 'truth', of: { kind: 'raw', text, format: 'boolean' }, wanted: true }
}

/** The columns of the row that a select mentions become the parameters of its function. */
class Parameters {
  readonly columns: { readonly column: Column; readonly type: string }[] = []
  readonly #rowAlias: string

  constructor(rowAlias: string) {
    this.#rowAlias = rowAlias
  }

  readonly walk: Walk = {
    predicate: (of) => mapPredicate(of, this.walk),
    operand: (of) => this.#operand(of, TYPES[of.format]),
    select: (of) => mapSelect(of, this.walk),
    array: ({ operand, format }) => ({ operand: this.#operand(operand, `${TYPES[format]}[]`), format }),
  }

  #operand(of: Operand, type: string): Operand {
    if (of.kind !== 'column' || of.alias !== this.#rowAlias) return mapOperand(of, this.walk)
    let at = this.columns.findIndex(({ column }) => column.name === of.name)
    if (at === -1) at = this.columns.push({ column: of, type }) - 1
    return { kind: 'raw', text: `$${at + 1}`, format: of.format }
  }
}

function readsOf(select: Select): Lookup['reads'] {
  const tables = tablesOf(select)
  const found = new Map<string, { readonly table: string; readonly column: string }>()
  visit(
    select,
    () => undefined,
    ({ alias, name }) => {
      const table = tables.get(alias)
      if (table === undefined) return
      const read = { table: `${table.schema}.${table.name}`, column: name }
      found.set(`${read.table}\n${read.column}`, read)
    },
  )
  return [...found.values()]
}
