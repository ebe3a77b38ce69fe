import { writeFileSync } from 'node:fs'

import { Command } from 'commander'

import { openQuarantine, type Quarantine, type QuarantinedFile } from '../../application/index.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { withAuditedStore } from '../audited-store.ts'
import { readConfig } from '../config-file.ts'
import type { CommandContext } from '../main.ts'
import { columns } from '../terminal.ts'

interface Options {
  readonly config?: string
  readonly json?: boolean
}

/** `ringwall uploads`: files that were refused and kept aside. */
export function uploadsCommand({ terminal, exit }: CommandContext): Command {
  const uploads = new Command('uploads').description(
    'see, release and delete refused uploads that were kept aside',
  )
  const sub = (usage: string, description: string): Command =>
    uploads
      .command(usage)
      .description(description)
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--json', 'as JSON')

  sub('list', 'list the files of the quarantine, the oldest first')
    .addHelpText('after', '\nExamples:\n  ringwall uploads list\n  ringwall uploads list --json')
    .action(async (options: Options) => {
      const files = await quarantineOf(options).list()
      if (options.json === true) return terminal.out(JSON.stringify(files, null, 2))
      if (files.length === 0) return terminal.out('the quarantine is empty')
      terminal.out(columns([['FILE', 'WHEN (UTC)', 'SIZE', 'WHY', 'NAME'], ...files.map(rowOf)]))
    })
  sub('show <id>', 'print what is known of one file')
    .addHelpText('after', '\nExamples:\n  ringwall uploads show 0mf3k2a9q-0f1e2d3c4b5a')
    .action(async (id: string, options: Options) => {
      const file = await findFile(quarantineOf(options), id)
      if (options.json === true) return terminal.out(JSON.stringify(file, null, 2))
      const facts = Object.entries({ ...file, atMs: new Date(file.atMs).toISOString() })
      terminal.out(columns(facts.map(([name, value]) => [name, clean(String(value))])))
      terminal.out(`\nringwall why ${file.exchangeId} shows the request`)
    })
  sub('release <id>', 'write the content of a file out of the quarantine; it was refused for a reason')
    .requiredOption('--to <file>', 'where; a file that is there already is not written over')
    .option('--keep', 'leave it in the quarantine as well')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall uploads release 0mf3k2a9q-0f1e2d3c4b5a --to checked/invoice.pdf',
    )
    .action(async (id: string, options: Options & { readonly to: string; readonly keep?: boolean }) => {
      const quarantine = quarantineOf(options)
      const file = await findFile(quarantine, id)
      const bytes = await quarantine.read(id)
      if (!bytes)
        throw new RingwallError('cli.upload', `the content of ${id} is gone, or is not what was kept`)
      await withAuditedStore(options, async ({ record }) => {
        // On record before it is out.
        await record('application.upload-released', undefined, { file: id, sha256: file.sha256 })
        try {
          writeFileSync(options.to, bytes, { mode: 0o600, flag: 'wx' })
        } catch (cause) {
          throw new RingwallError(
            'cli.unwritable',
            `cannot write \`${options.to}\`: ${describeError(cause)}`,
            {
              cause,
            },
          )
        }
        if (options.keep !== true) await quarantine.delete(id)
      })
      if (options.json === true) terminal.out(JSON.stringify({ released: id, to: options.to }))
      else terminal.out(`${id} (${file.reason}) is in ${options.to}`)
    })
  sub('delete <ids...>', 'delete files of the quarantine for good')
    .addHelpText('after', '\nExamples:\n  ringwall uploads delete 0mf3k2a9q-0f1e2d3c4b5a')
    .action(async (ids: readonly string[], options: Options) => {
      const quarantine = quarantineOf(options)
      const deleted: string[] = []
      await withAuditedStore(options, async ({ record }) => {
        for (const id of ids) {
          if (!(await quarantine.delete(id))) continue
          deleted.push(id)
          await record('application.upload-deleted', undefined, { file: id })
        }
      })
      const missing = ids.filter((id) => !deleted.includes(id))
      if (options.json === true) terminal.out(JSON.stringify({ deleted, missing }))
      else {
        terminal.out(`${deleted.length} deleted`)
        for (const id of missing) terminal.error(`no file ${clean(id)} is in the quarantine`)
      }
      if (missing.length > 0) exit(1)
    })
  return uploads
}

function quarantineOf(options: Options): Quarantine {
  const { config } = readConfig(options.config)
  const { uploads } = config.security.application
  const quarantine = openQuarantine(uploads.quarantine, config.store.directory, () => Date.now())
  if (quarantine) return quarantine
  throw new RingwallError(
    'cli.no-quarantine',
    'no quarantine is configured; set `security.application.uploads.quarantine: {}`',
  )
}

async function findFile(quarantine: Quarantine, id: string): Promise<QuarantinedFile> {
  const file = await quarantine.find(id)
  if (file) return file
  throw new RingwallError(
    'cli.no-upload',
    `no file \`${clean(id)}\` is in the quarantine; see ringwall uploads list`,
  )
}

function rowOf({ id, atMs, size, reason, rawName = '' }: QuarantinedFile): string[] {
  return [id, new Date(atMs).toISOString().slice(0, 19), formatSize(size), reason, clean(rawName)]
}

/** What a sender wrote does not write on the terminal. */
function clean(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e\u00a1-\uffff]|[\u202a-\u202e\u2066-\u2069]/g, '?').slice(0, 200)
}
