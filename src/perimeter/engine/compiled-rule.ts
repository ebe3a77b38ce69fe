import type { Operator, OperatorArgument } from '../operators/operator.ts'
import { toInteger } from '../operators/comparisons.ts'
import { OPERATORS } from '../operators/table.ts'
import { ruleError } from '../seclang/errors.ts'
import type { Rule } from '../seclang/rule.ts'
import { compileActions } from './actions.ts'
import { type Macro, parseMacro } from './macro.ts'
import type { Scanner } from './scanner.ts'
import { compileTargets, type Target } from './targets.ts'
import { Text, transformationNumber } from './text.ts'
import type { Entry, Transaction } from './transaction.ts'
import { hitsOf, type Unit } from './units.ts'

/** What rules are compiled with. */
export interface CompileParts {
  /** The lines of a data file, relative to a rule file. */
  readonly readLines: (path: string, from: string) => readonly string[]
  /** The scanner for rules of this group (see Engine), and its number. */
  readonly scanner: (rule: Rule) => { readonly scanner: Scanner; readonly number: number }
  /** A number for an operator whose answers are kept. */
  readonly costly: (operator: string) => number
  /** The unit of a target, made if there is none yet. */
  readonly unit: (
    target: Target,
    steps: readonly number[],
    scanner: { readonly scanner: Scanner; readonly number: number },
    id: number,
  ) => Unit
}

/** A rule as loops and closures: its links are the rule and those chained to it. */
export interface CompiledRule {
  readonly rule: Rule
  readonly index: number
  readonly links: readonly Link[]
  readonly msg: Macro
  readonly data: Macro
  readonly location: Macro
  /** Where in its phase a match goes on; the next rule where undefined. */
  goTo: number | undefined
}

interface Link {
  readonly test: (transaction: Transaction, index: number) => boolean
  /** Where these have nothing, it cannot match; undefined where it must be asked. */
  readonly units?: readonly Unit[]
}

/** What SecAction is said to match. */
const NO_ENTRY: Entry = { name: 'UNCONDITIONAL', key: '', text: new Text('') }

/** Compiles a rule and those chained to it. */
export function compileRule(rule: Rule, index: number, parts: CompileParts): CompiledRule {
  const links: Link[] = []
  for (let one: Rule | undefined = rule; one; one = one.chained)
    links.push(compileLink(one, links.length === 0, rule, parts))
  return {
    rule,
    index,
    links,
    msg: parseMacro(rule.msg),
    data: parseMacro(rule.logdata),
    location: parseMacro(rule.disruptionValue),
    goTo: undefined,
  }
}

function compileLink(rule: Rule, isFirst: boolean, head: Rule, parts: CompileParts): Link {
  const acts = compileActions(rule)
  const operator = createOperator(rule, parts)
  const { isNegated } = rule.operator
  const steps = rule.transformations.map(transformationNumber)
  const targets = compileTargets(rule)
  const matched = (t: Transaction, entry: Entry, text: Text): void => {
    const found = text === entry.text ? entry : { name: entry.name, key: entry.key, text }
    t.matchedVar = found
    pending.push(found)
    if (rule.capture && !isNegated) keepCaptures(t, operator.captures?.(text.value))
    for (const act of acts) act(t)
  }
  // Matches of the link that is being tested; rules are never tested inside of rules.
  const pending: Entry[] = []
  /** Forgets what an operator that threw may have left: its exchange was refused, and the next one begins anew. */
  const begin = (): void => {
    if (pending.length > 0) pending.length = 0
  }
  const finish = (t: Transaction): boolean => {
    if (pending.length === 0) return false
    t.matchedVars = pending.slice()
    pending.length = 0
    return true
  }
  if (rule.variables.length === 0) {
    return {
      test(t) {
        begin()
        matched(t, NO_ENTRY, NO_ENTRY.text)
        return finish(t)
      },
    }
  }
  const simple = simpleTest(rule, targets, steps, matched)
  if (simple) {
    return {
      test(t) {
        begin()
        return simple(t) && finish(t)
      },
    }
  }

  const isScanned =
    isFirst &&
    !isNegated &&
    (operator.pattern ?? operator.phrases) !== undefined &&
    targets.some(isManyOrLong)
  const scanner = isScanned ? parts.scanner(head) : undefined
  const id = scanner ? addToScanner(scanner.scanner, operator) : 0
  /** Whether a value could match at all. */
  const mayMatch = (text: Text): boolean => {
    if (!scanner) return true
    const bits = text.scan(scanner.number, scanner.scanner)
    return bits !== undefined && ((bits[id >> 5] as number) & (1 << (id & 31))) !== 0
  }

  const costly = operator.isCostly === true ? parts.costly(rule.operator.name) : undefined
  const ask = (text: Text, t: Transaction): boolean =>
    costly === undefined
      ? operator.matches(text.value, t)
      : text.answer(costly, (value) => operator.matches(value, t))

  const judge = (t: Transaction, index: number, target: Target, entry: Entry): void => {
    if (target.key !== undefined && entry.key !== target.key) return
    if (target.wants && !target.wants(entry.key)) return
    if (isExcluded(t, index, target.view.name, entry.key)) return
    if (!rule.multiMatch) {
      const text = entry.text.through(steps, t.pool)
      if (ask(text, t) !== isNegated) matched(t, entry, text)
      return
    }
    // `multiMatch`: the value is judged before the transformations and after each that changes it.
    let text = entry.text
    if (mayMatch(text) && ask(text, t) !== isNegated) matched(t, entry, text)
    for (const step of steps) {
      const next = text.through([step], t.pool)
      if (next === text) continue
      text = next
      if (mayMatch(text) && ask(text, t) !== isNegated) matched(t, entry, text)
    }
  }
  const direct = (t: Transaction, index: number, target: Target): void => {
    if (target.isCount) {
      const count = t.passingEntry(
        `&${target.view.name}${target.key === undefined ? '' : `:${target.key}`}`,
        '',
        String(countOf(t, target)),
      )
      if (operator.matches(count.text.value, t) !== isNegated) matched(t, count, count.text)
      return
    }
    if (target.view.get && target.key !== undefined) {
      const value = target.view.get(t, target.key)
      if (value !== undefined)
        judge(
          t,
          index,
          target,
          t.passingEntry(`${target.view.name}:${target.key}`, target.key, String(value)),
        )
      return
    }
    const { get, keys } = target.view
    if (get && keys && target.wants) {
      for (const key of keys(t))
        if (target.wants(key))
          judge(t, index, target, t.passingEntry(`${target.view.name}:${key}`, key, String(get(t, key))))
      return
    }
    for (const entry of t.entries(target.view)) judge(t, index, target, entry)
  }

  if (!scanner || rule.multiMatch) {
    return {
      test(t, index) {
        begin()
        for (const target of targets) direct(t, index, target)
        return finish(t)
      },
    }
  }
  const isFinal = operator.pattern === undefined
  const looks = targets.map((target) => ({
    target,
    unit:
      target.isCount || target.view.lifetime === 'live' ? undefined : parts.unit(target, steps, scanner, id),
  }))
  const units = looks.flatMap(({ unit }) => unit ?? [])
  return {
    ...(units.length === looks.length && { units }),
    test(t, index) {
      begin()
      for (const { target, unit } of looks) {
        if (!unit) {
          direct(t, index, target)
          continue
        }
        const hits = hitsOf(unit, t)?.get(id)
        if (!hits) continue
        for (const { entry, text } of hits) {
          if (target.wants && !target.wants(entry.key)) continue
          if (isExcluded(t, index, target.view.name, entry.key)) continue
          if (isFinal || operator.matches(text.value, t)) matched(t, entry, text)
        }
      }
      return finish(t)
    },
  }
}

