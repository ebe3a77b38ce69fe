import { Command, Option } from 'commander'

import { type ActionType, type DialectName, type Schema, type SqlText } from '../../access/index.ts'
import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { columns, paint, type Terminal } from '../terminal.ts'
import { type MappingOptions, readMappedSource, withMappingOptions } from './policy-mapping.ts'
import { count, withFaults } from './policy-report.ts'
import { readEntityFile, readWrittenUid } from './policy-source.ts'
import {
  canQuery,
  judgeAll,
  type PolicyPart,
  rowAnswers,
  type SqlAnswer,
  type SqlDesk,
  whoAnswers,
} from './policy-sql-answers.ts'

interface Options extends MappingOptions {
  readonly dialect?: DialectName
  readonly action?: string
  readonly type?: string
  readonly who?: string
  readonly can?: string
  readonly context?: string
  readonly inline?: boolean
  readonly json?: boolean
}

const SOURCE = '-p shop.cedar -s shop.cedarschema -m shop.mapping.yaml'

/** `ringwall policy sql`: the WHERE clause that the policies come to, and what of them the database decides. */
export function policySqlCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withMappingOptions(new Command('sql'))
    .description('show the SQL that policies come to: the rows of somebody, who may use a row, and why not')
    .argument(
      '[principal]',
      'such as User::ann; without one it is said of every action whether SQL can say it',
    )
    .option('-a, --action <action>', 'only this action')
    .option('-t, --type <type>', 'only rows of this entity type')
    .option('--who <resource>', 'the principals who may use this resource, as a condition on their own table')
    .option('--can <resource>', 'one query for all that the principal may do to this resource')
    .option('-e, --entities <file>', "what is known: YAML as in test files, or Cedar's JSON")
    .option('--context <json>', 'what else is known of the request; @FILE reads a file')
    .addOption(
      new Option(
        '-d, --dialect <name>',
        'whose SQL (default: that of the configuration, else postgres)',
      ).choices(['postgres', 'mysql', 'sqlite']),
    )
    .option('--inline', 'write values as literals and not as parameters')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  ringwall policy sql ${SOURCE}\n  ringwall policy sql User::ann --action order:read ${SOURCE} -e people.yaml\n  ringwall policy sql --who Order::7 ${SOURCE}\n  ringwall policy sql User::ann --can Order::7 --dialect sqlite ${SOURCE}\n\nExits with 1 when SQL cannot say a policy.`,
    )
    .action((principal: string | undefined, options: Options) =>
      withFaults(context, options.json === true, () => {
        const source = readMappedSource(options)
        const { schema } = source
        const desk: SqlDesk = {
          source,
          dialect: options.dialect ?? (source.database?.server === 'mariadb' ? 'mysql' : 'postgres'),
          entities: readEntityFile(options.entities, schema),
          context: options.context,
          isInline: options.inline === true,
        }
        if (options.entities === undefined && (principal ?? options.who) !== undefined)
          terminal.error(
            `${paint(terminal, 'yellow', 'note')}  nothing is known of ${principal ?? options.who ?? ''} beyond its name; say more with --entities FILE`,
          )
        const answers = answersFor(desk, principal, options, actionsOf(schema, options.action))
        if (!Array.isArray(answers)) {
          terminal.out(options.json === true ? json(answers) : queryText(terminal, answers as SqlText))
          return
        }
        const found = answers as readonly SqlAnswer[]
        if (options.json === true) terminal.out(json(found))
        else if (found.length === 0) terminal.out('no action of the schema is about this')
        else if (principal === undefined && options.who === undefined)
          terminal.out(judgedText(terminal, found))
        else terminal.out(found.map((one) => answerText(terminal, one)).join('\n\n'))
        const refused = found.filter(({ verdict }) => verdict === 'refused').length
        if (refused === 0) return
        terminal.error(`${count(refused, 'question')} that SQL cannot answer`)
        exit(1)
      }),
    )
}

function answersFor(
  desk: SqlDesk,
  principal: string | undefined,
  { who, can, type }: Options,
  actions: readonly ActionType[],
): readonly SqlAnswer[] | SqlText {
  const { schema } = desk.source
  if (type !== undefined && !schema.entities.has(type))
    throw new RingwallError('cli.type', `the schema has no entity type \`${type}\`; ${namesOf(schema)}`)
  const uid = (text: string, what: string): ReturnType<typeof readWrittenUid> => {
    const types = actions.flatMap((one) => (what === 'principal' ? one.principals : one.resources))
    const found = readWrittenUid(text, what, schema, [...new Set(types)])
    if (schema.entities.has(found.type)) return found
    throw new RingwallError('cli.type', `the schema has no entity type \`${found.type}\`; ${namesOf(schema)}`)
  }
  if (who !== undefined) {
    if (principal !== undefined || can !== undefined)
      throw new RingwallError('cli.who', '`--who` asks for everybody; leave out the principal and `--can`')
    return whoAnswers(desk, uid(who, 'resource'), actions, type)
  }
  if (can !== undefined) {
    if (principal === undefined)
      throw new RingwallError(
        'cli.can',
        '`--can` asks what somebody may do; name the principal, such as User::ann',
      )
    const resource = uid(can, 'resource')
    if (desk.source.mapping.entities[resource.type]?.table === undefined)
      throw new RingwallError('cli.can', `the mapping has no table for ${resource.type}`)
    return canQuery(desk, uid(principal, 'principal'), resource, actions)
  }
  return principal === undefined
    ? judgeAll(desk, actions, type)
    : rowAnswers(desk, uid(principal, 'principal'), actions, type)
}

