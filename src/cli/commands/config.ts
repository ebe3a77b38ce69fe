import { Command } from 'commander'

import { plainConfig, printConfig } from '../../config/index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'

/** `ringwall config`: the configuration as it counts, defaults included, secrets hidden. */
export function configCommand({ terminal }: CommandContext): Command {
  return new Command('config')
    .description('print the configuration as it counts, defaults included; secrets are hidden')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  ringwall config\n  ringwall config --json | jq .security.headers')
    .action((options: { config?: string; json?: boolean }) => {
      const { config } = readConfig(options.config)
      terminal.out(
        options.json === true ? JSON.stringify(plainConfig(config), null, 2) : printConfig(config).trimEnd(),
      )
    })
}
