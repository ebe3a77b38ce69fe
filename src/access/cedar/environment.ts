import type { Request } from './authorizer.ts'
import type { Entity, EntitySource } from './entities.ts'
import { type CedarRecord, EMPTY_RECORD, type EntityUid, type Fault, type Outcome } from './value.ts'

/** Everything that a decision may look at. */
export interface Env {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: CedarRecord
  readonly entities: EntitySource
  /** The entities of the principal and the resource, looked up once. */
  readonly principalEntity: Entity | undefined
  readonly resourceEntity: Entity | undefined
}

/** Everything that a request's policies may look at. */
export function envOf(request: Request, entities: EntitySource): Env {
  const { principal, action, resource, context = EMPTY_RECORD } = request
  return {
    principal,
    action,
    resource,
    context,
    entities,
    principalEntity: entities.get(principal),
    resourceEntity: entities.get(resource),
  }
}

/** An expression as a function. It never throws; what has no value gives a fault that was made beforehand. */
export type Run = (env: Env) => Outcome

/** The entity of a uid; the principal's and the resource's cost no look-up. */
export function entityOf(env: Env, uid: EntityUid): Entity | undefined {
  if (uid === env.resource) return env.resourceEntity
  if (uid === env.principal) return env.principalEntity
  return env.entities.get(uid)
}

/** Whether `uid` is `target` or below it; a fault where nobody knows what it is below. */
export function isIn(env: Env, uid: EntityUid, target: EntityUid): boolean | Fault {
  if (uid.equals(target)) return true
  const entity = entityOf(env, uid)
  if (entity === undefined) return false
  const isBelow = entity.isBelow === undefined ? entity.ancestors.has(target.key) : entity.isBelow(target)
  return isBelow || (entity.above?.(target.type) ?? false)
}

/** A compiled expression; `constant` is its outcome when it does not depend on the request. */
export interface Compiled {
  readonly run: Run
  readonly constant: Outcome | undefined
}
