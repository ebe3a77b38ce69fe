import { lex, type Token } from './lexer.ts'

/** A token with the comments that belong to it. */
export interface Leaf {
  readonly kind: 'leaf'
  readonly text: string
  /** A name, a number or a string, not punctuation. */
  readonly isWord: boolean
  /** Comments on lines of their own before it. */
  readonly leading: readonly string[]
  /** A comment behind it on its line. */
  readonly trailing: string | undefined
}

/** What stands between brackets. */
export interface Group {
  readonly kind: 'group'
  readonly open: Leaf
  readonly items: readonly { readonly pieces: readonly Piece[]; readonly comma: Leaf | undefined }[]
  readonly close: Leaf
}

/** What the formatter lays out: a token, or all between two brackets. */
export type Piece = Leaf | Group

const CLOSING: ReadonlySet<string> = new Set([')', ']', '}'])
const OPENING: ReadonlySet<string> = new Set(['(', '[', '{'])

/** The tokens of a text that parses, in groups; `rest` are the comments after the last. */
export function groupTokens(text: string): {
  readonly pieces: readonly Piece[]
  readonly rest: readonly string[]
} {
  const { tokens, comments } = lex(text)
  let nextComment = 0
  const takeUntil = (end: number): string[] => {
    const taken: string[] = []
    for (let c = comments[nextComment]; c !== undefined && c.start < end; c = comments[++nextComment])
      taken.push(c.text)
    return taken
  }
  const leaves = tokens.map((token, at): Leaf => {
    const leading = takeUntil(token.start)
    return { ...toLeaf(token), leading, trailing: trailingOf(text, token, tokens[at + 1], takeUntil) }
  })
  const last = leaves.pop()
  let at = 0
  const read = (): Piece => {
    const open = leaves[at++] as Leaf
    if (open.isWord || !OPENING.has(open.text)) return open
    const items: { pieces: Piece[]; comma: Leaf | undefined }[] = []
    let pieces: Piece[] = []
    for (;;) {
      const next = leaves[at] as Leaf
      const isClose = !next.isWord && CLOSING.has(next.text)
      if (isClose || (!next.isWord && next.text === ',')) {
        at++
        if (pieces.length > 0) items.push({ pieces, comma: isClose ? undefined : next })
        if (isClose) return { kind: 'group', open, items, close: next }
        pieces = []
      } else pieces.push(read())
    }
  }
  const pieces: Piece[] = []
  while (at < leaves.length) pieces.push(read())
  return { pieces, rest: last?.leading ?? [] }
}

function toLeaf({ kind, text }: Token): Leaf {
  const isWord = kind === 'name' || kind === 'number' || kind === 'string'
  return { kind: 'leaf', text, isWord, leading: [], trailing: undefined }
}

/** A comment before the end of the line on which a token ends, if no other token comes first. */
function trailingOf(
  text: string,
  token: Token,
  next: Token | undefined,
  takeUntil: (end: number) => string[],
): string | undefined {
  if (next === undefined) return undefined
  const gap = text.slice(token.end, next.start)
  const lineEnd = gap.search(/[\n\r]/)
  return takeUntil(lineEnd < 0 ? next.start : token.end + lineEnd)[0]
}
