import type { Policy } from '../cedar/ast.ts'
import type { Schema } from '../cedar/schema.ts'
import type { Mapping, MappingConfig } from '../filter/mapping.ts'
import { type ComparedColumn, comparedColumns } from './compared-columns.ts'
import type { Declaration, Use, Verb } from './declaration.ts'
import { closingStatements, onThisDatabase, roleStatements } from './plan-roles.ts'
import {
  type RowCondition,
  type RowPolicy,
  rowPolicies,
  stalePoliciesStatement,
  tableStatements,
} from './plan-rows.ts'
import { principalFunctions, principalStatements } from './principal-sql.ts'
import { grantStatements, type Privilege, privilegeKey } from './privilege.ts'
import { type Lookup, lookupStatements, staleLookupsStatement } from './lookup.ts'
import { compileRows, notesOf } from './row-conditions.ts'
import { postgresClaims } from './principal-claims.ts'
import { LookupExtraction } from './lookup-extraction.ts'
import { SqlCondition } from '../filter/sql-condition.ts'
import { postgres } from '../filter/postgres.ts'
import type { Predicate } from '../filter/predicate.ts'
import { quoteName, type Statement } from './sql-text.ts'

/** What a plan is made of. */
export interface PlanInput {
  readonly policies: readonly Policy[]
  readonly schema: Schema
  readonly mapping: Mapping
  /** What the mapping was read from, with the schema of every table. */
  readonly mappingConfig: MappingConfig
  readonly declaration: Declaration
  /** As the authorizer's option of this name. */
  readonly failedForbid?: 'skip' | 'deny'
}

/** What a PostgreSQL database must be like, and the statements that make it so. */
export interface DatabasePlan {
  readonly statements: readonly Statement[]
  /** What the reader of a plan should know: actions that no policy permits, and the like. */
  readonly notes: readonly string[]
  readonly declaration: Declaration
  readonly privileges: readonly Privilege[]
  /** Tables with row-level security, and the schemas that they are in. */
  readonly tables: readonly string[]
  readonly schemas: readonly string[]
  readonly policies: readonly RowPolicy[]
  /** By which columns the policies find rows; each wants an index. */
  readonly compared: readonly ComparedColumn[]
  /** Functions of the schema `ringwall`: their signature, and the text between the dollar quotes. */
  readonly functions: ReadonlyMap<string, string>
}

/** Derives roles, privileges and row-level security from policies. Throws RingwallError for what SQL cannot say. */
export function planPostgres(input: PlanInput): DatabasePlan {
  const { declaration } = input
  const { roles } = declaration
  const { rows, unused } = compileRows(input, postgresClaims)
  const lookupsBySignature = new Map<string, Lookup>()
  const conditions = rows.map(({ use, uses, predicate }): RowCondition => {
    const extraction = new LookupExtraction(use.entity.table?.name ?? '', print)
    const sql = print(extraction.predicate(predicate))
    for (const lookup of extraction.lookups) lookupsBySignature.set(lookup.signature, lookup)
    return { table: use.table, verb: use.verb, sql, uses }
  })
  const lookups = [...lookupsBySignature.values()]
  const tables = [...new Set(declaration.uses.map(({ table }) => table))].sort()
  const reads = lookups.flatMap((lookup) => lookup.reads)
  const schemas = [...new Set([...tables, ...reads.map(({ table }) => table)].map(schemaOf))].sort()
  const policies = [...rowPolicies(conditions, roles), ...keeperPolicies(reads, tables, roles.keeper)]
  const privileges = privilegesOf(conditions, lookups, schemas, declaration)
  const statements = [
    ...roleStatements(declaration),
    ...closingStatements(declaration, schemas),
    ...principalStatements(roles.keeper, [roles.reader, roles.writer], declaration.audience),
    ...lookupStatements(lookups, roles),
    {
      sql: onThisDatabase(
        'GRANT CONNECT',
        `TO ${[roles.reader, roles.writer, roles.migrator].map((role) => quoteName(role)).join(', ')}`,
      ),
      reason: 'to work here at all',
    },
    ...grantStatements(
      privileges.filter(({ object }) => object !== '' && object.split('.')[0] !== 'ringwall'),
    ).map(({ sql, privileges: given }) => ({
      sql,
      reason: reasonOf(given[0] as Privilege, conditions, roles),
    })),
    stalePoliciesStatement(),
    ...tables.flatMap((table) =>
      tableStatements(
        table,
        roles.migrator,
        policies.filter((policy) => policy.table === table),
      ),
    ),
    staleLookupsStatement(lookups),
  ]
  return {
    statements,
    notes: notesOf(unused),
    declaration,
    privileges,
    tables,
    schemas,
    policies,
    compared: distinct(
      rows.flatMap(({ use, predicate }) =>
        use.entity.table === undefined ? [] : comparedColumns(predicate, use.entity.table),
      ),
    ),
    functions: new Map([
      ...principalFunctions(declaration.audience),
      ...lookups.map((lookup) => [lookup.signature, lookup.body] as const),
    ]),
  }
}

