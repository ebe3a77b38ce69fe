import { SQL_WORDS, type SqliType } from './sqli-words.ts'

/** What the value stands in before it begins: nothing, or a string that the application has opened. */
export type SqliQuote = '' | "'" | '"'

/** A token of the value, as one of the databases reads it. Mutable: folding writes what it has learned into the token it keeps. */
export interface SqliToken {
  type: SqliType
  /** Words in lower case, the rest as it stands; long ones are cut. */
  text: string
  readonly at: number
  end: number
  /** Of a string: the quote that opens it, or '' when the application's does. */
  open: string
  /** Of a string: the quote that closes it, or '' when the value ends first. */
  close: string
  /** Holds a comparison that folding has taken in (`1=1`, `a like b`). */
  isCompared: boolean
  /** Holds a list that folding has taken in (`1,2,3`). */
  isListed: boolean
}

/** A reading under way. */
export interface SqliReader {
  readonly value: string
  /** MySQL: `#` begins a comment, and `--` only before a blank. */
  readonly isMysql: boolean
  /** Whether a backslash hides the quote after it; the standard says no, MySQL yes. */
  readonly hasEscapes: boolean
  at: number
  /** What the other comment style would have read otherwise. */
  hasStyledComment: boolean
}

const MAX_WORD = 40
const MAX_TEXT = 8

const OPERATOR_PAIRS = new Set(
  '!= <= >= <> << >> !< !> := :: ^= += -= *= /= %= |= &= ~= ~* |/ @> <@ -> == !~ ** !!'.split(' '),
)
const SINGLES = new Map<string, SqliType>([
  ...([...'(){},;:.?'] as SqliType[]).map((sign) => [sign, sign] as const),
  [']', '?'],
])
const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' }

/** The next token from where the reader stands, which it moves behind it; undefined at the end. Every byte is passed a bounded number of times. */
export function nextToken(reader: SqliReader): SqliToken | undefined {
  const { value } = reader
  for (;;) {
    while (reader.at < value.length && isSqlBlank(value.charCodeAt(reader.at))) reader.at++
    if (reader.at >= value.length) return undefined
    const token = tokenAt(reader)
    if (token) return token
  }
}

/** Undefined when the reader has passed over what counts for nothing. */
function tokenAt(reader: SqliReader): SqliToken | undefined {
  const { value, at } = reader
  const code = value.charCodeAt(at)
  if (isWordByte(code) && !isDigit(code)) return wordAt(reader)
  if (isDigit(code)) return numberAt(reader)
  const next = value[at + 1]
  switch (value[at] as string) {
    case "'":
    case '"':
      return stringFrom(reader, at + 1, value[at] as string)
    case '`':
      return tickedName(reader)
    case '[': {
      const close = value.indexOf(']', at + 1)
      return take(reader, 'n', close < 0 ? value.length : close + 1)
    }
    case '#':
      reader.hasStyledComment = true
      return reader.isMysql ? take(reader, 'c', endOfLine(value, at)) : take(reader, 'o', at + 1)
    case '-':
      if (next === '-') return dashes(reader)
      break
    case '/':
      if (next === '*') return blockComment(reader)
      break
    case '@':
      if (next !== '>') return variableAt(reader)
      break
    case '.':
      if (isDigit(value.charCodeAt(at + 1))) return numberAt(reader)
      break
    case '\\':
      return next === 'N' ? take(reader, '1', at + 2) : take(reader, '\\', at + 1)
    case '|':
    case '&':
      if (next === value[at]) return take(reader, '&', at + 2)
      break
  }
  return signAt(reader)
}

/** The rest of a string that the application has opened with `quote`. */
export function restOfString(reader: SqliReader, quote: string): SqliToken {
  const token = stringFrom(reader, reader.at, quote)
  token.open = ''
  return token
}

function signAt(reader: SqliReader): SqliToken {
  const { value, at } = reader
  const single = SINGLES.get(value[at] as string)
  if (single && single !== ':') return take(reader, single, at + 1)
  if (value.startsWith('<=>', at)) return take(reader, 'o', at + 3)
  if (OPERATOR_PAIRS.has(value.slice(at, at + 2))) return take(reader, 'o', at + 2)
  return take(reader, single ?? 'o', at + 1)
}

function take(reader: SqliReader, type: SqliType, end: number, text?: string): SqliToken {
  const at = reader.at
  reader.at = end
  return {
    type,
    text: text ?? reader.value.slice(at, Math.min(end, at + MAX_TEXT)),
    at,
    end,
    open: '',
    close: '',
    isCompared: false,
    isListed: false,
  }
}

