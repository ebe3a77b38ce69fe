import { createHash } from 'node:crypto'

import { type Clock, systemClock } from '../core/clock.ts'
import { RingwallError } from '../core/errors.ts'
import type { DataKeys } from './data-keys.ts'

/** What the audit log keeps of a destruction. It names no personal data unless the scope does. */
export interface ShredReceipt {
  readonly kind: 'data.shredded'
  readonly scope: string
  readonly keyIds: readonly string[]
  readonly destroyedMs: number
  readonly by: string
  readonly reason: string
  /** SHA-256 over the fields above as JSON: an entry of the log can be compared with a receipt that was handed out. */
  readonly digest: string
}

/**
 * Destroys the data keys of a subject or tenant: whatever was encrypted with them, wherever it was copied to, is not readable
 * any more, and nothing is encrypted for it again. Cannot reach: backups of the key table (they end with their
 * retention, or with the wrapping key), and the search tokens of the rows: delete the rows, or set their search columns to NULL.
 */
export async function shred(
  keys: DataKeys,
  scope: string,
  options: { readonly by: string; readonly reason: string; readonly clock?: Clock },
): Promise<ShredReceipt> {
  const { by, reason, clock = systemClock } = options
  const stored = await keys.destroy(scope)
  if (stored.length === 0)
    throw new RingwallError('data.no-scope', `there was never a key of \`${scope}\`; check its spelling`)
  const left = stored.filter((key) => key.wrapped !== '')
  if (left.length > 0)
    throw new RingwallError(
      'data.not-shredded',
      `${left.length} keys of \`${scope}\` are still there; run it again`,
    )
  const destroyedMs = Math.max(...stored.map((key) => key.destroyedMs ?? clock.now()))
  const fields = {
    kind: 'data.shredded',
    scope,
    keyIds: stored.map((key) => key.id).sort(),
    destroyedMs,
    by,
    reason,
  } as const
  return { ...fields, digest: createHash('sha256').update(JSON.stringify(fields)).digest('base64url') }
}
