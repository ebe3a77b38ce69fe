export { API_KEY_PREFIX, findApiKey, hashApiKey, isApiKey, newApiKey } from './api-key.ts'
export {
  type ApiKey,
  type ApiKeyCheck,
  type ApiKeyDraft,
  ApiKeys,
  counts,
  type MadeApiKey,
} from './api-keys.ts'
export type { ApiKeyParts } from './api-key-wall.ts'
export {
  type ForwardAuthConfig,
  type GatewayConfig,
  type GatewayRouteConfig,
  gatewayRouteKeys,
  gatewaySchema,
  type RateLimitingConfig,
  rateLimitingSchema,
} from './config.ts'
export { addLimitFields, concurrencyFields, type LimitFields, rateLimitFields } from './limit-fields.ts'
export { comparable, fingerprint, type KeyPart, limitKey, type LimitMoment } from './limit-key.ts'
export { type LimitParts, type ReadJson, subjectLimitsWall } from './limits-wall.ts'
export {
  compileLimits,
  costOf,
  type FindLimits,
  namedLimits,
  type NamedLimit,
  ownLimit,
} from './rate-limit.ts'
export { type PathRewrite, prefixRewrite, redirectTarget } from './route-answer.ts'
export { type RoutePattern, RouteTable } from './route-table.ts'
export { gatewayWall } from './wall.ts'
export { graphqlWall } from './graphql-wall.ts'
export { schemaWall } from './schema-wall.ts'
export { type DocumentOptions, OpenApiDocument, type Operation, type ReadFile } from './schema/document.ts'
export type { JsonValue } from './schema/json-value.ts'
export { learnDocument, type ObservedRequest } from './schema/learned-document.ts'
export { type SchemaConfig } from './schema/schema-config.ts'
export type { Mismatch } from './schema/validator.ts'
