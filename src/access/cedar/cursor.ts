import { RESERVED } from './ast.ts'
import { unescapeString } from './escape.ts'
import type { Token } from './lexer.ts'
import { MAX_DEPTH, Unreadable } from './syntax.ts'

/** Walks over tokens; every complaint says what was expected and what is there instead. */
export class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get token(): Token {
    return this.#tokens[this.#at] as Token
  }

  /** The token after the present one. */
  get next(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)] as Token
  }

  /** Where the last token that was taken ends. */
  get previousEnd(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end'
  }

  take(): Token {
    const { token } = this
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** Whether the present token is this punctuation or this word. */
  is(text: string): boolean {
    const { token } = this
    return token.text === text && (token.kind === 'punctuation' || token.kind === 'name')
  }

  /** Takes the punctuation or word if it is there. */
  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.#at++
    return true
  }

  expect(text: string, where: string): Token {
    if (!this.is(text)) this.fail(`\`${text}\` ${where}`)
    return this.take()
  }

  /** Any name, also a reserved word. */
  expectAnyName(what: string): Token {
    if (this.token.kind !== 'name') this.fail(what)
    return this.take()
  }

  expectName(what: string): string {
    const token = this.expectAnyName(what)
    if (RESERVED.has(token.text))
      throw new Unreadable(`expected ${what}, but \`${token.text}\` is a reserved word`, token.start)
    return token.text
  }

  expectString(what: string): string {
    if (this.token.kind !== 'string') this.fail(what)
    const token = this.take()
    return unescapeString(token.text, token.start)
  }

  /** `A::B::C`; stops before a `::` that a string follows. */
  expectPath(what: string): string {
    let path = this.expectName(what)
    while (this.is('::') && this.next.kind !== 'string') {
      this.take()
      path += `::${this.expectName('a name after `::`')}`
    }
    return path
  }

  /** Elements between commas up to the closing bracket; a comma may stand after the last. */
  list<T>(close: string, what: string, read: () => T): T[] {
    const elements: T[] = []
    while (!this.is(close)) {
      elements.push(read())
      if (!this.accept(',') && !this.is(close)) this.fail(`\`,\` or \`${close}\` ${what}`)
    }
    this.take()
    return elements
  }

  /** Runs a reader one level deeper; nesting is bounded. */
  deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH)
      throw new Unreadable(`this nests deeper than ${MAX_DEPTH} levels`, this.token.start)
    const result = read()
    this.#depth--
    return result
  }

  fail(expected: string): never {
    const { token } = this
    const found = token.kind === 'end' ? 'the end of the text' : `\`${shorten(token.text)}\``
    throw new Unreadable(`expected ${expected}, found ${found}`, token.start)
  }

  /** Goes on after the next semicolon, to look for more faults. */
  recover(): void {
    this.#depth = 0
    while (!this.isAtEnd && this.take().text !== ';');
  }
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`
}
