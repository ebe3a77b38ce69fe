import { Command } from 'commander'

import { ElevatedPermissions, type Grant } from '../../access/index.ts'
import { systemClock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
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
      atGrantDesk(options, async (desk) => {
        const account = await desk.find(email)
        requirePermission(desk, permission)
        const made = await desk.kept.grants.add({
          kind: 'permission',
          name: permission,
          subject: account.id,
          reason: options.reason ?? '',
          by: desk.by,
          ...options.on,
          ...(options.expires !== undefined && { expiresMs: options.expires }),
        })
        await desk.recordGrants('access.granted', [made])
        terminal.out(sentence(account.email, made))
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
      atGrantDesk(options, async (desk) => {
        const account = await desk.find(email)
        const roles = names.filter((name) => desk.rbac.isRole(name))
        const permissions = names.filter((name) => !desk.rbac.isRole(name))
        for (const name of permissions) requirePermission(desk, name)
        const { elevation } = desk.config.security.authorization
        const elevated = new ElevatedPermissions(desk.kept.grants, desk.rbac, systemClock, {
          defaultMs: elevation.default_ttl,
          maxMs: elevation.max_ttl,
          approval: elevation.approval,
        })
        const made = await elevated.elevate({
          subject: account.id,
          subjectNames: [account.email],
          roles,
          permissions,
          reason: options.reason ?? '',
          by: desk.by,
          ...options.on,
          ...(options.approvedBy !== undefined && { approvedBy: options.approvedBy }),
          ...(options.expires !== undefined && { ttlMs: options.expires - Date.now() }),
        })
        await desk.recordGrants('access.elevated', made)
        for (const one of made) terminal.out(sentence(account.email, one))
      }),
    )
  commonFlags(grant.command('list [email]').description('list what was given and when it was last used'))
    .option('--all', 'also what has ended')
    .option('--json', 'as JSON')
    .action((email: string | undefined, options: GrantOptions) =>
      atGrantDesk(options, async (desk) => {
        const account = email === undefined ? undefined : await desk.find(email)
        const emails = new Map((await desk.accounts.list(100_000)).map(({ id, email }) => [id, email]))
        const nowMs = Date.now()
        const grants = await desk.kept.grants.list({
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
      atGrantDesk(options, async ({ kept, by, record }) => {
        const known = await kept.grants.find(id)
        if (!known)
          throw new RingwallError('cli.no-grant', `there is no grant \`${id}\`; see ringwall grant list`)
        if (!(await kept.grants.revoke(id, by)))
          throw new RingwallError('cli.no-grant', `\`${id}\` was revoked before`)
        await record('access.grant-revoked', known.subject, {
          grant: id,
          [known.kind]: known.name,
          on: scopeOf(known),
          ...(options.reason !== undefined && { reason: options.reason }),
        })
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

function requirePermission({ rbac, config }: GrantDesk, name: string): void {
  if (rbac.isPermission(name)) return
  const { permissions } = config.security.authorization
  throw new RingwallError('cli.permission', `no permission \`${name}\`; there is ${permissions.join(', ')}`)
}
