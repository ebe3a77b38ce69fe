import { createHash } from 'node:crypto'

import { type Place, RingwallError } from '../core/errors.ts'
import type { Policy } from './cedar/ast.ts'
import { Authorizer } from './cedar/authorizer.ts'
import { Entities } from './cedar/entities.ts'
import { parseEntities } from './cedar/entities-json.ts'
import { validateEntities } from './cedar/conformance.ts'
import { parsePolicies } from './cedar/parser.ts'
import { PartialAuthorizer } from './cedar/partial.ts'
import { renameByAnnotation } from './cedar/policy.ts'
import type { Schema } from './cedar/schema.ts'
import { parseSchema } from './cedar/schema-parser.ts'
import type { Parsed } from './cedar/syntax.ts'
import { validatePolicies } from './cedar/validator.ts'

/** A text and where it is from, for messages. */
export interface Named {
  readonly file: string
  readonly text: string
}

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
 * A policy that is ready to decide: parsed, validated strictly against its schema, compiled, and named by a hash, so that a
 * gateway and an application can tell whether they go by the same one.
 */
export class PolicySet {
  readonly policies: readonly Policy[]
  readonly schema: Schema
  readonly entities: Entities
  /** 16 hexadecimal digits that change with every byte of what was read. */
  readonly version: string
  /** A `forbid` that cannot be evaluated denies here: it is not known which of them would have. */
  readonly authorizer: Authorizer
  readonly partial: PartialAuthorizer

  private constructor(policies: readonly Policy[], schema: Schema, entities: Entities, version: string) {
    this.policies = policies
    this.schema = schema
    this.entities = entities
    this.version = version
    this.authorizer = new Authorizer(policies, { failedForbid: 'deny' })
    this.partial = new PartialAuthorizer(policies)
  }

  /** Throws RingwallError with file, line and column for the first thing that is wrong. */
  static load({ policies, schema: schemaText, entities: entitiesText }: PolicySources): PolicySet {
    const schema = taken(parseSchema(schemaText.text), schemaText.file)
    const parsed = policies.flatMap(({ file, text }, i) => {
      const read = taken(parsePolicies(text), file)
      const [first] = validatePolicies(read, schema).errors
      if (first !== undefined) throw wrong(first.message, { file, ...first.at })
      // Two files count their policies from 0 each.
      return policies.length === 1 ? read : read.map((policy) => ({ ...policy, id: `${i}.${policy.id}` }))
    })
    const named = renameByAnnotation(parsed)
    if (typeof named === 'string') throw wrong(named, { file: policies[0]?.file ?? '' })
    const entities = entitiesText && taken(parseEntities(entitiesText.text, schema), entitiesText.file)
    const [misfit] = entities ? validateEntities(entities, schema) : []
    if (misfit !== undefined) throw wrong(misfit, { file: entitiesText?.file ?? '' })
    const hash = createHash('sha256')
    for (const { text } of [...policies, schemaText, ...(entitiesText ? [entitiesText] : [])])
      hash.update(`${Buffer.byteLength(text)}\n`).update(text)
    const version = hash.digest('hex').slice(0, 16)
    return new PolicySet(named, schema, entities ?? noEntities(), version)
  }
}

function taken<T>(parsed: Parsed<T>, file: string): T {
  if (parsed.ok) return parsed.value
  const [first] = parsed.errors
  throw wrong(first?.message ?? 'cannot be read', { file, ...first?.at })
}

function wrong(message: string, at: Place): RingwallError {
  return new RingwallError('access.policy', message, { at })
}

function noEntities(): Entities {
  const none = Entities.of([])
  if (typeof none === 'string') throw new Error(none)
  return none
}
