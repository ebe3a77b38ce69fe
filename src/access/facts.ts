import { type Entity, type EntitySource, UNKNOWN, unknownRecord } from './cedar/entities.ts'
import { valueOf } from './cedar/objects.ts'
import type { RecordType } from './cedar/types.ts'
import { CedarRecord, EMPTY_RECORD, type EntityUid, type Fault } from './cedar/value.ts'
import type { PolicySet } from './policy-set.ts'

/** What is known of one entity from outside the policy: by a session, or since an application said so. */
export interface Fact {
  readonly uid: EntityUid
  readonly attributes: Readonly<Record<string, unknown>>
  readonly parents: readonly EntityUid[]
  /** What an absent attribute is: `absent` where it may be so by the schema, or `unknown`: somebody else may have it. */
  readonly missing: 'absent' | 'unknown'
  /** The types of entities above it of which all are known. */
  readonly knownAbove: ReadonlySet<string> | 'all'
}

/**
 * Entities of one decision: the facts, then those of the policy set and its actions. Attributes are converted by the
 * schema when a policy first asks for them.
 */
export function entitiesFor(set: PolicySet, facts: readonly Fact[]): EntitySource {
  const made = new Map(facts.map((fact) => [fact.uid.key, entityOf(set, fact)]))
  return {
    get(uid) {
      const known = made.get(uid.key) ?? set.entities.get(uid)
      if (known !== undefined) return known
      const action = set.schema.actions.get(uid.key)
      return action && { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors: action.ancestors }
    },
  }
}

function entityOf(set: PolicySet, { uid, attributes, parents, missing, knownAbove }: Fact): Entity {
  const ancestors = new Set<string>()
  for (const parent of parents) {
    ancestors.add(parent.key)
    for (const above of set.entities.get(parent)?.ancestors ?? []) ancestors.add(above)
  }
  const type = set.schema.entities.get(uid.type)?.attributes
  return {
    uid,
    attributes: openRecord(attributes, type, missing),
    tags: missing === 'absent' ? EMPTY_RECORD : unknownRecord(),
    ancestors,
    above: (name) => (knownAbove === 'all' || knownAbove.has(name) ? undefined : UNKNOWN),
  }
}

/** A record over plain values, in which what is not there may be unknown. */
export function openRecord(
  raw: Readonly<Record<string, unknown>>,
  type: RecordType | undefined,
  missing: 'absent' | 'unknown',
): CedarRecord {
  const otherwise = (name: string): Fault | undefined =>
    missing === 'unknown' || type?.attributes.get(name)?.isRequired === true ? UNKNOWN : undefined
  return new CedarRecord(undefined, raw, {
    read: (from, name) =>
      (Object.hasOwn(from, name) ? valueOf(from[name], type?.attributes.get(name)?.type, 1) : undefined) ??
      otherwise(name),
    names: (from) => Object.keys(from),
  })
}

/** The fields of a JSON object that a schema names, by the names that an application has for them (`customer.email`). */
export function fieldsOf(
  fields: Readonly<Record<string, unknown>>,
  type: RecordType | undefined,
  names: ReadonlyMap<string, string> = new Map(),
): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const attribute of type?.attributes.keys() ?? []) {
    let value: unknown = fields
    for (const name of (names.get(attribute) ?? attribute).split('.')) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Readonly<Record<string, unknown>>)[name]
          : undefined
    }
    if (value !== undefined) found[attribute] = value
  }
  return found
}
