import { Command } from 'commander'

import type { Grant } from '../../access/index.ts'
import { scopeOf, when } from '../../grant-desk.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { atGrantDesk, commonFlags, givingFlags, givingOf, type GrantOptions } from './grant-desk.ts'

/** `ringwall grant`: permissions that are given to one account directly, and elevations. */
export function grantCommand({ terminal }: CommandContext): Command {
  const grant = new Command('grant').description(
    'grant, list and revoke permissions and elevations, also while the gateway runs',
  )
  givingFlags(
    commonFlags(grant.command('add <email> <permission>').description('give one account a permission')),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall grant add ann@example.com audit:read --reason "yearly audit" --expires 30d',
    )
    .action((email: string, permission: string, options: GrantOptions) =>
      atGrantDesk(options, async ({ desk }) => {
        const made = await desk.grant(permission, givingOf(email, options))
        terminal.out(sentence(email, made))
      }),
    )
  givingFlags(
    commonFlags(
      grant
        .command('elevate <email> <names...>')
        .description('give roles or permissions for a short time (default: 15 minutes)'),
    ),
  )
    .option('--approved-by <name>', 'who else agreed')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall grant elevate ann@example.com order:delete --reason "incident 7" --expires 15m\n  ringwall grant elevate ann@example.com admin --reason "incident 7" --approved-by max',
    )
    .action((email: string, names: string[], options: GrantOptions) =>
      atGrantDesk(options, async ({ desk }) => {
        const { approvedBy } = options
        const made = await desk.elevate(names, {
          ...givingOf(email, options),
          ...(approvedBy !== undefined && { approvedBy }),
        })
        for (const one of made) terminal.out(sentence(email, one))
      }),
    )
  commonFlags(grant.command('list [email]').description('list what was given and when it was last used'))
    .option('--all', 'also what has ended')
    .option('--json', 'as JSON')
    .action((email: string | undefined, options: GrantOptions) =>
      atGrantDesk(options, async ({ desk, kept }) => {
        const account = email === undefined ? undefined : await desk.find(email)
        const emails = new Map((await desk.accounts.list(100_000)).map(({ id, email }) => [id, email]))
        const nowMs = Date.now()
        const grants = await kept.grants.list({
          ...(account && { subject: account.id }),
          ...(options.all !== true && { pendingOrInForceMs: nowMs }),
        })
        const shown = grants.filter(({ subject }) => account !== undefined || emails.has(subject))
        if (options.json === true) {
          terminal.out(JSON.stringify(shown, null, 2))
          return
        }
        const rows = shown.map((one) => [
          emails.get(one.subject) ?? one.subject,
          one.name,
          scopeOf(one),
          stateOf(one, nowMs),
          one.grantedBy,
          when(one.expiresMs, 'never'),
          when(one.lastUsedMs, 'never'),
          one.reason,
          one.id,
        ])
        terminal.out(
          columns([['E-MAIL', 'WHAT', 'ON', 'STATE', 'BY', 'EXPIRES', 'LAST USED', 'REASON', 'ID'], ...rows]),
        )
      }),
    )
  commonFlags(
    grant
      .command('revoke <id>')
      .description('take a grant, an assignment or an elevation back, from the next request on'),
  )
    .option('--reason <text>', 'why')
    .action((id: string, options: GrantOptions) =>
      atGrantDesk(options, async ({ desk }) => {
        const known = await desk.revoke(id, options.reason)
        terminal.out(`${known.name} on ${scopeOf(known)} revoked (${id})`)
      }),
    )
  return grant
}

function sentence(email: string, grant: Grant): string {
  const until = when(grant.expiresMs, 'it is revoked')
  return `${email} has ${grant.name} on ${scopeOf(grant)} until ${until} (${grant.id})`
}

function stateOf({ isElevation, revokedMs, expiresMs, notBeforeMs }: Grant, nowMs: number): string {
  if (revokedMs !== null) return 'revoked'
  if (expiresMs !== null && nowMs >= expiresMs) return 'expired'
  if (nowMs < notBeforeMs) return 'to come'
  return isElevation ? 'elevated' : 'in force'
}
