import { RingwallError } from '../core/errors.ts'
import type { Entity, EntitySource } from './cedar/entities.ts'
import { PlainReader, tagReader, valueOf } from './cedar/objects.ts'
import type { EntityType, Schema } from './cedar/schema.ts'
import {
  CedarRecord,
  EMPTY_RECORD,
  EntityUid,
  type Outcome,
  type Plain,
  type RecordReader,
} from './cedar/value.ts'
import type { EntityRef, UntypedEntity, UntypedReader } from './check-model.ts'

/** How many entities one may be below. */
const MAX_ANCESTORS = 100_000

const NO_ANCESTORS: ReadonlySet<string> = new Set()
const NO_PARENTS: readonly EntityRef[] = []

/** How entities of one type are read, made ready once. */
export interface EntityKind {
  readonly reader: UntypedReader | undefined
  /** Attributes as the schema names them. */
  readonly plain: RecordReader
  /** Attributes through the application's accessors. */
  readonly ofObject: RecordReader
  readonly tags: RecordReader
}

/** The kinds of a schema. */
export function kindsOf(
  schema: Schema,
  readers: Readonly<Record<string, UntypedReader>>,
): ReadonlyMap<string, EntityKind> {
  for (const name of Object.keys(readers))
    if (!schema.entities.has(name))
      throw new RingwallError('access.type-unknown', `objects: the schema has no entity type \`${name}\``)
  return new Map(
    [...schema.entities].map(([name, type]) => {
      const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
      const plain = new PlainReader(type.attributes, 0, true)
      return [
        name,
        { reader, plain, ofObject: objectReader(type, reader, plain), tags: tagReader(type.tags) },
      ]
    }),
  )
}

/** Reads attributes by accessors, and as own properties where there is no accessor. */
function objectReader(
  { name: typeName, attributes: { attributes } }: EntityType,
  reader: UntypedReader | undefined,
  plain: RecordReader,
): RecordReader {
  const accessors = new Map<string, (object: Plain) => unknown>()
  for (const [name, accessor] of Object.entries(reader?.attributes ?? {})) {
    if (!attributes.has(name))
      throw new RingwallError(
        'access.attribute-unknown',
        `objects.${typeName}: the schema has no attribute \`${name}\` there`,
      )
    accessors.set(name, accessor as (object: Plain) => unknown)
  }
  if (accessors.size === 0) return plain
  return {
    read(raw, name): Outcome | undefined {
      const accessor = accessors.get(name)
      return accessor === undefined
        ? plain.read(raw, name)
        : valueOf(accessor(raw), attributes.get(name)?.type, 1, true)
    },
    names: () => [...attributes.keys()],
  }
}

/** One entity of the application, its parts made when they are first asked for. */
export class ObjectEntity implements Entity {
  readonly uid: EntityUid
  readonly attributes: CedarRecord
  readonly #kind: EntityKind
  readonly #given: UntypedEntity
  readonly #source: RequestEntities
  #parents: readonly EntityRef[] | undefined
  #isFlat: boolean | undefined
  #ancestors: ReadonlySet<string> | undefined
  #tags: CedarRecord | undefined

  constructor(uid: EntityUid, kind: EntityKind, given: UntypedEntity, source: RequestEntities) {
    this.uid = uid
    this.#kind = kind
    this.#given = given
    this.#source = source
    this.attributes =
      given.object === undefined
        ? new CedarRecord(undefined, given.attributes as Plain | undefined, kind.plain)
        : new CedarRecord(undefined, given.object as Plain, kind.ofObject)
  }

