import { type DataPath, listAt, mapAt, type Plain, refuse, textAt, type WrittenCase } from './written.ts'

const TABLE_KEYS = [
  'name',
  'principal',
  'action',
  'resource',
  'context',
  'entities',
  'principals',
  'columns',
  'rows',
]
const WORDS: Readonly<Record<string, string>> = { allow: 'allow', deny: 'deny', yes: 'allow', no: 'deny' }

/**
 * The cases of a table. With `principals`, each row is an action with one answer for each of them; with `columns`,
 * each row is a list of what the columns say: `principal`, `context.now`, `resource.total`, `expect`.
 */
export function rowsOf(data: unknown, path: DataPath): readonly WrittenCase[] {
  const table = mapAt(data, path, TABLE_KEYS)
  const name = table['name'] === undefined ? 'table' : textAt(table['name'], [...path, 'name'])
  const { principals, columns, rows, ...shared } = table
  const start = { ...shared, name }
  if ((principals === undefined) === (columns === undefined))
    refuse(path, 'a table has either `principals` or `columns`')
  return columns === undefined
    ? matrix(start, listAt(principals, [...path, 'principals']), rows, path)
    : list(start, listAt(columns, [...path, 'columns']), listAt(rows, [...path, 'rows']), path)
}

function matrix(
  start: Plain,
  principals: readonly unknown[],
  rows: unknown,
  path: DataPath,
): readonly WrittenCase[] {
  return Object.entries(mapAt(rows, [...path, 'rows'])).flatMap(([action, answers]) => {
    const at = [...path, 'rows', action]
    const given = listAt(answers, at)
    if (given.length !== principals.length)
      refuse(at, `${given.length} answers for ${principals.length} principals`)
    return given.map((answer, column): WrittenCase => {
      const principal = textAt(principals[column], [...path, 'principals', column])
      const name = `${start['name'] as string}: ${principal} ${action}`
      return { path: at, data: { ...start, name, principal, action, expect: word(answer) } }
    })
  })
}

/** YAML reads a bare yes or no as text, and true or false as what they are. */
function word(answer: unknown): unknown {
  if (typeof answer === 'boolean') return answer ? 'allow' : 'deny'
  return typeof answer === 'string' ? (WORDS[answer] ?? answer) : answer
}

function list(
  start: Plain,
  columns: readonly unknown[],
  rows: readonly unknown[],
  path: DataPath,
): readonly WrittenCase[] {
  const names = columns.map((column, at) => textAt(column, [...path, 'columns', at]))
  return rows.map((row, at): WrittenCase => {
    const here = [...path, 'rows', at]
    const cells = listAt(row, here)
    if (cells.length !== names.length) refuse(here, `${cells.length} cells for ${names.length} columns`)
    const told = cells.map((cell) => (typeof cell === 'string' ? cell : JSON.stringify(cell))).join(', ')
    let data: Plain = { ...start, name: `${start['name'] as string}: ${told}` }
    const later: [string, unknown][] = []
    for (const [column, name] of names.entries()) {
      if (/^(principal|resource)\./.test(name)) later.push([name, cells[column]])
      else
        data = put(data, name, name === 'expect' ? word(cells[column]) : cells[column], [
          ...path,
          'columns',
          column,
        ])
    }
    for (const [name, cell] of later) data = putAttribute(data, name, cell, here)
    return { path: here, data }
  })
}

function put(data: Plain, name: string, cell: unknown, path: DataPath): Plain {
  if (['name', 'principal', 'action', 'resource', 'expect'].includes(name)) return { ...data, [name]: cell }
  if (!name.startsWith('context.'))
    refuse(
      path,
      'expected principal, action, resource, expect, name, context.NAME, principal.NAME or resource.NAME',
    )
  return cell === null
    ? data
    : { ...data, context: setIn(asPlain(data['context']), name.split('.').slice(1), cell) }
}

/** An attribute of the row's principal or resource; an empty cell leaves it out. */
function putAttribute(data: Plain, name: string, cell: unknown, path: DataPath): Plain {
  const [role, ...attribute] = name.split('.') as [string, ...string[]]
  const uid = textAt(data[role], [...path, role])
  const entities = asPlain(data['entities'])
  const entity = asPlain(entities[uid])
  if (cell === null) return data
  const attributes = setIn(asPlain(entity['attributes']), attribute, cell)
  return { ...data, entities: { ...entities, [uid]: { ...entity, attributes } } }
}

function setIn(object: Plain, [name, ...rest]: readonly string[], value: unknown): Plain {
  if (name === undefined) return object
  return { ...object, [name]: rest.length === 0 ? value : setIn(asPlain(object[name]), rest, value) }
}

function asPlain(data: unknown): Plain {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Plain) : {}
}
