import { type Expr, type Policy, slotsOf, type Variable } from '../cedar/ast.ts'
import { partsOf } from '../cedar/expression.ts'
import { allowsAction } from '../cedar/policy.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import type { Schema } from '../cedar/schema.ts'
import { validatePolicies } from '../cedar/validator.ts'
import { Explorer } from './exploration.ts'
import { findFailure } from './failing.ts'
import { about, type Lint } from './lint.ts'
import { findShadows, findStaticConditions } from './redundancy.ts'
import { requestTypesOf } from '../cedar/request-types.ts'

/** Holds policies against a schema, if there is one, and against what commonly goes wrong. */
export function lintPolicies(policies: readonly Policy[], schema?: Schema): readonly Lint[] {
  const linked = policies.filter((policy) => slotsOf(policy).length === 0)
  const lints = policies.flatMap(lintScope)
  if (schema === undefined) return [...lints, ...linked.flatMap((policy) => lintFailing(policy, undefined))]
  const { errors, impossible } = validatePolicies(policies, schema)
  const never = new Set(impossible)
  const wrong = new Set(errors.map(({ policy }) => policy))
  const sound = linked.filter(({ id }) => !wrong.has(id) && !never.has(id))
  return [
    ...errors.map(({ policy, kind, message, at }): Lint => ({
      level: 'error',
      id: kind,
      policy,
      message,
      ...(at !== undefined && { at }),
    })),
    ...policies
      .filter(({ id }) => never.has(id) && !wrong.has(id))
      .map((policy) =>
        about(policy, 'warning', 'never-satisfied', 'no request of the schema satisfies this policy'),
      ),
    ...lints,
    ...sound.flatMap((policy) => lintFailing(policy, new Explorer(schema, [policy]))),
    ...findStaticConditions(sound, schema),
    ...findShadows(sound, schema),
    ...lintActions(linked, schema),
  ]
}

/** Permits that say too little about whom and what they are for. */
function lintScope(policy: Policy): readonly Lint[] {
  if (policy.effect === 'forbid') return []
  const open = (['principal', 'action', 'resource'] as const).filter((part) => policy[part].kind === 'any')
  const unsaid = open.filter((part) => !policy.conditions.some(({ body }) => mentions(body, part)))
  if (unsaid.length === 3 && policy.conditions.length === 0)
    return [about(policy, 'warning', 'permits-everything', 'this permits everyone everything')]
  const lints: Lint[] = []
  if (unsaid.includes('principal'))
    lints.push(
      about(
        policy,
        'warning',
        'any-principal',
        'this permits whoever asks: neither head nor conditions say who',
      ),
    )
  if (unsaid.includes('resource'))
    lints.push(
      about(
        policy,
        'advice',
        'any-resource',
        'neither head nor conditions say which resources this is about',
      ),
    )
  if (unsaid.includes('action'))
    lints.push(
      about(policy, 'advice', 'any-action', 'this permits every action, also those that are added later'),
    )
  return lints
}

function mentions(expr: Expr, name: Variable): boolean {
  return (
    (expr.kind === 'variable' && expr.name === name) || partsOf(expr).some((part) => mentions(part, name))
  )
}

/** Cedar leaves out a policy that fails; a forbid that is left out forbids nothing. */
function lintFailing(policy: Policy, explorer: Explorer | undefined): readonly Lint[] {
  if (policy.effect === 'permit') return []
  const failure = findFailure(policy, explorer)
  if (failure === undefined) return []
  const { expr, why } = failure
  const message = `this forbid can fail, and then it forbids nothing: \`${expressionToText(expr)}\` ${why}`
  return [about(policy, 'warning', 'forbid-can-fail', message, expr.at)]
}

function lintActions(policies: readonly Policy[], schema: Schema): readonly Lint[] {
  const asked = new Set(requestTypesOf(schema).map(({ action }) => action))
  return [...asked]
    .filter(
      ({ uid, ancestors }) =>
        !policies.some(
          ({ effect, action }) => effect === 'permit' && allowsAction(action, uid.key, ancestors),
        ),
    )
    .map(({ uid }) => ({
      level: 'warning',
      id: 'action-without-policy',
      message: `nothing permits ${uid.toString()}, so that nobody can do it`,
    }))
}
