import { accessWall } from './access/index.ts'
import { applicationWall } from './application/index.ts'
import type { Config, RouteConfig } from './config/index.ts'
import type { Clock } from './core/clock.ts'
import type { NoteUse } from './core/holding.ts'
import type { Wall } from './core/wall.ts'
import { dataWall } from './data/index.ts'
import { edgeWall } from './edge/index.ts'
import { gatewayWall } from './gateway/index.ts'
import { type Identity, identityWall } from './identity/index.ts'
import { type DecodeBody, type Engine, type Geography, perimeterWall } from './perimeter/index.ts'
import type { Counters } from './store/index.ts'

/** What the walls of all routes share. */
export interface Parts {
  readonly counters: Counters
  readonly clock: Clock
  readonly identity: Identity
  readonly noteUse: NoteUse
  /** The rule sets of the perimeter, where some are configured. */
  readonly rules: Engine | undefined
  readonly decode: DecodeBody
  readonly geography: Geography | undefined
  /** The public port of HTTPS, where it is listened on. */
  readonly httpsPort: number | undefined
}

/**
 * The walls of one route, outermost first. Reading order, running order and the order in the docs are this order.
 * Built once per route: all options are compiled here, and a request costs only the loop. To add a wall, add a line.
 */
export function buildWalls({ security }: Config, route: RouteConfig, parts: Parts): readonly Wall[] {
  return [
    perimeterWall(security.perimeter, route, parts),
    edgeWall(security, route, parts),
    gatewayWall(security, route, parts),
    identityWall(parts.identity, route, route.upstream ?? route.name),
    accessWall(security.authorization, route, parts.noteUse),
    applicationWall(security.application, route),
    dataWall(route),
  ]
}
