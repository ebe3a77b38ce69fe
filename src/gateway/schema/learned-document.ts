import { STRING_FORMATS } from './formats.ts'
import type { JsonObject, JsonValue } from './json-value.ts'
import { LearnedSchema, likelyValue } from './learned-schema.ts'
import { type Pairs, readPairs } from './parameters.ts'

/** A request that was observed. */
export interface ObservedRequest {
  readonly method: string
  /** Canonical, without its query. */
  readonly path: string
  readonly rawQuery: string
  readonly contentType: string | undefined
  readonly body: string | undefined
}

interface Observed {
  count: number
  readonly path: LearnedSchema[]
  readonly query: Map<string, { seen: number; isList: boolean; readonly schema: LearnedSchema }>
  readonly bodies: Map<string, LearnedSchema>
}

const MAX_OPERATIONS = 2000
const MAX_PARAMETERS = 200
/** Different values of one segment below the same beginning from which on it is taken for a name of something. */
const MANY = 12

/**
 * Proposes an OpenAPI 3.1 document from requests that were observed: paths with their identifiers, parameters, media types and
 * bodies. A beginning for somebody to read, not a policy: what was never seen is not in it, and what an attacker sent is.
 */
export function learnDocument(requests: readonly ObservedRequest[], title: string): JsonObject {
  const templates = templatesOf(requests)
  const found = new Map<string, Map<string, Observed>>()
  let operations = 0
  for (const request of requests) {
    const { template, values } = templates(request.path)
    const methods = found.get(template) ?? new Map<string, Observed>()
    found.set(template, methods)
    const method = request.method.toLowerCase()
    let observed = methods.get(method)
    if (!observed) {
      if (operations++ >= MAX_OPERATIONS) continue
      observed = {
        count: 0,
        path: values.map(() => new LearnedSchema()),
        query: new Map(),
        bodies: new Map(),
      }
      methods.set(method, observed)
    }
    see(observed, request, values)
  }
  const paths = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    openapi: '3.1.0',
    info: { title, version: '0', description: `Proposed from ${requests.length} observed requests.` },
    paths: Object.fromEntries(
      paths.map(([template, methods]): [string, JsonValue] => [
        template,
        Object.fromEntries(
          [...methods].map(([method, observed]) => [method, operationOf(template, observed)]),
        ),
      ]),
    ),
  }
}

function see(
  observed: Observed,
  { rawQuery, contentType, body }: ObservedRequest,
  values: readonly string[],
): void {
  observed.count++
  for (const [i, value] of values.entries()) observed.path[i]?.see(likelyValue(value))
  const pairs: Pairs = readPairs(rawQuery.replace(/^\?/, '')) ?? []
  for (const [name, list] of Map.groupBy(pairs, ([key]) => key)) {
    const known = observed.query.get(name)
    if (!known && observed.query.size >= MAX_PARAMETERS) continue
    const parameter = known ?? { seen: 0, isList: false, schema: new LearnedSchema() }
    parameter.seen++
    parameter.isList ||= list.length > 1
    for (const [, value] of list) parameter.schema.see(likelyValue(value))
    observed.query.set(name, parameter)
  }
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === undefined || type === '' || body === undefined) return
  const schema = observed.bodies.get(type) ?? new LearnedSchema()
  observed.bodies.set(type, schema)
  const value = bodyValue(type, body)
  if (value !== undefined) schema.see(value)
}

function bodyValue(type: string, body: string): JsonValue | undefined {
  if (type === 'application/json' || type.endsWith('+json')) {
    try {
      return JSON.parse(body) as JsonValue
    } catch {
      return undefined
    }
  }
  if (type !== 'application/x-www-form-urlencoded') return undefined
  const pairs = readPairs(body)
  if (!pairs) return undefined
  const fields = [...Map.groupBy(pairs, ([name]) => name)].map(([name, list]): [string, JsonValue] => {
    const values = list.map(([, value]) => likelyValue(value))
    return [name, values.length > 1 ? values : (values[0] as JsonValue)]
  })
  return Object.fromEntries(fields)
}

function operationOf(template: string, { count, path, query, bodies }: Observed): JsonObject {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
  const parameters = [
    ...names.map((name, i): JsonValue => ({
      name,
      in: 'path',
      required: true,
      schema: path[i]?.toSchema() ?? {},
    })),
    ...[...query].map(([name, { seen, isList, schema }]): JsonValue => ({
      name,
      in: 'query',
      ...(seen === count && count > 1 && { required: true }),
      schema: isList ? { type: 'array', items: schema.toSchema() } : schema.toSchema(),
    })),
  ]
  const content = [...bodies].map(([type, schema]): [string, JsonValue] => {
    const learned = schema.toSchema()
    return [type, Object.keys(learned).length > 0 ? { schema: learned } : {}]
  })
  return {
    ...(parameters.length > 0 && { parameters }),
    ...(content.length > 0 && { requestBody: { required: true, content: Object.fromEntries(content) } }),
    responses: { default: { description: `Observed ${count} times.` } },
  }
}

/** Finds which segments of paths are identifiers: by their look, or since many different ones stand below the same beginning. */
function templatesOf(requests: readonly ObservedRequest[]) {
  const children = new Map<string, Set<string>>()
  const look = (segments: readonly string[]): string[] =>
    segments.map((one) => (isIdentifier(one) ? '{}' : one))
  for (const { path } of requests) {
    const segments = look(path.split('/').slice(1))
    for (const [i, segment] of segments.entries()) {
      const parent = segments.slice(0, i).join('/')
      const known = children.get(parent) ?? new Set()
      if (known.size <= MANY) known.add(segment)
      children.set(parent, known)
    }
  }
  return (path: string): { readonly template: string; readonly values: readonly string[] } => {
    const segments = path.split('/').slice(1)
    const looks = look(segments)
    const values: string[] = []
    const used = new Set<string>()
    const parts = segments.map((segment, i) => {
      // Below the root stand the parts of a site, however many there are.
      const isMany = i > 0 && (children.get(looks.slice(0, i).join('/'))?.size ?? 0) > MANY
      if (looks[i] !== '{}' && !(isMany && segment !== '')) return segment
      values.push(segment)
      return `{${nameFor(segments[i - 1], used)}}`
    })
    return { template: `/${parts.join('/')}`, values }
  }
}

/** Numbers, UUIDs, and long texts of hexadecimal or with digits among letters, such as ULIDs. */
function isIdentifier(segment: string): boolean {
  if (/^\d+$/.test(segment) || STRING_FORMATS['uuid']?.(segment) === true) return true
  return segment.length >= 16 && /^[A-Za-z0-9_-]+$/.test(segment) && /\d/.test(segment)
}

/** `orders/7` is an order's: `orderId`. */
function nameFor(before: string | undefined, used: Set<string>): string {
  const word = /^[A-Za-z][A-Za-z0-9]*$/.test(before ?? '') ? (before as string).replace(/s$/, '') : ''
  const base = word === '' ? 'id' : `${word}Id`
  let name = base
  for (let i = 2; used.has(name); i++) name = `${base}${i}`
  used.add(name)
  return name
}
