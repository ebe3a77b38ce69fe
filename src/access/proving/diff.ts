import type { Policy } from '../cedar/ast.ts'
import { Authorizer } from '../cedar/authorizer.ts'
import type { Schema } from '../cedar/schema.ts'
import { policyToText } from '../cedar/policy-text.ts'
import type { RequestType } from '../cedar/validation.ts'
import { type Asked, type PolicyCase, realize } from './case.ts'
import { isDecidable } from './decidable.ts'
import { type Effort, Explorer } from './exploration.ts'
import { isSameFor } from './normal-form.ts'
import { isSatisfied, SearchedPolicies } from './searched-policies.ts'
import { couldApply, requestTypesOf } from '../cedar/request-types.ts'
import type { Situation } from './situation.ts'

/** A request that old and new policies decide differently. */
export interface DecisionChange {
  readonly from: 'allow' | 'deny'
  readonly to: 'allow' | 'deny'
  /** The policy that was changed, added or removed. */
  readonly policy: string
  readonly how: 'changed' | 'added' | 'removed'
  /** One such request; `expect` is the new decision. */
  readonly example: PolicyCase
}

/** What decisions that were recorded would be now. */
export interface Replay {
  readonly total: number
  readonly allowToDeny: number
  readonly denyToAllow: number
  /** The first of them. */
  readonly examples: readonly PolicyCase[]
}

/** What a change of policies changes. */
export interface PolicyDiff {
  /** One for each policy, direction and type of request. */
  readonly changes: readonly DecisionChange[]
  readonly replay: Replay
  /** Proved: no request is decided otherwise but for a policy, direction and type of request that are told. */
  readonly isComplete: boolean
  /** The time was over before everything was looked at. */
  readonly isCut: boolean
}

/** What a comparison may be given. */
export interface DiffOptions {
  readonly recorded?: readonly Asked[]
  /** How long it may look, by this clock. */
  readonly budgetMs?: number
  readonly nowMs?: () => number
}

const EFFORT: Effort = { steps: 1500, restarts: 3, stepsPerRestart: 300 }
const MAX_EXAMPLES = 20

/** A policy and what became of it. */
interface Pair {
  readonly before: Policy | undefined
  readonly after: Policy | undefined
}

/**
 * Looks for requests whose decision changes from old to new policies, in both directions, by searching around the
 * literals of both, and among recorded requests.
 */
export function diffPolicies(
  before: readonly Policy[],
  after: readonly Policy[],
  schema: Schema,
  { recorded = [], budgetMs = 1000, nowMs = () => performance.now() }: DiffOptions = {},
): PolicyDiff {
  const deadline = nowMs() + budgetMs
  const comparison = new Comparison(before, after, schema)
  const replay = comparison.replay(recorded)
  const changes: DecisionChange[] = []
  let isComplete = true
  for (const pair of pairsOf(before, after)) {
    for (const type of requestTypesOf(schema)) {
      if (nowMs() > deadline) return { changes, replay, isComplete: false, isCut: true }
      if (!comparison.couldDiffer(pair, type)) continue
      for (const from of ['allow', 'deny'] as const) {
        const { change, isProved } = comparison.search(pair, type, from)
        if (change !== undefined) changes.push(change)
        isComplete &&= isProved
      }
    }
  }
  return { changes, replay, isComplete, isCut: false }
}

class Comparison {
  readonly #before: SearchedPolicies
  readonly #after: SearchedPolicies
  readonly #schema: Schema
  readonly #authorizers: readonly [Authorizer, Authorizer]

  constructor(before: readonly Policy[], after: readonly Policy[], schema: Schema) {
    this.#before = new SearchedPolicies(before)
    this.#after = new SearchedPolicies(after)
    this.#schema = schema
    this.#authorizers = [new Authorizer(before), new Authorizer(after)]
  }

  couldDiffer({ before, after }: Pair, type: RequestType): boolean {
    const applies = (policy: Policy | undefined): boolean => policy !== undefined && couldApply(policy, type)
    if (!applies(before) && !applies(after)) return false
    return before === undefined || after === undefined || !isSameFor(before, after, type)
  }

