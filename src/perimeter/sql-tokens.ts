/** What a piece of text would be to a SQL parser. */
export type SqlTokenKind =
  | 'number'
  | 'string'
  | 'word'
  | 'keyword'
  | 'logic'
  | 'compare'
  | 'arithmetic'
  | 'comment'
  | 'open'
  | 'close'
  | 'comma'
  | 'semicolon'
  | 'variable'
  | 'other'

/** A token; `text` is lower-cased. */
export interface SqlToken {
  readonly kind: SqlTokenKind
  readonly text: string
  /** Where it begins in the value. */
  readonly at: number
  /** A string that the value ends in the middle of. */
  readonly isOpen?: boolean
}

const LOGIC = new Set(['and', 'or', 'xor', 'not'])
const COMPARE = new Set([
  'like',
  'rlike',
  'regexp',
  'between',
  'is',
  'in',
  'ilike',
  'glob',
  'similar',
  'sounds',
  'div',
  'mod',
])
const KEYWORDS = new Set(
  (
    'select union all distinct insert into values update set delete from drop table database schema view index alter create ' +
    'truncate exec execute declare where having group order by limit offset join on as null true false case when then else end ' +
    'waitfor delay shutdown grant revoke merge call load data infile outfile dumpfile procedure analyse handler rename attach ' +
    'pragma copy begin commit rollback cast convert exists top with replace column user role function trigger'
  ).split(' '),
)

/** Splits a text as a SQL parser would, from `start`. One pass; comments with code in them (`/*!50000 ... `) count as code. */
export function tokenizeSql(text: string, start = 0): readonly SqlToken[] {
  const tokens: SqlToken[] = []
  let i = start
  const push = (kind: SqlTokenKind, from: number, to: number, isOpen = false): void => {
    const token = { kind, text: text.slice(from, to).toLowerCase(), at: from }
    tokens.push(isOpen ? { ...token, isOpen } : token)
    i = to
  }
  while (i < text.length) {
    const code = text.charCodeAt(i)
    const char = text[i] as string
    if (isBlank(code)) i++
    else if (isWordStart(code)) {
      let end = i + 1
      while (end < text.length && isWordPart(text.charCodeAt(end))) end++
      push(kindOfWord(text.slice(i, end).toLowerCase()), i, end)
    } else if (code >= 48 && code <= 57) push('number', i, endOfNumber(text, i))
    else if (char === "'" || char === '"') {
      const end = endOfString(text, i, char)
      push('string', i, Math.min(end, text.length), end > text.length)
    } else if (char === '`') {
      const end = text.indexOf('`', i + 1)
      push('word', i, end < 0 ? text.length : end + 1)
    } else if (char === '-' && text[i + 1] === '-') push('comment', i, endOfLine(text, i))
    else if (char === '#') push('comment', i, endOfLine(text, i))
    else if (char === '/' && text[i + 1] === '*') {
      if (text[i + 2] === '!') {
        i += 3
        while (i < text.length && isDigit(text.charCodeAt(i))) i++
      } else {
        const end = text.indexOf('*/', i + 2)
        push('comment', i, end < 0 ? text.length : end + 2)
      }
    } else if (char === '*' && text[i + 1] === '/') i += 2
    else if (char === '@') {
      let end = i + 1
      while (end < text.length && (isWordPart(text.charCodeAt(end)) || text[end] === '@')) end++
      push('variable', i, end)
    } else if ((char === '|' && text[i + 1] === '|') || (char === '&' && text[i + 1] === '&'))
      push('logic', i, i + 2)
    else if (char === '=' || char === '<' || char === '>' || (char === '!' && text[i + 1] === '=')) {
      let end = i + 1
      while (end < text.length && end < i + 3 && '=<>'.includes(text[end] as string)) end++
      push('compare', i, end)
    } else push(SINGLE[char] ?? 'other', i, i + 1)
  }
  return tokens
}

const SINGLE: Readonly<Record<string, SqlTokenKind>> = {
  '(': 'open',
  ')': 'close',
  ',': 'comma',
  ';': 'semicolon',
  '+': 'arithmetic',
  '-': 'arithmetic',
  '*': 'arithmetic',
  '/': 'arithmetic',
  '%': 'arithmetic',
  '^': 'arithmetic',
  '|': 'arithmetic',
  '&': 'arithmetic',
  '~': 'arithmetic',
  '!': 'arithmetic',
}

function kindOfWord(word: string): SqlTokenKind {
  if (LOGIC.has(word)) return 'logic'
  if (COMPARE.has(word)) return 'compare'
  return KEYWORDS.has(word) ? 'keyword' : 'word'
}

function endOfNumber(text: string, from: number): number {
  let end = from
  if (text[from] === '0' && (text[from + 1] === 'x' || text[from + 1] === 'X')) {
    end += 2
    while (end < text.length && /[0-9a-fA-F]/.test(text[end] as string)) end++
    return end
  }
  while (end < text.length && (isDigit(text.charCodeAt(end)) || text[end] === '.')) end++
  if (text[end] === 'e' || text[end] === 'E') {
    const sign = text[end + 1] === '-' || text[end + 1] === '+' ? 2 : 1
    if (isDigit(text.charCodeAt(end + sign))) {
      end += sign
      while (end < text.length && isDigit(text.charCodeAt(end))) end++
    }
  }
  // `5th` and `90s` are words.
  if (end < text.length && isWordPart(text.charCodeAt(end))) {
    while (end < text.length && isWordPart(text.charCodeAt(end))) end++
  }
  return end
}

/** The position after the closing quote; beyond the text's end when there is none. A doubled quote stands for one. */
function endOfString(text: string, from: number, quote: string): number {
  let i = from + 1
  while (i < text.length) {
    if (text[i] === '\\') i += 2
    else if (text[i] === quote) {
      if (text[i + 1] !== quote) return i + 1
      i += 2
    } else i++
  }
  return text.length + 1
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

function isBlank(code: number): boolean {
  return code <= 32 || code === 0xa0 || code === 127
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code > 160
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === 36
}
