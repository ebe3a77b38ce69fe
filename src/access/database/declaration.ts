import { RingwallError } from '../../core/errors.ts'
import { z } from '../../core/schema.ts'
import { suggest } from '../../core/suggest.ts'
import type { ActionType, Schema } from '../cedar/schema.ts'
import type { AttributeMapping, EntityMapping, Mapping } from '../filter/mapping.ts'

/** What a statement does to rows. */
export type Verb = 'select' | 'insert' | 'update' | 'delete'
export const VERBS: readonly Verb[] = ['select', 'insert', 'update', 'delete']

const name = z.string().min(1)
const verb = z.strictObject({
  verb: z.enum(['select', 'insert', 'update', 'delete']),
  resource: name
    .optional()
    .describe('Only for this entity type; all that the action applies to unless said.'),
  columns: z.array(name).min(1).optional().describe('Exactly these columns; the mapped ones unless said.'),
  sequences: z.array(name).optional().describe('Sequences that an insert draws its numbers from.'),
})

/** `database` of a mapping: what actions mean in a database, and what its roles are called. */
export const databaseSchema = z.strictObject({
  verbs: z
    .record(name, z.union([verb, z.array(verb).min(1)]))
    .describe('What each action does to rows. An action that is not listed does nothing in the database.'),
  roles: z
    .strictObject({
      reader: name.default('app_reader'),
      writer: name.default('app_writer'),
      migrator: name.default('app_migrator'),
      keeper: name.default('ringwall_keeper'),
    })
    .prefault({})
    .describe(
      'The names of the roles. Roles belong to the whole server, so that two applications need two sets.',
    ),
  login: z.boolean().default(false).describe('Whether reader, writer and migrator can log in themselves.'),
  audience: name.default('ringwall').describe('The name that tokens for this database carry.'),
  examples: z
    .array(z.strictObject({ role: z.enum(['reader', 'writer']), sql: name }))
    .default([])
    .describe(
      'Statements of the application that must work; a privilege that none of them needs is reported.',
    ),
})

/** `database` of a mapping, as it is written. */
export type DatabaseConfig = z.input<typeof databaseSchema>
type Parsed = z.output<typeof databaseSchema>

/** One action as one verb on one table. */
export interface Use {
  readonly action: ActionType
  readonly verb: Verb
  readonly entity: EntityMapping
  /** `schema.name`. */
  readonly table: string
  readonly columns: readonly string[]
  readonly sequences: readonly string[]
}

/** A declaration that was held against the schema and the mapping. */
export interface Declaration {
  readonly roles: Parsed['roles']
  readonly canLogIn: boolean
  readonly audience: string
  readonly uses: readonly Use[]
  readonly examples: Parsed['examples']
}

/** Reads the declaration. Throws RingwallError with every mistake, one a line. */
export function readDeclaration(
  raw: unknown,
  schema: Schema,
  mapping: Mapping,
  defaultSchema: string,
): Declaration {
  const parsed = databaseSchema.safeParse(raw)
  if (!parsed.success)
    fail(
      parsed.error.issues.map(
        ({ path, message }) => `${['database', ...path.map(String)].join('.')}: ${message}`,
      ),
    )
  const { verbs, roles, login, audience, examples } = parsed.data
  const mistakes: string[] = []
  const names = Object.values(roles)
  if (new Set(names).size < names.length) mistakes.push('database.roles: four different names, please')
  const uses = Object.entries(verbs).flatMap(([written, config]) => {
    const action = findAction(written, schema)
    if (typeof action === 'string') {
      mistakes.push(`database.verbs.${written}: ${action}`)
      return []
    }
    return (Array.isArray(config) ? config : [config]).flatMap((one) =>
      usesOf(action, one, mapping, defaultSchema, (message) =>
        mistakes.push(`database.verbs.${written}: ${message}`),
      ),
    )
  })
  mistakes.push(...conflicts(uses))
  if (mistakes.length > 0) fail(mistakes)
  return { roles, canLogIn: login, audience, uses, examples }
}

