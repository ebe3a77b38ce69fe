import type { Entity, EntitySource } from './entities.ts'
import { Datetime, Duration } from './extensions/datetime.ts'
import { Decimal } from './extensions/decimal.ts'
import { FUNCTIONS } from './extensions/functions.ts'
import { IpAddress } from './extensions/ipaddr.ts'
import { longOf } from './long.ts'
import type { Schema } from './schema.ts'
import { MAX_DEPTH } from './syntax.ts'
import type { RecordType, Type } from './types.ts'
import {
  CedarRecord,
  CedarSet,
  EMPTY_RECORD,
  EntityUid,
  Fault,
  type Outcome,
  type Plain,
  type RecordReader,
  type Value,
} from './value.ts'

/** An entity as an application has it. */
export interface PlainEntity {
  readonly attributes: Plain
  readonly parents?: readonly EntityUid[]
  readonly tags?: Plain
}

/** Finds an application's object; undefined where it does not exist. */
export type FindEntity = (uid: EntityUid) => PlainEntity | undefined

/** How many entities are looked up for the ancestors of one. */
const MAX_ANCESTORS = 10_000

/**
 * Entities made of an application's own objects: an attribute is converted when a policy first asks for it, and
 * a parent is looked up when a policy first asks for ancestors. Make one for each decision, so that nothing
 * stale is seen. With a schema, the string `"alice"` is `User::"alice"` where the attribute is a `User`.
 */
export class ObjectEntities implements EntitySource {
  readonly #find: FindEntity
  readonly #schema: Schema | undefined
  readonly #known = new Map<string, Entity | undefined>()

  constructor(find: FindEntity, schema?: Schema) {
    this.#find = find
    this.#schema = schema
  }

  get(uid: EntityUid): Entity | undefined {
    if (this.#known.has(uid.key)) return this.#known.get(uid.key)
    const plain = this.#find(uid)
    const entity = plain === undefined ? this.#action(uid) : this.#entity(uid, plain)
    this.#known.set(uid.key, entity)
    return entity
  }

  /** The schema's actions need no object. */
  #action(uid: EntityUid): Entity | undefined {
    const action = this.#schema?.actions.get(uid.key)
    return action && { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors: action.ancestors }
  }

  #entity(uid: EntityUid, plain: PlainEntity): Entity {
    const type = this.#schema?.entities.get(uid.type)
    const ancestors = (): ReadonlySet<string> => this.#ancestors(plain)
    let known: ReadonlySet<string> | undefined
    return {
      uid,
      attributes: recordOf(plain.attributes, type?.attributes),
      tags:
        plain.tags === undefined
          ? EMPTY_RECORD
          : new CedarRecord(undefined, plain.tags, tagReader(type?.tags)),
      get ancestors() {
        return (known ??= ancestors())
      },
    }
  }

  #ancestors(plain: PlainEntity): ReadonlySet<string> {
    const found = new Set<string>()
    const rest = [...(plain.parents ?? [])]
    for (let uid = rest.pop(); uid !== undefined && found.size < MAX_ANCESTORS; uid = rest.pop()) {
      if (found.has(uid.key)) continue
      found.add(uid.key)
      for (const parent of this.#find(uid)?.parents ?? []) rest.push(parent)
    }
    return found
  }
}

/** A record over a plain object; its values are converted when asked for. */
export function recordOf(raw: Plain, type?: RecordType, depth = 0, isClosed = false): CedarRecord {
  return new CedarRecord(undefined, raw, new PlainReader(type, depth, isClosed))
}

/**
 * Reads plain objects; only own properties count. A closed reader sees only what the type declares, so that what
 * the validator says of a policy stays true of objects that have more.
 */
export class PlainReader implements RecordReader {
  readonly #type: RecordType | undefined
  readonly #depth: number
  readonly #isClosed: boolean

  constructor(type?: RecordType, depth = 0, isClosed = false) {
    this.#type = type
    this.#depth = depth
    this.#isClosed = isClosed && type !== undefined
  }

