import type { Request } from '../cedar/authorizer.ts'
import type { Entity } from '../cedar/entities.ts'
import type { Env } from '../cedar/environment.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RecordType, Type } from '../cedar/types.ts'
import type { RequestType } from '../cedar/validation.ts'
import { CedarRecord, EMPTY_RECORD, EntityUid, Fault, type Outcome, type Value } from '../cedar/value.ts'

/** What a choice stands for when there is nothing: an optional attribute that is absent. */
export const ABSENT = Symbol('absent')

/** What was chosen for a place: a value, nothing, or (for groups and optional records) yes or no. */
export type Choice = Value | typeof ABSENT

/** One thing about a request that is open until it is asked for. */
export type Place =
  | {
      readonly kind: 'value'
      readonly key: string
      /** The name of the attribute or tag. */
      readonly name: string
      readonly type: Type
      readonly isRequired: boolean
    }
  /** Whether an optional record is there. */
  | { readonly kind: 'presence'; readonly key: string; readonly name: string }
  /** Whether an entity is in another. */
  | { readonly kind: 'membership'; readonly key: string; readonly of: EntityUid; readonly group: string }

/** What is chosen so far, by the key of the place. */
export type Choices = ReadonlyMap<string, Choice>

/** Who asks for what: the part of a request that is never open. */
export interface Cast {
  readonly type: RequestType
  readonly principal: EntityUid
  readonly resource: EntityUid
}

const OPEN = new Fault('data', 'not chosen yet')

/**
 * A request of which only some is decided. Policies are evaluated on it as on any other; the first thing that is
 * asked for and not chosen is remembered. INVARIANT: where nothing was, the outcome is the same whatever is chosen
 * for the places that nobody asked for.
 */
export class Situation {
  readonly #schema: Schema
  readonly #cast: Cast
  readonly #choices: Choices
  readonly #tagNames: readonly string[]
  readonly #entities = new Map<string, Entity | undefined>()
  readonly #noted: Map<string, Place>
  readonly env: Env
  /** The first place that was asked for and is open. */
  open: Place | undefined

  /** Every place that is asked for is noted in `noted`. */
  constructor(
    schema: Schema,
    cast: Cast,
    choices: Choices,
    tagNames: readonly string[],
    noted: Map<string, Place>,
  ) {
    this.#schema = schema
    this.#cast = cast
    this.#choices = choices
    this.#tagNames = tagNames
    this.#noted = noted
    const { principal, resource, type } = cast
    const entities = { get: (uid: EntityUid) => this.#entity(uid) }
    this.env = {
      principal,
      action: type.action.uid,
      resource,
      context: this.#record(type.action.context, 'context'),
      entities,
      principalEntity: this.#entity(principal),
      resourceEntity: this.#entity(resource),
    }
  }

  get request(): Request {
    return this.env
  }

  #entity(uid: EntityUid): Entity | undefined {
    if (this.#entities.has(uid.key)) return this.#entities.get(uid.key)
    const entity = this.#make(uid)
    this.#entities.set(uid.key, entity)
    return entity
  }

  #make(uid: EntityUid): Entity | undefined {
    const action = this.#schema.actions.get(uid.key)
    if (action !== undefined)
      return { uid, attributes: EMPTY_RECORD, tags: EMPTY_RECORD, ancestors: action.ancestors }
    const type = this.#schema.entities.get(uid.type)
    if (type === undefined) return undefined
    return {
      uid,
      attributes: this.#record(type.attributes, uid.key),
      tags: type.tags === undefined ? EMPTY_RECORD : this.#tags(type.tags, uid.key),
      ancestors: this.#ancestors(uid, type.ancestors),
    }
  }

  #record(type: RecordType, path: string): CedarRecord {
    return new CedarRecord(
      undefined,
      {},
      {
        read: (_, name) => {
          const attribute = type.attributes.get(name)
          if (attribute === undefined) return undefined
          return this.#attribute(attribute.type, attribute.isRequired, name, `${path}|${name}`)
        },
        names: () => [...type.attributes.keys()],
      },
    )
  }

  #attribute(type: Type, isRequired: boolean, name: string, key: string): Outcome | undefined {
    if (type.kind !== 'record') return this.#value({ kind: 'value', key, name, type, isRequired })
    if (!isRequired) {
      const isThere = this.#ask({ kind: 'presence', key, name })
      if (isThere === undefined) return OPEN
      if (isThere !== true) return undefined
    }
    return this.#record(type, key)
  }

  #value(place: Place): Outcome | undefined {
    const chosen = this.#ask(place)
    if (chosen === undefined) return OPEN
    return chosen === ABSENT ? undefined : chosen
  }

  #tags(type: Type, path: string): CedarRecord {
    const known = new Set(this.#tagNames)
    return new CedarRecord(
      undefined,
      {},
      {
        read: (_, name) =>
          known.has(name)
            ? this.#value({ kind: 'value', key: `${path}#${name}`, name, type, isRequired: false })
            : undefined,
        names: () => [...known],
      },
    )
  }

  /** The evaluator asks only whether a key is in the set. */
  #ancestors(of: EntityUid, types: ReadonlySet<string>): ReadonlySet<string> {
    const has = (group: string): boolean => {
      if (!types.has(typeOfKey(group))) return false
      return this.#ask({ kind: 'membership', key: `${of.key} in ${group}`, of, group }) === true
    }
    return { has } as unknown as ReadonlySet<string>
  }

  #ask(place: Place): Choice | undefined {
    this.#noted.set(place.key, place)
    const chosen = this.#choices.get(place.key)
    if (chosen === undefined) this.open ??= place
    return chosen
  }

  get cast(): Cast {
    return this.#cast
  }
}

/** The type in a key `Type::"id`. */
export function typeOfKey(key: string): string {
  return key.slice(0, key.indexOf('::"'))
}

/** The entity of a key. */
export function uidOfKey(key: string): EntityUid {
  const type = typeOfKey(key)
  return new EntityUid(type, key.slice(type.length + 3))
}
