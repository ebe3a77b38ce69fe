/** A set of bytes: `set[byte]` is 1 for members. */
export type ByteSet = Uint8Array

/** The set of all bytes in these inclusive ranges: `'az09'` is a to z and 0 to 9. */
export function ranges(text: string): ByteSet {
  const set = new Uint8Array(256)
  for (let i = 0; i < text.length; i += 2) set.fill(1, text.charCodeAt(i), text.charCodeAt(i + 1) + 1)
  return set
}

/** PCRE's `\d`, `\w`, `\s`, `\h` and `\v` in the C locale: ASCII only. */
export const DIGIT = ranges('09')
export const WORD = ranges('09AZaz__')
export const SPACE = ranges('\t\r  ')
export const HORIZONTAL_SPACE = ranges('\t\t  \xa0\xa0')
export const VERTICAL_SPACE = ranges('\n\r\x85\x85')
export const ANY = ranges('\0\xff')
export const NEWLINE = ranges('\n\n')

/** POSIX classes as they stand in brackets: `[[:alpha:]]`. */
export const POSIX: Readonly<Record<string, ByteSet>> = {
  alnum: ranges('09AZaz'),
  alpha: ranges('AZaz'),
  ascii: ranges('\0\x7f'),
  blank: ranges('\t\t  '),
  cntrl: ranges('\0\x1f\x7f\x7f'),
  digit: DIGIT,
  graph: ranges('!~'),
  lower: ranges('az'),
  print: ranges(' ~'),
  punct: ranges('!/:@[`{~'),
  space: SPACE,
  upper: ranges('AZ'),
  word: WORD,
  xdigit: ranges('09AFaf'),
}

/** Every byte that is not in the set. */
export function complement(set: ByteSet): ByteSet {
  return set.map((has) => 1 - has)
}

/** The set with both cases of every ASCII letter that it has (PCRE in the C locale folds nothing else). */
export function foldCase(set: ByteSet): ByteSet {
  const folded = set.slice()
  for (let upper = 65; upper <= 90; upper++) {
    if (set[upper] === 1 || set[upper + 32] === 1) folded[upper] = folded[upper + 32] = 1
  }
  return folded
}

/** The members, in order. */
export function members(set: ByteSet): number[] {
  const found: number[] = []
  for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) found.push(byte)
  return found
}
