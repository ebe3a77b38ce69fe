import { crc32, inflate } from 'node:zlib'
import { promisify } from 'node:util'

import { bufferOf, hasAt, latin1, u32be } from './bytes.ts'
import { faultInTrailer, markupIn } from './hidden-content.ts'
import { frameFault, type ImageBounds, pixelFault } from './image-bounds.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_CHUNKS = 100_000
const MAX_TEXT_BYTES = 4 * 1024 * 1024
const inflateAsync = promisify(inflate) as (
  bytes: Uint8Array,
  options: { maxOutputLength: number },
) => Promise<Buffer>

/** Walks a PNG (W3C PNG 3, 5): chunks with their checks, dimensions, frames of APNG, compressed text, nothing behind IEND. */
export async function faultInPng(bytes: Uint8Array, bounds: ImageBounds): Promise<UploadFault | undefined> {
  let at = 8
  let hasData = false
  const texts: Uint8Array[] = []
  for (let chunks = 0; ; chunks++) {
    if (chunks > MAX_CHUNKS) return fault('image-bomb', `more than ${MAX_CHUNKS} chunks`)
    const length = u32be(bytes, at)
    const end = at + 12 + length
    if (length < 0 || end > bytes.length) return fault('damaged', `the PNG is cut off at byte ${at}`)
    const kind = latin1(bytes, at + 4, at + 8)
    if (!/^[A-Za-z]{4}$/.test(kind)) return fault('damaged', `no PNG chunk at byte ${at}`)
    if ((kind === 'IHDR') !== (chunks === 0)) return fault('damaged', 'IHDR is not the first chunk')
    if (crc32(bytes.subarray(at + 4, end - 4)) !== u32be(bytes, end - 4))
      return fault('damaged', `the check of the chunk ${kind} is wrong`)
    const content = bytes.subarray(at + 8, end - 4)
    if (kind === 'IHDR') {
      if (length !== 13) return fault('damaged', 'IHDR has a wrong length')
      const wrong = pixelFault(u32be(content, 0), u32be(content, 4), bounds)
      if (wrong) return wrong
    } else if (kind === 'IDAT') hasData = true
    else if (kind === 'acTL') {
      const wrong = frameFault(u32be(content, 0), bounds)
      if (wrong) return wrong
    } else if (kind === 'zTXt' || kind === 'iCCP' || kind === 'iTXt') texts.push(content)
    at = end
    if (kind === 'IEND') break
  }
  if (!hasData) return fault('damaged', 'a PNG without pixels')
  return (await faultInTexts(texts)) ?? faultInTrailer(bytes, at)
}

async function faultInTexts(texts: readonly Uint8Array[]): Promise<UploadFault | undefined> {
  let left = MAX_TEXT_BYTES
  for (const text of texts.slice(0, 64)) {
    // The keyword is followed by NUL and a flag; where compressed data begins is told by its own head.
    const start = bufferOf(text).indexOf(0) + 2
    const at = [start, start + 1].find((one) => hasAt(text, one, '\x78')) ?? -1
    if (at < 0) continue
    try {
      const plain = await inflateAsync(text.subarray(at), { maxOutputLength: left })
      left = Math.max(1, left - plain.length)
      const found = markupIn(plain)
      if (found) return found
    } catch (thrown) {
      if (thrown instanceof RangeError) return fault('image-bomb', 'compressed text unpacks to too much')
    }
  }
  return texts.length > 64 ? fault('image-bomb', 'more than 64 compressed texts') : undefined
}
