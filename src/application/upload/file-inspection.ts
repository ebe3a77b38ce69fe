import { faultInBmp, faultInTiff } from './bitmap.ts'
import { COMPOUND, type FileKind, kindOf } from './file-kind.ts'
import { extensionOf, faultInFileName } from './file-name.ts'
import { faultInGif } from './gif.ts'
import { readGzip } from './gzip.ts'
import { executableAt, markupIn, zipBehind } from './hidden-content.ts'
import { faultInJpeg } from './jpeg.ts'
import { faultInCompound, faultInOffice, officeType } from './office.ts'
import { faultInPdf } from './pdf.ts'
import { faultInPng } from './png.ts'
import { faultInSvg } from './svg.ts'
import { isTar, readTar } from './tar.ts'
import { faultInCsv, faultInJson, faultInPlain, readText } from './texts.ts'
import { UnpackingPurse } from './unpacking.ts'
import { fault, type UploadFault } from './upload-fault.ts'
import { FILE_TYPES, fileTypeOf, isListed, OTHER_TYPES, type UploadPolicy } from './upload-policy.ts'
import { faultInWebp } from './webp.ts'
import { type ArchiveEntry, isZip, readZip } from './zip.ts'

/** A file as its sender describes it. */
export interface DescribedFile {
  /** Undefined where it has none, such as a body that is a file. */
  readonly rawName: string | undefined
  readonly declaredType: string | undefined
  readonly bytes: Uint8Array
}

/** A type that says nothing: what clients send that do not know. */
const ANY_TYPE = 'application/octet-stream'

/**
 * Judges one file: size, name, extension, type by content against allowlist, declaration and extension, then its structure.
 * Returns the type, or the first objection. Work is bounded by the size of the file and the bounds of the policy.
 */
export async function inspectFile(
  file: DescribedFile,
  policy: UploadPolicy,
  purse: UnpackingPurse = new UnpackingPurse(policy.archives),
): Promise<{ readonly type: string } | UploadFault> {
  const { rawName, bytes } = file
  if (bytes.length > policy.maxFileBytes)
    return fault('size', `a file of ${bytes.length} bytes, ${policy.maxFileBytes} are the most`)
  const wrongName =
    rawName === undefined ? undefined : (faultInFileName(rawName) ?? faultInExtension(rawName, policy))
  if (wrongName) return wrongName
  if (bytes.length === 0) return { type: 'text/plain' }
  const program = executableAt(bytes)
  if (program !== undefined) return fault('executable', program)
  const extension = extensionOf(rawName ?? '')
  const kind = await kindOf(bytes, { extension, declaredType: file.declaredType })
  if (!kind) return unknownFault(file, policy) ?? { type: ANY_TYPE }
  const content =
    kind.type === 'application/zip'
      ? await readZipKind(bytes, purse, extension)
      : { type: kind.type, entries: [] }
  if ('reason' in content) return content
  const { type } = content
  const wrong =
    faultInType(type, kind, file, extension, policy) ??
    (await faultInContent(type, bytes, policy, purse)) ??
    (await faultInEntries(content.entries, type, purse, 1))
  return wrong ?? { type }
}

function faultInExtension(name: string, policy: UploadPolicy): UploadFault | undefined {
  const extension = extensionOf(name)
  if (extension === '') return undefined
  const allowed = policy.extensions?.includes(extension) ?? isExtensionOfTypes(extension, policy)
  return allowed ? undefined : fault('extension', `the extension \`${extension}\` is not allowed`)
}

/** Where no extensions are listed, those of the listed types are; types without a table answer by their content. */
function isExtensionOfTypes(extension: string, policy: UploadPolicy): boolean {
  const tables = { ...FILE_TYPES, ...OTHER_TYPES }
  const owner = Object.keys(tables).find((type) => tables[type]?.extensions.includes(extension))
  if (owner !== undefined) return isAllowed(owner, policy)
  return (
    policy.onUnknown === 'pass' ||
    policy.types.some((type) => !type.endsWith('/*') && !Object.hasOwn(tables, type))
  )
}

function isAllowed(type: string, policy: UploadPolicy): boolean {
  return type === 'image/svg+xml' ? policy.svg === 'static' : isListed(type, policy.types)
}

function unknownFault({ bytes }: DescribedFile, policy: UploadPolicy): UploadFault | undefined {
  if (policy.onUnknown === 'refuse') return fault('type', 'the content is of no known type')
  return markupIn(bytes) ?? zipBehind(bytes)
}

function faultInType(
  type: string,
  kind: FileKind,
  file: DescribedFile,
  extension: string,
  policy: UploadPolicy,
): UploadFault | undefined {
  if (!isAllowed(type, policy)) {
    const macros = type === COMPOUND ? faultInCompound(file.bytes) : undefined
    return macros ?? fault('type', `the content is ${type}, which is not allowed`)
  }
  const known = fileTypeOf(type)
  const declared = file.declaredType ?? ANY_TYPE
  if (declared !== ANY_TYPE && declared !== type && known?.aliases.includes(declared) !== true)
    return fault('type-mismatch', `declared ${declared.slice(0, 80)}, the content is ${type}`)
  const extensions = known?.extensions ?? [kind.extension ?? '']
  // A list of the operator's may name more extensions of plain text than the table knows.
  const isListedText =
    type === 'text/plain' && policy.extensions?.includes(extension) === true && !isTableExtension(extension)
  if (extension !== '' && !extensions.includes(extension) && !isListedText)
    return fault('type-mismatch', `named .${extension}, the content is ${type}`)
  return undefined
}