function fail(mistakes: readonly string[]): never {
  throw new RingwallError(
    'access.database-declaration',
    `the declaration of the database is wrong: ${mistakes.join('\n  ')}`,
  )
}

/** By the whole name, or by the id where only one action has it. */
function findAction(written: string, schema: Schema): ActionType | string {
  const actions = [...schema.actions.values()]
  const found = actions.filter(({ uid }) => uid.toString() === written || uid.id === written)
  if (found.length === 1) return found[0] as ActionType
  if (found.length > 1)
    return `several actions are called so; write ${found.map(({ uid }) => uid.toString()).join(' or ')}`
  const near = suggest(
    written,
    actions.map(({ uid }) => uid.id),
  )
  return `the schema has no such action${near === undefined ? '' : `; did you mean \`${near}\`?`}`
}

function usesOf(
  action: ActionType,
  config: z.output<typeof verb>,
  mapping: Mapping,
  defaultSchema: string,
  mistake: (message: string) => void,
): Use[] {
  const types = config.resource === undefined ? action.resources : [config.resource]
  return types.flatMap((type) => {
    if (!action.resources.includes(type)) {
      mistake(`does not apply to ${type}; it applies to ${action.resources.join(', ')}`)
      return []
    }
    const entity = mapping.entities.get(type)
    if (entity?.table === undefined) {
      mistake(`${type} has no table in the mapping; map it, or say another \`resource\``)
      return []
    }
    if (`${entity.table.schema ?? ''}${entity.table.name}`.includes('.')) {
      mistake(`\`${entity.table.name}\` has a dot in its name; write \`schema\` and \`table\` apart`)
      return []
    }
    const columns = config.verb === 'delete' ? [] : (config.columns ?? columnsFor(config.verb, entity))
    return [
      {
        action,
        verb: config.verb,
        entity,
        table: `${entity.table.schema ?? defaultSchema}.${entity.table.name}`,
        columns: [...new Set(columns)].sort(),
        sequences: config.verb === 'insert' ? (config.sequences ?? []) : [],
      },
    ]
  })
}

/** The mapped columns; an update leaves the id alone. */
function columnsFor(verb: Verb, entity: EntityMapping): string[] {
  const mapped = [...entity.attributes.values()].flatMap(columnsOf)
  const parents = entity.parents.flatMap((parent) => (parent.kind === 'column' ? [parent.column] : []))
  const own = [...mapped, ...parents]
  return verb === 'update' ? own.filter((column) => column !== entity.id.column) : [entity.id.column, ...own]
}

function columnsOf(attribute: AttributeMapping): string[] {
  if (attribute.kind === 'column' || attribute.kind === 'array') return [attribute.column]
  return attribute.kind === 'record' ? [...attribute.fields.values()].flatMap(columnsOf) : []
}

/** What row-level security cannot tell apart must not be declared as if it could. */
function conflicts(uses: readonly Use[]): string[] {
  const found: string[] = []
  const typeOf = new Map<string, string>()
  const columnsOfVerb = new Map<string, Use>()
  for (const use of uses) {
    const type = typeOf.get(use.table)
    if (type !== undefined && type !== use.entity.type)
      found.push(`${use.table} holds ${type} and ${use.entity.type}; one table holds one entity type`)
    typeOf.set(use.table, use.entity.type)
    const key = `${use.verb} ${use.table}`
    const other = columnsOfVerb.get(key)
    if (other !== undefined && other.columns.join('\n') !== use.columns.join('\n')) {
      found.push(
        `${other.action.uid.toString()} and ${use.action.uid.toString()} ${use.verb} different columns of ${use.table}; row-level security knows no columns, so that whoever may do one could do the other: give both the same columns, or move some to a table of their own`,
      )
    }
    columnsOfVerb.set(key, use)
  }
  return [...new Set(found)]
}
