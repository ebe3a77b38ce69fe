import { isLabel } from './cedar/ast.ts'
import type { ActionType, EntityType, Schema } from './cedar/schema.ts'
import type { RecordType, Type } from './cedar/types.ts'
import { nameOfAction } from './check-request.ts'

/** How the types are to be written. */
export interface TypesOptions {
  /** What the model is called. */
  readonly name?: string
  /** Where the generated file imports from. */
  readonly from?: string
}

/**
 * TypeScript for a schema: one interface to give `createAccess` and `policyBuilder` as type parameter. Then a wrong
 * action, a type that an action does not apply to, a missing context or a wrong attribute does not compile.
 */
export function typesFromSchema(schema: Schema, options: TypesOptions = {}): string {
  const { name = 'AppModel', from = 'ringwall/access' } = options
  const entities = [...schema.entities.values()].map((type) => entityLines(type, schema))
  const actions = [...schema.actions.values()]
    .filter(({ principals, resources }) => principals.length > 0 && resources.length > 0)
    .map((action) => actionLines(action, schema))
  const body = [...section('entities', entities), ...section('actions', actions)].map(indent)
  const lines = [`export interface ${name} {`, ...body, '}']
  const all = lines.join('\n')
  const imported = ['Datetime', 'Decimal', 'Duration', 'EntityRef', 'IpAddress'].filter((one) =>
    new RegExp(`\\| ${one}\\b`).test(all),
  )
  return [
    '// Generated from the Cedar schema by `typesFromSchema`. Write the schema, not this file.',
    ...(imported.length > 0 ? [`import type { ${imported.join(', ')} } from ${text(from)}`, ''] : []),
    ...lines,
    '',
  ].join('\n')
}

function section(name: string, entries: readonly (readonly string[])[]): readonly string[] {
  return [`readonly ${name}: {`, ...entries.flat().map(indent), '}']
}

function entityLines({ name, attributes, tags, ancestors }: EntityType, schema: Schema): readonly string[] {
  return [
    `readonly ${property(name)}: {`,
    `  readonly id: ${idsText([name], schema)}`,
    ...recordLines('  readonly attributes: ', attributes, schema),
    `  readonly tags: ${tags === undefined ? 'never' : typeText(tags, schema, '  ')}`,
    `  readonly parents: ${union([...ancestors].map(text))}`,
    '}',
  ]
}

function actionLines(action: ActionType, schema: Schema): readonly string[] {
  return [
    `readonly ${property(nameOfAction(action.uid, schema))}: {`,
    `  readonly principal: ${union(action.principals.map(text))}`,
    `  readonly resource: ${union(action.resources.map(text))}`,
    ...(action.context.attributes.size === 0
      ? ['  readonly context: Readonly<Record<string, never>>']
      : recordLines('  readonly context: ', action.context, schema)),
    '}',
  ]
}

function recordLines(start: string, type: RecordType, schema: Schema): readonly string[] {
  return `${start}${typeText(type, schema, '  ')}`.split('\n')
}

/** The JavaScript values that stand for a Cedar type; a value that may be absent may also be null, as in a row. */
function typeText(type: Type, schema: Schema, margin: string): string {
  switch (type.kind) {
    case 'Bool':
    case 'true':
    case 'false':
      return 'boolean'
    case 'Long':
      return 'number | bigint'
    case 'String':
      return 'string'
    case 'never':
      return 'never'
    case 'extension':
      return EXTENSIONS[type.name]
    case 'entity':
      return `${idsText(type.names, schema)} | EntityRef<${union(type.names.map(text))}>`
    case 'set': {
      const element = typeText(type.element, schema, margin)
      const item = element.includes(' ') ? `(${element})` : element
      return `readonly ${item}[] | ReadonlySet<${element}>`
    }
    case 'record': {
      if (type.attributes.size === 0) return 'object'
      const fields = [...type.attributes].map(([name, { type: field, isRequired }]) => {
        const value = typeText(field, schema, `${margin}  `)
        return `${margin}  readonly ${property(name)}${isRequired ? `: ${value}` : `?: ${value} | null | undefined`}`
      })
      return `{\n${fields.join('\n')}\n${margin}}`
    }
    default:
      return type satisfies never
  }
}

/** The ids that entities of these types may have. */
function idsText(types: readonly string[], schema: Schema): string {
  const ids = types.map((type) => schema.entities.get(type)?.ids)
  return ids.every((list) => list !== undefined) ? union(ids.flat().map(text)) : 'string'
}

/** A text will do, or what has the type already; the classes also tell the policy builder what it is. */
const EXTENSIONS = {
  ipaddr: 'string | IpAddress',
  decimal: 'string | Decimal',
  datetime: 'Date | string | Datetime',
  duration: 'string | Duration',
} as const

function union(members: readonly string[]): string {
  return members.length === 0 ? 'never' : members.join(' | ')
}

function property(name: string): string {
  return isLabel(name) ? name : text(name)
}

/** A string of TypeScript, single-quoted; nothing in a schema can end it. */
function text(raw: string): string {
  const inner = JSON.stringify(raw)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return `'${inner}'`
}

function indent(line: string): string {
  return line === '' ? '' : `  ${line}`
}
