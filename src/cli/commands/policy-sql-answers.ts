import {
  type ActionType,
  allowsAction,
  type DialectName,
  type Entities,
  type EntityUid,
  type Filter,
  loadFilter,
  placeAt,
  type Policy,
  type Question,
  type SqlText,
} from '../../access/index.ts'
import { formatPlace, type Place } from '../../core/errors.ts'
import type { MappedSource } from './policy-mapping.ts'
import { readListingContext } from './policy-source.ts'

/** What one policy comes to, once everything that is known is put in. */
export interface PolicyPart {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  /** `file:line:column`. */
  readonly place: string
  /** `residual`: the database decides, row by row. `refused`: SQL cannot say it. */
  readonly part: 'always' | 'never' | 'residual' | 'refused'
  readonly reason?: string
}

/** The condition for one question. */
export interface SqlAnswer {
  /** `User::"ann" order:read Order`. */
  readonly question: string
  readonly action: string
  /** Of whose table the condition is. */
  readonly rowsOf: string
  readonly verdict: 'all' | 'none' | 'some' | 'refused'
  readonly policies: readonly PolicyPart[]
  readonly sql?: SqlText
}

/** What the answers are made of. */
export interface SqlDesk {
  readonly source: MappedSource
  readonly dialect: DialectName
  readonly entities: Entities
  readonly context: string | undefined
  readonly isInline: boolean
}

interface Asked {
  readonly action: ActionType
  readonly question: Question
  readonly text: string
}

/** For a principal: the rows of each type that each action is allowed on. */
export function rowAnswers(
  desk: SqlDesk,
  principal: EntityUid,
  actions: readonly ActionType[],
  type: string | undefined,
): SqlAnswer[] {
  return actions
    .filter(({ principals }) => principals.includes(principal.type))
    .flatMap((action) =>
      typesOf(desk, action.resources, type).map((resource) =>
        answer(
          desk,
          {
            action,
            text: `${principal.toString()} ${action.uid.id} ${resource}`,
            question: {
              action: action.uid,
              principal: { kind: 'known', type: principal.type },
              resource: { kind: 'row', type: resource },
            },
          },
          { principal },
        ),
      ),
    )
}

/** For a resource: the principals who may do each action to it, as rows of their own table. */
export function whoAnswers(
  desk: SqlDesk,
  resource: EntityUid,
  actions: readonly ActionType[],
  type: string | undefined,
): SqlAnswer[] {
  return actions
    .filter(({ resources }) => resources.includes(resource.type))
    .flatMap((action) =>
      typesOf(desk, action.principals, type).map((principal) =>
        answer(
          desk,
          {
            action,
            text: `${principal} ${action.uid.id} ${resource.toString()}`,
            question: {
              action: action.uid,
              principal: { kind: 'row', type: principal },
              resource: { kind: 'known', type: resource.type },
            },
          },
          { resource },
        ),
      ),
    )
}

/** One query for the actions that a principal may do to one row, or what of them SQL cannot say. */
export function canQuery(
  desk: SqlDesk,
  principal: EntityUid,
  resource: EntityUid,
  actions: readonly ActionType[],
): SqlText | readonly SqlAnswer[] {
  const answers = rowAnswers(desk, principal, actions, resource.type)
  const refused = answers.filter(({ verdict }) => verdict === 'refused')
  if (refused.length > 0) return refused
  const [first] = actions
  if (first === undefined) return []
  const context = readListingContext(desk.context, desk.source.schema, first.uid)
  return filterOf(desk, desk.source.policies).whatCanDo(
    { principal, context, entities: desk.entities },
    resource,
  )
}

/** Of every kind of question that the schema allows: whether SQL can say it, without anybody being known. */
export function judgeAll(
  { source, dialect }: Pick<SqlDesk, 'source' | 'dialect'>,
  actions: readonly ActionType[],
  type: string | undefined,
): SqlAnswer[] {
  const filter = filterOf({ source, dialect }, source.policies)
  return actions.flatMap((action) =>
    action.principals.flatMap((principal) =>
      typesOf({ source }, action.resources, type).map((resource): SqlAnswer => {
        const question: Question = {
          action: action.uid,
          principal: { kind: 'known', type: principal },
          resource: { kind: 'row', type: resource },
        }
        const refused = refusedParts(filter, source, question)
        return {
          question: `${principal} ${action.uid.id} ${resource}`,
          action: action.uid.id,
          rowsOf: resource,
          verdict: refused.length > 0 ? 'refused' : 'some',
          policies: refused,
        }
      }),
    ),
  )
}

function typesOf(
  { source }: Pick<SqlDesk, 'source'>,
  types: readonly string[],
  wanted: string | undefined,
): string[] {
  return types.filter(
    (type) => (wanted === undefined || type === wanted) && source.mapping.entities[type]?.table !== undefined,
  )
}

function filterOf(
  { source, dialect }: Pick<SqlDesk, 'source' | 'dialect'>,
  policies: readonly Policy[],
): Filter {
  const { schema, mapping } = source
  return loadFilter({ policies, schema, dialect, mapping: { entities: mapping.entities }, questions: [] })
}

function answer(
  desk: SqlDesk,
  { action, question, text }: Asked,
  known: { readonly principal?: EntityUid; readonly resource?: EntityUid },
): SqlAnswer {
  const { source, entities } = desk
  const context = readListingContext(desk.context, source.schema, action.uid)
  const whole = filterOf(desk, source.policies)
  const refused = refusedParts(whole, source, question)
  const bind = (policies: readonly Policy[]): ReturnType<ReturnType<Filter['plan']>['bind']> =>
    filterOf(desk, policies)
      .plan(question)
      .bind({ ...known, context, entities })
  const others = source.policies
    .filter(({ id }) => !refused.some(({ policy }) => policy === id))
    .flatMap((policy): PolicyPart[] => {
      if (!allowsAction(policy.action, action.uid.key, action.ancestors)) return []
      const { verdict } = bind([{ ...policy, effect: 'permit' }])
      return [{ ...placed(policy, source), part: PARTS[verdict] }]
    })
  const base = {
    question: text,
    action: action.uid.id,
    rowsOf: rowsOf(question),
    policies: [...others, ...refused],
  }
  if (refused.length > 0) return { ...base, verdict: 'refused' }
  const condition = bind(source.policies)
  return {
    ...base,
    verdict: condition.verdict,
    sql: condition.toSql({ literals: desk.isInline ? 'inline' : 'bound' }),
  }
}

const PARTS = { all: 'always', none: 'never', some: 'residual' } as const

function rowsOf({ principal, resource }: Question): string {
  return principal.kind === 'row' ? principal.type : resource.type
}

function refusedParts(filter: Filter, source: MappedSource, question: Question): PolicyPart[] {
  return filter.judge(question).map(({ policy: id, reason, at }) => {
    const policy = source.policies.find((one) => one.id === id) as Policy
    const head = placed(policy, source)
    const file = source.fileOf.get(id)
    const place = at === undefined || file === undefined ? head.place : placeText(file, at)
    return { ...head, place, part: 'refused', reason }
  })
}

function placeText(file: string, at: Place): string {
  return formatPlace({ ...at, file }).slice(0, -2)
}

function placed(
  { id, effect, at, source }: Policy,
  { fileOf }: MappedSource,
): Pick<PolicyPart, 'policy' | 'effect' | 'place'> {
  const file = fileOf.get(id) ?? ''
  return {
    policy: id,
    effect,
    place: source === undefined ? file : placeText(file, placeAt(source, at)),
  }
}
