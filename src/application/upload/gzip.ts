import { crc32 } from 'node:zlib'

import { hasAt, latin1, u16le, u32le } from './bytes.ts'
import { faultInEntryName } from './entry-name.ts'
import { unpack, type UnpackingPurse } from './unpacking.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_MEMBERS = 64

/** Whether bytes begin as gzip with the only method there is. */
export function isGzip(bytes: Uint8Array): boolean {
  return hasAt(bytes, 0, '\x1f\x8b\x08')
}

/** Unpacks gzip (RFC 1952), each member with its check and size, and nothing behind the last. */
export async function readGzip(bytes: Uint8Array, purse: UnpackingPurse): Promise<Uint8Array | UploadFault> {
  const pieces: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    if (pieces.length >= MAX_MEMBERS) return fault('archive-bomb', `gzip of more than ${MAX_MEMBERS} members`)
    if (!isGzip(bytes.subarray(at))) return fault('polyglot', 'bytes behind the end of the archive')
    const start = headEnd(bytes, at)
    if (typeof start !== 'number') return start
    const unpacked = await unpack(bytes.subarray(start), purse)
    if ('reason' in unpacked) return unpacked
    at = start + unpacked.used
    if (
      u32le(bytes, at) !== crc32(unpacked.bytes) ||
      u32le(bytes, at + 4) !== unpacked.bytes.length % 2 ** 32
    )
      return fault('damaged', 'the check of the gzip is wrong')
    pieces.push(unpacked.bytes)
    at += 8
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
}

/** Behind the head of a member; a name in it is held to what names of entries are. */
function headEnd(bytes: Uint8Array, from: number): number | UploadFault {
  const flags = bytes[from + 3] ?? 0xff
  if ((flags & 0xe0) !== 0) return fault('damaged', 'an odd gzip head')
  let at = from + 10
  if ((flags & 4) !== 0) at += 2 + Math.max(0, u16le(bytes, at))
  if ((flags & 8) !== 0) {
    const end = bytes.indexOf(0, at)
    if (end < 0) return fault('damaged', 'the gzip is cut off')
    const wrong = faultInEntryName(latin1(bytes, at, end))
    if (wrong) return wrong
    at = end + 1
  }
  if ((flags & 16) !== 0) {
    const end = bytes.indexOf(0, at)
    if (end < 0) return fault('damaged', 'the gzip is cut off')
    at = end + 1
  }
  if ((flags & 2) !== 0) at += 2
  return at < bytes.length ? at : fault('damaged', 'the gzip is cut off')
}
