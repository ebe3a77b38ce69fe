import type { Place } from '../../core/errors.ts'
import { type Expr, type Policy, slotsOf } from '../cedar/ast.ts'
import type { Env } from '../cedar/environment.ts'
import { allowsAction } from '../cedar/policy.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import type { Schema } from '../cedar/schema.ts'
import { placeAt } from '../cedar/syntax.ts'
import type { RequestType } from '../cedar/validation.ts'
import { allowsType } from '../cedar/head.ts'
import { type Part, clausesOf } from '../explain/clause.ts'
import { envOf } from '../cedar/environment.ts'
import { constantOf, evaluate } from '../explain/evaluation.ts'
import type { PolicyCase } from './case.ts'
import { requestTypesOf } from '../cedar/request-types.ts'
import { conditionsIn } from './variant.ts'

/** How often one condition was seen true, false and failing. */
export interface ClauseCoverage {
  readonly policy: string
  readonly part: Part
  readonly at?: Place
  readonly text: string
  readonly seenTrue: number
  readonly seenFalse: number
  readonly seenError: number
  /** False where the schema allows no request that makes it false, such as `resource is Order` of an order's action. */
  readonly canBeFalse: boolean
}

/** What cases saw of policies. */
export interface Coverage {
  readonly clauses: readonly ClauseCoverage[]
  /** Conditions that were seen true, plus those that were seen false, per hundred of what there is to see. */
  readonly percent: number
}

interface Count {
  readonly part: Part
  readonly expr: Expr
  true: number
  false: number
  error: number
}

/**
 * Which conditions of the policies the cases saw true and false, as Cedar asks them: what is behind a false `&&`
 * is not seen.
 */
export function coverClauses(
  policies: readonly Policy[],
  cases: readonly PolicyCase[],
  schema?: Schema,
): Coverage {
  const types = schema === undefined ? undefined : requestTypesOf(schema)
  const linked = policies.filter((policy) => slotsOf(policy).length === 0)
  const counts = linked.map((policy) => countsOf(policy))
  for (const { request, entities } of cases) {
    const env = envOf(request, entities)
    const ancestors = entities.get(request.action)?.ancestors ?? new Set<string>()
    for (const [at, policy] of linked.entries()) {
      if (!allowsAction(policy.action, env.action.key, ancestors)) note(counts[at]?.get(policy.action), false)
      else walkPolicy(policy, env, counts[at] as Counts)
    }
  }
  const clauses = linked.flatMap((policy, at) =>
    [...(counts[at] as Counts).values()].map((count) => describe(policy, count, types)),
  )
  const seen = clauses.reduce(
    (sum, { seenTrue, seenFalse }) => sum + Math.sign(seenTrue) + Math.sign(seenFalse),
    0,
  )
  const all = clauses.reduce((sum, { canBeFalse }) => sum + (canBeFalse ? 2 : 1), 0)
  return { clauses, percent: all === 0 ? 100 : (100 * seen) / all }
}

/** By the expression; the head's action by the scope, since its expression is made anew each time. */
type Counts = Map<object, Count>

function countsOf(policy: Policy): Counts {
  const counts: Counts = new Map()
  for (const { part, expr } of clausesOf(policy)) {
    if (part === 'when' || part === 'unless') addBody(counts, part, expr)
    else counts.set(policy[part], { part, expr, true: 0, false: 0, error: 0 })
  }
  return counts
}

function addBody(counts: Counts, part: Part, expr: Expr): void {
  if (constantOf(expr) !== undefined) return
  counts.set(expr, { part, expr, true: 0, false: 0, error: 0 })
  for (const inner of conditionsIn(expr)) addBody(counts, part, inner)
}

function walkPolicy(policy: Policy, env: Env, counts: Counts): void {
  for (const { part, expr, wanted } of clausesOf(policy)) {
    const isBody = part === 'when' || part === 'unless'
    const outcome = isBody ? walk(expr, env, counts) : seen(counts.get(policy[part]), expr, env)
    if (outcome !== wanted) return
  }
}

function walk(expr: Expr, env: Env, counts: Counts): boolean | undefined {
  if (expr.kind === 'and' || expr.kind === 'or') {
    for (const term of expr.terms) if (walk(term, env, counts) !== (expr.kind === 'and')) break
  } else if (expr.kind === 'not') walk(expr.of, env, counts)
  else if (expr.kind === 'if') {
    const test = walk(expr.test, env, counts)
    if (test !== undefined) walk(test ? expr.yes : expr.no, env, counts)
  }
  return seen(counts.get(expr), expr, env)
}

function seen(count: Count | undefined, expr: Expr, env: Env): boolean | undefined {
  const outcome = evaluate(expr, env)
  const value = typeof outcome === 'boolean' ? outcome : undefined
  note(count, value)
  return value
}

function note(count: Count | undefined, value: boolean | undefined): void {
  if (count === undefined) return
  if (value === undefined) count.error++
  else if (value) count.true++
  else count.false++
}

function describe(
  policy: Policy,
  { part, expr, ...count }: Count,
  types: readonly RequestType[] | undefined,
): ClauseCoverage {
  const { id, source } = policy
  const { at } = expr
  return {
    policy: id,
    part,
    ...(source !== undefined && at >= 0 && { at: placeAt(source, at) }),
    text: expressionToText(expr),
    seenTrue: count.true,
    seenFalse: count.false,
    seenError: count.error,
    canBeFalse: types === undefined || canBeFalse(policy, part, types),
  }
}

/** Whether the schema has a request that comes as far as this part of the head and does not fit it. */
function canBeFalse(
  { principal, action, resource }: Policy,
  part: Part,
  types: readonly RequestType[],
): boolean {
  const fitsAction = ({ action: { uid, ancestors } }: RequestType): boolean =>
    allowsAction(action, uid.key, ancestors)
  if (part === 'when' || part === 'unless') return true
  if (part === 'action') return !types.every(fitsAction)
  const scope = part === 'principal' ? principal : resource
  if (scope.kind !== 'is' || scope.within !== undefined) return true
  return types.some(
    (type) =>
      fitsAction(type) &&
      (part === 'principal' || allowsType(principal, type.principal)) &&
      !allowsType(scope, type[part]),
  )
}