  get tags(): CedarRecord {
    return (this.#tags ??= this.#makeTags())
  }

  get ancestors(): ReadonlySet<string> {
    return (this.#ancestors ??= this.#source.ancestorsOf(this.parents))
  }

  /** Where nothing is known of the parents, they are all there is above, and no table is needed. */
  isBelow(target: EntityUid): boolean {
    if (this.#ancestors !== undefined) return this.#ancestors.has(target.key)
    for (const { type, id } of this.parents) if (id === target.id && type === target.type) return true
    this.#isFlat ??= !this.parents.some((parent) => this.#source.mayKnow(parent.type))
    return this.#isFlat ? false : this.ancestors.has(target.key)
  }

  /** As the application gives them. */
  get parents(): readonly EntityRef[] {
    return (this.#parents ??= this.#readParents())
  }

  #readParents(): readonly EntityRef[] {
    const { object, parents = NO_PARENTS } = this.#given
    return object === undefined ? parents : (this.#kind.reader?.parents?.(object) ?? NO_PARENTS)
  }

  #makeTags(): CedarRecord {
    const { object } = this.#given
    const tags = object === undefined ? this.#given.tags : this.#kind.reader?.tags?.(object)
    return tags === undefined ? EMPTY_RECORD : new CedarRecord(undefined, tags as Plain, this.#kind.tags)
  }
}

/** What was loaded before a decision, by key; undefined: it does not exist. */
export type LoadedEntities = ReadonlyMap<string, UntypedEntity | undefined>

/** Where entities come from that a request does not bring. */
export interface EntityPlaces {
  readonly kinds: ReadonlyMap<string, EntityKind>
  readonly actions: ReadonlyMap<string, Entity>
  /** What the application keeps in memory, with its hierarchy closed. */
  readonly kept: EntitySource | undefined
}

/** What a decision can look at: the request's own entities, what was loaded, and what readers find in memory. */
export class RequestEntities implements EntitySource {
  readonly #kinds: ReadonlyMap<string, EntityKind>
  readonly #actions: ReadonlyMap<string, Entity>
  readonly #loaded: LoadedEntities | undefined
  readonly #kept: EntitySource | undefined
  #action: Entity | undefined
  #known: Map<string, ObjectEntity | undefined> | undefined
  #principal: ObjectEntity | undefined
  #resource: ObjectEntity | undefined

  constructor({ kinds, actions, kept }: EntityPlaces, loaded?: LoadedEntities) {
    this.#kinds = kinds
    this.#actions = actions
    this.#kept = kept
    this.#loaded = loaded
  }

  /** Takes a request's own entities; gives their names. */
  take(principal: UntypedEntity, resource: UntypedEntity, action?: Entity): readonly [EntityUid, EntityUid] {
    this.#action = action
    this.#principal = undefined
    this.#resource = undefined
    const one = this.#kinds.get(principal.type)
    const other = this.#kinds.get(resource.type)
    const uid = uidOf(principal, one?.reader)
    const otherUid = uidOf(resource, other?.reader)
    if (one !== undefined && !isName(principal)) this.#principal = new ObjectEntity(uid, one, principal, this)
    if (other !== undefined && !isName(resource))
      this.#resource = new ObjectEntity(otherUid, other, resource, this)
    return [uid, otherUid]
  }

  /** Whether the request itself brings this entity, and not its name alone. */
  isGiven(uid: EntityUid): boolean {
    return this.#principal?.uid.equals(uid) === true || this.#resource?.uid.equals(uid) === true
  }

  get(uid: EntityUid): Entity | undefined {
    if (uid === this.#resource?.uid) return this.#resource
    if (uid === this.#principal?.uid) return this.#principal
    if (uid === this.#action?.uid) return this.#action
    return this.#object(uid) ?? this.#kept?.get(uid) ?? this.#actions.get(uid.key)
  }

  /** Whether there may be an entity of this type. */
  mayKnow(type: string): boolean {
    if (this.#loaded !== undefined || this.#kept !== undefined) return true
    if (this.#kinds.get(type)?.reader?.find !== undefined) return true
    return this.#principal?.uid.type === type || this.#resource?.uid.type === type
  }

  ancestorsOf(parents: readonly EntityRef[]): ReadonlySet<string> {
    if (parents.length === 0) return NO_ANCESTORS
    const found = new Set<string>()
    const rest = [...parents]
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const uid = new EntityUid(next.type, next.id)
      if (found.has(uid.key)) continue
      found.add(uid.key)
      if (found.size > MAX_ANCESTORS)
        throw new RingwallError('access.hierarchy-too-large', `an entity is below more than ${MAX_ANCESTORS}`)
      const parent = this.#object(uid)
      if (parent !== undefined) rest.push(...parent.parents)
      else for (const key of this.#kept?.get(uid)?.ancestors ?? NO_ANCESTORS) found.add(key)
    }
    return found
  }

  #object(uid: EntityUid): ObjectEntity | undefined {
    if (this.#resource?.uid.equals(uid) === true) return this.#resource
    if (this.#principal?.uid.equals(uid) === true) return this.#principal
    const kind = this.#kinds.get(uid.type)
    if (kind === undefined || (kind.reader?.find === undefined && this.#loaded === undefined))
      return undefined
    const { key } = uid
    const known = this.#known?.get(key)
    if (known !== undefined || this.#known?.has(key) === true) return known
    const given = this.#loaded?.get(key) ?? this.#find(uid, kind)
    const entity = given === undefined ? undefined : new ObjectEntity(uid, kind, given, this)
    ;(this.#known ??= new Map()).set(key, entity)
    return entity
  }

  #find({ type, id }: EntityUid, { reader }: EntityKind): UntypedEntity | undefined {
    const object = reader?.find?.(id)
    return object === undefined ? undefined : { type, object }
  }
}

function uidOf({ type, id, object }: UntypedEntity, reader: UntypedReader | undefined): EntityUid {
  if (object === undefined) return new EntityUid(type, `${id}`)
  if (reader === undefined)
    throw new RingwallError('access.reader-missing', `\`objects\` has no reader for \`${type}\``)
  return new EntityUid(type, reader.id(object))
}

/** Only the name of an entity, which must come from elsewhere. */
export function isName({ object, attributes, parents, tags }: UntypedEntity): boolean {
  return object === undefined && attributes === undefined && parents === undefined && tags === undefined
}
