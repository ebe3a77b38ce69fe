import { extensionOf, isRunExtension } from './file-name.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_PATH_BYTES = 1024
const MAX_PIECES = 32
const SYSTEM_RUNS =
  /^(exe|dll|com|scr|pif|bat|cmd|msi|cpl|vbs|vbe|wsf|wsh|hta|lnk|ps1|jar|jse|php\d?|phtml|phar|jspx?|aspx?|cgi|htaccess)$/

/**
 * What is wrong with the path of an entry: where it would be written when unpacked (Zip Slip), and what would run there.
 * `isDocument` is for office files, whose parts are read and not unpacked.
 */
export function faultInEntryName(path: string, isDocument = false): UploadFault | undefined {
  const wrong = wrongIn(path, isDocument)
  return wrong === undefined
    ? undefined
    : fault('archive', `${wrong} in the entry ${JSON.stringify(path.slice(0, 80))}`)
}

function wrongIn(path: string, isDocument: boolean): string | undefined {
  if (path === '') return 'no name'
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return 'a name that is too long'
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'a control character'
  if (/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(path))
    return 'a character that turns the direction'
  if (path.includes('\\')) return 'a backslash'
  if (path.startsWith('/')) return 'an absolute path'
  if (path.includes(':')) return 'a drive or stream'
  const pieces = path.split('/')
  if (pieces.length > MAX_PIECES) return 'too many folders'
  if (pieces.at(-1) === '') pieces.pop()
  if (pieces.some((piece) => piece === '..' || piece === '')) return 'a path that leaves the folder'
  if (pieces.some((piece) => piece !== '.' && /[. ]$/.test(piece))) return 'a trailing dot or space'
  const extension = extensionOf(pieces.at(-1) ?? '')
  if (!isDocument && isRunExtension(extension) && SYSTEM_RUNS.test(extension))
    return `the extension \`${extension}\``
  if (!isDocument && /(^|\/)(\.htaccess|web\.config|\.user\.ini|autorun\.inf)$/i.test(path))
    return 'a name that servers obey'
  return undefined
}
