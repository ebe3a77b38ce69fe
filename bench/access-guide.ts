// The guide's authorization chapter as one set of policies: roles, the three rules for orders, access to documents.

/** A source of the same numbers on every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export const GUIDE_SCHEMA = `
entity Role;
entity Team;
entity Organisation;
entity System;
entity User in [Role] { org: Organisation, teams: Set<Team> };
entity Order { customer: User, total: Long, managerApproved: Bool };
entity Document {
  owner: User, team?: Team, org: Organisation, orgPublic: Bool, sharedWith: Set<User>
};
action "user:read", "user:write", "user:delete" appliesTo { principal: User, resource: User };
action "order:read", "order:write", "order:delete" appliesTo {
  principal: User, resource: Order, context: { hour: Long }
};
action "system:config", "audit:read" appliesTo { principal: User, resource: System };
action "document:read" appliesTo { principal: User, resource: Document };
`

export const GUIDE_POLICIES = `
@id("customer")
permit(principal in Role::"customer",
  action in [Action::"user:read", Action::"order:read", Action::"order:write"], resource);
@id("support")
permit(principal in Role::"support",
  action in [Action::"user:read", Action::"order:read", Action::"order:write"], resource);
@id("manager")
permit(principal in Role::"manager",
  action in [Action::"user:read", Action::"user:write", Action::"order:read", Action::"order:write",
    Action::"order:delete", Action::"audit:read"], resource);
@id("admin")
permit(principal in Role::"admin",
  action in [Action::"user:read", Action::"user:write", Action::"user:delete", Action::"order:read",
    Action::"order:write", Action::"order:delete", Action::"audit:read", Action::"system:config"], resource);
@id("own-orders")
forbid(principal, action, resource is Order)
unless { resource.customer == principal || principal in Role::"support" || principal in Role::"admin" };
@id("business-hours")
forbid(principal, action == Action::"order:delete", resource)
unless { context.hour >= 9 && context.hour <= 17 };
@id("high-value")
forbid(principal, action, resource is Order)
unless { resource.total < 10000 || principal in Role::"manager" || resource.managerApproved };
@id("document-owner")
permit(principal, action == Action::"document:read", resource) when { resource.owner == principal };
@id("document-share")
permit(principal, action == Action::"document:read", resource) when { resource.sharedWith.contains(principal) };
@id("document-team")
permit(principal, action == Action::"document:read", resource)
when { resource has team && principal.teams.contains(resource.team) };
@id("document-organisation")
permit(principal, action == Action::"document:read", resource)
when { resource.orgPublic && resource.org == principal.org };
`

export interface GuideUser {
  readonly kind: 'User'
  readonly id: string
  readonly org: string
  readonly teams: readonly string[]
  readonly roles: readonly string[]
}
export interface GuideOrder {
  readonly kind: 'Order'
  readonly id: string
  readonly customer: string
  readonly total: number
  readonly managerApproved: boolean
}
export interface GuideDocument {
  readonly kind: 'Document'
  readonly id: string
  readonly owner: string
  readonly team?: string
  readonly org: string
  readonly orgPublic: boolean
  readonly sharedWith: readonly string[]
}
export interface GuideSystem {
  readonly kind: 'System'
  readonly id: string
}
export type GuideResource = GuideUser | GuideOrder | GuideDocument | GuideSystem

/** One question, as the application has it. */
export interface GuideRequest {
  readonly user: GuideUser
  readonly action: string
  readonly resource: GuideResource
  /** Only where the action's context has it. */
  readonly hour: number | undefined
}

const ACTIONS: Readonly<Record<GuideResource['kind'], readonly string[]>> = {
  User: ['user:read', 'user:write', 'user:delete'],
  Order: ['order:read', 'order:write', 'order:delete'],
  Document: ['document:read'],
  System: ['system:config', 'audit:read'],
}

/** Requests of all kinds: of ten, four for orders and four for documents. */
export function guideRequests(count: number, seed = 7): readonly GuideRequest[] {
  const random = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
  const some = (list: readonly string[]): string[] => list.filter(() => random(3) === 0)
  const teams = ['red', 'green', 'blue', 'grey']
  const ids = Array.from({ length: 12 }, (_, at) => `user-${at}`)
  const roles = [['customer'], ['customer'], ['support'], ['manager'], ['admin'], ['customer', 'manager'], []]
  const users = ids.map((id): GuideUser => ({
    kind: 'User',
    id,
    org: `org-${random(3)}`,
    teams: some(teams),
    roles: pick(roles),
  }))
  const orders = Array.from({ length: 40 }, (_, at): GuideOrder => ({
    kind: 'Order',
    id: `order-${at}`,
    customer: pick(ids),
    total: pick([50, 9999, 10_000, 25_000]),
    managerApproved: random(2) === 0,
  }))
  const documents = Array.from({ length: 40 }, (_, at): GuideDocument => {
    const team = random(2) === 0 ? { team: pick(teams) } : {}
    const org = `org-${random(3)}`
    const sharedWith = some(ids)
    return {
      kind: 'Document',
      id: `doc-${at}`,
      owner: pick(ids),
      ...team,
      org,
      orgPublic: random(3) === 0,
      sharedWith,
    }
  })
  const system: GuideSystem = { kind: 'System', id: 'main' }
  return Array.from({ length: count }, (): GuideRequest => {
    const resource = pick([orders, orders, documents, documents, random(2) === 0 ? users : [system]])
    const chosen = pick<GuideResource>(resource)
    const user = pick(users)
    return {
      user,
      action: pick(ACTIONS[chosen.kind]),
      resource: chosen,
      hour: chosen.kind === 'Order' ? random(24) : undefined,
    }
  })
}
