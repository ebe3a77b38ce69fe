import type { Subject } from '../core/exchange.ts'
import { accountHoldings, type Holding, isInForce, type ResourceRef } from '../core/holding.ts'
import type { Rbac } from './rbac.ts'

/** May somebody with these holdings do this, to this resource or to things in general, at this moment? */
export interface AccessQuestion {
  readonly permission: string
  readonly resource?: ResourceRef
  readonly nowMs: number
}

/** Everything that a subject holds; its bare roles where nothing more is known. */
export function holdingsOf({ holdings, roles }: Pick<Subject, 'holdings' | 'roles'>): readonly Holding[] {
  return holdings ?? accountHoldings(roles)
}

/**
 * The holdings that give a permission, each of them enough. A holding for one resource says nothing about others, nor
 * about a question that names no resource.
 */
export function giversOf(
  rbac: Rbac,
  holdings: readonly Holding[],
  { permission, resource, nowMs }: AccessQuestion,
): readonly Holding[] {
  if (!rbac.isPermission(permission)) return []
  return holdings.filter(
    (holding) => isInForce(holding, nowMs) && covers(holding, resource) && gives(rbac, holding, permission),
  )
}

/** The roles that count for a resource at a moment: those for everything, for its type, and for itself; each once. */
export function rolesOn(
  holdings: readonly Holding[],
  resource: ResourceRef,
  nowMs: number,
): readonly string[] {
  const counting = holdings.filter(
    (holding) => holding.kind === 'role' && isInForce(holding, nowMs) && covers(holding, resource),
  )
  return [...new Set(counting.map(({ name }) => name))]
}

/** Whether a holding counts for a resource. */
export function covers({ resourceType, resourceId }: Holding, resource: ResourceRef | undefined): boolean {
  if (resourceType === undefined) return resourceId === undefined
  return resource?.type === resourceType && (resourceId === undefined || resource.id === resourceId)
}

function gives(rbac: Rbac, { kind, name }: Holding, permission: string): boolean {
  return kind === 'role' ? rbac.hasPermission([name], permission) : name === permission
}
