import type { RefusalCode } from './refusals.ts'
import type { Reply } from './reply.ts'

/** The wall has no objection. */
export interface Pass {
  readonly kind: 'pass'
}

/** The wall says no. `detail` is for the audit log and never leaves; `headers` go out with the refusal. */
export interface Refuse {
  readonly kind: 'refuse'
  readonly code: RefusalCode
  readonly detail: string
  /** Flat list of fields such as Retry-After, WWW-Authenticate, Allow. */
  readonly headers: readonly string[]
  /** Members of the problem+json beside code, title and id: what a client must know to ask rightly. Never a value that it sent. */
  readonly told?: Readonly<Record<string, unknown>>
}

/** The wall answers itself: a redirect, a page. */
export interface Answer {
  readonly kind: 'answer'
  readonly reply: Reply
}

/** What a wall returns. */
export type Verdict = Pass | Refuse | Answer

/** No objection. */
export const pass: Pass = Object.freeze({ kind: 'pass' })

/** Says no with a row of the catalogue. The detail is recorded, never sent. */
export function refuse(code: RefusalCode, detail: string, headers: readonly string[] = []): Refuse {
  return { kind: 'refuse', code, detail, headers }
}

/** Answers in place of the application. */
export function answer(reply: Reply): Answer {
  return { kind: 'answer', reply }
}
