import { isObject, type JsonValue, textOf } from './json-value.ts'
import type { Check, Mismatch, Validator } from './validator.ts'

/** A parameter of an operation (OpenAPI 3.1 4.8.12). */
export interface Parameter {
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly name: string
  readonly isRequired: boolean
  readonly style: string
  readonly explode: boolean
  readonly shape: Shape
  readonly check: Check
}

/** What a schema says of the types that a text can stand for. */
export interface Shape {
  readonly types: ReadonlySet<string>
  readonly items: Shape | undefined
  readonly fields: ReadonlyMap<string, Shape>
}

const TEXT: Shape = { types: new Set(['string']), items: undefined, fields: new Map() }
const MAX_DEPTH = 8

/** The shape of a schema, through references and compositions. */
export function shapeOf(
  schema: JsonValue | undefined,
  resolve: (reference: string) => JsonValue | undefined,
  depth = 0,
): Shape {
  if (!isObject(schema) || depth > MAX_DEPTH) return TEXT
  const types = new Set<string>()
  const fields = new Map<string, Shape>()
  let items: Shape | undefined
  const take = (one: Shape): void => {
    for (const type of one.types) types.add(type)
    for (const [name, shape] of one.fields) fields.set(name, shape)
    items ??= one.items
  }
  const { type, $ref: reference, properties } = schema
  for (const one of [type].flat()) if (typeof one === 'string') types.add(one)
  const values = [schema['const'], schema['enum']].flat() as readonly (JsonValue | undefined)[]
  if (types.size === 0) for (const value of values) if (value !== undefined) types.add(typeName(value))
  if (schema['items'] !== undefined) items = shapeOf(schema['items'], resolve, depth + 1)
  if (isObject(properties))
    for (const [name, one] of Object.entries(properties)) fields.set(name, shapeOf(one, resolve, depth + 1))
  if (typeof reference === 'string') take(shapeOf(resolve(reference), resolve, depth + 1))
  for (const key of ['allOf', 'anyOf', 'oneOf'])
    for (const one of [schema[key]].flat()) if (isObject(one)) take(shapeOf(one, resolve, depth + 1))
  if (types.size === 0) types.add(items ? 'array' : fields.size > 0 ? 'object' : 'string')
  return { types, items, fields }
}

function typeName(value: JsonValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

const NUMBER = /^-?(0|[1-9]\d{0,307})(\.\d{1,308})?([eE][+-]?\d{1,3})?$/

/** What a text stands for: a number or a truth value only in the way that JSON writes it, else the text itself. */
export function valueOf(text: string, { types }: Shape): JsonValue {
  if ((types.has('integer') || types.has('number')) && NUMBER.test(text)) return Number(text)
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.has('null') && text === '') return null
  return text
}

/** Names and values, decoded, in the order in which they came. */
export type Pairs = readonly (readonly [string, string])[]

/** Reads a query or a form (WHATWG URL 5.1) strictly; undefined where an escape is broken or not UTF-8. */
export function readPairs(raw: string): Pairs | undefined {
  const pairs: (readonly [string, string])[] = []
  try {
    for (const part of raw.split('&')) {
      if (part === '') continue
      const at = part.indexOf('=')
      const name = at < 0 ? part : part.slice(0, at)
      pairs.push([decode(name), at < 0 ? '' : decode(part.slice(at + 1))])
    }
    return pairs
  } catch {
    return undefined
  }
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

const DELIMITERS: Readonly<Record<string, string>> = {
  form: ',',
  simple: ',',
  spaceDelimited: ' ',
  pipeDelimited: '|',
}

/** The value of a parameter, or why it has none that can be judged. */
export type ParameterRead =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'absent' }
  | { readonly kind: 'wrong'; readonly rule: string }

/** Reads a parameter of the query or of a cookie from its pairs. `used` is told which names it took. */
export function readFromPairs(parameter: Parameter, pairs: Pairs, used: Set<string>): ParameterRead {
  const { name, style, explode, shape } = parameter
  if (style === 'deepObject') return readDeepObject(parameter, pairs, used)
  if (shape.types.has('object') && explode && style === 'form') {
    const own = pairs.filter(([key]) => shape.fields.has(key))
    for (const [key] of own) used.add(key)
    return own.length === 0 ? { kind: 'absent' } : objectOf(own, shape)
  }
  used.add(name)
  const values = pairs.flatMap(([key, value]) => (key === name ? [value] : []))
  if (values.length === 0) return { kind: 'absent' }
  if (shape.types.has('array') && explode)
    return { kind: 'value', value: values.map((one) => valueOf(one, shape.items ?? TEXT)) }
  return values.length > 1
    ? { kind: 'wrong', rule: 'given more than once' }
    : readText(parameter, values[0] as string)
}

