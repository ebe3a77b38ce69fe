import { Authorizer, type Decision } from './cedar/authorizer.ts'
import type { EntitySource } from './cedar/entities.ts'
import type { Policy } from './cedar/ast.ts'
import { isPossible } from './cedar/policy-index.ts'
import type { Schema } from './cedar/schema.ts'
import { CedarRecord, EMPTY_RECORD, type EntityUid, type FaultKind, type Plain } from './cedar/value.ts'
import { type EntityPlaces, kindsOf, type LoadedEntities, RequestEntities } from './check-entities.ts'
import { AccessError, type LoadedPolicies, loadPolicies, type PolicyInput, versionOf } from './check-load.ts'
import { loadEntities } from './check-loading.ts'
import type {
  AccessModel,
  AccessObjects,
  ActionName,
  AnyRequest,
  CheckRequest,
  ObjectReaders,
  UntypedEntity,
  UntypedRequest,
  Wanted,
} from './check-model.ts'
import { type Needs, needsOf, wantedOf } from './check-needs.ts'
import { type ActionPlan, judgeRequest, plansOf } from './check-request.ts'

/** What an application gives to have its access decided. */
export interface AccessInput<M extends AccessModel = AccessModel, O extends AccessObjects = object> {
  readonly policies: PolicyInput
  /** In Cedar's format, or read already. */
  readonly schema: string | Schema
  /** How the application's own objects are read, found and loaded. */
  readonly objects?: ObjectReaders<M, O>
  /** Entities that are kept in memory, such as roles and teams: looked at where neither request nor readers have one. */
  readonly entities?: EntitySource
  /** What a `forbid` does that cannot be evaluated: `skip` is Cedar's rule, `deny` is on the safe side. */
  readonly failedForbid?: 'skip' | 'deny'
}

/** Why something could not be evaluated: a policy (which then counts as not satisfied), or the request itself. */
export interface CheckError {
  readonly policy?: string
  readonly kind: FaultKind | 'request'
  readonly message: string
}

/** The answer to a request, and what led to it. */
export interface Check {
  readonly isAllowed: boolean
  readonly decision: 'allow' | 'deny'
  /** The ids of the policies that made the decision; none where nothing permits. */
  readonly reasons: readonly string[]
  readonly errors: readonly CheckError[]
}

/** Thrown by `require`. Its message is for the log, never for a client. */
export class AccessDenied extends Error {
  /** The row of the catalogue of refusals. */
  readonly code = 'access.denied'
  readonly check: Check

  constructor(what: string, check: Check) {
    const why = check.reasons.length > 0 ? `forbidden by ${check.reasons.join(', ')}` : 'nothing permits it'
    super(`${what}: ${why}`)
    this.name = 'AccessDenied'
    this.check = check
  }
}

/**
 * Reads policies and schema, validates strictly, and compiles. Throws `AccessError` with every mistake and its
 * place. Give it the generated model as a type parameter and the compiler judges every request:
 * `createAccess<AppModel, { Document: DocumentRow }>(...)`.
 */
export function createAccess<M extends AccessModel = AccessModel, O extends AccessObjects = object>(
  input: AccessInput<M, O>,
): Access<M, O> {
  const loaded = loadPolicies(input.policies, input.schema)
  if (!('policies' in loaded)) throw new AccessError(loaded)
  return new Access<M, O>(loaded, input)
}

/** Decides over an application's own objects. Made by `createAccess`; to reload is to make another. */
export class Access<M extends AccessModel = AccessModel, O extends AccessObjects = object> {
  readonly policies: readonly Policy[]
  readonly schema: Schema
  readonly #authorizer: Authorizer
  readonly #plans: ReadonlyMap<string, ActionPlan>
  readonly #places: EntityPlaces
  readonly #impossible: readonly string[]
  readonly #needs = new Map<string, NeedsByType>()
  #version: string | undefined

