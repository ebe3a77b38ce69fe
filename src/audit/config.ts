import { duration, z } from '../core/schema.ts'

/** `security.audit`. */
export const auditSchema = z
  .strictObject({
    on_failure: z
      .enum(['refuse', 'serve_and_alarm'])
      .default('refuse')
      .describe('What happens to requests while the audit log cannot be written.'),
    flush: duration({ min: '10ms', max: '10s' })
      .prefault('1s')
      .describe(
        'Ordinary passes are on disk within this time; refusals and sign-ins are before they are answered.',
      ),
    queue: z
      .number()
      .int()
      .min(100)
      .max(1_000_000)
      .default(50_000)
      .describe('Records that may wait for the disk; when it is full the log counts as not writable.'),
  })
  .prefault({})

/** `security.audit`, parsed. */
export type AuditConfig = z.output<typeof auditSchema>
