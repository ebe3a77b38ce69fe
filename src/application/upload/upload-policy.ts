/** What may be uploaded, and how much work looking at it may be. Sizes in bytes. */
export interface UploadPolicy {
  /** The most of a body that is looked at. */
  readonly inspectBytes: number
  readonly maxFileBytes: number
  readonly maxFiles: number
  readonly maxFields: number
  readonly maxFieldBytes: number
  /** Media types by content: `image/png`, `image/*`. */
  readonly types: readonly string[]
  /** Extensions without the dot. Undefined: those of the types. */
  readonly extensions: readonly string[] | undefined
  /** Content of no type that is known. */
  readonly onUnknown: 'refuse' | 'pass'
  /** `static`: SVG is taken if it is inert; it is never changed. */
  readonly svg: 'refuse' | 'static'
  readonly maxPixels: number
  readonly maxFrames: number
  readonly archives: ArchiveBounds
}

/** How far archives are unpacked, all entries and all depths together. */
export interface ArchiveBounds {
  readonly maxEntries: number
  readonly maxUnpackedBytes: number
  /** Unpacked to packed size, of one entry. Small entries are not held to it. */
  readonly maxRatio: number
  /** Archives in archives: 1 takes none. */
  readonly maxDepth: number
}

/** A type that is told by its content, with what such files are called and declared as. */
export interface FileType {
  readonly extensions: readonly string[]
  /** Other names under which clients declare it. */
  readonly aliases: readonly string[]
}

const OPEN_XML = 'application/vnd.openxmlformats-officedocument'
const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument'
const ZIP_ALIASES = ['application/zip', 'application/x-zip-compressed']

const type = (extensions: string, ...aliases: string[]): FileType => ({
  extensions: extensions.split(' '),
  aliases,
})

/** The types whose structure is read here. Others are told by their first bytes alone. */
export const FILE_TYPES: Readonly<Record<string, FileType>> = {
  'image/png': type('png', 'image/x-png'),
  'image/jpeg': type('jpg jpeg jpe jfif', 'image/jpg', 'image/pjpeg'),
  'image/gif': type('gif'),
  'image/webp': type('webp'),
  'image/bmp': type('bmp dib', 'image/x-ms-bmp', 'image/x-bmp'),
  'image/tiff': type('tif tiff', 'image/tif'),
  'image/svg+xml': type('svg'),
  'application/pdf': type('pdf', 'application/x-pdf'),
  'application/zip': type('zip', 'application/x-zip-compressed', 'application/x-zip'),
  'application/gzip': type('gz tgz', 'application/x-gzip', 'application/x-compressed-tar'),
  'application/x-tar': type('tar', 'application/tar'),
  [`${OPEN_XML}.wordprocessingml.document`]: type('docx', ...ZIP_ALIASES),
  [`${OPEN_XML}.spreadsheetml.sheet`]: type('xlsx', ...ZIP_ALIASES),
  [`${OPEN_XML}.presentationml.presentation`]: type('pptx', ...ZIP_ALIASES),
  [`${OPEN_DOCUMENT}.text`]: type('odt', ...ZIP_ALIASES),
  [`${OPEN_DOCUMENT}.spreadsheet`]: type('ods', ...ZIP_ALIASES),
  [`${OPEN_DOCUMENT}.presentation`]: type('odp', ...ZIP_ALIASES),
  'application/json': type('json geojson', 'text/json', 'text/plain'),
  // Browsers on Windows call a CSV file what the program that opens it is called.
  'text/csv': type('csv', 'text/plain', 'application/csv', 'text/x-csv', 'application/vnd.ms-excel'),
  'text/plain': type('txt text log md', 'text/markdown', 'text/x-markdown', 'text/x-log'),
}

/** Types that the first bytes tell (package `file-type`), under more than one extension or name. */
export const OTHER_TYPES: Readonly<Record<string, FileType>> = {
  'audio/mpeg': type('mp3 mpga', 'audio/mp3'),
  'audio/wav': type('wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'),
  'audio/ogg': type('ogg oga opus', 'audio/opus', 'application/ogg'),
  'audio/flac': type('flac', 'audio/x-flac'),
  'audio/x-m4a': type('m4a', 'audio/mp4', 'audio/m4a'),
  'video/mp4': type('mp4 m4v'),
  'video/quicktime': type('mov qt'),
  'video/webm': type('webm', 'audio/webm'),
  'image/heic': type('heic heif', 'image/heif'),
  'image/avif': type('avif'),
  'font/woff2': type('woff2'),
  'font/woff': type('woff', 'application/font-woff'),
}

/** Whether a media type is on a list that may hold `image/*`. */
export function isListed(mediaType: string, list: readonly string[]): boolean {
  return list.some((one) => (one.endsWith('/*') ? mediaType.startsWith(one.slice(0, -1)) : one === mediaType))
}

/** What is known of a type by its name. */
export function fileTypeOf(mediaType: string): FileType | undefined {
  if (Object.hasOwn(FILE_TYPES, mediaType)) return FILE_TYPES[mediaType]
  return Object.hasOwn(OTHER_TYPES, mediaType) ? OTHER_TYPES[mediaType] : undefined
}
