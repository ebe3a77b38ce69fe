import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { Command } from 'commander'

import {
  contextFrom,
  type Entities,
  entitiesFrom,
  EntityUid,
  parseEntities,
  parseJsonPolicies,
  parseJsonSchema,
  type Parsed,
  parsePolicies,
  parseSchema,
  type Policy,
  readEntities,
  readRequest,
  readUid,
  type Request,
  type Schema,
  type SyntaxFault,
  type TestMistake,
  type WrittenRequest,
} from '../../access/index.ts'
import { describeError, type Place, RingwallError } from '../../core/errors.ts'
import { readConfig } from '../config-file.ts'
import { type PlainDocument, readYaml } from './policy-yaml.ts'

/** Options that every command about policies has. */
export interface SourceOptions {
  readonly config?: string
  readonly policies?: readonly string[]
  readonly schema?: string
  readonly entities?: string
}

/** Where policies are: from options, or from `security.authorization.policy`. */
export interface PolicySettings {
  readonly policies?: string | readonly string[] | undefined
  readonly schema?: string | undefined
  readonly tests?: string | readonly string[] | undefined
}

/** Something wrong in a file, with its text for an excerpt. */
export interface FileFault {
  readonly message: string
  readonly at: Place
  readonly text: string
}

/** Thrown for files that cannot be read as what they are; the command prints all faults. */
export class PolicyFaults extends RingwallError {
  readonly faults: readonly FileFault[]

  constructor(faults: readonly FileFault[]) {
    super('cli.policy', faults.map(({ message }) => message).join('; '), { at: faults[0]?.at ?? {} })
    this.name = 'PolicyFaults'
    this.faults = faults
  }
}

/** What the commands work on. */
export interface PolicySource {
  readonly policies: readonly Policy[]
  readonly schema: Schema | undefined
  /** The file of each policy. */
  readonly fileOf: ReadonlyMap<string, string>
  /** The text of each file. */
  readonly texts: ReadonlyMap<string, string>
  readonly tests: readonly string[]
}

/** Adds the options that say where the policies are. */
export function withSourceOptions(command: Command): Command {
  return command
    .option('-p, --policies <path...>', 'policy files (.cedar, or .json) or folders of them')
    .option('-s, --schema <file>', 'schema (.cedarschema, or .json)')
    .option('-c, --config <file>', 'configuration that names them, if the options do not')
}

/** The files that the options name, or else those of the configuration. */
export function resolveSettings(options: SourceOptions): PolicySettings {
  if (options.policies !== undefined) return { policies: options.policies, schema: options.schema }
  const { config } = readConfig(options.config)
  const { policy } = config.security.authorization
  if (policy?.policies === undefined)
    throw new RingwallError(
      'cli.no-policies',
      'no policies: name them with --policies FILE, or in security.authorization.policy of the configuration',
    )
  return { ...policy, schema: options.schema ?? policy.schema }
}

/** Files and folders as they are named. */
export function policyPaths(options: SourceOptions): readonly string[] {
  return listOf(resolveSettings(options).policies)
}

/** The policy files alone. */
export function policyFiles(options: SourceOptions): readonly string[] {
  return filesOf(resolveSettings(options))
}

function filesOf({ policies }: PolicySettings): readonly string[] {
  const files = listOf(policies).flatMap((path) => filesIn(path, ['.cedar']))
  if (files.length === 0)
    throw new RingwallError('cli.no-policies', 'there is no .cedar file in these folders')
  return files
}

/** Reads policies and schema. */
export function readSource(options: SourceOptions): PolicySource {
  const settings = resolveSettings(options)
  const files = filesOf(settings)
  const texts = new Map(files.map((file) => [file, readText(file)]))
  const { policies, fileOf } = readPolicies(texts)
  const schemaText = settings.schema === undefined ? undefined : readText(settings.schema)
  if (schemaText !== undefined) texts.set(settings.schema as string, schemaText)
  const schema = schemaText === undefined ? undefined : schemaFrom(settings.schema as string, schemaText)
  const tests = settings.tests === undefined ? testsBeside(files) : listOf(settings.tests)
  return { policies, schema, fileOf, texts, tests: tests.flatMap((path) => filesIn(path, ['.tests.yaml'])) }
}

/** The schema alone, of the option or of the configuration. */
export function readSchema(options: SourceOptions): Schema {
  const file = options.schema ?? resolveSettings(options).schema
  if (file !== undefined) return schemaFrom(file, readText(file))
  throw new RingwallError(
    'cli.no-policies',
    'no schema: name it with --schema FILE, or in security.authorization.policy of the configuration',
  )
}

function schemaFrom(file: string, text: string): Schema {
  return sound(file.endsWith('.json') ? parseJsonSchema(text) : parseSchema(text), file, text)
}

/** The policies of these files and folders. */
export function readPolicyPaths(paths: readonly string[]): readonly Policy[] {
  return readPolicies(new Map(filesOf({ policies: paths }).map((file) => [file, readText(file)]))).policies
}

/** Policies of all files, called by their `@id`; without one, by their number, and their file if there are several. */
export function readPolicies(texts: ReadonlyMap<string, string>): {
  readonly policies: readonly Policy[]
  readonly fileOf: ReadonlyMap<string, string>
} {
  const fileOf = new Map<string, string>()
  const faults: FileFault[] = []
  const policies = [...texts].flatMap(([file, text]) => {
    const parsed = file.endsWith('.json') ? parseJsonPolicies(text) : parsePolicies(text)
    if (!parsed.ok) {
      faults.push(...parsed.errors.map((fault) => faultIn(file, text, fault)))
      return []
    }
    return parsed.value.map((policy): Policy => {
      const own = texts.size > 1 ? `${basename(file)}#${policy.id}` : policy.id
      const id = policy.annotations.get('id') ?? own
      if (fileOf.has(id)) faults.push({ message: `a second policy is called \`${id}\``, at: { file }, text })
      fileOf.set(id, file)
      return { ...policy, id }
    })
  })
  if (faults.length > 0) throw new PolicyFaults(faults)
  return { policies, fileOf }
}

