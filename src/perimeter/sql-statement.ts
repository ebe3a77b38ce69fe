import type { SqlToken } from './sql-tokens.ts'

const STATEMENTS = new Set(
  'drop delete insert update alter create truncate exec execute declare shutdown grant revoke merge select call waitfor copy attach pragma load handler rename set replace'.split(
    ' ',
  ),
)

const INSERTED = new Set(['values', 'select', 'set', 'default'])

/** What follows SELECT is columns, not the rest of a sentence. */
export function isQuery(tokens: readonly SqlToken[], from: number): boolean {
  let i = from
  while (tokens[i]?.text === 'all' || tokens[i]?.text === 'distinct' || tokens[i]?.text === 'top') i++
  const token = tokens[i]
  const next = tokens[i + 1]
  if (!token) return false
  if (token.kind === 'number' || token.kind === 'string' || token.kind === 'variable' || token.text === '*')
    return true
  if (
    token.text === 'null' ||
    token.kind === 'open' ||
    token.kind === 'arithmetic' ||
    token.text === 'case' ||
    token.text === 'cast'
  )
    return true
  if (token.kind !== 'word' && token.kind !== 'keyword') return false
  return (
    next !== undefined &&
    (next.kind === 'open' ||
      next.kind === 'comma' ||
      next.text === 'from' ||
      next.text === '.' ||
      next.text === '|' ||
      next.kind === 'logic')
  )
}

/** A statement after a semicolon: the verb and what its grammar asks for next, so that prose after a semicolon passes. */
export function isStatement(tokens: readonly SqlToken[], from: number): boolean {
  const verb = tokens[from]?.text ?? ''
  if (!STATEMENTS.has(verb)) return false
  const next = tokens[from + 1]
  if (verb === 'shutdown') return next === undefined || next.kind === 'semicolon' || next.text === 'with'
  if (!next) return false
  switch (verb) {
    case 'drop':
    case 'create':
    case 'alter':
    case 'truncate':
      return [
        'table',
        'database',
        'schema',
        'view',
        'index',
        'user',
        'role',
        'function',
        'trigger',
        'procedure',
        'column',
      ].includes(next.text)
    case 'delete':
      return next.text === 'from' && tokens[from + 2] !== undefined
    case 'insert':
    case 'replace':
    case 'merge':
      return (
        next.text === 'into' &&
        tokens.slice(from + 3, from + 7).some((token) => token.kind === 'open' || INSERTED.has(token.text))
      )
    case 'update':
      return tokens.slice(from + 2, from + 6).some((token) => token.text === 'set')
    case 'select':
      return isQuery(tokens, from + 1)
    case 'exec':
    case 'execute':
      return (
        /^(?:xp_|sp_|master|immediate)/.test(next.text) ||
        next.kind === 'open' ||
        next.kind === 'string' ||
        next.kind === 'variable'
      )
    case 'declare':
    case 'set':
      return next.kind === 'variable'
    case 'call':
      return tokens[from + 2]?.kind === 'open'
    case 'grant':
    case 'revoke':
      return tokens.slice(from + 2, from + 5).some((token) => token.text === 'on')
    case 'attach':
      return next.text === 'database'
    case 'load':
      return next.text === 'data' || next.text === 'xml'
    case 'rename':
      return next.text === 'table' || next.text === 'user'
    case 'copy':
      return tokens.slice(from + 2, from + 5).some((token) => token.text === 'from' || token.text === 'to')
    case 'pragma':
      return (
        tokens[from + 2] === undefined ||
        tokens[from + 2]?.kind === 'compare' ||
        tokens[from + 2]?.kind === 'open'
      )
    case 'waitfor':
      return next.text === 'delay' || next.text === 'time'
    default:
      return false
  }
}
