import type { Place } from '../../core/errors.ts'
import type { MaskText } from '../../core/keys.ts'
import { type Policy, slotsOf } from '../cedar/ast.ts'
import type { AuthorizerOptions, Request } from '../cedar/authorizer.ts'
import type { EntitySource } from '../cedar/entities.ts'
import type { Env } from '../cedar/environment.ts'
import { allowsAction } from '../cedar/policy.ts'
import { placeAt } from '../cedar/syntax.ts'
import { Fault } from '../cedar/value.ts'
import { allOf, blame, type Blame, sizeOf } from './blame.ts'
import { allowsType } from '../cedar/head.ts'
import { type Clause, clausesOf, type Part } from './clause.ts'
import { describeCondition, type Seen } from './condition.ts'
import { envOf } from '../cedar/environment.ts'
import { evaluate } from './evaluation.ts'

/** One condition to blame, as plain data. */
export interface BlamedCondition {
  readonly kind: 'condition'
  readonly part: Part
  /** Absent for policies that came as JSON. */
  readonly at?: Place
  /** The sub-expression as Cedar text. */
  readonly text: string
  readonly found: 'true' | 'false' | 'error'
  readonly wanted: boolean
  /** Why it has no value. */
  readonly error?: string
  readonly values: readonly Seen[]
}

/** What would have to be otherwise: one condition, all of several, or any one of several. */
export type BlameTree = BlamedCondition | { readonly kind: 'all' | 'any'; readonly of: readonly BlameTree[] }

/** What one policy said of a request. */
export interface PolicyExplanation {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  readonly at?: Place
  /** `failed`: it could not be evaluated and was left out. */
  readonly outcome: 'satisfied' | 'unsatisfied' | 'failed'
  /** The text of `@reason("...")` or `@advice("...")`, if it has one. */
  readonly advice?: string
  /**
   * For a permit: what was missing. For a forbid that hit: what made it hit; the request's action and types only
   * where nothing else did.
   */
  readonly because?: BlameTree
}

/** Why a request was allowed or refused. Plain data: it can be printed as JSON. */
export interface Explanation {
  readonly decision: 'allow' | 'deny'
  readonly principal: string
  readonly action: string
  readonly resource: string
  /** Of an allowed request those that permitted; else each that could have, those that lack least first. */
  readonly permits: readonly PolicyExplanation[]
  /** Every forbid that hit or failed. */
  readonly forbids: readonly PolicyExplanation[]
  /** How many policies are about other actions or other types of principal and resource. */
  readonly elsewhere: number
}

/** What explanations need beside the policies. */
export interface ExplainOptions extends AuthorizerOptions {
  /** Hides personal data in the values; policies are shown as they are. */
  readonly mask: MaskText
}

/**
 * Explains decisions by asking the policies again, part by part; nothing is recorded while a decision is made.
 * Templates take no part.
 */
export class Explainer {
  readonly #policies: readonly Policy[]
  readonly #mask: MaskText
  readonly #failedForbidDenies: boolean

  constructor(policies: readonly Policy[], { mask, failedForbid = 'skip' }: ExplainOptions) {
    this.#policies = policies.filter((policy) => slotsOf(policy).length === 0)
    this.#mask = mask
    this.#failedForbidDenies = failedForbid === 'deny'
  }

  explain(request: Request, entities: EntitySource): Explanation {
    const env = envOf(request, entities)
    const ancestors = entities.get(request.action)?.ancestors ?? new Set<string>()
    const near = this.#policies.filter(
      (policy) =>
        allowsAction(policy.action, env.action.key, ancestors) &&
        allowsType(policy.principal, env.principal.type) &&
        allowsType(policy.resource, env.resource.type),
    )
    const judged = near.map((policy) => judge(policy, env))
    const permits = judged.filter(({ policy }) => policy.effect === 'permit')
    const forbids = judged.filter(({ policy }) => policy.effect === 'forbid')
    const isForbidden = forbids.some(
      ({ outcome }) => outcome === 'satisfied' || (this.#failedForbidDenies && outcome === 'failed'),
    )
    const isAllowed = !isForbidden && permits.some(({ outcome }) => outcome === 'satisfied')
    const shown = permits
      .filter(({ outcome }) => !isAllowed || outcome === 'satisfied')
      .map((one) => ({ one, size: sizeOf(one.because) }))
      .sort((a, b) => a.size - b.size)
      .map(({ one }) => one)
    const mask = this.#mask
    return {
      decision: isAllowed ? 'allow' : 'deny',
      principal: mask(request.principal.toString()),
      action: request.action.toString(),
      resource: mask(request.resource.toString()),
      permits: shown.map((one) => describe(one, env, mask)),
      forbids: forbids
        .filter(({ outcome }) => outcome !== 'unsatisfied')
        .map((one) => describe(one, env, mask)),
      elsewhere: this.#policies.length - near.length,
    }
  }
}

