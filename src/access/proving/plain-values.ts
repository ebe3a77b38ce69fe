import { quote, unescapeString } from '../cedar/escape.ts'
import { Datetime } from '../cedar/extensions/datetime.ts'
import type { Json } from '../cedar/json.ts'
import { MAX_DEPTH, Unreadable } from '../cedar/syntax.ts'
import type { Type } from '../cedar/types.ts'
import { CedarRecord, CedarSet, EntityUid, Fault, type Value } from '../cedar/value.ts'
import { isTypeName, valueToJson } from '../cedar/value-json.ts'

/** Reads `User::ann`, `Shop::User::"ann b"`, or an id alone where the type is known. Text: what is wrong. */
export function readUid(text: string, type?: string): EntityUid | string {
  const quoted = text.endsWith('"') ? text.indexOf('::"') : -1
  const at = quoted >= 0 ? quoted : text.lastIndexOf('::')
  if (at < 0)
    return type === undefined ? `\`${text}\` wants a type: write Type::${text}` : new EntityUid(type, text)
  const name = text.slice(0, at)
  if (!isTypeName(name)) return `\`${name}\` is no entity type`
  if (quoted < 0) return new EntityUid(name, text.slice(at + 2))
  try {
    return new EntityUid(name, unescapeString(text.slice(at + 2), 0))
  } catch (thrown) {
    if (thrown instanceof Unreadable) return thrown.message
    throw thrown
  }
}

/** An entity as `readUid` reads it, in quotes only where it must be. */
export function writeUid({ type, id }: EntityUid): string {
  const isPlain = id !== '' && !id.includes('::') && !id.includes('"') && quote(id) === `"${id}"`
  return `${type}::${isPlain ? id : quote(id)}`
}

/**
 * A plain value as Cedar's JSON: with a type, texts stand for entities (`User::ann`, or `ann` alone), and so do they
 * for dates, durations, decimals and addresses.
 */
export function jsonOf(plain: unknown, type: Type | undefined, depth = 0): Json {
  if (depth > MAX_DEPTH) throw new Unreadable(`expected at most ${MAX_DEPTH} levels`)
  if (typeof plain === 'string') {
    if (type?.kind !== 'entity') return plain
    const uid = readUid(plain, type.names.length === 1 ? type.names[0] : undefined)
    if (typeof uid === 'string') throw new Unreadable(uid)
    return { __entity: { type: uid.type, id: uid.id } }
  }
  if (plain === null || typeof plain === 'boolean' || typeof plain === 'number' || typeof plain === 'bigint')
    return plain
  if (Array.isArray(plain))
    return plain.map((element) => jsonOf(element, type?.kind === 'set' ? type.element : undefined, depth + 1))
  if (typeof plain !== 'object') throw new Unreadable(`a ${typeof plain} is no Cedar value`)
  const fields = type?.kind === 'record' ? type.attributes : undefined
  return Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name, jsonOf(value, fields?.get(name)?.type, depth + 1)]),
  )
}

/** A value as `jsonOf` reads it back with the type of the schema. */
export function plainOf(value: Value): unknown {
  if (typeof value !== 'object') return value
  if (value instanceof EntityUid) return writeUid(value)
  if (value instanceof CedarSet) return value.elements.map(plainOf)
  if (value instanceof CedarRecord) return plainRecord(value)
  if (value instanceof Datetime && !value.toString().endsWith('Z')) return valueToJson(value)
  return value.toString()
}

/** A record as a plain object. */
export function plainRecord(record: CedarRecord): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    record.names.flatMap((name) => {
      const value = record.get(name)
      return value === undefined || value instanceof Fault ? [] : [[name, plainOf(value)]]
    }),
  )
}
