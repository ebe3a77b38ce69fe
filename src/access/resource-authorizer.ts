import { RingwallError } from '../core/errors.ts'
import type { Policy } from './cedar/ast.ts'
import { Authorizer, type Decision } from './cedar/authorizer.ts'
import type { EntitySource } from './cedar/entities.ts'
import { type FindEntity, ObjectEntities, type PlainEntity } from './cedar/objects.ts'
import { parsePolicies } from './cedar/parser.ts'
import { renameByAnnotation } from './cedar/policy.ts'
import { CedarRecord, EMPTY_RECORD, EntityUid } from './cedar/value.ts'
import { actionUid } from './rbac-cedar.ts'

/** Who asks, with what makes resources accessible. */
export interface ResourceUser {
  readonly id: string
  readonly teams?: readonly string[]
  readonly organisation?: string
  /** What the user holds: `rbacToCedar(...).principal(holdings, nowMs)`. */
  readonly holds?: PlainEntity
}

/** A resource as far as access to it goes (the guide's Document). What is null or absent gives nobody access. */
export interface ResourceFacts {
  readonly id: string
  readonly owner?: string | null
  readonly team?: string | null
  /** False keeps a team's resource to its owner and those it is shared with. */
  readonly teamVisible?: boolean
  readonly organisation?: string | null
  readonly orgPublic?: boolean
}

/** Where resources are; asked for each decision. */
export interface ResourceSource {
  find(id: string): ResourceFacts | undefined | Promise<ResourceFacts | undefined>
  /** Whether the resource is shared with this user for this action. */
  isShared(id: string, userId: string, action: string): boolean | Promise<boolean>
}

/** The ways to a resource, by what makes it accessible. */
export type Relation = 'owner' | 'share' | 'team' | 'organisation'

/** Everything that a compiler of filters needs to say which resources a user may see. */
export interface FilterQuestion {
  readonly policies: readonly Policy[]
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resourceType: string
  readonly context: CedarRecord
  /** Knows the principal and what is above it; of the resources it knows nothing. */
  readonly entities: EntitySource
}

/** What is fixed for all questions. */
export interface ResourceAuthorizerOptions {
  /** The Cedar type of the resources, such as `Document`. */
  readonly type: string
  readonly source: ResourceSource
  /** The actions that each relation permits; by default the owner all that are named here, the others the first. */
  readonly actions: readonly string[] | Readonly<Record<Relation, readonly string[]>>
  /** Policies beside those of the relations: roles and grants (`rbacToCedar`), requirements (`AbacPolicy.toCedar`). */
  readonly policies?: readonly Policy[]
  /** Entities that those policies name (`rbacToCedar(...).find`). */
  readonly find?: FindEntity
}

const CONDITIONS: Readonly<Record<Relation, string>> = {
  owner: 'resource has owner && resource.owner == principal',
  share: 'resource.sharedWith.contains(principal)',
  team: 'resource has team && principal in resource.team && (if resource has teamVisible then resource.teamVisible else true)',
  organisation:
    'resource has organisation && principal in resource.organisation && resource has orgPublic && resource.orgPublic',
}

/**
 * Access to single resources (the guide's ResourceAuthorizer): the owner, those it is shared with, the team, and the
 * organisation where it is public. One set of policies answers both "may she?" and "which may she?". (The guide's two
 * methods differ: its list leaves out what is not `team_visible`, its check does not; here both do.)
 */
export class ResourceAuthorizer {
  /** The policies of the relations, and those that were given. */
  readonly policies: readonly Policy[]
  readonly #type: string
  readonly #source: ResourceSource
  readonly #find: FindEntity
  readonly #authorizer: Authorizer

  constructor({ type, source, actions, policies = [], find = () => undefined }: ResourceAuthorizerOptions) {
    this.#type = type
    this.#source = source
    this.#find = find
    this.policies = [...relationPolicies(type, byRelation(actions)), ...policies]
    this.#authorizer = new Authorizer(this.policies, { failedForbid: 'deny' })
  }

