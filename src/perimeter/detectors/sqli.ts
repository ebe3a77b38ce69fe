import { closingQuotes, findSqlInjection, isCall } from '../sql-injection.ts'
import { type SqlToken, tokenizeSql } from '../sql-tokens.ts'

/**
 * `@detectSQLi`: the reading in contexts of `findSqlInjection`, and the looser shapes that libinjection also takes for an
 * injection: after a quote, anything that an application's own text would not go on with. It finds more than Ringwall's own
 * rules do, in harmless text too, and so belongs into rules that score. Gives the name of the shape, or undefined. Linear.
 */
export function detectSqli(value: string): string | undefined {
  const isPath = isPlainPath(value)
  if (!isPath) {
    const rule = findSqlInjection(value)?.rule ?? afterNumber(tokenizeSql(value))
    if (rule !== undefined) return rule
  }
  for (const at of closingQuotes(value)) {
    const after = tokenizeSql(value, at + 1)
    const rule = afterQuote(after) ?? (isPath ? findSqlInjection(value.slice(at))?.rule : undefined)
    if (rule !== undefined) return rule
  }
  return undefined
}

/** Two plain segments in front make a value a path: no expression of SQL begins so. */
function isPlainPath(value: string): boolean {
  let segments = 0
  for (let i = 0; value[i] === '/'; segments++) {
    const from = ++i
    while (i < value.length && isNameByte(value.charCodeAt(i))) i++
    if (i === from) break
  }
  return segments >= 2
}

function isNameByte(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122) ||
    code === 45 ||
    code === 46 ||
    code === 95 ||
    code > 127
  )
}

/** `7 union all`, cut off before its SELECT. */
function afterNumber(all: readonly SqlToken[]): string | undefined {
  const tokens = all.filter((token) => token.kind !== 'comment')
  const at = tokens.findIndex((token) => token.text === 'union')
  if (at < 1 || tokens[at - 1]?.kind !== 'number') return undefined
  return tokens[at + 1]?.text === 'all' || tokens[at + 1]?.text === 'select' ? 'sql.union' : undefined
}

/** `' sleep(`, `" | type ... | "`. */
function afterQuote(all: readonly SqlToken[]): string | undefined {
  const tokens = all.filter((token) => token.kind !== 'comment')
  const [first, second] = tokens
  if (!first || !second) return undefined
  if (isCall(tokens, 0) && first.at > 0) return 'sql.call-after-quote'
  const isOpenEnd = tokens.at(-1)?.kind === 'string'
  if (first.text === '|' && isOpenEnd) return 'sql.pipe-after-quote'
  return undefined
}
