import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'

import { describeError, type Place, RingwallError } from '../core/errors.ts'
import { z } from '../core/schema.ts'
import { isDeeperThan, MAX_NESTING } from './nesting.ts'
import { policyMappingMistakes } from './policy-mapping.ts'
import { profileValues } from './profile.ts'
import { repeatedKeys } from './repeated-keys.ts'
import { type Config, configSchema, type RouteConfig } from './schema.ts'
import { type Environment, withEnvironment } from './secret-reference.ts'
import { suggest } from '../core/suggest.ts'

const MAX_BYTES = 1024 * 1024
/** More would be read by nobody, and finding their places takes time. */
const MAX_MISTAKES = 100
/** Deeper than any key of the schema. */
const MAX_DEPTH = 12

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
  /** What only files that the configuration names can show; told with the places of their keys. */
  readonly verify?: Verify
}

type Verify = (
  config: Config,
) => readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]

/** Reads, completes, checks and freezes a configuration. An empty text is valid and safe. */
export function loadConfig(text: string, options: LoadOptions = {}): Config {
  const { raw, placeOf } = readText(text, options)
  return check(raw, placeOf, options.env ?? process.env, options.verify)
}

/** The text as plain values, and where each of them stands. */
export function readText(
  text: string,
  options: LoadOptions,
): { readonly raw: unknown; readonly placeOf: PlaceOf } {
  const file = options.file ?? 'security_config.yaml'
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new ConfigError([{ at: { file }, path: 'file', message: `larger than ${MAX_BYTES} bytes` }])
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    // Looked at below: the parser compares every key with every other, which takes minutes in a file of 1 MB.
    uniqueKeys: false,
    merge: false,
    logLevel: 'error',
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  // A tag that is not known would be read as if it were not there: what looks like more than text is refused.
  const errors = [...document.errors, ...document.warnings]
  const tooDeep = errors.find((error) => error.message.includes('call stack'))
  if (tooDeep)
    throw new ConfigError([{ at: placeAt(tooDeep.pos[0]), path: 'yaml', message: 'nested too deeply' }])
  if (errors.length > 0) {
    throw new ConfigError(
      errors.slice(0, MAX_MISTAKES).map((error) => ({
        at: placeAt(error.pos[0]),
        path: 'yaml',
        message:
          error.code === 'MULTIPLE_DOCS'
            ? 'a second document begins here; a configuration is one'
            : (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
      })),
    )
  }
  const repeated = repeatedKeys(document, MAX_MISTAKES)
  if (repeated.length > 0) {
    throw new ConfigError(
      repeated.map(({ key, offset }) => ({
        at: placeAt(offset),
        path: 'yaml',
        message: `the key \`${key}\` stands in this section twice`,
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
  const top = { file, line: 1, column: 1 }
  const raw = valueOf(document, top) ?? {}
  // The parser overflows at some thousand levels, when it overflows; the bound is ours.
  if (isDeeperThan(raw, MAX_NESTING))
    throw new ConfigError([{ at: top, path: 'yaml', message: 'nested too deeply' }])
  return { raw, placeOf }
}

/** The document as plain values. The alias bound is on what a few bytes of aliases can grow into. */
function valueOf(document: Document.Parsed, at: Place): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (thrown) {
    const text = describeError(thrown)
    const message = text.includes('Excessive alias count')
      ? 'aliases (`*name`) that grow too large; write the values out'
      : `cannot be read (${text})`
    throw new ConfigError([{ at, path: 'yaml', message }])
  }
}

/** The same for a configuration that is an object already: the library's door. */
export function completeConfig(raw: unknown, env: Environment = process.env): Config {
  return check(raw, () => ({ file: 'config' }), env)
}

/** The place of a value, or of its key. */
export type PlaceOf = (path: readonly PropertyKey[], ofKey: boolean) => Place

function check(raw: unknown, placeOf: PlaceOf, env: Environment, verify?: Verify): Config {
  const poison = poisonMistakes(raw, placeOf)
  if (poison.length > 0) throw new ConfigError(poison)
  const parsed = withEnvironment(env, () => configSchema.safeParse(profileValues(raw)))
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.slice(0, MAX_MISTAKES).flatMap((issue) => mistakesOf(issue, placeOf)),
    )
  const routes = parsed.data.routes.map((route): RouteConfig => ({
    ...route,
    name: route.name ?? nameOf(route),
  }))
  const config: Config = { ...parsed.data, routes }
  const crossed = [
    ...crossMistakes(config, placeOf),
    ...(verify?.(config) ?? []).map(({ path, message }) => ({
      at: placeOf(path, false),
      path: path.join('.'),
      message,
    })),
  ]
  if (crossed.length > 0) throw new ConfigError(crossed)
  return freeze(config)
}

function nameOf(route: Pick<RouteConfig, 'path' | 'hosts' | 'methods'>): string {
  return [route.methods?.join('|'), `${route.hosts?.join('|') ?? ''}${route.path}`]
    .filter(Boolean)
    .join(' ')
    .slice(0, 256)
}

/** Keys named `__proto__`, which objects take for something else: the schema would pass over them in silence. */
function poisonMistakes(raw: unknown, placeOf: PlaceOf): Mistake[] {
  const mistakes: Mistake[] = []
  // Aliases can make a circle.
  const seen = new Set<unknown>()
  const visit = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    for (const [key, inner] of Object.entries(value)) {
      const below = [...path, key]
      if (key === '__proto__' && mistakes.length < MAX_MISTAKES)
        mistakes.push({
          at: placeOf(below, true),
          path: below.join('.'),
          message: 'not a name that can be used',
        })
      else if (below.length < MAX_DEPTH) visit(inner, below)
    }
  }
  visit(raw, [])
  return mistakes
}

type Issue = z.core.$ZodIssue

function mistakesOf(issue: Issue, placeOf: PlaceOf): Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path)
    return issue.keys.slice(0, MAX_MISTAKES).map((key) => {
      const meant = suggest(key, known)
      const hint = meant === undefined ? `known keys are ${known.join(', ')}` : `did you mean \`${meant}\`?`
      const path = [...issue.path, key]
      return { at: placeOf(path, true), path: path.join('.'), message: `unknown key; ${hint}` }
    })
  }
  if (issue.code === 'invalid_union') {
    // The branch that came furthest is the one that was meant; where none did, any of them would do.
    const meant = issue.errors.find((branch) => branch.some((inner) => !isOfKind(inner)))
    if (!meant)
      return [{ at: placeOf(issue.path, false), path: issue.path.join('.'), message: anyOf(issue.errors) }]
    return meant.flatMap((inner) => mistakesOf({ ...inner, path: [...issue.path, ...inner.path] }, placeOf))
  }
  return [{ at: placeOf(issue.path, false), path: issue.path.join('.') || 'file', message: messageOf(issue) }]
}

