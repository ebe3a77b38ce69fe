import type { AttributeType, Type } from '../cedar/types.ts'
import { Fault } from '../cedar/value.ts'
import type { SqlAttribute, SqlEntity } from './party.ts'
import type { Format, Operand } from './predicate.ts'
import { ALWAYS, decide, FALSE, isNotNull, NEVER, TRUE } from './predicates.ts'
import { reject, type Scene, type Staged, type StagedRecord } from './staged.ts'
import { isDefined, known, type Term, termOf } from './term.ts'

/** An attribute of an entity that consists of SQL expressions. */
export function expressionAttribute(
  entity: SqlEntity,
  name: string,
  attribute: AttributeType,
  at: number,
  scene: Scene,
): Staged {
  const sql = Object.hasOwn(entity.attributes, name) ? entity.attributes[name] : undefined
  if (sql === undefined)
    return reject(
      `there is no SQL expression for \`${name}\` of ${entity.type}; the database does not know it`,
      at,
    )
  return staged(sql, attribute.type, attribute.isRequired, name, at, scene)
}

/** The attributes of a record that consists of SQL expressions, such as the context. */
export function expressionRecord(
  sqls: Readonly<Record<string, SqlAttribute>>,
  type: Type,
  isThere: boolean,
  scene: Scene,
): StagedRecord {
  const attributes = type.kind === 'record' ? type.attributes : new Map<string, AttributeType>()
  return {
    attribute(name, at) {
      const attribute = attributes.get(name)
      if (attribute === undefined) return reject(`the schema has no attribute \`${name}\` here`, at)
      const sql = Object.hasOwn(sqls, name) ? sqls[name] : undefined
      if (sql === undefined)
        return reject(`there is no SQL expression for \`${name}\`; the database does not know it`, at)
      return staged(sql, attribute.type, isThere && attribute.isRequired, name, at, scene)
    },
    has(name, at) {
      const attribute = attributes.get(name)
      if (attribute === undefined) return () => NEVER
      if (attribute.isRequired && isThere) return () => ALWAYS
      const { bind } = this.attribute(name, at)
      return (binding) => decide(isDefined(bind(binding)), isThere ? TRUE : FALSE)
    },
  }
}

function staged(
  sql: SqlAttribute,
  type: Type,
  isTotal: boolean,
  name: string,
  at: number,
  scene: Scene,
): Staged {
  if (typeof sql === 'object' && 'fields' in sql) {
    if (type.kind !== 'record') return reject(`\`${name}\` is no record; its SQL has fields`, at)
    if (!isTotal)
      return reject(`\`${name}\` is an optional record; there is no SQL that says whether it is there`, at)
    const record = expressionRecord(sql.fields, type, true, scene)
    return { type, run: undefined, bind: () => known(new Fault('type', 'no single value')), record, size: 1 }
  }
  if (typeof sql === 'object' && 'array' in sql) {
    if (type.kind !== 'set') return reject(`\`${name}\` is no set; its SQL is an array`, at)
    const format = formatOf(type.element, undefined, scene)
    if (format === undefined) return reject(`\`${name}\` is a set of what an array cannot hold`, at)
    const operand: Operand = { kind: 'raw', text: sql.array, format }
    const guard = isTotal ? TRUE : isNotNull(operand)
    return {
      type,
      run: undefined,
      bind: (binding) => ({
        kind: 'set',
        element: type.element,
        members: { kind: 'array', array: { operand, format }, alias: binding.alias() },
        guard,
        isTotal,
      }),
      size: 1,
    }
  }
  const { sql: text, storage, format: idFormat } = typeof sql === 'string' ? written(sql) : sql
  const format = idFormat ?? formatOf(type, storage, scene)
  if (format === undefined) return reject(`\`${name}\` needs \`array\` or \`fields\` beside its SQL`, at)
  const scale = storage === 'seconds' ? 1000 : 1
  const term: Term = termOf(type, { kind: 'raw', text, format }, scale, isTotal)
  return { type, run: undefined, bind: () => term, size: 1 }
}

type Written = Exclude<SqlAttribute, string | { readonly array: string } | { readonly fields: unknown }>

function written(sql: string): Written {
  return { sql }
}

/** What SQL for a value of a type gives, unless something else is said. */
export function formatOf(type: Type, storage: string | undefined, scene: Scene): Format | undefined {
  switch (type.kind) {
    case 'true':
    case 'false':
    case 'Bool':
      return 'boolean'
    case 'Long':
      return 'integer'
    case 'String':
      return 'text'
    case 'entity':
      return scene.mapping.entities.get(type.names[0] as string)?.id.format ?? 'text'
    case 'extension':
      if (type.name === 'ipaddr') return 'inet'
      if (type.name === 'datetime')
        return storage === undefined || storage === 'timestamp' ? 'timestamp' : 'integer'
      if (type.name === 'decimal')
        return storage === undefined || storage === 'numeric' ? 'numeric' : 'integer'
      return 'integer'
    case 'never':
    case 'set':
    case 'record':
      return undefined
    default:
      return type satisfies never
  }
}
