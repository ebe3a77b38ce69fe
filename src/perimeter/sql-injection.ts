import { isQuery, isStatement } from './sql-statement.ts'
import { type SqlToken, tokenizeSql } from './sql-tokens.ts'

/** Functions that wait, read, call out, or pack a whole table into one value. */
const DANGEROUS_FUNCTIONS = new Set(
  (
    'sleep benchmark pg_sleep pg_sleep_for randomblob load_file extractvalue updatexml xp_cmdshell xp_dirtree sp_executesql ' +
    'group_concat string_agg dbms_pipe utl_http utl_inaddr dblink pg_read_file lo_import load_extension get_lock exp ' +
    'name_const json_extract_path database version user current_user system_user session_user schema char chr ascii substring substr mid ord concat concat_ws unhex'
  ).split(' '),
)
/** Those that a program text could not hold by chance: they count wherever they are called. */
const ALWAYS_DANGEROUS = new Set(
  'benchmark pg_sleep pg_sleep_for randomblob load_file extractvalue updatexml xp_cmdshell xp_dirtree sp_executesql utl_http utl_inaddr pg_read_file lo_import load_extension'.split(
    ' ',
  ),
)
const CATALOGUES = new Set(
  'information_schema sqlite_master sqlite_schema pg_catalog pg_shadow pg_user sysobjects syscolumns all_tables user_tables mysql'.split(
    ' ',
  ),
)

/**
 * Finds SQL injection: the value is read as SQL would read it in each of three places - as a number or expression, inside
 * single quotes, inside double quotes - and what follows the value's own part is held against the shapes that change a
 * statement. The idea is libinjection's (tokens in contexts); the shapes are written here. Linear in the value's length.
 * Gives the name of the shape, or undefined.
 */
export function findSqlInjection(value: string): { readonly rule: string; readonly at: number } | undefined {
  if (!mayHoldSql(value)) return undefined
  const bare = tokenizeSql(value)
  const anywhere = findAnywhere(bare) ?? findExpression(bare)
  if (anywhere) return anywhere
  for (const at of closingQuotes(value)) {
    const after = tokenizeSql(value, at + 1)
    const found = findAnywhere(after) ?? (isMeasure(value, at) ? undefined : findAfterQuote(after))
    if (found) return found
  }
  return undefined
}

/** A first look that spares most values the rest: SQL needs a blank, a quote, a bracket or an operator somewhere. */
function mayHoldSql(value: string): boolean {
  if (value.length < 3) return false
  let hasMark = false
  let blanks = 0
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code <= 32) blanks++
    else if (
      code === 39 ||
      code === 34 ||
      code === 40 ||
      code === 59 ||
      code === 61 ||
      code === 60 ||
      code === 62 ||
      code === 47 ||
      code === 35 ||
      code === 124 ||
      code === 64
    )
      hasMark = true
  }
  return hasMark || blanks >= 2
}

/**
 * Where the string that the value stands in could end: the first quote of either kind that is not doubled, for databases to
 * which a backslash means something and for those to which it does not.
 */
function closingQuotes(value: string): ReadonlySet<number> {
  const places = new Set<number>()
  for (const quote of ["'", '"']) {
    for (const escapes of [true, false]) {
      const at = closingQuote(value, quote, escapes)
      if (at >= 0) places.add(at)
    }
  }
  return places
}

function closingQuote(value: string, quote: string, escapes: boolean): number {
  for (let i = 0; i < value.length; i++) {
    if (escapes && value[i] === '\\') i++
    else if (value[i] === quote) {
      if (value[i + 1] !== quote || i === 0) return i
      i++
    }
  }
  return -1
}

