import { readFileSync } from 'node:fs'

import { Command, CommanderError } from 'commander'

import { ConfigError } from '../config/index.ts'
import { RingwallError } from '../core/errors.ts'
import { accessCommand } from './commands/access.ts'
import { apiKeyCommand } from './commands/api-key.ts'
import { limitsCommand } from './commands/limits.ts'
import { auditCommand } from './commands/audit.ts'
import { certCommand } from './commands/cert.ts'
import { checkCommand } from './commands/check.ts'
import { cspCommand } from './commands/csp.ts'
import { completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { egressCommand } from './commands/egress.ts'
import { dataCommand } from './commands/data.ts'
import { dbCommand } from './commands/db.ts'
import { explainCommand } from './commands/explain.ts'
import { grantCommand } from './commands/grant.ts'
import { iamCommand } from './commands/iam.ts'
import { initCommand } from './commands/init.ts'
import { roleCommand } from './commands/role.ts'
import { openapiCommand } from './commands/openapi.ts'
import { policyCommand } from './commands/policy.ts'
import { lintCommand } from './commands/lint.ts'
import { keyCommand } from './commands/key.ts'
import { mailCommand } from './commands/mail.ts'
import { maskCommand } from './commands/mask.ts'
import { routesCommand } from './commands/routes.ts'
import { passwordListCommand } from './commands/password-list.ts'
import { rulesCommand } from './commands/rules.ts'
import { secretCommand } from './commands/secret.ts'
import { uploadsCommand } from './commands/uploads.ts'
import { upCommand } from './commands/up.ts'
import { tenantCommand } from './commands/tenant.ts'
import { userCommand } from './commands/user.ts'
import { whyCommand } from './commands/why.ts'
import { mistakeLines } from './config-file.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** What a command ends with: 0 done, 1 a refusal or a finding, 2 wrong use or a wrong configuration. */
export type ExitCode = 0 | 1 | 2

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Sets the exit code of a command that did its work and found something. */
  readonly exit: (code: ExitCode) => void
}

/** Runs one command line and gives its exit code. */
export async function main(
  argv: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<ExitCode> {
  let code: ExitCode = 0
  const context: CommandContext = { terminal, exit: (next) => (code = next) }
  try {
    await buildProgram(context).parseAsync(argv, { from: 'user' })
    return code
  } catch (thrown) {
    return report(thrown, terminal)
  }
}

/** The tree of commands. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('ringwall')
    .description('Six walls of defence and a watch for any web application.')
    .version(readVersion())
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.out(text.trimEnd()),
      writeErr: (text) => context.terminal.error(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `
Examples:
  ringwall up http://localhost:3000     protect the application that listens there
  ringwall init                         write a security_config.yaml
  ringwall check                        what is wrong or weak in it
  ringwall explain GET /orders/7        what each wall would say
  ringwall why ID                       why an answer was refused
  ringwall audit tail -f                what is happening`,
    )
  const commands = [
    upCommand,
    initCommand,
    configCommand,
    checkCommand,
    explainCommand,
    whyCommand,
    routesCommand,
    rulesCommand,
    openapiCommand,
    policyCommand,
    dbCommand,
    auditCommand,
    userCommand,
    tenantCommand,
    passwordListCommand,
    mailCommand,
    roleCommand,
    grantCommand,
    accessCommand,
    egressCommand,
    lintCommand,
    keyCommand,
    certCommand,
    secretCommand,
    apiKeyCommand,
    limitsCommand,
    dataCommand,
    maskCommand,
    cspCommand,
    iamCommand,
    uploadsCommand,
  ]
  for (const command of commands) program.addCommand(command(context).copyInheritedSettings(program))
  program.addCommand(completionCommand(context, program).copyInheritedSettings(program))
  for (const command of program.commands)
    for (const inner of command.commands) inner.copyInheritedSettings(program)
  return program
}

function report(thrown: unknown, terminal: Terminal): ExitCode {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
  if (thrown instanceof ConfigError) {
    for (const line of mistakeLines(thrown)) terminal.error(line)
    return 2
  }
  if (thrown instanceof RingwallError) {
    terminal.error(thrown.line)
    return 2
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const isDebug = process.env['RINGWALL_DEBUG'] !== undefined
  terminal.error(
    isDebug ? (error.stack ?? error.message) : `${error.message} (set RINGWALL_DEBUG=1 to see where)`,
  )
  return 1
}

/** The version of the package that this file is in. */
function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
