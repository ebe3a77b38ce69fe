import { accessWall } from './access/index.ts'
import { applicationWall } from './application/index.ts'
import type { Config, RouteConfig } from './config/index.ts'
import type { Clock } from './core/clock.ts'
import type { Wall } from './core/wall.ts'
import { dataWall } from './data/index.ts'
import { edgeWall } from './edge/index.ts'
import { gatewayWall } from './gateway/index.ts'
import { type Identity, identityWall } from './identity/index.ts'
import { perimeterWall } from './perimeter/index.ts'
import type { Counters } from './store/index.ts'

/** What the walls of all routes share. */
export interface Parts {
  readonly counters: Counters
  readonly clock: Clock
  readonly identity: Identity
}

/**
 * The walls of one route, outermost first. Reading order, running order and the order in the docs are this order.
 * Built once per route: all options are compiled here, and a request costs only the loop. To add a wall, add a line.
 */
export function buildWalls(config: Config, route: RouteConfig, parts: Parts): readonly Wall[] {
  const { security } = config
  return [
    perimeterWall(security.perimeter, route, parts),
    edgeWall(security, route, config.listen),
    gatewayWall(security, route, parts),
    identityWall(parts.identity, route),
    accessWall(security.authorization, route),
    applicationWall(security.application, route),
    dataWall(security.data, route),
  ]
}
