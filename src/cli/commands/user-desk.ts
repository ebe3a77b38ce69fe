import type { Command } from 'commander'

import type { Config } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { rolesOfRealm } from '../../grant-desk.ts'
import type { Account, Identity } from '../../identity/index.ts'
import type { Kept } from '../../index.ts'
import { findAccount, withAuditedStore } from '../audited-store.ts'

/** What every subcommand of `user` can be told. */
export interface DeskOptions {
  readonly config?: string
  readonly operator?: boolean
  readonly json?: boolean
}

/** What a subcommand of `user` works with. */
export interface Desk {
  readonly identity: Identity
  readonly kept: Kept
  readonly config: Config
  /** The account of this address, or an error that says so. */
  find(email: string): Promise<Account>
  /** The roles that were asked for, or an error that says which there are. */
  checkRoles(roles: readonly string[]): readonly string[]
  /** Writes to the audit log before the command says that it is done. */
  record(
    kind: string,
    account: Account | undefined,
    data?: Readonly<Record<string, string | number>>,
  ): Promise<void>
}

/** How subcommands are added: each with the configuration, the realm and JSON. */
export type AddCommand = (usage: string, description: string) => Command

/** Opens the store and the audit log for one subcommand. */
export async function atDesk(options: DeskOptions, work: (desk: Desk) => Promise<void>): Promise<void> {
  await withAuditedStore(options, async ({ config, kept, record }) => {
    const realm = options.operator === true ? 'operator' : 'site'
    const identity = kept.identity(realm, config)
    const known = Object.keys(rolesOfRealm(config.security.authorization, realm).roles)
    await work({
      identity,
      kept,
      config,
      find: (email) => findAccount(identity.accounts, realm, email),
      checkRoles(roles) {
        const unknown = roles.find((role) => !known.includes(role))
        if (unknown === undefined) return roles
        throw new RingwallError('cli.role', `no role \`${unknown}\`; there is ${known.join(', ')}`)
      },
      record: (kind, account, data = {}) => record(kind, account?.id, { realm, by: 'command line', ...data }),
    })
  })
}

/** A moment for people. */
export function when(ms: number | null): string {
  return ms === null ? 'never' : new Date(ms).toISOString()
}
