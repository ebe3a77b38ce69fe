import { RingwallError } from '../core/errors.ts'
import type { NoteUse } from '../core/holding.ts'
import { pass, refuse } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { AccessRouteConfig, AuthorizationConfig } from './config.ts'
import { giversOf, holdingsOf } from './grants-in-force.ts'
import { Rbac } from './rbac.ts'

/** Layer 4, second half: may this subject do this here? */
export function accessWall(
  config: AuthorizationConfig,
  route: AccessRouteConfig,
  noteUse: NoteUse = () => undefined,
): Wall {
  const rbac = new Rbac(config.roles, config.permissions, config.inherits)
  const { permission } = route
  if (permission !== undefined && !rbac.isPermission(permission)) {
    const known = config.permissions.join(', ')
    throw new RingwallError(
      'access.permission-unknown',
      `route \`${route.name}\`: no permission \`${permission}\`; there is ${known}`,
    )
  }
  return {
    layer: 4,
    name: 'access',
    head(exchange) {
      if (permission === undefined) return pass
      const { subject } = exchange
      if (!subject)
        return refuse('identity.sign-in-required', `permission ${permission}`, ['WWW-Authenticate', 'Cookie'])
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
      exchange.trace.note(`${permission} by ${givers.map(({ name }) => name).join(', ')}`)
      return pass
    },
  }
}
