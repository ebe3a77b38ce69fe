import type { ActionScope, Expr, Scope, Target } from './ast.ts'
import { EntityUid } from './value.ts'

/** What a head asks of the principal or the resource, as an expression; undefined where it asks nothing. */
export function scopeExpression(scope: Scope, name: 'principal' | 'resource'): Expr | undefined {
  if (scope.kind === 'any') return undefined
  const { at } = scope
  const variable: Expr = { kind: 'variable', at, name }
  if (scope.kind === 'is') {
    const within = scope.within === undefined ? undefined : targetExpression(scope.within, at)
    return { kind: 'is', at, of: variable, type: scope.type, within }
  }
  const operator = scope.kind === 'equals' ? '==' : 'in'
  return { kind: 'binary', at, operator, left: variable, right: targetExpression(scope.target, at) }
}

/** The same for the action. */
export function actionExpression(scope: ActionScope): Expr | undefined {
  if (scope.kind === 'any') return undefined
  const { at } = scope
  const left: Expr = { kind: 'variable', at, name: 'action' }
  const right: Expr =
    scope.kind === 'inAny'
      ? { kind: 'set', at, elements: scope.targets.map((target) => targetExpression(target, at)) }
      : targetExpression(scope.target, at)
  return { kind: 'binary', at, operator: scope.kind === 'equals' ? '==' : 'in', left, right }
}

function targetExpression(target: Target, at: number): Expr {
  return target instanceof EntityUid
    ? { kind: 'literal', at, value: target }
    : { kind: 'slot', at, name: target }
}

/** Whether a head allows entities of a type at all. */
export function allowsType(scope: Scope, type: string): boolean {
  if (scope.kind === 'is') return scope.type === type
  return scope.kind !== 'equals' || (scope.target instanceof EntityUid && scope.target.type === type)
}
