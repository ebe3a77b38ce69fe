import { readJson } from '../bodies/json.ts'
import { readMultipart } from '../bodies/multipart.ts'
import { BODY_BOUNDS, type BodyBounds, type BodyReading } from '../bodies/reading.ts'
import { parseQuery, readUrlEncoded } from '../bodies/url-encoded.ts'
import { bodyProcessor } from '../bodies/body-kind.ts'
import { readXml } from '../bodies/xml.ts'
import { ruleError } from '../seclang/errors.ts'
import { isMarker, type Rule } from '../seclang/rule.ts'
import type { RuleSet } from '../seclang/rule-set.ts'
import type { Settings } from '../seclang/settings.ts'
import { Collections } from './collections.ts'
import { type CompiledRule, compileRule } from './compiled-rule.ts'
import type { BodyFacts, Interruption, RequestFacts, ResponseFacts } from './facts.ts'
import { Scanner } from './scanner.ts'
import type { Target } from './targets.ts'
import { SharedTexts } from './text.ts'
import { Transaction } from './transaction.ts'
import { hitsOf, type Unit } from './units.ts'

/** What the engine needs from outside. */
export interface EngineParts {
  readonly now: () => number
  /** The lines of a data file that a rule names, relative to the rule's file. */
  readonly readLines: (path: string, from: string) => readonly string[]
  /** For `@geoLookup`: the country of an address. */
  readonly country?: (address: string) => string | undefined
}

type Phase = 1 | 2 | 3 | 4 | 5

const MAX_VARIABLES = 10

