import {
  isWordByte,
  nextToken,
  restOfString,
  type SqliQuote,
  type SqliReader,
  type SqliToken,
} from './sqli-tokens.ts'
import { PHRASE_STARTS, SQL_PHRASES, type SqliType } from './sqli-words.ts'

/** What is left of a value after folding. */
export interface SqliReading {
  /** Up to eight tokens: the five of the fingerprint and what comes after them. */
  readonly tokens: readonly SqliToken[]
  /** The types of these tokens. */
  readonly types: string
  readonly quote: SqliQuote
  readonly value: string
  /** A closing bracket at the beginning has been left out (`s)&1` as `s&1`). */
  readonly isBracketed: boolean
  /** A block comment that holds another's beginning came by. */
  readonly hasNestedComment: boolean
  /** A block comment stands between tokens, where a blank would do. */
  readonly hasInnerComment: boolean
  /** The other comment style would have read it otherwise. */
  readonly hasStyledComment: boolean
}

const MAX_HELD = 8

const UNARY = new Set(['+', '-', '!', '~', '!!', 'not'])
const ARITHMETIC = new Set(['+', '-', '*', '/', '%'])
/** Operators that prose, dates, paths and names are full of too. */
const WEAK = new Set('+ - * / % . : # $ ? is not of contains starting member in'.split(' '))
const POSTFIX = new Set(['isnull', 'notnull'])
const CALLED_NAMES = new Set([
  'current_user',
  'current_date',
  'current_time',
  'current_timestamp',
  'localtime',
])

/** Reads a value in one context and folds what means the same into one token, as a reduction of the last tokens at each step. */
export function foldSqli(
  value: string,
  quote: SqliQuote,
  { isMysql, hasEscapes }: { readonly isMysql: boolean; readonly hasEscapes: boolean },
): SqliReading {
  const reader: SqliReader = { value, isMysql, hasEscapes, at: 0, hasStyledComment: false }
  const held: SqliToken[] = []
  let comment: SqliToken | undefined
  let hasNestedComment = false
  let hasInnerComment = false
  if (quote !== '') held.push(restOfString(reader, quote))
  while (held.length < MAX_HELD) {
    const token = nextToken(reader)
    if (!token) break
    if (token.type === '?' && token.text === '/*/*') hasNestedComment = true
    else if (token.type === 'c') comment = token
    else {
      hasInnerComment ||= comment !== undefined && value[comment.at] === '/'
      comment = undefined
      if (held.length > 0 || !isNothingAtStart(token)) push(held, token)
      if (held.length > 1 && isText(held, quote)) break
    }
  }
  settle(held, undefined)
  if (comment && held.length < MAX_HELD) held.push(comment)
  let types = ''
  for (const token of held) types += token.type
  const { hasStyledComment } = reader
  return {
    tokens: held,
    types,
    quote,
    value,
    isBracketed: false,
    hasNestedComment,
    hasInnerComment,
    hasStyledComment,
  }
}

/**
 * No statement goes on like this: two operands side by side, or a beginning that only text and data have. Folding cannot change it any
 * more, so that most values are decided by their first words.
 */
function isText(held: readonly SqliToken[], quote: SqliQuote): boolean {
  const first = quote === '' ? 0 : 1
  if (first === 0 && '{k:.,?'.includes((held[0] as SqliToken).type)) return true
  return held.length > first + 2 && isOperand(held[first]) && isOperand(held[first + 1])
}

function isOperand(token: SqliToken | undefined): boolean {
  return (
    token !== undefined &&
    (token.type === 'n' || token.type === '1' || token.type === 'v' || token.type === 's')
  )
}

/** An opening bracket, a sign or a type before everything else changes nothing. */
function isNothingAtStart(token: SqliToken): boolean {
  return token.type === '(' || token.type === 't' || isUnary(token)
}

function push(held: SqliToken[], token: SqliToken): void {
  settle(held, token)
  held.push(token)
  fold(held)
  // What stood before everything else may have gone.
  if (held.length === 1 && isNothingAtStart(held[0] as SqliToken)) held.pop()
}

function fold(held: SqliToken[]): void {
  while (held.length > 1 && (foldPair(held) || foldTriple(held)));
}

/** Decides what the last token is now that its neighbour is known: a function is one only before a bracket. */
function settle(held: SqliToken[], next: SqliToken | undefined): void {
  const last = held.at(-1)
  if (!last || (last.type !== 'f' && last.type !== 'v' && last.type !== 'k')) return
  if (next && phraseOf(last, next)) return
  const isCalled = next?.type === '('
  if (last.type === 'f' && !isCalled) last.type = 'n'
  else if (last.type === 'v' && isCalled && CALLED_NAMES.has(last.text)) last.type = 'f'
  else if (last.type === 'k' && (last.text === 'in' || last.text === 'not in'))
    last.type = isCalled ? 'o' : 'n'
  else return
  fold(held)
}

