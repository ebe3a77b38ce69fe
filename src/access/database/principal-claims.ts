import type { ActionType, EntityType } from '../cedar/schema.ts'
import type { RecordType, Type } from '../cedar/types.ts'
import type { SqlAttribute, SqlEntity } from '../filter/party.ts'
import type { IdFormat, Mapping } from '../filter/mapping.ts'
import type { Claims } from './row-conditions.ts'
import { quoteText } from './sql-text.ts'

/** How a value that was text in JSON becomes what the compiler wants. */
type Cast = 'text' | 'uuid' | 'bigint' | 'boolean' | 'numeric' | 'inet'

const CASTS: Readonly<Record<IdFormat, Cast>> = { text: 'text', uuid: 'uuid', integer: 'bigint' }

/**
 * The principal of a transaction as SQL expressions over `ringwall.claims()`. Each is a select of its own, which
 * PostgreSQL runs once per query; each is NULL for a principal of another type, so that a cast never meets an id
 * of another format.
 */
function principalClaims(type: EntityType, mapping: Mapping): SqlEntity {
  const read = new ClaimReader(type.name, mapping)
  return {
    kind: 'expressions',
    type: type.name,
    id: read.one(['principal', 'id'], CASTS[idFormat(type.name, mapping)]),
    attributes: read.fields(type.attributes, ['principal', 'attributes']),
    ancestors: Object.fromEntries([...type.ancestors].map((above) => [above, read.ancestors(above)])),
  }
}

/** The context of an action as SQL expressions over the same claims. */
function contextClaims(
  action: ActionType,
  principalType: string,
  mapping: Mapping,
): Readonly<Record<string, SqlAttribute>> {
  return new ClaimReader(principalType, mapping).fields(action.context, ['context'])
}

/** Whether the transaction's principal is of a type; not TRUE where there is no principal. */
function isOfType(type: string): string {
  return `(SELECT c #>> ARRAY['principal', 'type'] FROM ringwall.claims() AS t(c)) = ${quoteText(type)}`
}

/** How PostgreSQL tells who a transaction is for. */
export const postgresClaims: Claims = {
  dialect: 'postgres',
  isOfType,
  isThere: ({ text }) => `${text} IS NOT NULL`,
  principalClaims,
  contextClaims,
}

function idFormat(type: string, mapping: Mapping): IdFormat {
  return mapping.entities.get(type)?.id.format ?? 'text'
}

class ClaimReader {
  readonly #guard: string
  readonly #mapping: Mapping

  constructor(principalType: string, mapping: Mapping) {
    this.#guard = `FROM ringwall.claims() AS t(c) WHERE c #>> ARRAY['principal', 'type'] = ${quoteText(principalType)}`
    this.#mapping = mapping
  }

  one(path: readonly string[], cast: Cast): string {
    return `(SELECT (c #>> ${pathOf(path)})::${cast} ${this.#guard})`
  }

  ancestors(type: string): string {
    const cast = CASTS[idFormat(type, this.#mapping)]
    const found = `SELECT (e ->> 'id')::${cast} FROM jsonb_array_elements(c #> ARRAY['principal', 'in']) AS u(e) WHERE e ->> 'type' = ${quoteText(type)}`
    return `(SELECT ARRAY(${found}) ${this.#guard})::${cast}[]`
  }

  fields(type: RecordType, path: readonly string[]): Readonly<Record<string, SqlAttribute>> {
    return Object.fromEntries(
      [...type.attributes].flatMap(([name, attribute]) => {
        const sql = this.#attribute(attribute.type, [...path, name])
        return sql === undefined ? [] : [[name, sql]]
      }),
    )
  }

  /** Undefined for what cannot be said in SQL: a policy that asks for it is refused when it is compiled. */
  #attribute(type: Type, path: readonly string[]): SqlAttribute | undefined {
    if (type.kind === 'record') return { fields: this.fields(type, path) }
    if (type.kind === 'set') return this.#set(type.element, path)
    if (type.kind === 'entity') {
      const [only, ...more] = type.names
      return only === undefined || more.length > 0 ? undefined : this.#entity(only, path)
    }
    const cast = castOf(type)
    if (cast === undefined) return undefined
    const sql = this.one(path, cast)
    return isTime(type) ? { sql, storage: 'milliseconds' } : sql
  }

  #entity(type: string, path: readonly string[]): SqlAttribute {
    const isSame = `c #>> ${pathOf([...path, 'type'])} = ${quoteText(type)}`
    const cast = CASTS[idFormat(type, this.#mapping)]
    return `(SELECT (c #>> ${pathOf([...path, 'id'])})::${cast} ${this.#guard} AND ${isSame})`
  }

  #set(element: Type, path: readonly string[]): SqlAttribute | undefined {
    const from = `FROM jsonb_array_elements(c #> ${pathOf(path)}) AS u(e)`
    if (element.kind === 'entity') {
      const [only, ...more] = element.names
      if (only === undefined || more.length > 0) return undefined
      const cast = CASTS[idFormat(only, this.#mapping)]
      return { array: this.#array(`(e ->> 'id')::${cast} ${from}`, path, cast) }
    }
    const cast = castOf(element)
    if (cast === undefined || isTime(element)) return undefined
    return { array: this.#array(`(e #>> '{}')::${cast} ${from}`, path, cast) }
  }

  /** NULL where the set is absent, which is not the empty set. */
  #array(elements: string, path: readonly string[], cast: Cast): string {
    return `(SELECT CASE WHEN c #> ${pathOf(path)} IS NOT NULL THEN ARRAY(SELECT ${elements}) END ${this.#guard})::${cast}[]`
  }
}

/** A path into JSON; every step a literal, so that no name of an attribute is read as anything else. */
function pathOf(path: readonly string[]): string {
  return `ARRAY[${path.map((step) => quoteText(step)).join(', ')}]`
}

function isTime(type: Type): boolean {
  return type.kind === 'extension' && (type.name === 'datetime' || type.name === 'duration')
}

function castOf(type: Type): Cast | undefined {
  switch (type.kind) {
    case 'true':
    case 'false':
    case 'Bool':
      return 'boolean'
    case 'Long':
      return 'bigint'
    case 'String':
      return 'text'
    case 'extension':
      return isTime(type) ? 'bigint' : type.name === 'decimal' ? 'numeric' : 'inet'
    case 'never':
    case 'entity':
    case 'set':
    case 'record':
      return undefined
    default:
      return type satisfies never
  }
}
