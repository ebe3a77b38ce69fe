import type { ActionScope, Expr, Policy, Scope, Target } from './ast.ts'
import { NO_CAPABILITIES } from './capabilities.ts'
import { partsOf } from './expression.ts'
import { actionExpression, scopeExpression } from './head.ts'
import { requestTypesOf } from './request-types.ts'
import type { ActionType, Schema } from './schema.ts'
import { placeAt } from './syntax.ts'
import { Typechecker } from './typechecker.ts'
import type { ValidationMode } from './types.ts'
import type { Report, ValidationError } from './validation.ts'
import { EntityUid } from './value.ts'
import { isActionType } from './value-json.ts'

/** What the validator says of policies. Warnings do not make a policy invalid. */
export interface Validation {
  readonly errors: readonly ValidationError[]
  /** Policies that can never be satisfied by a request that the schema allows. */
  readonly impossible: readonly string[]
}

/**
 * Holds policies against a schema: a policy without errors cannot fail at run time, but for overflow and for
 * entities that do not exist. `permissive` is the looser of Cedar's two modes.
 */
export function validatePolicies(
  policies: readonly Policy[],
  schema: Schema,
  mode: ValidationMode = 'strict',
): Validation {
  const errors: ValidationError[] = []
  const impossible: string[] = []
  for (const policy of policies) {
    const report: Report = (kind, message, at) => {
      const place = policy.source === undefined || at < 0 ? {} : { at: placeAt(policy.source, at) }
      errors.push({ policy: policy.id, kind, message, ...place })
    }
    validateNames(policy, schema, report)
    if (!couldApply(policy, schema))
      report(
        'never-applies',
        'no action of the schema fits the principal, action and resource of this policy',
        policy.at,
      )
    if (validateTypes(policy, schema, mode, unrepeated(report))) impossible.push(policy.id)
  }
  return { errors, impossible }
}

/** Many types of request say the same of one place. */
function unrepeated(report: Report): Report {
  const seen = new Set<string>()
  return (kind, message, at) => {
    const key = `${kind} ${at} ${message}`
    if (!seen.has(key)) report(kind, message, at)
    seen.add(key)
  }
}

/** True when the policy is false for every type of request. */
function validateTypes(policy: Policy, schema: Schema, mode: ValidationMode, report: Report): boolean {
  const condition = conditionOf(policy)
  let isImpossible = true
  for (const request of requestTypesOf(schema)) {
    const { type } = new Typechecker(schema, mode, request, report).typeOf(condition, NO_CAPABILITIES)
    if (type?.kind !== 'false') isImpossible = false
  }
  return isImpossible
}

const ANY: Expr = { kind: 'literal', at: -1, value: true }

/** The head and the body of a policy as one expression. */
function conditionOf(policy: Policy): Expr {
  const head = [
    scopeExpression(policy.principal, 'principal') ?? ANY,
    actionExpression(policy.action) ?? ANY,
    scopeExpression(policy.resource, 'resource') ?? ANY,
  ]
  const bodies = policy.conditions.map(({ kind, body }): Expr =>
    kind === 'when' ? body : { kind: 'not', at: body.at, of: body },
  )
  return { kind: 'and', at: policy.at, terms: [...head, all(bodies, policy.at)] }
}

function all(terms: readonly Expr[], at: number): Expr {
  const [only] = terms
  if (only === undefined) return { kind: 'literal', at, value: true }
  return terms.length === 1 ? only : { kind: 'and', at, terms }
}

/** Every entity type, action and enumerated id that a policy names must be in the schema. */
function validateNames(policy: Policy, schema: Schema, report: Report): void {
  const rest: Expr[] = [conditionOf(policy)]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.kind === 'is') judgeType(next.type, schema, report, next.at)
    if (next.kind === 'literal' && next.value instanceof EntityUid)
      judgeUid(next.value, schema, report, next.at)
    for (const part of partsOf(next)) rest.push(part)
  }
}

function judgeType(type: string, schema: Schema, report: Report, at: number): void {
  if (isActionType(type) || schema.entities.has(type)) return
  report(
    'unknown-entity-type',
    `the schema has no entity type \`${type}\`${suggestion(type, schema.entities.keys())}`,
    at,
  )
}

function judgeUid(uid: EntityUid, schema: Schema, report: Report, at: number): void {
  if (!isActionType(uid.type)) {
    judgeType(uid.type, schema, report, at)
    const ids = schema.entities.get(uid.type)?.ids
    if (ids !== undefined && !ids.includes(uid.id))
      report('unknown-id', `\`${uid.type}\` has no entity \`${uid.id}\`; there is ${ids.join(', ')}`, at)
  } else if (!schema.actions.has(uid.key)) {
    const known = [...schema.actions.values()].map((action) => action.uid.toString())
    report(
      'unknown-action',
      `the schema has no action \`${uid.toString()}\`${suggestion(uid.toString(), known)}`,
      at,
    )
  }
}

/** A name that differs only in its namespace or in upper and lower case. */
function suggestion(name: string, known: Iterable<string>): string {
  const bare = (text: string): string => text.slice(text.lastIndexOf('::') + 2).toLowerCase()
  for (const candidate of known) if (bare(candidate) === bare(name)) return `; did you mean \`${candidate}\`?`
  return ''
}

/** Whether some action can have a principal and a resource that the head allows. */
function couldApply(policy: Policy, schema: Schema): boolean {
  const principals = typesAllowed(policy.principal, schema)
  const resources = typesAllowed(policy.resource, schema)
  return actionsAllowed(policy.action, schema).some(
    (action) => action.principals.some(principals) && action.resources.some(resources),
  )
}

function actionsAllowed(scope: ActionScope, schema: Schema): readonly ActionType[] {
  const actions = [...schema.actions.values()]
  if (scope.kind === 'any') return actions
  if (scope.kind === 'equals') return actions.filter(({ uid }) => uid.key === scope.target.key)
  const targets = scope.kind === 'inAny' ? scope.targets : [scope.target]
  if (!targets.every(({ key }) => schema.actions.has(key))) return []
  return actions.filter(({ uid, ancestors }) =>
    targets.some(({ key }) => key === uid.key || ancestors.has(key)),
  )
}

function typesAllowed(scope: Scope, schema: Schema): (type: string) => boolean {
  const isBelow = (type: string, target: Target | undefined): boolean =>
    !(target instanceof EntityUid) ||
    type === target.type ||
    schema.entities.get(type)?.ancestors.has(target.type) === true
  switch (scope.kind) {
    case 'any':
      return () => true
    case 'equals': {
      const { target } = scope
      return (type) => !(target instanceof EntityUid) || type === target.type
    }
    case 'in':
      return (type) => isBelow(type, scope.target)
    case 'is':
      return (type) => type === scope.type && isBelow(type, scope.within)
    default:
      return scope satisfies never
  }
}
