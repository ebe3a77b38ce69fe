import { bufferOf, utf8 } from './bytes.ts'
import { fault, type UploadFault } from './upload-fault.ts'

/** A part of a form that may be a file: with a file name, or with a type of its own, which some parsers take for one. */
export interface FilePart {
  readonly field: string
  /** As sent; undefined where the part has none. */
  readonly rawName: string | undefined
  /** Declared media type without parameters, lower case; undefined where none is. */
  readonly declaredType: string | undefined
  readonly bytes: Buffer
  /** Where the content stands in the body. */
  readonly start: number
}

/** How much a form may hold. */
export interface FormBounds {
  readonly maxFiles: number
  readonly maxFields: number
  readonly maxFieldBytes: number
}

/** The files of a form, or why it is not read. */
export type FormReading =
  | { readonly ok: true; readonly files: readonly FilePart[]; readonly fields: number }
  | { readonly ok: false; readonly fault: UploadFault }

const MAX_HEAD_BYTES = 4096
/** RFC 9110 5.6.2, in the bounds of RFC 2046 5.1.1. */
const BOUNDARY = /^[0-9A-Za-z!#$%&'*+.^_`|~-]{1,70}$/
const TYPE_TEXT = /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,127}$/

const unreadable = (detail: string): { ok: false; fault: UploadFault } => ({
  ok: false,
  fault: fault('unreadable', detail),
})

/**
 * Reads multipart/form-data (RFC 7578) in the one form in which all parsers read it alike: delimiters on CRLF lines and
 * nowhere else, nothing before the first and after the last, no folded or unknown part fields, quoted names without
 * backslashes, each parameter once, no `filename*`. Anything else is refused, not repaired.
 */
export function readForm(body: Uint8Array, contentType: string, bounds: FormBounds): FormReading {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return unreadable('the boundary of the form is missing, doubled or odd')
  const bytes = bufferOf(body)
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const files: FilePart[] = []
  const fileFields = new Set<string>()
  const textFields = new Set<string>()
  let fields = 0
  if (bytes.indexOf(delimiter) !== 0) return unreadable('the form does not begin with its boundary')
  let at = delimiter.length
  while (!hasText(bytes, at, '--')) {
    if (!hasText(bytes, at, '\r\n')) return unreadable('text behind a boundary')
    at += 2
    const next = bytes.indexOf(delimiter, at)
    if (next < 0) return unreadable('the last boundary is missing')
    if (next - 2 < at || !hasText(bytes, next - 2, '\r\n'))
      return unreadable('the boundary stands within a line')
    const headEnd = bytes.subarray(at, Math.min(next, at + MAX_HEAD_BYTES)).indexOf('\r\n\r\n')
    if (headEnd < 0) return unreadable('the head of a part does not end')
    const start = at + headEnd + 4
    if (start > next - 2) return unreadable('a part without content lines')
    const head = readHead(bytes.subarray(at, at + headEnd))
    if (typeof head === 'string') return unreadable(head)
    const content = bytes.subarray(start, next - 2)
    if (head.length !== undefined && head.length !== content.length)
      return unreadable('the length of a part is not what its head says')
    // An empty file field of a browser: no name and no content.
    const isEmptyChoice = head.rawName === '' && content.length === 0
    if (head.rawName === '' && !isEmptyChoice) return unreadable('a file with an empty name')
    if (head.rawName !== undefined || head.declaredType !== undefined) {
      fileFields.add(head.field)
      if (!isEmptyChoice) {
        const { field, rawName, declaredType } = head
        files.push({ field, rawName, declaredType, bytes: content, start })
      }
      if (files.length > bounds.maxFiles)
        return { ok: false, fault: fault('count', `more than ${bounds.maxFiles} files`) }
    } else {
      textFields.add(head.field)
      if (head.field === '_charset_' && !/^utf-?8$/i.test(content.toString('latin1', 0, 16)))
        return unreadable('the form names a character set')
      if (content.length > bounds.maxFieldBytes)
        return { ok: false, fault: fault('size', `a field of more than ${bounds.maxFieldBytes} bytes`) }
      if (++fields > bounds.maxFields)
        return { ok: false, fault: fault('count', `more than ${bounds.maxFields} fields`) }
    }
    at = next + delimiter.length
  }
  at += 2
  if (at !== bytes.length && !(hasText(bytes, at, '\r\n') && at + 2 === bytes.length))
    return unreadable('text behind the last boundary')
  for (const name of fileFields)
    if (textFields.has(name)) return unreadable('a name is a file and a field at once')
  return { ok: true, files, fields }
}

