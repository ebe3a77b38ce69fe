import type { Expr } from '../cedar/ast.ts'
import { FUNCTIONS } from '../cedar/extensions/functions.ts'
import { IpAddress } from '../cedar/extensions/ipaddr.ts'
import { Fault, type Value } from '../cedar/value.ts'
import { integer, order, whole, wholeNumber } from './comparison.ts'
import type { Comparison, Operand, Predicate } from './predicate.ts'
import { and, decide, FAULT, or, type Rails } from './predicates.ts'
import { fits, measure, named, reject, type Scene, type Staged, stagedBool } from './staged.ts'
import { isDefined, known, type ScalarName, type Single, spread, spreadTerm, type Term } from './term.ts'

type Stage = (expr: Expr, scene: Scene) => Staged

const ORDERS: Readonly<Record<string, Comparison>> = {
  lessThan: '<',
  lessThanOrEqual: '<=',
  greaterThan: '>',
  greaterThanOrEqual: '>=',
}

/** Divisors of a duration, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  toMilliseconds: 1,
  toSeconds: 1000,
  toMinutes: 60_000,
  toHours: 3_600_000,
  toDays: 86_400_000,
}

const DAY_MS = 86_400_000

/** A function or method of an extension type, of which at least one argument is not known. */
export function stageCall(expr: Expr & { kind: 'call' }, scene: Scene, stage: Stage): Staged {
  const { function: name, at } = expr
  const found = FUNCTIONS.get(name)
  if (found === undefined || found.parameters.length !== expr.arguments.length)
    return reject(`there is no function \`${name}\` with ${expr.arguments.length} argument(s)`, at)
  if (found.style === 'function')
    return reject(
      `\`${name}()\` of a value in the database cannot be translated; give the attribute that type`,
      at,
    )
  const parts = expr.arguments.map((argument) => stage(argument, scene))
  for (const [index, { type }] of parts.entries()) {
    const wanted = found.parameters[index]
    const isFit = type?.kind === 'extension' ? type.name === wanted : fits(type)
    if (!isFit) reject(`\`${name}\` takes ${found.parameters.join(' and ')}, not ${named(type)}`, at)
  }
  const [first, second = NONE] = parts as [Staged, Staged | undefined]
  const { size, choices } = measure(first, second)
  if (found.result === 'Bool') {
    return stagedBool(
      (binding) => spread(first.bind(binding), second.bind(binding), (one, other) => test(name, one, other)),
      size,
    )
  }
  return {
    type:
      found.result === 'Long' ? { kind: 'Long' } : { kind: 'extension', name: found.result as 'datetime' },
    run: undefined,
    bind: (binding) =>
      spreadTerm(first.bind(binding), second.bind(binding), (one, other) => compute(name, one, other)),
    size,
    choices,
  }
}

const NONE: Staged = { type: undefined, run: undefined, bind: () => known(false), size: 1 }

function isAllKnown(one: Single, other: Single): boolean {
  return one.kind === 'known' && other.kind === 'known'
}

function runKnown(name: string, one: Single, other: Single): Term {
  const [left, right] = [one, other].map((term) => (term as Single & { kind: 'known' }).value)
  if (left instanceof Fault) return known(left)
  if (right instanceof Fault) return known(right)
  const value = FUNCTIONS.get(name)?.run(left as never, right as never)
  return known(value ?? new Fault('extension', 'the result overflows'))
}

function test(name: string, one: Single, other: Single): Rails {
  if (isAllKnown(one, other)) {
    const term = runKnown(name, one, other)
    return term.kind === 'known' && typeof term.value === 'boolean'
      ? decide(term.value ? and() : or(), and())
      : FAULT
  }
  const comparison = ORDERS[name]
  if (comparison !== undefined) return order(comparison, one, other)
  const address = addressOf(one)
  if (address === undefined) return FAULT
  if (name === 'isInRange') {
    const network = addressOf(other)
    if (network === undefined) return FAULT
    const isTotal = (one.kind !== 'scalar' || one.isTotal) && (other.kind !== 'scalar' || other.isTotal)
    return {
      isTrue: and(guardOf(one), guardOf(other), { kind: 'within', of: address, network, wanted: true }),
      isFalse: and(guardOf(one), guardOf(other), { kind: 'within', of: address, network, wanted: false }),
      isTotal,
    }
  }
  if (name === 'isIpv4' || name === 'isIpv6')
    return decide({ kind: 'family', of: address, isV4: name === 'isIpv4' }, isDefined(one))
  const networks = name === 'isLoopback' ? ['127.0.0.0/8', '::1'] : ['224.0.0.0/4', 'ff00::/8']
  const isWithin = networks.map((text): Predicate => {
    const network: Operand = { kind: 'value', value: text, format: 'inet' }
    return { kind: 'within', of: address, network, wanted: true }
  })
  return decide(or(...isWithin), isDefined(one))
}

function addressOf(term: Single): Operand | undefined {
  if (term.kind === 'scalar') return term.type === 'ipaddr' ? term.operand : undefined
  const value: Value | Fault | undefined = term.kind === 'known' ? term.value : undefined
  return value instanceof IpAddress ? { kind: 'value', value: value.toString(), format: 'inet' } : undefined
}

function guardOf(term: Single): Predicate {
  return term.kind === 'scalar' ? term.guard : and()
}

/** All in whole milliseconds, with the same guard against overflow as arithmetic. */
function compute(name: string, one: Single, other: Single): Term {
  if (isAllKnown(one, other)) return runKnown(name, one, other)
  const left = millisecondsOf(one)
  if (left === undefined) return known(NO_TIME)
  const guard = and(guardOf(one), guardOf(other))
  const give = (type: ScalarName, operand: Operand, canOverflow: boolean): Term => {
    const isFit: Predicate = canOverflow ? { kind: 'fits', of: operand } : and()
    return { kind: 'scalar', type, operand, guard: and(guard, isFit), isTotal: false }
  }
  const unit = UNITS[name]
  if (unit === 1) return give('Long', left, false)
  if (unit !== undefined)
    return give('Long', { kind: 'quotient', of: left, by: unit, format: 'integer' }, false)
  if (name === 'toTime') return give('duration', sinceMidnight(left), false)
  if (name === 'toDate') return give('datetime', calculate('-', left, sinceMidnight(left)), true)
  const right = millisecondsOf(other)
  if (right === undefined) return known(NO_TIME)
  if (name === 'offset') return give('datetime', calculate('+', left, right), true)
  return give('duration', calculate('-', left, right), true)
}

const NO_TIME = new Fault('type', 'expected a datetime or a duration')

function millisecondsOf(term: Single): Operand | undefined {
  if (term.kind === 'scalar') return whole(term.operand)
  if (term.kind !== 'known' || term.value instanceof Fault) return undefined
  const ms = wholeNumber(term.value)
  return ms === undefined ? undefined : integer(ms)
}

function calculate(operator: '+' | '-' | '*', left: Operand, right: Operand): Operand {
  return { kind: 'arithmetic', operator, left, right, format: 'integer' }
}

/** Milliseconds since midnight, also before 1970: the remainder of a remainder made positive. */
function sinceMidnight(ms: Operand): Operand {
  const rest = (of: Operand): Operand => ({ kind: 'remainder', of, by: DAY_MS, format: 'integer' })
  return rest(calculate('+', rest(ms), integer(DAY_MS)))
}
