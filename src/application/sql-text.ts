import type { SqlStyle } from './sql-tag.ts'

/** Where a scanner of SQL is between two characters. */
type State = 'code' | "'" | '"' | '`' | 'line' | 'block' | `$${string}`

/**
 * Whether every gap between these parts of a statement is in its code: not in a text, a quoted name or a comment, where a
 * parameter would be letters. The statement may not end in one either, since it may stand within another.
 */
export function holesOutsideOfText(parts: readonly string[], style: SqlStyle): boolean {
  let state: State = 'code'
  for (const part of parts) {
    state = scan(part, state, style)
    if (state !== 'code') return false
  }
  return true
}

/** Runs through one part. Backslashes escape in MySQL's texts only; a doubled quote closes and opens again. */
function scan(text: string, from: State, style: SqlStyle): State {
  let state = from
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    const pair = text.slice(at, at + 2)
    if (state === 'code') {
      const opened = openedBy(text, at, pair, style)
      if (!opened) continue
      state = opened.state
      at += opened.length - 1
    } else if (state === 'line') {
      if (character === '\n') state = 'code'
    } else if (state === 'block') {
      if (pair === '*/') {
        state = 'code'
        at++
      }
    } else if (state.startsWith('$')) {
      if (!text.startsWith(state, at)) continue
      at += state.length - 1
      state = 'code'
    } else if (character === '\\' && style === 'question') at++
    else if (character === state) state = 'code'
  }
  return state
}

function openedBy(
  text: string,
  at: number,
  pair: string,
  style: SqlStyle,
): { readonly state: State; readonly length: number } | undefined {
  const character = text.charAt(at)
  if (character === "'" || character === '"' || (character === '`' && style === 'question'))
    return { state: character, length: 1 }
  if (pair === '--' || (character === '#' && style === 'question')) return { state: 'line', length: 1 }
  if (pair === '/*') return { state: 'block', length: 2 }
  if (character !== '$' || style !== 'dollar') return undefined
  let end = at + 1
  while (end < text.length && end - at < 64 && /[A-Za-z0-9_]/.test(text.charAt(end))) end++
  if (text.charAt(end) !== '$') return undefined
  const tag = text.slice(at, end + 1) as `$${string}`
  return { state: tag, length: tag.length }
}
