import { z } from '../core/schema.ts'
import { GUIDE_ROLES, PERMISSIONS } from './rbac.ts'

const permission = z
  .string()
  .regex(/^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$/, 'must be `thing:action`, such as order:read')

/** `security.authorization`. */
export const authorizationSchema = z
  .strictObject({
    permissions: z
      .array(permission)
      .default([...PERMISSIONS])
      .describe('Every permission there is.'),
    roles: z
      .record(z.string(), z.array(z.union([z.literal('*'), permission])))
      .default(Object.fromEntries(Object.entries(GUIDE_ROLES).map(([role, given]) => [role, [...given]])))
      .describe('Permissions of each role; `*` for all.'),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const accessRouteKeys = {
  permission: permission.optional().describe('Permission that the subject needs on this route.'),
}

/** `security.authorization`, parsed. */
export type AuthorizationConfig = z.output<typeof authorizationSchema>
/** What this wall reads of a route. */
export type AccessRouteConfig = z.output<z.ZodObject<typeof accessRouteKeys>> & { readonly name: string }