/** Whether an issue says only that the value is of another kind altogether. */
function isOfKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.every(isOfKind))
  return issue.code === 'invalid_type' || issue.code === 'invalid_value'
}

function anyOf(branches: readonly (readonly Issue[])[]): string {
  const messages = branches
    .flat()
    .map((issue) => (issue.code === 'invalid_union' ? anyOf(issue.errors) : messageOf(issue)))
  return `must be ${messages.map((message) => message.replace(/^must be /, '')).join(' or ')}`
}

function messageOf(issue: Issue): string {
  // Where a schema says what it wants, that is better than its kind.
  if (issue.message.startsWith('must ')) return issue.message
  if (issue.code === 'invalid_type') {
    const isMissing = issue.message.endsWith('received undefined')
    return `${isMissing ? 'is missing; it must' : 'must'} be ${article(issue.expected)}`
  }
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.map((value) => `\`${String(value)}\``).join(' or ')}`
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`
  return issue.message
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
      add(
        ['routes', i, 'upstream'],
        `no upstream \`${route.upstream}\`; ${hintFor(route.upstream, upstreams)}`,
      )
    }
    const answers = (['upstream', 'redirect', 'respond'] as const).filter((key) => route[key] !== undefined)
    if (answers.length > 1)
      add(['routes', i, answers[1] ?? ''], `only one can answer: ${answers.join(' or ')}`)
    if (answers.length === 0 && upstreams.length > 1)
      add(['routes', i], `name one of the upstreams ${upstreams.join(', ')}`)
  }
  const authorities = Object.keys(config.security.tls.client_authorities)
  for (const [i, { client_certificate: rule }] of config.routes.entries())
    if (rule !== undefined && rule !== 'off' && !authorities.includes(rule.authority))
      add(
        ['routes', i, 'client_certificate', 'authority'],
        `no authority \`${rule.authority}\` in \`security.tls.client_authorities\`; ${hintFor(rule.authority, authorities)}`,
      )
  const limits = [...Object.keys(config.security.rate_limiting), 'off']
  const { permissions, roles, policy } = config.security.authorization
  for (const [i, { access, path }] of config.routes.entries()) {
    if (access !== undefined && access !== 'off' && !policy)
      add(['routes', i, 'access'], 'there is no `security.authorization.policy` that could be asked')
    if (access === undefined && policy && /\{\w+\}/.test(path))
      add(
        ['routes', i],
        'has an identifier in its path, and nothing says who may use which; add `access` with action and resource, or `access: off`',
      )
  }
  for (const [i, { rate_limit: limit, permission }] of config.routes.entries()) {
    if (typeof limit === 'string' && !limits.includes(limit))
      add(['routes', i, 'rate_limit'], `no limit \`${limit}\`; ${hintFor(limit, limits)}`)
    if (permission !== undefined && !permissions.includes(permission))
      add(['routes', i, 'permission'], `no permission \`${permission}\`; ${hintFor(permission, permissions)}`)
  }
  for (const [role, given] of Object.entries(roles)) {
    for (const [i, permission] of given.entries()) {
      if (permission !== '*' && !permissions.includes(permission))
        add(
          ['security', 'authorization', 'roles', role, i],
          `no permission \`${permission}\`; ${hintFor(permission, permissions)}`,
        )
    }
  }
  for (const { path, message, at } of policy === undefined ? [] : policyMappingMistakes(policy)) {
    const whole = ['security', 'authorization', 'policy', ...path]
    mistakes.push({ at: at ?? placeOf(whole, true), path: whole.join('.'), message })
  }
  if (config.routes.length === 0 && upstreams.length > 1) {
    add(['upstreams'], 'there are several, but no `routes` that say which request goes where')
  }
  if ((config.listen.certificate === undefined) !== (config.listen.key === undefined)) {
    add(['listen'], '`certificate` and `key` go together')
  }
  return mistakes
}

function hintFor(name: string, known: readonly string[]): string {
  const meant = suggest(name, known)
  return meant === undefined ? `there is ${known.join(', ') || 'none'}` : `did you mean \`${meant}\`?`
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
