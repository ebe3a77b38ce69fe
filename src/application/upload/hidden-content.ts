import { bufferOf, hasAt, latin1, u16le, u32le } from './bytes.ts'
import { fault, type UploadFault } from './upload-fault.ts'

/** What runs, by its first bytes. */
const EXECUTABLES: readonly (readonly [magic: string, what: string])[] = [
  ['MZ', 'a Windows program'],
  ['\x7fELF', 'an ELF program'],
  ['\xfe\xed\xfa\xce', 'a Mach-O program'],
  ['\xfe\xed\xfa\xcf', 'a Mach-O program'],
  ['\xce\xfa\xed\xfe', 'a Mach-O program'],
  ['\xcf\xfa\xed\xfe', 'a Mach-O program'],
  ['\xca\xfe\xba\xbe', 'a Java class or Mach-O program'],
  ['dex\n', 'an Android program'],
  ['\0asm', 'a WebAssembly module'],
  ['#!', 'a script'],
  ['L\0\0\0\x01\x14\x02\0', 'a Windows shortcut'],
  ['ITSF', 'a Windows help file'],
  ['MSCF', 'a cabinet file'],
  ['<?php', 'a PHP script'],
  ['!<arch>\n', 'a library or Debian package'],
]

/** What a browser or a server obeys, behind a `<`, lower case. Those of a name need an end behind it. */
const TAGS = ['script', 'html', 'body', 'iframe', 'svg', 'object', 'embed', 'applet', 'meta', 'base', 'form']
const MARKS = ['?php', '!doctype html', '!entity', '%@', '%=', '%eval', 'jsp:', '#include']
const LONGEST = 16

/** Whether the bytes begin as something that runs. */
export function executableAt(bytes: Uint8Array, at = 0): string | undefined {
  const found = EXECUTABLES.find(([magic]) => hasAt(bytes, at, magic))
  // A text may begin with `MZ`; the head of a program has NULs.
  if (found?.[0] === 'MZ' && !bytes.subarray(at, at + 64).includes(0)) return undefined
  return found?.[1]
}

/**
 * Markup and server code in a file that has no business with it: comments, text chunks and pixels are all bytes to the
 * one who includes the file. NUL bytes are skipped over, so UTF-16 does not hide it.
 */
export function markupIn(bytes: Uint8Array, from = 0, to = bytes.length): UploadFault | undefined {
  const buffer = bufferOf(bytes)
  for (let at = buffer.indexOf(0x3c, from); at >= 0 && at < to; at = buffer.indexOf(0x3c, at + 1)) {
    const found = markAt(buffer, at + 1)
    if (found !== undefined) return fault('polyglot', `\`<${found}\` at byte ${at}`)
  }
  return undefined
}

function markAt(bytes: Buffer, at: number): string | undefined {
  // Most places are told by the next byte.
  const first = (bytes[at] ?? 0) | 0x20
  if (
    !(first >= 0x61 && first <= 0x7a) &&
    bytes[at] !== 0 &&
    !'?!%#'.includes(String.fromCharCode(bytes[at] ?? 1))
  )
    return undefined
  const text = bytes
    .toString('latin1', at, at + 2 * LONGEST)
    .replaceAll('\0', '')
    .slice(0, LONGEST)
    .toLowerCase()
  const tag = TAGS.find((name) => text.startsWith(name) && /^[\s/>]$/.test(text.charAt(name.length)))
  if (tag !== undefined) return tag
  if (/^\?=[ $`a-z][ -~]{8}/.test(text)) return '?='
  // Marks of two characters happen by chance in pixels.
  return MARKS.find((mark) => text.startsWith(mark) && (mark.length > 2 || /^..[ -~]{10}/.test(text)))
}

/**
 * Whether a reader that looks for a ZIP at the end finds one (APPNOTE 4.3.16): GIFAR, a JAR behind a picture. The last
 * 64 KB are searched, as such readers do.
 */
export function zipBehind(bytes: Uint8Array): UploadFault | undefined {
  const buffer = bufferOf(bytes)
  const lowest = Math.max(0, buffer.length - 65_557)
  for (let at = buffer.lastIndexOf('PK\x05\x06', 'latin1'); at >= lowest;) {
    const size = u32le(buffer, at + 12)
    const isDirectory = size === 0 || (size > 0 && size <= at && hasAt(buffer, at - size, 'PK\x01\x02'))
    if (u16le(buffer, at + 10) >= 0 && isDirectory)
      return fault('polyglot', `a ZIP archive that ends at byte ${at}`)
    if (at === 0) break
    at = buffer.lastIndexOf('PK\x05\x06', at - 1, 'latin1')
  }
  return undefined
}

/** What is wrong with bytes that stand behind the end of a file's structure. */
export function faultInTrailer(bytes: Uint8Array, end: number): UploadFault | undefined {
  if (end > bytes.length) return fault('damaged', 'the file is cut off')
  for (let at = end; at < bytes.length; at++) {
    const code = bytes[at] as number
    if (code !== 0 && code !== 0x0a && code !== 0x0d && code !== 0x20)
      return fault(
        'polyglot',
        `${bytes.length - end} bytes behind the end of the file: ${JSON.stringify(latin1(bytes, at, at + 12))}`,
      )
  }
  return undefined
}
