import { Command } from 'commander'

import { type Held, scopeOf, when } from '../../grant-desk.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { atGrantDesk, commonFlags, givingFlags, givingOf, type GrantOptions } from './grant-desk.ts'

/** `ringwall role`: who has which role, of the account itself or assigned. Counts from the next request on. */
export function roleCommand({ terminal }: CommandContext): Command {
  const role = new Command('role').description('list, assign and revoke roles, also while the gateway runs')
  commonFlags(role.command('list [email]').description('list roles: of accounts, assigned, and elevations'))
    .option('--json', 'as JSON')
    .action((email: string | undefined, options: GrantOptions) =>
      atGrantDesk(options, async ({ desk }) => {
        const held = (await desk.held(email)).filter(({ kind }) => kind === 'role')
        if (options.json === true) {
          terminal.out(JSON.stringify(held.map(shown), null, 2))
          return
        }
        const rows = held
          .map(shown)
          .map((one) => [
            one.email,
            one.role,
            one.on,
            one.source,
            one.granted_by,
            one.expires,
            one.last_used,
            one.id,
          ])
        terminal.out(
          columns([['E-MAIL', 'ROLE', 'ON', 'SOURCE', 'BY', 'EXPIRES', 'LAST USED', 'ID'], ...rows]),
        )
      }),
    )
  givingFlags(
    commonFlags(role.command('assign <email> <role>').description('give a role beside those of the account')),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall role assign ann@example.com manager --reason "covers for Max" --expires 14d\n  ringwall role assign ann@example.com manager --on Order::7 --reason "case 12"',
    )
    .action((email: string, name: string, options: GrantOptions) =>
      atGrantDesk(options, async ({ desk }) => {
        const grant = await desk.assign(name, givingOf(email, options))
        terminal.out(
          `${email} has ${name} on ${scopeOf(grant)} until ${when(grant.expiresMs, 'it is revoked')} (${grant.id})`,
        )
      }),
    )
  givingFlags(
    commonFlags(role.command('revoke <email> <role>').description('take a role away, wherever it came from')),
  ).action((email: string, name: string, options: GrantOptions) =>
    atGrantDesk(options, async ({ desk }) => {
      const taken = await desk.revokeRole(email, name, options.on, options.reason)
      terminal.out(`${email}: ${name} revoked (${taken.join(', ')})`)
    }),
  )
  return role
}

type RoleColumn =
  | 'email'
  | 'role'
  | 'on'
  | 'source'
  | 'granted_by'
  | 'reason'
  | 'expires'
  | 'last_used'
  | 'id'

/** A role that somebody has, in the words of the list. */
function shown({
  email,
  name,
  on,
  source,
  grantedBy,
  reason,
  expiresMs,
  lastUsedMs,
  id,
}: Held): Readonly<Record<RoleColumn, string>> {
  return {
    email,
    role: name,
    on,
    source,
    granted_by: grantedBy ?? '-',
    reason: reason ?? '',
    expires: when(expiresMs, 'never'),
    last_used: source === 'account' ? '-' : when(lastUsedMs, 'never'),
    id,
  }
}
