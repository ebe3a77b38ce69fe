/** The bytes that mean something in HTML. Every encoding that browsers read by bytes keeps them (not UTF-16, not ISO-2022-JP). */
export const TAB = 0x09
export const LF = 0x0a
export const FF = 0x0c
export const CR = 0x0d
export const SPACE = 0x20
export const BANG = 0x21
export const DOUBLE_QUOTE = 0x22
export const SINGLE_QUOTE = 0x27
export const DASH = 0x2d
export const SLASH = 0x2f
export const LESS = 0x3c
export const EQUALS = 0x3d
export const GREATER = 0x3e
export const QUESTION = 0x3f
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d

/** White space of the tokenizer; a carriage return counts, since the input stream makes a line feed of it (HTML 13.2.3.5). */
export function isSpace(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === LF || byte === TAB || byte === CR || byte === FF)
}

/** A letter of ASCII. */
export function isLetter(byte: number): boolean {
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** The lower-case form of a letter of ASCII; any other byte as it is. */
export function lowerOf(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}
