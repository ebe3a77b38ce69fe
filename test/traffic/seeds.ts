import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const read = (name: string): string => readFileSync(join(import.meta.dirname, 'seeds', `${name}.txt`), 'utf8')

/** A table of texts of one line each. */
export function readLines(name: string): readonly string[] {
  return read(name)
    .split('\n')
    .filter((line) => line !== '')
}

/** A table of texts of many lines, with a line of `%%%%` between two of them. */
export function readBlocks(name: string): readonly string[] {
  return read(name).replace(/\n$/, '').split('\n%%%%\n')
}
