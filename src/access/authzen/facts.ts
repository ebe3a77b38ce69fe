import type { Entity, EntitySource } from '../cedar/entities.ts'
import { valueOf } from '../cedar/objects.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RecordType } from '../cedar/types.ts'
import { CedarRecord, EMPTY_RECORD, type EntityUid, type Outcome } from '../cedar/value.ts'
import type { JsonObject } from './question.ts'
import type { PropertyRule } from './vocabulary.ts'

const NO_ANCESTORS: ReadonlySet<string> = new Set()

/**
 * What one decision may look at: the store, with the properties of the question laid over the entities that it names.
 * Groups and tags come from the store alone: no property can put anybody into a group.
 */
export class Facts implements EntitySource {
  readonly #stored: EntitySource
  readonly #schema: Schema | undefined
  readonly #own = new Map<string, Entity>()

  constructor(stored: EntitySource, schema: Schema | undefined) {
    this.#stored = stored
    this.#schema = schema
  }

  get(uid: EntityUid): Entity | undefined {
    return this.#own.get(uid.key) ?? this.#storedOf(uid)
  }

  /** Whether the store itself knows an entity. */
  isStored(uid: EntityUid): boolean {
    return this.#storedOf(uid) !== undefined
  }

  /** Lays properties over an entity. Where one is both subject and resource, what was laid first counts as stored. */
  lay(uid: EntityUid, properties: JsonObject, rule: PropertyRule): void {
    const known = this.get(uid)
    const attributes = known?.attributes ?? EMPTY_RECORD
    const type = this.#schema?.entities.get(uid.type)?.attributes
    this.#own.set(uid.key, {
      uid,
      attributes: rule === 'ignore' ? attributes : join(attributes, recordFrom(properties, type), rule),
      tags: known?.tags ?? EMPTY_RECORD,
      ancestors: known?.ancestors ?? NO_ANCESTORS,
    })
  }

  /** An entity that a search looks at, as the store gave it; what was laid over it already stays. */
  show(entity: Entity): void {
    if (!this.#own.has(entity.uid.key)) this.#own.set(entity.uid.key, entity)
  }

  #storedOf(uid: EntityUid): Entity | undefined {
    const stored = this.#stored.get(uid)
    if (stored !== undefined) return stored
    const action = this.#schema?.actions.get(uid.key)
    return action && { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors: action.ancestors }
  }
}

/**
 * A JSON object as a Cedar record. A null is an absent attribute; what Cedar has no type for, such as a fraction, has no
 * value: a condition that reads it fails, and others do not mind.
 */
export function recordFrom(object: JsonObject, type?: RecordType): CedarRecord {
  const fields = new Map<string, Outcome>()
  for (const [name, raw] of Object.entries(object)) {
    const value = valueOf(raw, type?.attributes.get(name)?.type, 1)
    if (value !== undefined) fields.set(name, value)
  }
  return new CedarRecord(fields)
}

function join(stored: CedarRecord, said: CedarRecord, rule: 'fill' | 'override'): CedarRecord {
  const [weak, strong] = rule === 'fill' ? [said, stored] : [stored, said]
  const fields = new Map<string, Outcome>()
  for (const record of [weak, strong])
    for (const name of record.names) fields.set(name, record.get(name) as Outcome)
  return new CedarRecord(fields)
}
