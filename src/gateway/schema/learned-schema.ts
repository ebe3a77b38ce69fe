import { STRING_FORMATS } from './formats.ts'
import { isObject, type JsonObject, type JsonValue } from './json-value.ts'

const MAX_DEPTH = 20
const MAX_FIELDS = 200
/** Formats that are told by their look, the narrower first. */
const FORMATS = ['uuid', 'date-time', 'date', 'email', 'ipv4', 'uri'] as const

/** What was seen of one value, however often. */
export class LearnedSchema {
  readonly #depth: number
  readonly #types = new Set<string>()
  readonly #fields = new Map<string, { seen: number; readonly schema: LearnedSchema }>()
  readonly #formats = new Set<string>(FORMATS)
  #objects = 0
  #items: LearnedSchema | undefined
  #isCut = false

  constructor(depth = 0) {
    this.#depth = depth
  }

  /** Takes a value into account. */
  see(value: JsonValue): void {
    if (Array.isArray(value)) {
      this.#types.add('array')
      if (this.#depth >= MAX_DEPTH) return
      this.#items ??= new LearnedSchema(this.#depth + 1)
      for (const item of value.slice(0, 1000) as readonly JsonValue[]) this.#items.see(item)
    } else if (isObject(value)) this.#seeObject(value)
    else if (typeof value === 'string') {
      this.#types.add('string')
      for (const format of this.#formats)
        if (STRING_FORMATS[format]?.(value) !== true) this.#formats.delete(format)
    } else if (typeof value === 'number') this.#types.add(Number.isInteger(value) ? 'integer' : 'number')
    else this.#types.add(value === null ? 'null' : 'boolean')
  }

  /** The schema of everything that was seen. */
  toSchema(): JsonObject {
    const types = [...this.#types].filter((type) => type !== 'integer' || !this.#types.has('number')).sort()
    const [format] = this.#types.has('string') ? [...this.#formats] : []
    return {
      ...(types.length > 0 && { type: types.length === 1 ? (types[0] as string) : types }),
      ...(format !== undefined && { format }),
      ...(this.#items && { items: this.#items.toSchema() }),
      ...(this.#objects > 0 && this.#objectSchema()),
    }
  }

  #seeObject(value: JsonObject): void {
    this.#types.add('object')
    this.#objects++
    if (this.#depth >= MAX_DEPTH) {
      this.#isCut = true
      return
    }
    for (const [name, inner] of Object.entries(value)) {
      const known = this.#fields.get(name)
      if (!known && this.#fields.size >= MAX_FIELDS) {
        this.#isCut = true
        continue
      }
      const field = known ?? { seen: 0, schema: new LearnedSchema(this.#depth + 1) }
      field.seen++
      field.schema.see(inner)
      this.#fields.set(name, field)
    }
  }

  #objectSchema(): JsonObject {
    const required = [...this.#fields].flatMap(([name, { seen }]) => (seen === this.#objects ? [name] : []))
    return {
      properties: Object.fromEntries(
        [...this.#fields].map(([name, { schema }]): [string, JsonValue] => [name, schema.toSchema()]),
      ),
      ...(required.length > 0 && { required }),
      // There was more than is kept: what has no name here may come.
      ...(this.#isCut && { additionalProperties: true }),
    }
  }
}

/** The value that a text of a query or a path most likely stands for. */
export function likelyValue(text: string): JsonValue {
  if (/^-?(0|[1-9]\d{0,14})$/.test(text)) return Number(text)
  if (/^-?(0|[1-9]\d{0,14})\.\d{1,15}$/.test(text)) return Number(text)
  if (text === 'true' || text === 'false') return text === 'true'
  return text
}
