export {
  type PerimeterConfig,
  type PerimeterRouteConfig,
  perimeterRouteKeys,
  perimeterSchema,
} from './config.ts'
export { perimeterWall } from './wall.ts'
