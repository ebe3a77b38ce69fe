import { duration, ipNetwork, size, z } from '../core/schema.ts'

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

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be lower-case letters, digits, `.`, `_` or `-`')

/** A list of addresses that somebody else keeps. */
const addressList = z.strictObject({
  name: name.describe('Its name in refusals.'),
  source: z
    .string()
    .regex(/^(https:\/\/\S+|(?!\w+:\/\/).+)$/, 'must be a file or an https:// URL')
    .describe('File or https:// URL: one address or network a line.'),
  every: duration({ min: '10s', max: '30d' }).prefault('1h').describe('How often it is read again.'),
  action: z
    .enum(['deny', 'allow'])
    .default('deny')
    .describe('`deny`: its addresses may not come. `allow`: they may, whatever else is set.'),
})

const connections = z
  .strictObject({
    per_client: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(256)
      .describe(
        'Open connections of one client address (an IPv6 client is its /64); trusted proxies have no such bound.',
      ),
    total: z.number().int().min(1).max(10_000_000).default(20_000).describe('Open connections in all.'),
  })
  .prefault({})

const botAction = z.enum(['allow', 'refuse', 'challenge'])

const bots = z
  .strictObject({
    enabled: enabled(true),
    verify: z
      .boolean()
      .default(true)
      .describe(
        'Look up whether an address belongs to the bot that it claims to be (forward-confirmed reverse DNS).',
      ),
    classes: z
      .strictObject({
        good: botAction.default('allow').describe('Search engines and the like that are what they claim.'),
        ai: botAction.default('allow').describe('Bots that collect for language models.'),
        unverified: botAction.default('allow').describe('Claims that could be neither proved nor disproved.'),
        fake: botAction.default('refuse').describe('Claims that are false.'),
        declared: botAction.default('allow').describe('Other programs that say so, such as curl.'),
        scanner: botAction.default('refuse').describe('Attack tools that say so.'),
        person: botAction.default('allow').describe('Everybody else.'),
      })
      .prefault({})
      .describe('What happens to each class.'),
    named: z
      .record(name, botAction)
      .default({})
      .describe('What happens to bots by their names, such as `gptbot`; before their class.'),
  })
  .prefault({})

const challenge = z
  .strictObject({
    enabled: enabled(false),
    on_flood: z
      .boolean()
      .default(true)
      .describe('Whether browsers that reach RATE_LIMIT get a challenge in place of a refusal.'),
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
    lists: z
      .array(addressList)
      .max(64)
      .default([])
      .describe('Address lists that are read again and again, while the gateway runs.'),
    fingerprints: z
      .strictObject({
        deny: z
          .array(
            z
              .string()
              .regex(
                /^[tq]\d{2}[di]\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/,
                'must be a JA4, such as t13d1516h2_8daaf6152771_02713d6af862',
              ),
          )
          .default([])
          .describe('TLS clients that may not come, by JA4.'),
      })
      .prefault({})
      .describe('TLS clients by how they say hello.'),
    connections: connections.describe('How many connections may be open; taken up at a restart.'),
    bots: bots.describe('Programs, by what they say and what can be proved of it.'),
    challenge: challenge.describe(
      'A page on which a browser computes or waits for a moment, in place of a refusal.',
    ),
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
