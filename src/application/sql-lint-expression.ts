import type { SourceToken } from './sql-lint-tokens.ts'

/** What is known of a name of the source: the literal text that it holds, and what else was put into it. */
export interface Known {
  readonly text: string
  /** The part that is not literal. */
  readonly dynamic: SourceToken | undefined
}

/** What a name was bound to; `isLiteral` where it can only be what a programmer wrote, or a number. */
export interface Bound extends Known {
  readonly isLiteral: boolean
}

/** Names of the file, each with the nearest binding before the place that is looked at. */
export type Names = ReadonlyMap<string, Bound>

/** Functions whose result may stand in SQL: they quote, or give a number. */
const QUOTING = new Set(
  'escape escapeId escapeIdentifier escapeLiteral quoteIdent quoteIdentifier quoteName identifier Number parseInt parseFloat BigInt'.split(
    ' ',
  ),
)

/**
 * What an expression puts together: its literal text, and the first part of it that is neither literal nor known to be harmless.
 * Looks at templates without a tag, at `+`, at `concat`, `replace`, `join` and at `format` with `%s`.
 */
export function judgeExpression(tokens: readonly SourceToken[], names: Names): Known {
  let text = ''
  let dynamic: SourceToken | undefined
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'string') text += ` ${token.text}`
    if (token.kind === 'template' && !isTagged(tokens, i)) {
      text += ` ${token.text}`
      dynamic ??= unsafeHole(token, names)
    }
    if (token.kind === 'word' && isAlone(tokens, i)) {
      const known = names.get(token.text)
      if (known) {
        text += ` ${known.text}`
        if (known.dynamic) dynamic ??= token
      }
    }
    if (!dynamic && token.kind === 'punctuation' && token.text === '+') {
      for (const operand of [operandBefore(tokens, i), operandAfter(tokens, i)])
        if (!isHarmless(operand, names)) dynamic ??= operand[0] ?? token
    }
    if (!dynamic && isBuilder(tokens, i)) {
      const found = builderInput(tokens, i).find((input) => !isHarmless(input, names))
      dynamic ??= found?.[0]
    }
  }
  return { text: text.trimStart().slice(0, MAX_TEXT), dynamic }
}

/** `name` that is a value of its own: no property, no key, no function that is called. */
function isAlone(tokens: readonly SourceToken[], i: number): boolean {
  const before = tokens[i - 1]?.text
  const after = tokens[i + 1]?.text
  return (
    before !== '.' && before !== '?.' && after !== '(' && after !== ':' && after !== '.' && after !== '?.'
  )
}

function isTagged(tokens: readonly SourceToken[], i: number): boolean {
  const before = tokens[i - 1]
  if (!before) return false
  if (before.kind === 'word')
    return !/^(return|await|yield|case|typeof|in|of|else|default|void|as)$/.test(before.text)
  return before.text === ')' || before.text === ']' || before.text === '>'
}

/** The first hole that is not harmless. After a `$` a hole is the number of a parameter. */
function unsafeHole(token: SourceToken, names: Names): SourceToken | undefined {
  for (const [i, hole] of (token.holes ?? []).entries()) {
    const isNumberOfParameter = /(^|[^$])\$$/.test(token.parts?.[i] ?? '')
    if (!isNumberOfParameter && !isHarmless(hole, names)) return hole[0] ?? token
  }
  return undefined
}

/** Whether what stands here can only be text that a programmer wrote, a number or a placeholder. */
export function isHarmless(tokens: readonly SourceToken[], names: Names): boolean {
  const [first] = tokens
  if (!first) return true
  if (tokens.length === 1) return isHarmlessToken(first, names)
  if (
    tokens.some((token, i) => token.kind === 'template' && !isTagged(tokens, i) && unsafeHole(token, names))
  )
    return false
  return (
    (first.text === '(' && tokens.at(-1)?.text === ')' && isHarmless(tokens.slice(1, -1), names)) ||
    isChoice(tokens, names) ||
    isPlaceholders(tokens) ||
    isTaggedTemplate(tokens) ||
    isQuotingCall(tokens) ||
    isConstantPath(tokens) ||
    isSumOfHarmless(tokens, names) ||
    tokens.at(-1)?.text === 'length' ||
    first.text === 'Math'
  )
}

