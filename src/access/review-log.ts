import { accountHoldings, type Holding } from '../core/holding.ts'
import type { AccessDecision, Step } from '../core/trace.ts'

/** One decision as often as it was made: the same subject, question, holdings and answer. */
export interface TalliedDecision {
  readonly subject: string
  readonly decision: AccessDecision
  readonly count: number
  readonly lastMs: number
}

/** The part of a line of the audit log that a review reads. */
export interface DecisionLine {
  readonly subject: string | null
  readonly atMs: number
  readonly trace: readonly Step[] | null
}

const MAX_DISTINCT = 200_000

/** The recorded decisions of the audit log, each kind once with its number, so that a long log fits into memory. */
export class DecisionTally {
  readonly #tallied = new Map<
    string,
    { decision: TalliedDecision['decision']; subject: string; count: number; lastMs: number }
  >()
  readonly #incomplete = new Set<string>()
  #count = 0

  add({ subject, atMs, trace }: DecisionLine): void {
    if (subject === null || trace === null) return
    for (const decision of trace.flatMap((step) => step.decisions ?? [])) {
      this.#count++
      const { permission, resource, allowed, held, isCut } = decision
      const key = JSON.stringify([subject, permission, resource?.type, resource?.id, allowed, held, isCut])
      const known = this.#tallied.get(key)
      if (known) {
        known.count++
        known.lastMs = Math.max(known.lastMs, atMs)
      } else if (this.#tallied.size < MAX_DISTINCT) {
        this.#tallied.set(key, { subject, decision, count: 1, lastMs: atMs })
      } else this.#incomplete.add(subject)
      if (isCut === true) this.#incomplete.add(subject)
    }
  }

  /** How many decisions were recorded, all told. */
  get count(): number {
    return this.#count
  }

  /** How many different ones. */
  get distinct(): number {
    return this.#tallied.size
  }

  /** Whether everything that was decided about a subject is here with everything that it rested on. */
  isComplete(subject: string): boolean {
    return !this.#incomplete.has(subject)
  }

  /** Whether that is so of every subject. */
  get isWhole(): boolean {
    return this.#incomplete.size === 0
  }

  /** The decisions of each subject. */
  bySubject(): ReadonlyMap<string, readonly TalliedDecision[]> {
    return Map.groupBy(this.#tallied.values(), ({ subject }) => subject)
  }
}

/** What a decision rested on; undefined where some of it is not known any more. `known`: every stored grant by its id. */
export function holdingsIn(
  { held }: AccessDecision,
  known: ReadonlyMap<string, Holding>,
): readonly Holding[] | undefined {
  const found = held.flatMap((id) =>
    id.startsWith('account:') ? accountHoldings([id.slice('account:'.length)]) : (known.get(id) ?? []),
  )
  return found.length < held.length ? undefined : found
}

/** A line of the audit log about the roles of an account. */
export interface RolesLine {
  readonly subject: string | null
  readonly atMs: number
  readonly data: Readonly<Record<string, string | number | boolean | null>> | null | undefined
}

/** Who gave an account its roles, and when: read from the events that say which roles it has from then on. */
export class RoleOrigins {
  readonly #origins = new Map<string, ReadonlyMap<string, { readonly by: string; readonly atMs: number }>>()

  /** In the order of time: `identity.account-created`, `identity.roles-changed`. */
  add({ subject, atMs, data }: RolesLine): void {
    if (subject === null || typeof data?.['roles'] !== 'string') return
    const before = this.#origins.get(subject)
    const given = { by: String(data['by'] ?? 'unknown'), atMs }
    const roles = data['roles'].split(',').filter((role) => role !== '')
    this.#origins.set(subject, new Map(roles.map((role) => [role, before?.get(role) ?? given])))
  }

  of(subject: string, role: string): { readonly by: string; readonly atMs: number } | undefined {
    return this.#origins.get(subject)?.get(role)
  }
}
