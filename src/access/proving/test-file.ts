import type { Place } from '../../core/errors.ts'
import type { Request } from '../cedar/authorizer.ts'
import { validateEntity, validateRequest } from '../cedar/conformance.ts'
import { Entities, type EntityDraft } from '../cedar/entities.ts'
import type { Schema } from '../cedar/schema.ts'
import { Unreadable } from '../cedar/syntax.ts'
import type { RecordType } from '../cedar/types.ts'
import { CedarRecord, EntityUid } from '../cedar/value.ts'
import { recordFrom, valueFrom } from '../cedar/value-json.ts'
import type { PolicyCase } from './case.ts'
import { jsonOf, readUid } from './plain-values.ts'
import { rowsOf } from './test-table.ts'
import {
  type DataPath,
  listAt,
  mapAt,
  Mistaken,
  type Plain,
  refuse,
  textAt,
  type WrittenCase,
} from './written.ts'

/** Something wrong in a test file. */
export interface TestMistake {
  readonly path: string
  readonly message: string
  readonly at?: Place
}

/** What reading a test file gives. */
export type TestFile =
  | { readonly ok: true; readonly cases: readonly PolicyCase[] }
  | { readonly ok: false; readonly mistakes: readonly TestMistake[] }

/** What a reader of test files may be given. */
export interface TestFileOptions {
  /** Types of values, and what must be there. */
  readonly schema?: Schema
  /** Where the data of a path stands in the text that it was read from. */
  readonly placeOf?: (path: DataPath) => Place | undefined
}

const MAX_MISTAKES = 20
const MAX_CASES = 100_000
const CASE_KEYS = ['name', 'principal', 'action', 'resource', 'context', 'entities', 'expect', 'reasons']
const TOP_KEYS = ['entities', 'context', 'cases', 'tables']
const ENTITY_KEYS = ['in', 'attributes', 'tags']

/** Reads the data of a test file: entities, cases and tables. Everything that is wrong comes at once. */
export function readTests(data: unknown, options: TestFileOptions = {}): TestFile {
  const reader = new Reader(options)
  const cases = reader.file(data)
  return reader.mistakes.length > 0 ? { ok: false, mistakes: reader.mistakes } : { ok: true, cases }
}

/** Entities alone, as a test file writes them. */
export type PlainEntities =
  | { readonly ok: true; readonly entities: Entities }
  | { readonly ok: false; readonly mistakes: readonly TestMistake[] }

/** Reads entities as a test file writes them: names with `in`, `attributes` and `tags`. */
export function readEntities(data: unknown, options: TestFileOptions = {}): PlainEntities {
  const reader = new Reader(options)
  const entities = reader.entities(data)
  return entities === undefined ? { ok: false, mistakes: reader.mistakes } : { ok: true, entities }
}

/** A request and a context as texts and plain data. */
export interface WrittenRequest {
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly context?: Plain
}

/** Reads a request as a case of a test file writes it. */
export function readRequest(
  written: WrittenRequest,
  options: TestFileOptions = {},
):
  | { readonly ok: true; readonly request: Request }
  | { readonly ok: false; readonly mistakes: readonly TestMistake[] } {
  const reader = new Reader(options)
  const request = reader.request(written)
  return request === undefined ? { ok: false, mistakes: reader.mistakes } : { ok: true, request }
}

/** An entity before it is one: what the file says, and what a case adds. */
type WrittenEntities = ReadonlyMap<
  string,
  { readonly uid: EntityUid; readonly data: Plain; readonly path: DataPath }
>

class Reader {
  readonly mistakes: TestMistake[] = []
  readonly #options: TestFileOptions

  constructor(options: TestFileOptions) {
    this.#options = options
  }