/** Values that are short and single are judged by themselves; a scan is for those that many rules look at. */
function isManyOrLong({ view, key, isCount }: Target): boolean {
  return key === undefined && !isCount && view.lifetime !== 'live' && !SHORT_AND_SINGLE.has(view.name)
}

const SHORT_AND_SINGLE = new Set(
  'REQUEST_METHOD REQUEST_PROTOCOL REQUEST_BASENAME REMOTE_ADDR REMOTE_HOST RESPONSE_STATUS UNIQUE_ID AUTH_TYPE SERVER_NAME'.split(
    ' ',
  ),
)

function addToScanner(scanner: Scanner, { pattern, phrases }: Operator): number {
  return pattern ? scanner.addPattern(pattern) : scanner.addPhrases(phrases as readonly string[])
}

/** The most frequent shape, a number in one TX variable or a count, without entries and texts. */
function simpleTest(
  rule: Rule,
  targets: readonly Target[],
  steps: readonly number[],
  matched: (t: Transaction, entry: Entry, text: Text) => void,
): ((t: Transaction) => boolean) | undefined {
  const [target] = targets
  const { name, argument, isNegated } = rule.operator
  const compare = COMPARISONS[name]
  if (targets.length !== 1 || !target || !compare || steps.length > 0 || rule.multiMatch || rule.capture)
    return undefined
  if (target.wants || target.key === undefined || !target.view.get) return undefined
  const { get } = target.view
  const { key, isCount } = target
  const macro = parseMacro(argument)
  const constant = macro.constant === undefined ? undefined : toInteger(macro.constant)
  const entryName = `${isCount ? '&' : ''}${target.view.name}:${key}`
  return (t) => {
    const value = get(t, key)
    if (value === undefined && !isCount) return false
    const number = isCount
      ? value === undefined
        ? 0
        : 1
      : typeof value === 'number'
        ? value
        : toInteger(value as string)
    if (compare(number, constant ?? toInteger(t.expand(macro))) === isNegated) return false
    const entry = t.passingEntry(entryName, key, String(isCount ? number : value))
    matched(t, entry, entry.text)
    return true
  }
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ge: (a, b) => a >= b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  lt: (a, b) => a < b,
}

function createOperator(rule: Rule, parts: CompileParts): Operator {
  const word = OPERATORS.get(rule.operator.name)
  if (!word || 'why' in word) throw ruleError(rule.origin, `@${rule.operator.name} is not an operator`)
  const argument: OperatorArgument = {
    text: rule.operator.argument,
    macro: parseMacro(rule.operator.argument),
    origin: rule.origin,
    readLines: (path) => parts.readLines(path, rule.origin.file),
  }
  return word.create(argument)
}

function countOf(t: Transaction, target: Target): number {
  if (target.view.get && target.key !== undefined) return target.view.get(t, target.key) === undefined ? 0 : 1
  let count = 0
  for (const entry of t.entries(target.view)) {
    if (target.key !== undefined && entry.key !== target.key) continue
    if (!target.wants || target.wants(entry.key)) count++
  }
  return count
}

function isExcluded(t: Transaction, index: number, view: string, key: string): boolean {
  return t.excluded?.get(index)?.some((test) => test(view, key)) ?? false
}

/** TX:0 to TX:9. Those of an earlier match do not stay. */
function keepCaptures(t: Transaction, groups: readonly (string | undefined)[] | undefined): void {
  for (let i = 0; i < 10; i++) {
    const group = groups?.[i]
    if (group === undefined) t.tx.delete(String(i))
    else t.tx.set(String(i), group)
  }
}
