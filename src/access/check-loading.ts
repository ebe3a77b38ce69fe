import { RingwallError } from '../core/errors.ts'
import { CedarRecord, EntityUid, type Outcome } from './cedar/value.ts'
import type { EntityKind, ObjectEntity, RequestEntities } from './check-entities.ts'
import type { UntypedEntity, Wanted } from './check-model.ts'
import { ANCESTORS, isLookedInto, type Need, type Needs } from './check-needs.ts'

/** How many entities are loaded for one call, and how many times loaders are asked. */
const MAX_LOADED = 100_000
const MAX_ROUNDS = 1_000

/** One request whose entities are to be loaded. */
export interface LoadingRequest {
  readonly principal: UntypedEntity
  readonly resource: UntypedEntity
  readonly context: CedarRecord
  readonly needs: Needs
  readonly wanted: ReadonlyMap<string, Wanted>
  /** Sees what is loaded so far. */
  readonly source: RequestEntities
}

/**
 * Loads what the policies of these requests look at and the requests do not bring, in rounds: each type's loader
 * is asked once a round for all ids together. Fills `loaded`.
 */
export async function loadEntities(
  requests: readonly LoadingRequest[],
  kinds: ReadonlyMap<string, EntityKind>,
  loaded: Map<string, UntypedEntity | undefined>,
): Promise<void> {
  const wanted = unite(requests.map((request) => request.wanted))
  const walk = new Walk()
  for (const request of requests) walk.begin(request)
  for (let round = 0; ; round++) {
    const reached = walk.takeReached()
    if (reached.length === 0) return
    if (round === MAX_ROUNDS)
      throw new RingwallError('access.too-many-rounds', `entities were loaded ${MAX_ROUNDS} times in a row`)
    await loadRound(reached, kinds, wanted, loaded)
    for (const step of reached) walk.lookInto(step)
  }
}

/** An entity that policies look into. */
interface Step {
  readonly request: LoadingRequest
  readonly uid: EntityUid
  readonly need: Need
}

async function loadRound(
  reached: readonly Step[],
  kinds: ReadonlyMap<string, EntityKind>,
  wanted: ReadonlyMap<string, Wanted>,
  loaded: Map<string, UntypedEntity | undefined>,
): Promise<void> {
  const missing = new Map<string, Map<string, string>>()
  for (const { uid, request } of reached) {
    const load = kinds.get(uid.type)?.reader?.load
    if (load === undefined || loaded.has(uid.key) || request.source.isGiven(uid)) continue
    missing.getOrInsertComputed(uid.type, () => new Map()).set(uid.id, uid.key)
  }
  await Promise.all(
    [...missing].map(async ([type, keys]) => {
      const reader = kinds.get(type)?.reader
      const rows = await reader?.load?.([...keys.keys()], wanted.get(type) ?? NOTHING_WANTED)
      for (const key of keys.values()) loaded.set(key, undefined)
      for (const object of rows ?? []) {
        const key = keys.get(String(reader?.id(object)))
        if (key !== undefined) loaded.set(key, { type, object })
      }
    }),
  )
  if (loaded.size > MAX_LOADED)
    throw new RingwallError('access.too-many-entities', `more than ${MAX_LOADED} entities for one call`)
}

const NOTHING_WANTED: Wanted = { attributes: [], parents: false, tags: false }

/** Follows needs from value to value. */
class Walk {
  #reached: Step[] = []
  readonly #seen = new Map<RequestEntities, Map<Need, Set<string>>>()

  /** From the four places where a request begins. */
  begin(request: LoadingRequest): void {
    const { principal, resource, needs, context } = request
    const [one, other] = request.source.take(principal, resource)
    this.#reach({ request, uid: one, need: needs.principal })
    this.#reach({ request, uid: other, need: needs.resource })
    this.#value(request, context, needs.context)
    for (const { uid, need } of needs.named.values()) this.#reach({ request, uid, need })
  }

  takeReached(): readonly Step[] {
    const reached = this.#reached
    this.#reached = []
    return reached
  }

  lookInto({ request, uid, need }: Step): void {
    const entity = request.source.get(uid)
    if (entity === undefined) return
    for (const [name, next] of need.attributes) this.#value(request, entity.attributes.get(name), next)
    if (need.tags !== undefined)
      for (const name of entity.tags.names) this.#value(request, entity.tags.get(name), need.tags)
    if (!need.ancestors || !('parents' in entity)) return
    for (const { type, id } of (entity as ObjectEntity).parents)
      this.#reach({ request, uid: new EntityUid(type, id), need: ANCESTORS })
  }

  #value(request: LoadingRequest, value: Outcome | undefined, need: Need): void {
    if (value instanceof EntityUid) this.#reach({ request, uid: value, need })
    if (!(value instanceof CedarRecord)) return
    for (const [name, next] of need.attributes) this.#value(request, value.get(name), next)
  }

  #reach(step: Step): void {
    if (!isLookedInto(step.need)) return
    const seen = this.#seen
      .getOrInsertComputed(step.request.source, () => new Map())
      .getOrInsertComputed(step.need, () => new Set())
    if (seen.has(step.uid.key)) return
    seen.add(step.uid.key)
    this.#reached.push(step)
  }
}

/** What several requests want of each type. */
export function unite(all: readonly ReadonlyMap<string, Wanted>[]): ReadonlyMap<string, Wanted> {
  const united = new Map<string, Wanted>()
  for (const wanted of all)
    for (const [type, { attributes, parents, tags }] of wanted) {
      const known = united.get(type) ?? NOTHING_WANTED
      united.set(type, {
        attributes: [...new Set([...known.attributes, ...attributes])].sort(),
        parents: known.parents || parents,
        tags: known.tags || tags,
      })
    }
  return united
}