function isTableExtension(extension: string): boolean {
  return Object.values(FILE_TYPES).some(({ extensions }) => extensions.includes(extension))
}

interface ZipKind {
  readonly type: string
  readonly entries: readonly ArchiveEntry[]
}

async function readZipKind(
  bytes: Uint8Array,
  purse: UnpackingPurse,
  extension: string,
): Promise<ZipKind | UploadFault> {
  const entries = await readZip(bytes, purse, /^(docx|xlsx|pptx|odt|ods|odp)$/.test(extension))
  if ('reason' in entries) return entries
  return { type: officeType(entries) ?? 'application/zip', entries }
}

async function faultInContent(
  type: string,
  bytes: Uint8Array,
  policy: UploadPolicy,
  purse: UnpackingPurse,
): Promise<UploadFault | undefined> {
  if (type.startsWith('image/') && type !== 'image/svg+xml') {
    return (await faultInImage(type, bytes, policy)) ?? markupIn(bytes) ?? zipBehind(bytes)
  }
  switch (type) {
    case 'image/svg+xml':
      return faultInSvg(bytes)
    case 'application/pdf':
      return (await faultInPdf(bytes)) ?? zipBehind(bytes)
    case 'application/gzip':
      return faultInGzip(bytes, purse, 1)
    case 'application/x-tar': {
      const entries = readTar(bytes, purse)
      return 'reason' in entries ? entries : faultInEntries(entries, type, purse, 1)
    }
    case COMPOUND:
      return faultInCompound(bytes) ?? zipBehind(bytes)
    case 'text/plain':
    case 'text/csv':
    case 'application/json':
      return faultInText(type, bytes) ?? zipBehind(bytes)
    default:
      // The entries of ZIP and office documents are judged apart.
      return isZip(bytes) ? undefined : (markupIn(bytes) ?? zipBehind(bytes))
  }
}

async function faultInImage(
  type: string,
  bytes: Uint8Array,
  policy: UploadPolicy,
): Promise<UploadFault | undefined> {
  switch (type) {
    case 'image/png':
      return faultInPng(bytes, policy)
    case 'image/jpeg':
      return faultInJpeg(bytes, policy)
    case 'image/gif':
      return faultInGif(bytes, policy)
    case 'image/webp':
      return faultInWebp(bytes, policy)
    case 'image/bmp':
      return faultInBmp(bytes, policy)
    case 'image/tiff':
      return faultInTiff(bytes, policy)
    default:
      return undefined
  }
}

function faultInText(type: string, bytes: Uint8Array): UploadFault | undefined {
  const reading = readText(bytes)
  if (!('text' in reading)) return reading
  if (type === 'application/json') return faultInJson(reading.text)
  return type === 'text/csv' ? faultInCsv(reading.text) : faultInPlain(reading.text)
}

async function faultInGzip(
  bytes: Uint8Array,
  purse: UnpackingPurse,
  depth: number,
): Promise<UploadFault | undefined> {
  const inner = await readGzip(bytes, purse)
  if ('reason' in inner) return inner
  if (!isTar(inner)) return faultInEntry({ path: 'the content', bytes: inner }, purse, depth)
  const entries = readTar(inner, purse)
  return 'reason' in entries ? entries : faultInEntries(entries, 'application/x-tar', purse, depth)
}

async function faultInEntries(
  entries: readonly ArchiveEntry[],
  type: string,
  purse: UnpackingPurse,
  depth: number,
): Promise<UploadFault | undefined> {
  const acts = type.startsWith('application/vnd.') ? faultInOffice(entries) : undefined
  if (acts) return acts
  for (const entry of entries) {
    const wrong = await faultInEntry(entry, purse, depth)
    if (wrong) return wrong
  }
  return undefined
}

/** What is wrong with a file in an archive: a program, macros, or an archive deeper than may be. */
async function faultInEntry(
  { path, bytes }: ArchiveEntry,
  purse: UnpackingPurse,
  depth: number,
): Promise<UploadFault | undefined> {
  const program = executableAt(bytes)
  if (program !== undefined)
    return fault('executable', `${program} in the archive: ${JSON.stringify(path.slice(0, 80))}`)
  const kind = await kindOf(bytes.subarray(0, 4096), { extension: '', declaredType: undefined })
  if (kind?.type === COMPOUND) return faultInCompound(bytes)
  const isArchive =
    kind?.type === 'application/zip' ||
    kind?.type === 'application/gzip' ||
    kind?.type === 'application/x-tar'
  if (!isArchive) return undefined
  if (depth >= purse.bounds.maxDepth)
    return fault('archive-bomb', `archives more than ${purse.bounds.maxDepth} deep`)
  if (kind.type === 'application/gzip') return faultInGzip(bytes, purse, depth + 1)
  const entries = kind.type === 'application/zip' ? await readZip(bytes, purse, true) : readTar(bytes, purse)
  if ('reason' in entries) return entries
  return faultInEntries(entries, officeType(entries) ?? kind.type, purse, depth + 1)
}
