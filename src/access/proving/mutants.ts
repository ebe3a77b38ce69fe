import type { Place } from '../../core/errors.ts'
import type { BinaryOperator, Expr, Policy } from '../cedar/ast.ts'
import { readDatetime } from '../cedar/extensions/datetime.ts'
import { partsOf } from '../cedar/expression.ts'
import { add } from '../cedar/long.ts'
import { expressionToText } from '../cedar/policy-text.ts'
import { placeAt } from '../cedar/syntax.ts'
import { EntityUid, type Long } from '../cedar/value.ts'
import { constantOf } from '../explain/evaluation.ts'
import { replacePart, truth } from './variant.ts'

/** A policy with one mistake in it, such as people make. */
export interface Mutant {
  readonly policy: Policy
  /** Undefined: the policy is missing. */
  readonly variant: Policy | undefined
  readonly at?: Place
  /** `<` became `<=`. */
  readonly what: string
}

/** Every mutant of a policy. */
export function mutantsOf(policy: Policy): readonly Mutant[] {
  const mutants: Mutant[] = [
    { policy, variant: undefined, what: 'the policy is missing' },
    {
      policy,
      variant: { ...policy, effect: policy.effect === 'permit' ? 'forbid' : 'permit' },
      what: `${policy.effect} became ${policy.effect === 'permit' ? 'forbid' : 'permit'}`,
    },
    ...headMutants(policy),
  ]
  for (const [at, condition] of policy.conditions.entries()) {
    const others = policy.conditions.filter((_, other) => other !== at)
    const withBody = (body: Expr, kind = condition.kind): Policy => ({
      ...policy,
      conditions: policy.conditions.map((one, other) => (other === at ? { ...condition, kind, body } : one)),
    })
    const whole = placeIn(policy, condition.at)
    const flipped = condition.kind === 'when' ? 'unless' : 'when'
    mutants.push(
      { policy, variant: { ...policy, conditions: others }, ...whole, what: `${condition.kind} dropped` },
      {
        policy,
        variant: withBody(condition.body, flipped),
        ...whole,
        what: `${condition.kind} became ${flipped}`,
      },
    )
    for (const part of allParts(condition.body))
      for (const { by, what } of replacements(part))
        mutants.push({
          policy,
          variant: withBody(replacePart(condition.body, part, by)),
          ...placeIn(policy, part.at),
          what,
        })
  }
  return mutants
}

function placeIn({ source }: Policy, at: number): { readonly at?: Place } {
  return source === undefined || at < 0 ? {} : { at: placeAt(source, at) }
}

/** The head, wider than it was. */
function headMutants(policy: Policy): readonly Mutant[] {
  const mutants: Mutant[] = []
  const push = (at: number, what: string, change: Partial<Policy>): void => {
    mutants.push({ policy, variant: { ...policy, ...change }, ...placeIn(policy, at), what })
  }
  for (const part of ['principal', 'resource'] as const) {
    const scope = policy[part]
    if (scope.kind === 'any') continue
    push(scope.at, `any ${part}`, { [part]: { kind: 'any' } })
    if (scope.kind === 'is' && scope.within !== undefined)
      push(scope.at, `${part} is ${scope.type}, wherever`, { [part]: { ...scope, within: undefined } })
    if (scope.kind === 'in')
      push(scope.at, `${part} == instead of in`, { [part]: { ...scope, kind: 'equals' } })
    if (scope.kind === 'equals')
      push(scope.at, `${part} in instead of ==`, { [part]: { ...scope, kind: 'in' } })
  }
  const { action } = policy
  if (action.kind === 'any') return mutants
  push(action.at, 'any action', { action: { kind: 'any' } })
  if (action.kind === 'inAny' && action.targets.length > 1)
    for (const gone of action.targets)
      push(action.at, `without ${gone.toString()}`, {
        action: { ...action, targets: action.targets.filter((target) => target !== gone) },
      })
  return mutants
}

function* allParts(expr: Expr): Generator<Expr> {
  yield expr
  for (const part of partsOf(expr)) yield* allParts(part)
}

interface Replacement {
  readonly by: Expr
  readonly what: string
}

const SWAPS: Readonly<Partial<Record<BinaryOperator, readonly BinaryOperator[]>>> = {
  '==': ['!='],
  '!=': ['=='],
  '<': ['<=', '>=', '>'],
  '<=': ['<', '>', '>='],
  '>': ['>=', '<=', '<'],
  '>=': ['>', '<', '<='],
  '+': ['-'],
  '-': ['+'],
  '*': ['+'],
  in: ['=='],
  containsAll: ['containsAny'],
  containsAny: ['containsAll'],
}

const CALL_SWAPS: Readonly<Record<string, readonly string[]>> = {
  lessThan: ['lessThanOrEqual', 'greaterThanOrEqual'],
  lessThanOrEqual: ['lessThan', 'greaterThan'],
  greaterThan: ['greaterThanOrEqual', 'lessThanOrEqual'],
  greaterThanOrEqual: ['greaterThan', 'lessThan'],
  isIpv4: ['isIpv6'],
  isIpv6: ['isIpv4'],
  isLoopback: ['isMulticast'],
  isMulticast: ['isLoopback'],
  toSeconds: ['toMinutes'],
  toMinutes: ['toHours'],
  toHours: ['toMinutes'],
  toDays: ['toHours'],
}

