import type { Entity, EntitySource } from './entities.ts'
import { Datetime, Duration } from './extensions/datetime.ts'
import { Decimal } from './extensions/decimal.ts'
import { FUNCTIONS } from './extensions/functions.ts'
import { IpAddress } from './extensions/ipaddr.ts'
import { longOf } from './long.ts'
import type { Schema } from './schema.ts'
import { MAX_DEPTH } from './syntax.ts'
import type { RecordType, Type } from './types.ts'
import { CedarRecord, CedarSet, EMPTY_RECORD, EntityUid, Fault, type Outcome, type Value } from './value.ts'

type Plain = Readonly<Record<string, unknown>>

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
          : new CedarRecord(new Map(), plain.tags, (raw) => valueOf(raw, type?.tags)),
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

/** A record over a plain object; its values are converted when first asked for. */
export function recordOf(raw: Plain, type?: RecordType, depth = 0): CedarRecord {
  return new CedarRecord(new Map(), raw, (value, name) =>
    valueOf(value, type?.attributes.get(name)?.type, depth + 1),
  )
}

/**
 * A Cedar value of a JavaScript value. Null and undefined are no value, as if the attribute were absent; what
 * Cedar has no type for (fractions, functions, objects of a class) is a fault.
 */
export function valueOf(raw: unknown, type?: Type, depth = 0): Outcome | undefined {
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
      return ofObject(raw, type, depth)
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

function ofObject(raw: object, type: Type | undefined, depth: number): Outcome {
  if (Array.isArray(raw) || raw instanceof Set) {
    const elements: Value[] = []
    for (const item of raw as Iterable<unknown>) {
      const element = valueOf(item, type?.kind === 'set' ? type.element : undefined, depth + 1)
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
  return recordOf(raw as Plain, type?.kind === 'record' ? type : undefined, depth)
}