/** The boundary of a form's Content-Type, where it is written in the one way that nobody misreads. */
export function boundaryOf(contentType: string): string | undefined {
  const [type = '', ...parameters] = contentType.split(';').map((piece) => piece.trim())
  if (type.toLowerCase() !== 'multipart/form-data' || parameters.length === 0) return undefined
  let boundary: string | undefined
  for (const parameter of parameters) {
    const at = parameter.indexOf('=')
    const name = parameter.slice(0, at).toLowerCase()
    const text = parameter.slice(at + 1)
    if (name === 'charset' && /^"?utf-8"?$/i.test(text)) continue
    if (name !== 'boundary' || boundary !== undefined) return undefined
    boundary = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
  }
  return boundary !== undefined && BOUNDARY.test(boundary) ? boundary : undefined
}

interface PartHead {
  field: string
  rawName: string | undefined
  declaredType: string | undefined
  length: number | undefined
}

/** The head of a part, or what is wrong with it. */
function readHead(bytes: Buffer): PartHead | string {
  const text = utf8(bytes)
  if (text === undefined) return 'the head of a part is not UTF-8'
  if (text.startsWith('\ufeff')) return 'a byte order mark before a part'
  const head: PartHead = { field: '', rawName: undefined, declaredType: undefined, length: undefined }
  const seen = new Set<string>()
  for (const line of text.split('\r\n')) {
    const at = line.indexOf(':')
    const name = line.slice(0, Math.max(at, 0)).toLowerCase()
    const value = line.slice(at + 1).trim()
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) return 'a control character in the head of a part'
    if (seen.has(name)) return `the part field \`${name.slice(0, 40)}\` twice`
    seen.add(name)
    const wrong = readField(head, name, value)
    if (wrong !== undefined) return wrong
  }
  return seen.has('content-disposition') ? head : 'a part without Content-Disposition'
}

function readField(head: PartHead, name: string, value: string): string | undefined {
  switch (name) {
    case 'content-disposition': {
      const disposition = readDisposition(value)
      if (typeof disposition === 'string') return disposition
      head.field = disposition.name
      head.rawName = disposition.fileName
      return undefined
    }
    case 'content-type': {
      head.declaredType = declaredTypeOf(value)
      return head.declaredType === undefined ? 'an odd Content-Type of a part' : undefined
    }
    case 'content-length': {
      if (!/^\d{1,12}$/.test(value)) return 'an odd length of a part'
      head.length = Number(value)
      return undefined
    }
    case 'content-transfer-encoding':
      // RFC 7578 4.7: deprecated. Some parsers decode base64 and quoted-printable, others do not.
      return /^(binary|8bit|7bit)$/i.test(value) ? undefined : 'an encoding of a part'
    default:
      return `the part field \`${name.slice(0, 40)}\``
  }
}

/** `form-data; name="a"; filename="b"`, or what is wrong with it. */
export function readDisposition(
  value: string,
  kind = 'form-data',
): { readonly name: string; readonly fileName: string | undefined } | string {
  if (value.slice(0, kind.length).toLowerCase() !== kind) return `a disposition that is not ${kind}`
  const found = new Map<string, string>()
  let at = kind.length
  while (at < value.length) {
    const parameter = /^; {0,4}([A-Za-z*]{1,20})="([^"\\]*)"/.exec(value.slice(at))
    if (!parameter) return 'a disposition with a parameter that is not quoted'
    const name = (parameter[1] as string).toLowerCase()
    if (name !== 'name' && name !== 'filename') return `the parameter \`${name}\` of a disposition`
    if (found.has(name)) return `the parameter \`${name}\` twice`
    found.set(name, parameter[2] as string)
    at += parameter[0].length
  }
  const name = found.get('name')
  if (kind === 'form-data' && (name === undefined || name === '')) return 'a part without a name'
  return { name: name ?? '', fileName: found.get('filename') }
}

/** A media type without its parameters, lower case; undefined where it is not one. */
export function declaredTypeOf(value: string): string | undefined {
  const type = (value.split(';')[0] as string).trim().toLowerCase()
  return TYPE_TEXT.test(type) ? type : undefined
}

function hasText(bytes: Buffer, at: number, text: string): boolean {
  return bytes.toString('latin1', at, at + text.length) === text
}
