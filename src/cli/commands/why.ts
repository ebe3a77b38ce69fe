import { Command } from 'commander'

import { formatTrace, formatWhy, queryAudit } from '../../audit/index.ts'
import { REFUSALS, type RefusalCode } from '../../core/refusals.ts'
import { withDatabase } from '../audit-database.ts'
import type { CommandContext } from '../main.ts'

/** `ringwall why`: what refused one exchange, in words, and every rule that had a part in it. */
export function whyCommand({ terminal, exit }: CommandContext): Command {
  return new Command('why')
    .description(
      'explain why an exchange was refused: rule, variable, matched part, and where the rule stands',
    )
    .argument('<id>', 'the id that is in the answer and in its Ringwall-Id field')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  ringwall why 01m86eb8p6nve8kjwvsywmq01v')
    .action((id: string, options: { readonly config?: string; readonly json?: boolean }) =>
      withDatabase(options, async (database) => {
        const events = await queryAudit(database, { id, take: 'newest', limit: 10 })
        const event = events.find((one) => one.kind === 'exchange')
        if (!event) {
          terminal.error(`no exchange has the id ${id}; ordinary passes are written within a second`)
          exit(1)
          return
        }
        if (options.json === true) {
          terminal.out(JSON.stringify(event, null, 2))
          return
        }
        const help =
          event.code !== null && event.code in REFUSALS ? REFUSALS[event.code as RefusalCode].help : undefined
        terminal.out(
          [formatTrace(event), ...(help === undefined ? [] : [help]), formatWhy(event)].join('\n').trimEnd(),
        )
      }),
    )
}
