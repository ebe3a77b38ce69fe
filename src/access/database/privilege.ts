import { quoteName, quoteTable, type Server } from './sql-text.ts'

/** One right of one role: what `GRANT` gives and `REVOKE` takes. */
export interface Privilege {
  /** `PUBLIC` is everybody. */
  readonly role: string
  /** `SELECT`, `USAGE`, `EXECUTE` ... */
  readonly verb: string
  readonly on: 'table' | 'column' | 'schema' | 'database' | 'function' | 'sequence'
  /** `schema.table`, `schema.function(types)`; empty for the database that is planned for. */
  readonly object: string
  readonly column?: string
}

/** The same text for the same privilege; also how it is shown. */
export function privilegeKey({ role, verb, on, object, column }: Privilege): string {
  const what = on === 'database' ? 'this database' : `${on === 'column' ? 'table' : on} ${object}`
  return `${role}: ${verb}${column === undefined ? '' : ` (${column})`} on ${what}`
}

/** SQL that gives these privileges, one statement for each verb and object; columns and roles of one are joined. */
export function grantStatements(
  privileges: readonly Privilege[],
  server: Server = 'postgres',
): { readonly sql: string; readonly privileges: readonly Privilege[] }[] {
  const byObject = Map.groupBy(privileges, ({ role, verb, on, object }) =>
    [role, verb, on, object].join('\n'),
  )
  const perRole = [...byObject.values()].map((group) => ({
    group,
    columns: group.flatMap(({ column }) => (column === undefined ? [] : [column])).sort(),
  }))
  const alike = Map.groupBy(perRole, ({ group, columns }) => {
    const { verb, on, object } = group[0] as Privilege
    return [verb, on, object, ...columns].join('\n')
  })
  return [...alike.values()].map((same) => {
    const { group, columns } = same[0] as (typeof perRole)[number]
    const roles = same.map((one) => (one.group[0] as Privilege).role).sort()
    return {
      sql: `GRANT ${rightOf(group[0] as Privilege, columns, server)} TO ${roles.map((role) => granteeOf(role, server)).join(', ')}`,
      privileges: same.flatMap((one) => one.group),
    }
  })
}

/** SQL that takes one privilege away. */
export function revokeStatement(privilege: Privilege, server: Server = 'postgres'): string {
  const columns = privilege.column === undefined ? [] : [privilege.column]
  return `REVOKE ${rightOf(privilege, columns, server)} FROM ${granteeOf(privilege.role, server)}`
}

function rightOf({ verb, on, object }: Privilege, columns: readonly string[], server: Server): string {
  const list =
    columns.length === 0 ? '' : ` (${columns.map((column) => quoteName(column, server)).join(', ')})`
  return `${verb}${list} ON ${objectOf(on, object, server)}`
}

function objectOf(on: Privilege['on'], object: string, server: Server): string {
  if (on === 'function') {
    const at = object.indexOf('(')
    return `FUNCTION ${quoteTable(object.slice(0, at), server)}${object.slice(at)}`
  }
  if (on === 'table' || on === 'column') return quoteTable(object, server)
  return `${on.toUpperCase()} ${quoteTable(object, server)}`
}

/** In MariaDB a name stands for an account that may come from any host, as the guide writes it: 'app'@'%'. */
function granteeOf(role: string, server: Server): string {
  if (role === 'PUBLIC') return role
  return server === 'postgres' ? quoteName(role) : `${quoteName(role, server)}@'%'`
}