  /** The pair alone is asked first: where it does not differ, nothing else matters. */
  search(
    pair: Pair,
    type: RequestType,
    from: 'allow' | 'deny',
  ): { readonly change: DecisionChange | undefined; readonly isProved: boolean } {
    let isLocal = true
    const near = [...this.#before.near(type), ...this.#after.near(type)].map(({ policy }) => policy)
    const own = [pair.before, pair.after].flatMap((policy) => policy ?? [])
    const explorer = new Explorer(this.#schema, own, { others: near })
    const { witness, isExhausted } = explorer.find(
      type,
      (situation) => {
        if (hasSameEffect(pair) && !differ(pair, situation)) return false
        isLocal = false
        const one = this.#before.isAllowed(situation, type)
        if (one !== (from === 'allow')) return false
        return this.#after.isAllowed(situation, type) === (from !== 'allow')
      },
      EFFORT,
      () => isLocal,
    )
    const change = witness && this.#tell(pair, from, realize(explorer, this.#after, witness))
    const isProved = isExhausted && isDecidable(isLocal ? own : near, type, this.#schema)
    return { change, isProved: change !== undefined || isProved }
  }

  /** Told only if both authorizers say so of the whole request. */
  #tell(
    { before, after }: Pair,
    from: 'allow' | 'deny',
    asked: Asked | undefined,
  ): DecisionChange | undefined {
    if (asked === undefined) return undefined
    const [one, other] = this.#decide(asked)
    if (one !== from || other === from) return undefined
    const how = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
    const policy = (after ?? before)?.id ?? ''
    return { from, to: other, policy, how, example: { name: `${policy} ${how}`, ...asked, expect: other } }
  }

  #decide({ request, entities }: Asked): readonly ['allow' | 'deny', 'allow' | 'deny'] {
    const [one, other] = this.#authorizers.map((authorizer) =>
      authorizer.isAllowed(request, entities) ? 'allow' : 'deny',
    )
    return [one as 'allow' | 'deny', other as 'allow' | 'deny']
  }

  replay(recorded: readonly Asked[]): Replay {
    const examples: PolicyCase[] = []
    let [allowToDeny, denyToAllow] = [0, 0]
    for (const [at, asked] of recorded.entries()) {
      const [one, other] = this.#decide(asked)
      if (one === other) continue
      if (one === 'allow') allowToDeny++
      else denyToAllow++
      if (examples.length < MAX_EXAMPLES)
        examples.push({ name: `recorded ${at + 1}`, ...asked, expect: other })
    }
    return { total: recorded.length, allowToDeny, denyToAllow, examples }
  }
}

function hasSameEffect({ before, after }: Pair): boolean {
  return before === undefined || after === undefined || before.effect === after.effect
}

function differ({ before, after }: Pair, situation: Situation): boolean {
  const one = before !== undefined && isSatisfied(before, situation)
  if (situation.open !== undefined) return false
  const other = after !== undefined && isSatisfied(after, situation)
  return situation.open === undefined && one !== other
}

/** What is not word for word the same on both sides; what has the same id belongs together. */
function pairsOf(before: readonly Policy[], after: readonly Policy[]): readonly Pair[] {
  const texts = (policies: readonly Policy[]): Set<string> => new Set(policies.map(textOf))
  const [old, current] = [texts(before), texts(after)]
  const gone = before.filter((policy) => !current.has(textOf(policy)))
  const added = after.filter((policy) => !old.has(textOf(policy)))
  const pairs = gone.map((policy): Pair => ({
    before: policy,
    after: added.find(({ id }) => id === policy.id),
  }))
  const paired = new Set(pairs.map((pair) => pair.after))
  return [
    ...pairs,
    ...added
      .filter((policy) => !paired.has(policy))
      .map((policy): Pair => ({ before: undefined, after: policy })),
  ]
}

function textOf(policy: Policy): string {
  return policyToText({ ...policy, annotations: new Map() })
}
