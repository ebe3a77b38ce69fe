import { readFileSync } from 'node:fs'

import { isMap, isScalar, LineCounter, parseDocument } from 'yaml'

import {
  type DatabaseConfig,
  declarationOf,
  type MappingConfig,
  MappingError,
  parseJsonSchema,
  parseSchema,
  planInput,
  readMapping,
  type Schema,
} from '../access/index.ts'
import { describeError, type Place, RingwallError } from '../core/errors.ts'
import type { Config } from './schema.ts'

/** Where entities and actions are in a database, as plain data: from the configuration, its mapping file, or both. */
export interface PolicyMapping {
  readonly entities: MappingConfig['entities']
  /** What actions do to rows, where anybody says it. */
  readonly database?: DatabaseConfig
}

type Policy = NonNullable<Config['security']['authorization']['policy']>
/** The keys that say where things are. */
export type MappingSettings = Pick<Policy, 'mapping' | 'database'>

/** One mistake in it; `path` is that of the configuration unless `at` is in the mapping's own file. */
export interface PolicyMappingMistake {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly at?: Place
}

const MAX_BYTES = 1024 * 1024

/** A YAML file and where its keys stand. */
interface File {
  readonly data: unknown
  placeOf(path: string): Place
}

/** Reads the mapping. Undefined where there is none; throws RingwallError where its file is not one. */
export function readPolicyMapping({ mapping, database }: MappingSettings): PolicyMapping | undefined {
  if (mapping === undefined) return undefined
  const { entities, database: below } = wholeOf(
    typeof mapping === 'string' ? openFile(mapping).data : mapping,
  )
  const declaration = declarationOf(database, below)
  return { entities, ...(declaration === undefined ? {} : { database: declaration as DatabaseConfig }) }
}

function wholeOf(data: unknown): {
  readonly entities: MappingConfig['entities']
  readonly database?: unknown
} {
  return (typeof data === 'object' && data !== null ? data : {}) as ReturnType<typeof wholeOf>
}

/**
 * Holds the mapping of a configuration against the schema of its policy. Nothing is said where that cannot be read: it is
 * told when the policy is.
 */
export function policyMappingMistakes(policy: Policy): PolicyMappingMistake[] {
  if (policy.mapping === undefined && policy.database === undefined) return []
  const schema = schemaOf(policy.schema)
  return schema === undefined ? [] : mappingMistakes(policy, schema)
}

/** Everything in a mapping that does not fit a schema, or that its database cannot have. */
export function mappingMistakes(settings: MappingSettings, schema: Schema): PolicyMappingMistake[] {
  const { mapping, database } = settings
  if (mapping === undefined)
    return [{ path: ['database'], message: 'needs the tables of the entities; add `mapping`' }]
  const file = typeof mapping === 'string' ? fileOrMistake(mapping) : undefined
  if (file !== undefined && 'message' in file) return [{ ...file, path: ['mapping'] }]
  try {
    holdAgainst(schema, readPolicyMapping(settings) as PolicyMapping, database?.server ?? 'postgres')
    return []
  } catch (thrown) {
    if (!(thrown instanceof MappingError)) throw thrown
    return thrown.mistakes.map(({ path, message }) => placed(path, message, settings, file))
  }
}

function holdAgainst(schema: Schema, mapping: PolicyMapping, server: 'postgres' | 'mariadb'): void {
  if (mapping.database === undefined)
    readMapping(mapping, schema, server === 'mariadb' ? 'mysql' : 'postgres')
  else planInput([], schema, mapping, server)
}

/** In the file of the mapping, or in the configuration where that says it. */
function placed(
  path: string,
  message: string,
  { database }: MappingSettings,
  file: File | undefined,
): PolicyMappingMistake {
  const [first, second] = path.split('.')
  const isOfSection = first === 'database' && (second === undefined || Object.hasOwn(database ?? {}, second))
  if (isOfSection && database !== undefined) return { path: keysOf(path), message }
  const below = ['mapping', ...keysOf(path)]
  return file === undefined ? { path: below, message } : { path: below, message, at: file.placeOf(path) }
}

/** Names of entity types have no dots; names of attributes and actions may, and then the place is the one above. */
function keysOf(path: string): string[] {
  return path.split('.')
}

function schemaOf(file: string): Schema | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const parsed = file.endsWith('.json') ? parseJsonSchema(text) : parseSchema(text)
  return parsed.ok ? parsed.value : undefined
}

function fileOrMistake(file: string): File | { readonly message: string; readonly at: Place } {
  try {
    return openFile(file)
  } catch (thrown) {
    if (!(thrown instanceof RingwallError)) throw thrown
    return { message: thrown.message, at: thrown.at ?? { file } }
  }
}

/** A mapping file: YAML 1.2, which JSON is too. Throws RingwallError with its place. */
function openFile(file: string): File {
  const fail = (message: string, at: Place, cause?: unknown): never => {
    throw new RingwallError('config.mapping', message, { at, cause })
  }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    return fail(`the mapping cannot be read: ${describeError(cause)}`, { file }, cause)
  }
  if (Buffer.byteLength(text) > MAX_BYTES) return fail(`larger than ${MAX_BYTES} bytes`, { file })
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    merge: false,
    logLevel: 'error',
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const [wrong] = [...document.errors, ...document.warnings]
  if (wrong !== undefined) {
    const message = (wrong.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
    return fail(`the mapping is not YAML: ${message}`, placeAt(wrong.pos[0]))
  }
  const data: unknown = document.toJS({ maxAliasCount: 100 })
  return { data, placeOf: (path) => placeAt(offsetOf(document.contents, path)) }
}

/** Where a key stands, or as far as the keys before it go; a key may itself have dots. */
function offsetOf(root: unknown, path: string): number {
  let node = root
  let rest = path
  let offset = 0
  while (rest !== '' && isMap(node)) {
    const pair = node.items
      .filter(({ key }) => isScalar(key) && `${rest}.`.startsWith(`${String(key.value)}.`))
      .toSorted((one, other) => String(other.key).length - String(one.key).length)[0]
    if (pair === undefined) break
    const { key, value } = pair
    offset = (key as { readonly range?: readonly number[] }).range?.[0] ?? offset
    rest = rest.slice(String((key as { readonly value: unknown }).value).length + 1)
    node = value
  }
  return offset
}
