import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { rolesOfRealm } from '../../grant-desk.ts'
import type { Account, Accounts } from '../../identity/index.ts'
import { findAccount, withAuditedStore } from '../audited-store.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { addFactorCommands } from './user-factors.ts'

interface Options {
  readonly config?: string
  readonly operator?: boolean
  readonly name?: string
  readonly role: readonly string[]
  readonly json?: boolean
}

/** What a subcommand of `user` works with. */
interface Desk {
  readonly accounts: Accounts
  /** The account of this address, or an error that says so. */
  find(email: string): Promise<Account>
  /** Writes to the audit log before the command says that it is done. */
  record(kind: string, account: Account, data?: Readonly<Record<string, string>>): Promise<void>
}

/** `ringwall user`: accounts, also while the gateway runs. What takes rights away counts from the next request on. */
export function userCommand(context: CommandContext): Command {
  const { terminal } = context
  const user = new Command('user').description('manage accounts, also while the gateway runs')
  const sub = (usage: string, description: string): Command =>
    user
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--operator', "the operators' accounts, not the site's")

  sub('add <email>', 'make an account with a one-time password')
    .option('--name <name>', 'display name', '')
    .option(
      '--role <role>',
      'a role; can be given several times',
      (role, all: string[]) => [...all, role],
      [],
    )
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall user add ann@example.com --role customer\n  ringwall user add eve@example.com --operator --role admin',
    )
    .action((email: string, options: Options) =>
      atDesk(options, async (desk, roles) => {
        for (const role of options.role) {
          if (!roles.includes(role))
            throw new RingwallError('cli.role', `no role \`${role}\`; there is ${roles.join(', ')}`)
        }
        const account = await desk.accounts.create(email, options.name ?? '', options.role)
        const password = await desk.accounts.setOneTimePassword(account)
        await desk.record('identity.account-created', account, { roles: options.role.join(',') })
        terminal.out(`${account.email} (${account.id})\none-time password, valid for 24 hours: ${password}`)
      }),
    )
  sub('list', 'list the accounts')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      atDesk(options, async ({ accounts }) => {
        const all = await accounts.list()
        if (options.json === true) {
          terminal.out(JSON.stringify(all.map(shown), null, 2))
          return
        }
        const rows = all.map((one) => [
          one.email,
          one.roles.join(','),
          stateOf(one),
          when(one.lastSignInMs),
          one.id,
        ])
        terminal.out(columns([['E-MAIL', 'ROLES', 'STATE', 'LAST SIGN-IN', 'ID'], ...rows]))
      }),
    )
  sub('show <email>', 'show one account')
    .option('--json', 'as JSON')
    .action((email: string, options: Options) =>
      atDesk(options, async (desk) => {
        const facts = shown(await desk.find(email))
        const rows = Object.entries(facts).map(([name, value]) => [name, String(value)])
        terminal.out(options.json === true ? JSON.stringify(facts, null, 2) : columns(rows))
      }),
    )
  sub('password <email>', 'give a new one-time password; ends all sessions').action(
    (email: string, options: Options) =>
      atDesk(options, async (desk) => {
        const account = await desk.find(email)
        const password = await desk.accounts.setOneTimePassword(account)
        await desk.record('identity.password-reset', account)
        terminal.out(`one-time password for ${account.email}, valid for 24 hours: ${password}`)
      }),
  )
  sub('roles <email> [roles...]', 'set the roles; ends all sessions').action(
    (email: string, given: string[], options: Options) =>
      atDesk(options, async (desk, roles) => {
        for (const role of given) {
          if (!roles.includes(role))
            throw new RingwallError('cli.role', `no role \`${role}\`; there is ${roles.join(', ')}`)
        }
        const account = await desk.find(email)
        await desk.accounts.setRoles(account, given)
        await desk.record('identity.roles-changed', account, { roles: given.join(',') })
        terminal.out(`${account.email} has ${given.join(', ') || 'no role'}`)
      }),
  )
  const simple = (
    name: string,
    description: string,
    kind: string,
    act: (desk: Desk, account: Account) => Promise<void>,
  ): void => {
    sub(`${name} <email>`, description).action((email: string, options: Options) =>
      atDesk(options, async (desk) => {
        const account = await desk.find(email)
        await act(desk, account)
        await desk.record(kind, account)
        terminal.out(`${account.email}: ${name} done`)
      }),
    )
  }
  simple(
    'disable',
    'switch the account off; ends all sessions',
    'identity.account-disabled',
    (desk, account) => desk.accounts.setDisabled(account, true),
  )
  simple('enable', 'switch the account on again', 'identity.account-enabled', (desk, account) =>
    desk.accounts.setDisabled(account, false),
  )
  simple('end-sessions', 'sign the account out everywhere', 'identity.sessions-ended', (desk, account) =>
    desk.accounts.endSessions(account),
  )
  simple(
    'delete',
    'delete the account; its lines in the audit log stay',
    'identity.account-deleted',
    (desk, account) => desk.accounts.delete(account),
  )
  addFactorCommands(user, context)
  return user
}

async function atDesk(
  options: Options,
  work: (desk: Desk, roles: readonly string[]) => Promise<void>,
): Promise<void> {
  await withAuditedStore(options, async ({ config, kept, record }) => {
    const realm = options.operator === true ? 'operator' : 'site'
    const accounts = kept.accounts(realm)
    const desk: Desk = {
      accounts,
      find: (email) => findAccount(accounts, realm, email),
      record: (kind, { id }, data = {}) => record(kind, id, { realm, by: 'command line', ...data }),
    }
    await work(desk, Object.keys(rolesOfRealm(config.security.authorization, realm).roles))
  })
}

function stateOf(account: Account): string {
  if (account.disabled) return 'disabled'
  return account.mustChangePassword ? 'must change password' : 'active'
}

function when(ms: number | null): string {
  return ms === null ? 'never' : new Date(ms).toISOString()
}

function shown(account: Account): Readonly<Record<string, unknown>> {
  return {
    id: account.id,
    email: account.email,
    name: account.name,
    roles: account.roles,
    state: stateOf(account),
    created: when(account.createdMs),
    last_sign_in: when(account.lastSignInMs),
    password_set: when(account.passwordSetMs),
  }
}
