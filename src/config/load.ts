import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'

import { type Place, RingwallError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { profileValues } from './profile.ts'
import { type Config, configSchema, type RouteConfig } from './schema.ts'
import { type Environment, withEnvironment } from './secret-reference.ts'
import { suggest } from './suggest.ts'

const MAX_BYTES = 1024 * 1024

/** One mistake in a configuration, with its place. */
export interface Mistake {
  readonly at: Place
  /** `security.headers.hsts_max_age`. */
  readonly path: string
  readonly message: string
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends RingwallError {
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    const [first] = mistakes
    super('config.invalid', mistakes.map((mistake) => `${mistake.path}: ${mistake.message}`).join('; '), {
      at: first?.at ?? {},
    })
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** What `loadConfig` needs beside the text. */
export interface LoadOptions {
  /** For messages. */
  readonly file?: string
  readonly env?: Environment
}

/** Reads, completes, checks and freezes a configuration. An empty text is valid and safe. */
export function loadConfig(text: string, options: LoadOptions = {}): Config {
  const file = options.file ?? 'security_config.yaml'
  if (text.length > MAX_BYTES)
    throw new ConfigError([{ at: { file }, path: '', message: `larger than ${MAX_BYTES} bytes` }])
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    merge: false,
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => ({
        at: placeAt(error.pos[0]),
        path: 'yaml',
        message: (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
      })),
    )
  }
  const placeOf = (path: readonly PropertyKey[], ofKey: boolean): Place => {
    let offset = 0
    let node: unknown = document.contents
    for (const [i, key] of path.entries()) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
        if (!pair) break
        const isLast = i === path.length - 1
        const target = isLast && ofKey ? pair.key : (pair.value ?? pair.key)
        offset = (target as { range?: [number] }).range?.[0] ?? offset
        node = pair.value
      } else if (isSeq(node)) {
        node = node.items[Number(key)]
        offset = (node as { range?: [number] } | undefined)?.range?.[0] ?? offset
      } else break
    }
    return placeAt(offset)
  }
  // maxAliasCount bounds what a few bytes of aliases can grow into.
  const raw: unknown = document.toJS({ maxAliasCount: 100 }) ?? {}
  return check(raw, placeOf, options.env ?? process.env)
}

/** The same for a configuration that is an object already: the library's door. */
export function completeConfig(raw: unknown, env: Environment = process.env): Config {
  return check(raw, () => ({ file: 'config' }), env)
}

type PlaceOf = (path: readonly PropertyKey[], ofKey: boolean) => Place

function check(raw: unknown, placeOf: PlaceOf, env: Environment): Config {
  const parsed = withEnvironment(env, () => configSchema.safeParse(profileValues(raw)))
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.flatMap((issue) => mistakesOf(issue, placeOf)))
  const routes = parsed.data.routes.map((route): RouteConfig => ({
    ...route,
    name: route.name ?? nameOf(route),
  }))
  const config: Config = { ...parsed.data, routes }
  const crossed = crossMistakes(config, placeOf)
  if (crossed.length > 0) throw new ConfigError(crossed)
  return freeze(config)
}

function nameOf(route: Pick<RouteConfig, 'path' | 'hosts' | 'methods'>): string {
  return [route.methods?.join('|'), `${route.hosts?.join('|') ?? ''}${route.path}`].filter(Boolean).join(' ')
}

type Issue = z.core.$ZodIssue

function mistakesOf(issue: Issue, placeOf: PlaceOf): Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path)
    return issue.keys.map((key) => {
      const meant = suggest(key, known)
      const hint = meant === undefined ? `known keys are ${known.join(', ')}` : `did you mean \`${meant}\`?`
      const path = [...issue.path, key]
      return { at: placeOf(path, true), path: path.join('.'), message: `unknown key; ${hint}` }
    })
  }
  if (issue.code === 'invalid_union') {
    // The branch that came furthest is the one that was meant.
    const branches = issue.errors.toSorted((a, b) => (a[0]?.path.length ?? 0) - (b[0]?.path.length ?? 0))
    const deepest = branches.at(-1) ?? []
    return deepest.flatMap((inner) =>
      mistakesOf({ ...inner, path: [...issue.path, ...inner.path] } as Issue, placeOf),
    )
  }
  return [{ at: placeOf(issue.path, false), path: issue.path.join('.') || 'file', message: messageOf(issue) }]
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => `\`${String(value)}\``).join(' or ')}`
    case 'too_small':
      return `must be at least ${issue.minimum}`
    case 'too_big':
      return `must be at most ${issue.maximum}`
    default:
      return issue.message
  }
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    int: 'a whole number',
    array: 'a list',
    object: 'a section (indented keys below it)',
    record: 'a section (indented keys below it)',
    boolean: 'true or false',
    number: 'a number',
    string: 'a text',
  }
  return names[type] ?? type
}

/** The keys that a section has, found by walking the schema along the path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  for (const key of path) {
    const options: readonly JsonSchema[] = [schema, ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
    const next = options
      .map((one) =>
        typeof key === 'number' ? one.items : (one.properties?.[String(key)] ?? one.additionalProperties),
      )
      .find((one) => typeof one === 'object')
    if (!next) return []
    schema = next
  }
  const options: readonly JsonSchema[] = [schema, ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
  return options.flatMap((one) => Object.keys(one.properties ?? {}))
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
}

/** What a schema for one key cannot see. */
function crossMistakes(config: Config, placeOf: PlaceOf): Mistake[] {
  const mistakes: Mistake[] = []
  const add = (path: readonly PropertyKey[], message: string): void => {
    mistakes.push({ at: placeOf(path, false), path: path.join('.'), message })
  }
  const upstreams = Object.keys(config.upstreams)
  for (const [i, route] of config.routes.entries()) {
    if (route.upstream !== undefined && !upstreams.includes(route.upstream)) {
      const meant = suggest(route.upstream, upstreams)
      const hint =
        meant === undefined ? `there is ${upstreams.join(', ') || 'none'}` : `did you mean \`${meant}\`?`
      add(['routes', i, 'upstream'], `no upstream \`${route.upstream}\`; ${hint}`)
    }
    if (route.upstream === undefined && upstreams.length > 1)
      add(['routes', i], `name one of the upstreams ${upstreams.join(', ')}`)
  }
  if (config.routes.length === 0 && upstreams.length > 1) {
    add(['upstreams'], 'there are several, but no `routes` that say which request goes where')
  }
  if ((config.listen.certificate === undefined) !== (config.listen.key === undefined)) {
    add(['listen'], '`certificate` and `key` go together')
  }
  return mistakes
}

/** Frozen in depth; secrets are left alone, they have no state to change. */
function freeze<T>(value: T): T {
  if (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) !== Object.prototype &&
    !Array.isArray(value)
  )
    return value
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}
