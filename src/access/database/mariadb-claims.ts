import type { RecordType, Type } from '../cedar/types.ts'
import { type Dialect, separated } from '../filter/dialect.ts'
import type { IdFormat, Mapping } from '../filter/mapping.ts'
import { mysql } from '../filter/mysql.ts'
import type { SqlAttribute } from '../filter/party.ts'
import type { Claims } from './row-conditions.ts'
import { quoteName, quoteText } from './sql-text.ts'

/**
 * The row of this connection, while its token lives: read by the definer of a view, written by `begin` alone.
 * INVARIANT: neither side is the client's to set: `pseudo_thread_id`, which CONNECTION_ID() gives, needs a privilege
 * that no application has, and `seconds` does not follow `SET timestamp` as NOW() does.
 */
function sessionOf(home: string): string {
  const quoted = quoteName(home, 'mariadb')
  return `FROM ${quoted}.session AS s WHERE s.connection_id = CONNECTION_ID() AND s.not_after > ${quoted}.seconds()`
}

/** Names that can stand in a path into JSON as they are; an attribute with another name cannot be asked for. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

function ofType(type: string): string {
  return ` AND ${isText(`JSON_VALUE(s.claims, '$.principal.type')`, type)}`
}

/** Equality by bytes, whatever collation there is. */
function isText(sql: string, text: string): string {
  return `CAST(CONVERT(${sql} USING utf8mb4) AS BINARY) = CAST(CONVERT(${quoteText(text, 'mariadb')} USING utf8mb4) AS BINARY)`
}

/** Who a connection is for, as SQL expressions; each is a select that MariaDB runs once per query. */
export function mariadbClaims(home: string): Claims {
  const session = sessionOf(home)
  return {
    dialect: 'mysql',
    isOfType: (type) => `(SELECT 1 ${session}${ofType(type)}) = 1`,
    principalClaims(type, mapping) {
      const read = new ClaimReader(session, type.name, mapping)
      return {
        kind: 'expressions',
        type: type.name,
        id: read.one('$.principal.id', idFormat(type.name, mapping)),
        attributes: read.fields(type.attributes, '$.principal.attributes'),
        ancestors: Object.fromEntries([...type.ancestors].map((above) => [above, read.ancestors(above)])),
      }
    },
    isThere({ path, isArray }) {
      const claim = `JSON_EXTRACT(s.claims, ${quoteText(`$.${path.join('.')}`, 'mariadb')})`
      return `(SELECT 1 ${session} AND ${isArray ? `JSON_TYPE(${claim}) = 'ARRAY'` : `${claim} IS NOT NULL`}) = 1`
    },
    contextClaims: (action, principalType, mapping) =>
      new ClaimReader(session, principalType, mapping).fields(action.context, '$.context'),
  }
}

function idFormat(type: string, mapping: Mapping): IdFormat {
  return mapping.entities.get(type)?.id.format ?? 'text'
}

type Kind = IdFormat | 'boolean' | 'numeric'

class ClaimReader {
  readonly #session: string
  readonly #ofType: string
  readonly #mapping: Mapping

  constructor(session: string, principalType: string, mapping: Mapping) {
    this.#session = session
    this.#ofType = ofType(principalType)
    this.#mapping = mapping
  }

  one(path: string, kind: Kind): string {
    return `(SELECT ${valueOf('s.claims', path, kind)} ${this.#session}${this.#ofType})`
  }

  ancestors(type: string): string {
    const columns = `t LONGTEXT PATH '$.type', e LONGTEXT PATH '$.id'`
    return this.#elements(
      '$.principal.in[*]',
      columns,
      idFormat(type, this.#mapping),
      ` AND ${isText('j.t', type)}`,
    )
  }

