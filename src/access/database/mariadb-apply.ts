import type { RandomBytes } from '../../core/clock.ts'
import { describeError, RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { Verification } from './apply.ts'
import type { Query } from './catalog.ts'
import { type ConnectAs, tryEverythingOnMariadb } from './mariadb-attempts.ts'
import { findMariadbDrift } from './mariadb-drift.ts'
import type { MariadbPlan } from './mariadb-plan.ts'
import { mariadbKeyStatements } from './mariadb-principal.ts'

/** Of the whole server: roles and attempts belong to it. */
const LOCK = 'ringwall.database'
const LOCK_SECONDS = 60
/** So that quotes and backslashes mean what a plan means by them, and a statement that warns of an error is one. */
const MODE = `SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'`

/**
 * Puts a plan into force. MariaDB commits each of its statements at once, so that there is no dry run and no way back; every
 * statement can be run again, and the last step holds what is there then against the plan.
 */
export async function applyMariadb(
  query: Query,
  plan: MariadbPlan,
  options: { readonly key?: Secret } = {},
): Promise<void> {
  await locked(query, async () => {
    for (const [at, { sql, reason }] of plan.statements.entries()) {
      try {
        await query(sql)
      } catch (cause) {
        const start = sql.length > 200 ? `${sql.slice(0, 200)} ...` : sql
        throw new RingwallError(
          'access.database-statement',
          `${describeError(cause)}\n  in: ${start}\n  (${reason}); ${at} of ${plan.statements.length} statements are in force, and can be run again`,
          { cause },
        )
      }
    }
    if (options.key !== undefined)
      for (const { sql, values } of mariadbKeyStatements(options.key, plan.home)) await query(sql, values)
    const wrong = await findMariadbDrift(query, plan)
    if (wrong.length > 0)
      throw new RingwallError(
        'access.database-differs',
        `the plan ran, and the server still differs from it:\n  ${wrong.map(({ what }) => what).join('\n  ')}`,
      )
  })
}

/** Holds a MariaDB against a plan: by reading what is there, then by trying. What trying makes is gone afterwards. */
export async function verifyMariadb(
  query: Query,
  plan: MariadbPlan,
  connectAs: ConnectAs,
  random: RandomBytes,
): Promise<Verification> {
  return locked(query, async () => {
    const drift = await findMariadbDrift(query, plan)
    if (drift.some(({ kind, what }) => kind === 'missing' && what.startsWith('account ')))
      return { findings: drift, tried: 0 }
    const { tried, findings } = await tryEverythingOnMariadb(query, plan, connectAs, random)
    return { findings: [...drift, ...findings], tried }
  })
}

async function locked<T>(query: Query, run: () => Promise<T>): Promise<T> {
  await query(MODE)
  const { rows } = await query(`SELECT GET_LOCK('${LOCK}', ${LOCK_SECONDS}) AS is_ours`)
  if (Number(rows[0]?.['is_ours']) !== 1)
    throw new RingwallError(
      'access.database-busy',
      'another apply or verify is running on this server; wait for it, then try again',
    )
  try {
    return await run()
  } finally {
    await query(`SELECT RELEASE_LOCK('${LOCK}')`)
  }
}

/** A plan as a file for the client `mariadb`, each statement with its reason. It holds no secret. */
export function mariadbPlanText({ statements, notes }: MariadbPlan): string {
  const lines = statements.map(({ sql, reason }) => `-- ${reason.replaceAll('\n', ' ')}\n${sql}\n//\n`)
  const told = notes.map((note) => `-- note: ${note.replaceAll('\n', ' ')}\n`)
  return `-- Written by \`ringwall db plan\`. The key of tokens is not in it: \`ringwall db apply --key\` sets it.\n-- Every statement is committed at once, and can be run again.\n${told.join('')}\n${MODE};\nDELIMITER //\n\n${lines.join('\n')}\nDELIMITER ;\n`
}
