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

const countries = z
  .array(z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters such as DE'))
  .default([])

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
        enabled: enabled(false),
        database: z
          .string()
          .min(1)
          .optional()
          .describe(
            'Address database (.mmdb) with countries, and numbers of networks if `blocked_asns` is used.',
          ),
        blocked_countries: countries.describe('ISO 3166-1 codes, such as `KP`, that may not come.'),
        allowed_countries: countries.describe('ISO 3166-1 codes. Not empty: no other country may come.'),
        blocked_asns: z
          .array(z.number().int().min(1).max(4_294_967_295))
          .default([])
          .describe('Numbers of autonomous systems that may not come.'),
        unknown: z
          .enum(['pass', 'refuse'])
          .default('pass')
          .describe('An address of which the database says nothing, such as a private one.'),
        priority,
      })
      .refine((rule) => !rule.enabled || rule.database !== undefined, {
        message: 'needs `database`: the path of an .mmdb file with countries',
        path: ['enabled'],
      })
      .prefault({})
      .describe('Blocking by country and by network.'),
  })
  .prefault({})

const level = z.number().int().min(1).max(4)

/** The OWASP Core Rule Set, from a folder of the operator's. */
const coreRuleSet = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of a Core Rule Set 4 release, with `rules/` and `crs-setup.conf` in it.'),
    mode: z
      .enum(['enforce', 'detect'])
      .default('enforce')
      .describe('`detect`: its rules note what they would refuse, and refuse nothing.'),
    paranoia_level: level
      .default(1)
      .describe('1 to 4: more rules, and more false positives. Rules up to it count for the score.'),
    detection_paranoia_level: level
      .optional()
      .describe('Rules up to this level are noted, too; by default the same.'),
    inbound_threshold: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(5)
      .describe('Score that refuses a request.'),
    outbound_threshold: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(4)
      .describe('Score that withholds an answer.'),
    early_blocking: z
      .boolean()
      .default(false)
      .describe('Refuse after the head of a request where it has the score already.'),
    variables: z
      .record(z.string().regex(/^[a-z0-9_]+$/), z.union([z.string(), z.number()]))
      .default({})
      .describe('Other settings of the rule set by their TX names, such as `allowed_methods`.'),
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
    default_rules: z
      .boolean()
      .optional()
      .describe("Ringwall's own attack rules. By default on, and off where a Core Rule Set is configured."),
    core_rule_set: coreRuleSet.describe('The OWASP Core Rule Set.'),
    rule_files: z
      .array(z.string().min(1))
      .default([])
      .describe('Further SecLang files, read in this order after the rule set.'),
    inspect_responses: z
      .boolean()
      .default(true)
      .describe('Whether rules of a rule set look at bodies of answers (text/plain, text/html, text/xml).'),
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
  paranoia_level: level.optional().describe('The level of the Core Rule Set on this route.'),
}

/** `security.perimeter`, parsed. */
export type PerimeterConfig = z.output<typeof perimeterSchema>
/** What this wall reads of a route. */
export type PerimeterRouteConfig = z.output<z.ZodObject<typeof perimeterRouteKeys>>
