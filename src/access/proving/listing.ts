import type { Authorizer } from '../cedar/authorizer.ts'
import type { Entities } from '../cedar/entities.ts'
import type { Schema } from '../cedar/schema.ts'
import type { CedarRecord, EntityUid } from '../cedar/value.ts'
import { isActionType } from '../cedar/value-json.ts'

/** What stays the same in a listing. */
export interface ListingBase {
  readonly authorizer: Authorizer
  readonly entities: Entities
  readonly schema?: Schema
  readonly context: CedarRecord
}

/** Everybody among the entities who may do this, by asking for each. */
export function whoMay(
  { authorizer, entities, schema, context }: ListingBase,
  action: EntityUid,
  resource: EntityUid,
): readonly EntityUid[] {
  const types = schema?.actions.get(action.key)?.principals
  return uidsOf(entities, types).filter((principal) =>
    authorizer.isAllowed({ principal, action, resource, context }, entities),
  )
}

/** Something that a principal may do. */
export interface Ability {
  readonly action: EntityUid
  readonly resource: EntityUid
}

/** Everything among the entities that a principal may do with these actions, by asking for each. */
export function whatMay(
  { authorizer, entities, schema, context }: ListingBase,
  principal: EntityUid,
  actions: readonly EntityUid[],
): readonly Ability[] {
  return actions.flatMap((action) => {
    const declared = schema?.actions.get(action.key)
    if (declared !== undefined && !declared.principals.includes(principal.type)) return []
    return uidsOf(entities, declared?.resources)
      .filter((resource) => authorizer.isAllowed({ principal, action, resource, context }, entities))
      .map((resource) => ({ action, resource }))
  })
}

/** Without types, everything but actions. */
function uidsOf(entities: Entities, types: readonly string[] | undefined): readonly EntityUid[] {
  const uids = [...entities].map(({ uid }) => uid)
  return uids.filter(({ type }) => (types === undefined ? !isActionType(type) : types.includes(type)))
}
