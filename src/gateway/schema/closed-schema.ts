import { isObject, type JsonObject, type JsonValue, textOf } from './json-value.ts'

/** Whether a schema is for what clients send, or for what the application answers. */
export type Direction = 'request' | 'response'

/** How a document is read. */
export interface Reading {
  readonly direction: Direction
  /** Whether fields that no schema names are refused; where a schema says something of them itself, that counts. */
  readonly refuseUnknown: boolean
  /** What a reference leads to. */
  readonly resolve: (reference: string) => JsonValue | undefined
}

const SCHEMA_MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])
const SCHEMA_LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const SCHEMA_PARTS = new Set(['not', 'if', 'then', 'else', 'contains', 'propertyNames'])
/** Where a value of its own begins, so that its fields are counted by themselves. */
const POSITIONS = new Set(['items', 'additionalProperties', 'unevaluatedItems'])

/**
 * A schema with what a document means beside JSON Schema: `readOnly` fields may not be sent and `writeOnly` ones not be answered
 * (OpenAPI 3.1, JSON Schema 2020-12 Validation 9.4), `nullable` of OpenAPI 3.0, and, where wanted, no field that nothing names (the
 * guide's mass assignment). Compositions stay open and are closed where their value begins, with `unevaluatedProperties`.
 */
export function closedSchema(schema: JsonValue, reading: Reading): JsonValue {
  const open = openSchema(schema, reading)
  if (!reading.refuseUnknown || !isObject(open) || !namesFields(schema, reading, new Set())) return open
  if ('additionalProperties' in open || 'unevaluatedProperties' in open) return open
  return { ...open, unevaluatedProperties: false }
}

/** The same for a schema that is part of another one. */
export function openSchema(schema: JsonValue, reading: Reading): JsonValue {
  if (!isObject(schema)) return schema
  const hidden = hiddenFields(schema, reading)
  const made = Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, JsonValue] => {
      if (key === 'properties' && isObject(value)) return [key, fieldsOf(value, hidden, reading)]
      if (key === 'required' && Array.isArray(value))
        return [key, value.filter((name: JsonValue) => !hidden.has(textOf(name)))]
      if (key === 'patternProperties' && isObject(value)) return [key, mapOf(value, reading, closedSchema)]
      if (SCHEMA_MAPS.has(key) && isObject(value)) return [key, mapOf(value, reading, openSchema)]
      if (key === 'prefixItems' && Array.isArray(value))
        return [key, value.map((one: JsonValue) => closedSchema(one, reading))]
      if (SCHEMA_LISTS.has(key) && Array.isArray(value))
        return [key, value.map((one: JsonValue) => openSchema(one, reading))]
      if (POSITIONS.has(key)) return [key, closedSchema(value, reading)]
      return [key, SCHEMA_PARTS.has(key) ? openSchema(value, reading) : value]
    }),
  )
  return nullable(made)
}

function fieldsOf(properties: JsonObject, hidden: ReadonlySet<string>, reading: Reading): JsonObject {
  const shown = Object.entries(properties).filter(([name]) => !hidden.has(name))
  return Object.fromEntries(shown.map(([name, schema]) => [name, closedSchema(schema, reading)]))
}

function mapOf(schemas: JsonObject, reading: Reading, read: typeof openSchema): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, read(one, reading)]))
}

function hiddenFields(
  { properties }: JsonObject,
  { direction, resolve, refuseUnknown }: Reading,
): ReadonlySet<string> {
  if (!isObject(properties) || !refuseUnknown) return new Set()
  const mark = direction === 'request' ? 'readOnly' : 'writeOnly'
  const isMarked = (schema: JsonValue, depth: number): boolean => {
    if (!isObject(schema) || depth > 20) return false
    const { $ref: reference } = schema
    const target = typeof reference === 'string' ? resolve(reference) : undefined
    return schema[mark] === true || (target !== undefined && isMarked(target, depth + 1))
  }
  return new Set(Object.entries(properties).flatMap(([name, schema]) => (isMarked(schema, 0) ? [name] : [])))
}

/** Whether a schema says which fields an object has. What says nothing of fields takes any. */
function namesFields(schema: JsonValue, reading: Reading, seen: Set<JsonValue>): boolean {
  if (!isObject(schema) || seen.has(schema)) return false
  seen.add(schema)
  if (isObject(schema['properties']) || isObject(schema['patternProperties'])) return true
  const { $ref: reference } = schema
  const target = typeof reference === 'string' ? reading.resolve(reference) : undefined
  const parts = ['allOf', 'anyOf', 'oneOf'].flatMap((key) => {
    const value = schema[key]
    return Array.isArray(value) ? (value as readonly JsonValue[]) : []
  })
  return [...(target === undefined ? [] : [target]), ...parts].some((one) => namesFields(one, reading, seen))
}

/** OpenAPI 3.0: `nullable` beside `type`, and bounds that are exclusive by a flag. */
function nullable(schema: Record<string, JsonValue>): JsonObject {
  const { nullable: takesNull, exclusiveMinimum, exclusiveMaximum, ...rest } = schema
  const bounds = [
    ['minimum', exclusiveMinimum, 'exclusiveMinimum'],
    ['maximum', exclusiveMaximum, 'exclusiveMaximum'],
  ] as const
  const made: Record<string, JsonValue> = { ...rest }
  for (const [bound, exclusive, name] of bounds) {
    if (typeof exclusive === 'number') made[name] = exclusive
    if (exclusive === true && made[bound] !== undefined) {
      made[name] = made[bound]
      delete made[bound]
    }
  }
  if (takesNull === true && typeof made['type'] === 'string') {
    made['type'] = [made['type'], 'null']
    if (Array.isArray(made['enum'])) made['enum'] = [...(made['enum'] as readonly JsonValue[]), null]
  }
  return made
}
