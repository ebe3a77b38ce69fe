import type { Cel } from './cel.ts'

/** What Cedar has of an attribute of the corpus. */
export interface Field {
  readonly text: string
  readonly type: 'text' | 'flag' | 'whole' | 'decimal' | 'time' | 'record'
  /** What must be there, each needing the ones before it. */
  readonly guards: readonly string[]
  /** Where it is not there, the corpus has the value null. */
  readonly isNullable: boolean
}

const SCALARS: Readonly<Record<string, Field['type']>> = {
  aBool: 'flag',
  aNumber: 'whole',
  aString: 'text',
  aOptionalString: 'text',
}
const OPTIONAL: ReadonlySet<string> = new Set([
  'aOptionalString',
  'owner',
  'coOwner',
  'scope',
  'aDouble',
  'createdAt',
])

/** The dotted path of an attribute of the row: `R.attr.parent.aBool` is ['parent', 'aBool']. */
export function pathOf(cel: Cel): readonly string[] | undefined {
  if (cel.kind !== 'select') return undefined
  const { of, name } = cel
  if (of.kind === 'name')
    return of.name === 'R' && (name === 'attr' || name === 'id') ? (name === 'id' ? ['id'] : []) : undefined
  const above = pathOf(of)
  return above && [...above, name]
}

/** An attribute with a single value. */
export function fieldOf(path: readonly string[]): Field | undefined {
  const name = path.at(-1)
  if (name === undefined) return undefined
  if (path.length === 1) return rowField(name)
  if (path[0] === 'obj') return { text: 'resource.obj.inner', type: 'text', guards: [], isNullable: false }
  if (path[0] !== 'parent') return undefined
  // A real relation: the row may have no parent, and the parent none.
  const hops = path.slice(0, -1)
  const guards = hops.map((hop, at) => `${['resource', ...hops.slice(0, at)].join('.')} has ${hop}`)
  const of = ['resource', ...hops].join('.')
  const type = SCALARS[name]
  if (type === undefined) return undefined
  const own = OPTIONAL.has(name) ? [`${of} has ${name}`] : []
  return { text: `${of}.${name}`, type, guards: [...guards, ...own], isNullable: false }
}

function rowField(name: string): Field | undefined {
  const types: Readonly<Record<string, Field['type']>> = {
    ...SCALARS,
    id: 'text',
    owner: 'text',
    coOwner: 'text',
    scope: 'text',
    createdBy: 'text',
    aDouble: 'decimal',
    createdAt: 'time',
  }
  const type = types[name]
  if (type === undefined) return undefined
  return {
    text: `resource.${name}`,
    type,
    guards: OPTIONAL.has(name) ? [`resource has ${name}`] : [],
    isNullable: name === 'owner' || name === 'coOwner',
  }
}

/** The attribute with a single value that an expression is, if it is one. */
export function fieldAt(cel: Cel): Field | undefined {
  const path = pathOf(cel)
  return path === undefined ? undefined : fieldOf(path)
}
