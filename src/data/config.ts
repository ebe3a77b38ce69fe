import { z } from '../core/schema.ts'
import { replyMaskSchema } from './mask-reply.ts'

/** `security.encryption`, the guide's section. */
export const encryptionSchema = z
  .strictObject({
    algorithm: z
      .literal('AES-256-GCM')
      .default('AES-256-GCM')
      .describe('Cipher of encrypted fields; there is no other.'),
    key_rotation_days: z
      .number()
      .int()
      .min(1)
      .max(3650)
      .default(90)
      .describe('Age in days at which `ringwall key status` says that a key is due for rotation.'),
  })
  .prefault({})

/** `security.data`. */
export const dataSchema = z
  .strictObject({
    mask_logs: z
      .boolean()
      .default(true)
      .describe(
        'Mask personal data in logs and audit details: e-mail addresses, phone, card and social security numbers and other kinds. Loaded secrets are masked always.',
      ),
  })
  .prefault({})

/** Keys of a route that this wall reads. */
export const dataRouteKeys = {
  data_role: z
    .enum(['reader', 'writer', 'none'])
    .optional()
    .describe('The database role that this route needs; told to the application as `Ringwall-Data-Role`.'),
  mask: replyMaskSchema.optional().describe('Masking of fields in the answers of this route, by role.'),
}

/** `security.data`, parsed. */
export type DataConfig = z.output<typeof dataSchema>
/** What this wall reads of a route. */
export type DataRouteConfig = z.output<z.ZodObject<typeof dataRouteKeys>>