  file(data: unknown): readonly PolicyCase[] {
    const top = this.#try(() => mapAt(data ?? {}, [], TOP_KEYS)) ?? {}
    const shared = this.#try(() => this.#entities(top['entities'], ['entities'])) ?? new Map()
    const written = [...this.#cases(top['cases']), ...this.#tables(top['tables'])]
    if (written.length > MAX_CASES) this.#note([], `more than ${MAX_CASES} cases`)
    const made: PolicyCase[] = []
    for (const one of written.slice(0, MAX_CASES)) {
      if (this.mistakes.length >= MAX_MISTAKES) break
      const read = this.#try(() => this.#case(one, shared, top['context']))
      if (read !== undefined) made.push(read)
    }
    return made
  }

  entities(data: unknown): Entities | undefined {
    return this.#try(() => this.#build(this.#entities(data ?? {}, [])))
  }

  request(written: WrittenRequest): Request | undefined {
    return this.#try(() => this.#request({ ...written }, [], undefined))
  }

  #cases(data: unknown): readonly WrittenCase[] {
    const list = data === undefined ? [] : (this.#try(() => listAt(data, ['cases'])) ?? [])
    return list.flatMap((item, at) => {
      const path = ['cases', at]
      const one = this.#try(() => mapAt(item, path, CASE_KEYS))
      return one === undefined ? [] : [{ path, data: one }]
    })
  }

  #tables(data: unknown): readonly WrittenCase[] {
    const list = data === undefined ? [] : (this.#try(() => listAt(data, ['tables'])) ?? [])
    return list.flatMap((item, at) => this.#try(() => rowsOf(item, ['tables', at])) ?? [])
  }

  #case({ path, data }: WrittenCase, shared: WrittenEntities, context: unknown): PolicyCase {
    const own =
      data['entities'] === undefined ? undefined : this.#entities(data['entities'], [...path, 'entities'])
    const request = this.#request(data, path, context)
    const expect = data['expect']
    if (expect !== 'allow' && expect !== 'deny') refuse([...path, 'expect'], 'expected `allow` or `deny`')
    const name = data['name'] === undefined ? undefined : textAt(data['name'], [...path, 'name'])
    const at = this.#options.placeOf?.(path)
    return {
      name: name ?? `${request.principal.toString()} ${request.action.id} ${request.resource.toString()}`,
      request,
      entities: this.#build(own === undefined ? shared : merge(shared, own)),
      expect,
      ...(data['reasons'] !== undefined && { reasons: textsAt(data['reasons'], [...path, 'reasons']) }),
      ...(at !== undefined && { at }),
    }
  }

  #request(data: Plain, path: DataPath, shared: unknown): Request {
    const { schema } = this.#options
    const action = this.#action(textAt(data['action'], [...path, 'action']))
    const declared = schema?.actions.get(action.key)
    const principal = uidAt(data['principal'], [...path, 'principal'], declared?.principals)
    const resource = uidAt(data['resource'], [...path, 'resource'], declared?.resources)
    const facts = { ...(shared === undefined ? {} : mapAt(shared, ['context'])), ...contextOf(data, path) }
    const context = this.#record(facts, [...path, 'context'], declared?.context)
    const request: Request = { principal, action, resource, context }
    const [misfit] = schema === undefined ? [] : validateRequest(request, schema)
    return misfit === undefined ? request : refuse(path, misfit)
  }

  /** `order:read` is the action of that id, in whatever namespace, if there is one. */
  #action(text: string): EntityUid {
    if (text.includes('::')) {
      const uid = readUid(text)
      if (typeof uid !== 'string') return uid
    }
    const found = [...(this.#options.schema?.actions.values() ?? [])].filter(({ uid }) => uid.id === text)
    return found.length === 1 && found[0] !== undefined ? found[0].uid : new EntityUid('Action', text)
  }

  #entities(data: unknown, path: DataPath): WrittenEntities {
    const entities = new Map<string, { uid: EntityUid; data: Plain; path: DataPath }>()
    if (data === undefined) return entities
    for (const [name, raw] of Object.entries(mapAt(data, path))) {
      const at = [...path, name]
      const uid = uidAt(name, at)
      entities.set(uid.key, { uid, data: mapAt(raw ?? {}, at, ENTITY_KEYS), path: at })
    }
    return entities
  }

