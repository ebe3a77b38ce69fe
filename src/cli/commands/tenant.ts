import { userInfo } from 'node:os'

import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { withAuditedStore } from '../audited-store.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly reason?: string
  readonly json?: boolean
}

/** `ringwall tenant`: suspends all accounts of a tenant at once, from the next request on. */
export function tenantCommand({ terminal }: CommandContext): Command {
  const tenant = new Command('tenant').description('suspend and resume all accounts of a tenant')
  const sub = (usage: string, description: string): Command =>
    tenant
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
  sub('suspend <tenant>', 'no account of it may act, from the next request on')
    .requiredOption('--reason <text>', 'why; it is in the log')
    .addHelpText('after', '\nExamples:\n  ringwall tenant suspend acme --reason "invoice 7 unpaid"')
    .action((name: string, options: Options) =>
      withAuditedStore(options, async ({ kept, record }) => {
        const { suspensions } = kept
        const reason = options.reason ?? ''
        const isNew = await suspensions.suspend(name, reason, userInfo().username)
        if (!isNew) throw new RingwallError('cli.tenant', `\`${name}\` is suspended already`)
        await record('identity.tenant-suspended', undefined, { tenant: name, reason })
        terminal.out(`${name} is suspended`)
      }),
    )
  sub('resume <tenant>', 'its accounts may act again').action((name: string, options: Options) =>
    withAuditedStore(options, async ({ kept, record }) => {
      if (!(await kept.suspensions.resume(name)))
        throw new RingwallError('cli.tenant', `\`${name}\` is not suspended; see ringwall tenant list`)
      await record('identity.tenant-resumed', undefined, { tenant: name })
      terminal.out(`${name} is resumed`)
    }),
  )
  sub('list', 'list the suspended tenants')
    .option('--json', 'as JSON')
    .action((options: Options) =>
      withAuditedStore(options, async ({ kept }) => {
        const all = await kept.suspensions.list()
        if (options.json === true) terminal.out(JSON.stringify(all, null, 2))
        else {
          const rows = all.map((one) => [
            one.tenant,
            new Date(one.suspendedMs).toISOString(),
            one.by,
            one.reason,
          ])
          terminal.out(columns([['TENANT', 'SINCE', 'BY', 'REASON'], ...rows]))
        }
      }),
    )
  return tenant
}
