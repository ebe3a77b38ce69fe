import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'

const PUBLIC = '/srv/shop/files'
const HERE = import.meta.dirname

/**
 * Reads a document by name.
 * HOLE path-traversal (Layer 4: Application Security; Common Mistakes 3: Missing Input Validation): the name is resolved
 * against the folder of documents, and nobody looks whether it is still in there.
 * HOLE path-traversal: what still has percent signs in it is decoded once more.
 *
 * The disk is a pretend one: `/srv/shop/files` is `files/` and the rest of `/` is `machine/`, both beside this file. `..` at
 * the root stays at the root, as on a real machine. So the hole is real, and the machine that runs the demo is not behind it.
 */
export async function readFromDisk(rawName: string): Promise<Buffer | undefined> {
  const path = posix.resolve(PUBLIC, decodeAgain(rawName))
  const file = path.startsWith(`${PUBLIC}/`)
    ? join(HERE, 'files', path.slice(PUBLIC.length))
    : join(HERE, 'machine', path)
  try {
    return await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function decodeAgain(rawName: string): string {
  try {
    return decodeURIComponent(rawName)
  } catch {
    return rawName
  }
}
