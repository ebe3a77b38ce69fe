import { CedarRecord, EMPTY_RECORD, type EntityUid, Fault } from './value.ts'

/** One entity as the evaluator sees it. */
export interface Entity {
  readonly uid: EntityUid
  readonly attributes: CedarRecord
  readonly tags: CedarRecord
  /** The keys of everything above it: its parents, theirs, and so on. */
  readonly ancestors: ReadonlySet<string>
  /** Whether `ancestors` has the target's key, where that can be told with less work. */
  isBelow?(target: EntityUid): boolean
  /** Where it is not known all that is above it: the fault for a type of which that is so. */
  readonly above?: (type: string) => Fault | undefined
}

/** What a question gives that cannot be answered here; a partial decision leaves it open. */
export const UNKNOWN = new Fault('unknown', 'this is not known here')

/** A record of which no field is known. */
export function unknownRecord(): CedarRecord {
  return new CedarRecord(undefined, {}, { read: () => UNKNOWN, names: () => [] })
}

/** An entity that exists, and of which nothing but its name is known. */
export function unknownEntity(uid: EntityUid): Entity {
  return {
    uid,
    attributes: unknownRecord(),
    tags: unknownRecord(),
    ancestors: new Set(),
    above: () => UNKNOWN,
  }
}

/** Where the evaluator finds entities. It may make them when asked; it must give the same one within a decision. */
export interface EntitySource {
  get(uid: EntityUid): Entity | undefined
}

/** An entity that knows only its parents. */
export interface EntityDraft {
  readonly uid: EntityUid
  readonly attributes?: CedarRecord
  readonly tags?: CedarRecord
  readonly parents: readonly EntityUid[]
}

/** Entities held in memory, with the transitive closure of their parents. */
export class Entities implements EntitySource {
  readonly #byKey: ReadonlyMap<string, Entity>
  /** The same by type and id: the texts that requests bring are looked up without making another of them. */
  readonly #byType = new Map<string, Map<string, Entity>>()
  readonly #parents: ReadonlyMap<string, readonly EntityUid[]>

  private constructor(
    byKey: ReadonlyMap<string, Entity>,
    parents: ReadonlyMap<string, readonly EntityUid[]>,
  ) {
    this.#byKey = byKey
    for (const entity of byKey.values()) {
      const { type, id } = entity.uid
      this.#byType.getOrInsertComputed(type, () => new Map()).set(id, entity)
    }
    this.#parents = parents
  }

  /** A later draft of the same entity replaces an earlier one. Text instead of entities: the hierarchy has a circle. */
  static of(drafts: readonly EntityDraft[]): Entities | string {
    const byKey = new Map<string, Entity>()
    const parents = new Map<string, readonly EntityUid[]>()
    for (const draft of drafts) parents.set(draft.uid.key, draft.parents)
    const closures = new Map<string, ReadonlySet<string>>()
    for (const { uid, attributes = EMPTY_RECORD, tags = EMPTY_RECORD } of drafts) {
      const ancestors = closeOver(uid.key, parents, closures)
      if (ancestors === undefined) return `\`${uid.toString()}\` is above itself`
      byKey.set(uid.key, { uid, attributes, tags, ancestors })
    }
    return new Entities(byKey, parents)
  }

  get(uid: EntityUid): Entity | undefined {
    return this.#byType.get(uid.type)?.get(uid.id)
  }

  /** The parents as they were given. */
  parentsOf(uid: EntityUid): readonly EntityUid[] {
    return this.#parents.get(uid.key) ?? []
  }

  get size(): number {
    return this.#byKey.size
  }

  [Symbol.iterator](): IterableIterator<Entity> {
    return this.#byKey.values()
  }
}

const NONE: ReadonlySet<string> = new Set()

/** Everything above an entity, and on the way everything above its ancestors; undefined where there is a circle. */
function closeOver(
  key: string,
  parents: ReadonlyMap<string, readonly EntityUid[]>,
  closures: Map<string, ReadonlySet<string>>,
): ReadonlySet<string> | undefined {
  const known = closures.get(key)
  if (known !== undefined) return known
  const stack = [key]
  const open = new Set<string>()
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const above = parents.get(top) ?? []
    const missing = above.filter((parent) => !closures.has(parent.key))
    if (missing.length === 0) {
      const closure = new Set<string>()
      for (const parent of above) {
        closure.add(parent.key)
        for (const ancestor of closures.get(parent.key) ?? NONE) closure.add(ancestor)
      }
      closures.set(top, closure.size === 0 ? NONE : closure)
      open.delete(top)
      stack.pop()
    } else {
      open.add(top)
      for (const parent of missing) {
        if (open.has(parent.key)) return undefined
        stack.push(parent.key)
      }
    }
  }
  return closures.get(key)
}
