import { z } from '../core/schema.ts'
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
