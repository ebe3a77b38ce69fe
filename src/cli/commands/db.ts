import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { Command } from 'commander'
import { Client } from 'pg'
import { parse } from 'yaml'

import {
  applyPlan,
  type DatabasePlan,
  type DatabaseQuery,
  planMariadb,
  planPostgres,
  planText,
  readPlanFiles,
  type Verification,
  verifyPlan,
} from '../../access/index.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'

interface FileOptions {
  readonly policies: string
  readonly schema: string
  readonly mapping: string
}

interface DatabaseOptions extends FileOptions {
  readonly database: string
}

const CONNECT_TIMEOUT_MS = 10_000

/** `ringwall db`: privileges and row-level security of the application's database, from the same policies as all else. */
export function dbCommand({ terminal, exit }: CommandContext): Command {
  const db = new Command('db').description('roles, GRANTs and row-level security from the policies')
  withFiles(db.command('plan'))
    .description('print the SQL that gives every role exactly what the policies need')
    .option('--server <name>', 'postgres or mariadb', 'postgres')
    .option('--output <file>', 'write a migration file')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall db plan ${FILES_EXAMPLE}\n  ringwall db plan ${FILES_EXAMPLE} --output migrations/0042-access.sql`,
    )
    .action(
      (
        options: FileOptions & { readonly server: string; readonly output?: string; readonly json?: boolean },
      ) => {
        const plan = makePlan(options, options.server)
        if (options.json === true)
          terminal.out(JSON.stringify({ statements: plan.statements, notes: plan.notes }, null, 2))
        else if (options.output === undefined) terminal.out(planText(plan).trimEnd())
        else writeNew(options.output, planText(plan))
        for (const note of plan.notes) terminal.error(`${paint(terminal, 'yellow', 'note')}  ${note}`)
        const where = options.output === undefined ? '' : `, in ${options.output}`
        terminal.error(`${plan.statements.length} statements${where}; \`ringwall db apply\` runs them`)
      },
    )
  withDatabase(db.command('apply'))
    .description('run the plan in one transaction, and check the result before it is committed')
    .option(
      '--key <reference>',
      'the key of tokens: env:NAME or file:PATH; the keys that are there stay unless told',
    )
    .option('--dry-run', 'run everything, then roll back')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall db apply ${FILES_EXAMPLE} --database env:DATABASE_URL --key file:/run/secrets/principal --dry-run`,
    )
    .action(async (options: DatabaseOptions & { readonly key?: string; readonly dryRun?: boolean }) => {
      const plan = makePlan(options, 'postgres') as DatabasePlan
      const key = options.key === undefined ? {} : { key: readReference(options.key) }
      const isDryRun = options.dryRun === true
      await connected(options.database, (query) => applyPlan(query, plan, { ...key, isDryRun }))
      for (const note of plan.notes) terminal.error(`${paint(terminal, 'yellow', 'note')}  ${note}`)
      terminal.out(
        isDryRun
          ? `${plan.statements.length} statements work; all is rolled back`
          : `${plan.statements.length} statements are in force`,
      )
    })
  withDatabase(db.command('verify'))
    .description(
      'hold the database against the plan: what is there, what is weak, and what each role can really do',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall db verify ${FILES_EXAMPLE} --database env:DATABASE_URL\n\nExits with 1 when there is a finding. Everything is tried in a transaction that is rolled back.`,
    )
    .action(async (options: DatabaseOptions & { readonly json?: boolean }) => {
      const plan = makePlan(options, 'postgres') as DatabasePlan
      const found = await connected(options.database, (query) => verifyPlan(query, plan))
      if (options.json === true) terminal.out(JSON.stringify(found, null, 2))
      else show(found, terminal)
      if (found.findings.length > 0) exit(1)
    })
  return db
}

const FILES_EXAMPLE = '--policies shop.cedar --schema shop.cedarschema --mapping shop.mapping.yaml'

function withFiles(command: Command): Command {
  return command
    .requiredOption('--policies <file>', 'policies: Cedar text, or JSON where the name ends with .json')
    .requiredOption('--schema <file>', 'their schema: Cedar text, or JSON')
    .requiredOption(
      '--mapping <file>',
      'YAML or JSON with `entities` (tables and columns) and `database` (what each action does)',
    )
}

function withDatabase(command: Command): Command {
  return withFiles(command).requiredOption(
    '--database <reference>',
    'URL of the database, as one who may make roles: env:NAME or file:PATH',
  )
}

function makePlan(options: FileOptions, server: string): Pick<DatabasePlan, 'statements' | 'notes'> {
  if (server !== 'postgres' && server !== 'mariadb')
    throw new RingwallError('cli.server', `there is no plan for \`${server}\`; write postgres or mariadb`)
  const read = (file: string): { readonly file: string; readonly text: string } => ({
    file,
    text: readText(file),
  })
  const input = readPlanFiles(
    {
      policies: read(options.policies),
      schema: read(options.schema),
      mapping: readMappingFile(options.mapping),
    },
    server,
  )
  return server === 'postgres' ? planPostgres(input) : planMariadb(input)
}

/** YAML, which JSON is too. */
function readMappingFile(file: string): unknown {
  const text = readText(file)
  try {
    return parse(text)
  } catch (cause) {
    const [line] = describeError(cause).split('\n')
    throw new RingwallError('cli.mapping', `the mapping is not YAML: ${line}`, { at: { file }, cause })
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('cli.unreadable', `cannot read \`${file}\`: ${describeError(cause)}`, { cause })
  }
}

/** A migration that was written before is history and stays. */
function writeNew(file: string, text: string): void {
  if (existsSync(file))
    throw new RingwallError('cli.file-exists', `\`${file}\` is there already; name a new file`)
  writeFileSync(file, text)
}

/** A secret never stands on the command line, where every user of the machine can read it. */
function readReference(reference: string): Secret {
  const [, kind, where] = /^(env|file):(.+)$/.exec(reference) ?? []
  if (kind === undefined || where === undefined)
    throw new RingwallError('cli.secret', 'secrets are given by reference; write env:NAME or file:PATH')
  if (kind === 'file') return new Secret(readText(where).trimEnd())
  const value = process.env[where]
  if (value === undefined || value === '')
    throw new RingwallError('cli.secret', `the environment variable ${where} is not set`)
  return new Secret(value)
}

async function connected<T>(reference: string, run: (query: DatabaseQuery) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: readReference(reference).reveal(),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  try {
    await client.connect()
  } catch (cause) {
    // The cause of a refused connection names no password; a URL that cannot be read would, so it is not shown.
    throw new RingwallError(
      'cli.database',
      `cannot connect to the database of ${reference}: ${(cause as NodeJS.ErrnoException).code ?? 'the URL is not one'}`,
    )
  }
  try {
    return await run((sql, values = []) => client.query<Record<string, unknown>>(sql, [...values]))
  } finally {
    await client.end()
  }
}

const COLORS = { missing: 'red', extra: 'red', changed: 'red', attempt: 'red', weak: 'yellow' } as const

function show({ findings, tried }: Verification, terminal: Terminal): void {
  for (const { kind, what, fix } of findings)
    terminal.out(
      `${paint(terminal, COLORS[kind], kind.padEnd(7))}  ${what}\n         ${paint(terminal, 'dim', fix)}`,
    )
  const outcome = findings.length === 0 ? 'the database is as planned' : `${findings.length} findings`
  terminal.out(`${outcome}; ${tried} statements were tried`)
}
