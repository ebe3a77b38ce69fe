/**
 * Policies to SQL conditions, so that a list holds exactly what single checks allow.
 *
 *     const filter = loadFilter({ policies, schema, mapping, dialect: 'postgres' })   // all that can go wrong goes wrong here
 *     const where = filter.accessibleBy({ principal, action, entities }, 'Document')  // AuthorizedWhere<'Document'>
 *     where.verdict                                                                   // 'all' | 'none' | 'some'
 *     const { text, parameters } = where.toSql()                                      // SELECT ... WHERE <text>
 *
 * Every boolean expression becomes two predicates: one that is TRUE exactly where the expression is true, one that
 * is TRUE exactly where it is false. Where neither is, Cedar has an error and the policy is left out. So nothing
 * that may be NULL is ever negated.
 *
 * Beneath it is `filter.plan`, for whoever needs another arrangement, such as row-level security:
 *
 *     const plan = filter.plan({
 *       action,                                                       // EntityUid, declared in the schema
 *       principal: { kind: 'expressions', type: 'User',               // or { kind: 'known', type } or { kind: 'row', type, alias }
 *         id: `(SELECT ringwall.principal() ->> 'id')`,
 *         attributes: { department: `(SELECT ringwall.principal() ->> 'department')`, groups: { array: `...::text[]` } },
 *         ancestors: { Team: `ARRAY(SELECT ...)` } },
 *       resource: { kind: 'row', type: 'Document' },                  // columns are written "documents"."owner_id"
 *       context: { kind: 'expressions', attributes: {} },             // known unless said
 *     })                                                              // throws RingwallError: policy, line and column, reason
 *     const condition = plan.bind()                                   // with what is known: { principal, resource, context, entities }
 *     condition.verdict                                               // 'all' | 'none' | 'some'
 *     condition.toSql({ literals: 'inline' }).text                    // values printed as quoted literals, for DDL
 *     condition.toSql({ firstParameter: 3 })                          // { text: '... $3 ...', parameters }
 */
import type { Policy } from '../cedar/ast.ts'
import type { EntitySource } from '../cedar/entities.ts'
import type { ActionType, Schema } from '../cedar/schema.ts'
import type { CedarRecord, EntityUid } from '../cedar/value.ts'
import { formatPlace, RingwallError } from '../../core/errors.ts'
import { AuthorizedWhere, SEAL } from './authorized-where.ts'
import { actionsQuery } from './actions-query.ts'
import type { Dialect } from './dialect.ts'
import type { EntityMapping, Mapping, MappingConfig } from './mapping.ts'
import { type DialectName, readMapping } from './mapping-reader.ts'
import { mysql } from './mysql.ts'
import type { ContextParty, Party } from './party.ts'
import { makePlan, type Plan } from './plan.ts'
import { postgres } from './postgres.ts'
import type { Predicate } from './predicate.ts'
import { nullableColumns, type PrismaModel, type PrismaTable } from './prisma.ts'
import { judgeForPrisma } from './prisma-judge.ts'
import type { SqlText } from './sql-condition.ts'
import { sqlite } from './sqlite.ts'
import type { Scene, Untranslatable } from './staged.ts'

/** What a filter is made of. */
export interface FilterOptions {
  /** Templates take no part; link them first. */
  readonly policies: readonly Policy[]
  readonly schema: Schema
  readonly mapping: MappingConfig
  readonly dialect: DialectName
  /** As the authorizer's option of this name: what a `forbid` does that cannot be evaluated. */
  readonly failedForbid?: 'skip' | 'deny'
  /**
   * What must be translatable when the filter is loaded: `rows` for `accessibleBy` and `whatCan` (unless said), and
   * `principals` for `whoCanAccess`.
   */
  readonly questions?: readonly ('rows' | 'principals')[]
  /**
   * By entity type: how Prisma calls its fields and relations, for `toPrisma`. What Prisma cannot say is then refused when
   * the filter is loaded; `toSql` with `$queryRaw` says everything.
   */
  readonly prisma?: Readonly<Record<string, PrismaModel>>
  /** The name of the policies' file, for error messages. */
  readonly file?: string
}

/** Another arrangement of what is known; see the top of this file. */
export interface Question {
  readonly action: EntityUid
  readonly principal: Party
  readonly resource: Party
  /** Known unless said. */
  readonly context?: ContextParty
}

/** Who wants to do what. */
export interface FilterRequest {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly context?: CedarRecord
  /** Where the principal is, and what it refers to. */
  readonly entities: EntitySource
}

/** Which principals may do something to one known resource. */
export interface WhoRequest {
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context?: CedarRecord
  readonly entities: EntitySource
}

