import { readFileSync } from 'node:fs'

import { describeError, RingwallError } from '../../core/errors.ts'
import { importAccounts, readAccountFile } from '../../identity/index.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { type AddCommand, atDesk, type DeskOptions } from './user-desk.ts'

interface ImportOptions extends DeskOptions {
  readonly role: readonly string[]
  readonly dryRun?: boolean
}

/** `user import`: accounts of another system, with their password hashes. */
export function addImportCommand(add: AddCommand, { terminal, exit }: CommandContext): void {
  add('import <file>', 'take accounts of another system, with their password hashes; CSV, JSON or JSON lines')
    .option('--role <role>', 'for accounts that bring no roles; can be given several times', collect, [])
    .option('--dry-run', 'say what would be done, and do nothing')
    .addHelpText(
      'after',
      '\nColumns: email, name, roles, password_hash, email_verified, disabled, created_at; only email must be there.\nA hash keeps its format until its owner signs in; then it is made anew.\n\nExample:\n  ringwall user import users.csv --role customer --dry-run',
    )
    .action((file: string, options: ImportOptions) =>
      atDesk(options, async ({ identity, kept, checkRoles, record }) => {
        const all = readAccountFile(read(file))
        for (const { roles = [] } of all) checkRoles(roles)
        const isDryRun = options.dryRun === true
        const lines = await importAccounts(identity.accounts, kept.hasher, all, {
          roles: checkRoles(options.role),
          isDryRun,
        })
        const count = (outcome: string): number => lines.filter((line) => line.outcome === outcome).length
        const sums = { created: count('created'), exists: count('exists'), unusable: count('unusable') }
        if (!isDryRun) await record('identity.accounts-imported', undefined, sums)
        const bad = lines.filter((line) => line.outcome === 'unusable')
        if (options.json === true)
          terminal.out(JSON.stringify({ ...sums, dry_run: isDryRun, unusable_lines: bad }, null, 2))
        else {
          if (bad.length > 0)
            terminal.out(columns(bad.map(({ line, email, why = '' }) => [`line ${line}`, email, why])))
          const verb = isDryRun ? 'would be made' : 'made'
          terminal.out(
            `${sums.created} ${verb}, ${sums.exists} are there already, ${sums.unusable} cannot be used`,
          )
        }
        if (bad.length > 0) exit(1)
      }),
    )
}

/** An option that can be given several times. */
export function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw new RingwallError('cli.file', `cannot read \`${file}\`: ${describeError(thrown)}`)
  }
}
