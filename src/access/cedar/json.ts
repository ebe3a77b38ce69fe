import { longOf } from './long.ts'
import { MAX_DEPTH, Unreadable } from './syntax.ts'
import type { Long } from './value.ts'

/** JSON whose whole numbers are exact, also beyond 2^53. */
export type Json = null | boolean | Long | string | readonly Json[] | { readonly [name: string]: Json }

/** Where in a JSON document a reader is: `entities[3].attrs.owner`. */
export type Path = string

/** Refuses a document: where, and what was expected there. */
export function wrong(path: Path, expected: string): never {
  throw new Unreadable(`${path === '' ? 'the document' : path}: expected ${expected}`)
}

/** The object at a place, or a refusal. */
export function objectAt(json: Json | undefined, path: Path): Readonly<Record<string, Json>> {
  if (json === undefined || json === null || typeof json !== 'object' || Array.isArray(json))
    wrong(path, 'an object')
  return json as Readonly<Record<string, Json>>
}

/** The array at a place, or a refusal. */
export function arrayAt(json: Json | undefined, path: Path): readonly Json[] {
  if (!Array.isArray(json)) wrong(path, 'an array')
  return json as readonly Json[]
}

/** The string at a place, or a refusal. */
export function stringAt(json: Json | undefined, path: Path): string {
  if (typeof json !== 'string') wrong(path, 'a string')
  return json
}

/** Refuses names that are not expected, so that a misspelled one is no silent default. */
export function onlyNames(
  object: Readonly<Record<string, Json>>,
  path: Path,
  names: readonly string[],
): void {
  const unknown = Object.keys(object).find((name) => !names.includes(name))
  if (unknown !== undefined) wrong(path, `only ${names.join(', ')}, but there is \`${unknown}\``)
}

/** A whole number of 64 bits, or undefined. */
export function longFrom(json: Json): Long | undefined {
  if (typeof json === 'bigint') return longOf(json)
  return typeof json === 'number' && Number.isSafeInteger(json) ? json + 0 : undefined
}

/** Refuses values that nest deeper than any honest one. */
export function boundDepth(depth: number, path: Path): void {
  if (depth > MAX_DEPTH) wrong(path, `at most ${MAX_DEPTH} levels`)
}

/** A part that may be left out, but not be null. */
export function given(json: Json | undefined, otherwise: Json): Json {
  return json === undefined ? otherwise : json
}