function stringFrom(reader: SqliReader, from: number, quote: string): SqliToken {
  const { value } = reader
  let end = from
  let close = ''
  while (end < value.length) {
    const char = value[end]
    if (char === '\\' && reader.hasEscapes) end += 2
    else if (char !== quote) end++
    else if (value[end + 1] === quote) end += 2
    else {
      close = quote
      break
    }
  }
  const token = take(reader, 's', close === '' ? value.length : end + 1, '')
  token.open = quote
  token.close = close
  return token
}

/** A string whose end is a fixed text (`q'[ ]'`, `$$ $$`). */
function stringUntil(reader: SqliReader, closing: string, from: number): SqliToken {
  const found = reader.value.indexOf(closing, from)
  const token = take(reader, 's', found < 0 ? reader.value.length : found + closing.length, '')
  token.open = closing
  if (found >= 0) token.close = closing
  return token
}

function tickedName(reader: SqliReader): SqliToken {
  const { value, at } = reader
  const close = value.indexOf('`', at + 1)
  const end = close < 0 ? value.length : close
  const text = value.slice(at + 1, Math.min(end, at + 1 + MAX_WORD)).toLowerCase()
  const type = SQL_WORDS.get(text) === 'f' ? 'f' : 'n'
  return take(reader, type, close < 0 ? end : end + 1, text)
}

function dashes(reader: SqliReader): SqliToken {
  const { value, at } = reader
  const isFollowed = at + 2 >= value.length || isSqlBlank(value.charCodeAt(at + 2))
  if (!isFollowed) {
    reader.hasStyledComment = true
    if (reader.isMysql) return take(reader, 'o', at + 1)
  }
  return take(reader, 'c', endOfLine(value, at))
}

/** A block comment; one that MySQL executes or that holds another's beginning is code in hiding. */
function blockComment(reader: SqliReader): SqliToken {
  const { value, at } = reader
  const close = value.indexOf('*/', at + 2)
  const end = close < 0 ? value.length : close + 2
  const isMariaOnly = value[at + 2] === 'M' && value[at + 3] === '!'
  if (value[at + 2] === '!' || isMariaOnly)
    return isExecuted(value, at + (isMariaOnly ? 4 : 3), end)
      ? take(reader, 'X', end)
      : take(reader, 'c', end)
  const nested = close < 0 ? -1 : value.slice(at + 2, close + 1).indexOf('/*')
  return take(reader, nested < 0 ? 'c' : '?', end, nested < 0 ? undefined : '/*/*')
}

/** Whether what follows an exclamation mark is a version or SQL; `/*! a licence` at the top of a style sheet is neither. */
function isExecuted(value: string, from: number, end: number): boolean {
  let at = from
  if (isDigit(value.charCodeAt(at))) return true
  while (at < end && isSqlBlank(value.charCodeAt(at))) at++
  let stop = at
  while (stop < end && stop < at + MAX_WORD && isWordByte(value.charCodeAt(stop))) stop++
  if (stop === at) return at < end && value[at] !== '*'
  const type = SQL_WORDS.get(value.slice(at, stop).toLowerCase())
  return type === 'E' || type === 'U' || type === '&' || type === 'T' || type === 'B' || type === 'o'
}

function variableAt(reader: SqliReader): SqliToken {
  const { value, at } = reader
  let end = at + 1
  if (value[end] === '@') end++
  const quote = value[end]
  if (quote === "'" || quote === '"' || quote === '`') {
    const close = value.indexOf(quote, end + 1)
    return take(reader, 'v', close < 0 ? value.length : close + 1)
  }
  while (end < value.length && (isWordByte(value.charCodeAt(end)) || value[end] === '.')) end++
  return take(reader, 'v', end, value.slice(at, Math.min(end, at + MAX_WORD)).toLowerCase())
}

function numberAt(reader: SqliReader): SqliToken | undefined {
  const { value, at } = reader
  const second = value[at + 1]
  if (value[at] === '0' && (second === 'x' || second === 'X' || second === 'b' || second === 'B')) {
    const isHex = second === 'x' || second === 'X'
    const end = endOf(value, at + 2, isHex ? isHexDigit : isBinaryDigit)
    // `0x` alone is a name to most databases and a number to none.
    return take(reader, end === at + 2 ? 'n' : '1', end)
  }
  let end = endOf(value, at, isDigit)
  const hasPoint = value[end] === '.'
  if (hasPoint) end = endOf(value, end + 1, isDigit)
  if (value[end] === 'e' || value[end] === 'E') {
    const sign = value[end + 1] === '-' || value[end + 1] === '+' ? 2 : 1
    const after = endOf(value, end + sign, isDigit)
    if (after > end + sign) end = after
    else if (hasPoint && isIgnoredExponent(value, end + 1)) {
      reader.at = end + 1
      return undefined
    }
  }
  return take(reader, '1', end)
}

