import { existsSync, writeFileSync } from 'node:fs'

import { Command, Option } from 'commander'

import type { DatabaseFinding } from '../../access/index.ts'
import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'
import { makePlan, readReference, type ServerName, type ServerPlan, textOf, withServer } from './db-server.ts'
import {
  type MappedSource,
  type MappingOptions,
  readMappedSource,
  withMappingOptions,
} from './policy-mapping.ts'
import { count, withFaults } from './policy-report.ts'

interface Options extends MappingOptions {
  readonly server?: ServerName
  readonly json?: boolean
}

interface LiveOptions extends Options {
  readonly database?: string
}

const FILES = '-p shop.cedar -s shop.cedarschema -m shop.mapping.yaml'

/** `ringwall db`: privileges and row-level security of the application's database, from the same policies as all else. */
export function dbCommand(context: CommandContext): Command {
  const db = new Command('db')
    .description('roles, GRANTs and who sees which rows, from the policies: PostgreSQL or MariaDB')
    .addHelpText(
      'after',
      '\nPolicies, schema, mapping, server, URL and key come from security.authorization.policy of the configuration;\neach option takes the place of its key.',
    )
  db.addCommand(planCommand(context))
  db.addCommand(applyCommand(context))
  db.addCommand(verifyCommand(context))
  db.addCommand(driftCommand(context))
  return db
}

function planCommand(context: CommandContext): Command {
  const { terminal } = context
  return withServerOption(withMappingOptions(new Command('plan')))
    .description('print the SQL that gives every role exactly what the policies need')
    .option('--output <file>', 'write a migration file')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall db plan\n  ringwall db plan ${FILES} --output migrations/0042-access.sql\n  ringwall db plan --server mariadb --json`,
    )
    .action((options: Options & { readonly output?: string }) =>
      withFaults(context, options.json === true, () => {
        const made = makePlan(readMappedSource(options), options.server)
        const { plan } = made
        if (options.json === true)
          terminal.out(JSON.stringify({ statements: plan.statements, notes: plan.notes }, null, 2))
        else if (options.output === undefined) terminal.out(textOf(made).trimEnd())
        else writeNew(options.output, textOf(made))
        showNotes(terminal, plan.notes)
        const where = options.output === undefined ? '' : `, in ${options.output}`
        terminal.error(`${plan.statements.length} statements${where}; \`ringwall db apply\` runs them`)
      }),
    )
}

function applyCommand(context: CommandContext): Command {
  const { terminal } = context
  return withDatabase(new Command('apply'))
    .description('put the plan into force, and check the result; in PostgreSQL in one transaction')
    .option(
      '--key <reference>',
      'the key of tokens: env:NAME or file:PATH; the keys that are there stay unless told',
    )
    .option('--dry-run', 'PostgreSQL: run everything, then roll back')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall db apply --dry-run\n  ringwall db apply ${FILES} --database env:DATABASE_URL --key file:/run/secrets/principal`,
    )
    .action(async (options: LiveOptions & { readonly key?: string; readonly dryRun?: boolean }) => {
      const read = readLive(context, options)
      if (read === undefined) return
      const { made, reference, source } = read
      const keyReference = options.key ?? source.database?.key
      const key = keyReference === undefined ? {} : { key: readReference(keyReference) }
      const isDryRun = options.dryRun === true
      await withServer(made, reference, (desk) => desk.apply({ ...key, isDryRun }))
      showNotes(terminal, made.plan.notes)
      const statements = `${made.plan.statements.length} statements`
      terminal.out(isDryRun ? `${statements} work; all is rolled back` : `${statements} are in force`)
    })
}

function verifyCommand(context: CommandContext): Command {
  return withDatabase(new Command('verify'))
    .description(
      'hold the database against the plan: what is there, what is weak, what each role can really do',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall db verify\n  ringwall db verify ${FILES} --database env:DATABASE_URL --json\n\nExits with 1 when there is a finding. In PostgreSQL everything is tried in a transaction that is rolled back; in\nMariaDB as accounts with the same privileges, which are made for a moment.`,
    )
    .action(async (options: LiveOptions) => {
      const read = readLive(context, options)
      if (read === undefined) return
      const { findings, tried } = await withServer(read.made, read.reference, (desk) => desk.verify())
      report(context, options, { findings, tried }, `${tried} statements were tried`)
    })
}

function driftCommand(context: CommandContext): Command {
  return withDatabase(new Command('drift'))
    .description('what of the database differs from the plan, by reading alone')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall db drift\n  ringwall db drift --server mariadb --database file:/run/secrets/mariadb-url\n\nExits with 1 when something differs.',
    )
    .action(async (options: LiveOptions) => {
      const read = readLive(context, options)
      if (read === undefined) return
      const findings = await withServer(read.made, read.reference, (desk) => desk.drift())
      report(context, options, { findings }, 'nothing was tried')
    })
}

function withServerOption(command: Command): Command {
  return command.addOption(
    new Option('--server <name>', 'what it is (default: that of the configuration, else postgres)').choices([
      'postgres',
      'mariadb',
    ]),
  )
}

function withDatabase(command: Command): Command {
  return withServerOption(withMappingOptions(command)).option(
    '--database <reference>',
    'URL of the database, as one who may make roles: env:NAME or file:PATH',
  )
}

interface Live {
  readonly source: MappedSource
  readonly made: ServerPlan
  /** Where the URL is. */
  readonly reference: string
}

function readLive(context: CommandContext, options: LiveOptions): Live | undefined {
  return withFaults(context, options.json === true, () => {
    const source = readMappedSource(options)
    const reference = options.database ?? source.database?.url
    if (reference === undefined)
      throw new RingwallError(
        'cli.database',
        'no database: name its URL with --database env:NAME, or in security.authorization.policy.database.url of the configuration',
      )
    return { source, made: makePlan(source, options.server), reference }
  })
}

/** A migration that was written before is history and stays. */
function writeNew(file: string, text: string): void {
  if (existsSync(file))
    throw new RingwallError('cli.file-exists', `\`${file}\` is there already; name a new file`)
  writeFileSync(file, text)
}

function showNotes(terminal: Terminal, notes: readonly string[]): void {
  for (const note of notes) terminal.error(`${paint(terminal, 'yellow', 'note')}  ${note}`)
}

const COLORS = { missing: 'red', extra: 'red', changed: 'red', attempt: 'red', weak: 'yellow' } as const

function report(
  { terminal, exit }: CommandContext,
  { json }: Options,
  found: { readonly findings: readonly DatabaseFinding[]; readonly tried?: number },
  tail: string,
): void {
  const { findings } = found
  if (json === true) terminal.out(JSON.stringify(found, null, 2))
  else {
    for (const { kind, what, fix, id, why } of findings) {
      const reason = id === undefined ? '' : `\n         ${paint(terminal, 'dim', `${id}: ${why ?? ''}`)}`
      terminal.out(
        `${paint(terminal, COLORS[kind], kind.padEnd(7))}  ${what}${reason}\n         ${paint(terminal, 'dim', fix)}`,
      )
    }
    const outcome = findings.length === 0 ? 'the database is as planned' : count(findings.length, 'finding')
    terminal.out(`${outcome}; ${tail}`)
  }
  if (findings.length > 0) exit(1)
}
