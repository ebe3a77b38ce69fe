import type { Request } from './authorizer.ts'
import type { Entities, Entity } from './entities.ts'
import { TYPE_TESTS } from './extensions/functions.ts'
import type { EntityType, Schema } from './schema.ts'
import { describeType, type RecordType, type Type } from './types.ts'
import { CedarRecord, CedarSet, EMPTY_RECORD, EntityUid, Fault, type Outcome, typeName } from './value.ts'
import { isActionType } from './value-json.ts'

/** Entities or requests that do not fit a schema: one line for each fault, the first 100. */
export type Misfits = readonly string[]

const MAX_MISFITS = 100

/** Holds entities against a schema: types, attributes, tags, enumerated ids and places in the hierarchy. */
export function validateEntities(entities: Entities, schema: Schema): Misfits {
  const misfits: string[] = []
  for (const entity of entities) {
    if (misfits.length >= MAX_MISFITS) break
    misfits.push(...validateEntity(entity, schema))
  }
  return misfits.slice(0, MAX_MISFITS)
}

/** The same for one entity. */
export function validateEntity(entity: Entity, schema: Schema): Misfits {
  const name = `\`${entity.uid.toString()}\``
  if (isActionType(entity.uid.type)) return judgeAction(entity, name, schema)
  const type = schema.entities.get(entity.uid.type)
  if (type === undefined) return [`${name}: the schema has no entity type \`${entity.uid.type}\``]
  return [
    ...judgeId(entity.uid, name, schema),
    ...judgeRecord(entity.attributes, type.attributes, name, schema),
    ...judgeTags(entity.tags, type.tags, name, schema),
    ...judgeAncestors(entity, type, name),
  ]
}

function judgeAction(entity: Entity, name: string, schema: Schema): Misfits {
  const action = schema.actions.get(entity.uid.key)
  if (action === undefined) return [`${name}: the schema has no such action`]
  const isSame =
    action.ancestors.size === entity.ancestors.size && entity.ancestors.isSubsetOf(action.ancestors)
  const isBare = entity.attributes.names.length === 0 && entity.tags.names.length === 0
  return isSame && isBare ? [] : [`${name}: not as the schema declares it`]
}

function judgeAncestors(entity: Entity, type: EntityType, name: string): Misfits {
  const wrong = [...entity.ancestors].filter((key) => !type.ancestors.has(key.slice(0, key.indexOf('::"'))))
  return wrong.map((key) => `${name}: cannot be in \`${key}"\``)
}

/** An entity of an enumerated type must be one of those listed; an action must be declared. */
function judgeId(uid: EntityUid, name: string, schema: Schema): Misfits {
  if (isActionType(uid.type))
    return schema.actions.has(uid.key) ? [] : [`${name}: no action ${uid.toString()}`]
  const ids = schema.entities.get(uid.type)?.ids
  if (ids === undefined || ids.includes(uid.id)) return []
  return [`${name}: \`${uid.type}\` has no entity \`${uid.id}\`; there is ${ids.join(', ')}`]
}

function judgeRecord(record: CedarRecord, type: RecordType, path: string, schema: Schema): string[] {
  const misfits: string[] = []
  for (const [name, { isRequired }] of type.attributes)
    if (isRequired && !record.has(name)) misfits.push(`${path}: the attribute \`${name}\` is missing`)
  for (const name of record.names) {
    const attribute = type.attributes.get(name)
    if (attribute === undefined) misfits.push(`${path}: the schema has no attribute \`${name}\``)
    else misfits.push(...judgeValue(record.get(name), attribute.type, `${path}.${name}`, schema))
  }
  return misfits
}

function judgeTags(tags: CedarRecord, type: Type | undefined, path: string, schema: Schema): Misfits {
  const { names } = tags
  if (type === undefined) return names.length === 0 ? [] : [`${path}: its type has no tags`]
  return names.flatMap((name) =>
    judgeValue(tags.get(name), type, `${path} tag ${JSON.stringify(name)}`, schema),
  )
}

function judgeValue(value: Outcome | undefined, type: Type, path: string, schema: Schema): Misfits {
  if (value === undefined) return []
  if (value instanceof Fault) return [`${path}: ${value.message}`]
  if (type.kind === 'set' && value instanceof CedarSet) {
    return value.elements.flatMap((element) => judgeValue(element, type.element, `${path}[]`, schema))
  }
  if (type.kind === 'record' && value instanceof CedarRecord) return judgeRecord(value, type, path, schema)
  if (type.kind === 'entity' && value instanceof EntityUid && type.names.includes(value.type))
    return judgeId(value, path, schema)
  const isScalar = type.kind === 'Bool' || type.kind === 'Long' || type.kind === 'String'
  if (isScalar && TYPE_TESTS[type.kind](value)) return []
  if (type.kind === 'extension' && TYPE_TESTS[type.name](value)) return []
  return [`${path}: expected ${describeType(type)}, found ${typeName(value)}`]
}

/** Holds a request against a schema: the action, who and what it applies to, and the context. */
export function validateRequest(request: Request, schema: Schema): Misfits {
  const { principal, action, resource, context = EMPTY_RECORD } = request
  const declared = schema.actions.get(action.key)
  if (declared === undefined) return [`the schema has no action \`${action.toString()}\``]
  const misfits: string[] = []
  for (const [name, uid, types] of [
    ['principal', principal, declared.principals],
    ['resource', resource, declared.resources],
  ] as const) {
    if (!schema.entities.has(uid.type)) misfits.push(`${name}: the schema has no entity type \`${uid.type}\``)
    else if (!types.includes(uid.type))
      misfits.push(`${name}: \`${action.toString()}\` does not apply to \`${uid.type}\``)
    else misfits.push(...judgeId(uid, name, schema))
  }
  return [...misfits, ...judgeRecord(context, declared.context, 'context', schema)].slice(0, MAX_MISFITS)
}
