// Row-level security made of random policies against the authorizer, on a real PostgreSQL.
import { type Deviation, type SuiteResult } from './suite.ts'
import { tryPolicySets } from './rls/trial.ts'

/** A few minutes' worth; `RINGWALL_RLS_SETS` asks for more, and `RINGWALL_RLS_SEED` for others. */
const SETS = Number(process.env['RINGWALL_RLS_SETS'] ?? 40)
const SEED = Number(process.env['RINGWALL_RLS_SEED'] ?? 1)

/**
 * A case is one principal's answer to one question (what it reads, changes, removes, or whether it may make a row), a
 * statement that is tried under a role, or a grant that is taken away to see whether it is needed.
 */
export async function run(): Promise<SuiteResult> {
  const tally = await tryPolicySets({ seed: SEED, policySets: SETS, rows: 60, setsPerWorld: 20 }, (soon) =>
    console.error(
      `${soon.policySets} policy sets, ${soon.rowDecisions} row decisions, ${soon.mismatches.length} wrong`,
    ),
  )
  if (tally === undefined) {
    const why = 'PostgreSQL is not here; `apt-get install postgresql` installs it'
    const notRun: Deviation[] = [{ id: 'all', why }]
    return { total: 1, passed: 0, failed: [], notRun, known: [] }
  }
  const { questions, rowDecisions, allowed, grants, policySets, mismatches, refused } = tally
  for (const { text } of mismatches) console.error(text)
  console.error(
    `${policySets} policy sets, ${rowDecisions} row decisions, ${allowed} of them allowed; ${grants} statements and grants tried`,
  )
  for (const [why, count] of refused) console.error(`refused when planned, ${count} times: ${why}`)
  return {
    total: questions,
    passed: questions - mismatches.length,
    failed: mismatches.map(({ id }) => id),
    notRun: [],
    known: [],
  }
}
