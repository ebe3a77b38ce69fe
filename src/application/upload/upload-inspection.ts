import { bufferOf } from './bytes.ts'
import { type DescribedFile, inspectFile } from './file-inspection.ts'
import { declaredTypeOf, type FilePart, readDisposition, readForm } from './form-parts.ts'
import { UnpackingPurse } from './unpacking.ts'
import { fault, type UploadFault } from './upload-fault.ts'
import type { UploadPolicy } from './upload-policy.ts'

/** The fields of a request that say what its body is. */
export interface UploadHead {
  readonly contentTypes: readonly string[]
  readonly dispositions: readonly string[]
}

/** A file that was looked at, with the type that its content shows. */
export interface JudgedFile extends DescribedFile {
  /** Name of the form's field; undefined where the body is the file. */
  readonly field: string | undefined
  readonly type: string
}

/** What is said of a body: its files, or the first objection and the file that it is about. */
export type UploadVerdict =
  | { readonly ok: true; readonly files: readonly JudgedFile[] }
  | { readonly ok: false; readonly fault: UploadFault; readonly file: DescribedFile | undefined }

/**
 * Judges the whole body of a request, a form or a file, before its first byte goes on. The same bytes and policy give the
 * same verdict; it never throws, and all files share one purse of unpacking.
 */
export async function inspectUpload(
  body: Uint8Array,
  head: UploadHead,
  policy: UploadPolicy,
): Promise<UploadVerdict> {
  const reading = filesOf(body, head, policy)
  if ('reason' in reading) return { ok: false, fault: reading, file: undefined }
  const purse = new UnpackingPurse(policy.archives)
  const files: JudgedFile[] = []
  for (const part of reading) {
    const judged = await inspectFile(part, policy, purse)
    if ('reason' in judged) return { ok: false, fault: judged, file: part }
    files.push({ ...part, type: judged.type })
  }
  return { ok: true, files }
}

interface Part extends DescribedFile {
  readonly field: string | undefined
}

function filesOf(body: Uint8Array, head: UploadHead, policy: UploadPolicy): readonly Part[] | UploadFault {
  const [contentType = '', ...more] = head.contentTypes
  if (more.length > 0) return fault('unreadable', 'Content-Type twice')
  const type = (contentType.split(';')[0] as string).trim().toLowerCase()
  if (type.startsWith('multipart/')) {
    if (type !== 'multipart/form-data') return fault('unreadable', `a body of the type ${type.slice(0, 80)}`)
    const form = readForm(body, contentType, policy)
    return form.ok ? form.files : form.fault
  }
  if (body.length === 0) return []
  const declaredType = contentType === '' ? undefined : declaredTypeOf(contentType)
  if (contentType !== '' && declaredType === undefined) return fault('unreadable', 'an odd Content-Type')
  const rawName = nameOfBody(head.dispositions)
  if (typeof rawName === 'object') return rawName
  return [{ field: undefined, rawName, declaredType, bytes: bufferOf(body) }]
}

/** The name that a request's own Content-Disposition gives to the file that its body is. */
function nameOfBody([value, ...more]: readonly string[]): string | undefined | UploadFault {
  if (value === undefined) return undefined
  if (more.length > 0) return fault('unreadable', 'Content-Disposition twice')
  const kind = /^(attachment|inline|form-data)(?=;|$)/i.exec(value)?.[0]
  const text = Buffer.from(value, 'latin1').toString('utf8')
  const disposition =
    kind === undefined ? 'a disposition of no known kind' : readDisposition(text, kind.toLowerCase())
  return typeof disposition === 'string' ? fault('unreadable', disposition) : disposition.fileName
}

/**
 * The same form with the content of some files replaced, for what re-encodes them. Undefined where the new content would
 * be read as a boundary, or the head of a part states its length.
 */
export function replaceFiles(
  body: Uint8Array,
  boundary: string,
  replaced: ReadonlyMap<FilePart, Uint8Array>,
): Buffer | undefined {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const [part, bytes] of [...replaced].toSorted(([a], [b]) => a.start - b.start)) {
    const head = bufferOf(body).toString('latin1', Math.max(at, part.start - 4096), part.start)
    const isMeasured = /content-length:/i.test(head.slice(head.lastIndexOf(`--${boundary}`)))
    if (isMeasured || bufferOf(bytes).includes(`--${boundary}`, 0, 'latin1')) return undefined
    pieces.push(body.subarray(at, part.start), bytes)
    at = part.start + part.bytes.length
  }
  return Buffer.concat([...pieces, body.subarray(at)])
}
