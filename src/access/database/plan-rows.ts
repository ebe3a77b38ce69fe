import type { Use, Verb } from './declaration.ts'
import { quoteName, quoteTable, quoteText, type Statement } from './sql-text.ts'

/** Which rows of a table a verb may touch, as SQL over the row and the principal of the transaction. */
export interface RowCondition {
  readonly table: string
  readonly verb: Verb
  readonly sql: string
  /** What stands for it: the actions, for the reasons of the plan. */
  readonly uses: readonly Use[]
}

/** A policy of row-level security as it must be. */
export interface RowPolicy {
  readonly table: string
  readonly name: string
  readonly verb: Verb
  readonly roles: readonly string[]
  readonly using: string | undefined
  readonly check: string | undefined
}

/** One policy for each verb and table, so that PostgreSQL never has to ask two of them. */
export function rowPolicies(
  conditions: readonly RowCondition[],
  roles: { readonly reader: string; readonly writer: string },
): RowPolicy[] {
  return conditions.map(({ table, verb, sql }) => ({
    table,
    name: `ringwall_${verb}`,
    verb,
    roles: verb === 'select' ? [roles.reader, roles.writer] : [roles.writer],
    using: verb === 'insert' ? undefined : sql,
    // INVARIANT: an update must leave a row where the same policy would find it, so that nobody gives away or takes
    // over what the policy keeps apart.
    check: verb === 'insert' || verb === 'update' ? sql : undefined,
  }))
}

/** The SQL of a policy. */
export function createPolicy(
  { table, name, verb, roles, using, check }: RowPolicy,
  on = quoteTable(table),
): string {
  return [
    `CREATE POLICY ${quoteName(name)} ON ${on} AS PERMISSIVE FOR ${verb.toUpperCase()}`,
    `TO ${roles.map((role) => quoteName(role)).join(', ')}`,
    ...(using === undefined ? [] : [`USING (${using})`]),
    ...(check === undefined ? [] : [`WITH CHECK (${check})`]),
  ].join('\n  ')
}

const ALL_NAMES = [
  'ringwall_select',
  'ringwall_insert',
  'ringwall_update',
  'ringwall_delete',
  'ringwall_keeper',
]

/** Takes away the policies of earlier plans, also from tables that a plan no longer knows. */
export function stalePoliciesStatement(): Statement {
  return {
    sql: `DO $ringwall$ DECLARE stale record; BEGIN
  FOR stale IN SELECT p.polname, p.polrelid::regclass AS relation FROM pg_policy p
    WHERE p.polname = ANY (ARRAY[${ALL_NAMES.map((name) => quoteText(name)).join(', ')}])
  LOOP EXECUTE format('DROP POLICY %I ON %s', stale.polname, stale.relation); END LOOP;
END $ringwall$`,
    reason:
      'the policies of earlier plans; a table that is no longer planned for keeps its row-level security, and nobody sees a row',
  }
}

/** Row-level security of one table, forced, with exactly these policies of ours. */
export function tableStatements(table: string, owner: string, policies: readonly RowPolicy[]): Statement[] {
  const on = quoteTable(table)
  return [
    {
      sql: `ALTER TABLE ${on} OWNER TO ${quoteName(owner)}`,
      reason: 'only the migrator changes tables; an owner could switch row-level security off',
    },
    { sql: `ALTER TABLE ${on} ENABLE ROW LEVEL SECURITY`, reason: 'without a policy nobody sees a row' },
    { sql: `ALTER TABLE ${on} FORCE ROW LEVEL SECURITY`, reason: 'also for the owner' },
    ...policies.map((policy) => ({
      sql: createPolicy(policy),
      reason:
        policy.verb === 'insert'
          ? 'only rows that the policies allow to be made'
          : `only rows that the policies allow to ${policy.verb}`,
    })),
  ]
}
