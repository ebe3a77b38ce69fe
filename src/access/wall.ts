import { RingwallError } from '../core/errors.ts'
import { pass, refuse } from '../core/verdict.ts'
import type { Wall } from '../core/wall.ts'
import type { AccessRouteConfig, AuthorizationConfig } from './config.ts'
import { Rbac } from './rbac.ts'

/** Layer 4, second half: may this subject do this here? */
export function accessWall(config: AuthorizationConfig, route: AccessRouteConfig): Wall {
  const rbac = new Rbac(config.roles, config.permissions)
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
      const roles = subject.roles.join(', ') || 'no role'
      if (!rbac.hasPermission(subject.roles, permission))
        return refuse('access.denied', `${permission} is not given by ${roles}`)
      exchange.trace.note(`${permission} by ${roles}`)
      return pass
    },
  }
}
