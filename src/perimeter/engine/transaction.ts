import type { BodyProcessor } from '../bodies/body-kind.ts'
import type { BodyReading } from '../bodies/reading.ts'
import { decodePercentBytes as decodePercent } from '../bodies/url-encoded.ts'
import type { Engine } from './engine.ts'
import type { BodyFacts, Interruption, RequestFacts, ResponseFacts, RuleMatch } from './facts.ts'
import type { Macro, MacroName } from './macro.ts'
import type { Hits } from './units.ts'
import { Text, TextPool } from './text.ts'
import { VIEWS, type View } from './views.ts'

/** One value of a variable: `ARGS:q`. */
export interface Entry {
  readonly name: string
  /** In lower case. */
  readonly key: string
  readonly text: Text
}

/** The parts of a request target. */
export interface UriParts {
  readonly pathAndQuery: string
  readonly path: string
  readonly query: string
}

type Pairs = readonly (readonly [string, string])[]

/** Everything that the rules know and say of one exchange. */
export class Transaction {
  readonly engine: Engine
  readonly request: RequestFacts
  pool = new TextPool()
  readonly tx = new Map<string, string | number>()
  readonly env = new Map<string, string | number>()
  readonly geo = new Map<string, string | number>()
  readonly matches: RuleMatch[] = []
  readonly requestHeaders: Pairs
  readonly uri: UriParts
  mode: 'on' | 'detect' | 'off'
  interruption: Interruption | undefined
  /** In `detect`: what would have been refused first. */
  wouldInterrupt: Interruption | undefined
  /** Set by `allow`: the rest of the phase, of the request's phases, or of all but the last. */
  allowed: 'phase' | 'request' | 'all' | undefined
  bodyProcessor: BodyProcessor | undefined
  forceRequestBody = false
  requestBodyAccess: boolean
  responseBodyAccess: boolean
  requestBodyLimit: number
  responseBodyLimit: number
  body: { readonly facts: BodyFacts; readonly reading: BodyReading | undefined } | undefined
  response: ResponseFacts | undefined
  responseBody: BodyFacts | undefined
  matchedVar: Entry | undefined
  matchedVars: readonly Entry[] = []
  highestSeverity = 255
  ruleFacts: ReadonlyMap<string, string | number> = new Map()
  /** By the index of the rule: taken out at run time. */
  removed: Uint8Array | undefined
  /** By the index of the rule: targets left out at run time. */
  excluded: Map<number, ((view: string, key: string) => boolean)[]> | undefined
  /** By the number of the unit; see units.ts. */
  readonly hits: (Hits | null | undefined)[] = []
  readonly #views = new Map<View, readonly Entry[]>()
  readonly #keys = new Map<string, string>()
  #decodedPath: string | undefined
  #cookies: Pairs | undefined
  #queryArgs: Pairs | undefined
  #responseHeaders: Pairs | undefined

  constructor(engine: Engine, request: RequestFacts) {
    const { settings } = engine
    this.engine = engine
    this.request = request
    this.mode = settings.engine
    this.requestBodyAccess = settings.requestBodyAccess
    this.responseBodyAccess = settings.responseBodyAccess
    this.requestBodyLimit = settings.requestBodyLimit
    this.responseBodyLimit = settings.responseBodyLimit
    this.requestHeaders = pairsOf(request.headers)
    this.uri = splitTarget(request.target)
  }

  now(): number {
    return this.engine.parts.now()
  }

  entry(name: string, key: string, value: string): Entry {
    return { name, key, text: this.pool.of(value) }
  }

  /** An entry whose value is likely to come again with other exchanges, and is no secret. */
  sharedEntry(name: string, key: string, value: string): Entry {
    return { name, key, text: this.engine.shared.of(value) }
  }

  /** An entry of a variable that changes all the time: nothing that is worked out about it is worth keeping. */
  passingEntry(name: string, key: string, value: string): Entry {
    return { name, key, text: new Text(value) }
  }

  /** The values of a variable, kept for as long as they cannot change. */
  entries(view: View): readonly Entry[] {
    if (view.lifetime === 'live') return view.build(this)
    let entries = this.#views.get(view)
    if (!entries) {
      entries = view.build(this)
      this.#views.set(view, entries)
    }
    return entries
  }

  /** Lets go of what was worked out about the request while its answer is awaited; what is asked again is made again. */
  rest(): void {
    this.#views.clear()
    this.hits.length = 0
    this.pool = new TextPool()
    this.matchedVars = []
  }

