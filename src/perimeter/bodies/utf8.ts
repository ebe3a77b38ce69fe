/** The UTF-8 bytes of a code point as a byte string; what is no scalar value becomes U+FFFD (RFC 3629 3). */
export function utf8Bytes(codePoint: number): string {
  if (codePoint < 0x80) return String.fromCharCode(codePoint)
  if (codePoint < 0x800) return String.fromCharCode(0xc0 | (codePoint >> 6), trail(codePoint))
  if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return '\xef\xbf\xbd'
  if (codePoint < 0x10000) {
    return String.fromCharCode(0xe0 | (codePoint >> 12), trail(codePoint >> 6), trail(codePoint))
  }
  return String.fromCharCode(
    0xf0 | (codePoint >> 18),
    trail(codePoint >> 12),
    trail(codePoint >> 6),
    trail(codePoint),
  )
}

function trail(bits: number): number {
  return 0x80 | (bits & 0x3f)
}

/** Whether a byte string is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629 4). */
export function isUtf8(text: string): boolean {
  for (let i = 0; i < text.length;) {
    const lead = text.charCodeAt(i)
    if (lead < 0x80) {
      i++
      continue
    }
    const trails = trailsAfter(lead)
    if (trails === 0) return false
    const second = text.charCodeAt(i + 1)
    if (!(second >= lowestSecond(lead) && second <= highestSecond(lead))) return false
    for (let n = 2; n <= trails; n++) if ((text.charCodeAt(i + n) & 0xc0) !== 0x80) return false
    i += trails + 1
  }
  return true
}

function trailsAfter(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 0
  if (lead < 0xe0) return 1
  return lead < 0xf0 ? 2 : 3
}

function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0
  return lead === 0xf0 ? 0x90 : 0x80
}

function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f
  return lead === 0xf4 ? 0x8f : 0xbf
}

/** UTF-16 bytes as UTF-8 bytes; lone surrogates become U+FFFD, a single byte at the end is kept (RFC 2781). */
export function utf16ToUtf8(bytes: string, isLittleEndian: boolean): string {
  const pieces: string[] = []
  const unit = (i: number): number => {
    const first = bytes.charCodeAt(i)
    const second = bytes.charCodeAt(i + 1)
    return isLittleEndian ? first | (second << 8) : (first << 8) | second
  }
  let i = 0
  for (; i + 1 < bytes.length; i += 2) {
    const code = unit(i)
    const next = code >= 0xd800 && code <= 0xdbff && i + 3 < bytes.length ? unit(i + 2) : 0
    if (next >= 0xdc00 && next <= 0xdfff) {
      pieces.push(utf8Bytes(0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00)))
      i += 2
    } else pieces.push(utf8Bytes(code))
  }
  return pieces.join('') + bytes.slice(i)
}
