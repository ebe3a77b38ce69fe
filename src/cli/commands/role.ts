import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import type { Account } from '../../identity/index.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import {
  atGrantDesk,
  commonFlags,
  givingFlags,
  type GrantDesk,
  type GrantOptions,
  scopeOf,
  when,
} from './grant-desk.ts'

/** `ringwall role`: who has which role, of the account itself or assigned. Counts from the next request on. */
export function roleCommand({ terminal }: CommandContext): Command {
  const role = new Command('role').description('list, assign and revoke roles, also while the gateway runs')
  commonFlags(role.command('list [email]').description('list roles: of accounts, assigned, and elevations'))
    .option('--json', 'as JSON')
    .action((email: string | undefined, options: GrantOptions) =>
      atGrantDesk(options, async (desk) => {
        const accounts = email === undefined ? await desk.accounts.list(100_000) : [await desk.find(email)]
        const held = (await Promise.all(accounts.map((account) => rolesHeld(desk, account)))).flat()
        if (options.json === true) {
          terminal.out(JSON.stringify(held, null, 2))
          return
        }
        const rows = held.map((one) => [
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
      atGrantDesk(options, async (desk) => {
        const account = await desk.find(email)
        requireRole(desk, name)
        if (options.on === undefined && options.expires === undefined && account.roles.includes(name))
          throw new RingwallError('access.already-granted', `${account.email} has \`${name}\` already`)
        const grant = await desk.kept.grants.add({
          kind: 'role',
          name,
          subject: account.id,
          reason: options.reason ?? '',
          by: desk.by,
          ...options.on,
          ...(options.expires !== undefined && { expiresMs: options.expires }),
        })
        await desk.recordGrants('access.role-assigned', [grant])
        terminal.out(
          `${account.email} has ${name} on ${scopeOf(grant)} until ${when(grant.expiresMs, 'it is revoked')} (${grant.id})`,
        )
      }),
    )
  givingFlags(
    commonFlags(role.command('revoke <email> <role>').description('take a role away, wherever it came from')),
  ).action((email: string, name: string, options: GrantOptions) =>
    atGrantDesk(options, async (desk) => {
      const account = await desk.find(email)
      const taken = await revokeRole(desk, account, name, options)
      if (taken.length === 0)
        throw new RingwallError(
          'cli.no-grant',
          `${account.email} has no role \`${name}\` on ${scopeOf(options.on ?? {})}; see ringwall role list`,
        )
      terminal.out(`${account.email}: ${name} revoked (${taken.join(', ')})`)
    }),
  )
  return role
}

interface RoleHeld {
  readonly email: string
  readonly role: string
  readonly on: string
  readonly source: 'account' | 'assigned' | 'elevation'
  readonly granted_by: string
  readonly reason: string
  readonly expires: string
  readonly last_used: string
  readonly id: string
}

async function rolesHeld({ kept }: GrantDesk, account: Account): Promise<readonly RoleHeld[]> {
  const own = account.roles.map((role): RoleHeld => ({
    email: account.email,
    role,
    on: 'everything',
    source: 'account',
    granted_by: '-',
    reason: '',
    expires: 'never',
    last_used: '-',
    id: `account:${role}`,
  }))
  const grants = await kept.grants.list({ subject: account.id, pendingOrInForceMs: Date.now() })
  const assigned = grants
    .filter((grant) => grant.kind === 'role')
    .map((grant): RoleHeld => ({
      email: account.email,
      role: grant.name,
      on: scopeOf(grant),
      source: grant.isElevation ? 'elevation' : 'assigned',
      granted_by: grant.grantedBy,
      reason: grant.reason,
      expires: when(grant.expiresMs, 'never'),
      last_used: when(grant.lastUsedMs, 'never'),
      id: grant.id,
    }))
  return [...own, ...assigned]
}

/** INVARIANT: afterwards nothing gives the role on that scope any more: no assignment, no elevation, not the account. */
async function revokeRole(
  { kept, accounts, by, record }: GrantDesk,
  account: Account,
  name: string,
  { on, reason }: GrantOptions,
): Promise<readonly string[]> {
  const grants = await kept.grants.list({ subject: account.id, pendingOrInForceMs: Date.now() })
  const scope = scopeOf(on ?? {})
  const taken: string[] = []
  for (const grant of grants) {
    if (grant.kind !== 'role' || grant.name !== name || scopeOf(grant) !== scope) continue
    if (await kept.grants.revoke(grant.id, by)) taken.push(grant.id)
  }
  const isOwn = on === undefined && account.roles.includes(name)
  const rest = account.roles.filter((role) => role !== name)
  if (isOwn) {
    await accounts.setRoles(account, rest)
    taken.push('of the account; its sessions ended')
    await record('identity.roles-changed', account.id, { roles: rest.join(',') })
  }
  if (taken.length > 0)
    await record('access.role-revoked', account.id, {
      role: name,
      on: scope,
      ...(reason !== undefined && { reason }),
    })
  return taken
}

function requireRole({ rbac }: GrantDesk, name: string): void {
  if (!rbac.isRole(name))
    throw new RingwallError('cli.role', `no role \`${name}\`; there is ${rbac.roles.join(', ')}`)
}
