import { u16be, u16le, u32be, u32le } from './bytes.ts'
import { faultInTrailer } from './hidden-content.ts'
import { frameFault, type ImageBounds, pixelFault } from './image-bounds.ts'
import { fault, type UploadFault } from './upload-fault.ts'

/** Reads the heads of a BMP: the size that it declares is the size that it has, no script in place of it. */
export function faultInBmp(bytes: Uint8Array, bounds: ImageBounds): UploadFault | undefined {
  const size = u32le(bytes, 2)
  const headBytes = u32le(bytes, 14)
  if (size > bytes.length) return fault('damaged', 'the BMP is cut off')
  if (![12, 40, 52, 56, 64, 108, 124].includes(headBytes)) return fault('damaged', 'an odd BMP head')
  const isOld = headBytes === 12
  const width = isOld ? u16le(bytes, 18) : u32le(bytes, 18) | 0
  const height = Math.abs(isOld ? u16le(bytes, 20) : u32le(bytes, 22) | 0)
  const wrong = pixelFault(width, height, bounds)
  if (wrong) return wrong
  const bits = u16le(bytes, isOld ? 24 : 28)
  if (![1, 4, 8, 16, 24, 32].includes(bits)) return fault('damaged', `a BMP of ${bits} bits`)
  const compression = isOld ? 0 : u32le(bytes, 30)
  const start = u32le(bytes, 10)
  if (start < 14 + headBytes || start > bytes.length)
    return fault('damaged', 'the pixels of the BMP stand elsewhere')
  const end = start + Math.ceil((width * bits) / 32) * 4 * height
  if ((compression === 0 || compression === 3) && end > bytes.length)
    return fault('damaged', 'the BMP is cut off')
  return faultInTrailer(bytes, compression === 0 || compression === 3 ? Math.max(end, 14) : size)
}

const ENTRY_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]
const MAX_ENTRIES = 1024

/** Follows the directories of a TIFF (TIFF 6.0, 2): dimensions, pages, no circle, no values beyond the file. */
export function faultInTiff(bytes: Uint8Array, bounds: ImageBounds): UploadFault | undefined {
  const isLittle = bytes[0] === 0x49
  const u16 = (at: number): number => (isLittle ? u16le(bytes, at) : u16be(bytes, at))
  const u32 = (at: number): number => (isLittle ? u32le(bytes, at) : u32be(bytes, at))
  const seen = new Set<number>()
  let at = u32(4)
  while (at !== 0) {
    if (at < 8 || seen.has(at))
      return fault('damaged', 'the directories of the TIFF are cut off or go in a circle')
    seen.add(at)
    const count = u16(at)
    if (count <= 0 || count > MAX_ENTRIES || at + 2 + count * 12 + 4 > bytes.length)
      return fault('damaged', 'a directory of the TIFF is cut off')
    const wrong = frameFault(seen.size, bounds) ?? directoryFault(bytes.length, at, count, u16, u32, bounds)
    if (wrong) return wrong
    at = u32(at + 2 + count * 12)
  }
  return undefined
}

function directoryFault(
  length: number,
  start: number,
  count: number,
  u16: (at: number) => number,
  u32: (at: number) => number,
  bounds: ImageBounds,
): UploadFault | undefined {
  let width = 0
  let height = 0
  for (let i = 0; i < count; i++) {
    const at = start + 2 + i * 12
    const kind = u16(at + 2)
    const values = u32(at + 4)
    const bytes = values * (ENTRY_BYTES[kind] ?? 1)
    if (bytes > 4 && u32(at + 8) + bytes > length)
      return fault('damaged', 'a value of the TIFF stands beyond its end')
    const value = kind === 3 ? u16(at + 8) : u32(at + 8)
    if (u16(at) === 256) width = value
    if (u16(at) === 257) height = value
  }
  return pixelFault(width, height, bounds)
}
