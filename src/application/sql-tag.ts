import { RingwallError } from '../core/errors.ts'
import { holesOutsideOfText } from './sql-text.ts'

/** How a driver writes its parameters: `$1` (PostgreSQL) or `?` (MySQL, MariaDB, SQLite). */
export type SqlStyle = 'dollar' | 'question'

/** What a driver takes. Values of a type that drivers expand into text cannot be among them. */
export type SqlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly (null | boolean | number | bigint | string | Date)[]

/** A statement whose text was written by a programmer and whose values are apart from it. */
export interface Sql {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** A name that was on an allowlist. */
export interface SqlIdentifier {
  readonly parts: readonly string[]
}

type Piece = string | { readonly value: SqlValue } | SqlIdentifier

const fragments = new WeakMap<object, { readonly style: SqlStyle; readonly pieces: readonly Piece[] }>()
const identifiers = new WeakSet<object>()

/** Writes a template as a statement with parameters. */
export type SqlTag = (
  strings: TemplateStringsArray,
  ...holes: readonly (SqlValue | Sql | SqlIdentifier)[]
) => Sql

/** Statements with `$1`. */
export const sql: SqlTag = createSqlTag('dollar')

/** Statements with `?`. */
export const sqlQuestion: SqlTag = createSqlTag('question')

/**
 * A tag for SQL (the guide's parameterised queries, CWE-89). A hole becomes a parameter, a nested statement of the same tag, or an
 * identifier from an allowlist; there is no way to put text in.
 * INVARIANT: the text consists of the literal parts of templates, of parameters and of listed identifiers.
 */
export function createSqlTag(style: SqlStyle): SqlTag {
  return (strings, ...holes) => {
    checkTemplate(strings, holes.length, style)
    const pieces: Piece[] = [strings[0] as string]
    for (const [i, hole] of holes.entries()) {
      pieces.push(...piecesOf(hole, style), strings[i + 1] as string)
    }
    return seal(style, pieces)
  }
}

/** Statements in a row, such as conditions with `and`. The separator is a template, so that it too is a programmer's text. */
export function joinSql(parts: readonly Sql[], separator: Sql): Sql {
  const first = parts[0] ?? separator
  const style = fragments.get(first)?.style
  if (style === undefined || separator.values.length > 0)
    throw wrong('joinSql takes statements made by the tag')
  const pieces = parts.flatMap((part, i) => [
    ...(i === 0 ? [] : piecesOf(separator, style)),
    ...piecesOf(part, style),
  ])
  return seal(style, pieces)
}

/**
 * A table or column that somebody else chose, if it is on the list: `identifier(rawSort, ['name', 'created_at'])`. Undefined if
 * not, and a template refuses undefined.
 */
export function identifier(rawName: string, allowlist: readonly string[]): SqlIdentifier | undefined {
  if (!allowlist.includes(rawName)) return undefined
  const parts = rawName.split('.')
  if (!parts.every((part) => /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(part)))
    throw wrong(`\`${rawName}\` on the allowlist is not an identifier; use letters, digits and _`)
  const made = Object.freeze({ parts: Object.freeze(parts) })
  identifiers.add(made)
  return made
}

function seal(style: SqlStyle, pieces: readonly Piece[]): Sql {
  let text = ''
  const values: SqlValue[] = []
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    else if ('parts' in piece) text += quote(piece, style)
    else {
      values.push(piece.value)
      text += style === 'dollar' ? `$${values.length}` : '?'
    }
  }
  const made = Object.freeze({ text, values: Object.freeze(values) })
  fragments.set(made, { style, pieces })
  return made
}

function piecesOf(hole: unknown, style: SqlStyle): readonly Piece[] {
  if (typeof hole === 'object' && hole !== null) {
    const fragment = fragments.get(hole)
    if (fragment) {
      if (fragment.style !== style) throw wrong('a statement of the other style stands within this one')
      return fragment.pieces
    }
    if (identifiers.has(hole)) return [hole as SqlIdentifier]
  }
  return [{ value: checkValue(hole, style) }]
}

/** Drivers write plain objects into the text (mysql2: `{a: 1}` becomes an assignment), so that a JSON body could carry SQL. */
function checkValue(hole: unknown, style: SqlStyle): SqlValue {
  if (hole === null || typeof hole === 'boolean' || typeof hole === 'string' || typeof hole === 'bigint')
    return hole
  if (typeof hole === 'number' && Number.isFinite(hole)) return hole
  if (hole instanceof Date || hole instanceof Uint8Array) return hole
  if (Array.isArray(hole) && style === 'dollar' && hole.every(isPlain)) return hole as SqlValue
  const what = Array.isArray(hole) ? 'an array' : hole instanceof Object ? 'an object' : typeof hole
  throw wrong(`${what} cannot be a parameter of SQL here; pass text, a number, a date, bytes or null`)
}

function isPlain(one: unknown): boolean {
  return one === null || ['boolean', 'number', 'bigint', 'string'].includes(typeof one) || one instanceof Date
}

function quote({ parts }: SqlIdentifier, style: SqlStyle): string {
  const mark = style === 'dollar' ? '"' : '`'
  return parts.map((part) => mark + part + mark).join('.')
}

const checked = new WeakMap<TemplateStringsArray, SqlStyle>()

/** Looks at each template once: at its own form, and at where its holes are. */
function checkTemplate(strings: TemplateStringsArray, holes: number, style: SqlStyle): void {
  if (checked.get(strings) === style) return
  const isTemplate =
    Array.isArray(strings) &&
    Array.isArray(strings.raw) &&
    Object.isFrozen(strings) &&
    Object.isFrozen(strings.raw)
  if (!isTemplate || strings.length !== holes + 1)
    throw wrong('the tag stands before a template; it is not called with a text')
  const stray = style === 'dollar' ? /\$\d/ : /\?/
  if (strings.some((part) => stray.test(part)))
    throw wrong('the text holds a placeholder of its own; write the value as ${value}')
  if (!holesOutsideOfText(strings, style))
    throw wrong('a ${value} stands within quotes or a comment; leave the quotes out')
  checked.set(strings, style)
}

function wrong(message: string): RingwallError {
  return new RingwallError('application.sql', message)
}
