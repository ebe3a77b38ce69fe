import { z } from '../core/schema.ts'
import { SOURCE_DIRECTIVES } from './csp.ts'
import { uploadsRouteKey, uploadsSchema } from './upload/upload-config.ts'

const origin = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.[\]:-]+$/, 'must be an origin such as https://app.example.com')

/** `security.application`. */
export const applicationSchema = z
  .strictObject({
    errors: z
      .enum(['generic', 'pass'])
      .default('generic')
      .describe(
        "`generic`: the application's error pages (5xx) are replaced, their text goes to the audit log. `pass`: they go out.",
      ),
    allowed_origins: z
      .array(origin)
      .default([])
      .describe('Other origins whose pages may send requests that change something.'),
    csrf: z
      .strictObject({
        tokens: z
          .enum(['off', 'on'])
          .default('off')
          .describe(
            '`on`: a token is put into every form that posts to its own origin, and a form that a browser posts must bring it back.',
          ),
      })
      .prefault({}),
    csp_nonce: z
      .enum(['off', 'report-only', 'on'])
      .default('off')
      .describe(
        'Puts a nonce on the scripts and styles of `csp_known` in every page, and a Content-Security-Policy with it on the answer: only to be reported, or enforced.',
      ),
    csp_known: z
      .array(
        z
          .string()
          .regex(
            /^(\/[^/\\]|https?:\/\/[^/]|sha256-[A-Za-z0-9+/]{43}=$)/,
            'must be a path, an address or `sha256-` with the hash of an inline text',
          ),
      )
      .default([])
      .describe(
        'Scripts and styles that may get a nonce: paths of our own, addresses, or `sha256-...` of what stands in the element.',
      ),
    csp_sources: z
      .partialRecord(
        z.enum(SOURCE_DIRECTIVES),
        z
          .array(
            z
              .string()
              .regex(
                /^((https?|wss?):\/\/(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?(\/[^\s;,]*)?|data:|blob:)$/,
                'must be a source such as https://images.example.com, data: or blob:',
              ),
          )
          .max(200),
      )
      .default({})
      .describe('Sources that the policy of `csp_nonce` allows beyond its own, by directive.'),
    csp_reports: z
      .enum(['on', 'off'])
      .default('on')
      .describe(
        'Where `csp_nonce` is not `off`: browsers are asked to report what they blocked, and what pages hold is counted; see `ringwall csp`.',
      ),
    uploads: uploadsSchema.describe('Inspection of uploads before their first byte reaches the application.'),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const applicationRouteKeys = {
  cross_site: z
    .enum(['refuse', 'allow'])
    .optional()
    .describe('`allow` for webhooks and public forms: requests from other sites are not refused.'),
  content_types: z
    .array(
      z
        .string()
        .regex(
          /^[a-z0-9.+-]+\/([a-z0-9.+-]+|\*)$/,
          'must be a media type such as application/json or image/*',
        ),
    )
    .optional()
    .describe('Media types of request bodies that this route takes. Not given: any.'),
  uploads: uploadsRouteKey,
}

/** `security.application`, parsed. */
export type ApplicationConfig = z.output<typeof applicationSchema>
/** What this wall reads of a route. */
export type ApplicationRouteConfig = z.output<z.ZodObject<typeof applicationRouteKeys>>
