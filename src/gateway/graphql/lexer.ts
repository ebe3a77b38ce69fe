/** A token of GraphQL (October 2021, 2.1). */
export interface Token {
  readonly kind: 'punctuator' | 'name' | 'number' | 'string'
  readonly text: string
}

/** Why a document cannot be read, or is more than may be asked for. */
export class GraphqlFault extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'GraphqlFault'
  }
}

const IGNORED = /[\s,\uFEFF]*(?:#[^\n\r]*[\s,\uFEFF]*)*/y
const TOKEN = /(\.\.\.|[!$&():=@[\]{|}])|([A-Za-z_]\w*)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|"/y

/** The tokens of a document, in linear time. Throws GraphqlFault. */
export function tokensOf(text: string, maxTokens: number): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; ;) {
    IGNORED.lastIndex = at
    at += IGNORED.exec(text)?.[0].length ?? 0
    if (at >= text.length) return tokens
    if (tokens.length >= maxTokens) throw new GraphqlFault(`more than ${maxTokens} tokens`)
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (!match) throw new GraphqlFault('a character that no token begins with')
    const [all, punctuator, name, number] = match
    if (all === '"') {
      at = endOfString(text, at)
      tokens.push({ kind: 'string', text: '' })
      continue
    }
    const kind = punctuator !== undefined ? 'punctuator' : name !== undefined ? 'name' : 'number'
    tokens.push({ kind, text: punctuator ?? name ?? number ?? '' })
    at += all.length
  }
}

/** Where a string ends that begins here (2.9.4). What stands in it is of no concern. */
function endOfString(text: string, start: number): number {
  const isBlock = text.startsWith('"""', start)
  for (let at = start + (isBlock ? 3 : 1); at < text.length; at++) {
    const char = text[at]
    if (isBlock) {
      if (text.startsWith('\\"""', at)) at += 3
      else if (text.startsWith('"""', at)) return at + 3
    } else if (char === '\\') at++
    else if (char === '"') return at + 1
    else if (char === '\n' || char === '\r') break
  }
  throw new GraphqlFault('a string that does not end')
}
