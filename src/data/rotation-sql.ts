import { type EncryptedTable } from './columns.ts'
import { envelopePrefix } from './envelope.ts'
import { quoteName, type SqlParameter, type SqlSession, type SqlStatement, textOf } from './sql-session.ts'

/** One column that is rotated, as its statements need it. */
export interface RotatedColumn {
  readonly table: EncryptedTable
  readonly column: string
  /** What current ciphertexts begin with; undefined where each row has a key of its own. */
  readonly currentKeyId: string | undefined
}

/** A row that is written anew if its ciphertext is still the one that was read. */
export interface Rewrite {
  readonly key: readonly SqlParameter[]
  readonly from: string | Uint8Array
  readonly to: string | Uint8Array
  /** By search column. */
  readonly tokens: Readonly<Record<string, string>>
}

/** Reads the next rows after `after` that are not as they should be, in the order of the key. */
export function selectOld(
  kind: SqlSession['kind'],
  rotated: RotatedColumn,
  after: readonly SqlParameter[] | undefined,
  limit: number,
): SqlStatement {
  const { table, column } = rotated
  const name = (text: string): string => quoteName(kind, text)
  const keys = table.keyColumns.map(name)
  const { shredBy } = table.declaration
  const extra = shredBy && !table.keyColumns.includes(shredBy.column) ? [name(shredBy.column)] : []
  const chosen = [
    ...keys,
    ...extra,
    name(column),
    ...table.indexesOf(column).map((index) => name(index.name)),
  ]
  const old = conditionOfOld(kind, rotated)
  const cursor = after === undefined ? '' : ` AND (${keys.join(', ')}) > (${keys.map(() => '?').join(', ')})`
  return {
    sql: `SELECT ${chosen.join(', ')} FROM ${name(table.name)} WHERE ${old.sql}${cursor} ORDER BY ${keys.join(', ')} LIMIT ?`,
    parameters: [...old.parameters, ...(after ?? []), limit],
  }
}

/** Counts the rows that are not as they should be. */
export function countOld(kind: SqlSession['kind'], rotated: RotatedColumn): SqlStatement {
  const old = conditionOfOld(kind, rotated)
  return {
    sql: `SELECT COUNT(*) AS count FROM ${quoteName(kind, rotated.table.name)} WHERE ${old.sql}`,
    parameters: old.parameters,
  }
}

/** Counts the rows that have a value. */
export function countAll(kind: SqlSession['kind'], { table, column }: RotatedColumn): SqlStatement {
  return {
    sql: `SELECT COUNT(*) AS count FROM ${quoteName(kind, table.name)} WHERE ${quoteName(kind, column)} IS NOT NULL`,
    parameters: [],
  }
}

/**
 * Writes rows by compare-and-swap on the ciphertext: a row that somebody wrote meanwhile is left as it is. PostgreSQL gets
 * one statement for all, the others one for each in a transaction.
 */
export function updateRows(
  kind: SqlSession['kind'],
  { table, column }: RotatedColumn,
  rewrites: readonly Rewrite[],
  keyTypes: readonly string[],
): SqlStatement[] {
  const name = (text: string): string => quoteName(kind, text)
  const indexes = table.indexesOf(column).map((index) => index.name)
  const set = [column, ...indexes]
  if (kind === 'postgres') {
    const stored = table.cipherOf(column).form === 'bytes' ? 'bytea' : 'text'
    const types = [...keyTypes, stored, stored, ...indexes.map(() => 'text')]
    const labels = types.map((_, i) => `v${i}`)
    const row = `(${types.map((type) => `?::${type}`).join(', ')})`
    const wanted = set.map((target, i) => `${name(target)} = v.v${keyTypes.length + 1 + i}`)
    const same = table.keyColumns.map((key, i) => `t.${name(key)} = v.v${i}`)
    return [
      {
        sql: `UPDATE ${name(table.name)} AS t SET ${wanted.join(', ')} FROM (VALUES ${rewrites.map(() => row).join(', ')}) AS v(${labels.join(', ')}) WHERE ${same.join(' AND ')} AND t.${name(column)} = v.v${keyTypes.length}`,
        parameters: rewrites.flatMap(({ key, from, to, tokens }) => [
          ...key,
          from,
          to,
          ...indexes.map((index) => tokens[index] as string),
        ]),
      },
    ]
  }
  const same = [...table.keyColumns, column].map((target) => `${name(target)} = ?`).join(' AND ')
  const sql = `UPDATE ${name(table.name)} SET ${set.map((target) => `${name(target)} = ?`).join(', ')} WHERE ${same}`
  return rewrites.map(({ key, from, to, tokens }) => ({
    sql,
    parameters: [to, ...indexes.map((index) => tokens[index] as string), ...key, from],
  }))
}

/** The types of the key's columns as PostgreSQL names them, for the casts of {@link updateRows}. */
export async function keyTypesOf(session: SqlSession, table: EncryptedTable): Promise<readonly string[]> {
  if (session.kind !== 'postgres') return []
  const types = table.keyColumns.map((key, i) => `pg_typeof(${quoteName('postgres', key)})::text AS t${i}`)
  const { rows } = await session.run(
    `SELECT ${types.join(', ')} FROM ${quoteName('postgres', table.name)} LIMIT 1`,
  )
  return table.keyColumns.map((_, i) => textOf(rows[0]?.[`t${i}`] ?? 'text'))
}

/** The value is there, and it or one of its tokens is not under the newest key. */
function conditionOfOld(
  kind: SqlSession['kind'],
  { table, column, currentKeyId }: RotatedColumn,
): { readonly sql: string; readonly parameters: SqlParameter[] } {
  const quoted = quoteName(kind, column)
  // Each row has its own key: all are read, and compared here.
  if (currentKeyId === undefined) return { sql: `${quoted} IS NOT NULL`, parameters: [] }
  const { form } = table.cipherOf(column)
  const prefix = envelopePrefix(form, currentKeyId)
  const parts = [beginsOtherwise(kind, quoted, prefix.length, form)]
  const parameters: SqlParameter[] = [prefix]
  for (const index of table.indexesOf(column)) {
    const tag = index.currentTag()
    const name = quoteName(kind, index.name)
    const isEmpty = index.kind === 'ngram' ? ` AND ${name} <> ' '` : ''
    parts.push(`${name} IS NULL`, `(${beginsOtherwise(kind, name, tag.length, 'text')}${isEmpty})`)
    parameters.push(tag)
  }
  return { sql: `${quoted} IS NOT NULL AND (${parts.join(' OR ')})`, parameters }
}

function beginsOtherwise(
  kind: SqlSession['kind'],
  name: string,
  length: number,
  form: 'text' | 'bytes',
): string {
  if (kind === 'postgres')
    return `substring(${name} FROM 1 FOR ${length}) <> ?${form === 'bytes' ? '::bytea' : ''}`
  // INVARIANT: a collation that ignores case or spaces at the end must not take one key id for another.
  if (kind === 'mysql') return `CAST(SUBSTRING(${name}, 1, ${length}) AS BINARY) <> CAST(? AS BINARY)`
  return `substr(${name}, 1, ${length}) <> ?`
}
