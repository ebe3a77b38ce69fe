import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'

import { describeError, RingwallError } from '../../core/errors.ts'
import { NUMBER_FORMATS, STRING_FORMATS } from './formats.ts'
import type { JsonObject, JsonValue } from './json-value.ts'

/** Where a value breaks a schema, and which rule: never the value. */
export interface Mismatch {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body' | 'response'
  /** Name of the parameter, or pointer into the body. */
  readonly field: string
  /** Keyword of the schema, with what it asks for. */
  readonly rule: string
}

/** Why a value does not fit; undefined where it does. */
export type Check = (value: JsonValue) => Pick<Mismatch, 'field' | 'rule'> | undefined

/** Schemas of documents (JSON Schema 2020-12), compiled when they are first asked for. Patterns match in linear time. */
export class Validator {
  readonly #ajv: Ajv2020

  constructor(documents: ReadonlyMap<string, JsonObject>) {
    this.#ajv = new Ajv2020({
      strict: false,
      validateSchema: false,
      allErrors: false,
      logger: false,
      code: { regExp: Object.assign(linearPattern, { code: 'linearPattern' }) },
    })
    for (const [name, isValid] of Object.entries(STRING_FORMATS))
      this.#ajv.addFormat(name, { type: 'string', validate: isValid })
    for (const [name, isValid] of Object.entries(NUMBER_FORMATS))
      this.#ajv.addFormat(name, { type: 'number', validate: isValid })
    // The library compares each item with each; an array of a megabyte would take it minutes.
    this.#ajv.removeKeyword('uniqueItems')
    this.#ajv.addKeyword({
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      errors: false,
      validate: (isWanted: boolean, items: readonly JsonValue[]) =>
        !isWanted || new Set(items.map(canonical)).size === items.length,
    })
    for (const [id, document] of documents) this.#ajv.addSchema({ ...document, $id: id }, id)
  }

  /** The check of the schema at a reference. Throws RingwallError where it cannot be compiled. */
  compile(reference: string): Check {
    let validate: ValidateFunction
    try {
      validate = this.#ajv.compile({ $ref: reference })
    } catch (cause) {
      throw new RingwallError('gateway.schema', `the schema at ${reference}: ${describeError(cause)}`, {
        cause,
      })
    }
    return (value) => {
      if (validate(value)) return undefined
      const [error] = validate.errors ?? []
      return error ? mismatchOf(error) : { field: '', rule: 'schema' }
    }
  }
}

function linearPattern(pattern: string): { test(text: string): boolean } {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
    return { test: (text) => compiled.matcher(text).find() }
  } catch (cause) {
    throw new RingwallError(
      'gateway.schema-pattern',
      `the pattern \`${pattern}\` cannot be matched in linear time (no lookaround, no backreference): ${describeError(cause)}`,
      { cause },
    )
  }
}

function canonical(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`
}

/** Names that clients chose are cut, so that nobody writes a book into the log. */
const MAX_FIELD = 256

function mismatchOf({ instancePath, keyword, params }: ErrorObject): Pick<Mismatch, 'field' | 'rule'> {
  const place = instancePath.slice(0, MAX_FIELD)
  const named = (name: unknown): string => `${place}/${String(name)}`.slice(0, MAX_FIELD)
  const facts = params as Readonly<Record<string, unknown>>
  switch (keyword) {
    case 'required':
      return { field: named(facts['missingProperty']), rule: 'required' }
    case 'additionalProperties':
      return { field: named(facts['additionalProperty']), rule: 'unknown field' }
    case 'unevaluatedProperties':
      return { field: named(facts['unevaluatedProperty']), rule: 'unknown field' }
    case 'type':
      return { field: place, rule: `type ${String(facts['type'])}` }
    case 'format':
      return { field: place, rule: `format ${String(facts['format'])}` }
    default: {
      const limit = facts['limit'] ?? facts['multipleOf']
      return { field: place, rule: limit === undefined ? keyword : `${keyword} ${JSON.stringify(limit)}` }
    }
  }
}