/** Reads a parameter that is one text: of a path, of a field, or an undivided one of a query. */
export function readText({ shape, style, explode }: Parameter, text: string): ParameterRead {
  const delimiter = DELIMITERS[style] ?? ','
  if (shape.types.has('array'))
    return {
      kind: 'value',
      value: text.split(delimiter).map((one) => valueOf(one.trim(), shape.items ?? TEXT)),
    }
  if (!shape.types.has('object')) return { kind: 'value', value: valueOf(text, shape) }
  const parts = text.split(delimiter)
  const pairs = explode
    ? parts.map((part): [string, string] => [part.split('=', 1)[0] ?? '', part.slice(part.indexOf('=') + 1)])
    : parts.flatMap((part, i): [string, string][] => (i % 2 === 0 ? [[part, parts[i + 1] ?? '']] : []))
  return objectOf(pairs, shape)
}

function readDeepObject({ name, shape }: Parameter, pairs: Pairs, used: Set<string>): ParameterRead {
  const own = pairs.flatMap(([key, value]): [string, string][] => {
    if (!key.startsWith(`${name}[`) || !key.endsWith(']')) return []
    used.add(key)
    return [[key.slice(name.length + 1, -1), value]]
  })
  return own.length === 0 ? { kind: 'absent' } : objectOf(own, shape)
}

/** An object of pairs, such as a form; a name that comes twice is a list where its schema has one, and else wrong. */
export function objectOf(pairs: Pairs, { fields }: Shape): ParameterRead {
  const found = new Map<string, JsonValue>()
  for (const [name, text] of pairs) {
    const shape = fields.get(name) ?? TEXT
    if (shape.types.has('array')) {
      const list = found.get(name) as readonly JsonValue[] | undefined
      found.set(name, [...(list ?? []), valueOf(text, shape.items ?? TEXT)])
    } else if (found.has(name)) return { kind: 'wrong', rule: 'given more than once' }
    else found.set(name, valueOf(text, shape))
  }
  return { kind: 'value', value: Object.fromEntries(found) }
}

/** A parameter object with its place. */
export interface PlacedParameter {
  readonly url: string
  readonly pointer: string
  readonly value: JsonValue | undefined
}

/** Reads the parameters of an operation; of two of one name the later counts, which is the operation's own. */
export function readParameters(
  list: readonly PlacedParameter[],
  validator: Pick<Validator, 'compile'>,
  resolverAt: (url: string) => (reference: string) => JsonValue | undefined,
): readonly Parameter[] {
  const byKey = new Map<string, Parameter>()
  for (const { url, pointer, value } of list) {
    if (!isObject(value)) continue
    const place = value['in'] as Parameter['in']
    const name = textOf(value['name'])
    const style = textOf(value['style']) || (place === 'query' || place === 'cookie' ? 'form' : 'simple')
    const schema = value['schema']
    byKey.set(`${place} ${place === 'header' ? name.toLowerCase() : name}`, {
      in: place,
      name,
      isRequired: value['required'] === true || place === 'path',
      style,
      explode: value['explode'] === undefined ? style === 'form' : value['explode'] === true,
      shape: shapeOf(schema, resolverAt(url)),
      check:
        schema === undefined ? () => undefined : validator.compile(referenceTo(url, `${pointer}/schema`)),
    })
  }
  return [...byKey.values()]
}

/** A reference to a place of a file; braces and spaces of paths are escaped, as a URI wants it. */
export function referenceTo(url: string, pointer: string): string {
  return `${url}#${pointer.split('/').map(encodeURIComponent).join('/')}`
}

/** A parameter that does not fit. */
export function mismatchOfParameter({ in: place, name }: Parameter, rule: string, field = ''): Mismatch {
  return { in: place, field: name + field, rule }
}
