import { bufferOf, hasAt, latin1, u16be, u32be } from './bytes.ts'
import { executableAt, faultInTrailer, markupIn, zipBehind } from './hidden-content.ts'
import { type ImageBounds, pixelFault } from './image-bounds.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_SEGMENTS = 20_000
const MAX_PICTURES = 8
const MAX_MAKER_TRAILER = 1024 * 1024

/**
 * Walks a JPEG (ITU T.81 B.1): segments, dimensions, scans, and what stands behind the end. More pictures may follow
 * (CIPA DC-007), and the trailer that one maker of phones puts there, if nothing hides in it.
 */
export function faultInJpeg(bytes: Uint8Array, bounds: ImageBounds): UploadFault | undefined {
  let at = 0
  for (let pictures = 0; pictures < MAX_PICTURES; pictures++) {
    const end = walkPicture(bytes, at, bounds)
    if (typeof end !== 'number') return end
    at = end
    let next = at
    while (next < bytes.length && bytes[next] === 0) next++
    if (!hasAt(bytes, next, '\xff\xd8\xff')) break
    at = next
  }
  const isMakers = hasAt(bytes, bytes.length - 4, 'SEFT') && bytes.length - at <= MAX_MAKER_TRAILER
  if (!isMakers) return faultInTrailer(bytes, at)
  return trailerFault(bytes.subarray(at))
}

function trailerFault(trailer: Uint8Array): UploadFault | undefined {
  const program = executableAt(trailer)
  return program === undefined
    ? (markupIn(trailer) ?? zipBehind(trailer))
    : fault('executable', `${program} behind the picture`)
}

/** Where the picture that begins at a place ends. */
function walkPicture(bytes: Uint8Array, start: number, bounds: ImageBounds): number | UploadFault {
  let at = start + 2
  let hasFrame = false
  for (let segments = 0; segments < MAX_SEGMENTS; segments++) {
    if (bytes[at] !== 0xff) return fault('damaged', `no JPEG segment at byte ${at}`)
    while (bytes[at + 1] === 0xff) at++
    const marker = bytes[at + 1]
    if (marker === undefined) return fault('damaged', 'the JPEG is cut off')
    at += 2
    if (marker === 0xd9) return hasFrame ? at : fault('damaged', 'a JPEG without a picture')
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue
    if (marker < 0xc0 || marker === 0xd8) return fault('damaged', `an odd JPEG marker at byte ${at - 2}`)
    const length = u16be(bytes, at)
    if (length < 2 || at + length > bytes.length) return fault('damaged', 'the JPEG is cut off')
    const wrong = segmentFault(bytes, marker, at, length, bounds)
    if (wrong) return wrong
    if (isFrame(marker)) hasFrame = true
    at += length
    if (marker === 0xda) at = scanEnd(bytes, at)
  }
  return fault('image-bomb', `more than ${MAX_SEGMENTS} JPEG segments`)
}

function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

function segmentFault(
  bytes: Uint8Array,
  marker: number,
  at: number,
  length: number,
  bounds: ImageBounds,
): UploadFault | undefined {
  if (isFrame(marker)) return pixelFault(u16be(bytes, at + 5), u16be(bytes, at + 3), bounds)
  // A JFIF head that is longer than its thumbnail needs is how a JPEG becomes a script (JFIF 1.02, APP0).
  if (marker === 0xe0 && hasAt(bytes, at + 2, 'JFIF\0')) {
    const thumbnail = 3 * (bytes[at + 14] ?? 0) * (bytes[at + 15] ?? 0)
    if (length !== 16 + thumbnail) return fault('polyglot', `a JFIF head of ${length} bytes`)
  }
  if (marker === 0xfe && /\*\/\s*=/.test(latin1(bytes, at + 2, at + length)))
    return fault('polyglot', 'script in a comment')
  if (marker === 0xe1 && hasAt(bytes, at + 2, 'Exif\0\0') && u32be(bytes, at + 8) < 0)
    return fault('damaged', 'Exif is cut off')
  return undefined
}

/** The next marker behind the entropy-coded data: not a stuffed zero, not a restart (T.81 B.1.1.5). */
function scanEnd(bytes: Uint8Array, from: number): number {
  const buffer = bufferOf(bytes)
  for (let at = buffer.indexOf(0xff, from); at >= 0; at = buffer.indexOf(0xff, at + 1)) {
    const next = buffer[at + 1]
    if (next === undefined) break
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at
  }
  return buffer.length
}
