import type { Place as TextPlace } from '../../core/errors.ts'
import type { Request } from '../cedar/authorizer.ts'
import { Entities, type EntityDraft } from '../cedar/entities.ts'
import { CedarRecord, CedarSet, EntityUid, type Outcome, type Value } from '../cedar/value.ts'
import type { Explorer, Witness } from './exploration.ts'
import { type SearchedPolicies, satisfies } from './searched-policies.ts'
import { type Situation, uidOfKey } from './situation.ts'

/** One request with everything that the policies may look at, and the decision that is expected. */
export interface PolicyCase {
  readonly name: string
  readonly request: Request
  readonly entities: Entities
  readonly expect: 'allow' | 'deny'
  /** The policies that must have made the decision, in any order. */
  readonly reasons?: readonly string[]
  /** Where the case was written. */
  readonly at?: TextPlace
}

/** A request with its entities. */
export interface Asked {
  readonly request: Request
  readonly entities: Entities
}

/**
 * Makes a whole request of a witness: what is still open is chosen, required attributes are added, and the groups
 * are closed. Undefined where the groups that were chosen make a circle.
 */
export function realize(
  explorer: Explorer,
  set: SearchedPolicies,
  { cast, choices }: Witness,
): Asked | undefined {
  const look = (situation: Situation): Map<string, EntityDraft> => {
    for (const compiled of set.near(cast.type)) satisfies(compiled, situation.env)
    return lookAtAll(situation)
  }
  const all = explorer.complete(cast, choices, look)
  const situation = explorer.situation(cast, all)
  const drafts = look(situation)
  const parents = new Map<string, EntityUid[]>()
  for (const [key, choice] of all) {
    const place = explorer.placeOf(key)
    if (place?.kind === 'membership' && choice === true)
      parents.getOrInsertComputed(place.of.key, () => []).push(uidOfKey(place.group))
  }
  for (const key of parents.keys()) if (!drafts.has(key)) drafts.set(key, { uid: uidOfKey(key), parents: [] })
  const actions = [...explorer.schema.actions.values()].map(({ uid, parents: above }) => ({
    uid,
    parents: above,
  }))
  const entities = Entities.of([
    ...actions,
    ...[...drafts.values()].map((draft) => ({ ...draft, parents: parents.get(draft.uid.key) ?? [] })),
  ])
  if (!(entities instanceof Entities)) return undefined
  const { principal, action, resource } = situation.env
  return { request: { principal, action, resource, context: solid(situation.env.context) }, entities }
}

/** Everything that principal, resource and context hold, and the entities that they name. */
function lookAtAll({ env }: Situation): Map<string, EntityDraft> {
  const drafts = new Map<string, EntityDraft>()
  const rest = [env.principal, env.resource, ...uidsIn(solid(env.context))]
  for (let uid = rest.pop(); uid !== undefined; uid = rest.pop()) {
    const entity = drafts.has(uid.key) || uid.equals(env.action) ? undefined : env.entities.get(uid)
    if (entity === undefined) continue
    const attributes = solid(entity.attributes)
    drafts.set(uid.key, { uid, attributes, tags: solid(entity.tags), parents: [] })
    rest.push(...uidsIn(attributes))
  }
  return drafts
}

/** A record whose values are all there. */
function solid(record: CedarRecord): CedarRecord {
  const fields = record.names.map((name): [string, Outcome] => {
    const value = record.get(name) as Outcome
    return [name, value instanceof CedarRecord ? solid(value) : value]
  })
  return new CedarRecord(new Map(fields))
}

function uidsIn(value: Value): readonly EntityUid[] {
  if (value instanceof EntityUid) return [value]
  if (value instanceof CedarSet) return value.elements.flatMap(uidsIn)
  if (!(value instanceof CedarRecord)) return []
  return value.names.flatMap((name) => uidsIn(value.get(name) as Value))
}
