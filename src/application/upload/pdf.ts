import { inflate } from 'node:zlib'
import { promisify } from 'node:util'

import { bufferOf, latin1 } from './bytes.ts'
import { markupIn } from './hidden-content.ts'
import { fault, type UploadFault } from './upload-fault.ts'

const MAX_STREAMS = 10_000
const MAX_DICTIONARY = 4096
const MAX_UNPACKED = 64 * 1024 * 1024
const TAIL_BYTES = 1024

/** Names by which a document acts on its own (ISO 32000-2 12.6.4), with what they do. /JS does nothing without /JavaScript. */
const ACTS: Readonly<Record<string, string>> = {
  JavaScript: 'JavaScript',
  Launch: 'an action that starts a program',
  EmbeddedFile: 'an embedded file',
  EmbeddedFiles: 'embedded files',
  RichMedia: 'rich media',
  Flash: 'Flash',
  XFA: 'an XFA form',
  GoToE: 'a jump into an embedded file',
  ImportData: 'an action that imports data',
  SubmitForm: 'an action that sends the form',
}

/** A name token (7.3.5), bounded as ISO 32000-1 annex C bounds it. */
const NAME = /\/([^\s/<>()[\]{}%]{1,127})/g

const inflateAsync = promisify(inflate) as (
  bytes: Uint8Array,
  options: { maxOutputLength: number },
) => Promise<Buffer>

/**
 * Looks for what acts in a PDF: in the plain objects and in the object streams (ISO 32000-2 7.5.7), where it would be
 * packed away. Names are read with their #-escapes undone. An encrypted document cannot be looked into.
 */
export async function faultInPdf(bytes: Uint8Array): Promise<UploadFault | undefined> {
  const buffer = bufferOf(bytes)
  const last = buffer.lastIndexOf('%%EOF', 'latin1')
  if (last < 0) return fault('damaged', 'the PDF has no end')
  if (buffer.length - last > TAIL_BYTES || !/^%%EOF[\s\0]*$/.test(latin1(buffer, last, buffer.length)))
    return fault('polyglot', `${buffer.length - last - 5} bytes behind the end of the PDF`)
  const code = markupIn(buffer, 0, TAIL_BYTES)
  if (code) return code
  if (/<\?php/i.test(latin1(buffer, 0, buffer.length))) return fault('polyglot', 'PHP in a PDF')
  return scanObjects(buffer)
}

/** Every name in the file, wherever it stands, and in what the object streams unpack to. */
async function scanObjects(buffer: Buffer): Promise<UploadFault | undefined> {
  const text = latin1(buffer, 0, buffer.length)
  const found = actIn(text)
  if (found) return found
  let left = MAX_UNPACKED
  let streams = 0
  let done = 0
  // INVARIANT: each word is looked for once from each of its places on, so the whole is linear.
  const nextStream = finder(text, 'stream')
  const nextEnd = finder(text, 'endstream')
  const nextObjectEnd = finder(text, 'endobj')
  let packedLeft = 4 * buffer.length
  for (const match of text.matchAll(NAME)) {
    // An object stream has /First (7.5.7); that its /Type says so, not every reader asks.
    const name = decodeNames(match[1] as string)
    if ((name !== 'ObjStm' && name !== 'First') || match.index < done) continue
    const keyword = nextStream(match.index)
    if (keyword === text.length || nextObjectEnd(match.index) < keyword) continue
    if (++streams > MAX_STREAMS) return fault('damaged', `a PDF of more than ${MAX_STREAMS} object streams`)
    const start = keyword + 6 + (buffer[keyword + 6] === 0x0d ? 2 : 1)
    const end = nextEnd(start)
    packedLeft -= end - start
    if (packedLeft < 0) return fault('damaged', 'object streams of the PDF overlap')
    const lowest = Math.max(done, match.index - MAX_DICTIONARY)
    const before = text.slice(lowest, match.index)
    const dictionary = decodeNames(
      before.slice(Math.max(0, before.lastIndexOf(' obj'))) + text.slice(match.index, keyword),
    )
    const unpacked = await unpackObjects(buffer.subarray(start, end), dictionary, left)
    if ('reason' in unpacked) return unpacked
    left = Math.max(1, left - unpacked.length)
    const hidden = actIn(latin1(unpacked, 0, unpacked.length))
    if (hidden) return hidden
    done = start
  }
  return undefined
}

/** Where a word stands at or behind a place that only grows; the length of the text where it does not. */
function finder(text: string, word: string): (from: number) => number {
  let at = -1
  return (from) => {
    if (at < from) {
      const found = text.indexOf(word, from)
      at = found < 0 ? text.length : found
    }
    return at
  }
}

async function unpackObjects(
  bytes: Buffer,
  dictionary: string,
  limit: number,
): Promise<Buffer | UploadFault> {
  const filters = dictionary.match(/\/[A-Za-z0-9]+Decode\b/g) ?? []
  if (filters.length === 0 && !dictionary.includes('/Filter')) return bytes
  if (filters.length !== 1 || filters[0] !== '/FlateDecode' || dictionary.includes('/Predictor'))
    return fault('encrypted', 'objects of the PDF are packed in a way that is not looked into')
  try {
    return await inflateAsync(bytes, { maxOutputLength: limit })
  } catch (thrown) {
    return thrown instanceof RangeError
      ? fault('archive-bomb', 'objects of the PDF unpack to too much')
      : fault('damaged', 'objects of the PDF cannot be unpacked')
  }
}

function actIn(text: string): UploadFault | undefined {
  for (const match of text.matchAll(NAME)) {
    const name = decodeNames(match[1] as string)
    if (name === 'Encrypt') return fault('encrypted', 'the PDF is encrypted')
    const act = Object.hasOwn(ACTS, name) ? ACTS[name] : undefined
    if (act !== undefined) return fault('active-content', `${act} in a PDF`)
  }
  return /\/URI\s{0,8}\(\s{0,8}javascript:/i.test(text)
    ? fault('active-content', 'a javascript: link in a PDF')
    : undefined
}

/** `/J#61vaScript` is `/JavaScript` (ISO 32000-2 7.3.5). */
function decodeNames(text: string): string {
  return text.includes('#')
    ? text.replace(/#([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text
}
