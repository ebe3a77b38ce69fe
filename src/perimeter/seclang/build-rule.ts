import { TRANSFORMATIONS } from '../transformations/table.ts'
import { parseActions } from './actions.ts'
import { didYouMean, ruleError } from './errors.ts'
import type { ActionRef, Disruption, Origin, OperatorRef, Rule, VariableRef } from './rule.ts'
import { parseVariables } from './variables.ts'
import { ACTIONS, CONTROLS } from './vocabulary.ts'

/** The default actions of each phase (`SecDefaultAction`). */
export interface Defaults {
  readonly disruption: Disruption
  readonly disruptionValue: string
  readonly status: number
  readonly isLogged: boolean
  readonly transformations: readonly string[]
}

/** Names of operators that a rule may use, in lower case, and why others are not to be had. */
export interface OperatorNames {
  has(name: string): boolean
  why(name: string): string | undefined
  names(): Iterable<string>
}

export const NO_DEFAULTS: Defaults = {
  disruption: 'pass',
  disruptionValue: '',
  status: 403,
  isLogged: true,
  transformations: [],
}

const SEVERITIES = ['EMERGENCY', 'ALERT', 'CRITICAL', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG']
const PHASES: Readonly<Record<string, number>> = { request: 2, response: 4, logging: 5 }
const DISRUPTIVE = new Set(['allow', 'block', 'deny', 'drop', 'pass', 'redirect'])
const ACTING = new Set(['setvar', 'expirevar', 'initcol', 'setsid', 'setuid', 'setrsc', 'setenv', 'ctl'])

/** A rule as it is read, before its chained rules are known. */
export interface Draft {
  readonly rule: Rule
  readonly opensChain: boolean
}

/** Builds one rule of its three arguments; `variables` undefined for SecAction. */
export function buildRule(
  parts: {
    readonly origin: Origin
    readonly variables: string | undefined
    readonly operator: string | undefined
    readonly actions: string
  },
  defaults: ReadonlyMap<number, Defaults>,
  operators: OperatorNames,
  chainHead: Rule | undefined,
): Draft {
  const { origin } = parts
  const refs = parseActions(parts.actions, origin)
  for (const { name } of refs) checkAction(name, origin)
  const last = (name: string): string | undefined => refs.findLast((ref) => ref.name === name)?.value
  const has = (name: string): boolean => refs.some((ref) => ref.name === name)
  const phase = chainHead ? chainHead.phase : phaseOf(last('phase'), origin)
  const id = idOf(last('id'), chainHead !== undefined, origin)
  const phaseDefaults = defaults.get(phase) ?? NO_DEFAULTS
  const disruptive = refs.findLast((ref) => DISRUPTIVE.has(ref.name))
  const logs = refs.findLast((ref) => ref.name === 'log' || ref.name === 'nolog')
  const transformations = [...phaseDefaults.transformations]
  for (const ref of refs) {
    if (ref.name !== 't') continue
    const name = ref.value.toLowerCase()
    if (name === 'none') transformations.length = 0
    else if (TRANSFORMATIONS.has(name)) transformations.push(name)
    else
      throw ruleError(
        origin,
        `t:${ref.value} is not a transformation${didYouMean(ref.value, TRANSFORMATIONS.keys())}`,
      )
  }
  const variables: VariableRef[] =
    parts.variables === undefined ? [] : parseVariables(parts.variables, origin)
  return {
    opensChain: has('chain'),
    rule: {
      origin,
      id,
      phase,
      variables,
      operator:
        parts.operator === undefined
          ? { name: 'unconditionalmatch', argument: '', isNegated: false }
          : parseOperator(parts.operator, operators, origin),
      transformations,
      multiMatch: has('multimatch'),
      capture: has('capture'),
      disruption: (disruptive?.name ?? (chainHead ? 'pass' : phaseDefaults.disruption)) as Disruption,
      disruptionValue: disruptive?.value ?? phaseDefaults.disruptionValue,
      status: has('status')
        ? numberOf('status', last('status') as string, 100, 599, origin)
        : phaseDefaults.status,
      msg: last('msg') ?? '',
      logdata: last('logdata') ?? '',
      severity: severityOf(last('severity'), origin),
      tags: refs.filter((ref) => ref.name === 'tag').map((ref) => ref.value),
      rev: last('rev') ?? '',
      ver: last('ver') ?? '',
      maturity: has('maturity') ? numberOf('maturity', last('maturity') as string, 1, 9, origin) : undefined,
      accuracy: has('accuracy') ? numberOf('accuracy', last('accuracy') as string, 1, 9, origin) : undefined,
      isLogged: logs ? logs.name === 'log' : phaseDefaults.isLogged,
      skip: has('skip') ? numberOf('skip', last('skip') as string, 1, 100_000, origin) : 0,
      skipAfter: last('skipafter') ?? '',
      actions: refs.filter((ref) => ACTING.has(ref.name)).map((ref) => checkedAction(ref, origin)),
      chained: undefined,
    },
  }
}

/** Reads `SecDefaultAction`. */
export function buildDefaults(
  text: string,
  origin: Origin,
): { readonly phase: number; readonly defaults: Defaults } {
  const refs = parseActions(text, origin)
  for (const { name } of refs) checkAction(name, origin)
  const phase = phaseOf(refs.find((ref) => ref.name === 'phase')?.value, origin)
  const disruptive = refs.findLast((ref) => DISRUPTIVE.has(ref.name))
  if (!disruptive || disruptive.name === 'block')
    throw ruleError(origin, 'SecDefaultAction needs one of pass, deny, drop, allow or redirect')
  const logs = refs.findLast((ref) => ref.name === 'log' || ref.name === 'nolog')
  const status = refs.find((ref) => ref.name === 'status')?.value
  return {
    phase,
    defaults: {
      disruption: disruptive.name as Disruption,
      disruptionValue: disruptive.value,
      status: status === undefined ? 403 : numberOf('status', status, 100, 599, origin),
      isLogged: logs?.name !== 'nolog',
      transformations: refs
        .filter((ref) => ref.name === 't' && ref.value.toLowerCase() !== 'none')
        .map((ref) => ref.value.toLowerCase()),
    },
  }
}

function parseOperator(text: string, operators: OperatorNames, origin: Origin): OperatorRef {
  let rest = text
  const isNegated = rest.startsWith('!')
  if (isNegated) rest = rest.slice(1).trimStart()
  if (!rest.startsWith('@')) return { name: 'rx', argument: rest, isNegated }
  const end = rest.search(/\s/)
  const written = end < 0 ? rest.slice(1) : rest.slice(1, end)
  const name = written.toLowerCase()
  const why = operators.why(name)
  if (why !== undefined) throw ruleError(origin, `@${written} is not supported: ${why}`)
  if (!operators.has(name))
    throw ruleError(origin, `@${written} is not an operator${didYouMean(written, operators.names())}`)
  const argument = end < 0 ? '' : rest.slice(end + 1)
  // Blanks belong to a regular expression; other operators do not see those around their argument.
  return { name, argument: name === 'rx' || name === 'rxglobal' ? argument : argument.trim(), isNegated }
}

function checkAction(name: string, origin: Origin): void {
  const word = ACTIONS.get(name.replace('sanitize', 'sanitise'))
  if (!word) throw ruleError(origin, `\`${name}\` is not an action${didYouMean(name, ACTIONS.keys())}`)
  if (word.why !== undefined) throw ruleError(origin, `the action \`${name}\` is not supported: ${word.why}`)
}

function checkedAction(ref: ActionRef, origin: Origin): ActionRef {
  if (ref.name === 'ctl') {
    const option = (ref.value.split('=')[0] as string).trim().toLowerCase()
    if (!CONTROLS.has(option))
      throw ruleError(origin, `ctl:${option} is not supported${didYouMean(option, CONTROLS)}`)
  }
  if (ref.name === 'setvar' && !/^!?[\w]+\./.test(ref.value))
    throw ruleError(origin, `setvar:${ref.value} names no collection; write it as setvar:tx.name=value`)
  return ref
}

function idOf(text: string | undefined, isChained: boolean, origin: Origin): number {
  if (isChained) {
    if (text !== undefined) throw ruleError(origin, 'only the first rule of a chain has an id')
    return 0
  }
  if (text === undefined) throw ruleError(origin, 'the rule has no id; give it one with id:NUMBER')
  return numberOf('id', text, 1, Number.MAX_SAFE_INTEGER, origin)
}

function phaseOf(text: string | undefined, origin: Origin): 1 | 2 | 3 | 4 | 5 {
  const phase = text === undefined ? 2 : (PHASES[text.toLowerCase()] ?? Number(text))
  if (![1, 2, 3, 4, 5].includes(phase))
    throw ruleError(origin, `phase:${text} is not one of 1 to 5, request, response, logging`)
  return phase as 1 | 2 | 3 | 4 | 5
}

function severityOf(text: string | undefined, origin: Origin): number | undefined {
  if (text === undefined) return undefined
  const index = SEVERITIES.indexOf(text.toUpperCase())
  return index >= 0 ? index : numberOf('severity', text, 0, 7, origin)
}

function numberOf(name: string, text: string, min: number, max: number, origin: Origin): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > max)
    throw ruleError(origin, `${name}:${text} is not a number from ${min} to ${max}`)
  return number
}
