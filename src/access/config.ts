import { duration, z } from '../core/schema.ts'
import { mappingSchema } from './filter/mapping-schema.ts'
import { GUIDE_ROLES, PERMISSIONS } from './rbac.ts'

const permission = z
  .string()
  .regex(/^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$/, 'must be `thing:action`, such as order:read')

const path = z.string().min(1)
const typeName = z
  .string()
  .regex(/^[A-Za-z_]\w*(::[A-Za-z_]\w*)*$/, 'must be the name of an entity type, such as `User`')

/** A policy in Cedar, and what belongs to it. */
export const policySection = z.strictObject({
  policies: path.describe(
    'File of Cedar policies, or a folder whose *.cedar files are read in the order of their names.',
  ),
  schema: path.describe('Cedar schema (.cedarschema).'),
  entities: path
    .optional()
    .describe("Entities that do not change with requests, such as groups of roles, in Cedar's JSON."),
  mapping: z
    .union([path, mappingSchema], 'must be the path of a YAML file, or a section with `entities`')
    .optional()
    .describe(
      'Tables and columns of the entities, for filters and for the database: here, or in a YAML file of its own.',
    ),
  tests: path.optional().describe('Table tests of the policy (YAML).'),
  openapi: path
    .optional()
    .describe(
      'OpenAPI 3.1 document whose operations carry `x-ringwall` with the keys of a route, such as `access`; each is a route.',
    ),
  principal: typeName.default('User').describe('Entity type of who is signed in.'),
  role: typeName
    .default('Role')
    .describe("Entity type of the subject's roles, which are above the principal."),
})

/** `security.authorization`. */
export const authorizationSchema = z
  .strictObject({
    policy: policySection
      .optional()
      .describe('A policy in Cedar, by which routes with `access` are decided.'),
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
        requestable: z
          .array(z.string().min(1).max(200))
          .max(64)
          .default([])
          .describe(
            'Roles and permissions that people may ask for at the page of elevation. Empty: no page.',
          ),
        approvers: z
          .array(z.string().min(1).max(64))
          .max(64)
          .default([])
          .describe('Roles that may approve what others ask for.'),
      })
      .prefault({}),
  })
  .prefault({})

const resource = z.strictObject({
  type: typeName.describe('Its entity type.'),
  id: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Its id: `{name}` of the path, `{query.name}`, `{cookie.name}`, or a fixed text. By default the only {name} of the path.',
    ),
})

const binding = z.strictObject({
  action: z.string().min(1).describe('Action of the policy, such as `order:read`.'),
  resource: resource.describe('What the route is about.'),
  facts: z
    .strictObject({
      path: z
        .string()
        .startsWith('/', 'must begin with a slash')
        .describe(
          'Path of the same application that answers with the resource as JSON, such as `/api/orders/{id}`.',
        ),
      attributes: z
        .record(z.string(), z.string().min(1))
        .default({})
        .describe('Attribute of the schema: field of the JSON (`customer.email`), where the names differ.'),
    })
    .optional()
    .describe(
      'Where the gateway learns of the resource, when the policy looks at it. Asked with the fields of the request.',
    ),
  residual: z
    .enum(['refuse', 'forward'])
    .default('refuse')
    .describe(
      'What the gateway cannot decide: refused, or passed on with a signed `Ringwall-Obligation`, which the application must fulfil.',
    ),
  denied: z
    .union([z.literal(403), z.literal(404)])
    .default(403)
    .describe('Status of a refusal; 404 does not tell that the resource exists.'),
})

/** Keys of a route that this wall reads. */
export const accessRouteKeys = {
  access: z
    .union([z.literal('off'), z.literal(false).transform(() => 'off' as const), binding])
    .optional()
    .describe("What the policy is asked on this route; `off` where a {name} of the path is nobody's."),
  permission: permission.optional().describe('Permission that the subject needs on this route.'),
  resource: resource
    .optional()
    .describe(
      'What `permission` is asked for; with it, what was given for this resource or its type counts too. By default that of `access`.',
    ),
}

/** `access` of a route, parsed. */
export type AccessBindingConfig = z.output<typeof binding>
/** `resource` of a route, parsed. */
export type ResourceConfig = z.output<typeof resource>
/** `security.authorization.policy`, parsed. */
export type PolicyConfig = z.output<typeof policySection>
/** `security.authorization`, parsed. */
export type AuthorizationConfig = z.output<typeof authorizationSchema>
/** What this wall reads of a route. */
export type AccessRouteConfig = z.output<z.ZodObject<typeof accessRouteKeys>> & {
  readonly name: string
  readonly path: string
}