/** What one part could have been by mistake. */
function replacements(expr: Expr): readonly Replacement[] {
  const found: Replacement[] = []
  const push = (by: Expr): void => {
    found.push({ by, what: `${expressionToText(expr)} became ${expressionToText(by)}` })
  }
  if (isCondition(expr)) push({ kind: 'not', at: expr.at, of: expr })
  switch (expr.kind) {
    case 'not':
      push(expr.of)
      break
    case 'and':
    case 'or':
      push({ ...expr, kind: expr.kind === 'and' ? 'or' : 'and' })
      for (const gone of expr.terms) push(without(expr, gone))
      break
    case 'binary':
      for (const operator of SWAPS[expr.operator] ?? []) {
        if (operator !== '==' || !isSet(expr.right)) push({ ...expr, operator })
      }
      break
    case 'if':
      push({ ...expr, yes: expr.no, no: expr.yes })
      push(expr.yes)
      push(expr.no)
      break
    case 'has':
      push(truth(true))
      if (expr.path.length > 1) push({ ...expr, path: expr.path.slice(0, -1) })
      break
    case 'like':
      for (const pattern of patternsBeside(expr.pattern)) push({ ...expr, pattern })
      break
    case 'is':
      if (expr.within !== undefined) push({ ...expr, within: undefined })
      break
    case 'set':
      if (expr.elements.length > 1)
        for (const gone of expr.elements)
          push({ ...expr, elements: expr.elements.filter((element) => element !== gone) })
      break
    case 'call':
      for (const name of CALL_SWAPS[expr.function] ?? []) push({ ...expr, function: name })
      for (const text of argumentsBeside(expr)) push(text)
      break
    case 'literal':
      for (const value of literalsBeside(expr.value)) push({ ...expr, value })
      break
    case 'negate':
    case 'isEmpty':
    case 'attribute':
    case 'record':
    case 'variable':
    case 'slot':
      break
    default:
      return expr satisfies never
  }
  return found
}

const CONDITIONS: ReadonlySet<string> = new Set(['and', 'or', 'has', 'like', 'is', 'isEmpty'])
const TESTS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', 'contains', 'hasTag'])

/** Whether an expression is surely a truth value, and its negation no other mutant of it. */
function isCondition(expr: Expr): boolean {
  if (expr.kind === 'binary') return TESTS.has(expr.operator) && SWAPS[expr.operator] === undefined
  return CONDITIONS.has(expr.kind)
}

function isSet(expr: Expr): boolean {
  return expr.kind === 'set'
}

function without(expr: Expr & { kind: 'and' | 'or' }, gone: Expr): Expr {
  const terms = expr.terms.filter((term) => term !== gone)
  return terms.length === 1 ? (terms[0] as Expr) : { ...expr, terms }
}

function patternsBeside(pattern: readonly string[]): readonly (readonly string[])[] {
  const wider = [
    ...(pattern[0] === '' ? [] : [['', ...pattern]]),
    ...(pattern.at(-1) === '' ? [] : [[...pattern, '']]),
  ]
  return pattern.length > 1 ? [...wider, [pattern.join('')]] : wider
}

type Literal = (Expr & { kind: 'literal' })['value']

/** Entities are left: another name would only be a policy about somebody else. */
function literalsBeside(value: Literal): readonly Literal[] {
  if (typeof value === 'boolean') return [!value]
  if (value instanceof EntityUid) return []
  return typeof value === 'string' ? [`${value}x`] : numbersBeside(value)
}

function numbersBeside(value: Long): readonly Long[] {
  return [add(value, -1), add(value, 1)].flatMap((one) => (one === undefined ? [] : [one]))
}

/** `duration("9h")` a millisecond less and more; texts of constructors are no literals of their own. */
function argumentsBeside(expr: Expr & { kind: 'call' }): readonly Expr[] {
  const constant = constantOf(expr)
  const [argument] = expr.arguments
  if (typeof constant !== 'object' || argument?.kind !== 'literal') return []
  const texts = textsBeside(expr.function, constant as unknown as { ms?: Long; units?: Long })
  return texts.map((value) => ({ ...expr, arguments: [{ ...argument, value }] }))
}

function textsBeside(name: string, { ms, units }: { ms?: Long; units?: Long }): readonly string[] {
  if (name === 'duration' && ms !== undefined) return numbersBeside(ms).map((one) => `${one}ms`)
  if (name === 'decimal' && typeof units === 'number')
    return numbersBeside(units).map((one) => decimalText(Number(one)))
  if (name !== 'datetime' || typeof ms !== 'number') return []
  return numbersBeside(ms).flatMap((one) => {
    const text = new Date(Number(one)).toISOString()
    return readDatetime(text) === undefined ? [] : [text]
  })
}

function decimalText(units: number): string {
  const digits = String(Math.abs(units)).padStart(5, '0')
  return `${units < 0 ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}
