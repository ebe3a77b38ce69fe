import { Unreadable } from './syntax.ts'

/** `end` is the end of the text; punctuation is its own text. */
export type TokenKind = 'name' | 'number' | 'string' | 'punctuation' | 'end'

/** One word, number, string or piece of punctuation, and where it stands. */
export interface Token {
  readonly kind: TokenKind
  /** As written; a string with its quotes. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A `//` comment and where it stands; the formatter puts it back. */
export interface Comment {
  readonly text: string
  readonly start: number
}

/** A text in tokens, and its comments apart. */
export interface Lexed {
  readonly tokens: readonly Token[]
  readonly comments: readonly Comment[]
}

const PAIRS = new Set(['::', '==', '!=', '<=', '>=', '&&', '||'])
const SINGLES = '(){}[],;.@?:<>!+-*/%=&|'

/** Policies longer than this are refused unread. */
export const MAX_TEXT = 16 * 1024 * 1024

/** Cuts policy or schema text into tokens, in one pass over its characters. */
export function lex(text: string): Lexed {
  if (text.length > MAX_TEXT) throw new Unreadable(`the text is longer than ${MAX_TEXT} characters`, 0)
  const tokens: Token[] = []
  const comments: Comment[] = []
  let at = 0
  const take = (kind: TokenKind, end: number): void => {
    tokens.push({ kind, text: text.slice(at, end), start: at, end })
    at = end
  }
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isSpace(code)) at++
    else if (isNameStart(code)) take('name', nameEnd(text, at))
    else if (isDigit(code)) take('number', numberEnd(text, at))
    else if (code === 0x22) take('string', stringEnd(text, at))
    else if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) {
      const end = lineEnd(text, at)
      comments.push({ text: text.slice(at, end).trimEnd(), start: at })
      at = end
    } else if (PAIRS.has(text.slice(at, at + 2))) take('punctuation', at + 2)
    else if (SINGLES.includes(text.charAt(at))) take('punctuation', at + 1)
    else {
      const character = String.fromCodePoint(text.codePointAt(at) as number)
      throw new Unreadable(`unexpected character ${JSON.stringify(character)}`, at)
    }
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length })
  return { tokens, comments }
}

/** Whether the whole text is one name: a letter or `_`, then letters, digits and `_`. */
export function isName(text: string): boolean {
  return text.length > 0 && isNameStart(text.charCodeAt(0)) && nameEnd(text, 0) === text.length
}

function nameEnd(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && (isNameStart(text.charCodeAt(end)) || isDigit(text.charCodeAt(end)))) end++
  return end
}

function numberEnd(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && isDigit(text.charCodeAt(end))) end++
  return end
}

function lineEnd(text: string, start: number): number {
  let end = start
  while (end < text.length && text.charCodeAt(end) !== 10 && text.charCodeAt(end) !== 13) end++
  return end
}

function stringEnd(text: string, start: number): number {
  for (let end = start + 1; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === 0x22) return end + 1
    if (code === 0x5c) end++
  }
  throw new Unreadable('this string has no closing quote', start)
}

function isNameStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** The Unicode property White_Space, as the reference lexer has it. */
function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 9 && code <= 13)
  if (code < 0x1680) return code === 0x85 || code === 0xa0
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}
