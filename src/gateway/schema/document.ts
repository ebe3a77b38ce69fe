import { RingwallError } from '../../core/errors.ts'
import { RouteTable } from '../route-table.ts'
import { closedSchema, type Direction, openSchema, type Reading } from './closed-schema.ts'
import { atPointer, escapePointer, isObject, type JsonObject, type JsonValue, textOf } from './json-value.ts'
import { type Parameter, readParameters, referenceTo, type Shape, shapeOf } from './parameters.ts'
import { type Check, Validator } from './validator.ts'

/** What a body of one media type must be. */
export interface MediaType {
  /** `application/json`, `application/*`, or `*` `/*`. */
  readonly range: string
  readonly shape: Shape
  /** Undefined where the document says nothing of it. */
  readonly check: Check | undefined
}

/** One operation of a document. */
export interface Operation {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly body: { readonly isRequired: boolean; readonly media: readonly MediaType[] } | undefined
  /** By status: `200`, `2XX`, `default`. */
  readonly responses: ReadonlyMap<string, readonly MediaType[]>
}

/** How a document is to be held against requests. */
export interface DocumentOptions {
  /** Whether fields that no schema names are refused. */
  readonly refuseUnknown: boolean
  /** Path under which the document's paths are; by default that of its first server. */
  readonly base?: string | undefined
}

/** Reads a file that a document names, by its path from the document's folder. */
export type ReadFile = (path: string) => JsonValue

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const
const ROOT = 'file:///'
const MAX_FILES = 200

/** An OpenAPI 3.1 document (3.0 is read too) with everything that it names, compiled: which operation is a request, and what must it be? */
export class OpenApiDocument {
  readonly #table: RouteTable
  readonly #operations: readonly Operation[]

  constructor(entry: string, readFile: ReadFile, options: DocumentOptions) {
    const start = new URL(entry.replaceAll('\\', '/'), ROOT).href
    const files = readAll(start, readFile)
    const root = files.get(start) as JsonObject
    const version = textOf(root['openapi'])
    if (!/^3\.[01]\./.test(version))
      throw wrong(entry, `\`openapi\` is ${version === '' ? 'missing' : version}; it must be 3.1 or 3.0`)
    const validators = {
      request: validatorFor('request', files, options),
      response: validatorFor('response', files, options),
    }
    const found = operationsIn(root, start, files, validators)
    const base = options.base ?? basePath(root)
    this.#operations = found.map(({ operation }) => operation)
    this.#table = new RouteTable(
      found.map(({ path, method }) => ({ name: `${method} ${path}`, path: base + path, methods: [method] })),
    )
  }

  /** The operation of a request, with the values of its path; or that there is none. */
  find(
    path: string,
    method: string,
  ):
    | {
        readonly kind: 'found'
        readonly operation: Operation
        readonly params: Readonly<Record<string, string>>
      }
    | { readonly kind: 'no-route' }
    | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[] } {
    const { match, index } = this.#table.match(undefined, path, method)
    if (match.kind === 'method-not-allowed') return { kind: match.kind, allow: match.allow }
    if (index === undefined) return { kind: 'no-route' }
    return { kind: 'found', operation: this.#operations[index] as Operation, params: match.params }
  }

  /** How many operations the document has. */
  get size(): number {
    return this.#operations.length
  }
}

/** The document and all files that it refers to, by their addresses. */
function readAll(start: string, readFile: ReadFile): ReadonlyMap<string, JsonObject> {
  const files = new Map<string, JsonObject>()
  const wanted = [start]
  for (let url = wanted.pop(); url !== undefined; url = wanted.pop()) {
    if (files.has(url)) continue
    if (files.size >= MAX_FILES) throw wrong(start, `it names more than ${MAX_FILES} files`)
    if (!url.startsWith(ROOT)) throw wrong(start, `it refers to ${url}; only files beside it are read`)
    const value = readFile(decodeURIComponent(url.slice(ROOT.length)))
    if (!isObject(value)) throw wrong(url, 'it is no object')
    files.set(url, value)
    for (const reference of referencesIn(value))
      wanted.push(new URL(reference.split('#')[0] || url, url).href)
  }
  return files
}

function referencesIn(value: JsonValue): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = isObject(value) && typeof value['$ref'] === 'string' ? [value['$ref']] : []
  return [...own, ...Object.values(value).flatMap((inner: JsonValue) => referencesIn(inner))]
}

function resolverAt(url: string, files: ReadonlyMap<string, JsonObject>) {
  return (reference: string): JsonValue | undefined => {
    const [file = '', pointer = ''] = reference.split('#')
    const document = files.get(file === '' ? url : new URL(file, url).href)
    return document && atPointer(document, decodeURIComponent(pointer))
  }
}

function validatorFor(
  direction: Direction,
  files: ReadonlyMap<string, JsonObject>,
  { refuseUnknown }: DocumentOptions,
): Validator {
  const read = [...files].map(([url, document]): [string, JsonObject] => {
    // What the application answers is reported, not refused: unknown fields there are for the document to forbid.
    const unknown = refuseUnknown && direction === 'request'
    const reading: Reading = { direction, refuseUnknown: unknown, resolve: resolverAt(url, files) }
    return [url, readSchemas(document, reading)]
  })
  return new Validator(new Map(read))
}

