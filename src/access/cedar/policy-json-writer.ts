import type { ActionScope, Expr, Policy, Scope, Target } from './ast.ts'
import type { Json } from './json.ts'
import { EntityUid } from './value.ts'
import { valueToJson } from './value-json.ts'

/** A policy or template in Cedar's JSON format; integers beyond 2^53 are bigints. */
export function policyToJson(policy: Policy): { readonly [name: string]: Json } {
  const { effect, annotations, conditions } = policy
  return {
    effect,
    principal: scopeToJson(policy.principal),
    action: actionToJson(policy.action),
    resource: scopeToJson(policy.resource),
    conditions: conditions.map(({ kind, body }) => ({ kind, body: expressionToJson(body) })),
    ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  }
}

/** JSON text with exact integers, which `JSON.stringify` cannot write. */
export function writeJson(json: Json): string {
  if (typeof json === 'bigint') return String(json)
  if (Array.isArray(json)) return `[${(json as readonly Json[]).map(writeJson).join(',')}]`
  if (typeof json !== 'object' || json === null) return JSON.stringify(json)
  return `{${Object.entries(json)
    .map(([name, value]) => `${JSON.stringify(name)}:${writeJson(value)}`)
    .join(',')}}`
}

function uidToJson({ type, id }: EntityUid): Json {
  return { type, id }
}

function targetToJson(target: Target): { readonly [name: string]: Json } {
  return target instanceof EntityUid ? { entity: uidToJson(target) } : { slot: target }
}

function scopeToJson(scope: Scope): Json {
  if (scope.kind === 'any') return { op: 'All' }
  if (scope.kind !== 'is') return { op: scope.kind === 'equals' ? '==' : 'in', ...targetToJson(scope.target) }
  const within = scope.within === undefined ? {} : { in: targetToJson(scope.within) }
  return { op: 'is', entity_type: scope.type, ...within }
}

function actionToJson(scope: ActionScope): Json {
  if (scope.kind === 'any') return { op: 'All' }
  if (scope.kind === 'inAny') {
    const [only, ...more] = scope.targets.map(uidToJson)
    return only !== undefined && more.length === 0
      ? { op: 'in', entity: only }
      : { op: 'in', entities: scope.targets.map(uidToJson) }
  }
  return { op: scope.kind === 'equals' ? '==' : 'in', entity: uidToJson(scope.target) }
}

/** An expression in Cedar's JSON format. */
export function expressionToJson(expr: Expr): Json {
  const to = expressionToJson
  switch (expr.kind) {
    case 'literal':
      return { Value: valueToJson(expr.value) }
    case 'variable':
      return { Var: expr.name }
    case 'slot':
      return { Slot: expr.name }
    case 'not':
      return { '!': { arg: to(expr.of) } }
    case 'negate':
      return { neg: { arg: to(expr.of) } }
    case 'isEmpty':
      return { isEmpty: { arg: to(expr.of) } }
    case 'and':
      return chainToJson('&&', expr.terms.map(to))
    case 'or':
      return chainToJson('||', expr.terms.map(to))
    case 'binary':
      return { [expr.operator]: { left: to(expr.left), right: to(expr.right) } }
    case 'if':
      // oxlint-disable-next-line unicorn/no-thenable -- the format's name
      return { 'if-then-else': { if: to(expr.test), then: to(expr.yes), else: to(expr.no) } }
    case 'attribute':
      return { '.': { left: to(expr.of), attr: expr.name } }
    case 'has': {
      const [only, ...more] = expr.path
      return { has: { left: to(expr.of), attr: more.length > 0 ? expr.path : (only as string) } }
    }
    case 'like':
      return { like: { left: to(expr.of), pattern: patternToJson(expr.pattern) } }
    case 'is': {
      const within = expr.within === undefined ? {} : { in: to(expr.within) }
      return { is: { left: to(expr.of), entity_type: expr.type, ...within } }
    }
    case 'set':
      return { Set: expr.elements.map(to) }
    case 'record':
      return { Record: Object.fromEntries(expr.fields.map(({ name, value }) => [name, to(value)])) }
    case 'call':
      return { [expr.function]: expr.arguments.map(to) }
    default:
      return expr satisfies never
  }
}

/** One `Literal` for each character, as the reference writes it. */
function patternToJson(pattern: readonly string[]): Json {
  return pattern.flatMap((piece, at): Json[] => [
    ...(at === 0 ? [] : ['Wildcard']),
    ...Array.from(piece, (character) => ({ Literal: character })),
  ])
}

/** From so many terms on a chain is written as a chain of chains, which means the same and nests less. */
const MAX_TERMS = 200

function chainToJson(name: '&&' | '||', terms: readonly Json[]): Json {
  const nest = (some: readonly Json[]): Json => some.reduce((left, right) => ({ [name]: { left, right } }))
  if (terms.length <= MAX_TERMS) return nest(terms)
  const parts: Json[] = []
  for (let at = 0; at < terms.length; at += MAX_TERMS) parts.push(nest(terms.slice(at, at + MAX_TERMS)))
  return chainToJson(name, parts)
}
