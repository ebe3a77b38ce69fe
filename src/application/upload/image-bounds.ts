import { fault, type UploadFault } from './upload-fault.ts'

/** How large a picture may become when somebody decodes it. */
export interface ImageBounds {
  readonly maxPixels: number
  readonly maxFrames: number
}

const MAX_SIDE = 65_535

/** What is wrong with the dimensions that a picture declares. */
export function pixelFault(width: number, height: number, bounds: ImageBounds): UploadFault | undefined {
  if (width <= 0 || height <= 0) return fault('damaged', `a picture of ${width} by ${height} pixels`)
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > bounds.maxPixels)
    return fault('image-bomb', `a picture of ${width} by ${height} pixels, ${bounds.maxPixels} are the most`)
  return undefined
}

/** What is wrong with the number of frames or pages. */
export function frameFault(frames: number, bounds: ImageBounds): UploadFault | undefined {
  return frames > bounds.maxFrames ? fault('image-bomb', `more than ${bounds.maxFrames} frames`) : undefined
}
