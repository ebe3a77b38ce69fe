import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { type Account, PAGES } from '../../identity/index.ts'
import { publicUrl } from '../../index.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { addFactorCommands } from './user-factors.ts'
import { atDesk, type Desk, type DeskOptions, when } from './user-desk.ts'
import { addImportCommand, collect } from './user-import.ts'
import { addSessionCommands } from './user-sessions.ts'

interface Options extends DeskOptions {
  readonly name?: string
  readonly role: readonly string[]
  readonly language: string
  readonly reason?: string
  readonly by?: string
}

/** `ringwall user`: accounts, also while the gateway runs. What takes rights away counts from the next request on. */
export function userCommand(context: CommandContext): Command {
  const { terminal } = context
  const user = new Command('user').description('manage accounts, also while the gateway runs')
  const add = (usage: string, description: string): Command =>
    user
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--operator', "the operators' accounts, not the site's")
      .option('--json', 'as JSON')
  /** Says what was done. */
  const tell = (options: DeskOptions, facts: Readonly<Record<string, unknown>>, text: string): void =>
    terminal.out(options.json === true ? JSON.stringify(facts, null, 2) : text)

  add('add <email>', 'make an account with a one-time password')
    .option('--name <name>', 'display name', '')
    .option('--role <role>', 'a role; can be given several times', collect, [])
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall user add ann@example.com --role customer\n  ringwall user add eve@example.com --operator --role admin',
    )
    .action((email: string, options: Options) =>
      atDesk(options, async ({ identity, checkRoles, record }) => {
        const account = await identity.accounts.create(email, options.name ?? '', checkRoles(options.role))
        const password = await identity.accounts.setOneTimePassword(account)
        await record('identity.account-created', account, { roles: options.role.join(',') })
        tell(
          options,
          { ...shown(account), one_time_password: password },
          `${account.email} (${account.id})\none-time password, valid for 24 hours: ${password}`,
        )
      }),
    )
  add('invite <email>', 'send a link to make an account, valid for seven days')
    .option('--name <name>', 'display name', '')
    .option('--role <role>', 'a role; can be given several times', collect, [])
    .option('--language <language>', 'of the mail: en, de or es', 'en')
    .action((email: string, options: Options) =>
      atDesk(options, async ({ identity, kept, checkRoles, record }) => {
        if (identity.registration.mode === 'closed') {
          throw new RingwallError(
            'cli.registration-closed',
            'nobody can take an invitation while security.authentication.registration.mode is closed; set it to invited',
          )
        }
        const language = languageOf(options.language)
        await identity.registration.invite(email, options.name ?? '', checkRoles(options.role), language)
        await record('identity.invited', undefined, { email, roles: options.role.join(',') })
        await kept.post.flush()
        tell(
          options,
          { email, sent_to: kept.post.destination },
          `invitation for ${email}: ${kept.post.destination}`,
        )
      }),
    )
  add('list', 'list the accounts').action((options: Options) =>
    atDesk(options, async ({ identity }) => {
      const all = await identity.accounts.list()
      const rows = all.map((one) => [
        one.email,
        one.roles.join(','),
        stateOf(one),
        when(one.lastSignInMs),
        one.id,
      ])
      const head = ['E-MAIL', 'ROLES', 'STATE', 'LAST SIGN-IN', 'ID']
      terminal.out(options.json === true ? JSON.stringify(all.map(shown), null, 2) : columns([head, ...rows]))
    }),
  )
  add('show <email>', 'show one account').action((email: string, options: Options) =>
    atDesk(options, async ({ identity, find }) => {
      const account = await find(email)
      const sessions = await identity.sessions.list(account.id)
      const devices = await identity.devices.list(account)
      const facts = { ...shown(account), sessions: sessions.length, known_devices: devices.length }
      tell(options, facts, columns(Object.entries(facts).map(([name, value]) => [name, String(value)])))
    }),
  )
  add('password <email>', 'give a new one-time password; ends all sessions').action(
    (email: string, options: Options) =>
      atDesk(options, async ({ identity, find, record }) => {
        const account = await find(email)
        const password = await identity.accounts.setOneTimePassword(account)
        await record('identity.password-reset', account)
        tell(
          options,
          { email: account.email, one_time_password: password },
          `one-time password for ${account.email}, valid for 24 hours: ${password}`,
        )
      }),
  )
  add('reset <email>', 'take the password away and mail a link to set another; ends all sessions')
    .option('--language <language>', 'of the mail: en, de or es', 'en')
    .action((email: string, options: Options) =>
      atDesk(options, async ({ identity, kept, find, record }) => {
        const account = await find(email)
        await identity.accounts.blockPassword(account)
        await identity.recovery.ask(account.email, languageOf(options.language))
        await record('identity.password-reset', account, { by_mail: 1 })
        await kept.post.flush()
        const facts = { email: account.email, sent_to: kept.post.destination }
        tell(options, facts, `link for ${account.email}: ${kept.post.destination}`)
      }),
    )
  add('impersonate <email>', 'print a link to act as somebody; marked, recorded, over after half an hour')
    .requiredOption('--reason <text>', 'why; shown to the account and in the audit log')
    .requiredOption('--by <operator>', 'who does it')
    .action((email: string, options: Options) =>
      atDesk(options, async ({ identity, config, find, record }) => {
        const account = await find(email)
        const [reason, by] = [(options.reason ?? '').trim(), (options.by ?? '').trim()]
        if (reason === '' || by === '')
          throw new RingwallError('cli.reason', 'say why and who: --reason and --by')
        if (identity.realm === 'operator')
          throw new RingwallError('cli.reason', 'nobody acts as an operator; leave out --operator')
        const token = await identity.impersonation.begin(account, by.slice(0, 200), reason.slice(0, 500))
        await record('identity.impersonation-granted', account, { operator: by, reason })
        const link = `${publicUrl(config, 'site')}${PAGES.impersonate}?t=${token}`
        tell(options, { email: account.email, link }, `open within five minutes: ${link}`)
      }),
    )
  add('roles <email> [roles...]', 'set the roles; ends all sessions').action(
    (email: string, given: string[], options: Options) =>
      atDesk(options, async ({ identity, find, checkRoles, record }) => {
        const account = await find(email)
        await identity.accounts.setRoles(account, checkRoles(given))
        await record('identity.roles-changed', account, { roles: given.join(',') })
        tell(
          options,
          { email: account.email, roles: given },
          `${account.email} has ${given.join(', ') || 'no role'}`,
        )
      }),
  )
  const simple = (
    [name, alias]: readonly [name: string, alias?: string],
    description: string,
    kind: string,
    act: (desk: Desk, account: Account) => Promise<void>,
  ): void => {
    const command = add(`${name} <email>`, description).action((email: string, options: Options) =>
      atDesk(options, async (desk) => {
        const account = await desk.find(email)
        await act(desk, account)
        await desk.record(kind, account)
        tell(options, { email: account.email, done: name }, `${account.email}: ${name} done`)
      }),
    )
    if (alias !== undefined) command.alias(alias)
  }
  simple(
    ['lock', 'disable'],
    'switch the account off; ends all sessions',
    'identity.account-disabled',
    (desk, account) => desk.identity.accounts.setDisabled(account, true),
  )
  simple(
    ['unlock', 'enable'],
    'switch the account on again, and forget wrong passwords',
    'identity.account-enabled',
    async ({ identity }, account) => {
      await identity.accounts.setDisabled(account, false)
      await identity.forgetFailures(account)
    },
  )
  addFactorCommands(user, context)
  simple(
    ['delete'],
    'delete the account now; its lines in the audit log stay',
    'identity.account-deleted',
    (desk, account) => desk.identity.accounts.delete(account),
  )
  addSessionCommands(add, terminal)
  addImportCommand(add, context)
  return user
}

function languageOf(text: string): 'en' | 'de' | 'es' {
  if (text === 'en' || text === 'de' || text === 'es') return text
  throw new RingwallError('cli.language', `no language \`${text}\`; there is en, de, es`)
}

function stateOf(account: Account): string {
  if (account.disabled) return 'locked'
  if (account.deleteAfterMs !== null) return `deleted on ${when(account.deleteAfterMs)}`
  if (account.passwordHash === null) return 'no password'
  return account.mustChangePassword ? 'must change password' : 'active'
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
    email_verified: when(account.emailVerifiedMs),
  }
}
