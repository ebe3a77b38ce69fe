import { type ActionScope, type Expr, isLabel, type Policy, type Scope } from './ast.ts'
import { quote, quotePattern } from './escape.ts'
import { FUNCTIONS } from './extensions/functions.ts'
import { EntityUid } from './value.ts'

/** How tightly a construct binds; what binds less than its place asks for stands in parentheses. */
const LEVEL = { whole: 0, or: 1, and: 2, relation: 3, sum: 4, product: 5, unary: 6, member: 7 } as const

type Level = (typeof LEVEL)[keyof typeof LEVEL]

/** A policy or template as Cedar text, for those that came as JSON or were made; `formatPolicies` breaks lines. */
export function policyToText(policy: Policy): string {
  const annotations = [...policy.annotations].map(([name, value]) =>
    value === '' ? `@${name}\n` : `@${name}(${quote(value)})\n`,
  )
  const head = [
    scopeToText('principal', policy.principal),
    actionToText(policy.action),
    scopeToText('resource', policy.resource),
  ].join(', ')
  const conditions = policy.conditions.map(({ kind, body }) => `\n${kind} { ${expressionToText(body)} }`)
  return `${annotations.join('')}${policy.effect} (${head})${conditions.join('')};\n`
}

function scopeToText(variable: string, scope: Scope): string {
  if (scope.kind === 'any') return variable
  if (scope.kind !== 'is')
    return `${variable} ${scope.kind === 'equals' ? '==' : 'in'} ${scope.target.toString()}`
  return `${variable} is ${scope.type}${scope.within === undefined ? '' : ` in ${scope.within.toString()}`}`
}

function actionToText(scope: ActionScope): string {
  if (scope.kind === 'any') return 'action'
  if (scope.kind === 'inAny')
    return `action in [${scope.targets.map((target) => target.toString()).join(', ')}]`
  return `action ${scope.kind === 'equals' ? '==' : 'in'} ${scope.target.toString()}`
}

/** An expression as Cedar text. */
export function expressionToText(expr: Expr): string {
  return write(expr, LEVEL.whole)
}

function write(expr: Expr, least: Level): string {
  const [text, level] = writeBare(expr)
  return level < least ? `(${text})` : text
}

function writeBare(expr: Expr): readonly [text: string, level: Level] {
  switch (expr.kind) {
    case 'literal':
      return literal(expr.value)
    case 'variable':
    case 'slot':
      return [expr.name, LEVEL.member]
    case 'not':
      return [`!${write(expr.of, LEVEL.member)}`, LEVEL.unary]
    case 'negate': {
      const of = write(expr.of, LEVEL.member)
      return [expr.of.kind === 'literal' && !of.startsWith('(') ? `-(${of})` : `-${of}`, LEVEL.unary]
    }
    case 'isEmpty':
      return [`${write(expr.of, LEVEL.member)}.isEmpty()`, LEVEL.member]
    case 'and':
      return [expr.terms.map((term) => write(term, LEVEL.relation)).join(' && '), LEVEL.and]
    case 'or':
      return [expr.terms.map((term) => write(term, LEVEL.and)).join(' || '), LEVEL.or]
    case 'binary':
      return binary(expr)
    case 'if': {
      const parts = [expr.test, expr.yes, expr.no].map((part) => write(part, LEVEL.whole))
      return [`if ${parts[0]} then ${parts[1]} else ${parts[2]}`, LEVEL.whole]
    }
    case 'attribute':
      return [`${write(expr.of, LEVEL.member)}${access(expr.name)}`, LEVEL.member]
    case 'has':
      return has(expr.of, expr.path)
    case 'like':
      return [`${write(expr.of, LEVEL.sum)} like ${quotePattern(expr.pattern)}`, LEVEL.relation]
    case 'is': {
      const within = expr.within === undefined ? '' : ` in ${write(expr.within, LEVEL.sum)}`
      return [`${write(expr.of, LEVEL.sum)} is ${expr.type}${within}`, LEVEL.relation]
    }
    case 'set':
      return [`[${expr.elements.map((element) => write(element, LEVEL.whole)).join(', ')}]`, LEVEL.member]
    case 'record': {
      const fields = expr.fields.map(({ name, value }) => `${label(name)}: ${write(value, LEVEL.whole)}`)
      return [`{${fields.join(', ')}}`, LEVEL.member]
    }
    case 'call':
      return call(expr.function, expr.arguments)
    default:
      return expr satisfies never
  }
}

function literal(value: (Expr & { kind: 'literal' })['value']): readonly [string, Level] {
  if (typeof value === 'string') return [quote(value), LEVEL.member]
  if (value instanceof EntityUid || typeof value === 'boolean') return [String(value), LEVEL.member]
  return [String(value), value < 0 ? LEVEL.unary : LEVEL.member]
}

function binary({ operator, left, right }: Expr & { kind: 'binary' }): readonly [string, Level] {
  if (/^[a-z]{3,}/.test(operator))
    return [`${write(left, LEVEL.member)}.${operator}(${write(right, LEVEL.whole)})`, LEVEL.member]
  if (operator === '*') return [`${write(left, LEVEL.product)} * ${write(right, LEVEL.unary)}`, LEVEL.product]
  if (operator === '+' || operator === '-')
    return [`${write(left, LEVEL.sum)} ${operator} ${write(right, LEVEL.product)}`, LEVEL.sum]
  return [`${write(left, LEVEL.sum)} ${operator} ${write(right, LEVEL.sum)}`, LEVEL.relation]
}

function label(name: string): string {
  return isLabel(name) ? name : quote(name)
}

function access(name: string): string {
  return isLabel(name) ? `.${name}` : `[${quote(name)}]`
}

/** A path with names that want quotes is written as what it means. */
function has(of: Expr, path: readonly string[]): readonly [string, Level] {
  const left = write(of, LEVEL.sum)
  if (path.length === 1) return [`${left} has ${label(path[0] as string)}`, LEVEL.relation]
  if (path.every(isLabel)) return [`${left} has ${path.join('.')}`, LEVEL.relation]
  let inner = write(of, LEVEL.member)
  const tests = path.map((name, at) => {
    const test = `${at === 0 ? left : inner} has ${label(name)}`
    inner += access(name)
    return test
  })
  return [tests.join(' && '), LEVEL.and]
}

function call(name: string, given: readonly Expr[]): readonly [string, Level] {
  const [first, ...more] = given
  const isMethod = FUNCTIONS.get(name)?.style === 'method' && first !== undefined
  const inner = (isMethod ? more : given).map((argument) => write(argument, LEVEL.whole)).join(', ')
  return [isMethod ? `${write(first, LEVEL.member)}.${name}(${inner})` : `${name}(${inner})`, LEVEL.member]
}
