import { bufferOf, hasAt, latin1, u16le } from './bytes.ts'
import { fault, type UploadFault } from './upload-fault.ts'
import type { ArchiveEntry } from './zip.ts'

const OPEN_XML = 'application/vnd.openxmlformats-officedocument'
const MAIN_PARTS: readonly (readonly [folder: string, type: string])[] = [
  ['word/', `${OPEN_XML}.wordprocessingml.document`],
  ['xl/', `${OPEN_XML}.spreadsheetml.sheet`],
  ['ppt/', `${OPEN_XML}.presentationml.presentation`],
]
const OPEN_DOCUMENT = /^application\/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)$/

/** Which office document a ZIP is by its parts (ECMA-376 2, ODF 1.3 part 2); undefined where it is none. */
export function officeType(entries: readonly ArchiveEntry[]): string | undefined {
  const first = entries[0]
  if (first?.path === 'mimetype') {
    const type = latin1(first.bytes, 0, 100)
    return OPEN_DOCUMENT.test(type) ? type : undefined
  }
  if (!entries.some(({ path }) => path === '[Content_Types].xml')) return undefined
  return MAIN_PARTS.find(([folder]) => entries.some(({ path }) => path.startsWith(folder)))?.[1]
}

/** What acts in an office document: macros, controls, linked programs, templates and pictures from elsewhere. */
export function faultInOffice(entries: readonly ArchiveEntry[]): UploadFault | undefined {
  for (const { path, bytes } of entries) {
    const wrong = faultInPath(path.toLowerCase()) ?? (isMarkup(path) ? faultInMarkup(path, bytes) : undefined)
    if (wrong) return wrong
  }
  return undefined
}

/** Whether a file in the old compound format (MS-CFB 2.6) has storages of macros. Its directory is in rows of 128 bytes. */
export function faultInCompound(bytes: Uint8Array): UploadFault | undefined {
  for (let at = 512; at + 128 <= bytes.length; at += 128) {
    const length = u16le(bytes, at + 64)
    const kind = bytes[at + 66] ?? 0
    if (length < 4 || length > 64 || (kind !== 1 && kind !== 2 && kind !== 5)) continue
    const name = bufferOf(bytes).toString('utf16le', at, at + length - 2)
    if (/^(_?VBA(_PROJECT(_CUR)?)?|Macros|EncryptedPackage|\u0001Ole10Native|PROJECTwm)$/i.test(name))
      return fault(
        name === 'EncryptedPackage' ? 'encrypted' : 'macro',
        `\`${name.replace('\u0001', '')}\` in an office document`,
      )
  }
  return undefined
}

function isMarkup(path: string): boolean {
  return /\.(xml|rels|vml)$/i.test(path)
}

function faultInPath(path: string): UploadFault | undefined {
  if (/(^|\/)(vbaproject|vbadata|vbaprojectsignature)\w*\.(bin|xml)$/.test(path))
    return fault('macro', `macros (${path})`)
  if (/^xl\/(macrosheets|dialogsheets)\//.test(path)) return fault('macro', 'a macro sheet')
  if (/(^|\/)activex\d*\//.test(path) || /(^|\/)oleobject\d*\.bin$/.test(path))
    return fault('macro', `an embedded program (${path})`)
  if (/^(basic|scripts|dialogs)\//.test(path)) return fault('macro', `macros (${path})`)
  return undefined
}

function faultInMarkup(path: string, bytes: Uint8Array): UploadFault | undefined {
  if (hasAt(bytes, 0, '\xff\xfe') || hasAt(bytes, 0, '\xfe\xff') || bytes[1] === 0)
    return fault('macro', `${path} in UTF-16`)
  const text = latin1(bytes, 0, bytes.length)
  if (text.includes('<!DOCTYPE') || text.includes('<!ENTITY'))
    return fault('active-content', `a document type in ${path}`)
  // Characters written as numbers in the parts that say what the others are: nobody does, but to hide a word.
  if (/\.rels$|^\[Content_Types\]/.test(path) && text.includes('&#'))
    return fault('active-content', `hidden words in ${path}`)
  if (path === '[Content_Types].xml' && /macroEnabled|vbaProject|ms-office\.activeX/i.test(text))
    return fault('macro', 'a macro type')
  if (path === 'META-INF/manifest.xml' && /encryption-data/.test(text))
    return fault('encrypted', 'the document is encrypted')
  if (/<script:event-listener|<office:scripts>\s{0,50}<office:script\b/.test(text))
    return fault('macro', `a macro in ${path}`)
  if (/<(\w{1,10}:)?ddeLink\b/i.test(text) || /\bDDE(AUTO)?\s{1,8}[\\"&a-z]/.test(instructions(text)))
    return fault('macro', `a DDE link in ${path}`)
  return path.endsWith('.rels') ? faultInRelations(path, text) : undefined
}

/** The field codes of a text document, whatever they are cut into. */
function instructions(text: string): string {
  let all = ''
  for (const match of text.matchAll(/<w:instrText(?:\s[^<>]{0,200})?>([^<]*)|w:instr="([^"]*)"/g))
    all += match[1] ?? match[2] ?? ''
  return all
}

/** Relations to elsewhere: links that somebody clicks are fine, what is loaded on opening is not. */
function faultInRelations(path: string, text: string): UploadFault | undefined {
  for (const match of text.matchAll(/<(?:\w{1,10}:)?Relationship\s([^<>]*)>/g)) {
    const relation = match[1] as string
    if (!/TargetMode\s*=\s*["']External["']/i.test(relation)) continue
    const isLink = /Type\s*=\s*["'][^"']{0,200}\/hyperlink["']/.test(relation)
    const target = /Target\s*=\s*["']([^"']*)/.exec(relation)?.[1] ?? ''
    if (!isLink || !/^(https?:\/\/|mailto:|#)/i.test(target))
      return fault('active-content', `a reference to elsewhere in ${path}`)
  }
  return undefined
}