/** MySQL passes over `1.e` before a bracket, a comma, a point or a name. */
function isIgnoredExponent(value: string, after: number): boolean {
  const char = value[after]
  return char === '(' || char === ')' || char === ',' || char === '.' || char === '`'
}

function wordAt(reader: SqliReader): SqliToken {
  const { value, at } = reader
  const prefixed = prefixedString(reader)
  if (prefixed) return prefixed
  let end = at
  let whole = at
  while (end < value.length) {
    const code = value.charCodeAt(end)
    if (isWordByte(code)) end++
    else if (code === 46 /* . */ || code === 96 /* ` */) {
      // `union.1` and select`a` are two tokens, `users.name` is one.
      if (whole === at && end - at <= MAX_WORD) {
        const type = SQL_WORDS.get(value.slice(at, end).toLowerCase())
        if (type === 'E' || type === 'U' || type === '&' || type === 'o' || type === 'T' || code === 96) break
      }
      if (code === 96) break
      whole = end
      end++
    } else break
  }
  if (end - at > MAX_WORD) return take(reader, 'n', end, '')
  const text = value.slice(at, end).toLowerCase()
  return take(reader, SQL_WORDS.get(text) ?? 'n', end, text)
}

/** Strings with a letter before the quote: `b'01'`, `x'ff'`, `n''`, `e''`, `u&''`, Oracle's `q'[]'`, and PostgreSQL's `$$ $$`. */
function prefixedString(reader: SqliReader): SqliToken | undefined {
  const { value, at } = reader
  const first = value.charCodeAt(at) | 32
  const next = value[at + 1]
  if (value[at] === '$') return moneyOrDollars(reader)
  if (next === "'") {
    // b, e, n, x
    if (first === 98 || first === 101 || first === 110 || first === 120) {
      const token = stringFrom(reader, at + 2, "'")
      if ((first === 98 || first === 120) && token.close !== '') token.type = '1'
      return token
    }
    if (first === 113) return oracleString(reader, at + 2)
  } else if (first === 110 && next !== undefined && (next === 'q' || next === 'Q') && value[at + 2] === "'") {
    return oracleString(reader, at + 3)
  } else if (first === 117 && next === '&' && (value[at + 2] === "'" || value[at + 2] === '"')) {
    return stringFrom(reader, at + 3, value[at + 2] as string)
  }
  return undefined
}

function oracleString(reader: SqliReader, from: number): SqliToken | undefined {
  const opening = reader.value[from]
  if (opening === undefined || opening.charCodeAt(0) <= 32) return undefined
  return stringUntil(reader, `${CLOSERS[opening] ?? opening}'`, from + 1)
}

function moneyOrDollars(reader: SqliReader): SqliToken | undefined {
  const { value, at } = reader
  let end = at + 1
  while (
    end < value.length &&
    end < at + MAX_WORD &&
    isWordByte(value.charCodeAt(end)) &&
    value[end] !== '$'
  ) {
    end++
  }
  if (value[end] === '$' && !isDigit(value.charCodeAt(at + 1))) {
    return stringUntil(reader, value.slice(at, end + 1), end + 1)
  }
  let digits = at + 1
  while (isDigit(value.charCodeAt(digits)) || value[digits] === '.' || value[digits] === ',') digits++
  return digits > at + 1 ? take(reader, '1', digits) : undefined
}

function endOfLine(value: string, from: number): number {
  const end = value.indexOf('\n', from)
  return end < 0 ? value.length : end
}

function endOf(value: string, from: number, isPart: (code: number) => boolean): number {
  let end = from
  while (isPart(value.charCodeAt(end))) end++
  return end
}

function isBinaryDigit(code: number): boolean {
  return code === 48 || code === 49
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 102)
}

/** What one of the databases takes for a blank: controls, space, and Oracle's and MySQL's no-break space. */
export function isSqlBlank(code: number): boolean {
  return code <= 32 || code === 127 || code === 0xa0
}

/** Letters, digits, `_`, `$` and the bytes above ASCII. */
export function isWordByte(code: number): boolean {
  return (
    ((code | 32) >= 97 && (code | 32) <= 122) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 36 ||
    (code >= 128 && code !== 0xa0)
  )
}
