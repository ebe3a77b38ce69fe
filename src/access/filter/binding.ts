import type { Env } from '../cedar/environment.ts'

/** What a plan is bound to: what is known of the request, and a source of names for tables in sub-selects. */
export interface Binding {
  readonly env: Env
  /** A new name; the same plan gives the same names in the same order. */
  alias(): string
}
