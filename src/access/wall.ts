import { RingwallError } from '../core/errors.ts'
import type { Exchange, Subject } from '../core/exchange.ts'
import type { NoteUse, ResourceRef } from '../core/holding.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import { fillTemplate, readResourceId } from './binding.ts'
import type { AccessRouteConfig, AuthorizationConfig } from './config.ts'
import { giversOf, holdingsOf } from './grants-in-force.ts'
import { policyJudge, type PolicyParts } from './policy-wall.ts'
import { Rbac } from './rbac.ts'
import { decodedValue } from './request-value.ts'

/** Layer 4, second half: may this subject do this here, and to this? */
export function accessWall(
  config: AuthorizationConfig,
  route: AccessRouteConfig,
  noteUse: NoteUse = () => undefined,
  policy?: PolicyParts,
): Wall {
  const rbac = new Rbac(config.roles, config.permissions, config.inherits)
  const judgeRoles = rolesJudge(rbac, config, route, noteUse)
  const judgePolicy = policyJudge(rbac, config, route, policy)
  return {
    layer: 4,
    name: 'access',
    head(exchange) {
      if (!judgeRoles && !judgePolicy) return pass
      const { subject } = exchange
      if (!subject) {
        const wanted = route.permission === undefined ? 'the policy' : `permission ${route.permission}`
        return refuse('identity.sign-in-required', wanted, ['WWW-Authenticate', 'Cookie'])
      }
      const verdict = judgeRoles?.(exchange, subject) ?? pass
      return verdict.kind === 'pass' && judgePolicy ? judgePolicy(exchange, subject) : verdict
    },
  }
}

function rolesJudge(
  rbac: Rbac,
  config: AuthorizationConfig,
  route: AccessRouteConfig,
  noteUse: NoteUse,
): ((exchange: Exchange, subject: Subject) => Verdict) | undefined {
  const { name, permission } = route
  if (permission === undefined) return undefined
  const resourceOf = resourceReader(route)
  if (!rbac.isPermission(permission)) {
    const known = config.permissions.join(', ')
    throw new RingwallError(
      'access.permission-unknown',
      `route \`${name}\`: no permission \`${permission}\`; there is ${known}`,
    )
  }
  return (exchange, subject) => {
    const nowMs = exchange.startedMs
    const holdings = holdingsOf(subject)
    const resource = resourceOf(exchange)
    const question = { permission, ...(resource && { resource }) }
    const givers = giversOf(rbac, holdings, { ...question, nowMs })
    const held = holdings.map(({ id }) => id)
    exchange.trace.decided({ ...question, allowed: givers.length > 0, held })
    const roles = subject.roles.join(', ') || 'no role'
    const on = resource ? ` on ${resource.type}::${resource.id}` : ''
    if (givers.length === 0) return refuse('access.denied', `${permission}${on} is not given by ${roles}`)
    noteUse(
      givers.map(({ id }) => id),
      nowMs,
    )
    exchange.trace.note(`${permission} by ${givers.map((giver) => giver.name).join(', ')}`)
    return pass
  }
}

/** The resource that a route says it is about; undefined where a request does not name it, or not in exactly one way. */
function resourceReader(route: AccessRouteConfig): (exchange: Exchange) => ResourceRef | undefined {
  const own = route.resource
  const config = own ?? (typeof route.access === 'object' ? route.access.resource : undefined)
  if (!config) return () => undefined
  const template = readResourceId(route, config, own ? 'resource.id' : 'access.resource.id')
  return (exchange) => {
    const id = fillTemplate(template, (value) => decodedValue(exchange, value))
    return id === undefined ? undefined : { type: config.type, id }
  }
}