/** Entities of a file: Cedar's JSON, or YAML as in test files. None without a file. */
export function readEntityFile(file: string | undefined, schema: Schema | undefined): Entities {
  if (file === undefined) {
    const none = entitiesFrom([], schema)
    if (none.ok) return none.value
    throw new RingwallError('cli.policy', 'the actions of the schema are above themselves')
  }
  const text = readText(file)
  if (file.endsWith('.json')) return sound(parseEntities(text, schema), file, text)
  const document = readDocument(file)
  const inner = document.data as { readonly entities?: unknown } | null
  const isWhole = typeof inner === 'object' && inner !== null && 'entities' in inner
  const read = readEntities(isWhole ? inner.entities : inner, {
    ...(schema !== undefined && { schema }),
    placeOf: (path) => document.placeOf(isWhole ? ['entities', ...path] : path),
  })
  if (read.ok) return read.entities
  throw mistakesIn(document, read.mistakes)
}

/** A request as the command line has it; the context is JSON. */
export function readWrittenRequest(
  written: Omit<WrittenRequest, 'context'>,
  context: string | undefined,
  schema: Schema | undefined,
): Request {
  const read = readRequest(
    { ...written, ...(context !== undefined && { context: readContext(context) }) },
    schema === undefined ? {} : { schema },
  )
  if (read.ok) return read.request
  const [first] = read.mistakes
  const where = first?.path === '' ? '' : `${first?.path ?? ''}: `
  throw new RingwallError('cli.request', `${where}${first?.message ?? ''}`)
}

/** One entity or action of the command line. */
export function readWrittenUid(
  text: string,
  what: string,
  schema: Schema | undefined,
  types?: readonly string[],
): EntityUid {
  if (what === 'action' && !text.includes('::')) {
    const found = [...(schema?.actions.values() ?? [])].find(({ uid }) => uid.id === text)
    return found?.uid ?? new EntityUid('Action', text)
  }
  const uid = readUid(text, types?.length === 1 ? types[0] : undefined)
  if (typeof uid === 'string') throw new RingwallError('cli.entity', `${what}: ${uid}`)
  return uid
}

/** The context of a listing, which is for several actions. */
export function readListingContext(
  context: string | undefined,
  schema: Schema | undefined,
  action: Request['action'],
): NonNullable<Request['context']> {
  const plain = context === undefined ? {} : readContext(context)
  const read = contextFrom(plain as Parameters<typeof contextFrom>[0], schema, action)
  if (read.ok) return read.value
  throw new RingwallError('cli.context', read.errors[0]?.message ?? 'the context cannot be read')
}

function readContext(context: string): Readonly<Record<string, unknown>> {
  const text = context.startsWith('@') ? readText(context.slice(1)) : context
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null && !Array.isArray(read))
      return read as Readonly<Record<string, unknown>>
  } catch {
    // Told below.
  }
  throw new RingwallError(
    'cli.context',
    'the context is no JSON object; write --context \'{"name": "value"}\'',
  )
}

/** A YAML file as data with places. */
export function readDocument(file: string): PlainDocument {
  const text = readText(file)
  const read = readYaml(file, text)
  if (read.ok) return read.document
  throw new PolicyFaults([read.fault])
}

/** The mistakes of a document as faults with excerpts. */
export function mistakesIn(document: PlainDocument, mistakes: readonly TestMistake[]): PolicyFaults {
  return new PolicyFaults(
    mistakes.map(({ path, message, at }) => ({
      message: path === '' ? message : `${path}: ${message}`,
      at: at ?? { file: document.file },
      text: document.text,
    })),
  )
}

/** The text of a file, or a mistake that says so. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RingwallError('cli.unreadable', `cannot read \`${file}\`: ${describeError(cause)}`, { cause })
  }
}

function sound<T>(parsed: Parsed<T>, file: string, text: string): T {
  if (parsed.ok) return parsed.value
  throw new PolicyFaults(parsed.errors.map((fault) => faultIn(file, text, fault)))
}

function faultIn(file: string, text: string, { message, at }: SyntaxFault): FileFault {
  return { message, at: { file, ...at }, text }
}

function listOf(paths: string | readonly string[] | undefined): readonly string[] {
  return typeof paths === 'string' ? [paths] : (paths ?? [])
}

/** A folder stands for the files in it that end so; a file for itself. */
function filesIn(path: string, ends: readonly string[]): readonly string[] {
  if (!existsSync(path)) throw new RingwallError('cli.no-file', `there is no file \`${path}\``)
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => ends.some((end) => name.endsWith(end)))
    .sort()
    .map((name) => join(path, name))
}

/** `guide.tests.yaml` and `guide.generated.tests.yaml` beside `guide.cedar`. */
function testsBeside(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    const folder = dirname(file)
    const stem = basename(file).replace(/\.(cedar|json)$/, '')
    return readdirSync(folder)
      .filter((name) => name.startsWith(`${stem}.`) && name.endsWith('.tests.yaml'))
      .sort()
      .map((name) => join(folder, name))
  })
}
