import { Command } from 'commander'

import { type AuditEvent, type AuditFilter, formatLine, formatTrace, queryAudit } from '../../audit/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { parseDuration } from '../../core/units.ts'
import { withDatabase } from '../audit-database.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly id?: string
  readonly since?: string
  readonly until?: string
  readonly code?: string
  readonly subject?: string
  readonly ip?: string
  readonly kind?: string
  readonly verdict?: string
  readonly limit?: string
  readonly lines?: string
  readonly follow?: boolean
  readonly json?: boolean
}

const CONFIG_OPTION = [
  '-c, --config <file>',
  'configuration file (default: security_config.yaml here, if there is one)',
] as const
const FOLLOW_MS = 500

/** `ringwall audit`: reads the log, also beside a running gateway. */
export function auditCommand({ terminal, exit }: CommandContext): Command {
  const audit = new Command('audit').description('read the audit log, also while the gateway runs')
  audit
    .command('tail')
    .description('print the last lines, and those that come')
    .option(...CONFIG_OPTION)
    .option('-n, --lines <count>', 'how many', '20')
    .option('-f, --follow', 'go on with new lines until stopped')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExamples:\n  ringwall audit tail\n  ringwall audit tail -f --json')
    .action((options: Options) => {
      const limit = countOf(options.lines ?? '20')
      return withDatabase(options, async (database) => {
        let last = 0
        const show = (events: readonly AuditEvent[]): void => {
          for (const event of events) {
            terminal.out(options.json === true ? JSON.stringify(event) : lineOf(terminal, event))
            last = event.seq
          }
        }
        show(await queryAudit(database, { limit, take: 'newest' }))
        while (options.follow === true && !terminal.isClosed) {
          await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS))
          show(await queryAudit(database, { afterSeq: last, limit: 1000 }))
        }
      })
    })
  audit
    .command('query')
    .description('print the lines that match; with --id the walk of that exchange through every wall')
    .option(...CONFIG_OPTION)
    .option('--id <id>', 'the id that is in the answer and in its Ringwall-Id field')
    .option('--since <when>', 'such as 15m, 24h, 7d, or a date')
    .option('--until <when>', 'as --since')
    .option('--code <code>', 'such as perimeter.sql-injection')
    .option('--subject <id>', 'account')
    .option('--ip <address>', 'client')
    .option('--kind <kind>', 'exchange, identity.signed-in, ...')
    .option('--verdict <verdict>', 'pass, refuse, answer, aborted, success, failure')
    .option('--limit <count>', 'lines at most', '100')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall audit query --id 01m86eb8p6nve8kjwvsywmq01v\n  ringwall audit query --since 1h --verdict refuse\n  ringwall audit query --kind identity.sign-in-failed --json',
    )
    .action((options: Options) => {
      const filter = filterOf(options)
      return withDatabase(options, async (database) => {
        const events = await queryAudit(database, filter)
        if (options.json === true) terminal.out(JSON.stringify(events, null, 2))
        else if (options.id !== undefined) {
          for (const event of events)
            terminal.out(event.kind === 'exchange' ? formatTrace(event) : lineOf(terminal, event))
        } else for (const event of events) terminal.out(lineOf(terminal, event))
        if (events.length === 0) {
          terminal.error('no line matches; ordinary passes are written within a second')
          exit(1)
        }
      })
    })
  return audit
}

function lineOf(terminal: Terminal, event: AuditEvent): string {
  const line = formatLine(event)
  if (event.verdict === 'refuse' || event.verdict === 'failure') return paint(terminal, 'red', line)
  return line
}

function filterOf(options: Options): AuditFilter {
  return {
    take: 'newest',
    limit: countOf(options.limit ?? '100'),
    ...(options.id !== undefined && { id: options.id }),
    ...(options.since !== undefined && { sinceMs: timeOf(options.since) }),
    ...(options.until !== undefined && { untilMs: timeOf(options.until) }),
    ...(options.code !== undefined && { code: options.code }),
    ...(options.subject !== undefined && { subject: options.subject }),
    ...(options.ip !== undefined && { ip: options.ip }),
    ...(options.kind !== undefined && { kind: options.kind }),
    ...(options.verdict !== undefined && { verdict: options.verdict }),
  }
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0 && count <= 10_000) return count
  throw new RingwallError('cli.count', `\`${text}\` is not a number of lines from 1 to 10000`)
}

/** `15m` ago, or a date. */
function timeOf(text: string): number {
  const ago = parseDuration(text)
  if (ago !== undefined) return Date.now() - ago
  const at = Date.parse(text)
  if (!Number.isNaN(at)) return at
  throw new RingwallError(
    'cli.time',
    `\`${text}\` is not a time; write 15m, 24h, 7d or a date such as 2026-11-24T09:00:00Z`,
  )
}
