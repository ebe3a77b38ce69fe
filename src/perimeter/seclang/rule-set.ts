import { buildDefaults, buildRule, type Defaults, type OperatorNames } from './build-rule.ts'
import { didYouMean, ruleError } from './errors.ts'
import { type Line, readLines } from './lines.ts'
import { isMarker, type Origin, type Rule, type Step, type VariableRef } from './rule.ts'
import { applySetting, DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { parseVariables } from './variables.ts'
import { DIRECTIVES } from './vocabulary.ts'

/** What rule files are read with; the firewall itself opens none. */
export interface RuleFiles {
  /** The text of a file as a byte string; throws where it cannot be read. */
  read(path: string): string
  /** The paths that an Include names, in order; `from` is the including file. */
  resolve(pattern: string, from: string): readonly string[]
}

/** Rules in order, and the settings of the engine. */
export interface RuleSet {
  readonly steps: readonly Step[]
  readonly settings: Settings
  readonly files: readonly string[]
}

const MAX_INCLUDES = 1000
const MAX_RULES = 20_000

/** Reads rule files and applies their updates and removals. Throws RingwallError with file and line. */
export function loadRules(paths: readonly string[], files: RuleFiles, operators: OperatorNames): RuleSet {
  const loader = new Loader(files, operators)
  for (const path of paths) loader.file(path)
  return loader.finish()
}

class Loader {
  readonly #files: RuleFiles
  readonly #operators: OperatorNames
  readonly #read: string[] = []
  readonly #open: string[] = []
  readonly #defaults = new Map<number, Defaults>()
  readonly #ids = new Map<number, Origin>()
  #steps: Step[] = []
  #settings: Settings = DEFAULT_SETTINGS
  /** The rules of a chain that is still open, its head first. */
  #chain: Rule[] = []

  constructor(files: RuleFiles, operators: OperatorNames) {
    this.#files = files
    this.#operators = operators
  }

  file(path: string, from?: Origin): void {
    const here = from ?? { file: path, line: 1 }
    if (this.#open.includes(path)) throw ruleError(here, `${path} includes itself`)
    if (this.#read.push(path) > MAX_INCLUDES) throw ruleError(here, `more than ${MAX_INCLUDES} files`)
    this.#open.push(path)
    for (const line of readLines(path, this.#files.read(path))) this.#directive(line)
    this.#endOfChain(`${path} ends in the middle of a chain`)
    this.#open.pop()
  }

  finish(): RuleSet {
    return { steps: this.#steps, settings: this.#settings, files: this.#read }
  }

  #directive(line: Line): void {
    const { origin, name, args } = line
    const known = [...DIRECTIVES.keys()].find((one) => one.toLowerCase() === name.toLowerCase())
    const word = known === undefined ? undefined : DIRECTIVES.get(known)
    if (known === undefined || !word)
      throw ruleError(origin, `${name} is not a directive${didYouMean(name, DIRECTIVES.keys())}`)
    if (word.why !== undefined) throw ruleError(origin, `${known} is not supported: ${word.why}`)
    if (word.note !== undefined) return
    if (known !== 'SecRule') this.#endOfChain('a chain must go on with the next SecRule')
    switch (known) {
      case 'SecRule':
        this.#rule(line)
        break
      case 'SecAction':
        this.#add(origin, { variables: undefined, operator: undefined, actions: need(line, 0) })
        break
      case 'SecMarker':
        this.#steps.push({ marker: need(line, 0), origin })
        break
      case 'SecDefaultAction': {
        const { phase, defaults } = buildDefaults(need(line, 0), origin)
        this.#defaults.set(phase, defaults)
        break
      }
      case 'Include':
        for (const path of this.#files.resolve(need(line, 0), origin.file)) this.file(path, origin)
        break
      case 'SecRuleRemoveById':
        this.#remove(byIds(args, origin))
        break
      case 'SecRuleRemoveByTag':
        this.#remove(byText(need(line, 0), (rule) => rule.tags, origin))
        break
      case 'SecRuleRemoveByMsg':
        this.#remove(byText(need(line, 0), (rule) => [rule.msg], origin))
        break
      case 'SecRuleUpdateTargetById':
        this.#retarget(byIds([need(line, 0)], origin), line)
        break
      case 'SecRuleUpdateTargetByTag':
        this.#retarget(
          byText(need(line, 0), (rule) => rule.tags, origin),
          line,
        )
        break
      case 'SecRuleUpdateTargetByMsg':
        this.#retarget(
          byText(need(line, 0), (rule) => [rule.msg], origin),
          line,
        )
        break
      case 'SecRuleUpdateActionById':
        this.#react(line)
        break
      default:
        this.#settings = applySetting(this.#settings, known, args, origin)
    }
  }

  #rule(line: Line): void {
    const { args, origin } = line
    if (args.length < 2 || args.length > 3)
      throw ruleError(origin, 'SecRule takes variables, an operator and actions')
    this.#add(origin, { variables: args[0], operator: args[1], actions: args[2] ?? '' })
  }

  #add(
    origin: Origin,
    parts: {
      readonly variables: string | undefined
      readonly operator: string | undefined
      readonly actions: string
    },
  ): void {
    const draft = buildRule({ origin, ...parts }, this.#defaults, this.#operators, this.#chain[0])
    if (this.#chain.length === 0) {
      const earlier = this.#ids.get(draft.rule.id)
      if (earlier)
        throw ruleError(origin, `id ${draft.rule.id} is used before, in ${earlier.file}:${earlier.line}`)
      this.#ids.set(draft.rule.id, origin)
    }
    this.#chain.push(draft.rule)
    if (draft.opensChain) return
    const rule = this.#chain.reduceRight((chained, one) => ({ ...one, chained }))
    this.#chain = []
    if (this.#steps.push(rule) > MAX_RULES) throw ruleError(origin, `more than ${MAX_RULES} rules`)
  }

  #endOfChain(message: string): void {
    const open = this.#chain.at(-1)
    if (open) throw ruleError(open.origin, message)
  }

  #remove(isMeant: (rule: Rule) => boolean): void {
    this.#steps = this.#steps.filter((step) => isMarker(step) || !isMeant(step))
  }

  /** Targets are added to, or with `!` left out of, the first rule of the chain. */
  #retarget(isMeant: (rule: Rule) => boolean, line: Line): void {
    const added = parseVariables(need(line, 1), line.origin)
    const replaced = line.args[2] === undefined ? undefined : parseVariables(line.args[2], line.origin)
    this.#change(isMeant, (rule) => ({
      ...rule,
      variables: [
        ...(replaced
          ? rule.variables.filter((ref) => !replaced.some((old) => isSame(old, ref)))
          : rule.variables),
        ...added,
      ],
    }))
  }

  #react(line: Line): void {
    const { origin } = line
    const [id, offset] = need(line, 0).split(':')
    if (offset !== undefined && offset !== '0')
      throw ruleError(origin, 'only the first rule of a chain takes new actions')
    const actions = need(line, 1)
    this.#change(byIds([id as string], origin), (rule) => {
      const { rule: changed } = buildRule(
        {
          origin,
          variables: undefined,
          operator: undefined,
          actions: `id:${rule.id},phase:${rule.phase},${actions}`,
        },
        this.#defaults,
        this.#operators,
        undefined,
      )
      const names = actions.toLowerCase()
      const keeps = (name: string): boolean => !new RegExp(`(^|[\\s,])${name}\\s*(:|,|$)`).test(names)
      return {
        ...rule,
        ...(changed.transformations.length > 0 && { transformations: changed.transformations }),
        ...(changed.tags.length > 0 && { tags: [...rule.tags, ...changed.tags] }),
        ...(changed.msg !== '' && { msg: changed.msg }),
        ...(changed.severity !== undefined && { severity: changed.severity }),
        ...(!keeps('status') && { status: changed.status }),
        ...(!(keeps('log') && keeps('nolog')) && { isLogged: changed.isLogged }),
        ...(['allow', 'block', 'deny', 'drop', 'pass', 'redirect'].some((name) => !keeps(name)) && {
          disruption: changed.disruption,
          disruptionValue: changed.disruptionValue,
        }),
        actions: [...rule.actions, ...changed.actions],
      }
    })
  }

  #change(isMeant: (rule: Rule) => boolean, change: (rule: Rule) => Rule): void {
    this.#steps = this.#steps.map((step) => (!isMarker(step) && isMeant(step) ? change(step) : step))
  }
}

