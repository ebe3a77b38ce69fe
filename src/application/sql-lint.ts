import {
  type Bound,
  closing,
  isFunction,
  isHarmless,
  judgeExpression,
  MAX_EXPRESSION,
  MAX_TEXT,
  splitTop,
} from './sql-lint-expression.ts'
import { type SourceToken, tokenizeSource } from './sql-lint-tokens.ts'

/** A place where a statement is put together of texts that nobody quoted. */
export interface SqlFinding {
  readonly line: number
  readonly column: number
  /** The function that gets the statement. */
  readonly sink: string
  readonly message: string
}

/** Functions that run a statement; they count where the text looks like SQL. */
const RUNNERS = new Set(
  'query execute exec prepare run all get each iterate one none any many oneOrNone manyOrNone multi result raw unsafe literal queryRaw rawQuery executeSql where andWhere orWhere having'.split(
    ' ',
  ),
)

/** Functions that take nothing but SQL, as it is. */
const RAW = new Set(
  '$queryRawUnsafe $executeRawUnsafe whereRaw andWhereRaw orWhereRaw havingRaw orderByRaw groupByRaw joinRaw fromRaw selectRaw'.split(
    ' ',
  ),
)

/** Objects whose `raw`, `unsafe` and `literal` take nothing but SQL. */
const RAW_OWNERS = /^(sql|knex|prisma|sequelize|trx|db|postgres)$/i

const MAX_SOURCE = 4 * 1024 * 1024
const ALLOW = /ringwall-allow-sql: *\S/

/**
 * Finds SQL that is put together of text and values (the guide's `get_user_vulnerable`, CWE-89) in TypeScript and JavaScript: templates
 * with holes, `+`, `concat`, `join` and `format` that reach a function which runs them, in the call or by a name of the same
 * file. Constants, numbers, lists of placeholders, quoting functions and tagged templates are no findings; nor is a line with
 * `// ringwall-allow-sql: reason` on it or above it. It reads one file and knows no types: it finds what people write, and proves nothing.
 */
export function lintSql(source: string): readonly SqlFinding[] {
  if (source.length > MAX_SOURCE) return []
  const { tokens, comments } = tokenizeSource(source)
  const findings: SqlFinding[] = []
  walk(tokens, new Map(), (call) => {
    const isAllowed = [call.line, call.line - 1].some((line) => ALLOW.test(comments.get(line) ?? ''))
    if (isAllowed) return
    const column = call.start - source.lastIndexOf('\n', call.start - 1)
    findings.push({
      line: call.line,
      column,
      sink: call.sink,
      message: `\`${call.dynamic.text.slice(0, 40)}\` becomes part of the text of SQL; pass it as a parameter`,
    })
  })
  return findings
}

interface Call {
  readonly line: number
  readonly start: number
  readonly sink: string
  readonly dynamic: SourceToken
}

/** Goes through the tokens in order: bindings are remembered, calls are judged with what is known at their place. */
function walk(tokens: readonly SourceToken[], names: Map<string, Bound>, report: (call: Call) => void): void {
  for (const [i, token] of tokens.entries()) {
    for (const hole of token.holes ?? []) walk(hole, names, report)
    if (token.kind !== 'word') continue
    bind(tokens, i, names)
    const sink = sinkAt(tokens, i)
    if (!sink) continue
    const argument = splitTop(tokens.slice(sink.open + 1, closing(tokens, sink.open)))[0] ?? []
    if (isFunction(argument)) continue
    const { text, dynamic } = judgeExpression(argument, names)
    if (dynamic && (sink.isRaw || looksLikeSql(text) || (sink.isCondition && looksLikeCondition(text))))
      report({ line: token.line, start: token.start, sink: token.text, dynamic })
  }
}

/** `const name = ...`, `name = ...` and `name += ...`. */
function bind(tokens: readonly SourceToken[], i: number, names: Map<string, Bound>): void {
  const before = tokens[i - 1]?.text ?? ''
  const name = (tokens[i] as SourceToken).text
  if (before === '.' || before === '?.') return
  const isDeclared = /^(const|let|var)$/.test(before)
  const at = isDeclared ? assignmentAfter(tokens, i) : i + 1
  const operator = tokens[at]?.text
  if (operator !== '=' && operator !== '+=') return
  const expression = expressionFrom(tokens, at + 1)
  if (isFunction(expression)) {
    names.delete(name)
    return
  }
  const { text, dynamic } = judgeExpression(expression, names)
  const isLiteral = isHarmless(expression, names)
  const known = operator === '=' ? undefined : names.get(name)
  names.set(name, {
    text: known ? `${known.text.slice(0, MAX_TEXT)} ${text}` : text,
    // What is put behind SQL that is there already is part of it, whatever it is.
    dynamic: known ? (known.dynamic ?? (isLiteral ? undefined : (dynamic ?? expression[0]))) : dynamic,
    isLiteral: isLiteral && (operator === '=' || known?.isLiteral === true),
  })
}

/** Passes over the type of a declaration. */
function assignmentAfter(tokens: readonly SourceToken[], i: number): number {
  if (tokens[i + 1]?.text !== ':') return i + 1
  for (let at = i + 2; at < Math.min(tokens.length, i + 30); at++) if (tokens[at]?.text === '=') return at
  return i + 1
}

const CONTINUES = new Set(['.', '?.', '+', '?', ':', '&&', '||', '??', ')', ']', '}', ','])
const WANTS_MORE = new Set(['+', '=', '?', ':', '&&', '||', '??', '.', '?.', '(', '[', '{', ',', '=>', '+='])

/** The tokens of an expression, to its semicolon, comma, closing bracket or the line break that ends it. */
function expressionFrom(tokens: readonly SourceToken[], from: number): readonly SourceToken[] {
  let depth = 0
  let end = from
  for (; end < Math.min(tokens.length, from + MAX_EXPRESSION); end++) {
    const token = tokens[end] as SourceToken
    const before = tokens[end - 1] as SourceToken
    const isPunctuation = token.kind === 'punctuation'
    if (depth === 0 && end > from && token.line > lineAfter(before)) {
      const goesOn =
        (isPunctuation && CONTINUES.has(token.text)) ||
        (before.kind === 'punctuation' && WANTS_MORE.has(before.text))
      if (!goesOn) break
    }
    if (!isPunctuation) continue
    if (depth === 0 && (token.text === ';' || token.text === ',')) break
    if ('([{'.includes(token.text)) depth++
    if (')]}'.includes(token.text) && --depth < 0) break
  }
  return tokens.slice(from, end)
}

function lineAfter(token: SourceToken): number {
  const inHoles = (token.holes ?? []).flat().reduce((most, one) => Math.max(most, one.line), token.line)
  return Math.max(inHoles, token.line + (token.text.match(/\n/g)?.length ?? 0))
}

interface Sink {
  readonly open: number
  readonly isRaw: boolean
  readonly isCondition: boolean
}

/** A call of a function that runs SQL: `x.query(`, `query(`, `x.query<Row>(`. */
function sinkAt(tokens: readonly SourceToken[], i: number): Sink | undefined {
  const { text } = tokens[i] as SourceToken
  if (!RUNNERS.has(text) && !RAW.has(text)) return undefined
  if (tokens[i - 1]?.text === 'function') return undefined
  const open = openingAfter(tokens, i + 1)
  if (open < 0) return undefined
  const owner = tokens[i - 1]?.text === '.' ? (tokens[i - 2]?.text ?? '') : ''
  const isRaw = RAW.has(text) || (/^(raw|unsafe|literal)$/.test(text) && RAW_OWNERS.test(owner))
  return { open, isRaw, isCondition: /^(where|andWhere|orWhere|having)$/.test(text) }
}

/** The bracket of a call, after type arguments if there are any. */
function openingAfter(tokens: readonly SourceToken[], from: number): number {
  if (tokens[from]?.text === '(') return from
  if (tokens[from]?.text !== '<') return -1
  let depth = 0
  for (let at = from; at < Math.min(tokens.length, from + 60); at++) {
    if (tokens[at]?.text === '<') depth++
    if (tokens[at]?.text === '>' && --depth === 0) return tokens[at + 1]?.text === '(' ? at + 1 : -1
  }
  return -1
}

const VERBS =
  /^[\s(]*(select|insert|update|delete|with|merge|replace|create|alter|drop|truncate|grant|revoke|call|exec|execute|copy|explain)\s/i
const OBJECTS =
  /\b(from|into|set|table|where|values|index|database|schema|role|user|using|join|procedure|function|view)\b/i

function looksLikeSql(text: string): boolean {
  return VERBS.test(text) && (OBJECTS.test(text) || /^[\s(]*(call|exec|execute|select)\s/i.test(text))
}

/** Conditions of query builders: `user.name = '...`. */
function looksLikeCondition(text: string): boolean {
  return /[=<>]|\b(like|in|between)\b/i.test(text)
}
