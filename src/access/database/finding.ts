/** Something about a database that is not as it should be. */
export interface Finding {
  /** `missing` and `extra` privileges or objects, `changed` ones, `weak` by a lint, `attempt` by trying. */
  readonly kind: 'missing' | 'extra' | 'changed' | 'weak' | 'attempt'
  readonly what: string
  /** SQL, or what to do. */
  readonly fix: string
  /** Of a lint: its stable name. */
  readonly id?: string
  /** Of a lint: what it can lead to. */
  readonly why?: string
}