function isHarmlessToken(token: SourceToken, names: Names): boolean {
  if (token.kind === 'string' || token.kind === 'number') return true
  if (token.kind === 'template') return unsafeHole(token, names) === undefined
  if (token.kind !== 'word') return false
  return isConstantName(token.text) || names.get(token.text)?.isLiteral === true
}

function isConstantName(text: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(text) || /^(true|false|null|undefined)$/.test(text)
}

/** `isDown ? 'DESC' : 'ASC'`: whatever decides, one of the branches is taken. */
function isChoice(tokens: readonly SourceToken[], names: Names): boolean {
  const question = findTop(tokens, '?')
  if (question < 0) return false
  const rest = tokens.slice(question + 1)
  const colon = findTop(rest, ':')
  return colon > 0 && isHarmless(rest.slice(0, colon), names) && isHarmless(rest.slice(colon + 1), names)
}

/** `ids.map(() => '?').join(', ')`, `Array(n).fill('?').join()`, `ids.map((_, i) => '$' + i)`, `'?,'.repeat(n)`. */
function isPlaceholders(tokens: readonly SourceToken[]): boolean {
  const literals = tokens.filter((token) => token.kind === 'string' || token.kind === 'template')
  const isMark = (token: SourceToken): boolean => /^[\s(]*[?$:@][\s?$:@,()]*$/.test(token.text)
  const isList = tokens.some(
    ({ text }) => text === 'map' || text === 'fill' || text === 'from' || text === 'repeat',
  )
  return (
    isList &&
    literals.some(isMark) &&
    literals.every((token) => isMark(token) || /^[\s,()]*$/.test(token.text))
  )
}

function isTaggedTemplate(tokens: readonly SourceToken[]): boolean {
  return tokens.at(-1)?.kind === 'template' && isTagged(tokens, tokens.length - 1)
}

/** `pool.escapeId(name)`: the whole expression is one call of a function that quotes. */
function isQuotingCall(tokens: readonly SourceToken[]): boolean {
  const open = tokens.findIndex(({ text }) => text === '(')
  const isWhole = open > 0 && closing(tokens, open) === tokens.length - 1
  return isWhole && QUOTING.has(tokens[open - 1]?.text ?? '') && tokens.slice(0, open).every(isPathToken)
}

/** `TABLE`, `Tables.USERS`, `ORDERS[key]`: by its name a constant. */
function isConstantPath(tokens: readonly SourceToken[]): boolean {
  const bracket = tokens.findIndex(({ text }) => text === '[')
  const path = bracket < 0 ? tokens : tokens.slice(0, bracket)
  const isWhole = bracket < 0 || closing(tokens, bracket) === tokens.length - 1
  return isWhole && path.every(isPathToken) && isConstantName(path.at(-1)?.text ?? '')
}

function isPathToken(token: SourceToken): boolean {
  return token.kind === 'word' || token.text === '.' || token.text === '?.'
}

function isSumOfHarmless(tokens: readonly SourceToken[], names: Names): boolean {
  const plus = findTop(tokens, '+')
  return plus > 0 && isHarmless(tokens.slice(0, plus), names) && isHarmless(tokens.slice(plus + 1), names)
}

/** The index of a token outside of all brackets. */
function findTop(tokens: readonly SourceToken[], text: string): number {
  let depth = 0
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'punctuation') continue
    if (depth === 0 && token.text === text) return i
    depth += step(token)
  }
  return -1
}

/** Enough of a text to know what it is. */
export const MAX_TEXT = 1000

/** An expression is looked at this far, so that the work stays linear in the length of a source. */
export const MAX_EXPRESSION = 200

