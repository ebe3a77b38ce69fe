import { FORBIDDEN_NAMES } from './strict-json.ts'

/**
 * Which fields a body may set: names, a JSON Schema with `properties`, or an object schema of zod. A JSON Schema's `readOnly`
 * properties are not among them.
 */
export type FieldAllowlist = readonly string[] | JsonSchemaLike | ZodLike

/** The parts of a JSON Schema that name fields. */
export interface JsonSchemaLike {
  readonly properties?: Readonly<Record<string, JsonSchemaLike>>
  readonly items?: JsonSchemaLike
  readonly readOnly?: boolean
  /** `true` lets an object without `properties` through whole. */
  readonly additionalProperties?: unknown
}

/** The parts of a zod schema that name fields. */
export interface ZodLike {
  readonly shape?: Readonly<Record<string, ZodLike>>
  readonly element?: ZodLike
  readonly unwrap?: () => unknown
}

/** What was taken over, and the names that were not, as dotted paths. */
export interface Picked {
  readonly value: Readonly<Record<string, unknown>>
  /** At most 20; for the log, or to refuse the request. */
  readonly dropped: readonly string[]
}

const MAX_DROPPED = 20
const MAX_DEPTH = 32

/**
 * The fields of a body that a client may set (the guide's ALLOWED_UPDATE_FIELDS, CWE-915): a copy with own, named fields only. An
 * object below a field is taken over only as far as the allowlist names its fields too, so that nothing rides along inside one.
 */
export function pick(allowed: FieldAllowlist, body: unknown): Picked {
  const dropped: string[] = []
  const value = isObject(body) ? pickObject(fieldsOf(allowed) ?? new Map(), body, '', dropped, 0) : {}
  return { value, dropped }
}

type Fields = ReadonlyMap<string, JsonSchemaLike | ZodLike>

const LEAF: JsonSchemaLike = {}

/** The fields that a schema names; undefined where it names none. */
function fieldsOf(allowed: FieldAllowlist): Fields | undefined {
  if (isNames(allowed)) return new Map(allowed.map((name) => [name, LEAF]))
  const schema = unwrapped(allowed)
  const named =
    ('shape' in schema ? schema.shape : undefined) ?? ('properties' in schema ? schema.properties : undefined)
  if (named === undefined) return undefined
  return new Map(
    Object.entries(named).filter(([, inner]) => !('readOnly' in inner && inner.readOnly === true)),
  )
}

function isNames(allowed: FieldAllowlist): allowed is readonly string[] {
  return Array.isArray(allowed)
}

/** Optional, nullable and default wrappers of zod. */
function unwrapped(schema: JsonSchemaLike | ZodLike): JsonSchemaLike & ZodLike {
  let inner = schema as JsonSchemaLike & ZodLike
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (typeof inner.unwrap !== 'function' || inner.shape !== undefined || inner.element !== undefined) break
    inner = inner.unwrap() as JsonSchemaLike & ZodLike
  }
  return inner
}

function pickObject(
  fields: Fields,
  body: Readonly<Record<string, unknown>>,
  path: string,
  dropped: string[],
  depth: number,
): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(body)) {
    const schema = FORBIDDEN_NAMES.has(name) ? undefined : fields.get(name)
    const at = path === '' ? name : `${path}.${name}`
    const taken = schema && depth < MAX_DEPTH ? pickValue(schema, value, at, dropped, depth) : undefined
    if (taken) picked[name] = taken.value
    else drop(dropped, at)
  }
  return picked
}

function pickValue(
  schema: JsonSchemaLike | ZodLike,
  value: unknown,
  path: string,
  dropped: string[],
  depth: number,
): { readonly value: unknown } | undefined {
  if (typeof value !== 'object' || value === null) return { value }
  const inner = unwrapped(schema)
  if (Array.isArray(value)) {
    const element = inner.element ?? inner.items ?? LEAF
    const taken = value.map((one: unknown) =>
      depth < MAX_DEPTH ? pickValue(element, one, path, dropped, depth + 1) : undefined,
    )
    return taken.every((one) => one !== undefined) ? { value: taken.map((one) => one.value) } : undefined
  }
  if (!isObject(value)) return undefined
  const fields = fieldsOf(inner)
  if (fields) return { value: pickObject(fields, value, path, dropped, depth + 1) }
  return inner.additionalProperties === true ? { value } : undefined
}

function drop(dropped: string[], path: string): void {
  if (dropped.length < MAX_DROPPED) dropped.push(path)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
