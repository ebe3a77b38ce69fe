import { Command } from 'commander'

import {
  type CaseResult,
  type Coverage,
  coverClauses,
  Explainer,
  formatExplanation,
  generateCases,
  type MutationScore,
  type PolicyCase,
  runCases,
  scoreMutants,
} from '../../access/index.ts'
import { formatPlace, RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'
import { paint, type Terminal } from '../terminal.ts'
import { readCases } from './policy-cases.ts'
import { generatedFile, writeGenerated } from './policy-generate.ts'
import { count, withFaults } from './policy-report.ts'
import { type PolicySource, readSource, type SourceOptions, withSourceOptions } from './policy-source.ts'

interface Options extends SourceOptions {
  readonly tests?: readonly string[]
  readonly generate?: boolean | string
  readonly mutants: boolean
  readonly minScore?: string
  readonly json?: boolean
}

/** `ringwall policy test`: runs the tests beside the policies, and says how good they are. */
export function policyTestCommand(context: CommandContext): Command {
  const { terminal, exit } = context
  return withSourceOptions(new Command('test'))
    .description('run the tests of policies, and say which conditions and mistakes they would not notice')
    .option('-t, --tests <file...>', 'test files (default: NAME.tests.yaml beside NAME.cedar)')
    .option('--generate [file]', 'write cases for every boundary of the policies, and run them too')
    .option('--no-mutants', 'without the mutation score')
    .option('--min-score <percent>', 'exit with 1 when the mutation score is lower')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall policy test -p shop.cedar -s shop.cedarschema\n  ringwall policy test -p shop.cedar -s shop.cedarschema --generate\n  ringwall policy test --min-score 95',
    )
    .action((options: Options) =>
      withFaults(context, options.json === true, () => {
        const source = readSource(options)
        const minScore = percentOf(options.minScore)
        const files = new Set(options.tests ?? source.tests)
        const generated = options.generate === undefined ? undefined : generate(source, options.generate)
        if (generated !== undefined) files.delete(generated.file)
        const cases = [
          ...[...files].flatMap((file) => readCases(file, source.schema)),
          ...(generated?.cases ?? []),
        ]
        if (cases.length === 0)
          throw new RingwallError(
            'cli.no-tests',
            'no test: write NAME.tests.yaml beside NAME.cedar, or add --generate',
          )
        const results = runCases(source.policies, cases)
        const coverage = coverClauses(source.policies, cases, source.schema)
        const score = options.mutants ? scoreMutants(source.policies, cases, source.schema) : undefined
        if (options.json === true) terminal.out(JSON.stringify(asJson(results, coverage, score), null, 2))
        else {
          if (generated !== undefined)
            terminal.out(`written: ${count(generated.cases.length, 'case')} to ${generated.file}`)
          printResults(terminal, results, source)
          printCoverage(terminal, coverage, source)
          if (score !== undefined) printScore(terminal, score, source)
        }
        const isWeak = score !== undefined && minScore !== undefined && score.percent < minScore
        if (isWeak || results.some(({ isPassed }) => !isPassed)) exit(1)
      }),
    )
}

function percentOf(text: string | undefined): number | undefined {
  const percent = text === undefined ? undefined : Number(text)
  if (percent === undefined || (percent >= 0 && percent <= 100)) return percent
  throw new RingwallError('cli.percent', `\`${text ?? ''}\` is no percentage; write a number from 0 to 100`)
}

function generate(
  source: PolicySource,
  named: boolean | string,
): { readonly file: string; readonly cases: readonly PolicyCase[] } {
  const { schema, policies } = source
  if (schema === undefined)
    throw new RingwallError('cli.schema', 'to generate cases needs the schema: add --schema FILE')
  const cases = generateCases(policies, schema)
  const file = typeof named === 'string' ? named : generatedFile(source)
  writeGenerated(file, cases)
  return { file, cases }
}

function asJson(
  results: readonly CaseResult[],
  coverage: Coverage,
  score: MutationScore | undefined,
): unknown {
  return {
    passed: results.filter(({ isPassed }) => isPassed).length,
    failed: results
      .filter(({ isPassed }) => !isPassed)
      .map(({ case: { name, at }, message, decision }) => ({
        name,
        at,
        message,
        decision: decision.decision,
        reasons: decision.reasons,
      })),
    coverage,
    ...(score !== undefined && {
      mutants: {
        percent: score.percent,
        total: score.total,
        killed: score.killed,
        equivalent: score.equivalent.map(({ policy, what, at }) => ({ policy: policy.id, what, at })),
        survivors: score.survivors.map(({ mutant: { policy, what, at } }) => ({
          policy: policy.id,
          what,
          at,
        })),
      },
    }),
  }
}

function printResults(
  terminal: Terminal,
  results: readonly CaseResult[],
  { policies, fileOf }: PolicySource,
): void {
  const failed = results.filter(({ isPassed }) => !isPassed)
  const explainer = new Explainer(policies, { mask: (text) => text })
  for (const { case: one, message } of failed) {
    const why = formatExplanation(explainer.explain(one.request, one.entities), {
      fileOf: (policy) => fileOf.get(policy),
      maxPolicies: 3,
    })
    terminal.out(`${formatPlace(one.at)}${paint(terminal, 'red', 'failed')}: ${one.name}: ${message ?? ''}`)
    terminal.out(why.replaceAll(/^/gm, '    '))
  }
  const passed = results.length - failed.length
  terminal.out(`cases: ${passed} of ${results.length} passed`)
}

function printCoverage(terminal: Terminal, { clauses, percent }: Coverage, { fileOf }: PolicySource): void {
  for (const { policy, at, text, seenTrue, seenFalse, canBeFalse } of clauses) {
    const unseen = [...(seenTrue === 0 ? ['true'] : []), ...(seenFalse === 0 && canBeFalse ? ['false'] : [])]
    if (unseen.length > 0)
      terminal.out(`${placeOf(policy, at, fileOf)}${policy}: never ${unseen.join(' or ')}: ${text}`)
  }
  terminal.out(`clause coverage: ${percent.toFixed(1)} %`)
}

function printScore(terminal: Terminal, score: MutationScore, { fileOf }: PolicySource): void {
  const { total, killed, equivalent, survivors, percent } = score
  for (const { mutant, missing } of survivors) {
    const hint = missing === undefined ? '' : `; a test could ask: ${askedText(missing)} (${missing.expect})`
    terminal.out(
      `${placeOf(mutant.policy.id, mutant.at, fileOf)}${mutant.policy.id}: not noticed: ${mutant.what}${hint}`,
    )
  }
  terminal.out(
    `mutation score: ${percent.toFixed(1)} % (${killed} of ${total - equivalent.length} mistakes noticed; ${equivalent.length} more are proved to change nothing)`,
  )
}

function askedText({ request: { principal, action, resource } }: PolicyCase): string {
  return `${principal.toString()} ${action.id} ${resource.toString()}`
}

function placeOf(
  policy: string,
  at: Parameters<typeof formatPlace>[0],
  fileOf: PolicySource['fileOf'],
): string {
  const file = fileOf.get(policy)
  return file === undefined ? '' : formatPlace({ ...at, file })
}