  constructor(loaded: LoadedPolicies, input: AccessInput<M, O>) {
    this.policies = loaded.policies
    this.schema = loaded.schema
    this.#impossible = loaded.impossible
    this.#authorizer = new Authorizer(loaded.policies, { failedForbid: input.failedForbid ?? 'skip' })
    this.#plans = plansOf(loaded.schema)
    this.#places = {
      kinds: kindsOf(loaded.schema, input.objects ?? {}),
      actions: new Map([...this.#plans.values()].map(({ entity }) => [entity.uid.key, entity])),
      kept: input.entities,
    }
  }

  /** Changes exactly when policies or schema do; belongs into every record of a decision. */
  get version(): string {
    return (this.#version ??= versionOf(this.policies, this.schema))
  }

  /** The decision with everything that led to it. A request that does not fit the schema is denied, with an error. */
  check<A extends ActionName<M>>(request: CheckRequest<M, O, A>, loaded?: LoadedEntities): Check {
    return this.#check(request, this.#source(loaded))
  }

  /** Many requests at once; what readers find is found once. */
  checkAll(requests: readonly AnyRequest<M, O>[], loaded?: LoadedEntities): readonly Check[] {
    const source = this.#source(loaded)
    return requests.map((request) => this.#check(request as UntypedRequest, source))
  }

  /** The decision alone, which costs less. */
  isAllowed<A extends ActionName<M>>(request: CheckRequest<M, O, A>, loaded?: LoadedEntities): boolean {
    const source = this.#source(loaded)
    const asked = this.#prepare(request, source)
    return typeof asked !== 'string' && this.#authorizer.isAllowed(asked, source)
  }

  /** The same as a statement: throws `AccessDenied` unless it is allowed. */
  require<A extends ActionName<M>>(request: CheckRequest<M, O, A>, loaded?: LoadedEntities): Check {
    const untyped = request as UntypedRequest
    const source = this.#source(loaded)
    const check = this.#check(untyped, source)
    if (check.isAllowed) return check
    const [principal, resource] = source.take(untyped.principal, untyped.resource)
    throw new AccessDenied(
      `${principal.toString()} may not ${untyped.action} on ${resource.toString()}`,
      check,
    )
  }

  /**
   * Loads what the policies of these requests look at and the requests do not bring, by the readers' `load`. The
   * answer is for the checks of these requests, and holds what was so when it was loaded.
   */
  async load(requests: readonly AnyRequest<M, O>[]): Promise<LoadedEntities> {
    const loaded = new Map<string, UntypedEntity | undefined>()
    const known = (requests as readonly UntypedRequest[]).flatMap((request) => {
      const plan = this.#plans.get(request.action)
      if (plan === undefined) return []
      const { needs, wanted } = this.#needsFor(plan, request.principal.type, request.resource.type)
      const context = contextOf(plan, request.context)
      return [{ ...request, context, needs, wanted, source: this.#source(loaded) }]
    })
    await loadEntities(known, this.#places.kinds, loaded)
    return loaded
  }

  /** Loads, then decides. */
  async loadAndCheck<A extends ActionName<M>>(request: CheckRequest<M, O, A>): Promise<Check> {
    const untyped = request as UntypedRequest
    return this.#check(untyped, this.#source(await this.load([request])))
  }

  /** What the policies of an action look at in entities of each type: the columns that a query must select. */
  wanted<A extends ActionName<M>>(
    action: A,
    principal: M['actions'][A]['principal'],
    resource: M['actions'][A]['resource'],
  ): ReadonlyMap<string, Wanted> {
    const plan = this.#plans.get(action)
    return plan === undefined ? new Map() : this.#needsFor(plan, principal, resource).wanted
  }

  /** What is not wrong, but hardly meant: policies that nothing can satisfy, and entities that nobody can find. */
  get warnings(): readonly string[] {
    const found = new Set(this.#impossible.map((id) => `no request can satisfy the policy \`${id}\``))
    for (const { principal, resource, wanted } of this.#everyWanted())
      for (const [type, { attributes, tags }] of wanted) {
        const reader = this.#places.kinds.get(type)?.reader
        const isFound =
          this.#places.kept !== undefined || reader?.find !== undefined || reader?.load !== undefined
        const isAsked = attributes.length > 0 || tags
        if (isAsked && !isFound && type !== principal && type !== resource)
          found.add(`policies look into \`${type}\`, but \`objects\` cannot find or load one`)
      }
    return [...found]
  }

  *#everyWanted(): Generator<NeedsByType> {
    for (const plan of this.#plans.values())
      for (const principal of plan.principals.keys())
        for (const resource of plan.resources.keys()) yield this.#needsFor(plan, principal, resource)
  }

  #source(loaded: LoadedEntities | undefined): RequestEntities {
    return new RequestEntities(this.#places, loaded)
  }

  #check(request: UntypedRequest, source: RequestEntities): Check {
    const asked = this.#prepare(request, source)
    return typeof asked === 'string' ? denied(asked) : checkOf(this.#authorizer.isAuthorized(asked, source))
  }

  /** Text: what is wrong with the request. */
  #prepare(request: UntypedRequest, source: RequestEntities): Prepared | string {
    const plan = this.#plans.get(request.action)
    if (plan === undefined) return `the schema has no action \`${request.action}\``
    const [principal, resource] = source.take(request.principal, request.resource, plan.entity)
    const context = contextOf(plan, request.context)
    const raw = request.context as Plain | undefined
    const misfit = judgeRequest(plan, principal, resource, raw, context, this.schema)
    return misfit ?? { principal, action: plan.type.uid, resource, context }
  }

  #needsFor(plan: ActionPlan, principal: string, resource: string): NeedsByType {
    const { uid, ancestors, context } = plan.type
    const key = `${uid.key} ${principal} ${resource}`
    const known = this.#needs.get(key)
    if (known !== undefined) return known
    const policies = this.policies.filter((policy) =>
      isPossible(policy, principal, uid.key, ancestors, resource),
    )
    const needs = needsOf(policies)
    const made = {
      principal,
      resource,
      needs,
      wanted: wantedOf(needs, { principal, resource, context }, this.schema),
    }
    if (plan.principals.has(principal) && plan.resources.has(resource)) this.#needs.set(key, made)
    return made
  }
}

interface Prepared {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: CedarRecord
}

interface NeedsByType {
  readonly principal: string
  readonly resource: string
  readonly needs: Needs
  readonly wanted: ReadonlyMap<string, Wanted>
}

function contextOf(plan: ActionPlan, raw: object | undefined): CedarRecord {
  return raw === undefined ? EMPTY_RECORD : new CedarRecord(undefined, raw as Plain, plan.context)
}

const NONE: readonly never[] = Object.freeze([])

function denied(message: string): Check {
  return { isAllowed: false, decision: 'deny', reasons: NONE, errors: [{ kind: 'request', message }] }
}

function checkOf({ decision, reasons, errors }: Decision): Check {
  return {
    isAllowed: decision === 'allow',
    decision,
    reasons,
    errors:
      errors.length === 0
        ? NONE
        : errors.map(({ policy, fault: { kind, message } }) => ({ policy, kind, message })),
  }
}