  /** Whether a user may do this. Nobody may do anything to what does not exist. */
  async canAccess(user: ResourceUser, resourceId: string, action: string): Promise<boolean> {
    return (await this.decide(user, resourceId, action)).decision === 'allow'
  }

  /** The decision with what made it: `owner`, `share`, `team`, `organisation`, or the id of a policy that was given. */
  async decide(
    user: ResourceUser,
    resourceId: string,
    action: string,
    context: CedarRecord = EMPTY_RECORD,
  ): Promise<Decision> {
    const facts = await this.#source.find(resourceId)
    if (!facts) return { decision: 'deny', reasons: [], errors: [] }
    const isShared = await this.#source.isShared(resourceId, user.id, action)
    const resource = new EntityUid(this.#type, resourceId)
    const principal = userUid(user)
    const thing = { attributes: attributesOf(facts, isShared ? [principal] : []) }
    const entities = this.#entities(user, (uid) => (uid.key === resource.key ? thing : undefined))
    return this.#authorizer.isAuthorized(
      { principal, action: actionUid(action), resource, context },
      entities,
    )
  }

  /** Which resources a user may do this to, in the form that `compile` gives, such as a condition for SQL. */
  filter<Filter>(
    user: ResourceUser,
    action: string,
    compile: (question: FilterQuestion) => Filter,
    context: CedarRecord = EMPTY_RECORD,
  ): Filter {
    return compile({
      policies: this.policies,
      principal: userUid(user),
      action: actionUid(action),
      resourceType: this.#type,
      context,
      entities: this.#entities(user, () => undefined),
    })
  }

  #entities(user: ResourceUser, findResource: FindEntity): EntitySource {
    const { key } = userUid(user)
    const memberships = [
      ...(user.teams ?? []).map((team) => new EntityUid('Team', team)),
      ...(user.organisation === undefined ? [] : [new EntityUid('Organisation', user.organisation)]),
    ]
    const principal: PlainEntity = {
      attributes: user.holds?.attributes ?? {},
      parents: [...memberships, ...(user.holds?.parents ?? [])],
    }
    return new ObjectEntities((uid) => (uid.key === key ? principal : (findResource(uid) ?? this.#find(uid))))
  }
}

function userUid({ id }: ResourceUser): EntityUid {
  return new EntityUid('User', id)
}

function attributesOf(facts: ResourceFacts, sharedWith: readonly EntityUid[]): PlainEntity['attributes'] {
  const named = (type: string, id: string | null | undefined): EntityUid | undefined =>
    typeof id === 'string' ? new EntityUid(type, id) : undefined
  return {
    id: facts.id,
    owner: named('User', facts.owner),
    sharedWith: sharedWith,
    team: named('Team', facts.team),
    teamVisible: facts.teamVisible,
    organisation: named('Organisation', facts.organisation),
    orgPublic: facts.orgPublic,
  }
}

function byRelation(
  actions: ResourceAuthorizerOptions['actions'],
): Readonly<Record<Relation, readonly string[]>> {
  if ('owner' in actions) return actions
  const first = actions.slice(0, 1)
  return { owner: actions, share: first, team: first, organisation: first }
}

function relationPolicies(
  type: string,
  actions: Readonly<Record<Relation, readonly string[]>>,
): readonly Policy[] {
  const text = (Object.keys(CONDITIONS) as Relation[])
    .filter((relation) => actions[relation].length > 0)
    .map((relation) => {
      const uids = actions[relation].map((action) => actionUid(action).toString()).join(', ')
      return `@id("${relation}")\npermit (principal, action in [${uids}], resource is ${type})\nwhen { ${CONDITIONS[relation]} };\n`
    })
    .join('')
  const parsed = parsePolicies(text)
  const named = parsed.ok ? renameByAnnotation(parsed.value) : parsed.errors[0]?.message
  if (typeof named !== 'object')
    throw new RingwallError('access.not-cedar', `\`${type}\` cannot be a type of Cedar: ${named}`)
  return named
}
