/** A word, literal or piece of punctuation of JavaScript or TypeScript. */
export interface SourceToken {
  readonly kind: 'word' | 'number' | 'string' | 'template' | 'regex' | 'punctuation'
  /** As written; of a string or template without holes what is between its quotes. */
  readonly text: string
  readonly start: number
  readonly line: number
  /** Of a template: the literal parts, one more than there are holes. */
  readonly parts?: readonly string[]
  /** Of a template: the tokens within each `${}`. */
  readonly holes?: readonly (readonly SourceToken[])[]
}

/** A source cut into tokens, and its comments by line. */
export interface SourceTokens {
  readonly tokens: readonly SourceToken[]
  readonly comments: ReadonlyMap<number, string>
}

const OPERATORS = [
  '===',
  '!==',
  '...',
  '+=',
  '++',
  '=>',
  '==',
  '!=',
  '<=',
  '>=',
  '&&',
  '||',
  '??',
  '?.',
  '--',
  '-=',
]

/** Words after which a slash begins a regular expression. */
const BEFORE_VALUE = new Set(
  'return typeof case in of do else void delete throw new await yield instanceof'.split(' '),
)

const MAX_NESTING = 50

/** Cuts a source into tokens: enough of the language to know what is text, what is code and what is neither. */
export function tokenizeSource(source: string): SourceTokens {
  const lexer = new Lexer(source)
  return { tokens: lexer.run(false), comments: lexer.comments }
}

class Lexer {
  readonly comments = new Map<number, string>()
  readonly #source: string
  #at = 0
  #line = 1
  #nesting = 0

  constructor(source: string) {
    this.#source = source
  }

  /** Reads to the end, or to the `}` that closes a hole. */
  run(isHole: boolean): SourceToken[] {
    const tokens: SourceToken[] = []
    let braces = 0
    while (this.#at < this.#source.length) {
      const character = this.#source.charAt(this.#at)
      if (isHole && character === '}' && braces === 0) return tokens
      if (character === '{') braces++
      if (character === '}') braces--
      const token = this.#next(character, tokens.at(-1))
      if (token) tokens.push(token)
    }
    return tokens
  }

  #next(character: string, before: SourceToken | undefined): SourceToken | undefined {
    if (character === '\n') {
      this.#line++
      this.#at++
      return undefined
    }
    if (character <= ' ' || character === '\ufeff') {
      this.#at++
      return undefined
    }
    const pair = this.#source.slice(this.#at, this.#at + 2)
    if (pair === '//' || pair === '/*') return this.#comment(pair)
    if (character === "'" || character === '"') return this.#string(character)
    if (character === '`') return this.#template()
    if (isWordCharacter(character)) return this.#word()
    if (character === '/' && isValueNext(before)) return this.#regex()
    const operator = OPERATORS.find((one) => this.#source.startsWith(one, this.#at)) ?? character
    return this.#take('punctuation', this.#at + operator.length)
  }

  #take(kind: SourceToken['kind'], end: number, more: Partial<SourceToken> = {}): SourceToken {
    const token = {
      kind,
      text: this.#source.slice(this.#at, end),
      start: this.#at,
      line: this.#line,
      ...more,
    }
    this.#at = end
    return token
  }

  #comment(pair: string): undefined {
    const closing = pair === '//' ? '\n' : '*/'
    const found = this.#source.indexOf(closing, this.#at + 2)
    const end = found < 0 ? this.#source.length : found + (pair === '//' ? 0 : 2)
    const text = this.#source.slice(this.#at, end)
    this.comments.set(this.#line, `${this.comments.get(this.#line) ?? ''}${text}`)
    this.#line += countLines(text)
    this.#at = end
    return undefined
  }

  /** A quote without its other half on the line, such as an apostrophe in the text of a JSX element, is punctuation. */
  #string(quote: string): SourceToken {
    let end = this.#at + 1
    for (; end < this.#source.length; end++) {
      const character = this.#source.charAt(end)
      if (character === '\\') end++
      else if (character === quote || character === '\n') break
    }
    if (this.#source.charAt(end) !== quote) return this.#take('punctuation', this.#at + 1)
    const text = this.#source.slice(this.#at + 1, end)
    const token = this.#take('string', end + 1, { text })
    this.#line += countLines(text)
    return token
  }

  #template(): SourceToken {
    const { start, line } = { start: this.#at, line: this.#line }
    const parts: string[] = []
    const holes: SourceToken[][] = []
    let from = ++this.#at
    while (this.#at < this.#source.length) {
      const character = this.#source.charAt(this.#at)
      if (character === '`') break
      if (character === '\n') this.#line++
      if (character === '\\') this.#at += 2
      else if (
        character === '$' &&
        this.#source.charAt(this.#at + 1) === '{' &&
        this.#nesting < MAX_NESTING
      ) {
        parts.push(this.#source.slice(from, this.#at))
        this.#at += 2
        this.#nesting++
        holes.push(this.run(true))
        this.#nesting--
        from = ++this.#at
      } else this.#at++
    }
    parts.push(this.#source.slice(from, this.#at))
    this.#at++
    return { kind: 'template', text: parts.join(' '), start, line, parts, holes }
  }

  #word(): SourceToken {
    let end = this.#at
    while (end < this.#source.length && isWordCharacter(this.#source.charAt(end))) end++
    const isNumber = /\d/.test(this.#source.charAt(this.#at))
    if (isNumber && this.#source.charAt(end) === '.' && /\d/.test(this.#source.charAt(end + 1))) {
      end++
      while (end < this.#source.length && isWordCharacter(this.#source.charAt(end))) end++
    }
    return this.#take(isNumber ? 'number' : 'word', end)
  }

  #regex(): SourceToken {
    let isClass = false
    let end = this.#at + 1
    for (; end < this.#source.length; end++) {
      const character = this.#source.charAt(end)
      if (character === '\n') return this.#take('punctuation', this.#at + 1)
      if (character === '\\') end++
      else if (character === '[') isClass = true
      else if (character === ']') isClass = false
      else if (character === '/' && !isClass) break
    }
    end++
    while (end < this.#source.length && isWordCharacter(this.#source.charAt(end))) end++
    return this.#take('regex', end)
  }
}

function isWordCharacter(character: string): boolean {
  return /[\w$#@]/.test(character) || character > '\u007f'
}

/** Whether a slash after this token begins a regular expression and does not divide. */
function isValueNext(before: SourceToken | undefined): boolean {
  if (!before) return true
  if (before.kind === 'word') return BEFORE_VALUE.has(before.text)
  return before.kind === 'punctuation' && before.text !== ')' && before.text !== ']' && before.text !== '}'
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