interface Judged {
  readonly policy: Policy
  readonly outcome: PolicyExplanation['outcome']
  readonly because: Blame | undefined
  readonly parts: ReadonlyMap<Blame, Part>
}

function judge(policy: Policy, env: Env): Judged {
  const clauses = clausesOf(policy)
  const outcome = outcomeOf(clauses, env)
  const parts = new Map<Blame, Part>()
  if (outcome === (policy.effect === 'permit' ? 'satisfied' : 'unsatisfied'))
    return { policy, outcome, because: undefined, parts }
  const isHit = policy.effect === 'forbid' && outcome === 'satisfied'
  const blames = clauses.map((clause) => {
    const { part, expr, wanted } = clause
    if (isHit && !clauses.every(isGiven) && isGiven(clause)) return undefined
    const found = blame(expr, isHit ? !wanted : wanted, env)
    if (found !== undefined) note(found, part, parts)
    return found
  })
  const known = blames.flatMap((found) => (found === undefined ? [] : [found]))
  const because =
    isHit && known.length > 1 ? ({ kind: 'any', of: known } as const) : isHit ? known[0] : allOf(blames)
  return { policy, outcome, because, parts }
}

/** A request is about its action and types; to be about others is no way out of a forbid. */
function isGiven({ part, expr }: Clause): boolean {
  return (
    part === 'action' ||
    (expr.kind === 'is' && expr.within === undefined && part !== 'when' && part !== 'unless')
  )
}

function note(found: Blame, part: Part, parts: Map<Blame, Part>): void {
  if (found.kind === 'condition') parts.set(found, part)
  else for (const inner of found.of) note(inner, part, parts)
}

/** As the authorizer has it: the first clause that is not as wanted decides. */
function outcomeOf(clauses: readonly Clause[], env: Env): PolicyExplanation['outcome'] {
  for (const { expr, wanted } of clauses) {
    const found = evaluate(expr, env)
    if (found !== wanted) return typeof found === 'boolean' ? 'unsatisfied' : 'failed'
  }
  return 'satisfied'
}

function describe({ policy, outcome, because, parts }: Judged, env: Env, mask: MaskText): PolicyExplanation {
  const advice = policy.annotations.get('reason') ?? policy.annotations.get('advice')
  const tree = (part: Blame): BlameTree => {
    if (part.kind !== 'condition') return { kind: part.kind, of: part.of.map(tree) }
    const { expr, wanted, found } = part
    return {
      kind: 'condition',
      part: parts.get(part) as Part,
      ...placeIn(policy, expr.at),
      wanted,
      found: typeof found === 'boolean' ? (found ? 'true' : 'false') : 'error',
      ...(typeof found !== 'boolean' && {
        error: found instanceof Fault ? mask(found.message) : 'it is no truth value',
      }),
      ...describeCondition(expr, env, mask),
    }
  }
  return {
    policy: policy.id,
    effect: policy.effect,
    ...placeIn(policy, policy.at),
    outcome,
    ...(advice !== undefined && { advice }),
    ...(because !== undefined && { because: tree(because) }),
  }
}

const PLACES = new WeakMap<Policy, Map<number, Place>>()

function placeIn(policy: Policy, at: number): { readonly at?: Place } {
  const { source } = policy
  if (source === undefined || at < 0) return {}
  const known = PLACES.get(policy) ?? new Map<number, Place>()
  PLACES.set(policy, known)
  return { at: known.getOrInsertComputed(at, () => placeAt(source, at)) }
}
