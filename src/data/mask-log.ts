import { createMasker, type Masker, type MaskerOptions } from './masker.ts'

/** What pino takes to mask all that it writes: `pino({ ...createLogMask() })`. */
export interface LogMask {
  readonly formatters: {
    /** Masks what is logged, before it is written as JSON. */
    readonly log: (object: Record<string, unknown>) => Record<string, unknown>
    /** Masks what a child logger always writes. */
    readonly bindings: (object: Record<string, unknown>) => Record<string, unknown>
  }
  readonly hooks: {
    /** Masks the line: message, stack, and text within fields. */
    readonly streamWrite: (line: string) => string
  }
}

/**
 * Masking for pino, without paths: sensitive fields by name at any depth, errors with their causes, and then the line as text,
 * so that a secret in a message or in the text of a field is masked as well. `lines: false` leaves text alone, for speed.
 */
export function createLogMask(options: MaskerOptions & { readonly lines?: boolean } = {}): LogMask {
  const masker = createMasker({ ...options, strings: 'leave' })
  return {
    formatters: {
      log: (object) => maskRecord(masker, object),
      bindings: (object) => maskRecord(masker, object),
    },
    hooks: { streamWrite: options.lines === false ? (line) => line : masker.text },
  }
}

function maskRecord(masker: Masker, object: Record<string, unknown>): Record<string, unknown> {
  const masked = masker.value(object)
  return typeof masked === 'object' && masked !== null ? (masked as Record<string, unknown>) : { masked }
}
