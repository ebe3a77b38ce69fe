import { existsSync, writeFileSync } from 'node:fs'

import { Command } from 'commander'

import { typesFromSchema } from '../../access/index.ts'
import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { withFaults } from './policy-report.ts'
import { readSchema, readText, type SourceOptions, withSourceOptions } from './policy-source.ts'

interface Options extends SourceOptions {
  readonly out?: string
  readonly name?: string
  readonly from?: string
  readonly check?: boolean
}

const GENERATED = '// Generated from the Cedar schema'

/** `ringwall policy types`: TypeScript for a schema, so that a wrong action or attribute does not compile. */
export function policyTypesCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withSourceOptions(new Command('types'))
    .description('write the TypeScript types of a schema, for createAccess and policyBuilder')
    .option('-o, --out <file>', 'the file to write; without one it is printed')
    .option('--name <name>', 'what the model is called (default: AppModel)')
    .option('--from <module>', 'where the file imports from (default: ringwall/access)')
    .option('--check', 'write nothing, and exit with 1 when the file is not what the schema says')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy types -s shop.cedarschema --out src/access-model.ts\n  ringwall policy types --out src/access-model.ts --check',
    )
    .action((options: Options) =>
      withFaults(context, false, () => {
        const { out, name, from } = options
        if (name !== undefined && !/^[A-Za-z_$][\w$]*$/.test(name))
          throw new RingwallError('cli.name', `\`${name}\` cannot be the name of a type`)
        const text = typesFromSchema(readSchema(options), {
          ...(name === undefined ? {} : { name }),
          ...(from === undefined ? {} : { from }),
        })
        if (out === undefined) {
          if (options.check === true) throw new RingwallError('cli.check', '`--check` needs `--out FILE`')
          terminal.out(text.trimEnd())
          return
        }
        const old = existsSync(out) ? readText(out) : undefined
        if (options.check === true) {
          if (old !== text) exit(1)
          terminal.out(old === text ? `${out} is what the schema says` : `${out} is not what the schema says`)
          return
        }
        if (old !== undefined && !old.startsWith(GENERATED))
          throw new RingwallError('cli.file-exists', `\`${out}\` was not generated; name another file`)
        if (old !== text) writeFileSync(out, text)
        terminal.out(old === text ? `${out} is what the schema says already` : `written: ${out}`)
      }),
    )
}
