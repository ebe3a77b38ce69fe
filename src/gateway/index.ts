export {
  type GatewayConfig,
  type GatewayRouteConfig,
  gatewayRouteKeys,
  gatewaySchema,
  type RateLimitingConfig,
  rateLimitingSchema,
} from './config.ts'
export { type PathRewrite, prefixRewrite, redirectTarget } from './route-answer.ts'
export { compileLimits, type NamedLimit, rateLimitFields } from './rate-limit.ts'
export { type RoutePattern, RouteTable } from './route-table.ts'
export { gatewayWall } from './wall.ts'
