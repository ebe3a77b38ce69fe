import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'

import { fault, type UploadFault } from './upload-fault.ts'
import type { ArchiveBounds } from './upload-policy.ts'

/** Entries smaller than this are not held to the ratio: zeros pack well. */
const RATIO_FREE_BYTES = 1024 * 1024

const inflateAsync = promisify(inflateRaw) as unknown as (
  bytes: Uint8Array,
  options: { maxOutputLength: number; info: true },
) => Promise<{ buffer: Buffer; engine: { bytesWritten: number } }>

/** What is left to unpack: one purse for an upload with all archives in it. */
export class UnpackingPurse {
  readonly bounds: ArchiveBounds
  bytesLeft: number
  entriesLeft: number

  constructor(bounds: ArchiveBounds) {
    this.bounds = bounds
    this.bytesLeft = bounds.maxUnpackedBytes
    this.entriesLeft = bounds.maxEntries
  }

  /** One more entry. */
  takeEntry(): UploadFault | undefined {
    return --this.entriesLeft < 0
      ? fault('archive-bomb', `an archive of more than ${this.bounds.maxEntries} entries`)
      : undefined
  }

  /** So many bytes unpacked from so many. */
  takeBytes(packed: number, unpacked: number): UploadFault | undefined {
    if (unpacked > RATIO_FREE_BYTES && unpacked > packed * this.bounds.maxRatio)
      return fault('archive-bomb', `an entry packed more than ${this.bounds.maxRatio} to 1`)
    this.bytesLeft -= unpacked
    return this.bytesLeft < 0
      ? fault('archive-bomb', `an archive of more than ${this.bounds.maxUnpackedBytes} bytes unpacked`)
      : undefined
  }
}

/** Raw deflate undone (RFC 1951) within what is left, with how many bytes of it were used. */
export async function unpack(
  packed: Uint8Array,
  purse: UnpackingPurse,
): Promise<{ readonly bytes: Buffer; readonly used: number } | UploadFault> {
  const byRatio = Math.max(RATIO_FREE_BYTES, packed.length * purse.bounds.maxRatio)
  const maxOutputLength = Math.max(1, Math.min(purse.bytesLeft, byRatio))
  try {
    const { buffer, engine } = await inflateAsync(packed, { maxOutputLength, info: true })
    return purse.takeBytes(engine.bytesWritten, buffer.length) ?? { bytes: buffer, used: engine.bytesWritten }
  } catch (thrown) {
    return thrown instanceof RangeError
      ? fault('archive-bomb', `packed data unpacks to more than ${maxOutputLength} bytes`)
      : fault('damaged', 'packed data cannot be unpacked')
  }
}
