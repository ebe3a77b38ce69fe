import type { Step } from '../core/trace.ts'
import type { SecurityEvent } from '../core/watch.ts'
import type { AuditRow, Database } from '../store/index.ts'

/** Which lines of the log to show. All that are given must hold. */
export interface AuditFilter {
  readonly id?: string
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly code?: string
  readonly subject?: string
  readonly ip?: string
  readonly kind?: string
  readonly verdict?: string
  /** Only lines after this one. */
  readonly afterSeq?: number
  /** At most 10,000; 100 if not given. */
  readonly limit?: number
  /** `newest` gives the last lines, but still in the order of time. */
  readonly take?: 'oldest' | 'newest'
}

/** One line of the log as it was written. */
export interface AuditEvent {
  readonly seq: number
  readonly id: string
  readonly atMs: number
  readonly kind: string
  readonly subject: string | null
  readonly ip: string | null
  readonly method: string | null
  readonly host: string | null
  readonly path: string | null
  readonly status: number | null
  readonly verdict: string
  readonly wall: string | null
  readonly code: string | null
  readonly detail: string | null
  readonly durationMicros: number | null
  readonly bytesIn: number | null
  readonly bytesOut: number | null
  readonly trace: readonly Step[] | null
  readonly data: SecurityEvent['data'] | null
}

const MAX_LIMIT = 10_000

/** Reads lines of the log, in the order in which they were written. */
export async function queryAudit(
  database: Database,
  filter: AuditFilter = {},
): Promise<readonly AuditEvent[]> {
  let query = database.kysely.selectFrom('audit_events').selectAll()
  if (filter.id !== undefined) query = query.where('id', '=', filter.id)
  if (filter.sinceMs !== undefined) query = query.where('at', '>=', filter.sinceMs)
  if (filter.untilMs !== undefined) query = query.where('at', '<', filter.untilMs)
  if (filter.code !== undefined) query = query.where('code', '=', filter.code)
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject)
  if (filter.ip !== undefined) query = query.where('ip', '=', filter.ip)
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.verdict !== undefined) query = query.where('verdict', '=', filter.verdict)
  if (filter.afterSeq !== undefined) query = query.where('seq', '>', filter.afterSeq)
  const newest = filter.take === 'newest'
  const rows = await query
    .orderBy('seq', newest ? 'desc' : 'asc')
    .limit(Math.min(filter.limit ?? 100, MAX_LIMIT))
    .execute()
  const events = rows.map((row) => eventOf(row as AuditRow & { seq: number }))
  return newest ? events.toReversed() : events
}

function eventOf(row: AuditRow & { readonly seq: number }): AuditEvent {
  const {
    at,
    duration_us: durationMicros,
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    trace,
    data,
    ...rest
  } = row
  return {
    ...rest,
    atMs: at,
    durationMicros,
    bytesIn,
    bytesOut,
    trace: trace === null ? null : (JSON.parse(trace) as Step[]),
    data: data === null ? null : (JSON.parse(data) as SecurityEvent['data']),
  }
}