function distinct(columns: readonly ComparedColumn[]): ComparedColumn[] {
  return [...new Map(columns.map((one) => [`${one.table}\n${one.column}`, one])).values()]
}

function print(predicate: Predicate): string {
  return new SqlCondition(predicate, postgres).toSql({ literals: 'inline' }).text
}

function schemaOf(table: string): string {
  return table.slice(0, table.indexOf('.'))
}

/** The keeper reads what policies look up, past the policies of the tables that it is in. */
function keeperPolicies(reads: Lookup['reads'], tables: readonly string[], keeper: string): RowPolicy[] {
  const read = new Set(reads.map(({ table }) => table))
  return tables
    .filter((table) => read.has(table))
    .map((table) => ({
      table,
      name: 'ringwall_keeper',
      verb: 'select',
      roles: [keeper],
      using: 'true',
      check: undefined,
    }))
}

/** Exactly what policies, mapping and declaration need, one column at a time. */
function privilegesOf(
  conditions: readonly RowCondition[],
  lookups: readonly Lookup[],
  schemas: readonly string[],
  { roles }: Declaration,
): Privilege[] {
  const { reader, writer, migrator, keeper } = roles
  const callers = [reader, writer]
  const found: Privilege[] = [
    ...[...callers, migrator].map((role) => ({ role, verb: 'CONNECT', on: 'database' as const, object: '' })),
    ...schemas.flatMap((object) => [
      ...[...callers, migrator, ...(lookups.length > 0 ? [keeper] : [])].map((role) => ({
        role,
        verb: 'USAGE',
        on: 'schema' as const,
        object,
      })),
      { role: migrator, verb: 'CREATE', on: 'schema' as const, object },
    ]),
    ...callers.flatMap((role) => [
      { role, verb: 'USAGE', on: 'schema' as const, object: 'ringwall' },
      ...['ringwall.begin(text)', 'ringwall.claims()', ...lookups.map(({ signature }) => signature)].map(
        (object) => ({ role, verb: 'EXECUTE', on: 'function' as const, object }),
      ),
    ]),
    ...lookups.flatMap(({ reads }) =>
      reads.map(({ table, column }) => ({
        role: keeper,
        verb: 'SELECT',
        on: 'column' as const,
        object: table,
        column,
      })),
    ),
  ]
  for (const { table, verb, uses } of conditions) {
    const receivers = verb === 'select' ? callers : [writer]
    for (const role of receivers)
      found.push(...uses.flatMap((use) => privilegesOfUse(use, role, table, verb)))
  }
  return [...new Map(found.map((privilege) => [privilegeKey(privilege), privilege])).values()]
}

function privilegesOfUse(use: Use, role: string, table: string, verb: Verb): Privilege[] {
  if (verb === 'delete') return [{ role, verb: 'DELETE', on: 'table', object: table }]
  return [
    ...use.columns.map((column) => ({
      role,
      verb: verb.toUpperCase(),
      on: 'column' as const,
      object: table,
      column,
    })),
    ...use.sequences.map((sequence) => ({
      role,
      verb: 'USAGE',
      on: 'sequence' as const,
      object: sequence.includes('.') ? sequence : `${schemaOf(table)}.${sequence}`,
    })),
  ]
}

function reasonOf(
  privilege: Privilege,
  conditions: readonly RowCondition[],
  roles: Declaration['roles'],
): string {
  const { role, verb, on, object } = privilege
  if (role === roles.keeper) return 'policies look there'
  if (on === 'schema')
    return role === roles.migrator && verb === 'CREATE' ? 'deployments make tables' : 'to reach the tables'
  if (on === 'sequence') return 'an insert draws its number from it'
  const found = conditions.filter(
    (condition) => condition.table === object && condition.verb.toUpperCase() === verb,
  )
  const actions = [...new Set(found.flatMap(({ uses }) => uses.map(({ action }) => action.uid.toString())))]
  return `policies permit ${actions.join(', ')}`
}
