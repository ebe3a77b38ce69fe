/** Classes of ASCII characters as bits, so that one look-up tells all there is to know about a character. */
export const DIGIT = 1
export const LOWER = 2
export const UPPER = 4
export const UNDERSCORE = 8
export const HYPHEN = 16
export const DOT = 32
/** `+`, `/` and `=`: what base64 has beside letters and digits. */
export const BASE64_MARK = 64
export const TILDE = 128
export const HEX = 256
/** Characters that no word holds and that may stand in or before something to find. */
export const TRIGGER = 512

/** The classes of a word of digits alone. */
export const NUMBER: number = DIGIT | HEX
export const ALNUM: number = DIGIT | LOWER | UPPER
export const WORD: number = ALNUM | UNDERSCORE
export const BASE64URL: number = WORD | HYPHEN

/** The classes of each UTF-16 code unit, so that a loop needs no branch; those beyond ASCII have none. */
export const CLASSES: Uint16Array = buildClasses()

function buildClasses(): Uint16Array {
  const classes = new Uint16Array(65_536)
  const add = (characters: string, bits: number): void => {
    for (const character of characters) {
      const code = character.charCodeAt(0)
      classes[code] = (classes[code] as number) | bits
    }
  }
  add('0123456789', DIGIT | HEX)
  add('abcdefghijklmnopqrstuvwxyz', LOWER)
  add('ABCDEFGHIJKLMNOPQRSTUVWXYZ', UPPER)
  add('abcdefABCDEF', HEX)
  add('_', UNDERSCORE)
  add('-', HYPHEN)
  add('.', DOT)
  add('+/=', BASE64_MARK)
  add('~', TILDE)
  add('@:=+(-%>\\', TRIGGER)
  return classes
}

/** The classes of the character at `at`; none beyond ASCII and beyond the ends. */
export function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (CLASSES[code] as number) : 0
}

/** Whether a letter, a digit or `_` is at `at`. */
export function isWordAt(text: string, at: number): boolean {
  return (classAt(text, at) & WORD) !== 0
}

export function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57
}

/** The end of the run of characters of a class that begins at `at`, looking at `max` characters at most. */
export function runEnd(text: string, at: number, bits: number, max: number): number {
  const stop = Math.min(text.length, at + max)
  let end = at
  while (end < stop && (classAt(text, end) & bits) !== 0) end++
  return end
}
