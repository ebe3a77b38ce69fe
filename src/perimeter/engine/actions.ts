import { ruleError } from '../seclang/errors.ts'
import type { ActionRef, Rule } from '../seclang/rule.ts'
import { parseIdRange } from '../seclang/rule-set.ts'
import { parseVariables } from '../seclang/variables.ts'
import { toInteger } from '../operators/comparisons.ts'
import { parseMacro } from './macro.ts'
import type { BodyProcessor } from '../bodies/body-kind.ts'
import type { Transaction } from './transaction.ts'
import { keyTest } from './targets.ts'

/** Something that a rule does when it matches. */
export type Act = (transaction: Transaction) => void

const PROCESSORS: readonly string[] = ['URLENCODED', 'MULTIPART', 'JSON', 'XML']
const PERSISTENT = new Set(['global', 'ip', 'session', 'user', 'resource'])

/** Compiles what a rule does besides stopping the exchange, in order. */
export function compileActions(rule: Rule): Act[] {
  return rule.actions.flatMap((ref) => compileAction(ref, rule))
}

function compileAction(ref: ActionRef, rule: Rule): Act[] {
  switch (ref.name) {
    case 'setvar':
      return [compileSetvar(ref.value, rule)]
    case 'expirevar':
      return [compileExpirevar(ref.value, rule)]
    case 'initcol': {
      const [name, key = ''] = splitOnce(ref.value, '=')
      const collection = name.trim().toLowerCase()
      if (!PERSISTENT.has(collection))
        throw ruleError(rule.origin, `initcol:${name} is not one of ${[...PERSISTENT].join(', ')}`)
      return [opening(collection, key)]
    }
    case 'setsid':
      return [opening('session', ref.value)]
    case 'setuid':
      return [opening('user', ref.value)]
    case 'setrsc':
      return [opening('resource', ref.value)]
    case 'setenv': {
      const [name, value = ''] = splitOnce(ref.value, '=')
      const macro = parseMacro(value)
      return [(t) => void t.env.set(name.toLowerCase(), t.expand(macro))]
    }
    default:
      return compileControl(ref.value, rule)
  }
}

function opening(collection: string, key: string): Act {
  const macro = parseMacro(key.trim())
  return (t) => t.openCollection(collection, t.expand(macro).slice(0, 200))
}

/** `tx.a=1`, `tx.a=+%{tx.b}`, `tx.a=-1`, `!tx.a`, `tx.a`. */
function compileSetvar(text: string, rule: Rule): Act {
  const isRemoval = text.startsWith('!')
  const [left, right] = splitOnce(isRemoval ? text.slice(1) : text, '=')
  const dot = left.indexOf('.')
  const collection = left.slice(0, dot).trim().toLowerCase()
  const key = parseMacro(
    left
      .slice(dot + 1)
      .trim()
      .toLowerCase(),
  )
  if (collection !== 'tx' && collection !== 'env' && !PERSISTENT.has(collection))
    throw ruleError(rule.origin, `setvar:${text}: ${collection} is no collection that rules may write`)
  const variables = (t: Transaction): Map<string, string | number> | undefined =>
    collection === 'tx' ? t.tx : collection === 'env' ? t.env : t.collection(collection)
  const constantKey = key.constant
  const keyOf = (t: Transaction): string => constantKey ?? t.expand(key).toLowerCase()
  if (isRemoval) return (t) => void variables(t)?.delete(keyOf(t))
  const sign = right?.[0] === '+' ? 1 : right?.[0] === '-' ? -1 : 0
  if (sign === 0) {
    const value = parseMacro(right ?? '1')
    return (t) => void variables(t)?.set(keyOf(t), t.expand(value))
  }
  const amount = parseMacro((right as string).slice(1))
  return (t) => {
    const map = variables(t)
    if (!map) return
    const name = keyOf(t)
    const before = map.get(name) ?? 0
    const by = amount.constant === undefined ? toInteger(t.expand(amount)) : toInteger(amount.constant)
    map.set(name, (typeof before === 'number' ? before : toInteger(before)) + sign * by)
  }
}

