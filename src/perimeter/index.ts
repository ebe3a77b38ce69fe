export { bodyTargets } from './body-targets.ts'
export {
  type PerimeterConfig,
  type PerimeterRouteConfig,
  perimeterRouteKeys,
  perimeterSchema,
} from './config.ts'
export { findScripting } from './cross-site-scripting.ts'
export { headTargets } from './head-targets.ts'
export { type AttackClass, inspect, inspectValue, type Match, type Target } from './inspect.ts'
export { findTraversal } from './path-traversal.ts'
export { findSqlInjection } from './sql-injection.ts'
export { perimeterWall } from './wall.ts'
