import { readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

import { DataAbsent } from '../suite.ts'

const BLOCK = 512
const MAX_UNPACKED_BYTES = 512 * 1024 * 1024

/** The regular files of a `.tar.gz` (POSIX ustar), as text by name; metadata files of macOS are left out. */
export function readArchive(path: string): ReadonlyMap<string, string> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new DataAbsent(`\`${path}\` is missing`)
  const tar = gunzipSync(readFileSync(path), { maxOutputLength: MAX_UNPACKED_BYTES })
  const files = new Map<string, string>()
  for (let at = 0; at + BLOCK <= tar.length;) {
    const field = (start: number, length: number): string =>
      tar.toString('utf8', at + start, at + start + length).replace(/\0.*$/s, '')
    const name = field(0, 100)
    if (name === '') break
    const size = Number.parseInt(field(124, 12), 8)
    const type = field(156, 1)
    const prefix = field(345, 155)
    const full = prefix === '' ? name : `${prefix}/${name}`
    const start = at + BLOCK
    if ((type === '0' || type === '') && !full.split('/').some((part) => part.startsWith('._')))
      files.set(full.replace(/^\.\//, ''), tar.toString('utf8', start, start + size))
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}