  read(raw: Plain, name: string): Outcome | undefined {
    if (!Object.hasOwn(raw, name)) return undefined
    const attribute = this.#type?.attributes.get(name)
    if (attribute === undefined && this.#isClosed) return undefined
    return valueOf(raw[name], attribute?.type, this.#depth + 1, this.#isClosed)
  }

  names(raw: Plain): readonly string[] {
    const names = Object.keys(raw)
    return this.#isClosed ? names.filter((name) => this.#type?.attributes.has(name)) : names
  }
}

/** Reads tags, which may have any name. */
export function tagReader(type?: Type): RecordReader {
  return {
    read: (raw, name) => (Object.hasOwn(raw, name) ? valueOf(raw[name], type, 1) : undefined),
    names: (raw) => Object.keys(raw),
  }
}

/**
 * A Cedar value of a JavaScript value. Where the type is an entity, its id or `{type, id}` will do. Null and undefined are no value, as if the attribute were absent; what
 * Cedar has no type for (fractions, functions, objects of a class) is a fault.
 */
export function valueOf(raw: unknown, type?: Type, depth = 0, isClosed = false): Outcome | undefined {
  if (raw === null) return undefined
  if (depth > MAX_DEPTH) return new Fault('data', `a value nests deeper than ${MAX_DEPTH} levels`)
  switch (typeof raw) {
    case 'boolean':
      return raw
    case 'string':
      return ofText(raw, type)
    case 'number':
      return Number.isSafeInteger(raw) ? raw + 0 : new Fault('data', `${raw} is no exact whole number`)
    case 'bigint':
      return longOf(raw) ?? new Fault('data', `${raw} does not fit into 64 bits`)
    case 'object':
      return ofObject(raw, type, depth, isClosed)
    case 'undefined':
      return undefined
    case 'function':
    case 'symbol':
      return new Fault('data', `a ${typeof raw} is no Cedar value`)
    default:
      return undefined
  }
}

function ofText(text: string, type: Type | undefined): Outcome {
  if (type?.kind === 'entity') return new EntityUid(type.names[0] as string, text)
  if (type?.kind !== 'extension') return text
  const read = FUNCTIONS.get(type.name === 'ipaddr' ? 'ip' : type.name)
  return read?.run(text as never, undefined as never) ?? new Fault('data', `a text is no ${type.name}`)
}

const CLASSES = [EntityUid, CedarSet, CedarRecord, Decimal, IpAddress, Datetime, Duration]

function ofObject(raw: object, type: Type | undefined, depth: number, isClosed: boolean): Outcome {
  if (Array.isArray(raw) || raw instanceof Set) {
    const elements: Value[] = []
    const of = type?.kind === 'set' ? type.element : undefined
    for (const item of raw as Iterable<unknown>) {
      const element = valueOf(item, of, depth + 1, isClosed)
      if (element === undefined) return new Fault('data', 'null cannot be in a Set')
      if (element instanceof Fault) return element
      elements.push(element)
    }
    return new CedarSet(elements)
  }
  if (CLASSES.some((known) => raw instanceof known)) return raw as Value
  if (raw instanceof Date) {
    const ms = raw.getTime()
    return Number.isSafeInteger(ms) ? new Datetime(ms) : new Fault('data', 'this Date is invalid')
  }
  const prototype: unknown = Object.getPrototypeOf(raw)
  if (prototype !== null && prototype !== Object.prototype)
    return new Fault('data', 'an object of a class is no Cedar value')
  if (type?.kind === 'entity') return ofReference(raw as Plain)
  return recordOf(raw as Plain, type?.kind === 'record' ? type : undefined, depth, isClosed)
}

function ofReference({ type, id }: Plain): Outcome {
  return typeof type === 'string' && typeof id === 'string'
    ? new EntityUid(type, id)
    : new Fault('data', 'an entity is named by its id or by {type, id}')
}
