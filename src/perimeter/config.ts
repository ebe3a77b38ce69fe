import { ipNetwork, size, z } from '../core/schema.ts'

const priority = z
  .number()
  .int()
  .min(1)
  .max(1000)
  .optional()
  .describe("The guide's order of rules. All are always asked; kept for reference.")
const action = z
  .enum(['BLOCK', 'COUNT'])
  .default('BLOCK')
  .describe('`BLOCK` refuses; `COUNT` notes it in the trace and passes.')
const enabled = (on: boolean) => z.boolean().default(on).describe('Whether the rule is on.')

const attackRule = z.strictObject({ enabled: enabled(true), action, priority }).prefault({})

/** The guide's four rules by their names, and path traversal. */
const rules = z
  .strictObject({
    SQL_INJECTION: attackRule.describe('SQL injection in path, parameters, cookies, headers and body.'),
    XSS: attackRule.describe('Cross-site scripting in the same places.'),
    PATH_TRAVERSAL: attackRule.describe('Path traversal and file inclusion in the same places.'),
    RATE_LIMIT: z
      .strictObject({
        enabled: enabled(true),
        action,
        limit: z.number().int().min(1).default(2000).describe('Requests of one client in the window.'),
        window_seconds: z.number().int().min(1).default(300).describe('The window, in seconds.'),
        priority,
      })
      .prefault({})
      .describe('Flood limit, per client address (an IPv6 client is its /64).'),
    GEO_BLOCK: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .refine((on) => !on, 'blocking by country is not built yet; set it to false')
          .describe('Blocking by country. Not built yet: only `false` is taken.'),
        blocked_countries: z.array(z.string()).default([]).describe('ISO 3166-1 codes. Not used yet.'),
        priority,
      })
      .prefault({})
      .describe('Blocking by country.'),
  })
  .prefault({})

/** `security.perimeter`. */
export const perimeterSchema = z
  .strictObject({
    allow: z
      .array(ipNetwork)
      .default([])
      .describe('Addresses and networks that may come. Empty: all that are not denied.'),
    deny: z.array(ipNetwork).default([]).describe('Addresses and networks that may not.'),
    rules: rules.describe("The guide's rules."),
    inspect_body: size({ min: '1KB', max: '100MB' })
      .prefault('128KB')
      .describe('Bytes of a body that the attack rules look at.'),
    on_excess: z
      .enum(['refuse', 'pass'])
      .default('refuse')
      .describe(
        'A larger body: refused, or passed on with a note in the trace. Uploads (multipart) always pass with the note.',
      ),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const perimeterRouteKeys = {
  inspect: z
    .enum(['enforce', 'detect', 'off'])
    .optional()
    .describe(
      '`enforce` (default): the attack rules refuse. `detect`: they only note. `off`: they are not asked.',
    ),
}

/** `security.perimeter`, parsed. */
export type PerimeterConfig = z.output<typeof perimeterSchema>
/** What this wall reads of a route. */
export type PerimeterRouteConfig = z.output<z.ZodObject<typeof perimeterRouteKeys>>
