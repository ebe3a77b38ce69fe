import type { ByteSet } from './byte-set.ts'

/** Places that take no byte. `start` and `end` are of the whole value, `line-*` of a line in it. */
export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'word-boundary' | 'not-word-boundary'

/** A regular expression in RE2's class: no lookaround, no backreference, so matching is linear. */
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'concat'; readonly items: readonly Node[] }
  | { readonly kind: 'alternate'; readonly items: readonly Node[] }
  | {
      readonly kind: 'repeat'
      readonly item: Node
      readonly min: number
      /** Infinity for no bound. */
      readonly max: number
      readonly greedy: boolean
    }
  | { readonly kind: 'capture'; readonly index: number; readonly item: Node }

/** A pattern that is wrong, or outside what can be matched in linear time. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
  /** Offset in the pattern. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}
