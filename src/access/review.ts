import type { Holding } from '../core/holding.ts'
import type { AccessDecision } from '../core/trace.ts'
import { giversOf } from './grants-in-force.ts'
import type { Rbac } from './rbac.ts'
import { type DecisionTally, holdingsIn, type TalliedDecision } from './review-log.ts'

/** One thing that one subject holds, with what is known of it. */
export interface ReviewSubjectHolding {
  readonly subject: string
  readonly holding: Holding
  readonly source: 'account' | 'grant' | 'elevation'
  readonly grantedBy: string | null
  readonly approvedBy: string | null
  readonly reason: string | null
  readonly grantedMs: number | null
  readonly lastUsedMs: number | null
  /** Nobody can sign in as this subject any more. */
  readonly isOrphan: boolean
}

/**
 * `needed`: some recorded decisions would have been others without it. `can go`: none would, also when everything else
 * that can go is gone. `too new`: none, but it was not there for the whole time. `unproven`: the log does not say enough.
 */
export type Advice = 'needed' | 'can go' | 'too new' | 'unproven'

/** One line of an access review. */
export interface ReviewLine extends ReviewSubjectHolding {
  readonly advice: Advice
  /** How many recorded decisions it allowed, alone or with others. */
  readonly uses: number
  /** How many recorded decisions would have been others without it. */
  readonly changes: number
}

/** That what can go can go: every decision made again without all of it at once. */
export interface ReviewProof {
  readonly fromMs: number
  readonly untilMs: number
  /** How many recorded decisions were made again, and how many different ones those were. */
  readonly decisions: number
  readonly distinct: number
  /** The same answer as recorded. */
  readonly same: number
  /** Another answer than recorded: already with everything, since roles were changed after they were recorded. */
  readonly otherAlready: number
  /** Another answer because of what would go. Always 0, or something is wrong. */
  readonly otherWithout: number
  /** Could not be made again: a grant in them is not known any more. */
  readonly unknown: number
}

/** The review: who holds what, and what can be taken away. */
export interface AccessReview {
  readonly lines: readonly ReviewLine[]
  readonly proof: ReviewProof
}

/** Makes a recorded decision again with other holdings. */
export type DecideAgain = (holdings: readonly Holding[], decision: AccessDecision) => boolean

/** Decides by roles and grants. What was held when it was recorded was in force then. */
export function decideByRoles(rbac: Rbac): DecideAgain {
  return (holdings, { permission, resource }) =>
    giversOf(rbac, holdings, { permission, nowMs: 0, ...(resource && { resource }) }).length > 0
}

interface Replay {
  readonly tallied: TalliedDecision
  /** What was held; undefined where some of it is not known. */
  readonly holdings: readonly Holding[] | undefined
  /** What today's roles answer with everything that was held. */
  readonly now: boolean
}

/**
 * Reviews what subjects hold against the decisions that were recorded from `fromMs` on. Of several that give the same
 * the most powerful is taken away, since what is left shall be the least (NIST SP 800-53 AC-6, AC-2 j).
 */
