const MAX_LINE = 4096

/**
 * Untrusted text as one line of a log (CWE-117): what could end the line, colour a terminal, turn the direction of reading or
 * hide is written as an escape, and so is the backslash, so that an escape cannot be forged. Cut at `maxChars`, never within one.
 */
export function logLine(rawText: string, maxChars: number = MAX_LINE): string {
  let line = ''
  for (const character of rawText) {
    const code = character.codePointAt(0) as number
    const written = isPlain(code) ? character : escape(code)
    if (line.length + written.length > maxChars - 1) return `${line}\u2026`
    line += written
  }
  return line
}

function escape(code: number): string {
  return code === 0x5c ? '\\\\' : `\\u{${code.toString(16)}}`
}

function isPlain(code: number): boolean {
  if (code < 0x7f) return code >= 0x20 && code !== 0x5c
  if (code < 0xa0) return false
  return !(
    code === 0xad ||
    code === 0x61c ||
    code === 0x180e ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    code === 0xfeff ||
    (code >= 0xfff0 && code <= 0xfffb) ||
    (code >= 0xe0000 && code <= 0xe0fff)
  )
}