  /** Forgets what a new body or response has changed. */
  forget(lifetime: 'body' | 'response'): void {
    for (const view of this.#views.keys()) if (view.lifetime === lifetime) this.#views.delete(view)
    for (const unit of this.engine.units)
      if (unit.view.lifetime === lifetime) this.hits[unit.number] = undefined
  }

  /** A macro's text now; what it names and is not there is empty. */
  expand(macro: Macro): string {
    if (macro.constant !== undefined) return macro.constant
    let text = ''
    for (const part of macro.parts) text += typeof part === 'string' ? part : this.#expandName(part)
    return text
  }

  #expandName({ name, key }: MacroName): string {
    const view = VIEWS.get(name)
    if (!view) return ''
    if (view.get) return key === undefined ? '' : String(view.get(this, key) ?? '')
    const entries = this.entries(view)
    const found = key === undefined ? entries[0] : entries.find((entry) => entry.key === key)
    return found?.text.value ?? ''
  }

  /** Stores what `@geoLookup` found. */
  locate(address: string): boolean {
    const country = this.engine.parts.country?.(address)
    if (country === undefined) return false
    this.geo.set('country_code', country)
    return true
  }

  /** A collection that outlives the exchange, once `initcol` has named it. */
  collection(name: string): Map<string, string | number> | undefined {
    const key = this.#keys.get(name)
    return key === undefined ? undefined : this.engine.collections.open(name, key, this.now())
  }

  collectionKey(name: string): string | undefined {
    return this.#keys.get(name)
  }

  openCollection(name: string, key: string): void {
    this.#keys.set(name, key)
  }

  header(lowerName: string): string | undefined {
    return this.requestHeaders.find(([name]) => name.toLowerCase() === lowerName)?.[1]
  }

  responseHeader(lowerName: string): string | undefined {
    return this.responseHeaders.find(([name]) => name.toLowerCase() === lowerName)?.[1]
  }

  get requestLine(): string {
    const { requestLine, method, target, protocol } = this.request
    return requestLine ?? `${method} ${target} ${protocol}`
  }

  /** The path with its percent escapes undone once, as ModSecurity has it. */
  get decodedPath(): string {
    this.#decodedPath ??= decodePercent(this.uri.path)
    return this.#decodedPath
  }

  get cookies(): Pairs {
    this.#cookies ??= this.requestHeaders
      .filter(([name]) => name.length === 6 && name.toLowerCase() === 'cookie')
      .flatMap(([, value]) => splitCookies(value))
    return this.#cookies
  }

  get queryArgs(): Pairs {
    this.#queryArgs ??= this.uri.query === '' ? [] : this.engine.readQuery(this.uri.query)
    return this.#queryArgs
  }

  /** Why the body is not, or not all, what its type says. */
  get bodyDamage(): string | undefined {
    return this.body?.reading?.error ?? this.body?.reading?.truncated
  }

  get bodyArgs(): Pairs {
    return this.body?.reading?.args ?? []
  }

  get files(): BodyReading['files'] {
    return this.body?.reading?.files ?? []
  }

  get argsSize(): number {
    let size = 0
    for (const args of [this.queryArgs, this.bodyArgs])
      for (const [name, value] of args) size += name.length + value.length
    return size
  }

  /** As in ModSecurity 2: of forms, and of bodies that nothing takes apart where a rule asks for it. */
  get requestBodyText(): string | undefined {
    if (!this.body) return undefined
    const isShown =
      this.bodyProcessor === 'URLENCODED' || (this.bodyProcessor === undefined && this.forceRequestBody)
    return isShown ? this.body.facts.text : undefined
  }

  get fullRequest(): string {
    const head = this.requestHeaders.map(([name, value]) => `${name}: ${value}\n`).join('')
    return `${this.requestLine}\n${head}\n${this.body?.facts.text ?? ''}`
  }

  get basicUser(): string | undefined {
    const match = /^basic ([\w+/]{1,2000}=*)$/i.exec(this.header('authorization') ?? '')
    if (!match) return undefined
    try {
      return atob(match[1] as string).split(':')[0]
    } catch {
      return undefined
    }
  }

  get responseHeaders(): Pairs {
    this.#responseHeaders ??= this.response ? pairsOf(this.response.headers) : []
    return this.#responseHeaders
  }
}

function pairsOf(flat: readonly string[]): Pairs {
  const pairs: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i] as string, flat[i + 1] as string])
  return pairs
}

function splitTarget(target: string): UriParts {
  const absolute = /^[A-Za-z][A-Za-z\d+.-]{0,30}:\/\/[^/?#]*/.exec(target)
  const pathAndQuery = absolute ? target.slice(absolute[0].length) : target
  const at = pathAndQuery.indexOf('?')
  return at < 0
    ? { pathAndQuery, path: pathAndQuery, query: '' }
    : { pathAndQuery, path: pathAndQuery.slice(0, at), query: pathAndQuery.slice(at + 1) }
}

/** Version 0: `a=1; b=2`, nothing decoded. */
function splitCookies(value: string): [string, string][] {
  return value
    .split(';')
    .map((pair) => pair.trimStart())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    })
}
