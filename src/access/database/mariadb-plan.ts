import { SqlCondition } from '../filter/sql-condition.ts'
import { and } from '../filter/predicates.ts'
import type { Use } from './declaration.ts'
import { mariadb, mariadbClaims } from './mariadb-claims.ts'
import { account, principalRoutines, principalStatements, type Routine } from './mariadb-principal.ts'
import type { PlanInput } from './plan.ts'
import { grantStatements, type Privilege, privilegeKey } from './privilege.ts'
import { compileRows, notesOf, type RowPredicate } from './row-conditions.ts'
import { quoteName, quoteTable, type Statement } from './sql-text.ts'

/** A view that shows and lets change exactly the rows of one verb. */
export interface RowView {
  /** `database.name`. */
  readonly view: string
  readonly verb: Use['verb']
  readonly sql: string
}

/** What a MariaDB must be like, and the statements that make it so. */
export interface MariadbPlan {
  readonly statements: readonly Statement[]
  readonly notes: readonly string[]
  /** The database of keys and principals. */
  readonly home: string
  readonly roles: {
    readonly reader: string
    readonly writer: string
    readonly migrator: string
    readonly keeper: string
  }
  /** Of reader, writer and migrator. */
  readonly privileges: readonly Privilege[]
  readonly views: readonly RowView[]
  /** The databases of the tables, and all that a plan is about: those, those of the views, and `home`. */
  readonly sources: readonly string[]
  readonly databases: readonly string[]
  /** The procedures and the function of `home`. */
  readonly routines: readonly Routine[]
}

/** A view keeps the character set of the connection that makes it, so that two that should be the same need the same. */
export const NAMES = 'SET NAMES utf8mb4 COLLATE utf8mb4_bin'

const DDL = ['ALTER', 'CREATE', 'DROP', 'INDEX', 'REFERENCES']

/**
 * Derives accounts, privileges and views from policies. MariaDB has no row-level security: the application reaches
 * views only, which a keeper defines whom nobody logs in as; `documents`, `documents_insert` and so on, in a database
 * of their own beside the tables. `home` is the database that knows keys and principals.
 */
export function planMariadb(input: PlanInput, home = 'ringwall'): MariadbPlan {
  const { declaration } = input
  const { roles } = declaration
  const keeper = account(roles.keeper, 'localhost')
  const { rows, unused } = compileRows(input, mariadbClaims(home))
  const databases = [...new Set(declaration.uses.map(({ table }) => databaseOf(table)))].sort()
  const views = rows.map((row) => viewOf(row, rows, keeper))
  const privileges = rows.flatMap((row) => privilegesOf(row, roles))
  privileges.push(
    ...[roles.reader, roles.writer].flatMap((role) =>
      [`${home}.begin`, `${home}.end`].map((object) => ({
        role,
        verb: 'EXECUTE',
        on: 'function' as const,
        object,
      })),
    ),
    ...databases.flatMap((object) =>
      DDL.map((verb) => ({ role: roles.migrator, verb, on: 'schema' as const, object })),
    ),
  )
  const wanted = [...new Map(privileges.map((one) => [privilegeKey(one), one])).values()]
  const statements = [
    { sql: NAMES, reason: 'a view keeps the character set of the connection that makes it' },
    {
      sql: `CREATE USER IF NOT EXISTS ${keeper} ACCOUNT LOCK`,
      reason: 'the keeper: defines the views; nobody logs in as it',
    },
    ...[roles.reader, roles.writer, roles.migrator].flatMap((role) => [
      {
        sql: `CREATE USER IF NOT EXISTS ${account(role)} ACCOUNT LOCK`,
        reason: 'locked until somebody gives it a password: ALTER USER ... IDENTIFIED BY ... ACCOUNT UNLOCK',
      },
      {
        sql: `REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account(role)}`,
        reason: 'what is not granted below is not there',
      },
    ]),
    ...principalStatements(home, keeper, declaration.audience),
    ...databases.flatMap((database) => [
      {
        sql: `CREATE DATABASE IF NOT EXISTS ${quoteName(viewsOf(database), 'mariadb')}`,
        reason: `the views of ${database}: what the application connects to`,
      },
      {
        sql: `GRANT SELECT, INSERT, UPDATE, DELETE ON ${anyOf(database)} TO ${keeper}`,
        reason: 'views work with the rights of their definer',
      },
    ]),
    ...views.map(({ sql, verb }) => ({ sql, reason: `only rows that the policies allow to ${verb}` })),
    ...mariadbGrants(wanted),
  ]
  return {
    statements,
    notes: notesOf(unused),
    home,
    roles,
    privileges: wanted,
    views,
    sources: databases,
    databases: [...databases, ...databases.map(viewsOf), home],
    routines: principalRoutines(quoteName(home, 'mariadb'), keeper, declaration.audience),
  }
}

