import { suggest } from '../../core/suggest.ts'

/** Where in a test file something stands: `['cases', 3, 'principal']`. */
export type DataPath = readonly (string | number)[]

/** What one case is written as, after tables are made into cases. */
export interface WrittenCase {
  readonly path: DataPath
  readonly data: Plain
}

/** Names with values, as YAML gives them. */
export type Plain = Readonly<Record<string, unknown>>

/** Thrown inside the reader of test files and caught in it. */
export class Mistaken extends Error {
  readonly path: DataPath

  constructor(path: DataPath, message: string) {
    super(message)
    this.path = path
  }
}

/** Refuses a part of a test file. */
export function refuse(path: DataPath, message: string): never {
  throw new Mistaken(path, message)
}

/** The object at a place, with these keys only. */
export function mapAt(data: unknown, path: DataPath, keys?: readonly string[]): Plain {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    refuse(path, 'expected names with values')
  const unknown = keys && Object.keys(data).find((name) => !keys.includes(name))
  if (unknown !== undefined) {
    const meant = suggest(unknown, keys as readonly string[])
    const hint =
      meant === undefined
        ? `there is ${(keys as readonly string[]).join(', ')}`
        : `did you mean \`${meant}\`?`
    refuse([...path, unknown], `no such key; ${hint}`)
  }
  return data as Plain
}

/** The list at a place. */
export function listAt(data: unknown, path: DataPath): readonly unknown[] {
  if (!Array.isArray(data)) refuse(path, 'expected a list')
  return data as readonly unknown[]
}

/** The text at a place. */
export function textAt(data: unknown, path: DataPath): string {
  if (typeof data !== 'string') refuse(path, data === undefined ? 'is missing' : 'expected a text')
  return data
}
