import { RingwallError } from '../../core/errors.ts'
import type { Policy } from '../cedar/ast.ts'
import { parsePolicies } from '../cedar/parser.ts'
import { parseJsonPolicies } from '../cedar/policy-json.ts'
import type { Schema } from '../cedar/schema.ts'
import { parseJsonSchema } from '../cedar/schema-json.ts'
import { parseSchema } from '../cedar/schema-parser.ts'
import type { Parsed } from '../cedar/syntax.ts'
import { validatePolicies } from '../cedar/validator.ts'
import type { MappingConfig } from '../filter/mapping.ts'
import { readMapping } from '../filter/mapping-reader.ts'
import { readDeclaration } from './declaration.ts'
import type { PlanInput } from './plan.ts'
import type { Server } from './sql-text.ts'

/** A file and what stands in it. */
export interface FileText {
  readonly file: string
  readonly text: string
}

/** What a plan is read from: policies and schema as Cedar text or JSON, and a mapping with `entities` and `database`. */
export interface PlanFiles {
  readonly policies: FileText
  readonly schema: FileText
  /** Plain data, as YAML or JSON holds it. */
  readonly mapping: unknown
}

/** Reads and checks the files of a plan. Throws RingwallError for the first mistake, with its place. */
export function readPlanFiles(
  { policies, schema, mapping }: PlanFiles,
  server: Server = 'postgres',
): PlanInput {
  const readSchema = isJson(schema) ? parseJsonSchema(schema.text) : parseSchema(schema.text)
  const knownSchema = valueOf(readSchema, schema, 'access.schema-invalid')
  const readPolicies = isJson(policies) ? parseJsonPolicies(policies.text) : parsePolicies(policies.text)
  const knownPolicies = valueOf(readPolicies, policies, 'access.policies-invalid')
  requireValid(knownPolicies, knownSchema, policies)
  return planInput(knownPolicies, knownSchema, mapping, server)
}

/** The same from what is read already: `mapping` is the mapping of filters with a `database` beside its `entities`. */
export function planInput(
  policies: readonly Policy[],
  schema: Schema,
  mapping: unknown,
  server: Server = 'postgres',
): PlanInput {
  if (typeof mapping !== 'object' || mapping === null || !('database' in mapping))
    throw new RingwallError(
      'access.database-declaration',
      'the mapping has no `database`; say there what each action does to rows: { "verbs": { "read": { "verb": "select" } } }',
    )
  const { database, ...rest } = mapping
  const defaultSchema = server === 'postgres' ? 'public' : 'app'
  const mappingConfig = withSchema(rest, defaultSchema) as unknown as MappingConfig
  const known = readMapping(mappingConfig, schema, server === 'postgres' ? 'postgres' : 'mysql')
  const declaration = readDeclaration(database, schema, known, defaultSchema)
  return { policies, schema, mapping: known, mappingConfig, declaration }
}

type Plain = Readonly<Record<string, unknown>>

function isPlain(raw: unknown): raw is Plain {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

/** Names the schema of every table, since the functions of a plan find no other. What is not a mapping stays as it is. */
function withSchema(raw: Plain, schema: string): Plain {
  const named = (one: unknown): unknown =>
    isPlain(one) && ('table' in one || 'closure' in one) ? { schema, ...one } : one
  const attribute = (one: unknown): unknown =>
    isPlain(one) && 'fields' in one ? { ...one, fields: eachOf(one['fields'], attribute) } : named(one)
  const entity = (one: unknown): unknown => {
    if (!isPlain(one)) return one
    const { attributes, parents, tags, ...rest } = one
    return {
      ...(named(rest) as Plain),
      ...(attributes === undefined ? {} : { attributes: eachOf(attributes, attribute) }),
      ...(parents === undefined
        ? {}
        : { parents: eachOf(parents, (way) => (Array.isArray(way) ? way.map(named) : named(way))) }),
      ...(tags === undefined ? {} : { tags: named(tags) }),
    }
  }
  return { ...raw, entities: eachOf(raw['entities'], entity) }
}

function eachOf(raw: unknown, change: (value: unknown) => unknown): unknown {
  if (!isPlain(raw)) return raw
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, change(value)]))
}

function isJson({ file }: FileText): boolean {
  return file.endsWith('.json')
}

function valueOf<T>(parsed: Parsed<T>, { file }: FileText, code: string): T {
  if (parsed.ok) return parsed.value
  const [first, ...more] = parsed.errors
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  throw new RingwallError(code, `${first?.message}${others}`, { at: { ...first?.at, file } })
}

function requireValid(policies: readonly Policy[], schema: Schema, { file }: FileText): void {
  const { errors } = validatePolicies(policies, schema)
  const [first, ...more] = errors
  if (first === undefined) return
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  throw new RingwallError('access.policies-invalid', `policy ${first.policy}: ${first.message}${others}`, {
    at: { ...first.at, file },
  })
}
