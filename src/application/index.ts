export {
  type ApplicationConfig,
  type ApplicationRouteConfig,
  applicationRouteKeys,
  applicationSchema,
} from './config.ts'
export { doubtInProvenance, type Provenance } from './cross-site.ts'
export { applicationWall } from './wall.ts'
