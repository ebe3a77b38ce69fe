import { RingwallError } from '../core/errors.ts'
import type { EncryptedColumns, EncryptedTable, Row } from './columns.ts'
import {
  columnNode,
  equalitiesOf,
  type Node,
  nodeOf,
  nodesOf,
  type Output,
  outputsOf,
  referenceOf,
  type TableOfQuery,
  tablesOf,
  valueNode,
} from './kysely-nodes.ts'

/** What Kysely takes as a plugin. */
export interface KyselyColumns {
  transformQuery<N extends { readonly kind: string }>(args: { readonly node: N; readonly queryId: object }): N
  transformResult<R extends { readonly rows: Row[] }>(args: {
    readonly queryId: object
    readonly result: R
  }): Promise<R>
}

/**
 * A plugin for Kysely: values of declared columns are encrypted in INSERT and UPDATE and decrypted in what comes back. Values are
 * bound to their rows, so the key must be in what is inserted, in the WHERE of an UPDATE (`where id = ...`) and in what
 * is selected. What cannot be done right is refused when the query is built: comparing an encrypted column, INSERT from SELECT,
 * ON CONFLICT DO UPDATE of an encrypted column. An encrypted column inside an expression comes back as it is stored.
 */
export function kyselyColumns(columns: EncryptedColumns): KyselyColumns {
  const outputs = new WeakMap<object, readonly Output[]>()
  return {
    transformQuery<N extends { readonly kind: string }>({
      node,
      queryId,
    }: {
      readonly node: N
      readonly queryId: object
    }): N {
      const root = node as unknown as Node
      refuseComparisons(columns, root, [])
      const tables = tablesOf(root).filter(({ name }) => columns.has(name))
      const [first] = tables
      if (!first) return node
      outputs.set(queryId, outputsOf(root, tables))
      if (root.kind === 'InsertQueryNode')
        return encryptInsert(root, columns.table(first.name)) as unknown as N
      if (root.kind === 'UpdateQueryNode')
        return encryptUpdate(root, columns.table(first.name)) as unknown as N
      return node
    },
    async transformResult<R extends { readonly rows: Row[] }>({
      queryId,
      result,
    }: {
      readonly queryId: object
      readonly result: R
    }): Promise<R> {
      const found = outputs.get(queryId)
      if (!found || found.length === 0 || result.rows.length === 0) return result
      let { rows } = result
      for (const own of Map.groupBy(found, ({ alias }) => alias).values())
        rows = await decryptOutputs(columns, own, rows)
      return { ...result, rows }
    },
  }
}

/** Decrypts what a result has of one table, under whatever names it was selected. */
async function decryptOutputs(
  columns: EncryptedColumns,
  own: readonly Output[],
  rows: readonly Row[],
): Promise<Row[]> {
  const table = columns.table((own[0] as Output).name)
  const names = new Map<string, string>()
  for (const { column, output } of own) {
    if (column !== undefined) names.set(output, column)
    else for (const name of [...table.keyColumns, ...table.columnNames]) names.set(name, name)
  }
  if (![...names.values()].some((name) => table.isEncrypted(name))) return [...rows]
  const stored = rows.map((row) =>
    Object.fromEntries(
      [...names].filter(([output]) => output in row).map(([output, name]) => [name, row[output]]),
    ),
  )
  const clear = await columns.decryptRows(table.name, stored)
  return rows.map((row, i) => {
    const whole: Record<string, unknown> = { ...row }
    for (const [output, name] of names) if (output in row) whole[output] = clear[i]?.[name]
    return whole
  })
}

function encryptInsert(root: Node, table: EncryptedTable): Node {
  const names = nodesOf(root['columns']).map((node) => referenceOf(node)?.column ?? '')
  const updates = ['onConflict', 'onDuplicateKey'].flatMap((key) => nodesOf(nodeOf(root[key])?.['updates']))
  for (const update of updates) {
    const column = referenceOf(nodeOf(update['column']))?.column ?? ''
    if (table.isEncrypted(column))
      throw refusal(
        table,
        column,
        'cannot be updated on a conflict: the row that is there may have another key',
      )
  }
  const touched = names.find((name) => table.isEncrypted(name))
  if (touched === undefined) return root
  const values = nodeOf(root['values'])
  if (values?.kind !== 'ValuesNode')
    throw refusal(table, touched, 'cannot be inserted from a query; read, then insert')
  const stored = nodesOf(values['values']).map((item) => encryptItem(item, names, table))
  const all = [...new Set([...names, ...stored.flatMap((row) => [...row.keys()])])]
  return {
    ...root,
    columns: all.map(columnNode),
    values: {
      ...values,
      values: stored.map((row) => ({
        kind: 'ValueListNode',
        values: all.map((name) => row.get(name) ?? valueNode(null)),
      })),
    },
  }
}

