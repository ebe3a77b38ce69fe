export { configJsonSchema } from './json-schema.ts'
export { type Finding, lintConfig } from './lint.ts'
export { completeConfig, ConfigError, loadConfig, type LoadOptions, type Mistake } from './load.ts'
export { openConfig, settleConfig } from './open.ts'
export { openapiRoutes, readDocument } from './openapi.ts'
export {
  mappingMistakes,
  type MappingSettings,
  type PolicyMapping,
  type PolicyMappingMistake,
  readPolicyMapping,
} from './policy-mapping.ts'
export { plainConfig, printConfig } from './print.ts'
export type {
  Config,
  ConfigInput,
  ListenAddress,
  RouteConfig,
  SecretsConfig,
  UpstreamConfig,
} from './schema.ts'
export { readSecretReference, secretsOf } from './secret-reference.ts'
