export { bodyTargets } from './body-targets.ts'
export {
  type PerimeterConfig,
  type PerimeterRouteConfig,
  perimeterRouteKeys,
  perimeterSchema,
} from './config.ts'
export { findScripting } from './cross-site-scripting.ts'
export { Engine, type EngineParts } from './engine/engine.ts'
export type { Interruption, RequestFacts, ResponseFacts, RuleMatch } from './engine/facts.ts'
export { headTargets } from './head-targets.ts'
export { type AttackClass, inspect, inspectValue, type Match, type Target } from './inspect.ts'
export { operatorNames, OPERATORS } from './operators/table.ts'
export { findTraversal } from './path-traversal.ts'
export { type DecodeBody, judgeMalformed } from './rules-wall.ts'
export { loadRules, type RuleFiles, type RuleSet } from './seclang/rule-set.ts'
export { findSqlInjection } from './sql-injection.ts'
export { perimeterWall } from './wall.ts'