/** A rule set, compiled: rules become loops over a view of the exchange. Immutable but for its collections. */
export class Engine {
  readonly settings: Settings
  readonly parts: EngineParts
  readonly collections: Collections
  readonly units: Unit[] = []
  readonly shared = new SharedTexts()
  readonly #phases: Readonly<Record<Phase, CompiledRule[]>> = { 1: [], 2: [], 3: [], 4: [], 5: [] }
  /** By the place of its first rule: rules in a row that cannot match where no unit has anything for them. */
  readonly #blocks: Record<Phase, Map<number, Block>> = {
    1: new Map(),
    2: new Map(),
    3: new Map(),
    4: new Map(),
    5: new Map(),
  }
  readonly #rules: CompiledRule[] = []
  readonly #scanners = new Map<string, { readonly scanner: Scanner; readonly number: number }>()
  readonly #unitsByKey = new Map<string, Unit>()
  readonly #costly: string[] = []
  readonly #bounds: BodyBounds

  /** Throws RingwallError for a rule that cannot be compiled. */
  constructor({ steps, settings }: RuleSet, parts: EngineParts) {
    this.settings = settings
    this.parts = parts
    this.#bounds = {
      ...BODY_BOUNDS,
      maxArguments: settings.argumentsLimit,
      maxJsonDepth: settings.jsonDepthLimit,
      maxFiles: settings.uploadFileLimit,
    }
    this.collections = new Collections(settings.collectionTimeoutSeconds)
    const markers = new Map<string, Readonly<Record<Phase, number>>>()
    const counts: Record<Phase, number> = { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 }
    for (const step of steps) {
      if (isMarker(step)) {
        markers.set(step.marker, { ...counts })
        continue
      }
      const compiled = compileRule(step, this.#rules.length, {
        readLines: parts.readLines,
        scanner: (rule) => this.#scannerOf(rule),
        costly: (operator) => numberOf(this.#costly, operator),
        unit: (target, chain, scanner, id) => this.#unitOf(target, chain, scanner, id),
      })
      this.#rules.push(compiled)
      this.#phases[step.phase].push(compiled)
      counts[step.phase]++
    }
    for (const unit of this.units) unit.mask = widen(unit.mask, unit.scanner.words)
    for (const phase of [1, 2, 3, 4, 5] as const) this.#blocks[phase] = blocksOf(this.#phases[phase])
    for (const phase of [1, 2, 3, 4, 5] as const)
      for (const [at, compiled] of this.#phases[phase].entries()) setGoTo(compiled, at, phase, markers)
  }

  /** Builds now what would otherwise be built while the first exchange waits. */
  warmUp(): void {
    for (const { scanner } of this.#scanners.values()) scanner.scan('')
  }

  get ruleCount(): number {
    return this.#rules.length
  }

  get rules(): readonly Rule[] {
    return this.#rules.map((compiled) => compiled.rule)
  }

  indicesOf(isMeant: (rule: Rule) => boolean): readonly number[] {
    return this.#rules.filter(({ rule }) => isMeant(rule)).map(({ index }) => index)
  }

  /** Begins an exchange; `variables` are in TX before the first rule. */
  begin(request: RequestFacts, variables: readonly (readonly [string, string | number])[] = []): Transaction {
    const t = new Transaction(this, request)
    for (const [name, value] of variables) t.tx.set(name, value)
    return t
  }

  /** Phase 1. */
  judgeHead(t: Transaction): Interruption | undefined {
    t.bodyProcessor = bodyProcessor(t.header('content-type'))
    return this.#run(t, 1)
  }

  /** How many bytes of the request's body the rules look at; 0 for none. */
  wantedBody(t: Transaction): number {
    return t.mode === 'off' || !t.requestBodyAccess ? 0 : t.requestBodyLimit
  }

  /** Phase 2, with the body, if there is one. */
  judgeBody(t: Transaction, body: BodyFacts | undefined): Interruption | undefined {
    if (body && t.requestBodyAccess) {
      t.body = { facts: body, reading: body.text === '' ? undefined : this.#readBody(t, body.text) }
      t.forget('body')
    }
    const interruption = this.#run(t, 2)
    t.rest()
    return interruption
  }

  /** Phase 3. */
  judgeResponse(t: Transaction, response: ResponseFacts): Interruption | undefined {
    t.response = response
    t.forget('response')
    return this.#run(t, 3)
  }

  /** How many bytes of the response's body the rules look at; 0 for none. */
  wantedResponse(t: Transaction): number {
    if (t.mode === 'off' || !t.responseBodyAccess) return 0
    const type = ((t.responseHeader('content-type') ?? '').split(';')[0] as string).trim().toLowerCase()
    return this.settings.responseBodyTypes.includes(type) ? t.responseBodyLimit : 0
  }

  /** Phase 4, with the body, if it is looked at. */
  judgeResponseBody(t: Transaction, body: BodyFacts | undefined): Interruption | undefined {
    if (body) {
      t.responseBody = body
      t.forget('response')
    }
    return this.#run(t, 4)
  }

  /** Phase 5: always, once, at the end; it stops nothing any more. */
  close(t: Transaction): void {
    t.allowed = t.allowed === 'all' ? undefined : t.allowed
    this.#run(t, 5)
  }

  readQuery(query: string): readonly (readonly [string, string])[] {
    return parseQuery(query, this.settings.argumentsLimit)
  }

  #readBody(t: Transaction, text: string): BodyReading | undefined {
    switch (t.bodyProcessor) {
      case 'URLENCODED':
        return readUrlEncoded(text, this.#bounds)
      case 'MULTIPART':
        return readMultipart(text, t.header('content-type') ?? '', this.#bounds)
      case 'JSON':
        return readJson(text, this.#bounds)
      case 'XML':
        return readXml(text, this.#bounds)
      case undefined:
        break
    }
    return undefined
  }

  #run(t: Transaction, phase: Phase): Interruption | undefined {
    if (t.mode === 'off') return undefined
    if (t.allowed === 'phase') t.allowed = undefined
    if (t.allowed === 'request' && phase > 2) t.allowed = undefined
    const rules = this.#phases[phase]
    const blocks = this.#blocks[phase]
    for (let at = 0; at < rules.length;) {
      if (t.allowed !== undefined) return undefined
      const block = blocks.get(at)
      if (block && block.units.every((unit) => hitsOf(unit, t) === undefined)) {
        at += block.length
        continue
      }
      const compiled = rules[at++] as CompiledRule
      if (t.removed !== undefined && t.removed[compiled.index] === 1) continue
      if (!this.#matches(t, compiled)) continue
      this.#react(t, compiled)
      if (t.interruption && phase !== 5) return t.interruption
      if (compiled.goTo !== undefined) at = compiled.goTo
    }
    return undefined
  }

  #matches(t: Transaction, { links, index }: CompiledRule): boolean {
    for (const link of links) if (!link.test(t, index)) return false
    return true
  }

  #react(t: Transaction, { rule, msg, data, location }: CompiledRule): void {
    const isDisruptive =
      rule.disruption === 'deny' || rule.disruption === 'drop' || rule.disruption === 'redirect'
    if (rule.severity !== undefined && rule.severity < t.highestSeverity) t.highestSeverity = rule.severity
    if (rule.isLogged || isDisruptive) {
      t.matches.push({
        id: rule.id,
        phase: rule.phase,
        msg: t.expand(msg),
        data: t.expand(data),
        severity: rule.severity,
        tags: rule.tags,
        transformations: rule.transformations,
        file: rule.origin.file,
        line: rule.origin.line,
        ver: rule.ver,
        variables: t.matchedVars.slice(0, MAX_VARIABLES).map((entry) => entry.name),
        isLogged: rule.isLogged,
        isDisruptive,
      })
    }
    if (rule.disruption === 'allow') {
      t.allowed =
        rule.disruptionValue === 'phase' ? 'phase' : rule.disruptionValue === 'request' ? 'request' : 'all'
      return
    }
    if (!isDisruptive) return
    const interruption: Interruption = {
      ruleId: rule.id,
      phase: rule.phase,
      action: rule.disruption,
      status: rule.status,
      location: t.expand(location),
      msg: t.expand(msg),
    }
    if (t.mode === 'on') t.interruption = interruption
    else t.wouldInterrupt ??= interruption
  }

  /** Rules that are switched on and off together share a scanner: those of a paranoia level, of requests or responses. */
  #scannerOf(rule: Rule): { readonly scanner: Scanner; readonly number: number } {
    const level = rule.tags.find((tag) => tag.startsWith('paranoia-level/')) ?? ''
    const key = `${rule.phase <= 2 ? 'request' : 'response'} ${level}`
    let found = this.#scanners.get(key)
    if (!found) {
      found = { scanner: new Scanner(), number: this.#scanners.size }
      this.#scanners.set(key, found)
    }
    return found
  }

  #unitOf(
    target: Target,
    steps: readonly number[],
    scanner: { readonly scanner: Scanner; readonly number: number },
    id: number,
  ): Unit {
    const key = [target.view.name, target.key ?? '', steps.join(','), scanner.number].join('\n')
    let unit = this.#unitsByKey.get(key)
    if (!unit) {
      unit = {
        number: this.units.length,
        view: target.view,
        key: target.key,
        steps,
        scanner: scanner.scanner,
        scannerNumber: scanner.number,
        mask: new Uint32Array(1),
      }
      this.units.push(unit)
      this.#unitsByKey.set(key, unit)
    }
    unit.mask = widen(unit.mask, (id >> 5) + 1)
    unit.mask[id >> 5]! |= 1 << (id & 31)
    return unit
  }
}

/** Shorter rows are not worth a look of their own. */
const MIN_BLOCK = 3

interface Block {
  readonly length: number
  readonly units: readonly Unit[]
}

function blocksOf(rules: readonly CompiledRule[]): Map<number, Block> {
  const blocks = new Map<number, Block>()
  for (let from = 0; from < rules.length;) {
    const units = new Set<Unit>()
    let to = from
    for (; to < rules.length; to++) {
      const own = rules[to]?.links[0]?.units
      if (!own) break
      for (const unit of own) units.add(unit)
    }
    if (to - from >= MIN_BLOCK) blocks.set(from, { length: to - from, units: [...units] })
    from = Math.max(to, from + 1)
  }
  return blocks
}

/** The place of a name in a list, at its end if it is new. */
function numberOf(names: string[], name: string): number {
  const at = names.indexOf(name)
  return at < 0 ? names.push(name) - 1 : at
}

function widen(mask: Uint32Array, words: number): Uint32Array {
  if (mask.length >= words) return mask
  const wider = new Uint32Array(words)
  wider.set(mask)
  return wider
}

function setGoTo(
  compiled: CompiledRule,
  at: number,
  phase: Phase,
  markers: ReadonlyMap<string, Readonly<Record<Phase, number>>>,
): void {
  const { rule } = compiled
  if (rule.skip > 0) compiled.goTo = at + 1 + rule.skip
  if (rule.skipAfter === '') return
  const place = markers.get(rule.skipAfter)?.[phase]
  if (place === undefined || place <= at)
    throw ruleError(rule.origin, `skipAfter:${rule.skipAfter} names no SecMarker that comes after this rule`)
  compiled.goTo = place
}
