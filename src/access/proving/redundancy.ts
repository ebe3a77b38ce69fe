import type { Expr, Policy } from '../cedar/ast.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import type { Schema } from '../cedar/schema.ts'
import type { RequestType } from '../cedar/validation.ts'
import { evaluate } from '../explain/evaluation.ts'
import { isDecidable } from './decidable.ts'
import { type Effort, Explorer } from './exploration.ts'
import { about, type Lint } from './lint.ts'
import { normalForm } from './normal-form.ts'
import { isSatisfied } from './searched-policies.ts'
import { couldApply, requestTypesOf } from '../cedar/request-types.ts'
import { atomsOf } from './variant.ts'

const EFFORT: Effort = { steps: 400, restarts: 0, stepsPerRestart: 0 }
/** More pairs of policies are not compared. */
const MAX_PAIRS = 20_000

/** Policies that change nothing, because another with the same effect holds whenever they do. */
export function findShadows(policies: readonly Policy[], schema: Schema): readonly Lint[] {
  const types = requestTypesOf(schema)
  const lints: Lint[] = []
  let pairs = 0
  for (const [at, policy] of policies.entries()) {
    const near = types.filter((type) => couldApply(policy, type))
    const wider = policies.findIndex((other, place) => {
      if (place === at || other.effect !== policy.effect || ++pairs > MAX_PAIRS) return false
      if (!near.every((type) => couldApply(other, type) && isWithin(policy, other, type, schema)))
        return false
      return place < at || !near.every((type) => isWithin(other, policy, type, schema))
    })
    const other = policies[wider]
    if (other === undefined) continue
    const isTwin = near.every((type) => normalForm(policy, type) === normalForm(other, type))
    const message = isTwin
      ? `\`${other.id}\` says the same`
      : `\`${other.id}\` ${policy.effect}s whatever this ${policy.effect}s`
    lints.push(about(policy, 'warning', `shadowed-${policy.effect}`, `this changes nothing: ${message}`))
  }
  return lints
}

/** Proved: whenever the first is satisfied, so is the second. */
function isWithin(one: Policy, other: Policy, type: RequestType, schema: Schema): boolean {
  const [inner, outer] = [one, other].map((policy) => new Set(normalForm(policy, type).split('\n')))
  if (outer?.has('') === true || (inner !== undefined && outer?.isSubsetOf(inner) === true)) return true
  const { witness, isExhausted } = new Explorer(schema, [one, other]).find(
    type,
    (situation) => {
      if (!isSatisfied(one, situation) || situation.open !== undefined) return false
      return !isSatisfied(other, situation)
    },
    EFFORT,
  )
  return witness === undefined && isExhausted && isDecidable([one, other], type, schema)
}

/** Conditions that are the same for every request: true, so that they say nothing, or false. */
export function findStaticConditions(policies: readonly Policy[], schema: Schema): readonly Lint[] {
  const types = requestTypesOf(schema)
  return policies.flatMap((policy) => {
    const explorer = new Explorer(schema, [policy])
    const near = types.filter((type) => couldApply(policy, type))
    return policy.conditions.flatMap(({ kind, body }) => {
      const wanted = kind === 'when'
      const isAlways = near.every((type) => isConstant(policy, body, wanted, type, explorer))
      if (isAlways)
        return [about(policy, 'warning', 'always-true', `this \`${kind}\` holds for every request`, body.at)]
      const isNever = near.every((type) => neverHolds(policy, body, wanted, type, explorer))
      if (isNever)
        return [about(policy, 'warning', 'never-satisfied', `this \`${kind}\` holds for no request`, body.at)]
      return staticAtoms(policy, body, near, explorer)
    })
  })
}

function staticAtoms(
  policy: Policy,
  body: Expr,
  near: readonly RequestType[],
  explorer: Explorer,
): readonly Lint[] {
  return atomsOf(policy)
    .filter(({ expr, clause }) => clause.expr === body && expr !== body)
    .flatMap(({ expr }) => {
      const value = [true, false].find((one) =>
        near.every((type) => isConstant(policy, expr, one, type, explorer)),
      )
      if (value === undefined) return []
      const message = `\`${expressionToText(expr)}\` is ${value} for every request`
      return [about(policy, 'advice', 'constant-condition', message, expr.at)]
    })
}

function isConstant(
  policy: Policy,
  expr: Expr,
  value: boolean,
  type: RequestType,
  explorer: Explorer,
): boolean {
  const { witness, isExhausted } = explorer.find(type, ({ env }) => evaluate(expr, env) !== value, EFFORT)
  return witness === undefined && isExhausted && isDecidable([policy], type, explorer.schema)
}

function neverHolds(
  policy: Policy,
  expr: Expr,
  wanted: boolean,
  type: RequestType,
  explorer: Explorer,
): boolean {
  const { witness, isExhausted } = explorer.find(type, ({ env }) => evaluate(expr, env) === wanted, EFFORT)
  return witness === undefined && isExhausted && isDecidable([policy], type, explorer.schema)
}