  #build(written: WrittenEntities): Entities {
    const { schema } = this.#options
    const drafts: EntityDraft[] = [...(schema?.actions.values() ?? [])]
    for (const { uid, data, path } of written.values()) {
      const type = schema?.entities.get(uid.type)
      const above = data['in'] === undefined ? [] : [data['in']].flat()
      drafts.push({
        uid,
        parents: above.map((one) => uidAt(one, [...path, 'in'])),
        attributes: this.#record(data['attributes'] ?? {}, [...path, 'attributes'], type?.attributes),
        tags: readTags(data['tags'], [...path, 'tags'], (value, at) =>
          valueFrom(jsonOf(value, type?.tags), at, type?.tags),
        ),
      })
    }
    const entities = Entities.of(drafts)
    if (typeof entities === 'string') refuse(['entities'], entities)
    for (const { uid, path } of written.values()) {
      const entity = entities.get(uid)
      const [misfit] = schema === undefined || entity === undefined ? [] : validateEntity(entity, schema)
      if (misfit !== undefined) refuse(path, misfit)
    }
    return entities
  }

  #record(data: unknown, path: DataPath, type: RecordType | undefined): CedarRecord {
    return readable(path, () => recordFrom(jsonOf(mapAt(data, path), type), '', type))
  }

  #try<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (thrown) {
      if (!(thrown instanceof Mistaken)) throw thrown
      this.#note(thrown.path, thrown.message)
      return undefined
    }
  }

  /** The same mistake of shared entities would be told once for each case. */
  #note(path: DataPath, message: string): void {
    const text = path.join('.')
    const isKnown = this.mistakes.some((one) => one.path === text && one.message === message)
    if (isKnown || this.mistakes.length >= MAX_MISTAKES) return
    const at = this.#options.placeOf?.(path)
    this.mistakes.push({ path: text, message, ...(at !== undefined && { at }) })
  }
}

function contextOf(data: Plain, path: DataPath): Plain {
  return data['context'] === undefined ? {} : mapAt(data['context'], [...path, 'context'])
}

function textsAt(data: unknown, path: DataPath): readonly string[] {
  return listAt(data, path).map((item, at) => textAt(item, [...path, at]))
}

/** The entity at a place; its type may be left out where there is only one. */
function uidAt(data: unknown, path: DataPath, types: readonly string[] = []): EntityUid {
  const uid = readUid(textAt(data, path), types.length === 1 ? types[0] : undefined)
  return typeof uid === 'string' ? refuse(path, uid) : uid
}

/** A case's entities are those of the file with what the case says otherwise. */
function merge(shared: WrittenEntities, own: WrittenEntities): WrittenEntities {
  const merged = new Map(shared)
  for (const [key, { uid, data, path }] of own) {
    const before = shared.get(key)?.data
    const attributes = {
      ...(before?.['attributes'] as Plain | undefined),
      ...(data['attributes'] as Plain | undefined),
    }
    const tags = { ...(before?.['tags'] as Plain | undefined), ...(data['tags'] as Plain | undefined) }
    merged.set(key, { uid, path, data: { ...before, ...data, attributes, tags } })
  }
  return merged
}

function readTags(
  data: unknown,
  path: DataPath,
  read: (value: unknown, at: string) => ReturnType<typeof valueFrom>,
): CedarRecord {
  const tags = Object.entries(data === undefined ? {} : mapAt(data, path))
  return readable(
    path,
    () => new CedarRecord(new Map(tags.map(([name, value]) => [name, read(value, name)]))),
  )
}

/** What Cedar's own readers find wrong, at the place of the whole. */
function readable<T>(path: DataPath, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (thrown instanceof Unreadable) refuse(path, thrown.message)
    throw thrown
  }
}
