import type { Policy } from '../cedar/ast.ts'
import { Authorizer, type AuthorizerOptions, type PolicyError, type Request } from '../cedar/authorizer.ts'
import type { EntitySource } from '../cedar/entities.ts'
import type { Schema } from '../cedar/schema.ts'
import type { CedarRecord, EntityUid } from '../cedar/value.ts'
import type { EntityStore } from './entity-store.ts'
import { Facts, recordFrom } from './facts.ts'
import type { Deed, JsonObject, Named, Question } from './question.ts'
import { type Term, Vocabulary, type VocabularyRules } from './vocabulary.ts'

/** What decisions are made of. */
export interface JudgeParts {
  readonly policies: readonly Policy[]
  readonly entities: EntityStore
  /** Gives properties the types that the policies expect, and searches the actions that apply. */
  readonly schema?: Schema
  readonly vocabulary?: VocabularyRules
  /** The attribute of the context that holds the action's properties; not given: they are attributes of the action. */
  readonly actionPropertiesIn?: string
  /** Annotations whose texts, of the policies that decided, go into the context of the answer: `reason`. */
  readonly annotations?: readonly string[]
  /**
   * `deny` by default, unlike Cedar: questions come from outside, and one with a property of another type, or without
   * it, must not switch a `forbid` off.
   */
  readonly failedForbid?: AuthorizerOptions['failedForbid']
}

/** A decision as it is sent (AuthZEN 1.0, Access Evaluation Response). */
export interface DecisionBody {
  readonly decision: boolean
  readonly context?: JsonObject
}

/** A decision, and what the operator may know of it. */
export interface Ruling {
  readonly body: DecisionBody
  readonly notes: readonly string[]
}

const MAX_CONTEXT_CHARS = 1000

/** Says AuthZEN questions in Cedar's words and has them decided. What is unknown is denied, never an error. */
export class Judge {
  readonly vocabulary: Vocabulary
  readonly entities: EntityStore
  readonly #schema: Schema | undefined
  readonly #authorizer: Authorizer
  readonly #policies: ReadonlyMap<string, Policy>
  readonly #actionPropertiesIn: string | undefined
  readonly #annotations: readonly string[]

  constructor(parts: JudgeParts) {
    const { policies, failedForbid = 'deny', annotations = [] } = parts
    this.vocabulary = new Vocabulary(parts.vocabulary)
    this.entities = parts.entities
    this.#schema = parts.schema
    this.#authorizer = new Authorizer(policies, { failedForbid })
    this.#policies = new Map(policies.map((policy) => [policy.id, policy]))
    this.#actionPropertiesIn = parts.actionPropertiesIn
    this.#annotations = annotations
  }

  /** What the store must know to decide a question. */
  uidsOf({ subject, action, resource }: Question): readonly EntityUid[] {
    const terms = [this.vocabulary.entity(subject), this.vocabulary.entity(resource)]
    return [this.vocabulary.action(action.name), ...terms.flatMap((term) => term?.uid ?? [])]
  }

  /** Decides with everything that led to it; `stored` knows what `uidsOf` named. */
  decide(question: Question, stored: EntitySource): Ruling {
    const facts = this.factsOver(stored)
    const subject = this.introduce(question.subject, facts)
    const resource = this.introduce(question.resource, facts)
    if (subject === undefined || resource === undefined)
      return denied(`the ${subject === undefined ? 'subject' : 'resource'} is not known`)
    const action = this.introduceAction(question.action, facts)
    const context = this.contextOf(question.context, action, question.action.properties)
    const request = { principal: subject.uid, action, resource: resource.uid, context }
    const { decision, reasons, errors } = this.#authorizer.isAuthorized(request, facts)
    const said = this.#contextFrom(reasons)
    return {
      body: { decision: decision === 'allow', ...(said && { context: said }) },
      notes: [`${decision} by ${reasons.join(', ') || 'no policy'}`, ...errors.map(describe)],
    }
  }

  /** The same decision alone, for facts and a context that were made before. */
  isAllowed(request: Request, facts: Facts): boolean {
    return this.#authorizer.isAllowed(request, facts)
  }

  factsOver(stored: EntitySource): Facts {
    return new Facts(stored, this.#schema)
  }

  /** Adds what is said of a subject or resource to the facts; undefined where it is not known and so denied. */
  introduce(named: Named, facts: Facts): Term | undefined {
    const term = this.vocabulary.entity(named)
    if (term === undefined || (term.rule.mustExist && !facts.isStored(term.uid))) return undefined
    facts.lay(term.uid, named.properties, term.rule.properties)
    return term
  }

  /** The same for an action. */
  introduceAction({ name, properties }: Deed, facts: Facts): EntityUid {
    const uid = this.vocabulary.action(name)
    if (this.#actionPropertiesIn === undefined) facts.lay(uid, properties, 'fill')
    return uid
  }

  contextOf(context: JsonObject, action: EntityUid, actionProperties: JsonObject): CedarRecord {
    const type = this.#schema?.actions.get(action.key)?.context
    const name = this.#actionPropertiesIn
    // INVARIANT: the action's own properties stand where policies look for them, whatever the context says.
    return recordFrom(name === undefined ? context : { ...context, [name]: actionProperties }, type)
  }

  /** The texts of the wanted annotations of the policies that decided. */
  #contextFrom(reasons: readonly string[]): JsonObject | undefined {
    const texts = this.#annotations.flatMap((name) => {
      const said = reasons.map((id) => this.#policies.get(id)?.annotations.get(name)).filter(Boolean)
      return said.length === 0 ? [] : [[name, said.join('; ').slice(0, MAX_CONTEXT_CHARS)] as const]
    })
    return texts.length === 0 ? undefined : Object.fromEntries(texts)
  }
}

/** One evaluation of several that could not be read: closed, with the reason (AuthZEN 1.0, Errors). */
export function misread(reason: string): Ruling {
  const context = { error: { status: 400, message: reason } }
  return { body: { decision: false, context }, notes: [reason] }
}

function denied(note: string): Ruling {
  return { body: { decision: false }, notes: [note] }
}

function describe({ policy, fault }: PolicyError): string {
  return `${policy} failed: ${fault.message}`
}
