import { z } from '../../core/schema.ts'
import { suggest } from '../../core/suggest.ts'
import type { ActionType, Schema } from '../cedar/schema.ts'
import type { AttributeMapping, EntityMapping, Mapping } from '../filter/mapping.ts'
import { MappingError, type MappingMistake, mistakesOf } from '../filter/mapping-mistakes.ts'

/** What a statement does to rows. */
export type Verb = 'select' | 'insert' | 'update' | 'delete'
export const VERBS: readonly Verb[] = ['select', 'insert', 'update', 'delete']

const name = z.string().min(1)
const verb = z.strictObject({
  verb: z.enum(['select', 'insert', 'update', 'delete']).describe('What the statement does.'),
  resource: name
    .optional()
    .describe('Only for this entity type; all that the action applies to unless said.'),
  columns: z.array(name).min(1).optional().describe('Exactly these columns; the mapped ones unless said.'),
  sequences: z.array(name).optional().describe('Sequences that an insert draws its numbers from.'),
})

const verbs = z
  .record(name, z.union([verb, z.array(verb).min(1)]).describe('One statement, or several in a list.'), {
    error: 'must say what each action does to rows: { read: { verb: select } }',
  })
  .describe('What each action does to rows. An action that is not listed does nothing in the database.')
const ROLES_TEXT =
  'The names of the roles. Roles belong to the whole server, so that two applications need two sets.'
const LOGIN_TEXT = 'Whether reader, writer and migrator can log in themselves.'
const AUDIENCE_TEXT = 'The name that tokens for this database carry.'
const EXAMPLES_TEXT =
  'Statements of the application that must work; a privilege that none of them needs is reported.'
const example = z.strictObject({
  role: z.enum(['reader', 'writer']).describe('Who runs it.'),
  sql: name.describe('The statement, as the application writes it.'),
})

/** `database` of a mapping: what actions mean in a database, and what its roles are called. */
export const databaseSchema = z.strictObject({
  verbs,
  roles: z
    .strictObject({
      reader: name.default('app_reader'),
      writer: name.default('app_writer'),
      migrator: name.default('app_migrator'),
      keeper: name.default('ringwall_keeper'),
    })
    .prefault({})
    .describe(ROLES_TEXT),
  login: z.boolean().default(false).describe(LOGIN_TEXT),
  audience: name.default('ringwall').describe(AUDIENCE_TEXT),
  examples: z.array(example).default([]).describe(EXAMPLES_TEXT),
})

/**
 * The same in a configuration, which adds how the database is reached: each key that is there counts in place of that of
 * the mapping's own `database`.
 */
export const databaseSection = z.strictObject({
  server: z
    .enum(['postgres', 'mariadb'])
    .default('postgres')
    .describe('What it is: PostgreSQL with row-level security, or MariaDB with views.'),
  home: name
    .default('ringwall')
    .describe(
      'MariaDB: the database that knows keys and principals. In PostgreSQL it is the schema `ringwall`.',
    ),
  verbs: verbs.optional(),
  roles: z
    .strictObject({
      reader: name.optional().describe('Queries only; `app_reader` unless said.'),
      writer: name.optional().describe('What the application changes; `app_writer` unless said.'),
      migrator: name.optional().describe('Makes the tables, during deployments; `app_migrator` unless said.'),
      keeper: name
        .optional()
        .describe('Owns keys and views, nobody logs in as it; `ringwall_keeper` unless said.'),
    })
    .optional()
    .describe(ROLES_TEXT),
  login: z.boolean().optional().describe(LOGIN_TEXT),
  audience: name.optional().describe(AUDIENCE_TEXT),
  examples: z.array(example).optional().describe(EXAMPLES_TEXT),
})

/** What the section says of actions and roles, laid over what the mapping says; undefined where neither says anything. */
export function declarationOf(
  section: z.output<typeof databaseSection> | undefined,
  ofMapping: unknown,
): unknown {
  if (section === undefined) return ofMapping
  const { verbs: ownVerbs, roles, login, audience, examples } = section
  const own = Object.entries({ verbs: ownVerbs, roles, login, audience, examples })
  const said = own.filter(([, value]) => value !== undefined)
  if (said.length === 0) return ofMapping
  const below = typeof ofMapping === 'object' && ofMapping !== null ? ofMapping : {}
  return { ...below, ...Object.fromEntries(said) }
}

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

/** Reads the declaration. Throws MappingError with every mistake. */
export function readDeclaration(
  raw: unknown,
  schema: Schema,
  mapping: Mapping,
  defaultSchema: string,
): Declaration {
  const parsed = databaseSchema.safeParse(raw)
  if (!parsed.success) throw wrong(mistakesOf(parsed.error.issues, ['database']))
  const { roles, login, audience, examples } = parsed.data
  const mistakes: MappingMistake[] = []
  const names = Object.values(roles)
  if (new Set(names).size < names.length)
    mistakes.push({ path: 'database.roles', message: 'four different names, please' })
  const uses = Object.entries(parsed.data.verbs).flatMap(([written, config]) => {
    const action = findAction(written, schema)
    if (typeof action === 'string') {
      mistakes.push({ path: `database.verbs.${written}`, message: action })
      return []
    }
    return (Array.isArray(config) ? config : [config]).flatMap((one) =>
      usesOf(action, one, mapping, defaultSchema, (message) =>
        mistakes.push({ path: `database.verbs.${written}`, message }),
      ),
    )
  })
  mistakes.push(...conflicts(uses).map((message) => ({ path: 'database.verbs', message })))
  if (mistakes.length > 0) throw wrong(mistakes)
  return { roles, canLogIn: login, audience, uses, examples }
}

function wrong(mistakes: readonly MappingMistake[]): MappingError {
  return new MappingError('access.database-declaration', 'the declaration of the database', mistakes)
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
