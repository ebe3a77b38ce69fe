import type { Exchange } from './core/exchange.ts'
import type { Reply } from './core/reply.ts'
import type { Refuse } from './core/verdict.ts'
import type { AuditRecord } from './core/watch.ts'

/** How an exchange ended, as far as it is known when it is recorded. */
export interface Outcome {
  readonly verdict: 'pass' | 'refuse' | 'answer' | 'aborted'
  readonly wall?: string
  readonly refusal?: Refuse
}

/** What went over the wire. */
export interface Sent {
  readonly bytesOut: number
  /** The client went away, or the application broke off, before the end. */
  readonly aborted: boolean
}

/** The one line of the audit log for an exchange, and one for each security event in it. */
export function recordsOf(
  exchange: Exchange,
  reply: Reply,
  outcome: Outcome,
  elapsedMs: number,
  sent?: Sent,
): AuditRecord[] {
  const { id, startedMs: atMs } = exchange
  const who = { ip: exchange.client.ip, ...(exchange.subject && { subject: exchange.subject.id }) }
  const path = exchange.target.ok ? exchange.target.path : cutQuery(exchange.raw.target)
  const line: AuditRecord = {
    id,
    atMs,
    kind: 'exchange',
    ...who,
    method: exchange.method,
    host: exchange.host.ok ? exchange.host.name : '',
    path,
    status: reply.status,
    verdict: sent?.aborted === true ? 'aborted' : outcome.verdict,
    ...(outcome.wall !== undefined && { wall: outcome.wall }),
    ...(outcome.refusal && { code: outcome.refusal.code, detail: outcome.refusal.detail }),
    durationMicros: Math.round(elapsedMs * 1000),
    bytesIn: exchange.body.receivedBytes,
    bytesOut: sent?.bytesOut ?? 0,
    trace: exchange.trace.steps,
    ...(exchange.certificate && {
      data: {
        certificate: exchange.certificate.fingerprint,
        certificate_subject: exchange.certificate.subject,
      },
    }),
  }
  const events = exchange.events.map((event): AuditRecord => ({
    id,
    atMs,
    kind: event.kind,
    ...who,
    ...(event.subject !== undefined && { subject: event.subject }),
    path,
    verdict: event.outcome,
    ...(event.data && { data: event.data }),
  }))
  return [line, ...events]
}

function cutQuery(rawTarget: string): string {
  const at = rawTarget.search(/[?#]/)
  return at < 0 ? rawTarget : rawTarget.slice(0, at)
}
