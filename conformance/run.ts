// `npm run -s conformance -- SUITE [--data DIR]`: one public suite against us; the last line is one JSON object.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

import { DataAbsent, type Suite, type SuiteResult } from './suite.ts'

const MAX_IDS = 20

/** The last line. A known deviation is counted apart, never as passed. */
export interface Report {
  readonly suite: string
  readonly total: number
  readonly passed: number
  /** The first 20 ids. */
  readonly failed: readonly string[]
  readonly not_run: number
  readonly known: readonly { readonly id: string; readonly why: string }[]
}

/** How one suite went: what is printed and how the process ends. */
export interface Outcome {
  /** For people, to stderr. */
  readonly lines: readonly string[]
  readonly report: Report | undefined
  readonly exitCode: number
}

/** What is asked for, where suites are, and whether everything must be there (`RINGWALL_REQUIRE=all`). */
export interface Request {
  readonly suite: string | undefined
  readonly dataDir: string | undefined
  readonly suitesDir: string
  readonly requireAll: boolean
}

/** Runs a suite. Green only when nothing failed, something passed, and nothing was left out without saying so. */
export async function conformance(request: Request): Promise<Outcome> {
  const { suite: name, suitesDir, requireAll } = request
  const names = suiteNames(suitesDir)
  const there = names.length === 0 ? 'there is no suite yet' : `there is ${names.join(', ')}`
  if (name === undefined) {
    return stopped(`usage: npm run -s conformance -- SUITE [--data DIR]; ${there}`)
  }
  if (!names.includes(name)) return stopped(`no suite is called \`${name}\`; ${there}`)
  const suite = (await import(pathToFileURL(join(suitesDir, `${name}.ts`)).href)) as Suite
  if (suite.data !== undefined && !isDirectory(request.dataDir)) {
    const where =
      request.dataDir === undefined ? 'no --data was given' : `\`${request.dataDir}\` is not a directory`
    return withoutData(name, suite, where, requireAll || request.dataDir !== undefined)
  }
  try {
    return judged(name, await suite.run(request.dataDir ?? ''), requireAll)
  } catch (thrown) {
    if (thrown instanceof DataAbsent) return withoutData(name, suite, thrown.message, true)
    throw thrown
  }
}

function stopped(line: string): Outcome {
  return { lines: [line], report: undefined, exitCode: 2 }
}

/** Loud, and a failure where everything is required or where data was named that is not there. */
function withoutData(name: string, suite: Suite, where: string, isFailure: boolean): Outcome {
  const cases = suite.cases ?? 1
  return {
    lines: [`NOT RUN ${name}: ${where}`, `get its data: ${suite.data ?? 'the suite does not say how'}`],
    report: { suite: name, total: cases, passed: 0, failed: [], not_run: cases, known: [] },
    exitCode: isFailure ? 1 : 0,
  }
}

function judged(name: string, result: SuiteResult, requireAll: boolean): Outcome {
  const { total, passed, failed, notRun, known } = result
  const doubts = doubtsIn(result)
  const lines = [
    `${name}: ${passed} of ${total} passed, ${failed.length} failed, ${notRun.length} not run, ${known.length} known deviations`,
    ...notRun.map(({ id, why }) => `NOT RUN ${id}: ${why}`),
    ...doubts.map((doubt) => `the suite itself is wrong: ${doubt}`),
  ]
  const isGreen = failed.length === 0 && doubts.length === 0 && !(requireAll && notRun.length > 0)
  return {
    lines,
    report: {
      suite: name,
      total,
      passed,
      failed: failed.slice(0, MAX_IDS),
      not_run: notRun.length,
      known: known.map(({ id, why }) => ({ id, why })),
    },
    exitCode: isGreen ? 0 : 1,
  }
}

/** A count that does not add up hides something. */
function doubtsIn({ total, passed, failed, notRun, known }: SuiteResult): string[] {
  const doubts: string[] = []
  const sum = passed + failed.length + notRun.length + known.length
  if (sum !== total) doubts.push(`${total} cases in all, but the groups hold ${sum}`)
  if (total === 0) doubts.push('it has no case')
  for (const { id, why } of [...known, ...notRun])
    if (why.trim() === '') doubts.push(`\`${id}\` has no reason`)
  return doubts
}

/** Every file beside this one; the parts of a suite are in a folder of its name. */
function suiteNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => /^[a-z0-9-]+\.ts$/.test(file) && file !== 'run.ts' && file !== 'suite.ts')
    .map((file) => file.slice(0, -3))
    .sort()
}

function isDirectory(path: string | undefined): boolean {
  return path !== undefined && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { data: { type: 'string' } }, allowPositionals: true })
  const { lines, report, exitCode } = await conformance({
    suite: positionals[0],
    dataDir: values.data,
    suitesDir: import.meta.dirname,
    requireAll: process.env['RINGWALL_REQUIRE'] === 'all',
  })
  for (const line of lines) console.error(line)
  if (report) console.log(JSON.stringify(report))
  process.exitCode = exitCode
}
