// A filter selects what the authorizer allows: on 187 hostile conditions, and on random policies and rows, in PostgreSQL,
// MariaDB and SQLite. RINGWALL_FILTER_EXTENT=full runs 10,000 policy sets and more than 10,000,000 row decisions (half an
// hour); `RINGWALL_FILTER_EXTENT=2000x100` as many policy sets and rows. RINGWALL_FILTER_SEED draws others.
import { statSync } from 'node:fs'
import { join } from 'node:path'

import { loadPolicy, openDatabase } from '../examples/documents/documents.ts'
import { EntityUid } from '../src/access/index.ts'
import { runCorpus, type ShapeResult } from './filter/corpus.ts'
import { type Database, openMysql, openPostgres, openSqlite } from './filter/databases.ts'
import { fuzz, type FuzzResult } from './filter/fuzz.ts'
import { tryPrisma } from './filter/prisma.ts'
import { DataAbsent, type Deviation, type SuiteResult } from './suite.ts'

/** Where the data is to be had. */
export const data =
  'check out cerbos/query-plan-adapters at 23b76492b0a2 and pass the directory that holds it as `filter-corpus` with --data'

/** How many conditions the corpus has. */
export const cases = 187

const QUICK = { policySets: 400, rows: 60 }
const FULL = { policySets: 10_000, rows: 300 }
const SETS_PER_WORLD = 100

/** So few conditions may select some rows and not others before the policies drawn prove too little. */
const LEAST_DIVIDING = 0.2

export async function run(dataDir: string): Promise<SuiteResult> {
  const corpus = join(dataDir, 'filter-corpus', 'conformance')
  if (!statSync(corpus, { throwIfNoEntry: false })?.isDirectory())
    throw new DataAbsent(`\`${corpus}\` is missing`)
  const { databases, absent } = await openAll()
  try {
    reportSpeed()
    const shapes = await runCorpus(corpus, databases)
    const random = await runRandom(databases)
    return summary(shapes, random, absent)
  } finally {
    for (const database of databases) await database.close()
  }
}

/** The CPU time of one condition of the guide's example, built and written as SQL: the best of some batches. */
function reportSpeed(): void {
  const { filter, entitiesOf } = loadPolicy()
  const database = openDatabase()
  const [principal, action] = [new EntityUid('User', 'ben'), new EntityUid('Action', 'document:read')]
  const entities = entitiesOf(database)
  const batch = 5000
  const micros = Array.from({ length: 8 }, () => {
    const before = process.cpuUsage()
    for (let at = 0; at < batch; at++)
      filter.accessibleBy({ principal, action, entities }, 'Document').toSql()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / batch
  })
  database.close()
  console.error(
    `speed: the guide's example is built and written in ${Math.min(...micros).toFixed(1)} us of CPU time`,
  )
}

async function openAll(): Promise<{
  readonly databases: readonly Database[]
  readonly absent: readonly Deviation[]
}> {
  const [postgres, mysql] = [await openPostgres(), await openMysql()]
  const databases = [openSqlite(), postgres, mysql].filter((database) => database !== undefined)
  const absent: Deviation[] = []
  if (postgres === undefined)
    absent.push({ id: 'postgres', why: 'no PostgreSQL answers; `apt-get install postgresql` installs it' })
  if (mysql === undefined)
    absent.push({ id: 'mysql', why: 'no MariaDB answers; `apt-get install mariadb-server` installs it' })
  console.error(`databases: ${databases.map(({ dialect }) => dialect).join(', ')}`)
  return { databases, absent }
}

