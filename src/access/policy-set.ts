import type { Policy } from './cedar/ast.ts'
import { Authorizer } from './cedar/authorizer.ts'
import { validateEntities } from './cedar/conformance.ts'
import type { Entities } from './cedar/entities.ts'
import { parseEntities } from './cedar/entities-json.ts'
import { PartialAuthorizer } from './cedar/partial.ts'
import type { Schema } from './cedar/schema.ts'
import { AccessError, loadPolicies, type Named, readPolicies, versionOf } from './check-load.ts'

/** What a policy consists of. */
export interface PolicySources {
  /** Cedar policies; ids are their `@id`, or the place in the file. */
  readonly policies: readonly Named[]
  /** A Cedar schema in its human-readable form. */
  readonly schema: Named
  /** Entities that do not change with requests, such as groups and their parents, in Cedar's JSON. */
  readonly entities?: Named | undefined
}

/**
 * A policy that is ready to decide: parsed, validated strictly against its schema, compiled, and named, so that a gateway and
 * an application can tell whether they go by the same one.
 */
export class PolicySet {
  readonly policies: readonly Policy[]
  readonly schema: Schema
  readonly entities: Entities
  /** The same for all who go by the same policies and schema, `createAccess` too. */
  readonly version: string
  /** A `forbid` that cannot be evaluated denies here: it is not known which of them would have. */
  readonly authorizer: Authorizer
  readonly partial: PartialAuthorizer

  private constructor(policies: readonly Policy[], schema: Schema, entities: Entities) {
    this.policies = policies
    this.schema = schema
    this.entities = entities
    this.version = versionOf(policies, schema)
    this.authorizer = new Authorizer(policies, { failedForbid: 'deny' })
    this.partial = new PartialAuthorizer(policies)
  }

  /** Throws AccessError with everything that is wrong, each with its place. */
  static load({ policies, schema: schemaText, entities }: PolicySources): PolicySet {
    const loaded = loadPolicies(textsOf(policies), schemaText)
    if (!('policies' in loaded)) throw new AccessError(loaded)
    const { schema } = loaded
    return new PolicySet(loaded.policies, schema, readEntitiesFile(entities, schema))
  }
}

/** The same without a schema: nothing but the syntax is held against anything. Throws AccessError. */
export function readPolicyFiles(policies: readonly Named[]): readonly Policy[] {
  const mistakes: ConstructorParameters<typeof AccessError>[0][number][] = []
  const read = readPolicies(textsOf(policies), mistakes)
  if (mistakes.length > 0) throw new AccessError(mistakes)
  return read.policies
}

/** Entities in Cedar's JSON, held against a schema where there is one; none where there is no file. Throws AccessError. */
export function readEntitiesFile(named: Named | undefined, schema: Schema | undefined): Entities {
  const { file, text } = named ?? { file: 'entities', text: '[]' }
  const parsed = parseEntities(text, schema)
  if (!parsed.ok)
    throw new AccessError(parsed.errors.map(({ message, at }) => ({ message, at: { file, ...at } })))
  const misfits = schema === undefined ? [] : validateEntities(parsed.value, schema)
  if (misfits.length > 0) throw new AccessError(misfits.map((message) => ({ message, at: { file } })))
  return parsed.value
}

function textsOf(policies: readonly Named[]): Readonly<Record<string, string>> {
  return Object.fromEntries(policies.map(({ file, text }) => [file, text]))
}