/** One row of VALUES, by column; what is an expression stays one. */
function encryptItem(item: Node, names: readonly string[], table: EncryptedTable): Map<string, Node> {
  const given = Array.isArray(item['values']) ? (item['values'] as readonly unknown[]) : []
  const isPrimitive = item.kind === 'PrimitiveValueListNode'
  const expressions = new Map<string, Node>()
  const row: Record<string, unknown> = {}
  for (const [i, name] of names.entries()) {
    const node = isPrimitive ? undefined : nodeOf(given[i])
    if (isPrimitive) row[name] = given[i]
    else if (node?.kind === 'ValueNode') row[name] = node['value']
    else if (node && node.kind !== 'DefaultInsertValueNode' && table.isEncrypted(name))
      throw refusal(table, name, 'needs a value, not an expression')
    else if (node) expressions.set(name, node)
  }
  const stored = table.encryptRow(row)
  return new Map([
    ...Object.entries(stored).map(([name, value]) => [name, valueNode(value)] as const),
    ...expressions,
  ])
}

function encryptUpdate(root: Node, table: EncryptedTable): Node {
  const updates = nodesOf(root['updates'])
  const changes: Record<string, unknown> = {}
  const kept: Node[] = []
  for (const update of updates) {
    const column = referenceOf(nodeOf(update['column']))?.column ?? ''
    const value = nodeOf(update['value'])
    if (table.keyColumns.includes(column))
      throw refusal(
        table,
        column,
        'is the key that values are bound to; insert the row anew instead of renaming it',
      )
    if (!table.isEncrypted(column)) kept.push(update)
    else if (value?.kind === 'ValueNode') changes[column] = value['value']
    else throw refusal(table, column, 'needs a value, not an expression')
  }
  if (Object.keys(changes).length === 0) return root
  const of = Object.fromEntries(equalitiesOf(nodeOf(root['where'])))
  const stored = table.encryptRow(changes, of)
  const encrypted = Object.entries(stored).map(([name, value]) => ({
    kind: 'ColumnUpdateNode',
    column: columnNode(name),
    value: valueNode(value),
  }))
  return { ...root, updates: [...kept, ...encrypted] }
}

/** Places of a query where a column is only named, not compared. */
const NAMING = new Set(['selections', 'returning', 'columns', 'updates', 'values', 'into', 'table'])

/** The same value has another ciphertext each time: to compare, sort or group by one would silently give nonsense. */
function refuseComparisons(columns: EncryptedColumns, query: Node, outer: readonly TableOfQuery[]): void {
  const tables = [...tablesOf(query).filter(({ name }) => columns.has(name)), ...outer]
  const visit = (value: unknown, isNaming: boolean): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, isNaming)
      return
    }
    const node = nodeOf(value)
    if (!node || node.kind === 'ValueNode' || node.kind === 'PrimitiveValueListNode') return
    if (node !== query && node.kind.endsWith('QueryNode')) {
      refuseComparisons(columns, node, tables)
      return
    }
    const operator = nodeOf(node['operator'])?.['operator']
    if (operator === 'is' || operator === 'is not') return
    const reference = isNaming ? undefined : referenceOf(node)
    if (reference?.column !== undefined) {
      const table = encryptedIn(columns, tables, reference.column, reference.alias)
      if (table) throw refusal(table, reference.column, 'is encrypted; search its index with table.search')
      return
    }
    for (const [name, inner] of Object.entries(node))
      visit(inner, isNaming || (node === query && NAMING.has(name)))
  }
  visit(query, false)
}

function encryptedIn(
  columns: EncryptedColumns,
  tables: readonly TableOfQuery[],
  column: string,
  alias: string | undefined,
): EncryptedTable | undefined {
  return tables
    .filter((table) => alias === undefined || table.alias === alias)
    .map(({ name }) => columns.table(name))
    .find((table) => table.isEncrypted(column))
}

function refusal(table: EncryptedTable, column: string, why: string): RingwallError {
  return new RingwallError('data.not-searchable', `${table.name}.${column} ${why}`)
}