/** `0.5' = 30"`: minutes and seconds, feet and inches. */
function isMeasure(value: string, quote: number): boolean {
  const code = value.charCodeAt(quote - 1)
  return code >= 48 && code <= 57 && /^['"]\s*=\s*\d[\d.,]*\s*['"]/.test(value.slice(quote, quote + 24))
}

type Found = { readonly rule: string; readonly at: number } | undefined
const found = (rule: string, token: SqlToken): Found => ({ rule: `sql.${rule}`, at: token.at })

/** Shapes that change a statement wherever they stand. */
function findAnywhere(all: readonly SqlToken[]): Found {
  const tokens = all.filter((token) => token.kind !== 'comment')
  const isAboutQueries = tokens.some((token) => token.text === 'select' || token.text === 'from')
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1]
    if (token.text === 'union' && isUnionSelect(tokens, i + 1)) return found('union-select', token)
    if (token.kind === 'semicolon' && next && isStatement(tokens, i + 1))
      return found('stacked-statement', next)
    if (token.kind === 'open' && next?.text === 'select' && isQuery(tokens, i + 2))
      return found('sub-select', token)
    if (token.text === 'into' && (next?.text === 'outfile' || next?.text === 'dumpfile'))
      return found('write-file', token)
    if (token.text === 'waitfor' && next?.text === 'delay') return found('delay', token)
    if (token.text === 'procedure' && next?.text === 'analyse') return found('procedure', token)
    if (
      token.kind === 'word' &&
      next?.kind === 'open' &&
      ALWAYS_DANGEROUS.has(token.text) &&
      tokens[i - 1]?.text !== '.'
    ) {
      return found('dangerous-function', token)
    }
    if (isAboutQueries && CATALOGUES.has(token.text) && next?.text === '.') {
      return found('catalogue', token)
    }
    if (token.text === 'from' && next && CATALOGUES.has(next.text) && next.text !== 'mysql')
      return found('catalogue', next)
    if (token.kind === 'variable' && /^@@[a-z_]/.test(token.text) && tokens.length > 1)
      return found('server-variable', token)
  }
  return findWholeQuery(tokens)
}

const SENSITIVE_TABLES =
  /^(?:.*_)?(?:users?|accounts?|members?|admins?|customers?|passwords?|credentials?|logins?|credit_?cards?|cards?|tokens?|secrets?|sessions?|employees?|dual)$/

/** A value that is a query by itself: it begins with SELECT, and reads what no visitor should. */
function findWholeQuery(tokens: readonly SqlToken[]): Found {
  const [first, second] = tokens
  if (first?.text !== 'select' || !second) return undefined
  const from = tokens.findIndex((token) => token.text === 'from')
  if (from < 2) return undefined
  // Code in a forum selects from tables of every kind; what attackers want has few names.
  return SENSITIVE_TABLES.test(tokens[from + 1]?.text ?? '') ? found('query', first) : undefined
}

function isUnionSelect(tokens: readonly SqlToken[], from: number): boolean {
  let i = from
  while (tokens[i]?.text === 'all' || tokens[i]?.text === 'distinct' || tokens[i]?.kind === 'open') i++
  return tokens[i]?.text === 'select' && isQuery(tokens, i + 1)
}

/** Inside no quotes: `1 OR 1=1`, `1) AND SLEEP(5)`, `1 ORDER BY 7`. The value begins with an operand of its own. */
function findExpression(all: readonly SqlToken[]): Found {
  let i = 0
  while (all[i] && (all[i]?.kind === 'arithmetic' || all[i]?.kind === 'open')) i++
  const first = all[i]
  if (!first) return undefined
  const call =
    isCall(all, i) && DANGEROUS_FUNCTIONS.has(first.text) && /^(?:sleep|get_lock|exp)$/.test(first.text)
  if (call && closesAtEnd(all, i + 1)) return found('dangerous-function', first)
  if (first.kind !== 'number' && first.kind !== 'word' && first.kind !== 'string' && first.text !== 'null')
    return undefined
  i++
  while (all[i]?.kind === 'comment') i++
  while (all[i]?.kind === 'close') i++
  while (all[i]?.kind === 'comment') i++
  const isNumeric = first.kind === 'number'
  return findContinuation(all, i, isNumeric ? 'number' : 'word')
}

