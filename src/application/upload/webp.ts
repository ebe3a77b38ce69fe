import { hasAt, latin1, u16le, u24le, u32le } from './bytes.ts'
import { faultInTrailer } from './hidden-content.ts'
import { frameFault, type ImageBounds, pixelFault } from './image-bounds.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const KINDS = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP', 'EXIF', 'XMP '])

/** Walks a WebP (RFC 9649 2): RIFF size, chunks, dimensions, frames, nothing behind. */
export function faultInWebp(bytes: Uint8Array, bounds: ImageBounds): UploadFault | undefined {
  const end = 8 + u32le(bytes, 4)
  if (end > bytes.length) return fault('damaged', 'the WebP is cut off')
  let at = 12
  let frames = 0
  let hasPicture = false
  while (at < end) {
    const kind = latin1(bytes, at, at + 4)
    const length = u32le(bytes, at + 4)
    if (length < 0 || at + 8 + length > end) return fault('damaged', 'a chunk of the WebP is cut off')
    if (!KINDS.has(kind)) return fault('polyglot', `a chunk of no known kind in a WebP at byte ${at}`)
    if (kind === 'ANMF') {
      const wrong = frameFault(++frames, bounds)
      if (wrong) return wrong
    }
    const wrong = dimensionFault(bytes, kind, at + 8, bounds)
    if (wrong) return wrong
    if (kind === 'VP8 ' || kind === 'VP8L' || kind === 'ANMF') hasPicture = true
    at += 8 + length + (length & 1)
  }
  return hasPicture
    ? faultInTrailer(bytes, Math.min(at, bytes.length))
    : fault('damaged', 'a WebP without a picture')
}

function dimensionFault(
  bytes: Uint8Array,
  kind: string,
  at: number,
  bounds: ImageBounds,
): UploadFault | undefined {
  switch (kind) {
    case 'VP8X':
      return pixelFault(u24le(bytes, at + 4) + 1, u24le(bytes, at + 7) + 1, bounds)
    case 'ANMF':
      return pixelFault(u24le(bytes, at + 6) + 1, u24le(bytes, at + 9) + 1, bounds)
    case 'VP8 ':
      if (!hasAt(bytes, at + 3, '\x9d\x01\x2a')) return fault('damaged', 'no VP8 picture in the WebP')
      return pixelFault(u16le(bytes, at + 6) & 0x3fff, u16le(bytes, at + 8) & 0x3fff, bounds)
    case 'VP8L': {
      if (bytes[at] !== 0x2f) return fault('damaged', 'no VP8L picture in the WebP')
      const bits = u32le(bytes, at + 1)
      return pixelFault((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1, bounds)
    }
    default:
      return undefined
  }
}
