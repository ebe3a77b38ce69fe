import {
  type AccessReview,
  DecisionTally,
  type Grant,
  Rbac,
  reviewAccess,
  type ReviewSubjectHolding,
  reviewRoles,
  RoleOrigins,
  type RoleReview,
} from './access/index.ts'
import { type AuditFilter, queryAudit } from './audit/index.ts'
import type { Config } from './config/index.ts'
import { accountHoldings, type Holding } from './core/holding.ts'
import { rolesOfRealm, when } from './grant-desk.ts'
import type { Account } from './identity/index.ts'
import type { Kept } from './kept.ts'
import type { Database } from './store/index.ts'

/** The accounts of a realm by their ids. */
export type Who = ReadonlyMap<string, Account>

/** A review of what is stored: who has what, what of it nobody needs, and which roles are too wide. */
export interface StoredReview {
  readonly review: AccessReview
  readonly roles: RoleReview
  readonly who: Who
}

const PAGE = 10_000
const REALMS = ['site', 'operator'] as const

/** Reviews one realm by the decisions that the audit log has from `fromMs` on. */
export async function reviewStored(
  { security }: Config,
  kept: Kept,
  realm: Account['realm'],
  { fromMs, nowMs }: { readonly fromMs: number; readonly nowMs: number },
): Promise<StoredReview> {
  const { database } = kept.store
  const all = await Promise.all(REALMS.map((one) => kept.accounts(one).list(100_000)))
  const who = new Map(all.flat().flatMap((one) => (one.realm === realm ? [[one.id, one]] : [])))
  const others = new Set(all.flat().flatMap((one) => (one.realm === realm ? [] : [one.id])))
  const grants = (await kept.grants.list()).filter(({ subject }) => !others.has(subject))
  const decisions = new DecisionTally()
  await eachEvent(database, { kind: 'exchange', sinceMs: fromMs }, (event) => {
    if (event.subject === null || !others.has(event.subject)) decisions.add(event)
  })
  const origins = new RoleOrigins()
  for (const kind of ['identity.account-created', 'identity.roles-changed'])
    await eachEvent(database, { kind }, (event) => origins.add(event))
  const [first] = await queryAudit(database, { limit: 1 })
  const known = new Map(grants.map((grant) => [grant.id, holdingOf(grant)]))
  const rules = rolesOfRealm(security.authorization, realm)
  const review = reviewAccess({
    holdings: [...ofAccounts(who, origins), ...ofGrants(grants, who, nowMs)],
    decisions,
    known,
    rbac: new Rbac(rules.roles, rules.permissions, rules.inherits),
    fromMs,
    logStartMs: first?.atMs ?? nowMs,
    nowMs,
  })
  return { review, roles: reviewRoles({ ...rules, decisions, known }), who }
}

/** Every event of a kind, in pages, so that a long log is not in memory at once. */
async function eachEvent(
  database: Database,
  filter: AuditFilter,
  see: (event: Awaited<ReturnType<typeof queryAudit>>[number]) => void,
): Promise<void> {
  for (let afterSeq = 0; ;) {
    const events = await queryAudit(database, { ...filter, afterSeq, limit: PAGE })
    for (const event of events) see(event)
    const last = events.at(-1)
    if (!last || events.length < PAGE) return
    afterSeq = last.seq
  }
}

function ofAccounts(who: Who, origins: RoleOrigins): readonly ReviewSubjectHolding[] {
  return [...who.values()].flatMap((account) =>
    accountHoldings(account.roles).map((holding): ReviewSubjectHolding => {
      const origin = origins.of(account.id, holding.name)
      return {
        subject: account.id,
        holding,
        source: 'account',
        grantedBy: origin?.by ?? null,
        approvedBy: null,
        reason: null,
        grantedMs: origin?.atMs ?? account.createdMs,
        lastUsedMs: null,
        isOrphan: false,
      }
    }),
  )
}

function ofGrants(grants: readonly Grant[], who: Who, nowMs: number): readonly ReviewSubjectHolding[] {
  return grants
    .filter((grant) => grant.revokedMs === null && (grant.expiresMs === null || nowMs < grant.expiresMs))
    .map((grant) => ({
      subject: grant.subject,
      holding: holdingOf(grant),
      source: grant.isElevation ? 'elevation' : 'grant',
      grantedBy: grant.grantedBy,
      approvedBy: grant.approvedBy,
      reason: grant.reason,
      grantedMs: grant.grantedMs,
      lastUsedMs: grant.lastUsedMs,
      isOrphan: !who.has(grant.subject),
    }))
}

function holdingOf({ id, kind, name, resourceType, resourceId, expiresMs }: Grant): Holding {
  return {
    id,
    kind,
    name,
    ...(resourceType !== null && { resourceType }),
    ...(resourceId !== null && { resourceId }),
    ...(expiresMs !== null && { expiresMs }),
  }
}

/** What a review found and how that was proven, in sentences. */
export function proofText({ lines, proof }: AccessReview): string {
  const canGo = lines.filter((line) => line.advice === 'can go').length
  const { decisions, distinct, same, otherAlready, otherWithout, unknown } = proof
  const remarks = [
    `${same} the same as recorded`,
    `${otherWithout} another answer for lack of them`,
    ...(otherAlready > 0 ? [`${otherAlready} another answer already with them, by the roles of today`] : []),
    ...(unknown > 0 ? [`${unknown} that cannot be made again`] : []),
  ]
  return [
    `${canGo} of ${lines.length} can be taken away.`,
    `Proof: ${decisions} decisions (${distinct} different) recorded from ${when(proof.fromMs, '-')} to ${when(proof.untilMs, '-')}`,
    `were made again without all of these at once: ${remarks.join(', ')}.`,
  ].join('\n')
}