/** After the quote that ends the string which the value stands in. */
function findAfterQuote(all: readonly SqlToken[]): Found {
  let i = 0
  while (all[i]?.kind === 'close') i++
  const first = all[i]
  if (!first) return undefined
  if (
    first.kind === 'comment' &&
    // `'#top` and `"#{name}` are anchors and templates, not comments.
    (first.text.startsWith('--') || /^#(?![\w{])/.test(first.text) || all[i + 1] === undefined) &&
    !/^#[\w{]/.test(first.text)
  ) {
    return found('comment-after-quote', first)
  }
  while (all[i]?.kind === 'comment') i++
  return findContinuation(all, i, 'quote')
}

type Place = 'number' | 'word' | 'quote'

/** What would go on with the statement after the value's own operand. */
function findContinuation(all: readonly SqlToken[], at: number, place: Place): Found {
  const tokens = all.slice(at).filter((token, i, rest) => token.kind !== 'comment' || i === rest.length - 1)
  const [first, second, third] = tokens
  if (!first) return undefined
  if (first.kind === 'logic' && second) return findCondition(tokens, place)
  if (
    place !== 'word' &&
    first.kind === 'keyword' &&
    (first.text === 'order' || first.text === 'group') &&
    second?.text === 'by'
  ) {
    const end = tokens[3]
    if (third?.kind === 'number' && (!end || end.kind === 'comment' || end.kind === 'comma'))
      return found('order-by', first)
  }
  if (
    first.text === 'having' &&
    tokens.slice(1, 5).some((token) => token.kind === 'compare' && /^[=<>]/.test(token.text))
  ) {
    return place === 'word' ? undefined : found('having', first)
  }
  if (place === 'quote' && second) return findOperatorAfterQuote(tokens)
  return undefined
}

/** `'='`, `' LIKE '%`, `'-'`, `'+(select`, `' IN (1`: an operator right after the quote, and an operand of the same kind. */
function findOperatorAfterQuote(tokens: readonly SqlToken[]): Found {
  const [first, second, third] = tokens as readonly [SqlToken, SqlToken, SqlToken | undefined]
  if (first.kind === 'compare') {
    const operand = second.text === 'not' ? third : second
    if (operand?.kind === 'string' || operand?.text === 'null') return found('comparison-after-quote', first)
    if (first.text === 'in' && operand?.kind === 'open') return found('comparison-after-quote', first)
    if (/^[=<>]/.test(first.text) && (operand?.kind === 'number' || (operand && isCall(tokens, 1))))
      return found('comparison-after-quote', first)
    if (first.text === 'between' && tokens.some((token) => token.text === 'and'))
      return found('comparison-after-quote', first)
  }
  if (
    first.kind === 'arithmetic' &&
    first.text !== '/' &&
    (second.kind === 'string' || isCall(tokens, 1) || (second.kind === 'open' && third?.text === 'select'))
  ) {
    return found('operator-after-quote', first)
  }
  return undefined
}

/** AND or OR, and what follows is a condition and not the rest of a sentence. */
function findCondition(tokens: readonly SqlToken[], place: Place): Found {
  const first = tokens[0] as SqlToken
  let i = 1
  while (
    tokens[i] &&
    (tokens[i]?.kind === 'open' || tokens[i]?.text === 'not' || tokens[i]?.kind === 'arithmetic')
  )
    i++
  const left = tokens[i]
  if (!left) return undefined
  if (left.text === 'exists' || left.text === 'case' || left.text === 'select')
    return found('condition', first)
  if (left.text === 'true' || left.text === 'false' || left.text === 'null')
    return place === 'word' ? undefined : found('condition', first)
  if (isCall(tokens, i) && DANGEROUS_FUNCTIONS.has(left.text)) return found('condition', first)
  const operator = tokens[i + 1]
  const isOperand = left.kind === 'number' || left.kind === 'string'
  if (operator?.kind === 'comment' || operator?.kind === 'semicolon') {
    return isOperand && place !== 'word' ? found('condition-and-comment', first) : undefined
  }
  // `' OR '1` leaves the string open for the statement's own quote to close.
  if (place === 'quote' && left.kind === 'string' && left.isOpen === true && /^['"]\d*$/.test(left.text))
    return found('condition', first)
  if (operator?.kind !== 'compare') {
    const isPiped =
      (first.text === '||' || first.text === '&&') && place === 'quote' && (isOperand || isCall(tokens, i))
    return isPiped ? found('condition', first) : undefined
  }
  const right = tokens[i + 2]?.text === 'not' ? tokens[i + 3] : tokens[i + 2]
  if (!right) return place === 'quote' && isOperand ? found('tautology', first) : undefined
  const isRightOperand =
    right.kind === 'number' || right.kind === 'string' || right.text === 'null' || right.kind === 'variable'
  if (isOperand && (isRightOperand || right.kind === 'arithmetic' || right.kind === 'open'))
    return found('tautology', first)
  if (left.kind === 'word' || left.kind === 'variable' || left.kind === 'keyword') {
    if (left.text === right.text) return found('tautology', first)
    if (place !== 'word' && (isRightOperand || right.kind === 'open')) return found('condition', first)
  }
  return undefined
}

function isCall(tokens: readonly SqlToken[], at: number): boolean {
  const token = tokens[at]
  return (token?.kind === 'word' || token?.kind === 'keyword') && tokens[at + 1]?.kind === 'open'
}

/** Whether the bracket that opens here is the last thing of the value. */
function closesAtEnd(tokens: readonly SqlToken[], at: number): boolean {
  let depth = 0
  for (let i = at; i < tokens.length; i++) {
    if (tokens[i]?.kind === 'open') depth++
    if (tokens[i]?.kind === 'close' && --depth === 0)
      return tokens.slice(i + 1).every((token) => token.kind === 'comment' || token.kind === 'close')
  }
  return true
}
