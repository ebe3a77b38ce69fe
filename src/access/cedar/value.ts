import type { Datetime, Duration } from './extensions/datetime.ts'
import type { Decimal } from './extensions/decimal.ts'
import type { IpAddress } from './extensions/ipaddr.ts'
import { quote } from './escape.ts'

/** A 64-bit integer in its one form: a number when it is a safe integer, else a bigint (see `longOf`). */
export type Long = number | bigint

/** The values of Cedar's extension types. */
export type Extension = Decimal | IpAddress | Datetime | Duration

/** What a Cedar expression evaluates to. */
export type Value = boolean | Long | string | EntityUid | CedarSet | CedarRecord | Extension

/** A value, or why there is none. Faults are returned, never thrown. */
export type Outcome = Value | Fault

/** What kind of thing went wrong; stable, unlike the message. */
export type FaultKind =
  | 'type'
  | 'attribute'
  | 'tag'
  | 'entity'
  | 'overflow'
  | 'arity'
  | 'extension'
  | 'slot'
  | 'data'
  | 'unknown'

/** Why an expression has no value. Made once when a policy is compiled, so that it costs nothing to return. */
export class Fault {
  readonly kind: FaultKind
  readonly message: string
  /** Offset in the policy's text, or -1. */
  readonly at: number

  constructor(kind: FaultKind, message: string, at = -1) {
    this.kind = kind
    this.message = message
    this.at = at
  }
}

/** The name of one entity. `key` is unique over all types and ids; it is made when a table is to be searched. */
export class EntityUid {
  readonly type: string
  readonly id: string
  #key: string | undefined

  constructor(type: string, id: string) {
    this.type = type
    this.id = id
  }

  get key(): string {
    return (this.#key ??= `${this.type}::"${this.id}`)
  }

  equals(other: Value): boolean {
    return other instanceof EntityUid && other.id === this.id && other.type === this.type
  }

  toString(): string {
    return `${this.type}::${quote(this.id)}`
  }
}

/** Up to this many elements a set is searched one by one, without an index. */
const SMALL = 8

/** A set without duplicates. They are looked for when something depends on it: to search the set does not. */
export class CedarSet {
  #elements: readonly Value[]
  #isDistinct = false
  #index: ReadonlySet<string> | undefined
  #key: string | undefined
  #isKnown = false

  constructor(elements: readonly Value[]) {
    this.#elements = elements
  }

  get elements(): readonly Value[] {
    if (!this.#isDistinct) this.#elements = distinct(this.#elements)
    this.#isDistinct = true
    return this.#elements
  }

  get size(): number {
    return this.elements.length
  }

  get isEmpty(): boolean {
    return this.#elements.length === 0
  }

  /**
   * What is plain is looked for one by one in a set that is small or searched for the first time; then by an index.
   * Sets and records are compared by their keys, so that the work grows with their size and no faster.
   */
  has(value: Value): boolean {
    const isScanned = isPlain(value) && (!this.#isKnown || this.#elements.length <= SMALL)
    this.#isKnown = true
    if (!isScanned) {
      this.#index ??= new Set(byKey(this.#elements).keys())
      return this.#index.has(keyOf(value))
    }
    for (const element of this.#elements) if (equal(element, value)) return true
    return false
  }

  get key(): string {
    return (this.#key ??= `[${this.elements.map(keyOf).sort().join(',')}]`)
  }

  equals(other: Value): boolean {
    return other instanceof CedarSet && other.size === this.size && other.key === this.key
  }
}

/** Not a set or a record: comparing it takes no time to speak of. */
function isPlain(value: Value): boolean {
  return !(value instanceof CedarSet) && !(value instanceof CedarRecord)
}

function distinct(elements: readonly Value[]): readonly Value[] {
  if (elements.length > SMALL || !elements.every(isPlain)) return [...byKey(elements).values()]
  const kept: Value[] = []
  for (const element of elements) if (!kept.some((other) => equal(other, element))) kept.push(element)
  return kept
}

function byKey(elements: readonly Value[]): Map<string, Value> {
  return new Map(elements.map((element) => [keyOf(element), element]))
}

/** A plain object of an application. */
export type Plain = Readonly<Record<string, unknown>>

/** Reads the attributes of an application's objects; one serves all objects of a kind. */
export interface RecordReader {
  /** Undefined: the object has no such attribute. */
  read(raw: Plain, name: string): Outcome | undefined
  /** The attributes that the object has. */
  names(raw: Plain): readonly string[]
}

/** Attributes by name. Those of an application's object are converted when asked for. */
export class CedarRecord {
  readonly #fields: Map<string, Outcome> | undefined
  readonly #raw: Plain
  readonly #reader: RecordReader | undefined
  #made: Made | undefined
  #key: string | undefined

  constructor(fields: Map<string, Outcome> | undefined, raw: Plain = NOTHING, reader?: RecordReader) {
    this.#fields = fields
    this.#raw = raw
    this.#reader = reader
  }

  /** What is an object is made once; a scalar costs no more to convert than to keep. */
  get(name: string): Outcome | undefined {
    if (this.#reader === undefined) return this.#fields?.get(name)
    for (let made = this.#made; made !== undefined; made = made.next)
      if (made.name === name) return made.value
    const value = this.#reader.read(this.#raw, name)
    if (typeof value === 'object') this.#made = { name, value, next: this.#made }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** All names that have a value, sorted. */
  get names(): readonly string[] {
    if (this.#reader === undefined) return [...(this.#fields?.keys() ?? [])].sort()
    return this.#reader
      .names(this.#raw)
      .filter((name) => this.has(name))
      .sort()
  }

  get key(): string {
    if (this.#key === undefined) {
      const fields = this.names.map((name) => `${keyOf(name)}=${keyOfField(this.get(name) as Outcome)}`)
      this.#key = `{${fields.join(',')}}`
    }
    return this.#key
  }

  equals(other: Value): boolean {
    return other instanceof CedarRecord && other.key === this.key
  }
}

/** A short list: policies look at few attributes of one object. */
interface Made {
  readonly name: string
  readonly value: Outcome
  readonly next: Made | undefined
}

const NOTHING: Plain = Object.freeze({})

let faults = 0

/** What has no value equals nothing. */
function keyOfField(field: Outcome): string {
  return field instanceof Fault ? `!${++faults}` : keyOf(field)
}

/** The record without attributes. */
export const EMPTY_RECORD: CedarRecord = new CedarRecord(new Map())

/** Cedar's `==`: values of different types are never equal, and it never fails. */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true
  return typeof left === 'object' && typeof right === 'object' && left.equals(right)
}

/** A text that two values share only if they are equal. */
export function keyOf(value: Value): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value === 'number' || typeof value === 'bigint') return `l${value}`
  if (typeof value === 'boolean') return value ? 't' : 'f'
  return value instanceof EntityUid ? `e${value.key.length}:${value.key}` : value.key
}

/** The name of a value's type, as the validator and error messages write it. */
export function typeName(value: Value): string {
  if (typeof value === 'string') return 'String'
  if (typeof value === 'boolean') return 'Bool'
  if (typeof value !== 'object') return 'Long'
  if (value instanceof EntityUid) return `entity of type ${value.type}`
  if (value instanceof CedarSet) return 'Set'
  if (value instanceof CedarRecord) return 'Record'
  return value.type
}