async function runRandom(databases: readonly Database[]): Promise<FuzzResult> {
  const seed = Number(process.env['RINGWALL_FILTER_SEED'] ?? 1)
  const extent = extentOf(process.env['RINGWALL_FILTER_EXTENT'])
  console.error(`random: seeds ${seed} to ${seed + extent.policySets - 1}, ${extent.rows} rows each`)
  const started = performance.now()
  const result = await fuzz(databases, { seed, ...extent, setsPerWorld: SETS_PER_WORLD }, (so) => {
    if (so.policySets % 1000 === 0 && so.policySets > 0) report(so, started)
  })
  report(result, started)
  for (const mismatch of result.mismatches) console.error(mismatch)
  runPrisma(seed, extent.policySets, result)
  await seeThatMistakesAreNoticed(databases, seed, result)
  return result
}

function runPrisma(seed: number, policySets: number, result: FuzzResult): void {
  const { refused, rowDecisions, allowed, mismatches } = tryPrisma(seed, policySets, 60)
  console.error(
    `prisma (its \`where\` interpreted, not run): ${policySets} simple policy sets, ${refused} refused when loaded, ` +
      `${rowDecisions} row decisions (${allowed} allowed), ${mismatches.length} mismatches`,
  )
  result.mismatches.push(...mismatches)
}

function extentOf(text: string | undefined): { readonly policySets: number; readonly rows: number } {
  if (text === undefined) return QUICK
  if (text === 'full') return FULL
  const [policySets, rows] = text.split('x').map(Number)
  return { policySets: policySets ?? QUICK.policySets, rows: rows ?? QUICK.rows }
}

function report(
  { policySets, rowDecisions, allowed, none, all, some, refused, mismatches }: FuzzResult,
  started: number,
): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.error(
    `random: ${policySets} policy sets, ${rowDecisions} row decisions (${allowed} allowed), ${mismatches.length} mismatches in ${seconds} s; ` +
      `conditions that select no row ${none}, every row ${all}, some rows ${some}`,
  )
  for (const [reason, count] of refused)
    console.error(`random: refused when loaded, as it must be: ${count} times ${reason}`)
}

/** A translation that takes NULL for a denial would pass a suite that proves nothing. */
async function seeThatMistakesAreNoticed(
  databases: readonly Database[],
  seed: number,
  result: FuzzResult,
): Promise<void> {
  const spoil = (condition: string): string => condition.replaceAll(') IS NOT TRUE', ') IS FALSE')
  const sqlite = databases.filter(({ dialect }) => dialect === 'sqlite')
  const spoilt = await fuzz(
    sqlite,
    { seed, policySets: 100, rows: 60, setsPerWorld: 100, spoil },
    () => undefined,
  )
  console.error(
    `random: a translation that is wrong about NULL is noticed in ${spoilt.mismatches.length} of ${spoilt.policySets} policy sets`,
  )
  if (spoilt.mismatches.length === 0) result.mismatches.push('a wrong translation was not noticed')
  const { none, all, some } = result
  if (some < LEAST_DIVIDING * (none + all + some))
    result.mismatches.push(`only ${some} of ${none + all + some} conditions select some rows and not others`)
}

function summary(
  shapes: readonly ShapeResult[],
  random: FuzzResult,
  absent: readonly Deviation[],
): SuiteResult {
  const of = (outcome: ShapeResult['outcome']): readonly ShapeResult[] =>
    shapes.filter((shape) => shape.outcome === outcome)
  const known = of('refused').map(({ name, detail }) => ({ id: name, why: detail }))
  const failed = [
    ...of('different').map(({ name, detail }) => `${name}: ${detail}`),
    ...random.mismatches.map((text) => text.slice(0, 300)),
  ]
  const empty = of('equal').filter(({ selected }) => selected === 0)
  console.error(
    `corpus: ${of('equal').length} of ${shapes.length} conditions translated and equal, ${known.length} refused when loaded, ` +
      `${of('different').length} different; ${empty.length} select nothing: ${empty.map(({ name }) => name).join(', ')}`,
  )
  const wrongSets = Math.min(random.mismatches.length, random.policySets)
  const passed = of('equal').length + random.policySets - wrongSets
  return {
    total: passed + failed.length + known.length + absent.length,
    passed,
    failed,
    notRun: absent,
    known,
  }
}
