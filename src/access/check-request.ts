import { validateRequest } from './cedar/conformance.ts'
import type { Entity } from './cedar/entities.ts'
import { TYPE_TESTS } from './cedar/extensions/functions.ts'
import { PlainReader } from './cedar/objects.ts'
import type { ActionType, Schema } from './cedar/schema.ts'
import type { RecordType, Type } from './cedar/types.ts'
import {
  CedarRecord,
  CedarSet,
  EMPTY_RECORD,
  EntityUid,
  Fault,
  type Outcome,
  type Plain,
  type RecordReader,
} from './cedar/value.ts'

/** An action made ready: what may ask for it, and what its context holds. */
export interface ActionPlan {
  readonly type: ActionType
  /** As an entity, which applications have no object for. */
  readonly entity: Entity
  /** Each type with its only ids, if it is enumerated. */
  readonly principals: ReadonlyMap<string, readonly string[] | undefined>
  readonly resources: ReadonlyMap<string, readonly string[] | undefined>
  readonly context: RecordReader
  readonly attributes: readonly Attribute[]
}

/** The actions of a schema by name: by id, or by whole text where two namespaces have the same id. */
export function plansOf(schema: Schema): ReadonlyMap<string, ActionPlan> {
  const plans = new Map<string, ActionPlan>()
  const listed = (names: readonly string[]) =>
    new Map(names.map((name) => [name, schema.entities.get(name)?.ids]))
  for (const type of schema.actions.values()) {
    plans.set(nameOfAction(type.uid, schema), {
      type,
      entity: {
        uid: type.uid,
        attributes: EMPTY_RECORD,
        tags: EMPTY_RECORD,
        ancestors: type.ancestors,
      },
      principals: listed(type.principals),
      resources: listed(type.resources),
      context: new PlainReader(type.context, 0, true),
      attributes: attributesOf(type.context),
    })
  }
  return plans
}

/** The shortest name that no other action of the schema has. */
export function nameOfAction(uid: EntityUid, schema: Schema): string {
  for (const other of schema.actions.values())
    if (other.uid.id === uid.id && other.uid.key !== uid.key) return uid.toString()
  return uid.id
}

/**
 * What is wrong with a request, or undefined. The way through costs little; words are found only where there is
 * something to say. A context must have nothing that the schema does not declare: a name that is mistyped would
 * otherwise be an attribute that is absent.
 */
export function judgeRequest(
  plan: ActionPlan,
  principal: EntityUid,
  resource: EntityUid,
  rawContext: Plain | undefined,
  context: CedarRecord,
  schema: Schema,
): string | undefined {
  const { type } = plan
  const isRight =
    isAmong(principal, plan.principals) &&
    isAmong(resource, plan.resources) &&
    fitsRecord(context, plan.attributes, schema)
  if (!isRight) {
    const misfits = validateRequest({ principal, action: type.uid, resource, context }, schema)
    return misfits.join('; ') || 'the request does not fit the schema'
  }
  for (const name in rawContext)
    if (!type.context.attributes.has(name)) return `context: the schema has no attribute \`${name}\``
  return undefined
}

function isAmong(
  { type, id }: EntityUid,
  types: ReadonlyMap<string, readonly string[] | undefined>,
): boolean {
  const ids = types.get(type)
  return ids === undefined ? types.has(type) : ids.includes(id)
}

function isListed(uid: EntityUid, schema: Schema): boolean {
  const ids = schema.entities.get(uid.type)?.ids
  return ids === undefined || ids.includes(uid.id)
}

interface Attribute {
  readonly name: string
  readonly type: Type
  readonly isRequired: boolean
}

function attributesOf({ attributes }: RecordType): readonly Attribute[] {
  return [...attributes].map(([name, { type, isRequired }]) => ({ name, type, isRequired }))
}

function fitsRecord(record: CedarRecord, attributes: readonly Attribute[], schema: Schema): boolean {
  for (const { name, type, isRequired } of attributes) {
    const value = record.get(name)
    if (value === undefined ? isRequired : !fits(value, type, schema)) return false
  }
  return true
}

function fits(value: Outcome, type: Type, schema: Schema): boolean {
  switch (type.kind) {
    case 'Bool':
      return typeof value === 'boolean'
    case 'String':
      return typeof value === 'string'
    case 'Long':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'extension':
      return !(value instanceof Fault) && TYPE_TESTS[type.name](value)
    case 'entity':
      return value instanceof EntityUid && type.names.includes(value.type) && isListed(value, schema)
    case 'set':
      return (
        value instanceof CedarSet && value.elements.every((element) => fits(element, type.element, schema))
      )
    case 'record':
      return value instanceof CedarRecord && fitsRecord(value, attributesOf(type), schema)
    case 'never':
    case 'true':
    case 'false':
      return false
    default:
      return type satisfies never
  }
}
