/** A node of Kysely's operation tree, read by its shape: Kysely is not loaded. */
export type Node = { readonly kind: string } & Readonly<Record<string, unknown>>

/** A table of a query and the name that it has there. */
export interface TableOfQuery {
  readonly name: string
  readonly alias: string
}

/** A column of a result: where it is from and what it is called there. */
export interface Output extends TableOfQuery {
  /** Undefined for all columns of the table, each under its own name. */
  readonly column: string | undefined
  readonly output: string
}

/** A value as a node, if it is one. */
export function nodeOf(value: unknown): Node | undefined {
  return typeof value === 'object' && value !== null && typeof (value as Node).kind === 'string'
    ? (value as Node)
    : undefined
}

/** The nodes of a list. */
export function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.flatMap((item) => nodeOf(item) ?? []) : []
}

/** The tables that a query names in FROM, JOIN, INTO or UPDATE. */
export function tablesOf(query: Node): TableOfQuery[] {
  const from = [
    ...nodesOf(nodeOf(query['from'])?.['froms']),
    ...nodesOf(query['joins']).map((join) => nodeOf(join['table'])),
    nodeOf(query['into']),
    nodeOf(query['table']),
  ]
  return from.flatMap((item) => {
    const table = item?.kind === 'AliasNode' ? nodeOf(item['node']) : item
    const name = identifierOf(nodeOf(table?.['table'])?.['identifier'])
    if (table?.kind !== 'TableNode' || name === undefined) return []
    return [{ name, alias: (item?.kind === 'AliasNode' ? identifierOf(item['alias']) : undefined) ?? name }]
  })
}

/** What the columns of a result are, as far as they are plain columns of these tables. */
export function outputsOf(query: Node, tables: readonly TableOfQuery[]): Output[] {
  const selections = nodesOf(query['selections'] ?? nodeOf(query['returning'])?.['selections'])
  return selections.flatMap((selection): Output[] => {
    const chosen = nodeOf(selection['selection'])
    const inner = chosen?.kind === 'AliasNode' ? nodeOf(chosen['node']) : chosen
    const reference = referenceOf(inner)
    if (!reference) return []
    const own = tables.filter(({ alias }) => reference.alias === undefined || reference.alias === alias)
    const output = chosen?.kind === 'AliasNode' ? identifierOf(chosen['alias']) : reference.column
    if (reference.column === undefined)
      return own.map((table) => ({ ...table, column: undefined, output: '' }))
    return output === undefined ? [] : own.map((table) => ({ ...table, column: reference.column, output }))
  })
}

/** The column that a node refers to, and the name of its table there if it is given; no column stands for all. */
export function referenceOf(
  node: Node | undefined,
): { readonly column: string | undefined; readonly alias: string | undefined } | undefined {
  if (node?.kind === 'SelectAllNode') return { column: undefined, alias: undefined }
  if (node?.kind === 'ColumnNode') return { column: identifierOf(node['column']), alias: undefined }
  if (node?.kind !== 'ReferenceNode') return undefined
  const column = nodeOf(node['column'])
  const alias = identifierOf(nodeOf(nodeOf(node['table'])?.['table'])?.['identifier'])
  return { column: column?.kind === 'ColumnNode' ? identifierOf(column['column']) : undefined, alias }
}

/** What every row that a WHERE lets through has in common: `column = value` in its conjunction. */
export function equalitiesOf(where: Node | undefined): Map<string, unknown> {
  const found = new Map<string, unknown>()
  const visit = (node: Node | undefined): void => {
    if (node?.kind === 'AndNode') {
      visit(nodeOf(node['left']))
      visit(nodeOf(node['right']))
    } else if (node?.kind === 'ParensNode') visit(nodeOf(node['node']))
    else if (node?.kind === 'BinaryOperationNode' && nodeOf(node['operator'])?.['operator'] === '=') {
      const left = referenceOf(nodeOf(node['leftOperand']))
      const right = nodeOf(node['rightOperand'])
      if (left?.column !== undefined && right?.kind === 'ValueNode') found.set(left.column, right['value'])
    }
  }
  visit(nodeOf(where?.['where']))
  return found
}

/** A column's name as a node. */
export function columnNode(name: string): Node {
  return { kind: 'ColumnNode', column: { kind: 'IdentifierNode', name } }
}

/** A value as a parameter. */
export function valueNode(value: unknown): Node {
  return { kind: 'ValueNode', value }
}

function identifierOf(value: unknown): string | undefined {
  const name = nodeOf(value)?.['name']
  return typeof name === 'string' ? name : undefined
}
