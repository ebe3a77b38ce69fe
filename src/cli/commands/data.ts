import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import { parseDuration } from '../../core/units.ts'
import {
  countRemaining,
  declared,
  FIELDS_SCOPE,
  rotateAll,
  type RotationProgress,
  SEARCH_SCOPE,
} from '../../data/index.ts'
import type { CommandContext } from '../main.ts'
import { columns as aligned, type Terminal } from '../terminal.ts'
import { type DataDesk, type DataOptions, withDataDesk } from './data-desk.ts'

interface RotateOptions extends DataOptions {
  readonly batch: string
  readonly maxRowsPerSecond?: string
  readonly grace: string
  readonly force?: boolean
  readonly retire?: boolean
  readonly json?: boolean
}

const PROGRESS_MS = 1000

/** `ringwall data`: encrypted columns of an application, by a mapping file. */
export function dataCommand({ terminal, exit }: CommandContext): Command {
  const data = new Command('data').description(
    'see and rotate the keys of encrypted columns, while the application runs',
  )
  const sub = (name: string, description: string): Command =>
    data
      .command(name)
      .description(description)
      .argument('<mapping>', 'JSON file that declares the encrypted columns')
      .requiredOption('-d, --database <url>', 'env:NAME, postgres://..., mysql://... or a SQLite file')
      .option(
        '-c, --config <file>',
        'configuration file (default: security_config.yaml here, if there is one)',
      )
      .option('--json', 'as JSON')

  sub('status', 'count what is under old keys')
    .addHelpText('after', '\nExamples:\n  ringwall data status columns.json --database env:DATABASE_URL')
    .action((mapping: string, options: DataOptions & { readonly json?: boolean }) =>
      withDataDesk(mapping, options, async (desk) => showStatus(terminal, desk, options.json === true)),
    )
  sub(
    'rotate',
    'make new data keys and write every value and search token under them; goes on where it was stopped',
  )
    .option('--batch <rows>', 'rows at once', '500')
    .option('--max-rows-per-second <rows>', 'leave the database room for others')
    .option('--grace <time>', 'how long applications take to learn of new keys', '60s')
    .option('--force', 'make new keys although a rotation is under way')
    .option('--retire', 'forget the old keys once nothing is left under them')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall data rotate columns.json --database env:DATABASE_URL\n  ringwall data rotate columns.json --database app.sqlite --grace 0s --max-rows-per-second 2000 --retire',
    )
    .action((mapping: string, options: RotateOptions) =>
      withDataDesk(mapping, options, async (desk) => {
        const isDone = await rotate(terminal, desk, options)
        if (!isDone) exit(1)
      }),
    )
  sub('rewrap', "wrap the data keys with the keyring's newest key; the data is not touched")
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall key rotate field\n  ringwall data rewrap columns.json --database env:DATABASE_URL',
    )
    .action((mapping: string, options: DataOptions & { readonly json?: boolean }) =>
      withDataDesk(mapping, options, async ({ keys }) => {
        const count = await keys.rewrap()
        terminal.out(
          options.json === true ? JSON.stringify({ rewrapped: count }) : `${count} data keys wrapped anew`,
        )
      }),
    )
  return data
}

async function showStatus(terminal: Terminal, desk: DataDesk, isJson: boolean): Promise<void> {
  const { session, keys, columns } = desk
  const rows: { table: string; column: string; total: number; remaining: number | undefined }[] = []
  for (const { table, column } of declared(columns))
    rows.push({ table, column, ...(await countRemaining(session, columns, keys, table, column)) })
  const living = [FIELDS_SCOPE, SEARCH_SCOPE].flatMap((scope) =>
    keys.all(scope).map((key, i) => ({
      scope,
      id: key.id,
      created: new Date(key.createdMs).toISOString(),
      state: i === 0 ? 'current' : 'reads',
    })),
  )
  if (isJson) {
    terminal.out(JSON.stringify({ columns: rows, keys: living }, null, 2))
    return
  }
  terminal.out(
    aligned([
      ['COLUMN', 'VALUES', 'UNDER OLD KEYS'],
      ...rows.map(({ table, column, total, remaining }) => [
        `${table}.${column}`,
        String(total),
        remaining === undefined ? 'a key for each subject' : String(remaining),
      ]),
    ]),
  )
  terminal.out('')
  terminal.out(
    aligned([
      ['KEYS OF', 'ID', 'MADE', 'STATE'],
      ...living.map(({ scope, id, created, state }) => [scope, id, created, state]),
    ]),
  )
}

async function rotate(terminal: Terminal, desk: DataDesk, options: RotateOptions): Promise<boolean> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    const report = await rotateAll({
      ...desk,
      batchRows: countOf(options.batch, '--batch'),
      ...(options.maxRowsPerSecond !== undefined && {
        maxRowsPerSecond: countOf(options.maxRowsPerSecond, '--max-rows-per-second'),
      }),
      graceMs: graceOf(options.grace),
      force: options.force === true,
      retire: options.retire === true,
      signal: stopping.signal,
      onStep: (line) => terminal.error(line),
      onProgress: progressOn(terminal),
    })
    const refused = report.columns.flatMap(({ table, column, refused: values }) =>
      values.map(({ key, reason }) => ({ at: `${table}.${column}`, key: key.map(String), reason })),
    )
    if (options.json === true)
      terminal.out(
        JSON.stringify(
          {
            ...report,
            columns: report.columns.map((one) => ({ ...one, refused: one.refused.length })),
            refused,
          },
          null,
          2,
        ),
      )
    else {
      for (const { table, column, rewritten, overtaken, remaining } of report.columns)
        terminal.out(
          `${table}.${column}: ${rewritten} rewritten, ${overtaken} overtaken by writers, ${remaining} left`,
        )
      for (const id of report.retired) terminal.out(`${id}: forgotten`)
    }
    for (const { at, key, reason } of refused)
      terminal.error(`refused: ${at} of row ${key.join(', ')}: ${reason}`)
    if (stopping.signal.aborted) terminal.error('stopped; run it again to go on')
    return report.remaining === 0 && !stopping.signal.aborted
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/** One line a second: `users.email  [#####.....]  52%  520,000 of 1,000,000  41,000 rows/s`. */
function progressOn(terminal: Terminal): (progress: RotationProgress) => void {
  let shownAt = -Infinity
  return ({ table, column, done, total, rowsPerSecond }) => {
    if (performance.now() - shownAt < PROGRESS_MS) return
    shownAt = performance.now()
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const bar = '#'.repeat(Math.round(share * 20)).padEnd(20, '.')
    const count = (value: number): string => Math.round(value).toLocaleString('en')
    terminal.error(
      `${table}.${column}  [${bar}]  ${Math.floor(share * 100)}%  ${count(done)} of ${count(total)}  ${count(rowsPerSecond)} rows/s`,
    )
  }
}

function countOf(text: string, flag: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0 && count <= 10_000_000) return count
  throw new RingwallError('cli.count', `${flag}: \`${text}\` is not a number of rows`)
}

function graceOf(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new RingwallError('cli.time', `\`${text}\` is not a time; write 0s, 30s or 5m`)
}
