import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { Command } from 'commander'

import { systemClock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import { parseDuration } from '../../core/units.ts'
import { Engine, FIRST_PATCH_ID, loadRules, operatorNames, writePatch } from '../../perimeter/index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'

interface PatchOptions {
  readonly config?: string
  readonly path: string
  readonly param?: string
  readonly mustMatch?: string
  readonly mustNotMatch?: string
  readonly reason: string
  readonly for: string
  readonly file: string
  readonly write?: boolean
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
      const lifeMs = parseDuration(options.for)
      if (lifeMs === undefined)
        throw new RingwallError('cli.time', `\`${options.for}\` is not a time; write 30d or 12h`)
      const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
      const text = writePatch({
        id: FIRST_PATCH_ID + (known.match(/\bid:\d+/g)?.length ?? 0),
        path: options.path,
        param: options.param,
        pattern,
        mustMatch: mustMatch !== undefined,
        reason: options.reason,
        untilMs: Date.now() + lifeMs,
      })
      tryRules(known + text, file)
      terminal.out(text.trimEnd())
      if (options.write !== true) {
        terminal.out(`# nothing is written; add --write to append this to ${file}`)
        return
      }
      writeFileSync(file, known + text)
      const { config } = readConfig(options.config)
      const isRead = config.security.perimeter.rule_files.includes(file)
      terminal.out(
        isRead
          ? `# written to ${file}; reload the gateway (SIGHUP)`
          : `# written to ${file}; add it to security.perimeter.rule_files, then reload the gateway`,
      )
    })
}

/** Compiles the file as it would be: a pattern that cannot be matched in linear time is told before anything is written. */
function tryRules(text: string, file: string): void {
  const rules = loadRules([file], { read: () => text, resolve: (pattern) => [pattern] }, operatorNames)
  const engine = new Engine(rules, { now: () => systemClock.now(), readLines: () => [] })
  engine.warmUp()
}
