import type { TableFound } from './catalog.ts'
import { closeTo, type LintFacts, type LintRule, type Weakness } from './lint-rule.ts'
import { quoteName, quoteTable } from './sql-text.ts'

/** Rows below which a whole table is read as fast as an index. */
const FEW_ROWS = 10_000

/** Tables that the plan does not know: those that it knows are held against it. */
function others({ tables, planned }: LintFacts): readonly TableFound[] {
  return tables.filter(({ table, kind }) => kind === 'table' && !planned.has(table))
}

function withPolicies({ policies }: LintFacts): ReadonlySet<string> {
  return new Set(policies.map(({ table }) => table))
}

function inReach(facts: LintFacts, kind: string): Weakness[] {
  return facts.tables
    .filter((one) => one.kind === kind && facts.readable.has(one.table) && !one.isInvoker)
    .map(({ table, owner }) => ({
      what: `${kind} ${table} is open to the application: it is read with the rights of ${owner}`,
      fix:
        kind === 'view'
          ? `ALTER VIEW ${quoteTable(table)} SET (security_invoker = true)`
          : `REVOKE ALL ON ${quoteTable(table)} FROM ${closeTo(facts.plan)}`,
    }))
}

/** What is weak about tables, views and their indexes. */
export const TABLE_RULES: readonly LintRule[] = [
  {
    id: 'owned-by-application',
    why: 'an owner can switch row-level security off, and give anybody anything',
    find: ({ tables, plan }) =>
      tables
        .filter(({ owner }) => [plan.declaration.roles.reader, plan.declaration.roles.writer].includes(owner))
        .map(({ table, kind, owner }) => ({
          what: `${kind} ${table} belongs to ${owner}, a role of the application: it can switch its policies off`,
          fix: `ALTER TABLE ${quoteTable(table)} OWNER TO ${quoteName(plan.declaration.roles.migrator)}`,
        })),
  },
  {
    id: 'rls-without-policy',
    why: 'nobody but its owner sees a row; if that is meant, a policy says so',
    find: (facts) =>
      others(facts)
        .filter(({ table, isSecured }) => isSecured && !withPolicies(facts).has(table))
        .map(({ table }) => ({
          what: `table ${table} has row-level security and no policy: nobody sees a row`,
          fix: `CREATE POLICY closed ON ${quoteTable(table)} USING (false)`,
        })),
  },
  {
    id: 'policies-without-rls',
    why: 'policies do nothing until row-level security is on',
    find: (facts) =>
      others(facts)
        .filter(({ table, isSecured }) => !isSecured && withPolicies(facts).has(table))
        .map(({ table }) => ({
          what: `table ${table} has policies, but row-level security is off: they do nothing`,
          fix: `ALTER TABLE ${quoteTable(table)} ENABLE ROW LEVEL SECURITY`,
        })),
  },
  {
    id: 'rls-not-forced',
    why: 'the owner passes the policies, and so does every function and view of the owner',
    find: (facts) =>
      others(facts)
        .filter(({ table, isSecured, isForced }) => isSecured && !isForced && withPolicies(facts).has(table))
        .map(({ table, owner }) => ({
          what: `table ${table} has policies that its owner ${owner} passes`,
          fix: `ALTER TABLE ${quoteTable(table)} FORCE ROW LEVEL SECURITY`,
        })),
  },
  {
    id: 'open-without-rls',
    why: 'whoever speaks for the application sees and does everything in it',
    find: (facts) =>
      others(facts)
        .filter(({ table, isSecured }) => !isSecured && facts.readable.has(table))
        .map(({ table }) => ({
          what: `table ${table} is open to the application without row-level security`,
          fix: `REVOKE ALL ON ${quoteTable(table)} FROM ${closeTo(facts.plan)}`,
        })),
  },
  {
    id: 'view-past-rls',
    why: 'a view reads its tables as its owner, whose policies are not those of the application',
    find: (facts) => inReach(facts, 'view'),
  },
  {
    id: 'materialized-view-in-reach',
    why: 'its rows were copied by its owner, and no policy can be put on it',
    find: (facts) => inReach(facts, 'materialized view'),
  },
  {
    id: 'foreign-table-in-reach',
    why: 'no policy holds for it: the other server decides by the account of the user mapping',
    find: (facts) => inReach(facts, 'foreign table'),
  },
  {
    id: 'unindexed-column',
    why: 'the policies find rows by it; without an index every query reads the whole table',
    find: ({ plan, tables, indexed }) =>
      plan.compared
        .filter(({ table, column }) => {
          const rows = tables.find((one) => one.table === table)?.rows ?? 0
          return rows >= FEW_ROWS && !indexed.has(`${table}\n${column}`)
        })
        .map(({ table, column }) => ({
          what: `no index of ${table} begins with ${column}, by which policies find its rows`,
          fix: `CREATE INDEX ON ${quoteTable(table)} (${quoteName(column)})`,
        })),
  },
]
