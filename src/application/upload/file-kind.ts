import { hasAt, latin1, u32le } from './bytes.ts'
import { isGzip } from './gzip.ts'
import { isSvg } from './svg.ts'
import { isTar } from './tar.ts'
import { readText } from './texts.ts'
import { isZip } from './zip.ts'

/** What a file is by its content. `extensions` is set where the content tells them and the tables do not. */
export interface FileKind {
  readonly type: string
  readonly extension?: string
}

/** What a file is said to be, by its name or its sender: it decides only among texts, which look alike. */
export interface KindHint {
  readonly extension: string
  readonly declaredType: string | undefined
}

/** The old compound format of office programs (MS-CFB). */
export const COMPOUND = 'application/x-cfb'
const SAMPLE_BYTES = 64 * 1024
const BMP_HEADS = [12, 40, 52, 56, 64, 108, 124]

/** Tells a file by its content: own readers first, then text, then the signatures of the package `file-type`. */
export async function kindOf(bytes: Uint8Array, hint: KindHint): Promise<FileKind | undefined> {
  const own = binaryKind(bytes) ?? textKind(bytes, hint)
  if (own !== undefined) return { type: own }
  const { fileTypeFromBuffer } = await import('file-type')
  try {
    const found = await fileTypeFromBuffer(bytes.subarray(0, SAMPLE_BYTES))
    // What has a reader here and was not told by it is a damaged one; a text is told above.
    if (!found || binaryTypes.has(found.mime) || /^(text\/|application\/(xml|json))/.test(found.mime))
      return undefined
    return { type: found.mime, extension: found.ext }
  } catch {
    return undefined
  }
}

const binaryTypes = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/bmp',
  'application/pdf',
])

function binaryKind(bytes: Uint8Array): string | undefined {
  if (hasAt(bytes, 0, '\x89PNG\r\n\x1a\n')) return 'image/png'
  if (hasAt(bytes, 0, '\xff\xd8\xff')) return 'image/jpeg'
  if (hasAt(bytes, 0, 'GIF87a') || hasAt(bytes, 0, 'GIF89a')) return 'image/gif'
  if (hasAt(bytes, 0, 'RIFF') && hasAt(bytes, 8, 'WEBP')) return 'image/webp'
  if (hasAt(bytes, 0, 'BM') && BMP_HEADS.includes(u32le(bytes, 14))) return 'image/bmp'
  if (hasAt(bytes, 0, 'II*\0') || hasAt(bytes, 0, 'MM\0*')) return 'image/tiff'
  if (hasAt(bytes, 0, '%PDF-')) return 'application/pdf'
  if (isZip(bytes)) return 'application/zip'
  if (isGzip(bytes)) return 'application/gzip'
  if (isTar(bytes)) return 'application/x-tar'
  if (hasAt(bytes, 0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) return COMPOUND
  return undefined
}

function textKind(bytes: Uint8Array, { extension, declaredType }: KindHint): string | undefined {
  const begin = latin1(bytes, 0, 4096)
  if (/^[\s\ufeff\xef\xbb\xbf]*</.test(begin) && isSvg(begin)) return 'image/svg+xml'
  if (!('text' in readText(bytes))) return undefined
  if (extension === 'csv' || (extension === '' && declaredType === 'text/csv')) return 'text/csv'
  const saysJson = declaredType === 'application/json' || declaredType?.endsWith('+json') === true
  if (extension === 'json' || extension === 'geojson' || (extension === '' && saysJson))
    return 'application/json'
  return 'text/plain'
}
