import assert from 'node:assert/strict'

import type { Policy } from '../cedar/ast.ts'
import { parsePolicies } from '../cedar/parser.ts'
import { renameByAnnotation } from '../cedar/policy.ts'
import type { Schema } from '../cedar/schema.ts'
import { parseSchema } from '../cedar/schema-parser.ts'

/** Policies of a text, called by their `@id`. */
export function policiesOf(text: string): readonly Policy[] {
  const parsed = parsePolicies(text)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const renamed = renameByAnnotation(parsed.value)
  assert.ok(typeof renamed !== 'string')
  return renamed
}

/** A schema of a text. */
export function schemaOf(text: string): Schema {
  const parsed = parseSchema(text)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value
}

/** People who read and write documents, with an attribute of every kind. */
export const DOCUMENTS: Schema = schemaOf(`
  entity Role enum ["reader", "writer", "chief"];
  entity User in [Role];
  entity Doc = { owner: User, size: Long, label?: String, shared: Set<User> };
  type Facts = {
    n: Long, m: Long, s: String, b: Bool, o?: Bool, now: datetime, until: datetime,
    tags: Set<String>, ip: ipaddr, price: decimal,
  };
  action read, write appliesTo { principal: User, resource: Doc, context: Facts };
  action hire appliesTo { principal: User, resource: User, context: Facts };
`)
