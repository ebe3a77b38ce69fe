import type { Entities, Entity, EntitySource } from '../cedar/entities.ts'
import type { EntityUid } from '../cedar/value.ts'
import type { SearchQuestion } from './question.ts'

/** Which entities a search wants to look at. */
export interface Candidates {
  /** The Cedar entity type. */
  readonly type: string
  /** Begins after the entity of this id, in the store's own order of ids; undefined for the beginning. */
  readonly afterId: string | undefined
  readonly limit: number
  /** What is asked of them, for a store that can tell beforehand who will not do. */
  readonly question: SearchQuestion
}

/** What is known of entities: memory, or tables behind the same two questions. */
export interface EntityStore {
  /** A source that knows these entities and everything that policies reach from them. */
  open(uids: readonly EntityUid[]): EntitySource | Promise<EntitySource>
  /**
   * Entities of a type in an order of ids that stays the same. A store may leave out those that it knows to be denied (a
   * condition in SQL); each that it gives is asked about again, so that it cannot let anything through.
   */
  candidates(wanted: Candidates): AsyncIterable<Entity> | Iterable<Entity>
}

/** Entities in memory, sorted by id once for each type. */
export class MemoryEntities implements EntityStore {
  readonly #entities: Entities
  #byType: ReadonlyMap<string, readonly Entity[]> | undefined

  constructor(entities: Entities) {
    this.#entities = entities
  }

  open(): EntitySource {
    return this.#entities
  }

  *candidates({ type, afterId, limit }: Candidates): Generator<Entity> {
    const sorted = this.#sorted().get(type) ?? []
    const start = afterId === undefined ? 0 : firstAfter(sorted, afterId)
    yield* sorted.slice(start, start + limit)
  }

  #sorted(): ReadonlyMap<string, readonly Entity[]> {
    if (this.#byType === undefined) {
      const byType = Map.groupBy(this.#entities, ({ uid }) => uid.type)
      for (const entities of byType.values()) entities.sort((a, b) => (a.uid.id < b.uid.id ? -1 : 1))
      this.#byType = byType
    }
    return this.#byType
  }
}

function firstAfter(sorted: readonly Entity[], id: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as Entity).uid.id <= id) low = middle + 1
    else high = middle
  }
  return low
}
