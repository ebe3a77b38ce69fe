import { describeError, RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { tryEverything } from './attempts.ts'
import type { Query } from './catalog.ts'
import { findDrift } from './drift.ts'
import type { Finding } from './finding.ts'
import type { DatabasePlan } from './plan.ts'
import { keyStatement } from './principal-token.ts'
import type { Statement } from './sql-text.ts'

/** Two applies at once would undo each other's halves. */
const LOCK_ID = 7_253_110_442
const PREPARE = [
  `SET LOCAL lock_timeout = '10s'`,
  'SET LOCAL standard_conforming_strings = on',
  'SET LOCAL search_path = pg_catalog, pg_temp',
  'SET LOCAL client_min_messages = warning',
]

/** How a plan is put into force. */
export interface ApplyOptions {
  /** The key that tokens are signed with; without one the keys that are there stay. */
  readonly key?: Secret
  /** Everything is run and rolled back. */
  readonly isDryRun?: boolean
}

/**
 * Puts a plan into force in one transaction: everything or nothing. Before it is committed, what is there then is held
 * against the plan, and anything that differs stops it.
 */
export async function applyPlan(query: Query, plan: DatabasePlan, options: ApplyOptions = {}): Promise<void> {
  await inTransaction(query, options.isDryRun !== true, async () => {
    const { rows } = await query(`SELECT pg_try_advisory_xact_lock(${LOCK_ID}) AS is_ours`)
    if (rows[0]?.['is_ours'] !== true)
      throw new RingwallError(
        'access.database-busy',
        'another apply is running on this database; wait for it, then try again',
      )
    for (const statement of plan.statements) await runStatement(query, statement)
    if (options.key !== undefined) {
      const { sql, values } = keyStatement(options.key)
      await query(sql, values)
    }
    const wrong = (await findDrift(query, plan)).filter(({ kind }) => kind !== 'weak')
    if (wrong.length > 0) {
      throw new RingwallError(
        'access.database-differs',
        `the plan ran, and the database still differs from it; nothing is changed:\n  ${wrong.map(({ what }) => what).join('\n  ')}`,
      )
    }
  })
}

/** What `verify` found, and how many statements it tried. */
export interface Verification {
  readonly findings: readonly Finding[]
  readonly tried: number
}

/** Holds a database against a plan: by reading what is there, then by trying. Changes nothing. */
export async function verifyPlan(query: Query, plan: DatabasePlan): Promise<Verification> {
  return inTransaction(query, false, async () => {
    const drift = await findDrift(query, plan)
    const isWithoutRoles = drift.some(({ kind, what }) => kind === 'missing' && what.startsWith('role '))
    if (isWithoutRoles) return { findings: drift, tried: 0 }
    const { tried, findings } = await tryEverything(query, plan)
    return { findings: [...drift, ...findings], tried }
  })
}

/** What differs from a plan, by reading alone. Changes nothing. */
export async function driftOfPlan(query: Query, plan: DatabasePlan): Promise<readonly Finding[]> {
  return inTransaction(query, false, () => findDrift(query, plan))
}

async function inTransaction<T>(query: Query, mustCommit: boolean, run: () => Promise<T>): Promise<T> {
  await query('BEGIN')
  try {
    for (const sql of PREPARE) await query(sql)
    const result = await run()
    await query(mustCommit ? 'COMMIT' : 'ROLLBACK')
    return result
  } catch (thrown) {
    await query('ROLLBACK').catch(() => undefined)
    throw thrown
  }
}

async function runStatement(query: Query, { sql, reason }: Statement): Promise<void> {
  try {
    await query(sql)
  } catch (cause) {
    const start = sql.length > 200 ? `${sql.slice(0, 200)} ...` : sql
    throw new RingwallError(
      'access.database-statement',
      `${describeError(cause)}\n  in: ${start}\n  (${reason}); nothing is changed`,
      { cause },
    )
  }
}

/** A plan as a file for a migration tool: each statement with its reason, in one transaction. It holds no secret. */
export function planText(plan: {
  readonly statements: readonly Statement[]
  readonly notes: readonly string[]
}): string {
  const lines = plan.statements.map(({ sql, reason }) => `-- ${reason.replaceAll('\n', ' ')}\n${sql};\n`)
  const notes = plan.notes.map((note) => `-- note: ${note.replaceAll('\n', ' ')}\n`)
  return `-- Written by \`ringwall db plan\`. The key of tokens is not in it: \`ringwall db apply --key\` sets it.\n${notes.join('')}\nBEGIN;\nSET LOCAL standard_conforming_strings = on;\nSET LOCAL search_path = pg_catalog, pg_temp;\n\n${lines.join('\n')}\nCOMMIT;\n`
}