/** GRANTs with their reasons, in MariaDB's own words for databases and procedures. */
export function mariadbGrants(privileges: readonly Privilege[]): Statement[] {
  const rows = grantStatements(
    privileges.filter(({ on }) => on === 'table' || on === 'column'),
    'mariadb',
  )
  const others = privileges.filter(({ on }) => on === 'schema' || on === 'function')
  return [
    ...rows.map(({ sql, privileges: given }) => ({
      sql,
      reason: `policies permit it: ${given[0]?.verb} on ${given[0]?.object}`,
    })),
    ...others.map((privilege) => ({
      sql: `GRANT ${mariadbRight(privilege)} TO ${account(privilege.role)}`,
      reason: privilege.on === 'schema' ? 'used during deployments only' : 'to say who a connection is for',
    })),
  ]
}

/** `VERB (column) ON object`, for GRANT and REVOKE. */
export function mariadbRight({ verb, on, object, column }: Privilege): string {
  if (on === 'schema') return `${verb} ON ${anyOf(object)}`
  if (on === 'function') return `${verb} ON PROCEDURE ${quoteTable(object, 'mariadb')}`
  const list = column === undefined ? '' : ` (${quoteName(column, 'mariadb')})`
  return `${verb}${list} ON ${quoteTable(object, 'mariadb')}`
}

/** Everything in a database; in this place `_` and `%` would stand for others. */
function anyOf(database: string): string {
  return `${quoteName(database.replace(/[_%\\]/g, '\\$&'), 'mariadb')}.*`
}

function databaseOf(table: string): string {
  return table.slice(0, table.indexOf('.'))
}

function viewsOf(database: string): string {
  return `${database}_view`
}

function viewName({ table, verb }: Use): string {
  const name = table.slice(table.indexOf('.') + 1)
  return `${viewsOf(databaseOf(table))}.${verb === 'select' ? name : `${name}_${verb}`}`
}

/** What is changed or removed must also be visible, as row-level security has it. */
function viewOf({ use, predicate }: RowPredicate, rows: readonly RowPredicate[], keeper: string): RowView {
  const visible = rows.find((row) => row.use.table === use.table && row.use.verb === 'select')
  const isWithin = use.verb === 'update' || use.verb === 'delete'
  const condition = isWithin && visible !== undefined ? and(visible.predicate, predicate) : predicate
  const where = new SqlCondition(condition, mariadb).toSql({ literals: 'inline' }).text
  const columns = columnsOf(use)
    .map((column) => quoteName(column, 'mariadb'))
    .join(', ')
  const view = viewName(use)
  const check = use.verb === 'insert' || use.verb === 'update' ? '\nWITH CASCADED CHECK OPTION' : ''
  const sql = `CREATE OR REPLACE ALGORITHM = MERGE DEFINER = ${keeper} SQL SECURITY DEFINER VIEW ${quoteTable(view, 'mariadb')} AS
SELECT ${columns} FROM ${quoteTable(use.table, 'mariadb')}
WHERE ${where}${check}`
  return { view, verb: use.verb, sql }
}

/** An update or a removal finds its row by the id. */
function columnsOf({ verb, columns, entity }: Use): string[] {
  return [...new Set(verb === 'update' || verb === 'delete' ? [entity.id.column, ...columns] : columns)]
}

function privilegesOf({ use }: RowPredicate, { reader, writer }: MariadbPlan['roles']): Privilege[] {
  const object = viewName(use)
  const of = (role: string, verb: string, column: string): Privilege => ({
    role,
    verb,
    on: 'column',
    object,
    column,
  })
  if (use.verb === 'select')
    return [reader, writer].flatMap((role) => use.columns.map((column) => of(role, 'SELECT', column)))
  if (use.verb === 'insert') return use.columns.map((column) => of(writer, 'INSERT', column))
  // MariaDB asks for SELECT on what the condition of a DELETE names, and not for that of an UPDATE.
  if (use.verb === 'delete')
    return [of(writer, 'SELECT', use.entity.id.column), { role: writer, verb: 'DELETE', on: 'table', object }]
  return use.columns.map((column) => of(writer, 'UPDATE', column))
}