function need(line: Line, index: number): string {
  const arg = line.args[index]
  if (arg === undefined || arg === '')
    throw ruleError(line.origin, `${line.name} needs ${index + 1} argument(s)`)
  return arg
}

/** `942100`, `942100-942999`, several. */
function byIds(args: readonly string[], origin: Origin): (rule: Rule) => boolean {
  const ranges = args.flatMap((arg) => arg.split(/[\s,]+/)).map((text) => parseIdRange(text))
  if (ranges.length === 0 || ranges.some((range) => range === undefined))
    throw ruleError(origin, `${args.join(' ')} is not a list of rule ids; write 942100 or 942100-942199`)
  return (rule) => ranges.some((range) => range && rule.id >= range[0] && rule.id <= range[1])
}

/** The two ends of `942100` or `942100-942199`. */
export function parseIdRange(text: string): readonly [number, number] | undefined {
  const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text.trim())
  if (!match) return undefined
  const from = Number(match[1])
  return [from, match[2] === undefined ? from : Number(match[2])]
}

/** ModSecurity takes a pattern here; what rule sets write is a tag, so it is found as it stands. */
function byText(
  text: string,
  of: (rule: Rule) => readonly string[],
  origin: Origin,
): (rule: Rule) => boolean {
  if (text === '') throw ruleError(origin, 'an empty text would mean every rule')
  return (rule) => of(rule).some((one) => one.includes(text))
}

function isSame(a: VariableRef, b: VariableRef): boolean {
  return a.name === b.name && a.key === b.key && a.keyPattern === b.keyPattern && a.isCount === b.isCount
}
