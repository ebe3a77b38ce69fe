import { Command } from 'commander'

import { systemClock } from '../../core/clock.ts'
import { RingwallError } from '../../core/errors.ts'
import type { KeyPurpose } from '../../core/keys.ts'
import { KEY_PURPOSES, type Keyring, openKeyring } from '../../data/index.ts'
import { withAuditedStore } from '../audited-store.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'
import { keyringFile } from './data-desk.ts'

interface Options {
  readonly config?: string
  readonly json?: boolean
  readonly dangerouslyUnchecked?: boolean
}

const DAY_MS = 86_400_000

/** `ringwall key`: the keyring. */
export function keyCommand({ terminal, exit }: CommandContext): Command {
  const key = new Command('key').description('see and rotate the keys of the keyring')
  const sub = (usage: string, description: string): Command =>
    key
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--json', 'as JSON')

  sub('status', 'list the keys with purpose and age; ends with 1 where one is due for rotation')
    .addHelpText('after', '\nExamples:\n  ringwall key status\n  ringwall key status --json')
    .action((options: Options) => {
      const { config } = readConfig(options.config)
      const days = config.security.encryption.key_rotation_days
      const keyring = openKeyring(keyringFile(options), systemClock)
      const due = new Set(keyring.due(days))
      const rows = KEY_PURPOSES.flatMap((purpose) =>
        keyring.all(purpose).map((one, i) => ({
          purpose,
          id: one.id,
          age_days: Math.floor((Date.now() - one.createdMs) / DAY_MS),
          state: i > 0 ? 'reads' : due.has(purpose) ? `due (older than ${days} days)` : 'current',
        })),
      )
      if (options.json === true) terminal.out(JSON.stringify(rows, null, 2))
      else {
        const shown = rows.map(({ purpose, id, age_days, state }) => [purpose, id, `${age_days} d`, state])
        terminal.out(columns([['PURPOSE', 'ID', 'AGE', 'STATE'], ...shown]))
      }
      if (due.size > 0) exit(1)
    })
  sub('rotate <purpose>', 'make a new current key; the older ones stay, to read what they made')
    .addHelpText(
      'after',
      `\nPurposes: ${KEY_PURPOSES.join(', ')}\n\nExamples:\n  ringwall key rotate field\n  ringwall key rotate pepper`,
    )
    .action(async (text: string, options: Options) => {
      const purpose = purposeOf(text)
      const keyring = openKeyring(keyringFile(options), systemClock)
      const old = keyring.current(purpose)
      const next = keyring.rotate(purpose)
      await record(options, 'data.key-rotated', { purpose, key: next.id, before: old.id })
      if (options.json === true) terminal.out(JSON.stringify({ purpose, current: next.id, before: old.id }))
      else terminal.out(`${purpose}: ${next.id} is the current key; ${old.id} still reads`)
      terminal.error(
        purpose === 'field'
          ? 'restart what uses the keyring, then run `ringwall data rewrap` for each mapping'
          : purpose === 'cookie'
            ? 'a running gateway signs with it within a second; for tokens in forms, reload or restart it'
            : 'a running gateway uses it within a second',
      )
    })
  sub('retire <purpose>', 'remove an old key for good; what only it can read is lost')
    // An option, since an id may begin with a dash.
    .requiredOption('--id <id>', 'the key, as `ringwall key status` shows it')
    .option('--dangerously-unchecked', 'you know that nothing was made with it that is still needed')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall key retire cookie --id 3qYl0bX9aB_c --dangerously-unchecked',
    )
    .action(async (text: string, options: Options & { readonly id: string }) => {
      const { id } = options
      const purpose = purposeOf(text)
      if (options.dangerouslyUnchecked !== true)
        throw new RingwallError('cli.unchecked', `${checkOf(purpose)}; then add --dangerously-unchecked`)
      const keyring: Keyring = openKeyring(keyringFile(options), systemClock)
      keyring.retire(purpose, id)
      await record(options, 'data.key-retired', { purpose, key: id })
      terminal.out(`${purpose}: ${id} is removed`)
    })
  return key
}

function checkOf(purpose: KeyPurpose): string {
  if (purpose === 'field')
    return 'run `ringwall data rewrap` for every mapping first: 0 wrapped anew means that the old key is not needed'
  if (purpose === 'pepper')
    return 'passwords that were last used before the rotation are still under the old key'
  if (purpose === 'checkpoint')
    return 'signatures of the audit log that the old key made could not be checked any more'
  return 'wait until everything that the old key made has expired'
}

function purposeOf(text: string): KeyPurpose {
  const purpose = KEY_PURPOSES.find((one) => one === text)
  if (purpose) return purpose
  throw new RingwallError(
    'cli.purpose',
    `no key has the purpose \`${text}\`; there is ${KEY_PURPOSES.join(', ')}`,
  )
}

/** Writes to the audit log before the command says that it is done. */
async function record(
  options: Options,
  kind: string,
  facts: Readonly<Record<string, string>>,
): Promise<void> {
  await withAuditedStore(options, (store) => store.record(kind, undefined, { by: 'command line', ...facts }))
}
