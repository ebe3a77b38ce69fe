import { Command } from 'commander'

import { type Lint, lintPolicies } from '../../access/index.ts'
import { formatPlace } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'
import { count, excerpt, withFaults } from './policy-report.ts'
import { type PolicySource, readSource, type SourceOptions, withSourceOptions } from './policy-source.ts'

interface Options extends SourceOptions {
  readonly json?: boolean
  readonly strict?: boolean
}

const COLORS = { error: 'red', warning: 'yellow', advice: 'dim' } as const

/** `ringwall policy check`: what is wrong with policies, what is most likely not meant, and advice. */
export function policyCheckCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withSourceOptions(new Command('check'))
    .description('check policies against their schema, and for what commonly goes wrong')
    .option('--strict', 'exit with 1 when there is a warning')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy check --policies shop.cedar --schema shop.cedarschema\n  ringwall policy check --strict',
    )
    .action((options: Options) =>
      withFaults(context, options.json === true, () => {
        const source = readSource(options)
        const lints = lintPolicies(source.policies, source.schema)
        const number = (level: Lint['level']): number => lints.filter((lint) => lint.level === level).length
        if (options.json === true) {
          const findings = lints.map((lint) => ({ ...lint, file: fileOf(lint, source) ?? null }))
          terminal.out(JSON.stringify({ policies: source.policies.length, findings }, null, 2))
        } else {
          for (const lint of lints) terminal.out(lintText(terminal, lint, source))
          const told = [
            count(number('error'), 'error'),
            count(number('warning'), 'warning'),
            count(number('advice'), 'piece of advice', 'pieces of advice'),
          ]
          const unchecked = source.schema === undefined ? '; without a schema, types are not checked' : ''
          terminal.out(
            `${count(source.policies.length, 'policy', 'policies')}: ${told.join(', ')}${unchecked}`,
          )
        }
        if (number('error') > 0 || (options.strict === true && number('warning') > 0)) exit(1)
      }),
    )
}

function fileOf({ policy }: Lint, source: PolicySource): string | undefined {
  return policy === undefined ? undefined : source.fileOf.get(policy)
}

function lintText(terminal: Terminal, lint: Lint, source: PolicySource): string {
  const { level, id, policy, at, message } = lint
  const file = fileOf(lint, source)
  const place = file === undefined ? '' : formatPlace({ ...at, file })
  const text = file === undefined ? undefined : source.texts.get(file)
  const shown = text === undefined || at === undefined ? '' : excerpt(terminal, text, at)
  const about = policy === undefined ? '' : `${policy}: `
  return `${place}${paint(terminal, COLORS[level], level)}: ${about}${message} (${id})${shown}`
}