/** How a query calls the table; its own name unless said. */
export interface RowOptions {
  readonly alias?: string
}

const DIALECTS: Readonly<Record<DialectName, Dialect>> = { postgres, mysql, sqlite }

/** How many plans are kept; actions, types and aliases come from the program, but might not. */
const MAX_PLANS = 10_000

/**
 * Reads the mapping and makes every policy ready for every action and resource type that has a table. Throws
 * RingwallError with all that cannot be translated: nothing is left to fail when a request comes.
 */
export function loadFilter(options: FilterOptions): Filter {
  const mapping = readMapping(options.mapping, options.schema, options.dialect)
  const filter = new Filter(options, mapping)
  const wrong = new Map<string, Untranslatable>()
  for (const question of questionsOf(options, mapping)) {
    for (const found of filter.judge(question))
      wrong.set(`${found.policy} ${found.at?.line}:${found.at?.column} ${found.reason}`, found)
  }
  if (wrong.size > 0) throw untranslatableError([...wrong.values()], options.file)
  return filter
}

/** Every combination of action and types that the schema allows and the mapping has tables for. */
function* questionsOf(
  { schema, questions = ['rows'] }: FilterOptions,
  { entities }: Mapping,
): Generator<Question> {
  const hasTable = (type: string): boolean => entities.get(type)?.table !== undefined
  for (const { uid: action, principals, resources } of schema.actions.values()) {
    for (const principal of principals) {
      for (const resource of resources) {
        if (questions.includes('rows') && hasTable(resource))
          yield {
            action,
            principal: { kind: 'known', type: principal },
            resource: { kind: 'row', type: resource },
          }
        if (questions.includes('principals') && hasTable(principal))
          yield {
            action,
            principal: { kind: 'row', type: principal },
            resource: { kind: 'known', type: resource },
          }
      }
    }
  }
}

const MAX_REASONS = 20

function untranslatableError(wrong: readonly Untranslatable[], file: string | undefined): RingwallError {
  const lines = wrong.slice(0, MAX_REASONS).map(({ policy, reason, at }) => {
    const place = at === undefined ? '' : formatPlace({ file: file ?? 'policies', ...at })
    return `${place}policy \`${policy}\`: ${reason}`
  })
  if (wrong.length > lines.length) lines.push(`and ${wrong.length - lines.length} more`)
  const at = wrong[0]?.at
  return new RingwallError(
    'access.filter-untranslatable',
    `the policies cannot be made into SQL: ${lines.join('\n  ')}`,
    at === undefined ? {} : { at: file === undefined ? at : { file, ...at } },
  )
}

/** Policies, made ready for a database. */
export class Filter {
  readonly #options: FilterOptions
  readonly #mapping: Mapping
  readonly #plans = new Map<string, Plan>()

  /** Use `loadFilter`, which also sees to it that everything can be translated. */
  constructor(options: FilterOptions, mapping: Mapping) {
    this.#options = options
    this.#mapping = mapping
  }

