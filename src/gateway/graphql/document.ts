import { GraphqlFault, type Token, tokensOf } from './lexer.ts'

/** A field, or a fragment in its place. */
export type Selection =
  | {
      readonly kind: 'field'
      readonly name: string
      readonly isAliased: boolean
      /** How many times what is below it may come back: a literal, or the name of a variable. */
      readonly size: number | { readonly variable: string } | undefined
      readonly selections: readonly Selection[]
    }
  | { readonly kind: 'spread'; readonly name: string }
  | { readonly kind: 'inline'; readonly selections: readonly Selection[] }

/** A document that can be executed (GraphQL October 2021, 2.2), as far as its limits want it. */
export interface GraphqlDocument {
  readonly operations: readonly {
    readonly name: string | undefined
    readonly selections: readonly Selection[]
  }[]
  readonly fragments: ReadonlyMap<string, readonly Selection[]>
  readonly directives: number
}

/** Arguments by which lists are cut; the word for it differs from schema to schema. */
const SIZES = new Set([
  'first',
  'last',
  'limit',
  'take',
  'size',
  'pageSize',
  'page_size',
  'perPage',
  'per_page',
])
const MAX_NESTING = 200

/** Reads a document. Throws GraphqlFault. */
export function readDocument(text: string, maxTokens: number): GraphqlDocument {
  return new Reader(tokensOf(text, maxTokens)).read()
}

class Reader {
  readonly #tokens: readonly Token[]
  #at = 0
  #directives = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  read(): GraphqlDocument {
    const operations: { name: string | undefined; selections: readonly Selection[] }[] = []
    const fragments = new Map<string, readonly Selection[]>()
    while (this.#at < this.#tokens.length) {
      if (this.#is('{')) {
        operations.push({ name: undefined, selections: this.#selections(0) })
        continue
      }
      const word = this.#name()
      if (word === 'query' || word === 'mutation' || word === 'subscription') {
        const name = this.#peek()?.kind === 'name' ? this.#name() : undefined
        if (this.#is('(')) this.#skipGroup()
        this.#skipDirectives()
        operations.push({ name, selections: this.#selections(0) })
      } else if (word === 'fragment') {
        const name = this.#name()
        if (name === 'on' || this.#name() !== 'on') throw new GraphqlFault('a fragment without its type')
        this.#name()
        this.#skipDirectives()
        if (fragments.has(name)) throw new GraphqlFault('a fragment that is there twice')
        fragments.set(name, this.#selections(0))
      } else throw new GraphqlFault('a definition that cannot be executed')
    }
    if (operations.length === 0) throw new GraphqlFault('no operation')
    return { operations, fragments, directives: this.#directives }
  }

  #selections(depth: number): readonly Selection[] {
    if (depth > MAX_NESTING) throw new GraphqlFault(`more than ${MAX_NESTING} levels`)
    this.#take('{')
    const found: Selection[] = []
    while (!this.#is('}')) found.push(this.#selection(depth))
    this.#take('}')
    if (found.length === 0) throw new GraphqlFault('an empty selection')
    return found
  }

  #selection(depth: number): Selection {
    if (this.#is('...')) {
      this.#at++
      const next = this.#peek()
      if (next?.kind === 'name' && next.text !== 'on') {
        const name = this.#name()
        this.#skipDirectives()
        return { kind: 'spread', name }
      }
      if (next?.text === 'on') {
        this.#at++
        this.#name()
      }
      this.#skipDirectives()
      return { kind: 'inline', selections: this.#selections(depth + 1) }
    }
    const first = this.#name()
    const isAliased = this.#is(':')
    if (isAliased) this.#at++
    const name = isAliased ? this.#name() : first
    const size = this.#is('(') ? this.#sizeOf() : undefined
    this.#skipDirectives()
    const selections = this.#is('{') ? this.#selections(depth + 1) : []
    return { kind: 'field', name, isAliased, size, selections }
  }

  /** Reads arguments and keeps the largest that says how long a list may be. */
  #sizeOf(): number | { readonly variable: string } | undefined {
    const start = this.#at
    this.#skipGroup()
    const inside = this.#tokens.slice(start + 1, this.#at - 1)
    let size: number | { readonly variable: string } | undefined
    let nesting = 0
    for (const [i, { kind, text }] of inside.entries()) {
      if (text === '{' || text === '[') nesting++
      if (text === '}' || text === ']') nesting--
      if (nesting > 0 || kind !== 'name' || !SIZES.has(text) || inside[i + 1]?.text !== ':') continue
      const value = inside[i + 2]
      if (value?.text === '$') size = { variable: inside[i + 3]?.text ?? '' }
      else if (value?.kind === 'number')
        size = Math.max(typeof size === 'number' ? size : 0, Number(value.text))
    }
    return size
  }

  #skipDirectives(): void {
    while (this.#is('@')) {
      this.#directives++
      this.#at++
      this.#name()
      if (this.#is('(')) this.#skipGroup()
    }
  }

  /** From an opening bracket to the one that closes it. */
  #skipGroup(): void {
    const open: string[] = []
    do {
      const text = this.#peek()?.text
      if (text === undefined) throw new GraphqlFault('a bracket that does not end')
      if (text === '(' || text === '[' || text === '{') open.push(text)
      else if (text === ')' || text === ']' || text === '}') {
        if (CLOSES[open.pop() ?? ''] !== text) throw new GraphqlFault('a bracket that closes another')
      }
      this.#at++
    } while (open.length > 0)
  }

  #name(): string {
    const token = this.#peek()
    if (token?.kind !== 'name') throw new GraphqlFault('no name where one must be')
    this.#at++
    return token.text
  }

  #take(text: string): void {
    if (!this.#is(text)) throw new GraphqlFault(`no ${text} where one must be`)
    this.#at++
  }

  #is(text: string): boolean {
    const token = this.#peek()
    return token?.kind === 'punctuator' && token.text === text
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at]
  }
}

const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }
