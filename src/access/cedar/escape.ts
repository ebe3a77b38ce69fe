import { Unreadable } from './syntax.ts'

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

/** The value of a string literal, given with its quotes. `offset` is where it starts, for faults. */
export function unescapeString(literal: string, offset: number): string {
  return unescape(literal, offset, false)[0] as string
}

/** The pieces of a pattern between its wildcards: `"a*b"` is `['a', 'b']`; `\*` is a star itself. */
export function unescapePattern(literal: string, offset: number): readonly string[] {
  return unescape(literal, offset, true)
}

function unescape(literal: string, offset: number, isPattern: boolean): string[] {
  const pieces: string[] = []
  let piece = ''
  const last = literal.length - 1
  let at = 1
  while (at < last) {
    const character = literal.charAt(at)
    if (character === '*' && isPattern) {
      pieces.push(piece)
      piece = ''
      at++
    } else if (character !== '\\') {
      piece += character
      at++
    } else {
      const [value, length] = escapeAt(literal, at, last, isPattern, offset)
      piece += value
      at += length
    }
  }
  pieces.push(piece)
  return pieces
}

function escapeAt(
  literal: string,
  at: number,
  last: number,
  isPattern: boolean,
  offset: number,
): readonly [string, number] {
  const letter = literal.charAt(at + 1)
  const simple = SIMPLE[letter]
  if (simple !== undefined) return [simple, 2]
  if (letter === '*' && isPattern) return ['*', 2]
  if (letter === 'x') {
    const code = hexadecimal(literal.slice(at + 2, at + 4))
    if (at + 4 > last || code === undefined || code > 0x7f)
      throw new Unreadable('`\\x` wants two hexadecimal digits up to 7f', offset + at)
    return [String.fromCharCode(code), 4]
  }
  if (letter === 'u') {
    const close = literal.indexOf('}', at)
    const digits = literal.slice(at + 3, close).replaceAll('_', '')
    const code = digits.length <= 6 ? hexadecimal(digits) : undefined
    if (literal.charAt(at + 2) !== '{' || literal.charAt(at + 3) === '_' || close < 0 || close >= last)
      throw new Unreadable('`\\u` wants hexadecimal digits in braces: `\\u{e9}`', offset + at)
    if (code === undefined || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw new Unreadable(`\`\\u{${digits}}\` is no Unicode character`, offset + at)
    return [String.fromCodePoint(code), close + 1 - at]
  }
  const stars = letter === '*' ? '; `\\*` is for patterns after `like`' : ''
  throw new Unreadable(`unknown escape \`\\${letter}\`${stars}`, offset + at)
}

function hexadecimal(digits: string): number | undefined {
  if (digits.length === 0) return undefined
  let value = 0
  for (const digit of digits) {
    const at = '0123456789abcdef'.indexOf(digit.toLowerCase())
    if (at < 0) return undefined
    value = value * 16 + at
  }
  return value
}

/** A string as a Cedar literal, plain ASCII, without its quotes. */
export function escapeText(text: string): string {
  let escaped = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (character === '\\' || character === '"') escaped += `\\${character}`
    else if (code === 10) escaped += '\\n'
    else if (code === 13) escaped += '\\r'
    else if (code === 9) escaped += '\\t'
    else if (code === 0) escaped += '\\0'
    else if (code < 0x20 || code > 0x7e) escaped += `\\u{${code.toString(16)}}`
    else escaped += character
  }
  return escaped
}

/** A string as a Cedar literal. */
export function quote(text: string): string {
  return `"${escapeText(text)}"`
}

/** A pattern as a Cedar literal. */
export function quotePattern(pieces: readonly string[]): string {
  return `"${pieces.map((piece) => escapeText(piece).replaceAll('*', '\\*')).join('*')}"`
}
