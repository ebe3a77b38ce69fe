// The part of the Common Expression Language that the corpus is written in: text to a tree.

export type Cel =
  | { readonly kind: 'constant'; readonly value: number | string | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Cel[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'select'; readonly of: Cel; readonly name: string }
  | { readonly kind: 'index'; readonly of: Cel; readonly at: Cel }
  | {
      readonly kind: 'call'
      readonly name: string
      readonly of: Cel | undefined
      readonly arguments: readonly Cel[]
    }
  | { readonly kind: 'unary'; readonly operator: '!' | '-'; readonly of: Cel }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Cel; readonly right: Cel }
  | { readonly kind: 'choice'; readonly test: Cel; readonly yes: Cel; readonly no: Cel }

const TOKEN =
  /\s*(?:([0-9]+(?:\.[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|("(?:[^"\\]|\\.)*")|(&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]]))/y

type Token = { readonly kind: 'number' | 'name' | 'text' | 'sign'; readonly text: string }

function lex(source: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.trimEnd().length) {
    const found = TOKEN.exec(source)
    if (found === null) throw new Error(`cannot read ${source}`)
    const kinds = ['number', 'name', 'text', 'sign'] as const
    const at = found.slice(1).findIndex((part) => part !== undefined)
    tokens.push({ kind: kinds[at] as Token['kind'], text: found[at + 1] as string })
  }
  return tokens
}

/** From the weakest to the strongest. */
const LEVELS = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
] as const

/** Reads an expression. The corpus is trusted data; what is not in it is not read. */
export function readCel(source: string): Cel {
  const tokens = lex(source)
  let at = 0
  const peek = (): string | undefined => tokens[at]?.text
  const take = (text: string): void => {
    if (peek() !== text) throw new Error(`expected ${text}, found ${peek()} in ${source}`)
    at++
  }
  const list = (end: string): Cel[] => {
    const items: Cel[] = []
    while (peek() !== end) {
      items.push(expression())
      if (peek() === ',') at++
    }
    take(end)
    return items
  }
  const expression = (): Cel => {
    const test = level(0)
    if (peek() !== '?') return test
    take('?')
    const yes = expression()
    take(':')
    return { kind: 'choice', test, yes, no: expression() }
  }
  const level = (depth: number): Cel => {
    const operators: readonly string[] | undefined = LEVELS[depth]
    if (operators === undefined) return unary()
    let left = level(depth + 1)
    for (let operator = peek(); operator !== undefined && operators.includes(operator); operator = peek()) {
      at++
      left = { kind: 'binary', operator, left, right: level(depth + 1) }
    }
    return left
  }
  const unary = (): Cel => {
    const operator = peek()
    if (operator !== '!' && operator !== '-') return postfix(primary())
    at++
    return { kind: 'unary', operator, of: unary() }
  }
  const postfix = (of: Cel): Cel => {
    if (peek() === '.') {
      const name = tokens[at + 1]?.text as string
      at += 2
      if (peek() !== '(') return postfix({ kind: 'select', of, name })
      take('(')
      return postfix({ kind: 'call', name, of, arguments: list(')') })
    }
    if (peek() !== '[') return of
    take('[')
    const index = expression()
    take(']')
    return postfix({ kind: 'index', of, at: index })
  }
  const primary = (): Cel => {
    const token = tokens[at++]
    if (token === undefined) throw new Error(`${source} ends too early`)
    if (token.kind === 'number') return { kind: 'constant', value: Number(token.text) }
    if (token.kind === 'text') return { kind: 'constant', value: JSON.parse(token.text) as string }
    if (token.text === '(') {
      const inner = expression()
      take(')')
      return inner
    }
    if (token.text === '[') return { kind: 'list', items: list(']') }
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'constant', value: token.text === 'true' }
    if (token.text === 'null') return { kind: 'constant', value: null }
    if (peek() !== '(') return { kind: 'name', name: token.text }
    take('(')
    return { kind: 'call', name: token.text, of: undefined, arguments: list(')') }
  }
  const read = expression()
  if (at < tokens.length) throw new Error(`${source} goes on after its end`)
  return read
}
