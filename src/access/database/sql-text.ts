import { RingwallError } from '../../core/errors.ts'

/** The two servers that plans are written for. */
export type Server = 'postgres' | 'mariadb'

/** What PostgreSQL keeps of a name; it cuts longer ones silently, so that two could become one. */
const MAX_NAME_BYTES = 63

/** A name between its server's quotes. Names come from the operator's files; one that cannot be a name is an error. */
export function quoteName(name: string, server: Server = 'postgres'): string {
  const isTooLong = new TextEncoder().encode(name).length > MAX_NAME_BYTES
  if (name === '' || name.includes('\0') || isTooLong) {
    throw new RingwallError(
      'access.database-name',
      `\`${name}\` cannot be a name in a database; write 1 to ${MAX_NAME_BYTES} bytes`,
    )
  }
  const mark = server === 'postgres' ? '"' : '`'
  return mark + name.replaceAll(mark, mark + mark) + mark
}

/** A table, with its schema in front where it has one: `sales.orders`. */
export function quoteTable(table: string, server: Server = 'postgres'): string {
  return table
    .split('.')
    .map((part) => quoteName(part, server))
    .join('.')
}

/**
 * A text as a literal.
 * INVARIANT: PostgreSQL reads it with `standard_conforming_strings` on (every apply sets it); in MariaDB a backslash
 * is doubled, which is right unless `NO_BACKSLASH_ESCAPES` is set, and every apply unsets that.
 */
export function quoteText(text: string, server: Server = 'postgres'): string {
  if (text.includes('\0'))
    throw new RingwallError('access.database-text', 'a text for a database cannot hold U+0000')
  const doubled = text.replaceAll("'", "''")
  return `'${server === 'postgres' ? doubled : doubled.replaceAll('\\', '\\\\')}'`
}

/** One statement of a plan: what it does and why it is there. */
export interface Statement {
  readonly sql: string
  readonly reason: string
}