/** Folds the last two tokens; says whether anything changed. */
function foldPair(held: SqliToken[]): boolean {
  const last = held.length - 1
  const a = held[last - 1] as SqliToken
  const b = held[last] as SqliToken
  if (mergePhrase(held, a, b)) return true
  if (b.type === 'o' && POSTFIX.has(b.text) && '1nvs)'.includes(a.type)) {
    a.isCompared = true
    return dropLast(held, 1)
  }
  switch (a.type as string) {
    case 's':
      if (b.type !== 's') return false
      a.close = b.close
      return dropLast(held, 1)
    case ';':
      if (b.type === 'f' && b.text === 'if') {
        b.type = 'T'
        return true
      }
      return b.type === ';' && dropLast(held, 1)
    case '(':
      return (b.type === '(' || isUnary(b)) && dropLast(held, 1)
    case ')':
      return b.type === ')' && dropLast(held, 1)
    case 'o':
    case '&':
      return (b.type === 't' || isUnary(b)) && dropLast(held, 1)
    case 'E':
    case 'B':
    case 'k':
    case ',':
      return isUnary(b) && dropLast(held, 1)
    case 't':
      return 'n1t(fvs'.includes(b.type) && dropAt(held, last - 1)
    case 'A':
      return (b.type === 'n' || b.type === 's' || b.type === 't') && dropLast(held, 2)
    case '\\':
      if (b.type === 'o' && ARITHMETIC.has(b.text)) {
        a.type = '1'
        return true
      }
      return dropAt(held, last - 1)
    case 'n':
      if (b.type === 'n' && b.text[0] === '[' && a.end === b.at) return dropLast(held, 1)
      break
    case '{':
      return b.type === 'n' && dropLast(held, 2)
  }
  return b.type === '}' && dropLast(held, 1)
}

/** Folds the last three tokens; says whether anything changed. */
function foldTriple(held: SqliToken[]): boolean {
  if (held.length < 3) return false
  const last = held.length - 1
  const a = held[last - 2] as SqliToken
  const b = held[last - 1] as SqliToken
  const c = held[last] as SqliToken
  const isPlain = a.type === '1' || a.type === 'n' || a.type === 'v'
  switch (b.type as string) {
    case 'o':
      if (b.text === '::' && (c.type === 't' || c.type === 'n')) {
        return (isPlain || a.type === 's') && dropLast(held, 2)
      }
      if (!isPlain || (c.type !== '1' && c.type !== 'n' && c.type !== 'v')) return false
      // Prose knows `something like that` too.
      a.isCompared ||=
        c.isCompared || c.text === 'null' || (isStrongOperator(b) && (c.type === '1' || !isWord(b)))
      return dropLast(held, 2)
    case ',':
      if (!(isPlain || a.type === 's') || !'1nvs'.includes(c.type)) return false
      a.isListed = true
      return dropLast(held, 2)
    case '.':
      if (a.type === 'E') return dropAt(held, last - 1)
      return isPlain && c.type === 'n' && dropLast(held, 2)
  }
  if (a.type === '(' && c.type === ')' && '1nsv'.includes(b.type)) {
    const before = held[last - 3]?.type
    return (before === 'o' || before === '&') && dropAt(held, last - 2) && dropLast(held, 1)
  }
  if (a.type !== '&' || c.type !== '&') return false
  a.isCompared ||= b.isCompared
  return dropLast(held, 2)
}

function mergePhrase(held: SqliToken[], a: SqliToken, b: SqliToken): boolean {
  const type = phraseOf(a, b)
  if (!type) return false
  a.type = type
  a.text = `${a.text} ${b.text}`
  a.end = b.end
  return dropLast(held, 1)
}

function phraseOf(a: SqliToken, b: SqliToken): SqliType | undefined {
  if (!PHRASE_STARTS.has(a.text) || !isWord(b)) return undefined
  return SQL_PHRASES.get(`${a.text} ${b.text}`)
}

function isWord(token: SqliToken): boolean {
  return isWordByte(token.text.charCodeAt(0))
}

/** Whether an operator compares, so that it says more than a dash or a slash in prose does. */
export function isStrongOperator(token: SqliToken): boolean {
  return !WEAK.has(token.text)
}

function isUnary(token: SqliToken): boolean {
  return token.type === 'o' && UNARY.has(token.text)
}

function dropLast(held: SqliToken[], count: number): true {
  held.length -= count
  return true
}

function dropAt(held: SqliToken[], index: number): true {
  held.splice(index, 1)
  return true
}
