import { Secret } from '../core/secret.ts'
import { type Render } from './mask-action.ts'
import { maskJsonText, maskMultipart } from './mask-body.ts'
import type { FieldMask, FieldNames } from './mask-fields.ts'

/** How objects are masked. */
export interface ObjectMasking {
  readonly names: FieldNames
  readonly render: Render
  /** Masks a string that is in no sensitive field; undefined leaves it. */
  readonly text: ((text: string) => string) | undefined
  readonly maxDepth: number
  readonly maxNodes: number
}

/** What is written for what is not read: deeper or more than the bounds, a circle, or something that throws. */
const DEEP = '[deep]'
const CUT = '[cut]'
const CIRCLE = '[circle]'
const UNREADABLE = '[unreadable]'
const HIDDEN = '***'

type Plain = Record<string, unknown>

/**
 * A value with what is sensitive masked, at any depth: objects and arrays; Map, Set, Error with its causes, Headers, URL,
 * URLSearchParams, FormData, Secret and bytes as what a log can show of them. Nothing is changed in place; what holds nothing
 * sensitive comes back as it is. Bounded in depth and number, and never throws.
 */
export function maskObject(value: unknown, masking: ObjectMasking): unknown {
  const { names, text, maxDepth, maxNodes, render } = masking
  const above: object[] = []
  let nodes = 0

  function walk(value: unknown): unknown {
    if (typeof value === 'string') return text === undefined ? value : maskString(value, text, masking)
    return typeof value === 'object' && value !== null ? enter(value) : value
  }

  function enter(object: object): unknown {
    if (above.length >= maxDepth) return DEEP
    if (++nodes > maxNodes) return CUT
    if (above.includes(object)) return CIRCLE
    above.push(object)
    try {
      return Array.isArray(object) ? walkArray(object) : walkObject(object as Plain)
    } catch {
      return UNREADABLE
    } finally {
      above.pop()
    }
  }

  function walkObject(object: Plain): unknown {
    const prototype: unknown = Object.getPrototypeOf(object)
    if (prototype !== Object.prototype && prototype !== null) return walkSpecial(object)
    let copy: Plain | undefined
    for (const key in object) {
      const value = object[key]
      if (key === 'toJSON' && typeof value === 'function') return walk((object['toJSON'] as () => unknown)())
      const mask = names.maskOf(key) ?? (key === 'value' ? pairMask(object) : undefined)
      const masked = mask === undefined ? walkField(key, value) : hide(mask, value)
      if (masked === value) continue
      copy ??= { ...object }
      put(copy, key, masked)
    }
    return copy ?? object
  }

  /** The fast way for what holds nothing: most fields are short words and numbers. */
  function walkField(key: string, value: unknown): unknown {
    if (typeof value === 'string') return text === undefined ? value : maskString(value, text, masking)
    if (typeof value !== 'object' || value === null) return value
    return key === 'rawHeaders' && Array.isArray(value) ? walkPairs(value) : enter(value)
  }

  function walkArray(array: readonly unknown[]): unknown {
    // An entry, as of a Map or of Headers.
    const [name, value] = array
    if (array.length === 2 && typeof name === 'string') {
      const mask = names.maskOf(name)
      if (mask !== undefined) return [name, hide(mask, value)]
    }
    let copy: unknown[] | undefined
    for (let i = 0; i < array.length; i++) {
      if (i >= maxNodes) return [...(copy ?? array).slice(0, i), CUT]
      const masked = walk(array[i])
      if (masked === array[i]) continue
      copy ??= [...array]
      copy[i] = masked
    }
    return copy ?? array
  }

  /** `name, value, name, value`, as Node's rawHeaders. */
  function walkPairs(array: readonly unknown[]): unknown[] {
    return array.map((value, i) => {
      const name = i % 2 === 1 ? array[i - 1] : undefined
      const mask = typeof name === 'string' ? names.maskOf(name) : undefined
      return mask === undefined ? walk(value) : hide(mask, value)
    })
  }

  /** `{ name: 'password', value: 'x' }`. */
  function pairMask(object: Plain): FieldMask | undefined {
    const name = object['name'] ?? object['key']
    return typeof name === 'string' ? names.maskOf(name) : undefined
  }

  /** The value of a sensitive field. */
  function hide(mask: FieldMask, value: unknown): unknown {
    if (value === null || value === undefined || typeof value === 'function') return value
    if (mask === 'secret' || mask === 'line' || mask === 'hidden') return HIDDEN
    if (typeof value === 'string') return render(mask, value)
    if (typeof value === 'number' || typeof value === 'bigint') return render(mask, String(value))
    if (Array.isArray(value) && value.length <= maxNodes && above.length < maxDepth) {
      above.push(value)
      const masked = value.map((one: unknown) => hide(mask, one))
      above.pop()
      return masked
    }
    // A card or a phone that is an object: its fields tell which of them are sensitive, and its texts are of the kind.
    return isPlain(value) && above.length < maxDepth ? hideFields(mask, value) : HIDDEN
  }

  function hideFields(mask: FieldMask, object: Plain): unknown {
    if (above.includes(object) || ++nodes > maxNodes) return HIDDEN
    above.push(object)
    const masked: Plain = {}
    for (const [key, value] of Object.entries(object))
      put(masked, key, hide(names.maskOf(key) ?? mask, value))
    above.pop()
    return masked
  }

  function walkSpecial(object: Plain): unknown {
    if (object instanceof Secret) return String(object)
    if (object instanceof Error) return walkError(object)
    if (object instanceof Date) return object
    if (object instanceof Map)
      return new Map([...entriesOf(object)].map(([key, value]) => [walkKey(key), value]))
    if (object instanceof Set) return new Set([...object].slice(0, maxNodes).map(walk))
    if (object instanceof Headers || object instanceof FormData || object instanceof URLSearchParams) {
      const masked: Plain = {}
      for (const [name, value] of entriesOf(object)) add(masked, String(name), value)
      return object instanceof URLSearchParams
        ? new URLSearchParams(masked as Record<string, string>).toString()
        : masked
    }
    if (object instanceof URL) return walkUrl(object)
    if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) return `[${object.byteLength} bytes]`
    if (object instanceof Blob) return `[${object.size} bytes]`
    if (object instanceof RegExp) return walk(String(object))
    if (typeof object['toJSON'] === 'function') return walk((object['toJSON'] as () => unknown)())
    // A boxed string, number or boolean.
    const boxed: unknown = object.valueOf()
    if (typeof boxed !== 'object') return walk(boxed)
    const masked: Plain = {}
    for (const [key, value] of Object.entries(object)) put(masked, key, walkEntry(key, value))
    return masked
  }

  function* entriesOf(entries: Iterable<readonly [unknown, unknown]>): Generator<[unknown, unknown]> {
    let count = 0
    for (const [key, value] of entries) {
      if (++count > maxNodes) return
      yield [key, typeof key === 'string' ? walkEntry(key, value) : walk(value)]
    }
  }

  function walkKey(key: unknown): unknown {
    return typeof key === 'string' && text !== undefined ? text(key) : walk(key)
  }

  function walkEntry(key: string, value: unknown): unknown {
    const mask = names.maskOf(key)
    return mask === undefined ? walkField(key, value) : hide(mask, value)
  }

  /** Name, message, stack, code, cause and what else it was given; the message stands in the stack as well. */
  function walkError(error: Error): unknown {
    const masked: Plain = { type: error.name, message: walk(error.message), stack: walk(error.stack) }
    for (const key of Object.getOwnPropertyNames(error)) {
      if (key === 'message' || key === 'stack') continue
      put(masked, key, walkEntry(key, (error as unknown as Plain)[key]))
    }
    return masked
  }

  function walkUrl(url: URL): string {
    const masked = new URL(url)
    if (masked.password !== '') masked.password = HIDDEN
    for (const name of new Set(url.searchParams.keys())) {
      const values = url.searchParams.getAll(name).map((value) => String(walkEntry(lastName(name), value)))
      masked.searchParams.delete(name)
      for (const value of values) masked.searchParams.append(name, value)
    }
    return text === undefined ? masked.href : text(masked.href)
  }

  return walk(value)
}

/** Two fields of one name are both there. */
function add(object: Plain, name: string, value: unknown): void {
  const before = Object.hasOwn(object, name) ? object[name] : undefined
  put(object, name, before === undefined ? value : [before, value].flat())
}

/** `user[password]` is about a password. */
export function lastName(name: string): string {
  const parts = name.split(/[[\]]+/).filter((part) => part !== '')
  return parts.at(-1) ?? name
}

/** INVARIANT: a field is a field, whatever its name: `__proto__` sets no prototype. */
function put(object: Plain, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

function isPlain(value: unknown): value is Plain {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const MAX_JSON = 262_144

/** A string that is JSON or a multipart body is masked by the names in it; then every string is masked as text. */
function maskString(value: string, text: (text: string) => string, masking: ObjectMasking): string {
  const first = value.charCodeAt(0)
  if ((first === 123 || first === 91) && value.length <= MAX_JSON) {
    const masked = maskJsonText(value, (parsed) =>
      maskObject(parsed, { ...masking, maxDepth: masking.maxDepth - 1 }),
    )
    if (masked !== undefined) return masked
  }
  if (first === 45 && value.includes('form-data'))
    return text(maskMultipart(value, masking.names, masking.render))
  return text(value)
}
