import { Command } from 'commander'

import { expiryFindings, fileMistakes } from '../../certificate-check.ts'
import { lintConfig } from '../../config/index.ts'
import { verifyWalls } from '../../index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { paint } from '../terminal.ts'

/** `ringwall check`: mistakes with their places, then what works and is weaker than it looks. */
export function checkCommand({ terminal, exit }: CommandContext): Command {
  return new Command('check')
    .description('check the configuration: mistakes, then risks and advice')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--json', 'as JSON')
    .option('--strict', 'exit with 1 when there is a risk')
    .addHelpText('after', '\nExamples:\n  ringwall check\n  ringwall check --strict && ringwall up')
    .action(async (options: { config?: string; json?: boolean; strict?: boolean }) => {
      const { config, file } = readConfig(options.config, (one) => fileMistakes(one, Date.now()))
      await verifyWalls(config)
      const findings = [...lintConfig(config), ...expiryFindings(config, Date.now())]
      const risks = findings.filter((finding) => finding.level === 'risk').length
      if (options.json === true) terminal.out(JSON.stringify({ file: file ?? null, findings }, null, 2))
      else {
        for (const { level, id, path, message, source } of findings) {
          const word = paint(terminal, level === 'risk' ? 'red' : 'yellow', level.padEnd(6))
          terminal.out(`${word}  ${path}: ${message}\n        ${paint(terminal, 'dim', `${id}; ${source}`)}`)
        }
        terminal.out(
          `${file ?? 'the empty configuration'} is valid: ${count(risks, 'risk')}, ${count(findings.length - risks, 'piece of advice', 'pieces of advice')}`,
        )
      }
      if (options.strict === true && risks > 0) exit(1)
    })
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
