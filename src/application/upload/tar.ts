import { hasAt, isZeroFrom, latin1, utf8 } from './bytes.ts'
import { faultInEntryName } from './entry-name.ts'
import type { UnpackingPurse } from './unpacking.ts'
import { fault, type UploadFault } from './upload-fault.ts'
import type { ArchiveEntry } from './zip.ts'

const BLOCK = 512
const MAX_EXTENSION_BYTES = 64 * 1024
const MAX_PATHS = 100_000

/** Whether bytes begin as a tar (POSIX 1003.1 pax, ustar): the head has its magic and its check. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && hasAt(bytes, 257, 'ustar') && hasRightSum(bytes, 0)
}

/**
 * Reads a tar: files and folders only, no links and devices, names that stay in the folder, also where an extension head
 * renames the entry that follows, and nothing but zeros behind the end.
 */
export function readTar(bytes: Uint8Array, purse: UnpackingPurse): readonly ArchiveEntry[] | UploadFault {
  const entries: ArchiveEntry[] = []
  const names = new Set<string>()
  let longPath: string | undefined
  let at = 0
  while (at + BLOCK <= bytes.length && bytes[at] !== 0) {
    const wrong = purse.takeEntry()
    if (wrong) return wrong
    if (!hasRightSum(bytes, at))
      return fault('damaged', `the check of a head at byte ${at} of the archive is wrong`)
    const size = octal(bytes, at + 124, 12)
    const kind = latin1(bytes, at + 156, at + 157)
    const start = at + BLOCK
    if (size < 0 || start + size > bytes.length) return fault('damaged', 'the archive is cut off')
    const content = bytes.subarray(start, start + size)
    at = start + Math.ceil(size / BLOCK) * BLOCK
    if (kind === 'x' || kind === 'g' || kind === 'L') {
      if (size > MAX_EXTENSION_BYTES) return fault('archive-bomb', 'an extension head that is too long')
      const path = kind === 'L' ? zeroEnded(content) : paxPath(content)
      if (typeof path === 'object') return path
      if (kind === 'g' && path !== undefined) return fault('archive', 'one name for all entries')
      if (path !== undefined && longPath !== undefined) return fault('archive', 'two names for one entry')
      longPath = path ?? longPath
      continue
    }
    if (kind === '1' || kind === '2') return fault('archive', 'a link in the archive')
    if (kind !== '0' && kind !== '\0' && kind !== '5')
      return fault('archive', `an entry of the kind ${JSON.stringify(kind)}`)
    const path = longPath ?? headPath(bytes, start - BLOCK)
    longPath = undefined
    // The folder that was packed itself.
    const refusal = path === './' || path === '.' ? undefined : faultInEntryName(path)
    if (refusal) return refusal
    const name = path.toLowerCase().replace(/^\.\//, '').replace(/\/$/, '')
    if (names.has(name) || names.size > MAX_PATHS)
      return fault('archive', `the name ${JSON.stringify(path.slice(0, 80))} twice`)
    names.add(name)
    if (kind === '5') continue
    const spent = purse.takeBytes(size, size)
    if (spent) return spent
    entries.push({ path, bytes: content })
  }
  if (longPath !== undefined) return fault('archive', 'a name without an entry')
  return isZeroFrom(bytes, at) ? entries : fault('polyglot', 'bytes behind the end of the archive')
}

function headPath(bytes: Uint8Array, at: number): string {
  const name = zeroEnded(bytes.subarray(at, at + 100))
  const prefix = hasAt(bytes, at + 257, 'ustar\x0000') ? zeroEnded(bytes.subarray(at + 345, at + 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** The path that a pax head sets; links and sizes that it sets are refused. */
function paxPath(bytes: Uint8Array): string | undefined | UploadFault {
  let path: string | undefined
  let at = 0
  while (at < bytes.length) {
    const length = Number(/^(\d{1,6}) /.exec(latin1(bytes, at, at + 7))?.[1] ?? 0)
    const record =
      length > 0 && at + length <= bytes.length ? utf8(bytes.subarray(at, at + length)) : undefined
    if (record === undefined || !record.endsWith('\n')) return fault('damaged', 'an odd extension head')
    const text = record.slice(record.indexOf(' ') + 1, -1)
    const key = text.slice(0, Math.max(0, text.indexOf('=')))
    if (key === 'size' || key === 'linkpath' || key.startsWith('GNU.sparse'))
      return fault('archive', `an extension head that sets ${key.slice(0, 40)}`)
    if (key === 'path') {
      if (path !== undefined) return fault('archive', 'two names for one entry')
      path = text.slice(5)
    }
    at += length
  }
  return path
}

function zeroEnded(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const part = end < 0 ? bytes : bytes.subarray(0, end)
  return utf8(part) ?? latin1(part, 0, part.length)
}

function octal(bytes: Uint8Array, at: number, length: number): number {
  const text = latin1(bytes, at, at + length)
    .replace(/[\0 ]+$/, '')
    .trimStart()
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : -1
}

function hasRightSum(bytes: Uint8Array, at: number): boolean {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (bytes[at + i] ?? 0)
  return sum === octal(bytes, at + 148, 8)
}
