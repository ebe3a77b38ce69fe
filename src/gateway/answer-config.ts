import { duration, z } from '../core/schema.ts'

const prefix = z.string().regex(/^(\/[\w.~-]+)+$/, 'must be a path such as /api, without a slash at its end')

/** `security.gateway.maintenance`. */
export const maintenanceSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Answer 503 everywhere but on routes with `maintenance: false` and on the pages of Ringwall.',
      ),
    retry_after: duration({ min: '1s', max: '7d' })
      .prefault('10m')
      .describe('When clients are told to come back.'),
    allow: z
      .array(z.string().min(1))
      .default([])
      .describe('Addresses and networks (`192.0.2.0/24`) of those who work on it, and see the application.'),
  })
  .prefault({})

const redirect = z.preprocess(
  (value) => (typeof value === 'string' ? { to: value } : value),
  z.strictObject({
    to: z
      .string()
      .min(1)
      .describe('Path or URL; `{name}` and `{**}` are the parts of the path. The query goes along.'),
    status: z
      .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)])
      .default(308)
      .describe('301 and 308 are for ever; 307 and 308 keep the method.'),
  }),
)

const respond = z.strictObject({
  status: z.number().int().min(200).max(599).default(200).describe('Status of the answer.'),
  body: z.string().max(1_000_000).default('').describe('Text of the answer.'),
  content_type: z
    .string()
    .regex(
      /^[\w.+-]+\/[\w.+-]+(; *[\w-]+=[\w-]+)?$/,
      'must be a media type such as text/plain; charset=utf-8',
    )
    .default('text/plain; charset=utf-8')
    .describe('Media type of the answer.'),
})

/** Keys of a route that say who answers, and in which words. */
export const answerRouteKeys = {
  rewrite: z
    .strictObject({
      strip_prefix: prefix.optional().describe('What the path loses at its beginning.'),
      add_prefix: prefix.optional().describe('What it gets in its place.'),
    })
    .optional()
    .describe('The path that the application gets. `Location` and the path of cookies are led back.'),
  redirect: redirect.optional().describe('Send clients elsewhere: a path or URL, or `to` and `status`.'),
  respond: respond.optional().describe('A fixed answer: `status`, `body`, `content_type`.'),
  maintenance: z
    .boolean()
    .optional()
    .describe('Whether this route is closed for maintenance; by default as `security.gateway.maintenance`.'),
}

/** What of a route says who answers, parsed. */
export type AnswerRouteConfig = z.output<z.ZodObject<typeof answerRouteKeys>>
/** `security.gateway.maintenance`, parsed. */
export type MaintenanceConfig = z.output<typeof maintenanceSchema>
