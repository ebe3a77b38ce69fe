import { createHash } from 'node:crypto'

import { formatPlace, type Place, RingwallError } from '../core/errors.ts'
import { type Policy, slotsOf } from './cedar/ast.ts'
import { parsePolicies } from './cedar/parser.ts'
import { renameByAnnotation } from './cedar/policy.ts'
import { policyToText } from './cedar/policy-text.ts'
import type { Schema } from './cedar/schema.ts'
import { parseSchema } from './cedar/schema-parser.ts'
import { type Parsed, placeAt } from './cedar/syntax.ts'
import { validatePolicies } from './cedar/validator.ts'
import { EntityUid } from './cedar/value.ts'

/** A text and where it is from, for messages. */
export interface Named {
  readonly file: string
  readonly text: string
}

/** Policies as text, as texts by file name, or as already read or built. */
export type PolicyInput = string | Readonly<Record<string, string>> | readonly Policy[]

/** One thing that is wrong with policies or schema. */
export interface AccessMistake {
  readonly message: string
  readonly at?: Place
  /** The policy that is meant, once policies can be told apart. */
  readonly policy?: string
}

/** Policies or schema are wrong: everything that is, in one error, whose message names the places. */
export class AccessError extends RingwallError {
  readonly mistakes: readonly AccessMistake[]

  constructor(mistakes: readonly AccessMistake[]) {
    const lines = mistakes.map(({ at, message, policy }) => {
      const place = at?.file === undefined && at?.line !== undefined ? `${at.line}:${at.column}: ` : ''
      return `${formatPlace(at)}${place}${policy === undefined ? '' : `${policy}: `}${message}`
    })
    super('access.policies-invalid', lines.join('; '))
    this.name = 'AccessError'
    this.mistakes = mistakes
  }
}

/** Policies that fit their schema. */
export interface LoadedPolicies {
  readonly policies: readonly Policy[]
  readonly schema: Schema
  /** Policies that no request can satisfy: not wrong, but hardly meant. */
  readonly impossible: readonly string[]
}

/** Reads and strictly validates; every mistake with its place. */
export function loadPolicies(
  policyInput: PolicyInput,
  schemaInput: string | Named | Schema,
): LoadedPolicies | readonly AccessMistake[] {
  const mistakes: AccessMistake[] = []
  const schema =
    typeof schemaInput === 'string' || 'text' in schemaInput ? readSchema(schemaInput, mistakes) : schemaInput
  const { policies, files } = readPolicies(policyInput, mistakes)
  if (schema === undefined || mistakes.length > 0) return mistakes
  for (const policy of policies) {
    if (slotsOf(policy).length === 0) continue
    const place =
      policy.source === undefined ? {} : { at: placeOf(placeAt(policy.source, policy.at), files, policy.id) }
    mistakes.push({ message: 'is a template; link it with `linkTemplate`', policy: policy.id, ...place })
  }
  const { errors, impossible } = validatePolicies(policies, schema)
  for (const { policy, message, at } of errors)
    mistakes.push({ message, policy, ...(at === undefined ? {} : { at: placeOf(at, files, policy) }) })
  return mistakes.length > 0 ? mistakes : { policies, schema, impossible }
}

function readSchema(input: string | Named, mistakes: AccessMistake[]): Schema | undefined {
  const { file, text } = typeof input === 'string' ? { file: undefined, text: input } : input
  const parsed = parseSchema(text)
  if (parsed.ok) return parsed.value
  for (const { message, at } of parsed.errors) {
    const place = file === undefined ? at : { file, ...at }
    mistakes.push({ message: `schema: ${message}`, ...(place === undefined ? {} : { at: place }) })
  }
  return undefined
}

/** Policies, and where they stand. */
export interface ReadPolicies {
  readonly policies: readonly Policy[]
  /** The file of each policy, by id. */
  readonly files: ReadonlyMap<string, string>
}

/** Reads policies and calls them by their `@id`, without a schema to hold them against. */
export function readPolicies(input: PolicyInput, mistakes: AccessMistake[]): ReadPolicies {
  const files = new Map<string, string>()
  const read: Policy[] = []
  if (typeof input === 'string') read.push(...collect(parsePolicies(input), undefined, mistakes))
  else if (isList(input)) read.push(...input)
  else
    for (const [file, text] of Object.entries(input)) {
      const parsed = collect(parsePolicies(text), file, mistakes)
      read.push(...parsed.map((policy, at) => ({ ...policy, id: `${file}#${at}` })))
    }
  const renamed = renameByAnnotation(read)
  if (typeof renamed === 'string') {
    mistakes.push({ message: `${renamed}; give each its own \`@id\`` })
    return { policies: read, files }
  }
  for (const [at, { id }] of read.entries()) {
    const end = id.lastIndexOf('#')
    if (!isList(input) && typeof input !== 'string') files.set((renamed[at] as Policy).id, id.slice(0, end))
  }
  return { policies: renamed, files }
}

function isList(input: PolicyInput): input is readonly Policy[] {
  return Array.isArray(input)
}

function collect(
  parsed: Parsed<readonly Policy[]>,
  file: string | undefined,
  mistakes: AccessMistake[],
): readonly Policy[] {
  if (parsed.ok) return parsed.value
  for (const { message, at } of parsed.errors)
    mistakes.push({ message, ...(at === undefined ? {} : { at: file === undefined ? at : { file, ...at } }) })
  return []
}

function placeOf(at: Place, files: ReadonlyMap<string, string>, policy: string): Place {
  const file = files.get(policy)
  return file === undefined ? at : { file, ...at }
}

/**
 * A text that two sets of policies and schemas share only if they say the same: spaces and comments do not count,
 * ids and annotations do. SHA-256, base64url.
 */
export function versionOf(policies: readonly Policy[], schema: Schema): string {
  const hash = createHash('sha256')
  for (const policy of policies) hash.update(`${JSON.stringify(policy.id)} ${policyToText(policy)}`)
  return hash.update(JSON.stringify(schema, writePart)).digest('base64url')
}

function writePart(_name: string, part: unknown): unknown {
  if (part instanceof EntityUid) return part.toString()
  if (part instanceof Set) return [...(part as Set<string>)].sort()
  return part instanceof Map
    ? [...(part as Map<string, unknown>)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    : part
}
