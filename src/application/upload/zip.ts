import { crc32 } from 'node:zlib'

import { bufferOf, hasAt, u16le, u32le, utf8 } from './bytes.ts'
import { faultInEntryName } from './entry-name.ts'
import { unpack, type UnpackingPurse } from './unpacking.ts'
import { fault, type UploadFault } from './upload-fault.ts'

/** One file of an archive, unpacked. */
export interface ArchiveEntry {
  readonly path: string
  readonly bytes: Uint8Array
}

interface Listed {
  readonly path: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly at: number
}

const ENCRYPTED = 0x2041
const HAS_DESCRIPTOR = 0x0008
const IS_UTF8 = 0x0800
const SYMBOLIC_LINK = 0xa000
const FORMAT_BITS = 0xf000

/**
 * Reads a ZIP (APPNOTE 6.3) so that its two lists of contents, the local heads and the directory, say the same, entries
 * fill the file without gap or overlap, and nothing stands before or behind. What readers could take differently is
 * refused: encryption, links, doubled names, ZIP64, methods but stored and deflate.
 */
export async function readZip(
  bytes: Uint8Array,
  purse: UnpackingPurse,
  isDocument = false,
): Promise<readonly ArchiveEntry[] | UploadFault> {
  const listed = readDirectory(bytes, purse, isDocument)
  if (!Array.isArray(listed)) return listed
  const entries: ArchiveEntry[] = []
  let at = 0
  const inOrder = listed.toSorted((a, b) => a.at - b.at)
  for (const [i, one] of inOrder.entries()) {
    if (one.at !== at) return fault('archive', `a gap or an overlap at byte ${at} of the archive`)
    const start = localStart(bytes, one)
    if (typeof start !== 'number') return start
    const packed = bytes.subarray(start, start + one.packed)
    if (packed.length < one.packed) return fault('damaged', 'the archive is cut off')
    const content = await contentOf(one, packed, purse)
    if ('reason' in content) return content
    if (crc32(content.bytes) !== one.crc)
      return fault('damaged', `the check of ${JSON.stringify(one.path.slice(0, 80))} is wrong`)
    if (!one.path.endsWith('/')) entries.push(content)
    else if (content.bytes.length > 0) return fault('archive', 'a folder with content')
    at = start + one.packed
    const next = inOrder[i + 1]?.at ?? directoryStart(bytes)
    if ((one.flags & HAS_DESCRIPTOR) !== 0 && at !== next) at += hasAt(bytes, at, 'PK\x07\x08') ? 16 : 12
  }
  return at === directoryStart(bytes)
    ? entries
    : fault('archive', 'a gap before the directory of the archive')
}

/** Whether bytes begin as a ZIP; an empty one is nothing but an end. */
export function isZip(bytes: Uint8Array): boolean {
  return hasAt(bytes, 0, 'PK\x03\x04') || hasAt(bytes, 0, 'PK\x05\x06')
}

async function contentOf(
  one: Listed,
  packed: Uint8Array,
  purse: UnpackingPurse,
): Promise<ArchiveEntry | UploadFault> {
  if (one.method === 0) {
    if (one.packed !== one.size) return fault('archive', 'a stored entry of two sizes')
    return purse.takeBytes(one.packed, one.size) ?? { path: one.path, bytes: packed }
  }
  const unpacked = await unpack(packed, purse)
  if ('reason' in unpacked) return unpacked
  if (unpacked.bytes.length !== one.size || unpacked.used !== one.packed)
    return fault('archive', 'an entry is not as large as the directory says')
  return { path: one.path, bytes: unpacked.bytes }
}

/** Where the end record stands: at the very end but for its own comment, and only there. */
function endRecord(bytes: Uint8Array): number {
  const buffer = bufferOf(bytes)
  const at = buffer.lastIndexOf('PK\x05\x06', 'latin1')
  return at >= 0 && at + 22 + u16le(buffer, at + 20) === buffer.length ? at : -1
}

function directoryStart(bytes: Uint8Array): number {
  return u32le(bytes, endRecord(bytes) + 16)
}

