import { Command } from 'commander'

import { type AuditEvent, queryAudit } from '../../audit/index.ts'
import { systemClock } from '../../core/clock.ts'
import type { MatchedRule } from '../../core/trace.ts'
import { FIRST_EXCLUSION_ID, whyNotExcludable, writeExclusion } from '../../perimeter/index.ts'
import { ruleEngine } from '../../rule-engine.ts'
import { withDatabase } from '../audit-database.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { endOf, nextRuleId, offerRules, type RulesFileOptions, rulesText } from '../rules-file.ts'
import { patchCommand } from './rules-patch.ts'
import { replayCommand } from './rules-replay.ts'

const CONFIG_OPTION = [
  '-c, --config <file>',
  'configuration file (default: security_config.yaml here, if there is one)',
] as const
/** How far back other refusals are looked for. */
const LOOK_BACK_MS = 7 * 86_400_000

interface ExcludeOptions extends RulesFileOptions {
  readonly reason: string
}

/** `ringwall rules`: which rules are in force, and how a false positive is mended. */
export function rulesCommand({ terminal, exit }: CommandContext): Command {
  const rules = new Command('rules').description(
    'see the rules of the perimeter, exclude a false positive, patch a hole, and try them on recorded traffic',
  )
  rules
    .command('list')
    .description('print every rule that is in force: number, phase, what it is, and where it stands')
    .option(...CONFIG_OPTION)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  ringwall rules list\n  ringwall rules list --json')
    .action((options: { readonly config?: string; readonly json?: boolean }) => {
      const { config } = readConfig(options.config)
      const all = (ruleEngine(config.security.perimeter, systemClock)?.rules ?? []).filter(
        (rule) => rule.msg !== '',
      )
      if (options.json === true) {
        const shown = all.map(({ id, phase, msg, tags, origin }) => ({ id, phase, msg, tags, ...origin }))
        terminal.out(JSON.stringify(shown, null, 2))
        return
      }
      for (const { id, phase, msg, origin } of all)
        terminal.out(`${id}  phase ${phase}  ${msg}  (${origin.file.split('/').at(-1)}:${origin.line})`)
      terminal.out(`${all.length} rules`)
    })
  rules
    .command('exclude')
    .description('let a refused request pass: propose the narrowest exclusions, or write them with --write')
    .argument('<id>', 'the id of the exchange that should not have been refused')
    .option(...CONFIG_OPTION)
    .requiredOption('--reason <text>', 'why it is no attack; written beside the exclusion')
    .option('--for <time>', 'how long it holds, such as 30d', '90d')
    .option('--file <file>', 'the file of exclusions', 'ringwall-exclusions.conf')
    .option('--write', 'append to the file')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall rules exclude 01m86eb8p6nve8kjwvsywmq01v --reason "a forum about shells"\n  ringwall rules exclude 01m86eb8p6nve8kjwvsywmq01v --reason "a forum about shells" --for 30d --write',
    )
    .action((id: string, options: ExcludeOptions) =>
      withDatabase(options, async (database) => {
        const event = (await queryAudit(database, { id, take: 'newest' })).find(
          (one) => one.kind === 'exchange',
        )
        const matched = event ? excludableRules(event) : []
        if (!event || matched.length === 0) {
          terminal.error(`no rule of a rule set had a part in ${id}; \`ringwall why ${id}\` says what did`)
          exit(1)
          return
        }
        const text = proposals(event, matched, options, endOf(options))
        terminal.out(text.trimEnd())
        const since = Date.now() - LOOK_BACK_MS
        const refused = await queryAudit(database, {
          verdict: 'refuse',
          sinceMs: since,
          limit: 10_000,
          take: 'newest',
        })
        const alike = refused.filter((other) => other.id !== event.id && wouldPass(other, event, matched))
        terminal.out(`# of the refusals of the last seven days, ${alike.length} more would pass`)
        for (const other of alike.slice(0, 10)) terminal.out(`#   ${other.id}  ${other.method} ${other.path}`)
        offerRules(terminal, text, options)
      }),
    )
  rules.addCommand(patchCommand({ terminal }))
  rules.addCommand(replayCommand({ terminal, exit }))
  return rules
}

/** Rules that look at a value, not at a score: those are what an exclusion can be about. */
function excludableRules(event: AuditEvent): MatchedRule[] {
  return (event.trace ?? [])
    .flatMap((step) => step.rules ?? [])
    .filter((rule) => rule.phase <= 2 && rule.variables.some((name) => !/^&?TX:|^UNCONDITIONAL$/.test(name)))
}

function proposals(
  event: AuditEvent,
  matched: readonly MatchedRule[],
  options: ExcludeOptions,
  untilMs: number,
): string {
  const first = nextRuleId(rulesText(options.file), FIRST_EXCLUSION_ID)
  const path = event.path ?? '/'
  const pairs = matched.flatMap((rule) => rule.variables.map((variable) => ({ rule, variable })))
  return pairs
    .map(({ rule, variable }, i) => {
      const why = whyNotExcludable(variable, path)
      if (why !== undefined) return `# rule ${rule.id} in ${variable}: ${why}\n`
      const id = first + i
      return writeExclusion({ id, ruleId: rule.id, variable, path, reason: options.reason, untilMs })
    })
    .join('')
}

/** Whether every rule that refused another exchange is one of these, in the same place of the same path. */
function wouldPass(other: AuditEvent, event: AuditEvent, matched: readonly MatchedRule[]): boolean {
  const theirs = excludableRules(other)
  return (
    other.path === event.path &&
    theirs.length > 0 &&
    theirs.every((rule) =>
      matched.some(
        (own) => own.id === rule.id && rule.variables.every((name) => own.variables.includes(name)),
      ),
    )
  )
}