export function reviewAccess({
  holdings,
  decisions,
  known,
  rbac,
  decide = decideByRoles(rbac),
  fromMs,
  logStartMs,
  nowMs,
}: {
  readonly holdings: readonly ReviewSubjectHolding[]
  readonly decisions: DecisionTally
  /** Every stored grant there ever was, by its id. */
  readonly known: ReadonlyMap<string, Holding>
  readonly rbac: Rbac
  /** How decisions are made again; by roles and grants alone unless said otherwise. */
  readonly decide?: DecideAgain
  readonly fromMs: number
  /** When the log begins. */
  readonly logStartMs: number
  readonly nowMs: number
}): AccessReview {
  const recorded = decisions.bySubject()
  const proof = { same: 0, otherAlready: 0, otherWithout: 0, unknown: 0 }
  const lines: ReviewLine[] = []
  const bySubject = Map.groupBy(holdings, ({ subject }) => subject)
  for (const subject of new Set([...bySubject.keys(), ...recorded.keys()])) {
    const replays = (recorded.get(subject) ?? []).map((tallied) => replayOf(tallied, known, decide))
    const removed = new Set<string>()
    const isNew = ({ grantedMs }: ReviewSubjectHolding): boolean =>
      Math.max(grantedMs ?? nowMs, logStartMs) > fromMs
    const judged = (bySubject.get(subject) ?? [])
      .map((one) => ({ one, ...usesOf(one.holding, replays, decide) }))
      .toSorted((a, b) => powerOf(rbac, b.one.holding) - powerOf(rbac, a.one.holding) || a.uses - b.uses)
    for (const { one, uses, lastMs } of judged) {
      const { id } = one.holding
      const changes = changesWithout(replays, removed.union(new Set([id])), decide)
      const isKnown = decisions.isComplete(subject) && isReplayed(id, replays)
      const advice = adviceOf(changes, isKnown, isNew(one), one.isOrphan)
      if (advice === 'can go' && changes === 0) removed.add(id)
      lines.push({ ...one, lastUsedMs: latest(one.lastUsedMs, lastMs), advice, uses, changes })
    }
    for (const replay of replays) proof[outcomeOf(replay, removed, decide)] += replay.tallied.count
  }
  const { count, distinct } = decisions
  return {
    lines,
    proof: { fromMs: Math.max(fromMs, logStartMs), untilMs: nowMs, decisions: count, distinct, ...proof },
  }
}

function adviceOf(changes: number, isKnown: boolean, isNew: boolean, isOrphan: boolean): Advice {
  if (isOrphan) return 'can go'
  if (changes > 0) return 'needed'
  if (!isKnown) return 'unproven'
  return isNew ? 'too new' : 'can go'
}

function replayOf(
  tallied: TalliedDecision,
  known: ReadonlyMap<string, Holding>,
  decide: DecideAgain,
): Replay {
  const holdings = holdingsIn(tallied.decision, known)
  return { tallied, holdings, now: holdings ? decide(holdings, tallied.decision) : tallied.decision.allowed }
}

/** How much a holding gives: for everything before for a type before for one resource, then by how many permissions. */
function powerOf(rbac: Rbac, { kind, name, resourceType, resourceId }: Holding): number {
  const reach = resourceType === undefined ? 2 : resourceId === undefined ? 1 : 0
  return reach * 1e6 + (kind === 'permission' ? 1 : rbac.permissionsOf([name]).size)
}

/** What allowed something by itself was used, even where something else would have done. */
function usesOf(
  holding: Holding,
  replays: readonly Replay[],
  decide: DecideAgain,
): { readonly uses: number; readonly lastMs: number | null } {
  let uses = 0
  let lastMs: number | null = null
  for (const { tallied, holdings } of replays) {
    const held = holdings?.find(({ id }) => id === holding.id)
    if (!held || !tallied.decision.allowed || !decide([held], tallied.decision)) continue
    uses += tallied.count
    lastMs = latest(lastMs, tallied.lastMs)
  }
  return { uses, lastMs }
}

function changesWithout(
  replays: readonly Replay[],
  removed: ReadonlySet<string>,
  decide: DecideAgain,
): number {
  return replays
    .filter((replay) => outcomeOf(replay, removed, decide) === 'otherWithout')
    .reduce((sum, { tallied }) => sum + tallied.count, 0)
}

function outcomeOf(
  { tallied, holdings, now }: Replay,
  removed: ReadonlySet<string>,
  decide: DecideAgain,
): 'same' | 'otherAlready' | 'otherWithout' | 'unknown' {
  if (!holdings) return 'unknown'
  const { decision } = tallied
  const rest = holdings.filter(({ id }) => !removed.has(id))
  const without = rest.length === holdings.length ? now : decide(rest, decision)
  if (without !== now) return 'otherWithout'
  return now === decision.allowed ? 'same' : 'otherAlready'
}

function isReplayed(id: string, replays: readonly Replay[]): boolean {
  return replays.every(
    ({ tallied, holdings }) => holdings !== undefined || !tallied.decision.held.includes(id),
  )
}

function latest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}
