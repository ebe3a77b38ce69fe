import { Command, Option } from 'commander'

import {
  type AccessReview,
  DecisionTally,
  reviewAccess,
  type ReviewLine,
  type ReviewSubjectHolding,
  RoleOrigins,
  type RoleReview,
  reviewRoles,
} from '../../access/index.ts'
import { type AuditFilter, queryAudit } from '../../audit/index.ts'
import { accountHoldings, type Holding } from '../../core/holding.ts'
import { parseDuration } from '../../core/units.ts'
import type { Database } from '../../store/index.ts'
import type { Account } from '../../identity/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { withDatabase } from '../audit-database.ts'
import type { CommandContext } from '../main.ts'
import { columns, type Terminal } from '../terminal.ts'
import { csvOf } from './access-csv.ts'
import { atGrantDesk, type GrantDesk, scopeOf, when } from './grant-desk.ts'

interface Options {
  readonly config?: string
  readonly since: string
  readonly format: 'table' | 'csv' | 'json'
  readonly strict?: boolean
}

const PAGE = 10_000

/** `ringwall access`: who has what, and what of it nobody needs. */
export function accessCommand({ terminal, exit }: CommandContext): Command {
  const access = new Command('access').description('review who has which roles and permissions')
  access
    .command('review')
    .description(
      'who has what, given by whom, last used when, and what can be taken away without changing a recorded decision',
    )
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--since <when>', 'how far back to look: 7d, 90d', '90d')
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['table', 'csv', 'json']).default('table'),
    )
    .option('--strict', 'exit with 1 when something can be taken away')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall access review\n  ringwall access review --since 30d --format csv > review.csv',
    )
    .action(async (options: Options) => {
      const sinceMs = parseDuration(options.since)
      if (sinceMs === undefined)
        throw new RingwallError('cli.time', `\`${options.since}\` is not a length of time; write 7d or 90d`)
      // To read must not make: where there is no store, there is nothing to review.
      await withDatabase(options, async () => undefined)
      await atGrantDesk(options, async (desk) => {
        const { review, roles, who } = await reviewOf(desk, Date.now() - sinceMs)
        const canGo = review.lines.filter((line) => line.advice === 'can go').length
        await desk.record('access.reviewed', desk.by, {
          holdings: review.lines.length,
          can_go: canGo,
          decisions: review.proof.decisions,
        })
        print(terminal, options.format, review, roles, who)
        if (options.strict === true && canGo > 0) exit(1)
      })
    })
  return access
}

type Who = ReadonlyMap<string, Account>

async function reviewOf(
  { kept, rbac, config }: GrantDesk,
  fromMs: number,
): Promise<{ readonly review: AccessReview; readonly roles: RoleReview; readonly who: Who }> {
  const { database } = kept.store
  const accounts = (
    await Promise.all((['site', 'operator'] as const).map((realm) => kept.accounts(realm).list(100_000)))
  ).flat()
  const who = new Map(accounts.map((account) => [account.id, account]))
  const grants = await kept.grants.list()
  const decisions = new DecisionTally()
  await eachEvent(database, { kind: 'exchange', sinceMs: fromMs }, (event) => decisions.add(event))
  const origins = new RoleOrigins()
  for (const kind of ['identity.account-created', 'identity.roles-changed'])
    await eachEvent(database, { kind }, (event) => origins.add(event))
  const [first] = await queryAudit(database, { limit: 1 })
  const nowMs = Date.now()
  const known = new Map(grants.map((grant) => [grant.id, holdingOf(grant)]))
  const review = reviewAccess({
    holdings: [...ofAccounts(accounts, origins), ...ofGrants(grants, who, nowMs)],
    decisions,
    known,
    rbac,
    fromMs,
    logStartMs: first?.atMs ?? nowMs,
    nowMs,
  })
  return { review, roles: reviewRoles({ ...config.security.authorization, decisions, known }), who }
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

function ofAccounts(accounts: readonly Account[], origins: RoleOrigins): readonly ReviewSubjectHolding[] {
  return accounts.flatMap((account) =>
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

type StoredGrant = Awaited<ReturnType<GrantDesk['kept']['grants']['list']>>[number]

function ofGrants(grants: readonly StoredGrant[], who: Who, nowMs: number): readonly ReviewSubjectHolding[] {
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

function holdingOf({ id, kind, name, resourceType, resourceId, expiresMs }: StoredGrant): Holding {
  return {
    id,
    kind,
    name,
    ...(resourceType !== null && { resourceType }),
    ...(resourceId !== null && { resourceId }),
    ...(expiresMs !== null && { expiresMs }),
  }
}

const HEAD = [
  'WHO',
  'REALM',
  'WHAT',
  'ON',
  'SOURCE',
  'GRANTED BY',
  'APPROVED BY',
  'SINCE',
  'EXPIRES',
  'LAST USED',
  'USES',
  'ADVICE',
  'REASON',
  'ID',
]

function cellsOf(line: ReviewLine, who: Who): readonly string[] {
  const account = who.get(line.subject)
  const { holding } = line
  return [
    account ? `${account.email}${account.disabled ? ' (disabled)' : ''}` : `${line.subject} (gone)`,
    account?.realm ?? '-',
    holding.name,
    scopeOf(holding),
    line.source,
    line.grantedBy ?? '-',
    line.approvedBy ?? '-',
    when(line.grantedMs, '-'),
    when(holding.expiresMs, 'never'),
    when(line.lastUsedMs, 'never'),
    String(line.uses),
    line.advice,
    line.reason ?? '-',
    holding.id,
  ]
}

function print(
  terminal: Terminal,
  format: Options['format'],
  review: AccessReview,
  roles: RoleReview,
  who: Who,
): void {
  const rows = [HEAD, ...review.lines.map((line) => cellsOf(line, who))]
  if (format === 'json') {
    const lines = review.lines.map((line) => {
      const account = who.get(line.subject)
      return { ...line, email: account?.email ?? null, realm: account?.realm ?? null }
    })
    terminal.out(JSON.stringify({ ...review, lines, roles }, null, 2))
  } else if (format === 'csv') {
    terminal.out(csvOf(rows))
    terminal.error(proofText(review))
  } else {
    terminal.out([columns(rows), proofText(review), rolesText(roles)].join('\n\n'))
  }
}

function proofText({ lines, proof }: AccessReview): string {
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

function rolesText({ roles, otherWithSuggested, isProven }: RoleReview): string {
  const rows = roles.map(({ role, uses, unused }) => [
    role,
    Object.keys(uses)
      .filter((permission) => !unused.includes(permission))
      .join(' ') || '-',
    unused.join(' ') || '-',
  ])
  const proof = isProven
    ? `With only what was used, ${otherWithSuggested} of the recorded decisions would be others.`
    : 'The log does not hold all that decisions rested on: what was not used is a hint, not proven.'
  return `${columns([['ROLE', 'USED', 'NEVER USED'], ...rows])}\n\n${proof}`
}
