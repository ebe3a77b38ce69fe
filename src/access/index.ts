export {
  type AccessRouteConfig,
  accessRouteKeys,
  type AuthorizationConfig,
  authorizationSchema,
} from './config.ts'
export { GUIDE_ROLES, PermissionDenied, PERMISSIONS, Rbac, requirePermission } from './rbac.ts'
export { accessWall } from './wall.ts'
