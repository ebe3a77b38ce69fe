import { writeFileSync } from 'node:fs'

import { Command } from 'commander'

import { formatPolicies } from '../../access/index.ts'
import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { withFaults } from './policy-report.ts'
import {
  type FileFault,
  PolicyFaults,
  policyFiles,
  readText,
  type SourceOptions,
  withSourceOptions,
} from './policy-source.ts'

interface Options extends SourceOptions {
  readonly check?: boolean
  readonly write?: boolean
  readonly width?: string
}

/** `ringwall policy fmt`: policies in one style. */
export function policyFormatCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withSourceOptions(new Command('fmt'))
    .description('write policies in one style; without --write or --check, to stdout')
    .option('--write', 'change the files')
    .option('--check', 'only say which files are not in this style, and exit with 1')
    .option('--width <columns>', 'how long a line may be', '80')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy fmt --write -p policies/\n  ringwall policy fmt --check',
    )
    .action((options: Options) =>
      withFaults(context, false, () => {
        const width = Number(options.width)
        if (!Number.isInteger(width) || width < 20)
          throw new RingwallError(
            'cli.width',
            `\`${options.width ?? ''}\` is no width; write a number from 20 up`,
          )
        const files = policyFiles(options).filter((file) => file.endsWith('.cedar'))
        const faults: FileFault[] = []
        let changes = 0
        for (const file of files) {
          const text = readText(file)
          const formatted = formatPolicies(text, { width })
          if (!formatted.ok) {
            faults.push(
              ...formatted.errors.map(({ message, at }) => ({ message, at: { file, ...at }, text })),
            )
            continue
          }
          const isSame = formatted.value === text
          if (!isSame) changes++
          if (options.check === true && !isSame) terminal.out(file)
          if (options.write === true && !isSame) {
            writeFileSync(file, formatted.value)
            terminal.out(`written: ${file}`)
          }
          if (options.check !== true && options.write !== true) terminal.out(formatted.value.trimEnd())
        }
        if (faults.length > 0) throw new PolicyFaults(faults)
        if (options.check === true && changes > 0) exit(1)
      }),
    )
}
