import { userInfo } from 'node:os'

import { type Command, InvalidArgumentError } from 'commander'

import { type Grant, Rbac } from '../../access/index.ts'
import type { Config } from '../../config/index.ts'
import { parseDuration } from '../../core/units.ts'
import type { Account, Accounts } from '../../identity/index.ts'
import type { Kept } from '../../index.ts'
import { findAccount, withAuditedStore } from '../audited-store.ts'

/** Flags that the commands about roles and grants share. */
export interface GrantOptions {
  readonly config?: string
  readonly operator?: boolean
  readonly reason?: string
  readonly by?: string
  readonly expires?: number
  readonly on?: { readonly resourceType: string; readonly resourceId?: string }
  readonly approvedBy?: string
  readonly all?: boolean
  readonly json?: boolean
}

/** What a command about roles and grants works with. */
export interface GrantDesk {
  readonly config: Config
  readonly kept: Kept
  readonly realm: Account['realm']
  readonly accounts: Accounts
  readonly rbac: Rbac
  /** Who is at the keyboard, as far as `--by` or the system says it. */
  readonly by: string
  find(email: string): Promise<Account>
  record(kind: string, subject: string, data: Readonly<Record<string, string | number>>): Promise<void>
  /** Records grants that were just made; what cannot be recorded is taken back, since nobody could answer for it. */
  recordGrants(kind: string, grants: readonly Grant[]): Promise<void>
}

/** Opens the store of the configuration, also beside a running gateway, and closes it afterwards. */
export async function atGrantDesk(
  options: GrantOptions,
  work: (desk: GrantDesk) => Promise<void>,
): Promise<void> {
  await withAuditedStore(options, async ({ config, kept, record: write }) => {
    const { authorization } = config.security
    const realm = options.operator === true ? 'operator' : 'site'
    const accounts = kept.accounts(realm)
    const by = options.by ?? systemName()
    const record: GrantDesk['record'] = (kind, subject, data) => write(kind, subject, { realm, by, ...data })
    await work({
      config,
      kept,
      realm,
      accounts,
      rbac: new Rbac(authorization.roles, authorization.permissions, authorization.inherits),
      by,
      record,
      find: (email) => findAccount(accounts, realm, email),
      async recordGrants(kind, grants) {
        try {
          for (const grant of grants) await record(kind, grant.subject, eventData(grant))
        } catch (thrown) {
          for (const { id } of grants) await kept.grants.revoke(id, by)
          throw thrown
        }
      },
    })
  })
}

/** The flags that all of the commands have. */
export function commonFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--operator', "an operator's account, not one of the site")
    .option('--by <name>', 'who gives or takes it (default: who is signed in to this machine)')
}

/** The flags of what gives something. */
export function givingFlags(command: Command): Command {
  return command
    .option('--reason <text>', 'why; it is in the log and in every review')
    .option('--expires <when>', 'ends after 15m, 8h, 30d, or at a date', timeAhead)
    .option('--on <resource>', 'for one resource only, Order::7, or for all of a type, Order::*', resourceOf)
}

/** A moment to come: `15m` from now, or a date. */
function timeAhead(text: string): number {
  const inMs = parseDuration(text)
  const at = inMs === undefined ? Date.parse(text) : Date.now() + inMs
  if (Number.isNaN(at) || at <= Date.now())
    throw new InvalidArgumentError('write 15m, 8h, 30d, or a date to come such as 2026-11-24T09:00:00Z')
  return at
}

function resourceOf(text: string): NonNullable<GrantOptions['on']> {
  const [, resourceType = '', resourceId = ''] = /^([\w:]{1,200})::([^:].{0,200})$/.exec(text) ?? []
  if (resourceType === '') throw new InvalidArgumentError('write Type::id, such as Order::7, or Order::*')
  return resourceId === '*' ? { resourceType } : { resourceType, resourceId }
}

/** What a grant is for: everything, a type, or one resource. */
export function scopeOf({
  resourceType,
  resourceId,
}: {
  readonly resourceType?: string | null
  readonly resourceId?: string | null
}): string {
  if (resourceType === undefined || resourceType === null) return 'everything'
  return `${resourceType}::${resourceId ?? '*'}`
}

/** A time in a table. */
export function when(ms: number | null | undefined, otherwise: string): string {
  return ms === null || ms === undefined ? otherwise : new Date(ms).toISOString().slice(0, 19).concat('Z')
}

function eventData(grant: Grant): Readonly<Record<string, string>> {
  return {
    grant: grant.id,
    [grant.kind]: grant.name,
    on: scopeOf(grant),
    reason: grant.reason,
    expires: when(grant.expiresMs, 'never'),
    ...(grant.approvedBy !== null && { approved_by: grant.approvedBy }),
  }
}

function systemName(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry, as in containers.
    return 'command line'
  }
}
