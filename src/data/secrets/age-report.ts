import type { Secret } from '../../core/secret.ts'
import { secretParts } from './fields.ts'

/** What is known of one secret. */
export interface SecretFacts {
  /** Its reference, or `keyring:PURPOSE`. */
  readonly secret: string
  /** Keys of the configuration and names of who uses it. */
  readonly usedBy: readonly string[]
  readonly everyDays: number
  readonly changedMs?: number | undefined
  /** Why it cannot be had. */
  readonly fault?: string | undefined
  readonly value?: Secret | undefined
}

/** One row of the report. */
export interface SecretAge {
  readonly secret: string
  readonly used_by: readonly string[]
  readonly last_rotated: string | null
  readonly age_days: number | null
  readonly due: string | null
  readonly state: 'ok' | 'due-soon' | 'overdue' | 'unknown' | 'missing'
  /** What else is wrong: short, the same as another, used by nobody. */
  readonly notes: readonly string[]
}

const DAY_MS = 86_400_000
const SOON_DAYS = 14
const SHORT = 16

/** How old every secret is, worst first. */
export function reportAges(facts: readonly SecretFacts[], nowMs: number): readonly SecretAge[] {
  const order: readonly SecretAge['state'][] = ['missing', 'overdue', 'due-soon', 'unknown', 'ok']
  const owners = new Map<string, string[]>()
  for (const { secret, value } of facts) {
    const known = value && (owners.get(value.reveal()) ?? [])
    if (known) owners.set(value.reveal(), [...known, secret])
  }
  return facts
    .map((one) => ageOf(one, owners, nowMs))
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (b.age_days ?? 0) - (a.age_days ?? 0))
}

function ageOf(one: SecretFacts, owners: ReadonlyMap<string, readonly string[]>, nowMs: number): SecretAge {
  const { secret, usedBy, everyDays, changedMs, fault, value } = one
  const dueMs = changedMs === undefined ? undefined : changedMs + everyDays * DAY_MS
  const twins = value ? (owners.get(value.reveal()) ?? []).filter((other) => other !== secret) : []
  const shortest = value && Math.min(...secretParts(value.reveal()).map((part) => part.length))
  return {
    secret,
    used_by: usedBy,
    last_rotated: dateOf(changedMs),
    age_days: changedMs === undefined ? null : Math.max(0, Math.floor((nowMs - changedMs) / DAY_MS)),
    due: dateOf(dueMs),
    state: fault === undefined ? stateOf(dueMs, nowMs) : 'missing',
    notes: [
      ...(fault === undefined ? [] : [fault]),
      ...(shortest !== undefined && shortest < SHORT ? [`${shortest} characters are few`] : []),
      ...twins.map((twin) => `the same value as ${twin}`),
      ...(usedBy.length === 0 ? ['nothing is known to use it'] : []),
    ],
  }
}

function stateOf(dueMs: number | undefined, nowMs: number): SecretAge['state'] {
  if (dueMs === undefined) return 'unknown'
  if (dueMs <= nowMs) return 'overdue'
  return dueMs - nowMs < SOON_DAYS * DAY_MS ? 'due-soon' : 'ok'
}

function dateOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString().slice(0, 10)
}
