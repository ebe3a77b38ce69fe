import { Command } from 'commander'

import { systemClock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { Engine, FIRST_PATCH_ID, loadRules, operatorNames, writePatch } from '../../perimeter/index.ts'
import type { CommandContext } from '../main.ts'
import { endOf, nextRuleId, offerRules, type RulesFileOptions, rulesText } from '../rules-file.ts'

interface PatchOptions extends RulesFileOptions {
  readonly path: string
  readonly param?: string
  readonly mustMatch?: string
  readonly mustNotMatch?: string
  readonly reason: string
}

/** `ringwall rules patch`: a hole of the application, closed from outside until it is mended. */
export function patchCommand({ terminal }: Pick<CommandContext, 'terminal'>): Command {
  return new Command('patch')
    .description('close a hole of the application for a time: what a parameter of one path must look like')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .requiredOption('--path <path>', 'the path, exactly')
    .option('--param <name>', 'the parameter, as `ringwall why` names it; without it every one')
    .option('--must-match <pattern>', 'refuse every value that is not this, such as [0-9]{1,8}')
    .option('--must-not-match <pattern>', 'refuse every value that is this')
    .requiredOption('--reason <text>', 'which hole it is; written beside the rule')
    .option('--for <time>', 'how long it holds, such as 30d', '90d')
    .option('--file <file>', 'the file of patches', 'ringwall-patches.conf')
    .option('--write', 'append to the file')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall rules patch --path /orders --param id --must-match "[0-9]{1,8}" --reason "ids are concatenated"',
    )
    .action((options: PatchOptions) => {
      const { mustMatch, mustNotMatch, file } = options
      const pattern = mustMatch ?? mustNotMatch
      if (pattern === undefined || (mustMatch !== undefined && mustNotMatch !== undefined))
        throw new RingwallError('cli.patch', 'give one of --must-match and --must-not-match')
      const known = rulesText(file)
      const text = writePatch({
        id: nextRuleId(known, FIRST_PATCH_ID),
        path: options.path,
        param: options.param,
        pattern,
        mustMatch: mustMatch !== undefined,
        reason: options.reason,
        untilMs: endOf(options),
      })
      tryRules(known + text, file)
      terminal.out(text.trimEnd())
      offerRules(terminal, text, options)
    })
}

/** Compiles the file as it would be: a pattern that cannot be matched in linear time is told before anything is written. */
function tryRules(text: string, file: string): void {
  const rules = loadRules([file], { read: () => text, resolve: (pattern) => [pattern] }, operatorNames)
  const engine = new Engine(rules, { now: () => systemClock.now(), readLines: () => [] })
  engine.warmUp()
}