/** Reads every schema of a document, wherever it stands; a file that is no OpenAPI document is schemas itself. */
function readSchemas(document: JsonObject, reading: Reading): JsonObject {
  if (!('openapi' in document) && !('components' in document) && !('paths' in document)) {
    const isSchema = ['type', 'properties', '$defs', 'allOf', 'anyOf', 'oneOf', '$ref'].some(
      (key) => key in document,
    )
    if (isSchema) return openSchema(document, reading) as JsonObject
    return Object.fromEntries(Object.entries(document).map(([name, one]) => [name, openSchema(one, reading)]))
  }
  const walk = (value: JsonValue, key: string): JsonValue => {
    if (Array.isArray(value)) return value.map((one: JsonValue) => walk(one, ''))
    if (!isObject(value)) return value
    if (key === 'example' || key === 'examples') return value
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]): [string, JsonValue] => {
        if (name === 'schema') return [name, closedSchema(inner, reading)]
        if (key === 'components' && name === 'schemas' && isObject(inner))
          return [
            name,
            Object.fromEntries(Object.entries(inner).map(([id, one]) => [id, openSchema(one, reading)])),
          ]
        return [name, walk(inner, name)]
      }),
    )
  }
  return walk(document, '') as JsonObject
}

function operationsIn(
  root: JsonObject,
  url: string,
  files: ReadonlyMap<string, JsonObject>,
  validators: Readonly<Record<Direction, Validator>>,
) {
  const paths = isObject(root['paths']) ? root['paths'] : {}
  return Object.entries(paths).flatMap(([path, item]) => {
    const found = located(item, `/paths/${escapePointer(path)}`, url, files)
    if (!isObject(found.value)) return []
    const shared = listAt(found, 'parameters')
    return METHODS.flatMap((method) => {
      const inner = (found.value as JsonObject)[method]
      if (!isObject(inner)) return []
      const at: Located = { ...found, value: inner, pointer: `${found.pointer}/${method}` }
      const operation = operationAt(at, shared, files, validators)
      return [
        {
          path,
          method: method.toUpperCase(),
          operation: { name: `${method.toUpperCase()} ${path}`, ...operation },
        },
      ]
    })
  })
}

/** A part of a file, with its place. */
interface Located {
  readonly url: string
  readonly pointer: string
  readonly value: JsonValue | undefined
}

/** A value where it really stands: behind its reference, if it is one. */
function located(
  value: JsonValue | undefined,
  pointer: string,
  url: string,
  files: ReadonlyMap<string, JsonObject>,
): Located {
  const reference = isObject(value) ? value['$ref'] : undefined
  if (typeof reference !== 'string') return { url, pointer, value }
  const [file = '', target = ''] = reference.split('#')
  const next = file === '' ? url : new URL(file, url).href
  const found = resolverAt(url, files)(reference)
  if (found === undefined) throw wrong(url, `\`${reference}\` leads nowhere`)
  return located(found, decodeURIComponent(target), next, files)
}

function listAt({ value, pointer, url }: Located, name: string): readonly Located[] {
  const list = isObject(value) ? value[name] : undefined
  if (!Array.isArray(list)) return []
  return list.map((one: JsonValue, i: number) => ({ url, pointer: `${pointer}/${name}/${i}`, value: one }))
}

function operationAt(
  at: Located,
  shared: readonly Located[],
  files: ReadonlyMap<string, JsonObject>,
  validators: Readonly<Record<Direction, Validator>>,
): Omit<Operation, 'name'> {
  const operation = at.value as JsonObject
  const parameters = [...shared, ...listAt(at, 'parameters')].map((one) =>
    located(one.value, one.pointer, one.url, files),
  )
  const body = located(operation['requestBody'], `${at.pointer}/requestBody`, at.url, files)
  const responses = isObject(operation['responses']) ? operation['responses'] : {}
  return {
    parameters: readParameters(parameters, validators.request, (url) => resolverAt(url, files)),
    body: isObject(body.value)
      ? { isRequired: body.value['required'] === true, media: mediaOf(body, files, validators.request) }
      : undefined,
    responses: new Map(
      Object.entries(responses).map(([status, one]) => {
        const place = located(one, `${at.pointer}/responses/${escapePointer(status)}`, at.url, files)
        return [status, mediaOf(place, files, validators.response)]
      }),
    ),
  }
}

function mediaOf(
  { value, pointer, url }: Located,
  files: ReadonlyMap<string, JsonObject>,
  validator: Validator,
): readonly MediaType[] {
  const content = isObject(value) ? value['content'] : undefined
  if (!isObject(content)) return []
  return Object.entries(content).map(([range, media]): MediaType => {
    const schema = isObject(media) ? media['schema'] : undefined
    const place = `${pointer}/content/${escapePointer(range)}/schema`
    return {
      range: range.split(';', 1)[0]?.trim().toLowerCase() ?? range,
      shape: shapeOf(schema, resolverAt(url, files)),
      check: schema === undefined ? undefined : validator.compile(referenceTo(url, place)),
    }
  })
}

/** The path of the first server, without a slash at its end (OpenAPI 3.1 4.8.5). */
function basePath({ servers }: JsonObject): string {
  const first = Array.isArray(servers) ? (servers as readonly JsonValue[])[0] : undefined
  const url = isObject(first) ? textOf(first['url']) : ''
  const path = URL.parse(url, 'https://server.invalid')?.pathname ?? '/'
  return path.replace(/\/+$/, '')
}

function wrong(file: string, why: string): RingwallError {
  return new RingwallError('gateway.openapi', `the OpenAPI document ${file}: ${why}`, { at: { file } })
}
