import { Command, Option } from 'commander'

import type { AccessReview, ReviewLine, RoleReview } from '../../access/index.ts'
import { proofText, reviewStored, type Who } from '../../access-review.ts'
import { RingwallError } from '../../core/errors.ts'
import { parseDuration } from '../../core/units.ts'
import { scopeOf, when } from '../../grant-desk.ts'
import { withDatabase } from '../audit-database.ts'
import type { CommandContext } from '../main.ts'
import { columns, type Terminal } from '../terminal.ts'
import { csvOf } from './access-csv.ts'
import { atGrantDesk } from './grant-desk.ts'

interface Options {
  readonly config?: string
  readonly operator?: boolean
  readonly since: string
  readonly format: 'table' | 'csv' | 'json'
  readonly strict?: boolean
}

/** `ringwall access`: who has what, and what of it nobody needs. */
export function accessCommand({ terminal, exit }: CommandContext): Command {
  const access = new Command('access').description('review who has which roles and permissions')
  access
    .command('review')
    .description(
      'who has what, given by whom, last used when, and what can be taken away without changing a recorded decision',
    )
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--operator', 'the operators, not the users of the site')
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
      await atGrantDesk(options, async ({ config, kept, desk, record }) => {
        const nowMs = Date.now()
        const span = { fromMs: nowMs - sinceMs, nowMs }
        const { review, roles, who } = await reviewStored(config, kept, desk.realm, span)
        const canGo = review.lines.filter((line) => line.advice === 'can go').length
        await record('access.reviewed', desk.by, {
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

const HEAD = [
  'WHO',
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
      return { ...line, email: account?.email ?? null }
    })
    terminal.out(JSON.stringify({ ...review, lines, roles }, null, 2))
  } else if (format === 'csv') {
    terminal.out(csvOf(rows))
    terminal.error(proofText(review))
  } else {
    terminal.out([columns(rows), proofText(review), rolesText(roles)].join('\n\n'))
  }
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