  /** A select of the elements, which the dialect below puts where an array would be. */
  #elements(path: string, columns: string, format: IdFormat, where = ''): string {
    const element =
      format === 'integer' ? 'CAST(j.e AS SIGNED)' : 'CAST(CONVERT(j.e USING utf8mb4) AS BINARY)'
    const from = this.#session.replace(
      'AS s',
      `AS s, JSON_TABLE(s.claims, ${quoteText(path, 'mariadb')} COLUMNS (${columns})) AS j`,
    )
    return `SELECT ${element} AS element ${from}${this.#ofType}${where}`
  }

  fields(type: RecordType, path: string): Readonly<Record<string, SqlAttribute>> {
    return Object.fromEntries(
      [...type.attributes].flatMap(([name, attribute]) => {
        if (!PLAIN_NAME.test(name)) return []
        const sql = this.#attribute(attribute.type, attribute.isRequired, `${path}.${name}`)
        return sql === undefined ? [] : [[name, sql]]
      }),
    )
  }

  #attribute(type: Type, isRequired: boolean, path: string): SqlAttribute | undefined {
    switch (type.kind) {
      case 'record':
        return { fields: this.fields(type, path) }
      case 'true':
      case 'false':
      case 'Bool':
        return this.one(path, 'boolean')
      case 'Long':
        return this.one(path, 'integer')
      case 'String':
        return this.one(path, 'text')
      case 'entity': {
        const [only, ...more] = type.names
        return only === undefined || more.length > 0
          ? undefined
          : this.one(`${path}.id`, idFormat(only, this.#mapping))
      }
      case 'extension':
        if (type.name === 'ipaddr') return undefined
        return type.name === 'decimal'
          ? this.one(path, 'numeric')
          : { sql: this.one(path, 'integer'), storage: 'milliseconds' }
      case 'set':
        return isRequired ? this.#set(type.element, path) : undefined
      case 'never':
        return undefined
      default:
        return type satisfies never
    }
  }

  #set(element: Type, path: string): SqlAttribute | undefined {
    if (element.kind === 'String')
      return { array: this.#elements(`${path}[*]`, `e LONGTEXT PATH '$'`, 'text') }
    if (element.kind === 'Long')
      return { array: this.#elements(`${path}[*]`, `e LONGTEXT PATH '$'`, 'integer') }
    const [only, ...more] = element.kind === 'entity' ? element.names : []
    if (only === undefined || more.length > 0) return undefined
    return { array: this.#elements(`${path}[*]`, `e LONGTEXT PATH '$.id'`, idFormat(only, this.#mapping)) }
  }
}

function valueOf(json: string, path: string, kind: Kind): string {
  const at = quoteText(path, 'mariadb')
  if (kind === 'boolean')
    return `CASE CAST(JSON_EXTRACT(${json}, ${at}) AS CHAR) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END`
  if (kind === 'integer') return `CAST(JSON_VALUE(${json}, ${at}) AS SIGNED)`
  return kind === 'numeric'
    ? `CAST(JSON_VALUE(${json}, ${at}) AS DECIMAL(20,4))`
    : `JSON_VALUE(${json}, ${at})`
}

/** MySQL's SQL, where an array is a select of its elements. */
export const mariadb: Dialect = {
  ...mysql,
  // RAND() would keep a view from being written through; this too keeps results of sub-selects from being kept.
  uncached: ' AND LAST_INSERT_ID() IS NOT NULL',
  special(writer, predicate) {
    switch (predicate.kind) {
      case 'element':
        this.amongColumn(writer, predicate.of)
        writer.text(' IN ')
        writer.operand(predicate.array.operand)
        return
      case 'overlap':
        writer.text('(')
        separated(writer, predicate.values, ' OR ', (value) => {
          this.amongColumn(writer, { kind: 'value', value, format: predicate.array.format })
          writer.text(' IN ')
          writer.operand(predicate.array.operand)
        })
        writer.text(')')
        return
      case 'empty':
        writer.text(predicate.wanted ? 'NOT EXISTS ' : 'EXISTS ')
        writer.operand(predicate.array.operand)
        return
      case 'within':
      case 'family':
        mysql.special(writer, predicate)
        return
      default:
        predicate satisfies never
    }
  },
  elements(writer, array, alias) {
    writer.operand(array.operand)
    writer.text(` AS ${this.quote(alias)}`)
  },
}
