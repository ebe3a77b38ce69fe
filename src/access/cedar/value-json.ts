import { isLabel } from './ast.ts'
import { Datetime, Duration } from './extensions/datetime.ts'
import { FUNCTIONS, TYPE_TESTS } from './extensions/functions.ts'
import { arrayAt, boundDepth, type Json, longFrom, objectAt, type Path, stringAt, wrong } from './json.ts'
import { isName } from './lexer.ts'
import type { RecordType, Type } from './types.ts'
import { CedarRecord, CedarSet, EntityUid, Fault, type Outcome, type Value } from './value.ts'

/** A value from JSON. Where a type is known, entities and extension values need no `__entity` and `__extn`. */
export function valueFrom(json: Json | undefined, path: Path, type?: Type, depth = 0): Value {
  boundDepth(depth, path)
  if (type?.kind === 'entity') return entityFrom(json, path)
  if (type?.kind === 'extension') return extensionFrom(json, path, type.name, depth)
  if (typeof json === 'boolean' || typeof json === 'string') return json
  if (typeof json === 'number' || typeof json === 'bigint')
    return longFrom(json) ?? wrong(path, 'a whole number of 64 bits')
  if (Array.isArray(json)) {
    const element = type?.kind === 'set' ? type.element : undefined
    const elements = json as readonly Json[]
    return new CedarSet(elements.map((item, at) => valueFrom(item, `${path}[${at}]`, element, depth + 1)))
  }
  if (json === null || json === undefined) wrong(path, 'a value; Cedar has no null, leave the attribute out')
  const object = json as Readonly<Record<string, Json>>
  if (Object.hasOwn(object, '__entity')) return entityFrom(json, path)
  if (Object.hasOwn(object, '__extn')) return extensionFrom(json, path, undefined, depth)
  if (Object.hasOwn(object, '__expr'))
    wrong(path, 'a value; `__expr` is not supported, use `__entity` or `__extn`')
  return recordFrom(object, path, type?.kind === 'record' ? type : undefined, depth)
}

/** Attributes, context or tags from a JSON object. */
export function recordFrom(json: Json | undefined, path: Path, type?: RecordType, depth = 0): CedarRecord {
  const fields = new Map<string, Outcome>()
  for (const [name, value] of Object.entries(objectAt(json, path))) {
    const field = type?.attributes.get(name)?.type
    fields.set(name, valueFrom(value, joinPath(path, name), field, depth + 1))
  }
  return new CedarRecord(fields)
}

function joinPath(path: Path, name: string): Path {
  if (!isName(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

/** `{"type": ..., "id": ...}`, also inside `__entity`. */
export function entityFrom(json: Json | undefined, path: Path): EntityUid {
  const object = objectAt(json, path)
  const inner = Object.hasOwn(object, '__entity') ? objectAt(object['__entity'], `${path}.__entity`) : object
  const type = stringAt(inner['type'], `${path}.type`)
  if (!isTypeName(type)) wrong(`${path}.type`, `an entity type, not ${JSON.stringify(type)}`)
  return new EntityUid(type, stringAt(inner['id'], `${path}.id`))
}

/** `A::B::C`. */
export function isTypeName(text: string): boolean {
  return text.split('::').every(isLabel)
}

/** `Action`, in any namespace. */
export function isActionType(type: string): boolean {
  return type === 'Action' || type.endsWith('::Action')
}

function extensionFrom(json: Json | undefined, path: Path, type: string | undefined, depth: number): Value {
  if (typeof json === 'string' && type !== undefined) {
    const name = type === 'ipaddr' ? 'ip' : type
    return applyFunction(name, [json], path)
  }
  const object = objectAt(json, path)
  const inner = Object.hasOwn(object, '__extn') ? objectAt(object['__extn'], `${path}.__extn`) : object
  const name = stringAt(inner['fn'], `${path}.fn`)
  const given = Object.hasOwn(inner, 'args') ? arrayAt(inner['args'], `${path}.args`) : [inner['arg']]
  const found = FUNCTIONS.get(name)
  if (found === undefined) wrong(`${path}.fn`, `an extension function, not \`${name}\``)
  return applyFunction(
    name,
    given.map((item, at) => valueFrom(item, `${path}.args[${at}]`, undefined, depth + 1)),
    path,
  )
}

function applyFunction(name: string, given: readonly Value[], path: Path): Value {
  const found = FUNCTIONS.get(name)
  const [first, second] = given
  const fits =
    found !== undefined &&
    found.parameters.length === given.length &&
    found.parameters.every((parameter, at) => TYPE_TESTS[parameter](given[at] as Value))
  if (!fits) wrong(path, `the arguments of \`${name}\``)
  return found.run(first as never, second as never) ?? wrong(path, `what \`${name}\` can read`)
}

/** A value as JSON with `__entity` and `__extn`, as `valueFrom` reads it without a type. */
export function valueToJson(value: Value): Json {
  if (typeof value !== 'object') return value
  if (value instanceof EntityUid) return { __entity: { type: value.type, id: value.id } }
  if (value instanceof CedarSet) return value.elements.map(valueToJson)
  if (value instanceof CedarRecord) {
    return Object.fromEntries(
      value.names.flatMap((name) => {
        const field = value.get(name)
        return field === undefined || field instanceof Fault ? [] : [[name, valueToJson(field)]]
      }),
    )
  }
  if (value instanceof Datetime) {
    const since = { __extn: { fn: 'duration', arg: new Duration(value.ms).toString() } }
    return { __extn: { fn: 'offset', args: [{ __extn: { fn: 'datetime', arg: '1970-01-01' } }, since] } }
  }
  return { __extn: { fn: value.type === 'ipaddr' ? 'ip' : value.type, arg: value.toString() } }
}
