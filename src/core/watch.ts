import type { Step } from './trace.ts'

/** Something about people or configuration that must be in the log before it is answered. */
export interface SecurityEvent {
  /** `room.what-happened`, for example `identity.signed-in`. */
  readonly kind: string
  readonly outcome: 'success' | 'failure'
  readonly subject?: string
  /** Facts for investigators. Never a secret. */
  readonly data?: Readonly<Record<string, string | number | boolean | null>>
}

/** One line of the audit log: an exchange, or an event outside of any exchange (a start, a reload). */
export interface AuditRecord {
  readonly id: string
  readonly atMs: number
  /** `exchange`, or the kind of the security event. */
  readonly kind: string
  readonly subject?: string
  readonly ip?: string
  readonly method?: string
  readonly host?: string
  /** The path without its query; what a query held is never logged whole. */
  readonly path?: string
  readonly status?: number
  readonly verdict: 'pass' | 'refuse' | 'answer' | 'success' | 'failure' | 'aborted'
  readonly wall?: string
  readonly code?: string
  readonly detail?: string
  readonly durationMicros?: number
  readonly bytesIn?: number
  readonly bytesOut?: number
  readonly trace?: readonly Step[]
  readonly data?: SecurityEvent['data']
}

/** The watch: sees everything and stops nothing; the flow refuses when it cannot write, if so configured. */
export interface Watch {
  /** False while records cannot be written. */
  healthy(): boolean
  /**
   * Resolves when every record is on disk. For refusals and security events. Rejects when they could not be written now; they
   * stay queued and are written once that works again.
   */
  recordDurably(records: readonly AuditRecord[]): Promise<void>
  /** Written within the configured window. For ordinary passes. */
  record(record: AuditRecord): void
}