  /** The rows that the principal may do this to. `resource` is an entity type of the schema with a table. */
  accessibleBy<Type extends string>(
    { principal, action, context, entities }: FilterRequest,
    resource: Type,
    { alias }: RowOptions = {},
  ): AuthorizedWhere<Type> {
    const plan = this.#keptPlan('rows', action, principal.type, resource, alias)
    const known = context === undefined ? { principal, entities } : { principal, context, entities }
    return AuthorizedWhere.of(resource, plan.bind(known), SEAL, this.#prismaTable(resource, alias))
  }

  /** The principals, as rows of their table, who may do this to the resource. Ask for `principals` in `questions`. */
  whoCanAccess<Type extends string>(
    { action, resource, context, entities }: WhoRequest,
    principal: Type,
    { alias }: RowOptions = {},
  ): AuthorizedWhere<Type> {
    const plan = this.#keptPlan('principals', action, principal, resource.type, alias)
    const known = context === undefined ? { resource, entities } : { resource, context, entities }
    return AuthorizedWhere.of(principal, plan.bind(known), SEAL)
  }

  /** For every action that applies to the types: the rows that it is allowed on. */
  whatCan<Type extends string>(
    { principal, context, entities }: Omit<FilterRequest, 'action'>,
    resource: Type,
    options: RowOptions = {},
  ): ReadonlyMap<string, AuthorizedWhere<Type>> {
    const found = new Map<string, AuthorizedWhere<Type>>()
    for (const { uid: action, principals, resources } of this.#options.schema.actions.values()) {
      if (!principals.includes(principal.type) || !resources.includes(resource)) continue
      const request = { principal, action, entities }
      const asked = context === undefined ? request : { ...request, context }
      found.set(action.id, this.accessibleBy(asked, resource, options))
    }
    return found
  }

  /** A query for the ids of the actions that the principal may do to one row; no row where there is none. */
  whatCanDo({ principal, context, entities }: Omit<FilterRequest, 'action'>, resource: EntityUid): SqlText {
    const entity = this.#mapping.entities.get(resource.type)
    if (entity?.table === undefined) throw wrongQuestion(`${resource.type} has no table`)
    const allowed = new Map<string, Predicate>()
    const known = context === undefined ? { principal, entities } : { principal, context, entities }
    for (const { uid: action, principals, resources } of this.#options.schema.actions.values()) {
      if (!principals.includes(principal.type) || !resources.includes(resource.type)) continue
      const plan = this.#keptPlan('rows', action, principal.type, resource.type, undefined)
      allowed.set(action.id, plan.bind(known).predicate)
    }
    return actionsQuery(allowed, entity, resource, DIALECTS[this.#options.dialect])
  }

  /** A plan for another arrangement of what is known. Throws RingwallError where a policy cannot be translated. */
  plan(question: Question): Plan {
    const made = this.#make(question)
    if (isPlan(made)) return made
    throw untranslatableError(made, this.#options.file)
  }

  /** What of the policies cannot be translated. */
  judge(question: Question): readonly Untranslatable[] {
    const made = this.#make(question)
    return isPlan(made) ? [] : made
  }

  #keptPlan(
    kind: 'rows' | 'principals',
    action: EntityUid,
    principal: string,
    resource: string,
    alias: string | undefined,
  ): Plan {
    const key = `${kind} ${principal} ${resource} ${action.key} ${alias}`
    const kept = this.#plans.get(key)
    if (kept !== undefined) return kept
    const row = alias === undefined ? {} : { alias }
    const plan = this.plan({
      action,
      principal:
        kind === 'rows' ? { kind: 'known', type: principal } : { kind: 'row', type: principal, ...row },
      resource: kind === 'rows' ? { kind: 'row', type: resource, ...row } : { kind: 'known', type: resource },
    })
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear()
    this.#plans.set(key, plan)
    return plan
  }

  #make({
    action,
    principal,
    resource,
    context = { kind: 'known' },
  }: Question): Plan | readonly Untranslatable[] {
    const { schema, policies, failedForbid, dialect } = this.#options
    const declared = this.#judgeQuestion(action, principal, resource)
    const scene: Scene = { schema, mapping: this.#mapping, principal, resource, context, action: declared }
    const model = this.#options.prisma?.[resource.type]
    const isAsked = model !== undefined && principal.kind === 'known' && resource.kind === 'row'
    const judged: Scene = isAsked
      ? { ...scene, judge: (expr) => judgeForPrisma(expr, scene, model, dialect) }
      : scene
    const failedForbidDenies = failedForbid === 'deny'
    return makePlan(judged, { policies, failedForbidDenies, dialect: DIALECTS[dialect] })
  }

  #prismaTable(type: string, alias: string | undefined): PrismaTable | undefined {
    const model = this.#options.prisma?.[type]
    const entity = this.#mapping.entities.get(type)
    if (model === undefined || entity?.table === undefined) return undefined
    return { model, alias: alias ?? entity.table.name, nullable: this.#nullableOf(entity) }
  }

  #nullableOf(entity: EntityMapping): ReadonlySet<string> {
    const type = this.#options.schema.entities.get(entity.type)
    return type === undefined ? new Set() : nullableColumns(entity, type.attributes)
  }

  #judgeQuestion(action: EntityUid, principal: Party, resource: Party): ActionType {
    const declared = this.#options.schema.actions.get(action.key)
    if (declared === undefined) throw wrongQuestion(`the schema has no action ${action.toString()}`)
    if (!declared.principals.includes(principal.type))
      throw wrongQuestion(`${action.toString()} is not for principals of type ${principal.type}`)
    if (!declared.resources.includes(resource.type))
      throw wrongQuestion(`${action.toString()} does not apply to ${resource.type}`)
    for (const party of [principal, resource]) {
      if (party.kind === 'row' && this.#mapping.entities.get(party.type)?.table === undefined)
        throw wrongQuestion(`${party.type} has no table; add \`entities.${party.type}.table\` to the mapping`)
    }
    return declared
  }
}

function isPlan(made: Plan | readonly Untranslatable[]): made is Plan {
  return 'bind' in made
}

function wrongQuestion(message: string): RingwallError {
  return new RingwallError('access.filter-question', message)
}