function compileExpirevar(text: string, rule: Rule): Act {
  const [left, right] = splitOnce(text, '=')
  const dot = left.indexOf('.')
  const collection = left.slice(0, dot).trim().toLowerCase()
  const seconds = parseMacro(right ?? '')
  if (collection === 'tx') return () => undefined
  if (!PERSISTENT.has(collection) || right === undefined)
    throw ruleError(rule.origin, `expirevar:${text}: write it as expirevar:ip.name=seconds`)
  const value = left
    .slice(dot + 1)
    .trim()
    .toLowerCase()
  return (t) => {
    const key = t.collectionKey(collection)
    if (key === undefined) return
    t.engine.collections.expire(collection, key, value, t.now() + toInteger(t.expand(seconds)) * 1000)
  }
}

function compileControl(text: string, rule: Rule): Act[] {
  const [rawOption, rawValue = ''] = splitOnce(text, '=')
  const option = rawOption.trim().toLowerCase()
  const value = rawValue.trim()
  const isOn = value.toLowerCase() === 'on'
  switch (option) {
    case 'ruleengine': {
      const mode = ({ on: 'on', off: 'off', detectiononly: 'detect' } as const)[value.toLowerCase()]
      if (!mode) throw ruleError(rule.origin, `ctl:ruleEngine=${value} is not on, off or DetectionOnly`)
      return [(t) => void (t.mode = mode)]
    }
    case 'requestbodyprocessor': {
      const processor = value.toUpperCase()
      if (!PROCESSORS.includes(processor))
        throw ruleError(
          rule.origin,
          `ctl:requestBodyProcessor=${value} is not one of ${PROCESSORS.join(', ')}`,
        )
      return [(t) => void (t.bodyProcessor = processor as BodyProcessor)]
    }
    case 'forcerequestbodyvariable':
      return [(t) => void (t.forceRequestBody = isOn)]
    case 'requestbodyaccess':
      return [(t) => void (t.requestBodyAccess = isOn)]
    case 'responsebodyaccess':
      return [(t) => void (t.responseBodyAccess = isOn)]
    case 'requestbodylimit':
      return [(t) => void (t.requestBodyLimit = toInteger(value))]
    case 'responsebodylimit':
      return [(t) => void (t.responseBodyLimit = toInteger(value))]
    case 'ruleremovebyid':
    case 'ruleremovebytag':
    case 'ruleremovebymsg':
      return [removal(selector(option.slice(12), value, rule))]
    case 'ruleremovetargetbyid':
    case 'ruleremovetargetbytag':
    case 'ruleremovetargetbymsg':
      return [exclusion(option.slice(18), value, rule)]
    default:
      // The audit log and the debug log are Ringwall's own.
      return []
  }
}

/** Which rules `byId`, `byTag` and `byMsg` mean. */
function selector(by: string, value: string, rule: Rule): (one: Rule) => boolean {
  if (value === '') throw ruleError(rule.origin, 'this ctl needs a value')
  if (by === 'id') {
    const ranges = value.split(/[\s,]+/).map(parseIdRange)
    if (ranges.some((range) => range === undefined))
      throw ruleError(rule.origin, `${value} is not a rule id or a range of them`)
    return (one) => ranges.some((range) => range && one.id >= range[0] && one.id <= range[1])
  }
  return by === 'tag'
    ? (one) => one.tags.some((tag) => tag.includes(value))
    : (one) => one.msg.includes(value)
}

function removal(isMeant: (one: Rule) => boolean): Act {
  let indices: readonly number[] | undefined
  return (t) => {
    indices ??= t.engine.indicesOf(isMeant)
    t.removed ??= new Uint8Array(t.engine.ruleCount)
    for (const index of indices) t.removed[index] = 1
  }
}

function exclusion(by: string, value: string, rule: Rule): Act {
  const [which, targets] = splitOnce(value, ';')
  if (targets === undefined)
    throw ruleError(rule.origin, `${value}: write the rule and the target, as in 942100;ARGS:name`)
  const isMeant = selector(by, which, rule)
  const tests = parseVariables(targets, rule.origin).map((ref) => {
    const isKey = keyTest(ref)
    return (view: string, key: string): boolean => view === ref.name && isKey(key)
  })
  let indices: readonly number[] | undefined
  return (t) => {
    indices ??= t.engine.indicesOf(isMeant)
    t.excluded ??= new Map()
    for (const index of indices) t.excluded.set(index, [...(t.excluded.get(index) ?? []), ...tests])
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
