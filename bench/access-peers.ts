// The guide's policies in the words of CASL and casbin, and both as functions of a request.
import { AbilityBuilder, createMongoAbility, type MongoAbility } from '@casl/ability'
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin'

import { GUIDE_ROLES, Rbac } from '../src/access/index.ts'
import type { GuideRequest, GuideUser } from './access-guide.ts'

/** Whether a request is allowed. */
export type Decide = (request: GuideRequest) => boolean

const rbac = new Rbac(GUIDE_ROLES)
const GIVEN = Object.fromEntries(rbac.roles.map((role) => [role, [...rbac.permissionsOf([role])]]))

const TYPES: Readonly<Record<string, string>> = {
  user: 'User',
  order: 'Order',
  audit: 'System',
  system: 'System',
}

/** CASL has no environment: an ability is built for each user, in and out of business hours, before it is measured. */
export function caslDecide(requests: readonly GuideRequest[]): Decide {
  const abilities = new Map<GuideUser, readonly [closed: MongoAbility, open: MongoAbility]>()
  for (const { user } of requests)
    if (!abilities.has(user)) abilities.set(user, [abilityOf(user, false), abilityOf(user, true)])
  return ({ user, action, resource, hour }) => {
    const isOpen = hour === undefined || (hour >= 9 && hour <= 17)
    return (abilities.get(user) as readonly MongoAbility[])[isOpen ? 1 : 0]?.can(action, resource) === true
  }
}

function abilityOf(user: GuideUser, isOpen: boolean): MongoAbility {
  const { can, cannot, build } = new AbilityBuilder<MongoAbility>(createMongoAbility)
  for (const role of user.roles)
    for (const action of GIVEN[role] ?? []) can(action, TYPES[action.split(':')[0] as string] as string)
  const orders = ['order:read', 'order:write', 'order:delete']
  if (!user.roles.includes('support') && !user.roles.includes('admin'))
    cannot(orders, 'Order', { customer: { $ne: user.id } })
  if (!isOpen) cannot('order:delete', 'Order')
  if (!user.roles.includes('manager'))
    cannot(orders, 'Order', { total: { $gte: 10_000 }, managerApproved: false })
  can('document:read', 'Document', { owner: user.id })
  can('document:read', 'Document', { sharedWith: user.id })
  if (user.teams.length > 0) can('document:read', 'Document', { team: { $in: [...user.teams] } })
  can('document:read', 'Document', { orgPublic: true, org: user.org })
  return build({ detectSubjectType: (object) => (object as { kind: string }).kind })
}

const CASBIN_MODEL = `
[request_definition]
r = sub, obj, act, env
[policy_definition]
p = act, rule, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && eval(p.rule)
`

/** One line for each role and action, as casbin has it; the rest are rules on attributes. */
export async function casbinDecide(requests: readonly GuideRequest[]): Promise<Decide> {
  const lines = Object.entries(GIVEN).flatMap(([role, actions]) =>
    actions.map((action) => `p, ${action}, "g(r.sub.id, '${role}')", allow`),
  )
  for (const action of ['order:read', 'order:write', 'order:delete']) {
    const isStaff = `!g(r.sub.id, 'support') && !g(r.sub.id, 'admin')`
    lines.push(`p, ${action}, "r.obj.customer != r.sub.id && ${isStaff}", deny`)
    lines.push(
      `p, ${action}, "r.obj.total >= 10000 && !r.obj.managerApproved && !g(r.sub.id, 'manager')", deny`,
    )
  }
  lines.push('p, order:delete, "r.env.hour < 9 || r.env.hour > 17", deny')
  for (const rule of [
    'r.obj.owner == r.sub.id',
    'has(r.obj.sharedWith, r.sub.id)',
    'has(r.sub.teams, r.obj.team)',
    'r.obj.orgPublic && r.obj.org == r.sub.org',
  ])
    lines.push(`p, document:read, "${rule}", allow`)
  const users = new Set(requests.map(({ user }) => user))
  for (const { id, roles } of users) for (const role of roles) lines.push(`g, ${id}, ${role}`)
  const enforcer = await newEnforcer(newModelFromString(CASBIN_MODEL), new StringAdapter(lines.join('\n')))
  await enforcer.addFunction('has', (list: readonly unknown[], item: unknown) => list.includes(item))
  return ({ user, action, resource, hour }) => enforcer.enforceSync(user, resource, action, { hour })
}
