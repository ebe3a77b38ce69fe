import {
  type ByteSet,
  complement,
  DIGIT,
  foldCase,
  HORIZONTAL_SPACE,
  NEWLINE,
  POSIX,
  SPACE,
  VERTICAL_SPACE,
  WORD,
} from './byte-set.ts'
import { PatternError } from './syntax.ts'

const NO_BACKREFERENCE = 'backreferences have no linear-time matching; use `capture` and a chained rule'

/** A place in the text of a pattern. */
export class Cursor {
  readonly source: string
  at = 0

  constructor(source: string) {
    this.source = source
  }

  /** Passes over a character if it stands here. */
  eat(char: string): boolean {
    if (this.source[this.at] !== char) return false
    this.at++
    return true
  }

  fail(message: string, offset = this.at): never {
    throw new PatternError(message, offset)
  }
}

/** Single letters after a backslash that stand for one control byte. */
const CONTROL: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, e: 27, a: 7 }

/** `\\d`, `\\w` and their like, in and out of brackets. */
export const CLASSES: Readonly<Record<string, ByteSet>> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
  h: HORIZONTAL_SPACE,
  H: complement(HORIZONTAL_SPACE),
  v: VERTICAL_SPACE,
  V: complement(VERTICAL_SPACE),
  N: complement(NEWLINE),
}

/** The byte that an escape stands for, in and out of brackets. */
export function escapedByte(cursor: Cursor, start: number): number {
  const char = cursor.source[cursor.at++] as string
  const control = CONTROL[char]
  if (control !== undefined) return control
  if (char === 'x') return hexByte(cursor, start)
  if (char === 'c') return (cursor.source.charCodeAt(cursor.at++) & 0x5f) ^ 64
  if (char >= '0' && char <= '7') {
    const digits = /^[0-7]{1,3}/.exec(cursor.source.slice(cursor.at - 1, cursor.at + 2)) as RegExpExecArray
    if (char !== '0' && digits[0].length === 1) return cursor.fail(NO_BACKREFERENCE, start)
    cursor.at += digits[0].length - 1
    return byteInRange(cursor, parseInt(digits[0], 8), start)
  }
  if (char === '8' || char === '9') return cursor.fail(NO_BACKREFERENCE, start)
  if (/[A-Za-z]/.test(char)) return cursor.fail(`\\${char} is not an escape`, start)
  return byteInRange(cursor, char.charCodeAt(0), start)
}

function hexByte(cursor: Cursor, start: number): number {
  if (cursor.eat('{')) {
    const end = cursor.source.indexOf('}', cursor.at)
    const digits = end < 0 ? '' : cursor.source.slice(cursor.at, end)
    if (!/^[0-9A-Fa-f]{1,4}$/.test(digits)) cursor.fail('\\x{ } holds one to four hexadecimal digits', start)
    cursor.at = end + 1
    return byteInRange(cursor, parseInt(digits, 16), start)
  }
  const digits = /^[0-9A-Fa-f]{0,2}/.exec(cursor.source.slice(cursor.at, cursor.at + 2)) as RegExpExecArray
  cursor.at += digits[0].length
  return digits[0] === '' ? 0 : parseInt(digits[0], 16)
}

export function byteInRange(cursor: Cursor, byte: number, start: number): number {
  return byte <= 255 ? byte : cursor.fail('values are bytes; write characters above 255 as UTF-8', start)
}

export function bracket(cursor: Cursor, ignoreCase: boolean): ByteSet {
  const start = cursor.at - 1
  const negated = cursor.eat('^')
  const set = new Uint8Array(256)
  for (let first = true; ; first = false) {
    const char = cursor.source[cursor.at]
    if (char === undefined) cursor.fail('this bracket is not closed', start)
    if (char === ']' && !first) break
    const low = bracketItem(cursor)
    if (typeof low !== 'number') {
      for (let byte = 0; byte < 256; byte++) set[byte]! |= low[byte] as number
      continue
    }
    if (cursor.source[cursor.at] === '-' && (cursor.source[cursor.at + 1] ?? ']') !== ']') {
      cursor.at++
      const high = bracketItem(cursor)
      if (typeof high === 'number') {
        if (high < low) cursor.fail('a range whose ends are the wrong way round')
        set.fill(1, low, high + 1)
        continue
      }
      // `[a-\d]`: the dash is itself.
      set[45] = 1
      for (let byte = 0; byte < 256; byte++) set[byte]! |= high[byte] as number
    }
    set[low] = 1
  }
  cursor.at++
  const folded = ignoreCase ? foldCase(set) : set
  return negated ? complement(folded) : folded
}

function bracketItem(cursor: Cursor): number | ByteSet {
  const start = cursor.at
  const char = cursor.source[cursor.at++] as string
  if (char === '[') {
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(cursor.source.slice(start, start + 16))
    if (!posix) return 91
    const set = POSIX[posix[2] as string]
    if (!set) return cursor.fail(`[:${posix[2]}:] is not a class`, start)
    cursor.at = start + posix[0].length
    return posix[1] === '^' ? complement(set) : set
  }
  if (char !== '\\') return byteInRange(cursor, char.charCodeAt(0), start)
  const next = cursor.source[cursor.at]
  if (next === undefined) return cursor.fail('a backslash at the end', start)
  const set = CLASSES[next]
  if (set) {
    cursor.at++
    return set
  }
  if (next === 'b') {
    cursor.at++
    return 8
  }
  if (/[1-7]/.test(next)) {
    const digits = /^[0-7]{1,3}/.exec(cursor.source.slice(cursor.at, cursor.at + 3)) as RegExpExecArray
    cursor.at += digits[0].length
    return byteInRange(cursor, parseInt(digits[0], 8), start)
  }
  return escapedByte(cursor, start)
}
