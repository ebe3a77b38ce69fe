import { RingwallError } from '../core/errors.ts'
import {
  FORBIDDEN_NAMES,
  type JsonBounds,
  type JsonFault,
  readStrictJson,
  type StrictJson,
} from './strict-json.ts'

/** A JSON value in which tagged objects have become what their tags stand for. */
export type Revived = null | boolean | number | string | object | readonly Revived[]

/** Makes an object of checked fields; undefined where the fields are not those of this type. */
export type Revive = (fields: Readonly<Record<string, Revived>>) => object | undefined

/** What the reviver answers. */
export type Revival =
  | { readonly ok: true; readonly value: Revived }
  | {
      readonly ok: false
      readonly fault: JsonFault | 'type-not-allowed' | 'type-refused'
      readonly message: string
    }

/**
 * The guide's `SafeUnpickler`: a document names types by tags, and an allowlist says what each tag may become. A tag that is not
 * on the list is refused before anything is made; nothing is looked up by name anywhere else, and no code comes from the document.
 */
export class TypedReviver {
  readonly #types: ReadonlyMap<string, Revive>
  readonly #tag: string

  constructor(types: Readonly<Record<string, Revive>>, options: { readonly tag?: string } = {}) {
    this.#types = new Map(Object.entries(types))
    this.#tag = options.tag ?? '$type'
    if (FORBIDDEN_NAMES.has(this.#tag))
      throw new RingwallError(
        'application.reviver',
        `the tag may not be \`${this.#tag}\`; choose a name such as $type`,
      )
  }

  /** The guide's `safe_loads`: reads strict JSON and revives it. */
  load(bytes: Uint8Array | string, bounds: JsonBounds = {}): Revival {
    const read = readStrictJson(bytes, bounds)
    return read.ok ? this.revive(read.value) : { ok: false, fault: read.fault, message: read.message }
  }

  /** Revives a value that was read strictly: bounded in depth, without forbidden names. */
  revive(value: StrictJson): Revival {
    // INVARIANT: every tag is judged before the first constructor runs.
    const unknown = this.#unknownTag(value)
    if (unknown !== undefined)
      return {
        ok: false,
        fault: 'type-not-allowed',
        message: `a type that is not allowed at ${unknown || '/'}`,
      }
    try {
      return { ok: true, value: this.#make(value, '') }
    } catch (thrown) {
      if (!(thrown instanceof TypeRefused)) throw thrown
      return { ok: false, fault: 'type-refused', message: thrown.message }
    }
  }

  /** Where the first tag stands that is not on the list: a JSON Pointer of positions, without names of the document. */
  #unknownTag(value: StrictJson, path = ''): string | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    if (isObject(value) && Object.hasOwn(value, this.#tag)) {
      const tag = value[this.#tag]
      if (typeof tag !== 'string' || !this.#types.has(tag)) return path
    }
    for (const [i, inner] of Object.values(value).entries()) {
      const found = this.#unknownTag(inner, `${path}/${i}`)
      if (found !== undefined) return found
    }
    return undefined
  }

  #make(value: StrictJson, path: string): Revived {
    if (typeof value !== 'object' || value === null) return value
    if (!isObject(value)) return value.map((inner, i) => this.#make(inner, `${path}/${i}`))
    const fields = Object.fromEntries(
      Object.entries(value).map(([name, inner], i) => [name, this.#make(inner, `${path}/${i}`)] as const),
    )
    const tag = value[this.#tag]
    if (typeof tag !== 'string') return fields
    delete fields[this.#tag]
    const made = (this.#types.get(tag) as Revive)(fields)
    if (made === undefined) throw new TypeRefused(`fields that are not those of \`${tag}\` at ${path || '/'}`)
    return made
  }
}

class TypeRefused extends Error {}

function isObject(value: StrictJson): value is { readonly [name: string]: StrictJson } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
