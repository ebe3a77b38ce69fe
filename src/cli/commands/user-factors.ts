import type { Command } from 'commander'

import { systemClock, systemRandom } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import type { Account, Identity } from '../../identity/index.ts'
import { findAccount, withAuditedStore } from '../audited-store.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly operator?: boolean
  readonly reset?: boolean
  readonly json?: boolean
}

/** What the commands work with. */
interface Desk {
  readonly identity: Identity
  readonly account: Account
  record(kind: string, data?: Readonly<Record<string, string | number>>): Promise<void>
}

/** The commands of `ringwall user` that are about second factors, sealed accounts and tenants. */
export function addFactorCommands(user: Command, { terminal }: CommandContext): void {
  const sub = (usage: string, description: string): Command =>
    user
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--operator', "an operator's account, not one of the site")

  sub('factors <email>', 'show the second factors of an account, or take all of them away')
    .option('--reset', 'remove all, for somebody who lost them; ends all sessions')
    .option('--json', 'as JSON')
    .action((email: string, options: Options) =>
      atDesk(email, options, async ({ identity, account, record }) => {
        const { factors } = identity
        if (options.reset === true) {
          await factors.removeAll(account.id)
          await identity.accounts.endSessions(account)
          await record('identity.factors-reset')
          terminal.out(`${account.email} has no second factor any more, and no session`)
          return
        }
        const { hasTotp, backupCodesLeft } = await factors.of(account.id)
        const facts = {
          totp: hasTotp,
          passkeys: (await factors.passkeys.list(account.id)).map(({ name }) => name),
          backup_codes_left: backupCodesLeft,
          remembered_devices: (await factors.devices.list(account.id)).length,
          required: factors.isRequired(account),
        }
        const rows = Object.entries(facts).map(([name, value]) => [name, String(value)])
        terminal.out(options.json === true ? JSON.stringify(facts, null, 2) : columns(rows))
      }),
    )
  sub('seal <email>', 'make it an account for emergencies: one sign-in, two factors, an alarm')
    .addHelpText(
      'after',
      '\nThe password and the codes are printed once. Print them on paper, put them into an envelope, and keep it where two people have to agree to open it.\n\nExamples:\n  ringwall user seal emergency@example.com --operator',
    )
    .action((email: string, options: Options) =>
      atDesk(email, options, async ({ identity, account, record }) => {
        const password = `${randomGroups(5)}-aA1`
        const change = await identity.accounts.setPassword(account, password)
        if (!change.ok)
          throw new RingwallError('cli.seal', 'the password could not be set; try again in a moment')
        await identity.factors.removeAll(account.id)
        const codes = await identity.factors.backupCodes.regenerate(account.id)
        if (!codes) throw new RingwallError('cli.seal', 'the password hasher is busy; try again in a moment')
        await identity.accounts.setBreakGlass(account, systemClock.now())
        await record('identity.break-glass-sealed')
        terminal.out(
          `${account.email} is sealed; its next sign-in is its only one, lasts an hour, and alarms.`,
        )
        terminal.out(`password: ${password}\ncodes:\n${codes.map((code) => `  ${code}`).join('\n')}`)
      }),
    )
  sub('unseal <email>', 'make a sealed account an ordinary one again; ends all sessions').action(
    (email: string, options: Options) =>
      atDesk(email, options, async ({ identity, account, record }) => {
        if (account.breakGlassSealedMs === null)
          throw new RingwallError('cli.seal', `\`${account.email}\` is not a sealed account`)
        await identity.accounts.setBreakGlass(account, null)
        await record('identity.break-glass-unsealed')
        terminal.out(`${account.email} is an ordinary account`)
      }),
  )
  sub('tenant <email> [tenant]', 'put an account into a tenant, or take it out; ends all sessions').action(
    (email: string, tenant: string | undefined, options: Options) =>
      atDesk(email, options, async ({ identity, account, record }) => {
        await identity.accounts.setTenant(account, tenant ?? null)
        await record('identity.tenant-changed', { tenant: tenant ?? '-' })
        terminal.out(`${account.email} is ${tenant === undefined ? 'in no tenant' : `in tenant ${tenant}`}`)
      }),
  )
}

async function atDesk(email: string, options: Options, work: (desk: Desk) => Promise<void>): Promise<void> {
  await withAuditedStore(options, async ({ kept, record }) => {
    const realm = options.operator === true ? 'operator' : 'site'
    const identity = kept.identity(realm)
    const account = await findAccount(identity.accounts, realm, email)
    await work({
      identity,
      account,
      record: (kind, data = {}) => record(kind, account.id, { realm, by: 'command line', ...data }),
    })
  })
}

/** Groups of five characters that are read aloud without doubt: 5 bits a character. */
function randomGroups(count: number): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz234567890'.slice(0, 32)
  const characters = [...systemRandom(count * 5)].map((byte) => alphabet[byte & 31])
  return (characters.join('').match(/.{5}/g) ?? []).join('-')
}
