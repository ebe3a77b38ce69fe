import { join } from 'node:path'

import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { importBreaches } from '../../identity/index.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'

interface Options {
  readonly config?: string
  readonly out?: string
  readonly bits: string
  readonly minCount: string
  readonly json?: boolean
}

/** `ringwall password-list`: lists of passwords that are not taken. Nothing is fetched. */
export function passwordListCommand({ terminal }: CommandContext): Command {
  const list = new Command('password-list').description('lists of passwords that are not taken')
  list
    .command('import <source>')
    .description('make a list of breached passwords from range files (a folder) or a file of SHA-1 hashes')
    .option('-c, --config <file>', 'configuration file (default: security_config.yaml here, if there is one)')
    .option('--out <file>', 'where to write it (default: breached-passwords.filter in `store.directory`)')
    .option(
      '--bits <count>',
      'bits for each password: 12 is one false yes in about 150, 20 one in about 10,000',
      '16',
    )
    .option('--min-count <count>', 'leave out what was seen less often', '1')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  ringwall password-list import ./pwned-ranges --min-count 5')
    .action(async (source: string, options: Options) => {
      const target =
        options.out ?? join(readConfig(options.config).config.store.directory, 'breached-passwords.filter')
      const done = await importBreaches(source, target, {
        bitsPerKey: wholeNumber('--bits', options.bits, 4, 25),
        minCount: wholeNumber('--min-count', options.minCount, 1, 1_000_000_000),
      })
      if (options.json === true) terminal.out(JSON.stringify({ ...done, file: target }, null, 2))
      else
        terminal.out(
          `${done.passwords} passwords in ${target} (${done.bytes} bytes), ${done.skipped} left out\nset security.authentication.password.breach_list to this file and restart`,
        )
    })
  return list
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new RingwallError(
    'cli.number',
    `${option} is a whole number from ${least} to ${most}, not \`${text}\``,
  )
}
