import { duration, z } from '../core/schema.ts'
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
    inherits: z
      .record(z.string(), z.array(z.string()))
      .default({})
      .describe('Roles of which each role has everything too, such as `{ manager: [support] }`.'),
    elevation: z
      .strictObject({
        default_ttl: duration({ min: '1m', max: '24h' })
          .prefault('15m')
          .describe('How long an elevation lasts that says nothing else.'),
        max_ttl: duration({ min: '1m', max: '24h' })
          .prefault('8h')
          .describe('The longest that one may last.'),
        approval: z
          .enum(['optional', 'required'])
          .default('optional')
          .describe('Whether somebody else than who gets and who gives it must have approved.'),
      })
      .prefault({}),
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
