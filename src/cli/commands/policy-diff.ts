import { Command } from 'commander'
import { stringify } from 'yaml'

import {
  caseToPlain,
  diffPolicies,
  Explainer,
  formatExplanation,
  type Policy,
  type PolicyDiff,
} from '../../access/index.ts'
import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'
import { readCases } from './policy-cases.ts'
import { count, withFaults } from './policy-report.ts'
import { textsSince } from './policy-revision.ts'
import {
  policyPaths,
  readPolicies,
  readPolicyPaths,
  readSource,
  type SourceOptions,
  withSourceOptions,
} from './policy-source.ts'

interface Options extends SourceOptions {
  readonly recorded?: string
  readonly since?: string
  readonly seconds: string
  readonly json?: boolean
}

/** `ringwall policy diff`: requests that old and new policies decide differently. */
export function policyDiffCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withSourceOptions(new Command('diff'))
    .description(
      'show requests whose answer changes from older policies to these, with one example of each kind',
    )
    .argument('[old]', 'the older policies: a file or a folder')
    .option('--since <revision>', 'the same files as they were in this revision of git, in place of OLD')
    .option('--recorded <file>', 'recorded decisions: a test file, or lines of JSON with one case each')
    .option('--seconds <number>', 'how long to look', '10')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy diff old.cedar -p new.cedar -s shop.cedarschema\n  ringwall policy diff --since main\n  ringwall policy diff old/ --recorded decisions.jsonl',
    )
    .action((old: string | undefined, options: Options) =>
      withFaults(context, options.json === true, () => {
        const seconds = Number(options.seconds)
        if (!(seconds > 0))
          throw new RingwallError('cli.seconds', `\`${options.seconds}\` is no time in seconds`)
        const { policies, schema } = readSource(options)
        if (schema === undefined)
          throw new RingwallError('cli.schema', 'a comparison needs the schema: add --schema FILE')
        const before = olderPolicies(old, options)
        const recorded = options.recorded === undefined ? [] : readCases(options.recorded, schema)
        const diff = diffPolicies(before, policies, schema, { recorded, budgetMs: seconds * 1000 })
        if (options.json === true) terminal.out(JSON.stringify(asJson(diff), null, 2))
        else printDiff(terminal, diff, before, policies)
        if (diff.changes.length + diff.replay.allowToDeny + diff.replay.denyToAllow > 0) exit(1)
      }),
    )
}

function olderPolicies(old: string | undefined, options: Options): readonly Policy[] {
  if ((old === undefined) === (options.since === undefined))
    throw new RingwallError('cli.old', 'name the older policies, or a revision of git with --since')
  return old === undefined
    ? readPolicies(textsSince(policyPaths(options), options.since as string)).policies
    : readPolicyPaths([old])
}

function asJson({ changes, replay, isComplete, isCut }: PolicyDiff): unknown {
  return {
    changes: changes.map(({ example, ...change }) => ({ ...change, example: caseToPlain(example) })),
    replay: { ...replay, examples: replay.examples.map(caseToPlain) },
    isComplete,
    isCut,
  }
}

function printDiff(
  terminal: Terminal,
  { changes, replay, isComplete, isCut }: PolicyDiff,
  before: readonly Policy[],
  after: readonly Policy[],
): void {
  const mask = (text: string): string => text
  for (const { from, to, policy, how, example } of changes) {
    const { name: _, expect: __, ...plain } = caseToPlain(example)
    const decider = new Explainer(to === 'deny' ? after : before, { mask })
    const why = formatExplanation(decider.explain(example.request, example.entities), { maxPolicies: 3 })
    const arrow = paint(terminal, to === 'deny' ? 'yellow' : 'red', `${from} -> ${to}`)
    terminal.out(
      `${arrow}  \`${policy}\` was ${how}\n${indent(stringify(plain, { flowCollectionPadding: false }))}`,
    )
    terminal.out(indent(`${to === 'deny' ? 'now' : 'before'}: ${why}`))
  }
  if (replay.total > 0)
    terminal.out(
      `of ${count(replay.total, 'recorded decision')}, ${replay.allowToDeny} would be refused now and ${replay.denyToAllow} allowed now`,
    )
  const rest = isCut
    ? 'the time was over before everything was looked at'
    : isComplete
      ? 'proved: no other policy, action or direction is concerned'
      : 'nothing else was found'
  terminal.out(
    `${count(changes.length, 'kind of request', 'kinds of requests')} decided differently; ${rest}`,
  )
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