function namesOf({ entities }: Schema): string {
  return `there is ${[...entities.keys()].join(', ')}`
}

function actionsOf(schema: Schema, written: string | undefined): readonly ActionType[] {
  const all = [...schema.actions.values()]
  if (written === undefined) return all
  const { key, id } = readWrittenUid(written, 'action', schema)
  const found = all.filter(({ uid }) => uid.key === key)
  if (found.length > 0) return found
  const names = all.map(({ uid }) => uid.id).join(', ')
  throw new RingwallError('cli.action', `the schema has no action \`${id}\`; there is ${names}`)
}

const VERDICTS = {
  all: 'every row',
  none: 'no row; the query can be left out',
  some: 'some rows',
  refused: 'SQL cannot say it',
} as const
const COLORS = { always: 'green', never: 'dim', residual: 'yellow', refused: 'red' } as const

function answerText(terminal: Terminal, { question, rowsOf, verdict, policies, sql }: SqlAnswer): string {
  const head = `${paint(terminal, 'bold', question)}: ${VERDICTS[verdict]} of ${rowsOf}`
  const parts = policies.map((part) => partText(terminal, part))
  return [
    head,
    ...parts,
    ...(sql === undefined || verdict !== 'some' ? [] : [`  WHERE ${sqlText(sql)}`]),
  ].join('\n')
}

function partText(terminal: Terminal, { policy, effect, place, part, reason }: PolicyPart): string {
  const why = reason === undefined ? '' : `: ${reason}`
  return `  ${effect} ${policy}  ${paint(terminal, COLORS[part], part)}${why}  ${paint(terminal, 'dim', place)}`
}

function queryText(terminal: Terminal, sql: SqlText): string {
  return `${sqlText(sql)}\n${paint(terminal, 'dim', 'one row for each action that is allowed')}`
}

function sqlText({ text, parameters }: SqlText): string {
  const values = parameters.map(
    (value, at) =>
      `\n  ${text.includes('$1') ? `$${at + 1}` : `?${at + 1}`} = ${JSON.stringify(plain(value))}`,
  )
  return `${text}${values.join('')}`
}

function judgedText(terminal: Terminal, answers: readonly SqlAnswer[]): string {
  const rows = answers.map(({ question, verdict }) => [
    question,
    verdict === 'refused' ? 'refused' : 'translatable',
  ])
  const reasons = answers.flatMap(({ policies }) => policies.map((part) => partText(terminal, part)))
  return [columns(rows), ...new Set(reasons)].join('\n')
}

/** A driver takes whole numbers beyond 2^53 as bigint. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => plain(one), 2)
}
