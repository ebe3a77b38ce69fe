/**
 * A role or a permission that a subject holds: for everything, for resources of one type, or for one resource. Roles of
 * the account, stored grants and elevations are all of this one form, so that whatever decides sees no difference.
 */
export interface Holding {
  /** Of the stored grant; `account:NAME` for a role that the account itself has. */
  readonly id: string
  readonly kind: 'role' | 'permission'
  readonly name: string
  readonly resourceType?: string
  /** Only with a type. */
  readonly resourceId?: string
  /** From this moment on it is not held any more. */
  readonly expiresMs?: number
}

/** The resource that a question is about. */
export interface ResourceRef {
  readonly type: string
  readonly id: string
}

/** What a subject was given beside the roles of the account, in force at a moment. Asked for each request, never cached. */
export type HoldingsOf = (
  subjectId: string,
  nowMs: number,
  session?: SessionBinding,
) => Promise<readonly Holding[]>

/** A session that a holding can be bound to: it counts nowhere else, and not after the account changed. */
export interface SessionBinding {
  /** `Subject.sessionRef`. */
  readonly ref: string
  readonly version: number
}

/** Told which holdings gave a permission, so that reviews know what is used. Must not wait for a disk. */
export type NoteUse = (holdingIds: readonly string[], nowMs: number) => void

/** The roles that an account has of itself. */
export function accountHoldings(roles: readonly string[]): readonly Holding[] {
  return roles.map((name) => ({ id: `account:${name}`, kind: 'role', name }))
}

/** Whether a holding counts at a moment; at its expiry it does not any more. */
export function isInForce({ expiresMs }: Holding, nowMs: number): boolean {
  return expiresMs === undefined || nowMs < expiresMs
}

/** Whether a holding is not limited to some resources. */
export function isForEverything({ resourceType, resourceId }: Holding): boolean {
  return resourceType === undefined && resourceId === undefined
}

/** The roles that count for everything at a moment, each once. */
export function rolesOf(holdings: readonly Holding[], nowMs: number): readonly string[] {
  const counting = holdings.filter(
    (holding) => holding.kind === 'role' && isForEverything(holding) && isInForce(holding, nowMs),
  )
  return [...new Set(counting.map((holding) => holding.name))]
}
