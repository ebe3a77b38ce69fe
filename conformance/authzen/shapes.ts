/** What is read of the published schemas: all that they use, and a schema that uses more is not taken. */
interface Schema {
  readonly type?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}

const KNOWN = new Set([
  'type',
  'required',
  'properties',
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'example',
  'examples',
])

/** Why a value does not fit a schema (JSON Schema 2020-12, the words above); undefined where it does. */
export function misfit(value: unknown, schema: Schema, path = 'body'): string | undefined {
  const unknown = Object.keys(schema).find((word) => !KNOWN.has(word))
  if (unknown !== undefined) throw new Error(`the schema uses \`${unknown}\`, which is not checked`)
  const { type, required = [], properties = {} } = schema
  if (type !== undefined && typeOf(value) !== type) return `${path}: no ${type}`
  if (typeOf(value) !== 'object') return undefined
  const object = value as Readonly<Record<string, unknown>>
  const missing = required.find((name) => !Object.hasOwn(object, name))
  if (missing !== undefined) return `${path}.${missing} is missing`
  for (const [name, inner] of Object.entries(properties)) {
    const wrong = Object.hasOwn(object, name) ? misfit(object[name], inner, `${path}.${name}`) : undefined
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const STRING: Schema = { type: 'string' }
const PAGE: Schema = {
  type: 'object',
  required: ['next_token'],
  properties: { next_token: STRING, count: { type: 'number' }, total: { type: 'number' } },
}

/** The shapes of a Search Response, by what is searched; the published schemas have none (AuthZEN 1.0, Search Response). */
export function searchMisfit(
  value: unknown,
  kind: 'subject' | 'resource' | 'action',
  type?: string,
): string | undefined {
  const wrong = misfit(value, {
    type: 'object',
    required: ['results'],
    properties: { results: { type: 'array' }, page: PAGE, context: { type: 'object' } },
  })
  if (wrong !== undefined) return wrong
  const names = kind === 'action' ? ['name'] : ['type', 'id']
  const row: Schema = {
    type: 'object',
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, STRING])),
  }
  for (const result of (value as { readonly results: readonly unknown[] }).results) {
    const bad = misfit(result, row, 'results[]')
    if (bad !== undefined) return bad
    if (type !== undefined && (result as { readonly type?: string }).type !== type)
      return `results[]: no ${type}`
  }
  return undefined
}