/** The index of the bracket that closes the one at `open`; where there is none, as far as we look. */
export function closing(tokens: readonly SourceToken[], open: number): number {
  const last = Math.min(tokens.length - 1, open + MAX_EXPRESSION)
  let depth = 0
  for (let i = open; i <= last; i++) {
    depth += step(tokens[i] as SourceToken)
    if (depth === 0) return i
  }
  return last
}

function step({ kind, text }: SourceToken): number {
  if (kind !== 'punctuation') return 0
  if (text === '(' || text === '[' || text === '{') return 1
  return text === ')' || text === ']' || text === '}' ? -1 : 0
}

const ENDS_OPERAND = new Set([
  '+',
  ',',
  ';',
  '=',
  '=>',
  '?',
  ':',
  '&&',
  '||',
  '??',
  '+=',
  '==',
  '===',
  '!=',
  '!==',
  '<',
  '>',
])

function operandAfter(tokens: readonly SourceToken[], plus: number): readonly SourceToken[] {
  let end = plus + 1
  for (let depth = 0; end < tokens.length; end++) {
    const token = tokens[end] as SourceToken
    if (depth === 0 && token.kind === 'punctuation' && ENDS_OPERAND.has(token.text)) break
    depth += step(token)
    if (depth < 0) break
  }
  return tokens.slice(plus + 1, end)
}

function operandBefore(tokens: readonly SourceToken[], plus: number): readonly SourceToken[] {
  let start = plus - 1
  for (let depth = 0; start >= 0; start--) {
    const token = tokens[start] as SourceToken
    if (depth === 0 && token.kind === 'punctuation' && ENDS_OPERAND.has(token.text)) break
    if (token.text === 'return' || token.text === 'await') break
    depth -= step(token)
    if (depth < 0) break
  }
  return tokens.slice(start + 1, plus)
}

/** `'...'.concat(x)`, `'...'.replace(a, x)`, `[...].join(' ')`, `format('... %s', x)`. */
function isBuilder(tokens: readonly SourceToken[], i: number): boolean {
  const { kind, text } = tokens[i] as SourceToken
  if (kind !== 'word' || tokens[i + 1]?.text !== '(') return false
  const before = tokens[i - 2]
  const isMethod = tokens[i - 1]?.text === '.'
  if (text === 'format') return tokens[i + 2]?.kind === 'string' && /%[sdj]/.test(tokens[i + 2]?.text ?? '')
  if (!isMethod) return false
  if (text === 'join') return before?.text === ']'
  return (
    (text === 'concat' || text === 'replace' || text === 'replaceAll') &&
    /^(string|template)$/.test(before?.kind ?? '')
  )
}

function builderInput(tokens: readonly SourceToken[], i: number): readonly (readonly SourceToken[])[] {
  if (tokens[i]?.text === 'join') {
    let open = i - 2
    for (let depth = 0; open >= 0; open--) {
      depth -= step(tokens[open] as SourceToken)
      if (depth === 0) break
    }
    return splitTop(tokens.slice(open + 1, i - 2))
  }
  const inner = splitTop(tokens.slice(i + 2, closing(tokens, i + 1)))
  return tokens[i]?.text === 'concat' ? inner : inner.slice(1)
}

/** Parts between commas outside of all brackets. */
export function splitTop(tokens: readonly SourceToken[]): readonly (readonly SourceToken[])[] {
  const parts: SourceToken[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (depth === 0 && token.kind === 'punctuation' && token.text === ',') parts.push([])
    else (parts.at(-1) as SourceToken[]).push(token)
    depth += step(token)
  }
  return parts
}

/** Whether an argument or a value is a function: what it does inside is looked at on its own. */
export function isFunction(tokens: readonly SourceToken[]): boolean {
  const [first, second] = tokens
  const word = first?.text === 'async' ? second?.text : first?.text
  return word === 'function' || word === 'class' || findTop(tokens, '=>') >= 0
}
