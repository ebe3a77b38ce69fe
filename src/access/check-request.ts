import { validateRequest } from './cedar/conformance.ts'
import type { Entity } from './cedar/entities.ts'
import { TYPE_TESTS } from './cedar/extensions/functions.ts'
import { PlainReader } from './cedar/objects.ts'
import type { ActionType, Schema } from './cedar/schema.ts'
import type { Type } from './cedar/types.ts'
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
  readonly principals: ReadonlySet<string>
  readonly resources: ReadonlySet<string>
  readonly context: RecordReader
}

/** The actions of a schema by name: by id, or by whole text where two namespaces have the same id. */
export function plansOf(schema: Schema): ReadonlyMap<string, ActionPlan> {
  const plans = new Map<string, ActionPlan>()
  for (const type of schema.actions.values()) {
    plans.set(nameOfAction(type.uid, schema), {
      type,
      principals: new Set(type.principals),
      resources: new Set(type.resources),
      context: new PlainReader(type.context, 0, true),
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

/** The actions as entities, which applications have no objects for. */
export function actionEntities(schema: Schema): ReadonlyMap<string, Entity> {
  return new Map(
    [...schema.actions].map(([key, { uid, ancestors }]) => [
      key,
      { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors },
    ]),
  )
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
    plan.principals.has(principal.type) &&
    plan.resources.has(resource.type) &&
    isListed(principal, schema) &&
    isListed(resource, schema) &&
    fitsRecord(context, type.context.attributes, schema)
  if (!isRight) {
    const misfits = validateRequest({ principal, action: type.uid, resource, context }, schema)
    return misfits.join('; ') || 'the request does not fit the schema'
  }
  for (const name in rawContext)
    if (!type.context.attributes.has(name)) return `context: the schema has no attribute \`${name}\``
  return undefined
}

function isListed(uid: EntityUid, schema: Schema): boolean {
  const ids = schema.entities.get(uid.type)?.ids
  return ids === undefined || ids.includes(uid.id)
}

type Attributes = ReadonlyMap<string, { readonly type: Type; readonly isRequired: boolean }>

function fitsRecord(record: CedarRecord, attributes: Attributes, schema: Schema): boolean {
  for (const [name, { type, isRequired }] of attributes) {
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
      return value instanceof CedarRecord && fitsRecord(value, type.attributes, schema)
    case 'never':
    case 'true':
    case 'false':
      return false
    default:
      return type satisfies never
  }
}
