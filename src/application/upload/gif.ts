import { u16le } from './bytes.ts'
import { faultInTrailer } from './hidden-content.ts'
import { frameFault, type ImageBounds, pixelFault } from './image-bounds.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const cutOff = fault('damaged', 'the GIF is cut off')

/** Walks a GIF (GIF89a, 16-27): screen, colour tables, frames, extensions, nothing behind the trailer. */
export function faultInGif(bytes: Uint8Array, bounds: ImageBounds): UploadFault | undefined {
  const width = u16le(bytes, 6)
  const height = u16le(bytes, 8)
  let wrong = pixelFault(width, height, bounds)
  if (wrong) return wrong
  let at = 13 + tableBytes(bytes[10])
  let frames = 0
  while (at < bytes.length) {
    const block = bytes[at]
    if (block === 0x3b)
      return frames === 0 ? fault('damaged', 'a GIF without a picture') : faultInTrailer(bytes, at + 1)
    if (block === 0x21) at = blocksEnd(bytes, at + 2)
    else if (block === 0x2c) {
      wrong = frameFault(++frames, bounds) ?? pixelFault(u16le(bytes, at + 5), u16le(bytes, at + 7), bounds)
      if (wrong) return wrong
      if (
        u16le(bytes, at + 1) + u16le(bytes, at + 5) > width ||
        u16le(bytes, at + 3) + u16le(bytes, at + 7) > height
      )
        return fault('damaged', 'a frame of the GIF reaches beyond the screen')
      at = blocksEnd(bytes, at + 10 + tableBytes(bytes[at + 9]) + 1)
    } else return fault('damaged', `no GIF block at byte ${at}`)
  }
  return cutOff
}

/** A colour table, if the flags announce one. */
function tableBytes(flags: number | undefined): number {
  return flags !== undefined && (flags & 0x80) !== 0 ? 3 * 2 ** ((flags & 7) + 1) : 0
}

/** Behind the sub-blocks that begin at a place; beyond the bytes where they do not end. */
function blocksEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length) {
    const length = bytes[at] as number
    at += 1 + length
    if (length === 0) return at
  }
  return bytes.length + 1
}