function readDirectory(
  bytes: Uint8Array,
  purse: UnpackingPurse,
  isDocument: boolean,
): Listed[] | UploadFault {
  const end = endRecord(bytes)
  if (end < 0) return fault('archive', 'the archive does not end with its directory')
  const count = u16le(bytes, end + 10)
  const size = u32le(bytes, end + 12)
  const start = u32le(bytes, end + 16)
  if (u32le(bytes, end + 4) !== 0 || u16le(bytes, end + 8) !== count)
    return fault('archive', 'an archive in volumes')
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff || hasAt(bytes, end - 20, 'PK\x06\x07'))
    return fault('archive', 'a ZIP64 archive')
  if (start + size !== end) return fault('archive', 'the directory of the archive stands elsewhere')
  const listed: Listed[] = []
  const names = new Set<string>()
  let at = start
  for (let i = 0; i < count; i++) {
    const wrong = purse.takeEntry()
    if (wrong) return wrong
    const entry = readListed(bytes, at, end, isDocument)
    if ('reason' in entry) return entry
    const name = entry.path.toLowerCase().replace(/\/$/, '')
    if (names.has(name)) return fault('archive', `the name ${JSON.stringify(entry.path.slice(0, 80))} twice`)
    names.add(name)
    listed.push(entry)
    at += 46 + u16le(bytes, at + 28) + u16le(bytes, at + 30) + u16le(bytes, at + 32)
  }
  return at === end ? listed : fault('archive', 'the directory of the archive holds something else')
}

function readListed(bytes: Uint8Array, at: number, end: number, isDocument: boolean): Listed | UploadFault {
  if (!hasAt(bytes, at, 'PK\x01\x02') || at + 46 + u16le(bytes, at + 28) > end)
    return fault('damaged', 'the directory of the archive is cut off')
  const flags = u16le(bytes, at + 8)
  const rawPath = bytes.subarray(at + 46, at + 46 + u16le(bytes, at + 28))
  const path = pathOf(rawPath, flags)
  const method = u16le(bytes, at + 10)
  if ((flags & ENCRYPTED) !== 0 || method === 99)
    return fault('encrypted', 'an encrypted entry of the archive')
  if (method !== 0 && method !== 8) return fault('archive', `the packing method ${method}`)
  const mode = (u32le(bytes, at + 38) / 65_536) & FORMAT_BITS
  // Regular files, folders, and writers that leave it out.
  if (mode !== 0 && mode !== 0x8000 && mode !== 0x4000)
    return fault(
      'archive',
      mode === SYMBOLIC_LINK ? 'a symbolic link in the archive' : 'a device in the archive',
    )
  const wrong = faultInEntryName(path, isDocument)
  if (wrong) return wrong
  return {
    path,
    flags,
    method,
    crc: u32le(bytes, at + 16),
    packed: u32le(bytes, at + 20),
    size: u32le(bytes, at + 24),
    at: u32le(bytes, at + 42),
  }
}

/** Where the content of an entry begins, if its local head says the same as the directory. */
function localStart(bytes: Uint8Array, one: Listed): number | UploadFault {
  const { at } = one
  const differs = fault('archive', `the two heads of ${JSON.stringify(one.path.slice(0, 80))} differ`)
  if (!hasAt(bytes, at, 'PK\x03\x04')) return fault('damaged', `no entry at byte ${at} of the archive`)
  const nameEnd = at + 30 + u16le(bytes, at + 26)
  const path = pathOf(bytes.subarray(at + 30, nameEnd), one.flags)
  if (path !== one.path || u16le(bytes, at + 6) !== one.flags || u16le(bytes, at + 8) !== one.method)
    return differs
  const packed = u32le(bytes, at + 18)
  const size = u32le(bytes, at + 22)
  const isLater = (one.flags & HAS_DESCRIPTOR) !== 0
  const isSame = packed === one.packed && size === one.size && u32le(bytes, at + 14) === one.crc
  if (!isSame && !(isLater && packed === 0 && size === 0)) return differs
  return nameEnd + u16le(bytes, at + 28)
}

function pathOf(rawPath: Uint8Array, flags: number): string {
  const text = utf8(rawPath)
  // Without the flag a name may be in an old code page: read byte by byte, which shows all that matters here.
  if (text !== undefined) return text
  return (flags & IS_UTF8) === 0 ? bufferOf(rawPath).toString('latin1') : ''
}
