import { RingwallError } from '../core/errors.ts'
import type { Exchange, Subject } from '../core/exchange.ts'
import type { NoteUse } from '../core/holding.ts'
import { pass, refuse, type Verdict } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { AccessRouteConfig, AuthorizationConfig } from './config.ts'
import { giversOf, holdingsOf } from './grants-in-force.ts'
import { policyJudge, type PolicyParts } from './policy-wall.ts'
import { Rbac } from './rbac.ts'

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
  { name, permission }: AccessRouteConfig,
  noteUse: NoteUse,
): ((exchange: Exchange, subject: Subject) => Verdict) | undefined {
  if (permission === undefined) return undefined
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
    const givers = giversOf(rbac, holdings, { permission, nowMs })
    const held = holdings.map(({ id }) => id)
    exchange.trace.decided({ permission, allowed: givers.length > 0, held })
    const roles = subject.roles.join(', ') || 'no role'
    if (givers.length === 0) return refuse('access.denied', `${permission} is not given by ${roles}`)
    noteUse(
      givers.map(({ id }) => id),
      nowMs,
    )
    exchange.trace.note(`${permission} by ${givers.map((giver) => giver.name).join(', ')}`)
    return pass
  }
}
